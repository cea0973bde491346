#include "recording/pseudonyms.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

using octopoll::recording::Pseudonyms;
using namespace std::string_literals;

TEST_CASE("a text gets one word, as long as it was", "[recording]") {
  Pseudonyms pseudonyms;
  CHECK(pseudonyms.text("alias", "to customer Miller") == "alias-1xxxxxxxxxxx");
  CHECK(pseudonyms.text("alias", "to customer Smith!") == "alias-2xxxxxxxxxxx");
  CHECK(pseudonyms.text("device", "to customer Miller") == "alias-1xxxxxxxxxxx");
  CHECK(pseudonyms.text("alias", "ab") == "alias-3");  // a short one becomes longer
  CHECK(pseudonyms.known_text("ab") == "alias-3");
  CHECK_FALSE(pseudonyms.known_text("unheard").has_value());
}

TEST_CASE("blanks stay, and so do octets that are no text", "[recording]") {
  Pseudonyms pseudonyms;
  CHECK(pseudonyms.text("alias", "").empty());
  CHECK(pseudonyms.text("alias", "  ") == "  ");
  CHECK(pseudonyms.text("alias", "\0\0"s) == "\0\0"s);
  CHECK(pseudonyms.text("alias", "customer one\0"s) == "alias-1xxxxx\0"s);
  CHECK(pseudonyms.text("alias", "Z\xfcrich uplink") == "a\xfclias-2xxxxx"s);
  CHECK(pseudonyms.text("alias", "Z\xc3\xbcrich link") == "alias-3xxxxx");  // well-formed UTF-8 is text
}

TEST_CASE("the vendor's half of a MAC address stays", "[recording]") {
  Pseudonyms pseudonyms;
  CHECK(pseudonyms.link_address("\x00\x50\xc2\xa1\xb2\xc3"s) == "\x00\x50\xc2\x00\x00\x01"s);
  CHECK(pseudonyms.link_address("\x00\x50\xc2\xa1\xb2\xc4"s) == "\x00\x50\xc2\x00\x00\x02"s);
  CHECK(pseudonyms.link_address("\x00\x50\xc2\xa1\xb2\xc3"s) == "\x00\x50\xc2\x00\x00\x01"s);
  CHECK(pseudonyms.link_address("\x01\x02\x03\x04\x05"s) == "\x01\x02\x03\x00\x03"s);
  for (const std::string& same : {""s, "\0\0\0\0\0\0"s, "\xff\xff\xff\xff\xff\xff"s, "      "s, "ab"s}) {
    CHECK(pseudonyms.link_address(same) == same);
  }
}

TEST_CASE("IP addresses become those of documentation, each another", "[recording]") {
  Pseudonyms pseudonyms;
  CHECK(pseudonyms.ipv4("\x0a\x00\x00\x01"s) == "\xc0\x00\x02\x01"s);
  CHECK(pseudonyms.ipv4("\x0a\x00\x00\x02"s) == "\xc0\x00\x02\x02"s);
  CHECK(pseudonyms.ipv4("\x0a\x00\x00\x01"s) == "\xc0\x00\x02\x01"s);
  for (const std::string& same : {"\0\0\0\0"s, "\x7f\0\0\x01"s, "\xff\xff\xff\0"s, "\xff\xff\xff\xff"s, "\x0a"s}) {
    CHECK(pseudonyms.ipv4(same) == same);
  }
  std::set<std::string> different;
  for (int i = 0; i < 2000; ++i)
    different.insert(pseudonyms.ipv4({10, 1, static_cast<char>(i / 250), static_cast<char>(i % 250)}));
  CHECK(different.size() == 2000);
  CHECK(pseudonyms.ipv6(std::string(15, '\0') + "\1") == std::string(15, '\0') + "\1");
  CHECK(pseudonyms.ipv6("\xfe\x80" + std::string(14, '\7')) == "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\1");
}

TEST_CASE("an engine id keeps its enterprise and its form", "[recording]") {
  Pseudonyms pseudonyms;
  const std::string enterprise = "\x80\x00\x1f\x88"s;
  CHECK(pseudonyms.engine_id(enterprise + "\x03\x00\x50\xc2\xa1\xb2\xc3"s) ==
        enterprise + "\x03\x00\x50\xc2\x00\x00\x01"s);
  CHECK(pseudonyms.engine_id(enterprise + "\x01\x0a\x00\x00\x01"s) == enterprise + "\x01\xc0\x00\x02\x01"s);
  CHECK(pseudonyms.engine_id(enterprise + "\x04gate7.example"s) == enterprise + "\x04"s + "engine-1xxxxx");
  const std::string random = enterprise + "\x80\x11\x22\x33\x44"s;
  CHECK(pseudonyms.engine_id(random) == enterprise + "\x80\x00\x00\x00\x01"s);
  CHECK(pseudonyms.engine_id(random) == enterprise + "\x80\x00\x00\x00\x01"s);
}
