#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string_view>

#include "octopoll/core/text.hpp"
#include "octopoll/recording/recording.hpp"

namespace octopoll::recording {
namespace {

using snmp::Type;
using snmp::Value;

void append(std::string& file, const Value& value);

}  // namespace

std::string to_snmprec(const Objects& objects) {
  std::string file;
  for (const auto& [oid, value] : objects) {
    file += oid.to_string();
    append(file, value);
    file += '\n';
  }
  return file;
}

namespace {

/// Of the wire. Opaque numbers travel inside an Opaque.
int tag_of(Type type) {
  switch (type) {
    case Type::integer:
      return 2;
    case Type::octet_string:
      return 4;
    case Type::oid:
      return 6;
    case Type::ip_address:
      return 64;
    case Type::counter32:
      return 65;
    case Type::gauge32:
      return 66;
    case Type::time_ticks:
      return 67;
    case Type::opaque:
    case Type::opaque_float:
    case Type::opaque_double:
      return 68;
    case Type::counter64:
      return 70;
    case Type::null:
    case Type::no_such_object:
    case Type::no_such_instance:
    case Type::end_of_mib_view:
      break;
  }
  return 5;
}

bool is_plain(std::string_view octets) {
  if (octets.empty()) return true;
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  return octets.front() != ' ' && octets.back() != ' ' && std::all_of(octets.begin(), octets.end(), printable);
}

/// Big-endian, as many octets as the type has.
template <class Number>
std::string octets_of(Number number) {
  std::string octets;
  for (int shift = static_cast<int>(sizeof number) * 8 - 8; shift >= 0; shift -= 8) {
    octets += static_cast<char>((number >> shift) & 0xffU);
  }
  return octets;
}

/// The wrapping of Net-SNMP's numbers: context tag 0x9f, 0x78 for a float and 0x79 for a double, the length.
std::string opaque_float(double number) {
  return "\x9f\x78\x04" + octets_of(std::bit_cast<std::uint32_t>(static_cast<float>(number)));
}
std::string opaque_double(double number) { return "\x9f\x79\x08" + octets_of(std::bit_cast<std::uint64_t>(number)); }

/// Two's complement, for an INTEGER that does not fit the 32 bits that RFC 2578 section 7.1.1 gives it.
std::string integer_octets(std::int64_t number) { return octets_of(static_cast<std::uint64_t>(number)); }

void append_hex(std::string& file, int tag, std::string_view octets) {
  fmt::format_to(std::back_inserter(file), "|{}x|{}", tag, to_hex(octets));
}

void append(std::string& file, const Value& value) {
  const int tag = tag_of(value.type());
  const auto plain = [&](const auto& text) { fmt::format_to(std::back_inserter(file), "|{}|{}", tag, text); };
  switch (value.type()) {
    case Type::integer: {
      const std::int64_t number = value.as_signed().value_or(0);
      const bool fits =
          number >= std::numeric_limits<std::int32_t>::min() && number <= std::numeric_limits<std::int32_t>::max();
      return fits ? plain(number) : append_hex(file, tag, integer_octets(number));
    }
    case Type::counter32:
    case Type::gauge32:
    case Type::time_ticks: {
      const std::uint64_t number = value.as_unsigned().value_or(0);
      const bool fits = number <= std::numeric_limits<std::uint32_t>::max();
      return fits ? plain(number) : append_hex(file, tag, '\0' + octets_of(number));
    }
    case Type::counter64:
      return plain(value.as_unsigned().value_or(0));
    case Type::octet_string:
    case Type::opaque:
      return value.type() == Type::octet_string && is_plain(*value.octets()) ? plain(*value.octets())
                                                                             : append_hex(file, tag, *value.octets());
    case Type::ip_address: {
      const std::string& octets = *value.octets();
      if (octets.size() != 4) return append_hex(file, tag, octets);
      const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(octets[i]); };
      return plain(fmt::format("{}.{}.{}.{}", octet(0), octet(1), octet(2), octet(3)));
    }
    case Type::oid:
      // An identifier of fewer than two numbers has no other spelling: BER puts the first two into one octet.
      return value.as_oid()->size() < 2 ? append_hex(file, tag, std::string(1, '\0'))
                                        : plain(value.as_oid()->to_string());
    case Type::opaque_float:
      return append_hex(file, tag, opaque_float(*value.as_double()));
    case Type::opaque_double:
      return append_hex(file, tag, opaque_double(*value.as_double()));
    case Type::null:
    case Type::no_such_object:
    case Type::no_such_instance:
    case Type::end_of_mib_view:
      break;
  }
  plain("");
}

}  // namespace
}  // namespace octopoll::recording
