// The head of a message, read before anybody has vouched for it.

#include "snmp/wire.hpp"

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>

using octopoll::snmp::read_head;

namespace {

std::string octets(std::initializer_list<int> numbers) {
  std::string text;
  for (const int number : numbers) text += static_cast<char>(number);
  return text;
}

std::string element(int tag, const std::string& contents) {
  REQUIRE(contents.size() < 0x80);
  return octets({tag, static_cast<int>(contents.size())}) + contents;
}

/// A Response of this version octet, with the community "abc" and the request id 0x01020304.
std::string community_message(int version) {
  const std::string pdu = octets({0x02, 4, 1, 2, 3, 4, 0x02, 1, 0, 0x02, 1, 0, 0x30, 0});
  return element(0x30, octets({0x02, 1, version}) + element(0x04, "abc") + element(0xa2, pdu));
}

/// msgID 0x11223344, engine boots 7, engine time 300.
std::string v3_message() {
  const std::string global = octets({0x02, 4, 0x11, 0x22, 0x33, 0x44, 0x02, 2, 5, 0xdc, 0x04, 1, 0, 0x02, 1, 3});
  const std::string usm = element(0x04, "engine") + octets({0x02, 1, 7, 0x02, 2, 1, 0x2c}) + element(0x04, "alice") +
                          element(0x04, "") + element(0x04, "");
  return element(0x30,
                 octets({0x02, 1, 3}) + element(0x30, global) + element(0x04, element(0x30, usm)) + element(0x30, ""));
}

}  // namespace

TEST_CASE("the head of v1 and v2c has community and request id", "[snmp]") {
  for (const int version : {0, 1}) {
    const std::string message = community_message(version);
    const auto head = read_head(message);
    REQUIRE(head);
    CHECK(head->version == version);
    CHECK(head->community == "abc");
    CHECK(head->id == 0x01020304);
    CHECK_FALSE(head->engine_time);
  }
}

TEST_CASE("the head of v3 has message id and engine clock", "[snmp]") {
  const std::string message = v3_message();
  const auto head = read_head(message);
  REQUIRE(head);
  CHECK(head->version == 3);
  CHECK(head->id == 0x11223344);
  REQUIRE(head->engine_time);
  CHECK(head->engine_time->boots == 7);
  CHECK(head->engine_time->time == 300);
}

TEST_CASE("security parameters that are not those of USM cost the clock alone", "[snmp]") {
  const std::string global = octets({0x02, 1, 5});
  for (const std::string& security :
       {element(0x04, ""), element(0x04, "\x30\x05x"), element(0x05, ""), std::string()}) {
    const std::string message = element(0x30, octets({0x02, 1, 3}) + element(0x30, global) + security);
    const auto head = read_head(message);
    REQUIRE(head);
    CHECK(head->id == 5);
    CHECK_FALSE(head->engine_time);
  }
}

TEST_CASE("no message cut short has a head", "[snmp]") {
  for (const std::string& message : {community_message(1), v3_message()}) {
    for (std::size_t length = 0; length < message.size(); ++length) {
      CAPTURE(length);
      CHECK_FALSE(read_head(message.substr(0, length)));
    }
  }
}

TEST_CASE("lengths are believed only as far as the octets reach", "[snmp]") {
  CHECK_FALSE(read_head(octets({0x30, 0x80, 0x02, 1, 1})));                          // indefinite
  CHECK_FALSE(read_head(octets({0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x02, 1, 1})));  // 4 GiB
  CHECK_FALSE(read_head(octets({0x30, 0x88, 0, 0, 0, 0, 0, 0, 0, 3, 0x02, 1, 1})));  // a length of eight octets
  CHECK_FALSE(read_head(octets({0x30, 0x82})));
  const std::string message = community_message(1);
  for (std::size_t place = 0; place < message.size(); ++place) {
    for (int value = 0; value < 256; ++value) {
      std::string altered = message;
      altered[place] = static_cast<char>(value);
      const auto head = read_head(altered);
      if (!head) continue;
      // What is seen as the community lies inside the message.
      CHECK((head->community.empty() ||
             (head->community.data() >= altered.data() &&
              head->community.data() + head->community.size() <= altered.data() + altered.size())));
    }
  }
}

TEST_CASE("longer forms of a length than needed are read", "[snmp]") {
  std::string message = community_message(1);
  message.replace(1, 1, octets({0x82, 0, message[1]}));
  const auto head = read_head(message);
  REQUIRE(head);
  CHECK(head->id == 0x01020304);
}

TEST_CASE("a request id may be negative or short", "[snmp]") {
  const std::string pdu = octets({0x02, 1, 0xff, 0x02, 1, 0, 0x02, 1, 0, 0x30, 0});
  const std::string message = element(0x30, octets({0x02, 1, 1}) + element(0x04, "") + element(0xa2, pdu));
  const auto head = read_head(message);
  REQUIRE(head);
  CHECK(head->id == -1);
}
