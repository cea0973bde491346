#include "sample_exceptions.hpp"

#include <algorithm>
#include <chrono>

namespace octopoll::store {
namespace {

constexpr std::uint64_t bits_in_a_mbit = 1'000'000;

bool lacks_word(const std::optional<IfStatus>& status) noexcept { return status && !has_word(*status); }

bool is_exception(Counter counter, Quality quality) noexcept {
  return !counts_octets(counter) && quality != Quality::ok && quality != Quality::absent;
}

// An octet counter's base line may be older than the row's.
std::optional<std::int64_t> own_span_us(const InterfaceRecord& row, Counter octets) noexcept {
  const auto span = row.deltas[octets].elapsed;
  if (span.count() == 0 || span == row.elapsed) return std::nullopt;
  return std::chrono::round<std::chrono::microseconds>(span).count();
}

std::optional<std::string> number_without_word(const std::optional<IfStatus>& status) {
  return lacks_word(status) ? std::optional(to_string(*status)) : std::nullopt;
}

std::optional<std::string> qualities_of_others(const RowDeltas& deltas) {
  std::string list;
  for (const Counter counter : all_counters()) {
    const Quality quality = deltas[counter].quality;
    if (!is_exception(counter, quality)) continue;
    if (!list.empty()) list += ' ';
    list.append(to_string(counter)).append("=").append(to_string(quality));
  }
  return list.empty() ? std::nullopt : std::optional(std::move(list));
}

/// One of the deltas has no room.
bool overflows(const RowDeltas& deltas, const PackedDeltas& how) noexcept {
  const auto first = static_cast<std::size_t>(how.first);
  for (std::size_t place = 0; place < static_cast<std::size_t>(how.count); ++place) {
    const auto delta = deltas[static_cast<Counter>(first + place)].value;
    if (delta && *delta >= (std::uint64_t{1} << how.bits) - 1) return true;
  }
  return false;
}

}  // namespace

std::optional<std::int64_t> pack(const RowDeltas& deltas, const PackedDeltas& how) noexcept {
  const auto first = static_cast<std::size_t>(how.first);
  const std::uint64_t none = (std::uint64_t{1} << how.bits) - 1;
  std::uint64_t packed = 0;
  bool any = false;
  for (int place = 0; place < how.count; ++place) {
    const auto delta = deltas[static_cast<Counter>(first + static_cast<std::size_t>(place))].value;
    if (delta && *delta >= none) return std::nullopt;
    any = any || delta.has_value();
    packed |= delta.value_or(none) << (place * how.bits);
  }
  return any ? std::optional(static_cast<std::int64_t>(packed)) : std::nullopt;
}

void unpack(std::uint64_t packed, const PackedDeltas& how, PerCounter<std::optional<std::uint64_t>>& deltas) noexcept {
  const auto first = static_cast<std::size_t>(how.first);
  const std::uint64_t none = (std::uint64_t{1} << how.bits) - 1;
  for (int place = 0; place < how.count; ++place) {
    const std::uint64_t delta = packed >> (place * how.bits) & none;
    if (delta != none) deltas.items[first + static_cast<std::size_t>(place)] = delta;
  }
}

std::optional<std::int64_t> common_mbps(const InterfaceRecord& row) noexcept {
  if (!row.in_speed_bps || row.in_speed_bps != row.out_speed_bps || *row.in_speed_bps % bits_in_a_mbit != 0) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*row.in_speed_bps / bits_in_a_mbit);
}

bool has_word(IfStatus status) noexcept { return status.code >= 1 && status.code <= 7; }

bool has_exceptions(const InterfaceRecord& row) noexcept {
  if ((row.in_speed_bps || row.out_speed_bps) && !common_mbps(row)) return true;
  if (row.deltas[Counter::in_unknown_protos].value.value_or(0) != 0) return true;
  if (row.flapped_at || lacks_word(row.sample.admin_status) || lacks_word(row.sample.oper_status)) return true;
  if (own_span_us(row, Counter::in_octets) || own_span_us(row, Counter::out_octets)) return true;
  if (std::any_of(packed_deltas.begin(), packed_deltas.end(),
                  [&row](const PackedDeltas& how) { return overflows(row.deltas, how); })) {
    return true;
  }
  constexpr auto counters = all_counters();
  return std::any_of(counters.begin(), counters.end(),
                     [&row](Counter counter) { return is_exception(counter, row.deltas[counter].quality); });
}

SampleExceptions exceptions_of(const InterfaceRecord& row) {
  SampleExceptions exceptions;
  if (!common_mbps(row)) {
    exceptions.in_speed_bps = row.in_speed_bps;
    exceptions.out_speed_bps = row.out_speed_bps;
  }
  exceptions.in_elapsed_us = own_span_us(row, Counter::in_octets);
  exceptions.out_elapsed_us = own_span_us(row, Counter::out_octets);
  exceptions.admin_status = number_without_word(row.sample.admin_status);
  exceptions.oper_status = number_without_word(row.sample.oper_status);
  exceptions.exceptions = qualities_of_others(row.deltas);
  for (const PackedDeltas& how : packed_deltas) {
    if (!overflows(row.deltas, how)) continue;
    const auto first = static_cast<std::size_t>(how.first);
    for (std::size_t place = first; place < first + static_cast<std::size_t>(how.count); ++place) {
      exceptions.deltas.items[place] = row.deltas[static_cast<Counter>(place)].value;
    }
  }
  exceptions.deltas[Counter::in_unknown_protos] = row.deltas[Counter::in_unknown_protos].value;
  if (row.flapped_at) exceptions.flapped_at = row.flapped_at->count();
  return exceptions;
}

}  // namespace octopoll::store
