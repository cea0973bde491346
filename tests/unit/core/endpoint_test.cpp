#include "octopoll/core/endpoint.hpp"

#include <arpa/inet.h>
#include <net/if.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <string>
#include <unordered_set>

namespace octopoll {
namespace {

using namespace std::string_literals;

Endpoint literal(const std::string& host, std::uint16_t port = 161) {
  const auto endpoint = Endpoint::literal(host, port);
  REQUIRE(endpoint);
  return *endpoint;
}

TEST_CASE("literal addresses are read and shown in their shortest form") {
  const auto [host, family, host_text, text] = GENERATE(table<std::string, int, std::string, std::string>({
      {"192.0.2.1", AF_INET, "192.0.2.1", "192.0.2.1:161"},
      {"0.0.0.0", AF_INET, "0.0.0.0", "0.0.0.0:161"},
      {"2001:db8::1", AF_INET6, "2001:db8::1", "[2001:db8::1]:161"},
      {"2001:0DB8:0:0:0:0:0:1", AF_INET6, "2001:db8::1", "[2001:db8::1]:161"},
      {"::", AF_INET6, "::", "[::]:161"},
      {"::ffff:192.0.2.1", AF_INET6, "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:161"},
      {"fe80::1%4294967295", AF_INET6, "fe80::1%4294967295", "[fe80::1%4294967295]:161"},
      {"fe80::1%0", AF_INET6, "fe80::1", "[fe80::1]:161"},
  }));
  const Endpoint endpoint = literal(host);
  CHECK(endpoint.valid());
  CHECK(endpoint.family() == family);
  CHECK(endpoint.port() == 161);
  CHECK(endpoint.host_text() == host_text);
  CHECK(endpoint.text() == text);
  CHECK(endpoint.length() == (family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)));
  CHECK(Endpoint::literal(endpoint.host_text(), 161) == endpoint);
}

TEST_CASE("a scope may be an interface's name") {
  const unsigned index = if_nametoindex("lo");
  REQUIRE(index != 0);
  CHECK(literal("fe80::1%lo") == literal("fe80::1%" + std::to_string(index)));
  CHECK_FALSE(literal("fe80::1%lo") == literal("fe80::1"));
}

TEST_CASE("a scope of an address that is in no link's zone says nothing, as in what the kernel receives") {
  CHECK(literal("::1%lo") == literal("::1"));
  CHECK(literal("2001:db8::1%lo") == literal("2001:db8::1"));
  CHECK_FALSE(literal("ff02::1%lo") == literal("ff02::1"));
}

TEST_CASE("what is no literal address is a name, or nothing") {
  const std::string host =
      GENERATE(""s, "core-1"s, "192.0.2"s, "192.0.2.256"s, "192.0.2.1 "s, "0x7f.0.0.1"s, "2001:db8::1::2"s, "[::1]"s,
               "::1%"s, "fe80::1%no-such-interface"s, "fe80::1%4294967296"s, "fe80::1%1x"s, "192.0.2.1%lo"s,
               "192.0.2.1\0"s, "192.0.2.1\0.example"s, "::1\0"s);
  CAPTURE(host);
  CHECK_FALSE(Endpoint::literal(host, 161));
}

TEST_CASE("the port is changed, and nothing else") {
  for (const std::string host : {"192.0.2.1", "fe80::1%3"}) {
    const Endpoint other = literal(host, 161).with_port(65535);
    CHECK(other.port() == 65535);
    CHECK(other.host_text() == host);
    CHECK(other == literal(host, 65535));
    CHECK_FALSE(other == literal(host, 161));
  }
}

TEST_CASE("an endpoint from the kernel is compared by address, port and scope alone") {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(161);
  v4.sin_addr.s_addr = htonl(0xc0000201);
  std::memset(v4.sin_zero, 0x55, sizeof v4.sin_zero);
  CHECK(Endpoint::from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4) == literal("192.0.2.1"));
  CHECK_FALSE(Endpoint::from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4 - 1));

  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(161);
  v6.sin6_flowinfo = 0x12345;
  v6.sin6_scope_id = 7;
  REQUIRE(inet_pton(AF_INET6, "fe80::1", &v6.sin6_addr) == 1);
  CHECK(Endpoint::from(reinterpret_cast<const sockaddr*>(&v6), sizeof v6) == literal("fe80::1%7"));
  CHECK_FALSE(Endpoint::from(reinterpret_cast<const sockaddr*>(&v6), sizeof(sockaddr_in)));

  sockaddr other{};
  other.sa_family = AF_UNIX;
  CHECK_FALSE(Endpoint::from(&other, sizeof other));
}

TEST_CASE("no endpoint is not valid and has no text") {
  const Endpoint none;
  CHECK_FALSE(none.valid());
  CHECK(none.text().empty());
  CHECK(none.host_text().empty());
  CHECK(none == Endpoint{});
  CHECK_FALSE(none == literal("0.0.0.0", 0));
}

TEST_CASE("endpoints are keys of a hash table") {
  std::unordered_set<Endpoint, EndpointHash> seen;
  std::set<std::size_t> hashes;
  for (const char* host : {"192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8:0:1::"}) {
    for (const std::uint16_t port : {std::uint16_t{161}, std::uint16_t{162}}) {
      CHECK(seen.insert(literal(host, port)).second);
      CHECK_FALSE(seen.insert(literal(host, port)).second);
      hashes.insert(EndpointHash{}(literal(host, port)));
    }
  }
  CHECK(seen.size() == 10);
  CHECK(hashes.size() == 10);
}

TEST_CASE("a literal resolves to itself, unless its family is not wanted") {
  const auto endpoints = resolve_blocking({"192.0.2.1", 1161, AddressFamily::any});
  REQUIRE(endpoints);
  REQUIRE(endpoints->size() == 1);
  CHECK(endpoints->front() == literal("192.0.2.1", 1161));
  CHECK(resolve_blocking({"::1", 161, AddressFamily::ipv6}));

  const auto not_v4 = resolve_blocking({"::1", 161, AddressFamily::ipv4});
  REQUIRE_FALSE(not_v4);
  CHECK(not_v4.error().kind == ErrorKind::resolve);
  CHECK_THAT(not_v4.error().message, Catch::Contains("::1 is not an IPv4 address"));
  const auto not_v6 = resolve_blocking({"192.0.2.1", 161, AddressFamily::ipv6});
  REQUIRE_FALSE(not_v6);
  CHECK_THAT(not_v6.error().message, Catch::Contains("192.0.2.1 is not an IPv6 address"));
}

TEST_CASE("a name resolves with the port asked for, or says that it does not") {
  const auto local = resolve_blocking({"localhost", 1161, AddressFamily::ipv4});
  REQUIRE(local);
  REQUIRE_FALSE(local->empty());
  for (const Endpoint& endpoint : *local) CHECK(endpoint.port() == 1161);

  // A label of 64 octets is no name (RFC 1035 section 2.3.4), so nobody is asked.
  const std::string name(64, 'a');
  const auto none = resolve_blocking({name, 161, AddressFamily::any});
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == ErrorKind::resolve);
  CHECK_THAT(none.error().message, Catch::Contains(name));
}

}  // namespace
}  // namespace octopoll
