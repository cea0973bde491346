#include "octopoll/snmp/variables.hpp"

#include <algorithm>
#include <cstring>

#include "snmp/ber.hpp"

namespace octopoll::snmp {
namespace {

/// NULL, as the value of what is asked for.
constexpr std::string_view null_value{"\x05\x00", 2};

std::string encode(const Oid& oid) {
  std::string octets;
  if (oid.size() >= 2) octets += EncodedArc(oid[0] * 40 + oid[1]).octets();
  for (std::size_t i = 2; i < oid.size(); ++i) octets += EncodedArc(oid[i]).octets();
  return octets;
}

void append_varbind(std::string& encoded, std::string_view prefix, std::string_view suffix) {
  const std::size_t name = prefix.size() + suffix.size();
  ber::append_header(encoded, ber::sequence_tag, 1 + ber::length_octets(name) + name + null_value.size());
  ber::append_header(encoded, ber::oid_tag, name);
  encoded += prefix;
  encoded += suffix;
  encoded += null_value;
}

}  // namespace

EncodedArc::EncodedArc(std::uint32_t arc) noexcept {
  for (std::size_t left = size_of(arc); left > 0; --left)
    octets_[size_++] = static_cast<char>((arc >> 7 * (left - 1) & 0x7fU) | (left > 1 ? 0x80U : 0U));
}

void append_variable(std::string& encoded, const Oid& name) { append_varbind(encoded, encode(name), {}); }

RowNames::RowNames(std::span<const Column> columns) {
  prefixes_.reserve(columns.size());
  for (const Column& column : columns) prefixes_.push_back({encode(column.oid), column.second});
  for (const Prefix& prefix : prefixes_) {
    name_octets_ += prefix.octets.size() + 6;
    ++(prefix.second ? second_count_ : first_count_);
  }
  for (std::size_t size = 1; size <= longest_arc; ++size) {
    Template& row = templates_[size - 1];
    const std::string index(size, '\0');
    for (const Prefix& prefix : prefixes_) {
      append_varbind(row.octets, prefix.octets, index);
      const std::size_t at = row.octets.size() - null_value.size() - size;
      (prefix.second ? row.second : row.first).push_back(static_cast<std::uint32_t>(at));
    }
  }
}

template <std::size_t size>
void RowNames::set_all(char* octets, const Template& row, const EncodedArc& first, const EncodedArc& second) noexcept {
  for (const std::uint32_t at : row.first) std::memcpy(octets + at, first.octets().data(), size);
  for (const std::uint32_t at : row.second) std::memcpy(octets + at, second.octets().data(), size);
}

void RowNames::append(std::string& encoded, std::uint32_t index, std::uint32_t second_index) const {
  const EncodedArc first(index);
  const EncodedArc second(second_index);
  const std::size_t size = first.octets().size();
  if (size != second.octets().size()) return append_each(encoded, first.octets(), second.octets());
  const Template& row = templates_[size - 1];
  const std::size_t begin = encoded.size();
  encoded += row.octets;
  char* const octets = encoded.data() + begin;
  switch (size) {  // a length that the compiler knows is a move or two
    case 1:
      return set_all<1>(octets, row, first, second);
    case 2:
      return set_all<2>(octets, row, first, second);
    case 3:
      return set_all<3>(octets, row, first, second);
    case 4:
      return set_all<4>(octets, row, first, second);
    default:
      return set_all<longest_arc>(octets, row, first, second);
  }
}

void RowNames::append_each(std::string& encoded, std::string_view first, std::string_view second) const {
  for (const Prefix& prefix : prefixes_) append_varbind(encoded, prefix.octets, prefix.second ? second : first);
}

std::size_t RowNames::octets(std::uint32_t index, std::uint32_t second_index) const noexcept {
  return name_octets_ + first_count_ * EncodedArc::size_of(index) + second_count_ * EncodedArc::size_of(second_index);
}

bool VariableReader::next(WireVariable& variable) noexcept {
  ber::Reader list(rest_);
  const auto varbind = list.element(ber::sequence_tag);
  if (!varbind) return false;
  ber::Reader reader(*varbind);
  const auto name = reader.element(ber::oid_tag);
  if (!name || reader.at_end()) return false;
  variable.name = *name;
  variable.tag = reader.tag();
  const auto value = reader.any();
  if (!value || !reader.at_end()) return false;
  variable.value = *value;
  variable.last_octets = 0;
  for (const char octet : value->substr(value->size() - std::min<std::size_t>(value->size(), 8)))
    variable.last_octets = variable.last_octets << 8U | static_cast<unsigned char>(octet);
  rest_ = list.rest();
  return true;
}

bool AnswerReader::next_of_any_length(WireVariable& variable) noexcept {
  VariableReader asked(asked_);
  VariableReader answered(answered_);
  WireVariable wanted;
  if (!asked.next(wanted) || !answered.next(variable) || wanted.name != variable.name) return false;
  asked_ = asked.rest();
  answered_ = answered.rest();
  return true;
}

}  // namespace octopoll::snmp
