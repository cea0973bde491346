#pragma once
// As much of BER as the messages of these tests need, written the plain way (X.690 section 8).

#include <cstddef>
#include <string>
#include <string_view>

namespace octopoll::snmp::test {

/// One element, its length in the shortest form.
inline std::string element(unsigned char tag, std::string_view contents) {
  std::string length;
  if (contents.size() < 0x80) {
    length += static_cast<char>(contents.size());
  } else {
    for (std::size_t left = contents.size(); left != 0; left >>= 8U)
      length.insert(0, 1, static_cast<char>(left & 0xffU));
    length.insert(0, 1, static_cast<char>(0x80U | length.size()));
  }
  return static_cast<char>(tag) + length + std::string(contents);
}

inline std::string sequence(std::string_view contents) { return element(0x30, contents); }
inline std::string octets(std::string_view text) { return element(0x04, text); }
inline std::string integer(std::string_view contents) { return element(0x02, contents); }
inline std::string small(int number) { return integer(std::string(1, static_cast<char>(number))); }

/// A v1 or v2c message around a PDU of this tag; `id` is the request-id's contents.
inline std::string community_message(int version, std::string_view community, std::string_view id,
                                     std::string_view variables = {}, unsigned char pdu = 0xa2) {
  const std::string body = integer(id) + small(0) + small(0) + sequence(variables);
  return sequence(small(version) + octets(community) + element(pdu, body));
}

/// A v3 message without authentication (RFC 3412 section 6); all are the contents of numbers.
inline std::string v3_message(std::string_view id, std::string_view boots = {"\0", 1},
                              std::string_view time = {"\0", 1}) {
  const std::string header = sequence(integer(id) + integer({"\x05\xdc", 2}) + octets({"\x04", 1}) + small(3));
  const std::string security =
      sequence(octets("") + integer(boots) + integer(time) + octets("") + octets("") + octets(""));
  const std::string pdu = element(0xa0, small(1) + small(0) + small(0) + sequence(""));
  return sequence(small(3) + header + octets(security) + sequence(octets("") + octets("") + pdu));
}

}  // namespace octopoll::snmp::test
