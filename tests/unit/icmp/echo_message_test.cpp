#include "icmp/echo_message.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "octopoll/icmp/prober.hpp"

using namespace octopoll::icmp;

namespace {

constexpr SipKey key{1, 2};
constexpr ProbeTag tag{0x01020304, 0x05060708, 0x090a0b0c};

std::vector<std::uint8_t> sealed(std::size_t length) {
  std::vector<std::uint8_t> payload(length);
  TagSeal(key).write(tag, payload);
  return payload;
}

}  // namespace

TEST_CASE("a tag comes back out of the payload it was written into", "[icmp]") {
  const std::size_t length = GENERATE(std::size_t{min_payload}, std::size_t{56}, std::size_t{1472});
  CHECK(TagSeal(key).read(sealed(length)) == tag);
}

TEST_CASE("the payload's format is as documented", "[icmp]") {
  const auto payload = sealed(min_payload);
  const std::vector<std::uint8_t> after_cookie(payload.begin() + 8, payload.end());
  CHECK(after_cookie == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0});
}

TEST_CASE("any changed octet of the tag breaks its seal", "[icmp]") {
  for (std::size_t i = 0; i < min_payload; ++i) {
    CAPTURE(i);
    auto payload = sealed(56);
    payload[i] ^= 0x10U;
    CHECK_FALSE(TagSeal(key).read(payload).has_value());
  }
}

TEST_CASE("octets behind the tag are filler", "[icmp]") {
  auto payload = sealed(56);
  payload[min_payload] ^= 0xffU;
  CHECK(TagSeal(key).read(payload) == tag);
}

TEST_CASE("a payload of another process or cut short carries no tag", "[icmp]") {
  CHECK_FALSE(TagSeal({1, 3}).read(sealed(56)).has_value());
  const auto payload = sealed(56);
  CHECK_FALSE(TagSeal(key).read(std::span(payload).first(min_payload - 1)).has_value());
  CHECK_FALSE(TagSeal(key).read({}).has_value());
}

TEST_CASE("the Internet checksum", "[icmp]") {
  SECTION("is that of RFC 1071's example") {
    const std::vector<std::uint8_t> octets{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    CHECK(internet_checksum(octets) == 0x220d);  // the complement of ddf2, section 3
  }
  SECTION("counts an odd octet as the high half of a word") {
    CHECK(internet_checksum(std::vector<std::uint8_t>{0x12}) == 0xedff);
  }
  SECTION("is zero over a message that carries its own") {
    auto message = sealed(56 + header_octets);
    write_request_header(AF_INET, 0xbeef, 0xfffe, message);
    CHECK(internet_checksum(message) == 0);
  }
}

TEST_CASE("a request reads back", "[icmp]") {
  const auto [family, type] = GENERATE(table<int, int>({{AF_INET, 8}, {AF_INET6, 128}}));
  std::vector<std::uint8_t> message(header_octets + 56);
  TagSeal(key).write(tag, std::span(message).subspan(header_octets));
  write_request_header(family, 0x1234, 0xabcd, message);
  const auto echo = parse_echo(message);
  REQUIRE(echo.has_value());
  CHECK(echo->type == type);
  CHECK(echo->code == 0);
  CHECK(echo->id == 0x1234);
  CHECK(echo->sequence == 0xabcd);
  CHECK(TagSeal(key).read(echo->payload) == tag);
}

TEST_CASE("less than a header is no echo message", "[icmp]") {
  CHECK_FALSE(parse_echo(std::vector<std::uint8_t>(header_octets - 1)).has_value());
  CHECK(parse_echo(std::vector<std::uint8_t>(header_octets))->payload.empty());
}

TEST_CASE("the IPv4 header is taken off by its own length", "[icmp]") {
  const auto [first, length, left] = GENERATE(table<int, std::size_t, std::size_t>({
      {0x45, 28, 8},  // no options
      {0x4f, 68, 8},  // as many options as fit
      {0x46, 23, 0},  // cut short within the options
      {0x45, 20, 0},
  }));
  std::vector<std::uint8_t> packet(length);
  packet[0] = static_cast<std::uint8_t>(first);
  CHECK(without_ipv4_header(packet).size() == left);
  CHECK(without_ipv4_header({}).empty());
}
