// An ICMP error ends the request that it quotes, and no other; a hint ends none.

#include <arpa/inet.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "bench.hpp"
#include "fleet/fleet.hpp"
#include "peer.hpp"
#include "support/ports.hpp"

using namespace octopoll;
using namespace octopoll::test;
using snmp::Outcome;

namespace {

std::uint16_t checksum(const std::string& octets) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < octets.size(); i += 2)
    sum += static_cast<std::uint32_t>(static_cast<unsigned char>(octets[i]) << 8 |
                                      static_cast<unsigned char>(octets[i + 1]));
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

void append_16(std::string& out, std::size_t number) {
  out.push_back(static_cast<char>(number >> 8U & 0xffU));
  out.push_back(static_cast<char>(number & 0xffU));
}

/// "Host unreachable" about this datagram from 127.0.0.1 to `to`, as a router would send it (RFC 792).
std::string host_unreachable(const Packet& packet, const Endpoint& to) {
  std::string quoted("\x45\0", 2);
  const std::size_t udp = 8 + packet.octets.size();
  append_16(quoted, 20 + udp);
  quoted += std::string("\0\0\0\0\x40\x11\0\0\x7f\0\0\x01\x7f\0\0\x01", 16);
  append_16(quoted, packet.from.port());
  append_16(quoted, to.port());
  append_16(quoted, udp);
  append_16(quoted, 0);
  quoted += packet.octets;
  if (quoted.size() % 2 != 0) quoted.push_back('\0');
  std::string message{ICMP_DEST_UNREACH, ICMP_HOST_UNREACH};
  message += std::string(6, '\0') + quoted;
  const std::uint16_t sum = checksum(message);
  message[2] = static_cast<char>(sum >> 8U);
  message[3] = static_cast<char>(sum & 0xffU);
  return message;
}

}  // namespace

TEST_CASE("a router's hint ends no request, and is told where nothing else comes", "[snmp]") {
  const Fd router(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
  if (!router) {
    std::cout << "SKIPPED: no raw sockets here\n";
    return;
  }
  const bool answered = GENERATE(true, false);
  CAPTURE(answered);
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.timeout = std::chrono::milliseconds(50);
  options.retries = answered ? 100 : 2;
  const auto session = bench.open(options);
  std::optional<snmp::Reply> reply;
  session->send(get(sys_name), [&](snmp::Reply&& answer) { reply = std::move(answer); });
  std::vector<Packet> tries;
  bench.run_until([&] {
    while (auto packet = peer.take()) {
      tries.push_back(std::move(*packet));
      if (tries.size() == 1) {
        const std::string hint = host_unreachable(tries[0], peer.endpoint());
        const Endpoint here = at("127.0.0.1", 0);
        CHECK(::sendto(router.get(), hint.data(), hint.size(), 0, here.address(), here.length()) ==
              static_cast<ssize_t>(hint.size()));
      } else if (answered && tries.size() == 2) {
        peer.send(echo_of(tries[1]), tries[1].from);
      }
    }
    return reply.has_value();
  });
  CHECK(tries.size() >= 2);
  if (answered) {
    CHECK(reply->good());
  } else {
    CHECK(reply->outcome == Outcome::unreachable);
    CHECK(reply->tries == 3);
    CHECK_THAT(session->explain(*reply).message, Catch::Contains("host unreachable, says 127.0.0.1"));
  }
}

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
