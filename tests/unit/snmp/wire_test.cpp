#include "snmp/wire.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <limits>
#include <memory>
#include <string>

#include "ber.hpp"

namespace octopoll::snmp {
namespace {

using namespace std::string_literals;
using namespace test;

/// read_head() over a block of exactly this size, so that a sanitizer sees the first octet read beyond it.
std::optional<MessageHead> read_exactly(std::string_view datagram) {
  const std::unique_ptr<char[]> block(new char[datagram.size()]);
  std::memcpy(block.get(), datagram.data(), datagram.size());
  auto head = read_head({block.get(), datagram.size()});
  if (head) head->community = {};  // points into the block
  return head;
}

/// One message of each version, with the same id.
std::string message(int version) {
  const std::string id = "\x12\x34\x56\x78";
  return version == 3 ? v3_message(id) : community_message(version, "public", id);
}

/// An element whose length is written in as many octets as given, true or not.
std::string with_length(unsigned char tag, std::string_view length, std::string_view contents) {
  return static_cast<char>(tag) + std::string(length) + std::string(contents);
}

TEST_CASE("the head of a message says its version, community and id") {
  const auto [version, community] = GENERATE(table<int, std::string>({{0, "public"}, {1, "public"}, {3, ""}}));
  const std::string datagram = message(version);
  const auto head = read_head(datagram);
  REQUIRE(head);
  CHECK(head->version == version);
  CHECK(head->id == 0x12345678);
  CHECK(head->community == community);
}

TEST_CASE("the community is a view into the datagram") {
  const std::string datagram = message(1);
  const auto head = read_head(datagram);
  REQUIRE(head);
  CHECK(head->community.data() == datagram.data() + datagram.find("public"));
}

TEST_CASE("a message as Net-SNMP sends it") {
  // snmpget -v2c -c public ... 1.3.6.1.2.1.1.3.0, octet by octet.
  const std::string datagram(
      "\x30\x29\x02\x01\x01\x04\x06public\xa0\x1c\x02\x04\x4f\xc3\x1a\x9e\x02\x01\x00\x02\x01\x00"
      "\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x03\x00\x05\x00",
      43);
  const auto head = read_exactly(datagram);
  REQUIRE(head);
  CHECK(head->version == 1);
  CHECK(head->id == 0x4fc31a9e);
  CHECK(head->pdu_tag == 0xa0);
}

TEST_CASE("ids are integers of any length") {
  const auto [contents, id] = GENERATE(table<std::string, std::int64_t>({
      {"\0"s, 0},
      {"\x7f", 127},
      {"\x80", -128},
      {"\0\x80"s, 128},
      {"\xff", -1},
      {"\xff\xff\xff\xff", -1},
      {"\x7f\xff\xff\xff", 2'147'483'647},
      {"\x80\0\0\0"s, -2'147'483'648LL},
      {"\0\xff\xff\xff\xff"s, 4'294'967'295LL},
      {"\0\0\0\0\0\0\0\x07"s, 7},
      {"\x7f\xff\xff\xff\xff\xff\xff\xff", std::numeric_limits<std::int64_t>::max()},
      {"\x80\0\0\0\0\0\0\0"s, std::numeric_limits<std::int64_t>::min()},
  }));
  CAPTURE(id);
  for (const auto& datagram : {community_message(1, "public", contents), v3_message(contents)}) {
    const auto head = read_exactly(datagram);
    REQUIRE(head);
    CHECK(head->id == id);
  }
}

TEST_CASE("an id of no octets or of more than eight is none") {
  for (const std::string& contents : {""s, "\0\0\0\0\0\0\0\0\x07"s}) {
    CHECK_FALSE(read_exactly(community_message(1, "public", contents)));
    CHECK_FALSE(read_exactly(v3_message(contents)));
  }
}

TEST_CASE("a community is any octets, of any length") {
  for (const std::string& community : {""s, "a\0b"s, "\xff\xfe"s, std::string(127, 'x'), std::string(128, 'x'),
                                       std::string(300, 'x'), std::string(60'000, 'x')}) {
    const std::string datagram = community_message(1, community, "\x07");
    const auto head = read_head(datagram);
    REQUIRE(head);
    CHECK(head->community == community);
    CHECK(head->id == 7);
  }
}

TEST_CASE("lengths may be longer than they need to be (X.690 section 8.1.3.5)") {
  const std::string plain = message(1);
  const std::string contents = plain.substr(2);
  for (const std::string& zeros : {""s, "\0"s, "\0\0"s, "\0\0\0"s}) {
    const std::string length =
        static_cast<char>(0x81 + zeros.size()) + zeros + std::string(1, static_cast<char>(contents.size()));
    const auto head = read_exactly(with_length(0x30, length, contents));
    REQUIRE(head);
    CHECK(head->id == 0x12345678);
  }
  CHECK_FALSE(read_exactly(with_length(0x30, "\x85\0\0\0\0"s + static_cast<char>(contents.size()), contents)));
}

TEST_CASE("an SNMPv3 message says its engine's boots and time, where they can be true") {
  const auto [boots, time, there] = GENERATE(table<std::string, std::string, bool>({
      {"\0"s, "\0"s, true},
      {"\x07", "\x12\x34\x56", true},
      {"\x7f\xff\xff\xff", "\x7f\xff\xff\xff", true},
      {"\x80", "\0"s, false},
      {"\0"s, "\xff", false},
      {"\0\x80\0\0\0"s, "\0"s, false},
      {"\0"s, "\x7f\xff\xff\xff\xff\xff\xff\xff", false},
      {"", "\0"s, false},
  }));
  const auto head = read_exactly(v3_message("\x07", boots, time));
  REQUIRE(head);
  CHECK(head->id == 7);
  REQUIRE(head->engine_time.has_value() == there);
  if (boots == "\x07") {
    CHECK(head->engine_time->boots == 7);
    CHECK(head->engine_time->time == 0x123456);
  }
}

TEST_CASE("an SNMPv3 message of another security model than USM has no engine time") {
  const std::string header = sequence(integer("\x07") + small(100) + octets({"\x04", 1}) + small(1));
  for (const std::string& security : {octets(""), octets("\x30\x7f"), octets(sequence(small(1))), ""s}) {
    const auto head = read_exactly(sequence(small(3) + header + security + sequence("")));
    REQUIRE(head);
    CHECK(head->id == 7);
    CHECK_FALSE(head->engine_time);
  }
}

TEST_CASE("a message cut short at any octet is none") {
  const std::string whole = message(GENERATE(0, 1, 3));
  REQUIRE(read_exactly(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(read_exactly(std::string_view(whole).substr(0, length)));
  }
}

TEST_CASE("a message whose outer length was made to fit the cut has its head or is none") {
  const int version = GENERATE(0, 1, 3);
  const std::string contents = message(version).substr(2);
  // What a head needs: up to the end of the PDU (v1, v2c) or of the global data (v3).
  const std::size_t needed = version == 3 ? contents.find("\x04\x01\x04") + 6 : contents.size();
  for (std::size_t length = 0; length <= contents.size(); ++length) {
    CAPTURE(length, needed);
    CHECK(read_exactly(sequence(contents.substr(0, length))).has_value() == (length >= needed));
  }
}

TEST_CASE("of a message that is cut behind its id it is known whose it is") {
  for (const int version : {0, 1, 3}) {
    const std::string whole = message(version);
    const std::size_t id_ends = whole.find("\x12\x34\x56\x78") + 4;
    for (std::size_t length = 0; length < whole.size(); ++length) {
      CAPTURE(version, length);
      const std::unique_ptr<char[]> block(new char[length]);
      std::memcpy(block.get(), whole.data(), length);
      const auto head = read_cut_head({block.get(), length});
      CHECK(head.has_value() == (version != 3 && length >= id_ends));
      if (!head) continue;
      CHECK(head->version == version);
      CHECK(head->community == "public");
      CHECK(head->id == 0x12345678);
    }
  }
  CHECK_FALSE(read_cut_head("\x04\x7f\x02\x01\x01"));
}

TEST_CASE("a message in the indefinite form has no head, and it is known whose it is") {
  for (const int version : {0, 1}) {
    const std::string whole = message(version);
    const std::string indefinite = "\x30\x80" + whole.substr(2) + std::string(2, '\0');
    CHECK_FALSE(read_exactly(indefinite));
    const auto head = read_cut_head(indefinite);
    REQUIRE(head);
    CHECK(head->indefinite);
    CHECK(head->id == 0x12345678);
    CHECK_FALSE(read_cut_head(whole)->indefinite);
  }
  CHECK_FALSE(read_cut_head("\x30\x80"));
}

TEST_CASE("octets behind the message do not matter") {
  const auto head = read_exactly(message(1) + "trailing");
  REQUIRE(head);
  CHECK(head->id == 0x12345678);
}

TEST_CASE("indefinite and impossible lengths are refused, wherever they stand") {
  const std::string length = GENERATE("\x80"s, "\x81"s, "\x82\x01"s, "\x84\xff\xff\xff\xff"s, "\x84\x7f\xff\xff\xff"s,
                                      "\x84\x80\0\0\0"s, "\x88\xff\xff\xff\xff\xff\xff\xff\xff"s, "\xff"s, "\x7f"s);
  const std::string id = integer("\x12\x34\x56\x78");
  const std::string body = id + small(0) + small(0) + sequence("");
  CAPTURE(length);
  CHECK_FALSE(read_exactly(with_length(0x30, length, message(1).substr(2))));
  CHECK_FALSE(read_exactly(sequence(with_length(0x02, length, "\x01") + octets("public") + element(0xa2, body))));
  CHECK_FALSE(read_exactly(sequence(small(1) + with_length(0x04, length, "public") + element(0xa2, body))));
  CHECK_FALSE(read_exactly(sequence(small(1) + octets("public") + with_length(0xa2, length, body))));
  CHECK_FALSE(read_exactly(
      sequence(small(1) + octets("public") + element(0xa2, with_length(0x02, length, "\x12\x34\x56\x78")))));
  CHECK_FALSE(read_exactly(sequence(small(3) + with_length(0x30, length, id))));
  CHECK_FALSE(read_exactly(sequence(small(3) + sequence(with_length(0x02, length, "\x12\x34\x56\x78")))));
}

TEST_CASE("an element may not reach out of the one around it") {
  // The community claims an octet of the PDU's, the PDU one of what follows the message.
  const std::string pdu = element(0xa2, integer("\x07") + small(0) + small(0) + sequence(""));
  CHECK_FALSE(read_exactly(sequence(small(1) + with_length(0x04, "\x7f", "public") + pdu)));
  std::string reaching = pdu;
  reaching[1] = static_cast<char>(reaching[1] + 1);
  CHECK_FALSE(read_exactly(sequence(small(1) + octets("public") + reaching) + "x"));
}

TEST_CASE("another shape than a message's is none") {
  const std::string pdu = element(0xa2, integer("\x07") + small(0) + small(0) + sequence(""));
  CHECK_FALSE(read_exactly(""));
  CHECK_FALSE(read_exactly(std::string(1472, '\0')));
  CHECK_FALSE(read_exactly("GET / HTTP/1.1\r\n\r\n"));
  CHECK_FALSE(read_exactly(element(0x31, small(1) + octets("public") + pdu)));
  CHECK_FALSE(read_exactly(sequence(octets("public") + small(1) + pdu)));
  CHECK_FALSE(read_exactly(sequence(small(1) + element(0x24, "public") + pdu)));
  CHECK_FALSE(read_exactly(sequence(small(1) + octets("public"))));
  CHECK_FALSE(read_exactly(sequence(small(3) + octets("public") + pdu)));
  CHECK_FALSE(read_exactly(sequence(small(3) + sequence(octets("no id")))));
  // A v1 trap has no request-id (RFC 1157 section 4.1.6).
  CHECK_FALSE(read_exactly(sequence(small(0) + octets("public") + element(0xa4, element(0x06, "\x2b\x06")))));
}

TEST_CASE("a message with any one octet changed is read within its bounds") {
  const std::string whole = message(GENERATE(1, 3));
  std::size_t heads = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int octet = 0; octet < 256; ++octet) {
      std::string changed = whole;
      changed[at] = static_cast<char>(octet);
      if (read_exactly(changed)) ++heads;
    }
  }
  // At least those are good where the change was in the contents of the id.
  CHECK(heads >= 4 * 256);
}

}  // namespace
}  // namespace octopoll::snmp
