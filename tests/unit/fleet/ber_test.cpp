#include "fleet/ber.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <vector>

#include "client.hpp"
#include "fleet/request.hpp"

namespace fleet {
namespace {

using Bytes = std::vector<std::uint8_t>;

template <class Write>
Bytes written(Write write) {
  Bytes octets(64);
  Writer writer(octets);
  write(writer);
  octets.resize(writer.size());
  return octets;
}

TEST_CASE("integers take the fewest octets, as X.690 section 8.3 has them") {
  const auto [value, expected] = GENERATE(table<std::int64_t, Bytes>({{0, {2, 1, 0}},
                                                                      {127, {2, 1, 0x7f}},
                                                                      {128, {2, 2, 0, 0x80}},
                                                                      {256, {2, 2, 1, 0}},
                                                                      {-1, {2, 1, 0xff}},
                                                                      {-128, {2, 1, 0x80}},
                                                                      {-129, {2, 2, 0xff, 0x7f}},
                                                                      {2147483647, {2, 4, 0x7f, 0xff, 0xff, 0xff}},
                                                                      {-2147483648, {2, 4, 0x80, 0, 0, 0}}}));
  CHECK(written([v = value](Writer& w) { w.integer(Tag::integer, v); }) == expected);
  CHECK(decode_integer(Octets(expected).subspan(2)) == value);
}

TEST_CASE("unsigned numbers with the top bit set get a leading zero") {
  const auto [value, expected] = GENERATE(table<std::uint64_t, Bytes>(
      {{0, {0x46, 1, 0}},
       {127, {0x46, 1, 0x7f}},
       {128, {0x46, 2, 0, 0x80}},
       {0xffffffff, {0x46, 5, 0, 0xff, 0xff, 0xff, 0xff}},
       {std::numeric_limits<std::uint64_t>::max(), {0x46, 9, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}}));
  CHECK(written([v = value](Writer& w) { w.unsigned_integer(Tag::counter64, v); }) == expected);
  CHECK(decode_unsigned(Octets(expected).subspan(2)) == value);
}

TEST_CASE("object identifiers go over the wire and back") {
  const auto [text, content] = GENERATE(table<std::string, Bytes>(
      {{"1.3.6.1", {0x2b, 6, 1}},
       {"0.0", {0}},
       {"1.39", {79}},
       {"2.0", {80}},
       {"2.100.3", {0x81, 0x34, 3}},  // X.690 section 8.19.4: the first two arcs share a number
       {"1.3.127.128.16383.16384", {0x2b, 0x7f, 0x81, 0, 0xff, 0x7f, 0x81, 0x80, 0}},
       {"1.3.4294967295", {0x2b, 0x8f, 0xff, 0xff, 0xff, 0x7f}}}));
  const Oid oid = parse_oid(text).value();
  const Bytes element = written([&](Writer& w) { w.object_id(oid); });
  CHECK(Bytes(element.begin() + 2, element.end()) == content);
  Oid decoded;
  CHECK(decode_oid(content, decoded) == oid.size());
  CHECK(decoded == oid);
  CHECK(to_string(decoded) == text);
}

TEST_CASE("object identifiers that cannot be are refused") {
  Oid oid;
  CHECK_FALSE(decode_oid(Bytes{}, oid));
  CHECK_FALSE(decode_oid(Bytes{0x2b, 0x81}, oid));                          // ends within a number
  CHECK_FALSE(decode_oid(Bytes{0x2b, 0x90, 0x80, 0x80, 0x80, 0x00}, oid));  // 2^32
  CHECK_FALSE(decode_oid(Bytes(129, 1), oid));                              // more than 128 numbers
  for (const char* text : {"", "1", "1.", ".", "1..3", "3.1", "1.40", "1.3.4294967296", "1.3.-1", "1.3.x", "1.3 "}) {
    INFO(text);
    CHECK_FALSE(parse_oid(text));
  }
  CHECK(parse_oid(".1.3.6") == Oid{1, 3, 6});
}

TEST_CASE("lengths: short, long, longer than needed, while indefinite and too long are refused") {
  CHECK(element_size(127) == 129);
  CHECK(element_size(128) == 131);
  CHECK(element_size(255) == 258);
  CHECK(element_size(256) == 260);
  const Bytes padded{0x04, 0x83, 0, 0, 2, 'h', 'i'};
  CHECK(Reader(padded).next(Tag::octet_string)->size() == 2);
  CHECK_FALSE(Reader(Bytes{0x30, 0x80, 0, 0}).next());
  CHECK_FALSE(Reader(Bytes{0x04, 3, 'h', 'i'}).next());
  CHECK_FALSE(Reader(Bytes{0x04, 0x84, 0xff, 0xff, 0xff, 0xff}).next());
  CHECK_FALSE(Reader(Bytes{0x04, 0x85, 0, 0, 0, 0, 1, 'x'}).next());
  CHECK_FALSE(Reader(Bytes{0x1f, 1, 0}).next());
  CHECK_FALSE(Reader(Bytes{0x04}).next());
}

TEST_CASE("writing past the end is caught") {
  Bytes small(3);
  Writer writer(small);
  CHECK_THROWS_AS(writer.integer(Tag::integer, 1000), std::length_error);
}

TEST_CASE("numbers at random survive the wire") {
  std::mt19937_64 random(11);
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t number = random() >> (random() % 64);
    const auto unsigned_octets = written([&](Writer& w) { w.unsigned_integer(Tag::counter64, number); });
    REQUIRE(unsigned_octets.size() == element_size(unsigned_size(number)));
    REQUIRE(decode_unsigned(Octets(unsigned_octets).subspan(2)) == number);
    const auto signed_number = static_cast<std::int64_t>(random()) >> (random() % 64);
    const auto signed_octets = written([&](Writer& w) { w.integer(Tag::integer, signed_number); });
    REQUIRE(signed_octets.size() == element_size(integer_size(signed_number)));
    REQUIRE(decode_integer(Octets(signed_octets).subspan(2)) == signed_number);
  }
}

testing::Ask bulk() {
  testing::Ask ask;
  ask.type = Tag::get_bulk_request;
  ask.names = {testing::sys_uptime, testing::if_table + ".10", testing::if_x_table + ".6"};
  ask.non_repeaters = 1;
  ask.max_repetitions = 20;
  return ask;
}

TEST_CASE("a request is read as it was meant") {
  const auto octets = encode(bulk());
  Request request;
  REQUIRE(request.decode(octets) == DecodeError::none);
  REQUIRE(request.decode_bindings());
  CHECK(request.version == Version::v2c);
  CHECK(request.community == "public");
  CHECK(request.type == Tag::get_bulk_request);
  CHECK(request.request_id == 1234);
  CHECK(request.non_repeaters == 1);
  CHECK(request.max_repetitions == 20);
  REQUIRE(request.binding_count() == 3);
  CHECK(to_string(request.name(1)) == testing::if_table + ".10");
}

TEST_CASE("a request cut anywhere, or with octets after it, is malformed") {
  auto octets = encode(bulk());
  Request request;
  for (std::size_t size = 0; size < octets.size(); ++size) {
    INFO(size);
    CHECK(request.decode(Octets(octets).first(size)) == DecodeError::malformed);
  }
  octets.push_back(0);
  CHECK(request.decode(octets) == DecodeError::malformed);
}

TEST_CASE("what is no request of its version is refused") {
  Request request;
  auto ask = bulk();
  ask.version = Version::v1;
  CHECK(request.decode(encode(ask)) == DecodeError::malformed);  // RFC 1157 has no GETBULK
  ask.version = static_cast<Version>(3);
  CHECK(request.decode(encode(ask)) == DecodeError::bad_version);
  ask.version = Version::v2c;
  ask.type = Tag::response;
  CHECK(request.decode(encode(ask)) == DecodeError::malformed);
}

TEST_CASE("requests with flipped octets never read past their end") {
  const auto good = encode(bulk());
  std::mt19937 random(5);
  Request request;
  int understood = 0;
  for (int i = 0; i < 20'000; ++i) {
    // On the heap with the exact size, so that the address sanitizer sees a step too far.
    Bytes octets(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(1 + random() % good.size()));
    for (unsigned flips = random() % 4 + 1; flips > 0; --flips) {
      octets[random() % octets.size()] = static_cast<std::uint8_t>(random());
    }
    if (request.decode(octets) == DecodeError::none && request.decode_bindings()) ++understood;
  }
  CHECK(understood < 20'000);
}

}  // namespace
}  // namespace fleet
