#include "octopoll/snmp/oid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <stdexcept>

namespace octopoll::snmp {
namespace {

/// Why `number` is no sub-identifier; nullopt where it is one, then in `value`.
std::optional<std::string> read_number(std::string_view number, std::uint32_t& value) {
  if (number.empty()) return "a number is missing between two dots or at an end";
  const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (failure == std::errc::result_out_of_range)
    return fmt::format("{} is above {}", number, std::numeric_limits<std::uint32_t>::max());
  if (failure != std::errc{} || end != number.data() + number.size())
    return fmt::format("\"{}\" is not a decimal number", number);
  return std::nullopt;
}

}  // namespace

Oid::Oid(std::span<const std::uint32_t> numbers) { append(numbers); }

Result<Oid> Oid::parse(std::string_view text) {
  const auto refuse = [&](const std::string& reason) {
    return fail(ErrorKind::usage, fmt::format("\"{}\" is not an OID: {}", text, reason),
                "write decimal numbers with dots between them, for example 1.3.6.1.2.1.2.2");
  };
  std::string_view rest = text.substr(text.starts_with('.') ? 1 : 0);
  if (rest.empty()) return refuse("it has no number");

  Oid oid;
  while (true) {
    const std::size_t dot = rest.find('.');
    std::uint32_t number = 0;
    if (const auto reason = read_number(rest.substr(0, dot), number)) return refuse(*reason);
    if (oid.size() == max_length) return refuse(fmt::format("it has more than {} numbers", max_length));
    oid.numbers_.push_back(number);
    if (dot == std::string_view::npos) return oid;
    rest.remove_prefix(dot + 1);
  }
}

std::string Oid::to_string() const { return fmt::format("{}", fmt::join(numbers_, ".")); }

bool Oid::starts_with(const Oid& prefix) const noexcept {
  return size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), begin());
}

Oid Oid::after(std::size_t length) const { return Oid(numbers().subspan(std::min(length, size()))); }

Oid Oid::child(std::uint32_t number) const {
  Oid longer;
  longer.numbers_.reserve(size() + 1);
  longer.append(numbers_);
  longer.append({&number, 1});
  return longer;
}

Oid Oid::operator+(const Oid& tail) const {
  Oid longer;
  longer.numbers_.reserve(size() + tail.size());
  longer.append(numbers_);
  longer.append(tail.numbers_);
  return longer;
}

std::strong_ordering operator<=>(const Oid& a, const Oid& b) noexcept {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}

void Oid::append(std::span<const std::uint32_t> numbers) {
  if (numbers.size() > max_length - size())
    throw std::length_error(fmt::format("an OID has at most {} numbers", max_length));
  numbers_.insert(numbers_.end(), numbers.begin(), numbers.end());
}

const Oid& sys_up_time() {
  static const Oid oid{1, 3, 6, 1, 2, 1, 1, 3, 0};
  return oid;
}

}  // namespace octopoll::snmp

std::size_t std::hash<octopoll::snmp::Oid>::operator()(const octopoll::snmp::Oid& oid) const noexcept {
  std::uint64_t state = 14695981039346656037U;  // FNV-1a, over numbers instead of octets
  for (const std::uint32_t number : oid) state = (state ^ number) * 1099511628211U;
  return state;
}
