// An ICMP error ends the request that it quotes, and no other.

#include <memory>
#include <vector>

#include "bench.hpp"
#include "fleet/fleet.hpp"
#include "peer.hpp"
#include "support/ports.hpp"

using namespace octopoll;
using namespace octopoll::test;
using snmp::Outcome;

TEST_CASE("a closed port fails its own requests alone, round after round", "[snmp]") {
  fleet::Fleet agents;
  constexpr std::size_t live_count = 20;
  for (std::size_t i = 0; i < live_count; ++i) {
    fleet::DeviceSpec spec;
    spec.name = "d" + std::to_string(i);
    agents.add(spec);
  }
  agents.start();
  const Bench bench;
  std::vector<std::unique_ptr<snmp::Session>> live;
  for (std::size_t i = 0; i < live_count; ++i) {
    live.push_back(bench.open(v2c(at("127.0.0.1", agents.port()), "d" + std::to_string(i))));
  }
  const std::uint16_t closed_port = free_udp_port();
  std::vector<std::unique_ptr<snmp::Session>> closed;
  for (int i = 0; i < 3; ++i) closed.push_back(bench.open(v2c(at("127.0.0.1", closed_port))));

  for (int round = 0; round < 100; ++round) {
    std::size_t ended = 0;
    std::size_t unreachable = 0;
    std::size_t answered = 0;
    const auto count = [&](snmp::Reply&& reply) {
      ++ended;
      if (reply.outcome == Outcome::unreachable) ++unreachable;
      if (reply.good()) ++answered;
    };
    // Between the live ones, so that each of them is once the next to be sent.
    for (std::size_t i = 0; i < live_count; ++i) {
      live[i]->send(get(sys_name), count);
      if (i % 7 == 0) closed[i / 7]->send(get(sys_name), count);
    }
    bench.run_until([&] { return ended == live_count + 3; });
    REQUIRE(answered == live_count);
    REQUIRE(unreachable == 3);
  }
  for (const auto& session : live) CHECK(session->traffic().retries == 0);
  for (const auto& session : closed) CHECK(session->traffic().retries == 0);
}

TEST_CASE("the error of a closed port names who said so", "[snmp]") {
  const Bench bench;
  const std::uint16_t port = free_udp_port();
  std::vector<std::string> addresses{"127.0.0.1"};
  if (has_ipv6_loopback()) addresses.emplace_back("::1");
  for (const std::string& address : addresses) {
    const auto session = bench.open(v2c(at(address, port)));
    const snmp::Reply reply = bench.ask(*session, get(sys_name));
    CHECK(reply.outcome == Outcome::unreachable);
    const Error error = session->explain(reply);
    CHECK(error.kind == ErrorKind::unreachable);
    CHECK_THAT(error.message, Catch::Contains("port closed, says " + address));
  }
}

TEST_CASE("a port that opens later is reached by the same session", "[snmp]") {
  const Bench bench;
  fleet::FleetOptions options;
  options.listen.port = free_udp_port();
  const auto session = bench.open(v2c(at("127.0.0.1", options.listen.port), "d"));
  CHECK(bench.ask(*session, get(sys_name)).outcome == Outcome::unreachable);
  fleet::Fleet agents(options);
  fleet::DeviceSpec spec;
  spec.name = "d";
  agents.add(spec);
  agents.start();
  CHECK(bench.ask(*session, get(sys_name)).good());
}
