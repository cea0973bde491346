#include "icmp/icmp_error.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

using namespace octopoll;
using namespace octopoll::icmp;

namespace {

Endpoint at(const char* address) { return *Endpoint::literal(address, 0); }
std::uint8_t octet(int value) { return static_cast<std::uint8_t>(value); }

}  // namespace

TEST_CASE("ICMP errors in words", "[icmp]") {
  const auto [family, type, code, words] = GENERATE(table<int, int, int, std::string>({
      {AF_INET, 3, 0, "network unreachable"},
      {AF_INET, 3, 1, "host unreachable"},
      {AF_INET, 3, 13, "administratively prohibited by a filter"},
      {AF_INET, 3, 15, "precedence cutoff in effect"},
      {AF_INET, 3, 16, "unreachable (code 16)"},
      {AF_INET, 11, 0, "time to live exceeded"},
      {AF_INET, 11, 7, "time exceeded (code 7)"},
      {AF_INET, 12, 0, "a header field is wrong"},
      {AF_INET, 40, 2, "ICMP type 40 code 2"},
      {AF_INET6, 1, 0, "no route"},
      {AF_INET6, 1, 3, "address unreachable"},
      {AF_INET6, 1, 8, "unreachable (code 8)"},
      {AF_INET6, 2, 0, "packet too big"},
      {AF_INET6, 3, 0, "time to live exceeded"},
      {AF_INET6, 100, 0, "ICMP type 100 code 0"},
  }));
  CHECK(icmp_reason(family, octet(type), octet(code)) == words);
}

TEST_CASE("redirects and source quench are no errors of a probe", "[icmp]") {
  CHECK_FALSE(concerns_delivery(AF_INET, 5));
  CHECK_FALSE(concerns_delivery(AF_INET, 4));
  CHECK_FALSE(concerns_delivery(AF_INET6, 137));
  CHECK(concerns_delivery(AF_INET, 3));
  CHECK(concerns_delivery(AF_INET, 11));
  CHECK(concerns_delivery(AF_INET6, 1));
  CHECK(concerns_delivery(AF_INET6, 3));
}

TEST_CASE("an ICMP error names its target and who says so", "[icmp]") {
  const Error error = error_of({3, 1, at("198.51.100.7"), at("192.0.2.1")});
  CHECK(error.kind == ErrorKind::unreachable);
  CHECK(error.message == "198.51.100.7: host unreachable, says 192.0.2.1");
  CHECK(error_of({1, 3, at("2001:db8::7"), Endpoint{}}).message == "2001:db8::7: address unreachable");
}

TEST_CASE("what is too large for a link says what it takes, and what would fit", "[icmp]") {
  CHECK(error_of({3, 4, at("198.51.100.7"), at("192.0.2.1"), 1400}).message ==
        "198.51.100.7: fragmentation needed (the next link takes 1400 octets), says 192.0.2.1");
  CHECK(send_error(at("198.51.100.7"), std::nullopt, EMSGSIZE, 1500).remedy ==
        "the link takes 1500 octets: a payload of at most 1472 fits");
  CHECK(send_error(at("2001:db8::7"), std::nullopt, EMSGSIZE, 1280).remedy ==
        "the link takes 1280 octets: a payload of at most 1232 fits");
  CHECK(send_error(at("198.51.100.7"), std::nullopt, EMSGSIZE, 50).remedy ==
        "the link takes 50 octets: too few for a probe");
}

TEST_CASE("a full send queue is this machine's, and no word on the target", "[icmp]") {
  const int code = GENERATE(EAGAIN, ENOBUFS, ENOMEM);
  const Error error = send_error(at("198.51.100.7"), std::nullopt, code);
  CHECK(error.kind == ErrorKind::io);
  CHECK(error.message == "198.51.100.7: not sent: this machine's send queue is full");
}

TEST_CASE("a refused request names its target, the reason and where to look", "[icmp]") {
  const auto [code, reason, remedy] = GENERATE(table<int, std::string, std::string>({
      {EPERM, "Operation not permitted", "firewall"},
      {EACCES, "Permission denied", "prohibit"},
      {ENETUNREACH, "Network is unreachable", "route"},
      {EHOSTUNREACH, "No route to host", "route"},
      {EINVAL, "Invalid argument", "blackhole"},
      {EMSGSIZE, "Message too long", "payload"},
  }));
  const Error error = send_error(at("198.51.100.7"), std::nullopt, code);
  CHECK(error.kind == ErrorKind::unreachable);
  CHECK(error.message == "198.51.100.7: cannot send: " + reason);
  CHECK_THAT(error.remedy, Catch::Matchers::Contains(remedy));
}

TEST_CASE("a request that is refused for its source says so", "[icmp]") {
  const Error error = send_error(at("198.51.100.7"), at("192.0.2.9"), EINVAL);
  CHECK(error.message == "198.51.100.7: cannot send from 192.0.2.9: Invalid argument");
  CHECK_THAT(error.remedy, Catch::Matchers::Contains("192.0.2.9 must be an address of this machine"));
  // Without a route the source is not to blame.
  CHECK_THAT(send_error(at("198.51.100.7"), at("192.0.2.9"), EHOSTUNREACH).remedy,
             Catch::Matchers::Contains("no route"));
}
