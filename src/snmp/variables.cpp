#include "octopoll/snmp/variables.hpp"

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
  unsigned shift = 28;
  while (shift > 0 && arc >> shift == 0) shift -= 7;
  for (;; shift -= 7) {
    octets_[size_++] = static_cast<char>((arc >> shift & 0x7fU) | (shift > 0 ? 0x80U : 0U));
    if (shift == 0) break;
  }
}

void append_variable(std::string& encoded, const Oid& name) { append_varbind(encoded, encode(name), {}); }

RowNames::RowNames(std::span<const Column> columns) {
  prefixes_.reserve(columns.size());
  for (const Column& column : columns) prefixes_.push_back({encode(column.oid), column.second});
}

void RowNames::append(std::string& encoded, std::uint32_t index, std::uint32_t second_index) const {
  const EncodedArc first(index);
  const EncodedArc second(second_index);
  for (const Prefix& prefix : prefixes_)
    append_varbind(encoded, prefix.octets, prefix.second ? second.octets() : first.octets());
}

std::size_t RowNames::octets(std::uint32_t index, std::uint32_t second_index) const noexcept {
  const std::size_t first = EncodedArc(index).octets().size();
  const std::size_t second = EncodedArc(second_index).octets().size();
  std::size_t total = 0;
  for (const Prefix& prefix : prefixes_) total += prefix.octets.size() + (prefix.second ? second : first) + 6;
  return total;
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
