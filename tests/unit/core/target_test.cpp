// TARGET as it is written on the command line and in the inventory.

#include <catch2/catch.hpp>
#include <string>

#include "octopoll/core/endpoint.hpp"

namespace octopoll {
namespace {

using namespace std::string_literals;

TEST_CASE("a target is a host, maybe with a port and a transport") {
  const auto [text, target] = GENERATE(table<std::string, Target>({
      {"192.0.2.1", {"192.0.2.1", 161, AddressFamily::any}},
      {"192.0.2.1:1161", {"192.0.2.1", 1161, AddressFamily::any}},
      {"core-1.example.net", {"core-1.example.net", 161, AddressFamily::any}},
      {"core-1.example.net:65535", {"core-1.example.net", 65535, AddressFamily::any}},
      {"core-1:1", {"core-1", 1, AddressFamily::any}},
      {"core-1:00161", {"core-1", 161, AddressFamily::any}},
      {"udp:192.0.2.1", {"192.0.2.1", 161, AddressFamily::ipv4}},
      {"udp:core-1:1161", {"core-1", 1161, AddressFamily::ipv4}},
      {"udp6:core-1", {"core-1", 161, AddressFamily::ipv6}},
      {"udp6:[2001:db8::1]:1161", {"2001:db8::1", 1161, AddressFamily::ipv6}},
      {"udp6:2001:db8::1", {"2001:db8::1", 161, AddressFamily::ipv6}},
      {"udpv6:[::1]", {"::1", 161, AddressFamily::ipv6}},
      {"udpipv6:[::1]:1161", {"::1", 1161, AddressFamily::ipv6}},
      {"[2001:db8::1]", {"2001:db8::1", 161, AddressFamily::any}},
      {"[2001:db8::1]:1161", {"2001:db8::1", 1161, AddressFamily::any}},
      {"2001:db8::1", {"2001:db8::1", 161, AddressFamily::any}},
      {"::1", {"::1", 161, AddressFamily::any}},
      {"::", {"::", 161, AddressFamily::any}},
      {"::ffff:192.0.2.1", {"::ffff:192.0.2.1", 161, AddressFamily::any}},
      // What looks like a port is the last group: that is why the brackets are.
      {"2001:db8::1:161", {"2001:db8::1:161", 161, AddressFamily::any}},
      {"fe80::1%eth0", {"fe80::1%eth0", 161, AddressFamily::any}},
      {"[fe80::1%eth0.100]:1161", {"fe80::1%eth0.100", 1161, AddressFamily::any}},
      {"[192.0.2.1]:1161", {"192.0.2.1", 1161, AddressFamily::any}},
  }));
  CAPTURE(text);
  const auto parsed = parse_target(text);
  REQUIRE(parsed);
  CHECK(parsed->host == target.host);
  CHECK(parsed->port == target.port);
  CHECK(parsed->family == target.family);
}

TEST_CASE("the default port is the caller's") {
  CHECK(parse_target("core-1", 7)->port == 7);
  CHECK(parse_target("[::1]", 7)->port == 7);
  CHECK(parse_target("core-1:8", 7)->port == 8);
}

TEST_CASE("a target that is none says why") {
  const auto [text, reason] = GENERATE(table<std::string, std::string>({
      {"", "names no host"},
      {"udp:", "names no host"},
      {"udp6:", "names no host"},
      {":161", "names no host"},
      {"[]:161", "names no host"},
      {"[]", "names no host"},
      {"core-1:", "ends in a colon"},
      {"[::1]:", "ends in a colon"},
      {"udp:core-1:", "ends in a colon"},
      {"core-1:0", "\"0\" in \"core-1:0\" is not a port"},
      {"core-1:65536", "is not a port"},
      {"core-1:99999999999999999999", "is not a port"},
      {"core-1:-1", "is not a port"},
      {"core-1:+161", "is not a port"},
      {"core-1: 161", "is not a port"},
      {"core-1:161x", "is not a port"},
      {"core-1:0xa1", "is not a port"},
      {"core-1:snmp", "is not a port"},
      {"[::1]:0", "is not a port"},
      {"[::1", "has no closing ]"},
      {"udp6:[::1", "has no closing ]"},
      {"[::1]161", "something after ]"},
      {"[::1] :161", "something after ]"},
      {"core 1", "blank or control character"},
      {"core-1\t:161", "blank or control character"},
      {"core-1\n", "blank or control character"},
      {"core\0-1"s, "blank or control character"},
      {"core-1\x7f", "blank or control character"},
      {"[::1 ]:161", "blank or control character"},
      // More colons than a port needs, and no IPv6 address.
      {"core-1:161:162", "is no IPv6 address"},
      {"192.0.2.1:161:", "is no IPv6 address"},
      {"2001:db8::1::2", "is no IPv6 address"},
      {"udp:core-1:161:162", "is no IPv6 address"},
      {"dtls:core-1:161", "is no IPv6 address"},
      {"[core:1]:161", "is no IPv6 address"},
      {"12", "\"12\" is no IPv4 address"},
      {"999.1.1.1:161", "\"999.1.1.1\" is no IPv4 address"},
      {"192.0.2", "is no IPv4 address"},
      {"[192.0.2.1.5]:161", "is no IPv4 address"},
      {"192.0.2.1.", "is no IPv4 address"},
      {"fe80::1%", "is no IPv6 address"},
      {"fe80::1%lo:161", "is no IPv6 address"},
      {"::%lo:%lo]:2", "is no IPv6 address"},
  }));
  CAPTURE(text);
  const auto parsed = parse_target(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().kind == ErrorKind::usage);
  CHECK_THAT(parsed.error().message, Catch::Contains(reason));
  CHECK_FALSE(parsed.error().remedy.empty());
}

TEST_CASE("other transports are named, with what is possible") {
  const std::string transport = GENERATE("tcp:", "tcp6:", "unix:", "dtlsudp:", "tlstcp:", "ssh:", "std:", "ipx:");
  const auto parsed = parse_target(transport + "core-1:161");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().kind == ErrorKind::usage);
  CHECK_THAT(parsed.error().message, Catch::Contains("\"" + transport + "\""));
  CHECK_THAT(parsed.error().remedy, Catch::Contains("udp:") && Catch::Contains("udp6:"));
}

TEST_CASE("a target is shown so that it reads back") {
  const auto [target, text] = GENERATE(table<Target, std::string>({
      {{"core-1", 161, AddressFamily::any}, "core-1:161"},
      {{"192.0.2.1", 1161, AddressFamily::any}, "192.0.2.1:1161"},
      {{"2001:db8::1", 161, AddressFamily::any}, "[2001:db8::1]:161"},
      {{"fe80::1%eth0", 161, AddressFamily::any}, "[fe80::1%eth0]:161"},
  }));
  CHECK(to_string(target) == text);
  CHECK(parse_target(text) == target);
}

}  // namespace
}  // namespace octopoll
