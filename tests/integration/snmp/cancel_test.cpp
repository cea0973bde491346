// Requests that nobody waits for any more.

#include <optional>
#include <vector>

#include "bench.hpp"
#include "fleet/fleet.hpp"
#include "peer.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

void never(snmp::Reply&&) { FAIL("nobody waits for this any more"); }

std::vector<Packet> take(const Bench& bench, const Peer& peer, std::size_t count) {
  std::vector<Packet> packets;
  bench.run_until([&] {
    while (auto packet = peer.take()) packets.push_back(std::move(*packet));
    return packets.size() >= count;
  });
  return packets;
}

}  // namespace

TEST_CASE("a session is destroyed with requests in flight and waiting", "[snmp]") {
  const Bench bench;
  const Peer peer;
  auto session = bench.open(v2c(peer.endpoint()));
  for (int i = 0; i < 5; ++i) session->send(get(sys_name), never);
  const auto sent = take(bench, peer, 2);
  CHECK(sent.size() == 2);
  CHECK(bench.engine->in_flight() == 2);
  session.reset();
  CHECK(bench.engine->in_flight() == 0);
  for (const Packet& packet : sent) peer.send(echo_of(packet), packet.from);
  bench.run_until([&] { return bench.engine->traffic().late == 2; });
  CHECK_FALSE(peer.take());
}

TEST_CASE("a session is destroyed before its first request was sent", "[snmp]") {
  const Bench bench;
  const Peer peer;
  auto session = bench.open(v2c(peer.endpoint()));
  session->send(get(sys_name), never);
  session->later([] { FAIL("the session is gone"); });
  session.reset();
  const auto other = bench.open(v2c(peer.endpoint()));
  other->send(get(sys_name), [](snmp::Reply&&) {});
  CHECK(take(bench, peer, 1).size() == 1);
}

TEST_CASE("an SNMPv3 session is destroyed while its agent is being discovered", "[snmp]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.credentials.own().version = SnmpVersion::v3;
  options.credentials.own().username = "alice";
  auto session = bench.open(options);
  for (int i = 0; i < 5; ++i) session->send(get(sys_name), never);
  CHECK(take(bench, peer, 1).size() == 1);
  session.reset();
  CHECK(bench.engine->in_flight() == 0);
}

TEST_CASE("cancelling ends all requests and leaves the session usable", "[snmp]") {
  const Bench bench;
  const Peer peer;
  const auto session = bench.open(v2c(peer.endpoint()));
  for (int i = 0; i < 5; ++i) session->send(get(sys_name), never);
  const auto cancelled = take(bench, peer, 2);
  session->cancel_all();
  CHECK(bench.engine->in_flight() == 0);
  for (const Packet& packet : cancelled) peer.send(echo_of(packet), packet.from);

  std::optional<snmp::Reply> reply;
  session->send(get(sys_up_time), [&](snmp::Reply&& answer) { reply = std::move(answer); });
  const auto next = take(bench, peer, 1);
  REQUIRE(next.size() == 1);
  peer.send(echo_of(next[0]), next[0].from);
  bench.run_until([&] { return reply.has_value(); });
  CHECK(reply->outcome == snmp::Outcome::answered);
  CHECK(reply->variables.at(0).oid == sys_up_time);
  CHECK(bench.engine->traffic().late == 2);
}

TEST_CASE("cancelling from inside a callback ends all others", "[snmp]") {
  const Bench bench;
  fleet::Fleet agents;
  fleet::DeviceSpec spec;
  spec.name = "d";
  agents.add(spec);
  agents.start();
  auto options = v2c(at("127.0.0.1", agents.port()), "d");
  options.max_outstanding = 4;
  const auto session = bench.open(options);
  int answered = 0;
  for (int i = 0; i < 10; ++i) {
    session->send(get(sys_name), [&](snmp::Reply&& reply) {
      CHECK(reply.good());
      ++answered;
      session->cancel_all();
    });
  }
  bench.run_until([&] { return answered > 0; });
  CHECK(bench.ask(*session, get(sys_up_time)).good());
  CHECK(answered == 1);
  CHECK(bench.engine->in_flight() == 0);
}

TEST_CASE("cancelling from inside the callback of a failed discovery ends all others", "[snmp]") {
  const Bench bench;
  const Peer silent;
  auto options = v2c(silent.endpoint());
  options.credentials.own().version = SnmpVersion::v3;
  options.credentials.own().username = "alice";
  options.timeout = 10ms;
  options.retries = 0;
  const auto session = bench.open(options);
  int ended = 0;
  for (int i = 0; i < 5; ++i) {
    session->send(get(sys_name), [&](snmp::Reply&& reply) {
      CHECK(reply.outcome == snmp::Outcome::timed_out);
      ++ended;
      session->cancel_all();
    });
  }
  bench.run_until([&] { return ended > 0; });
  CHECK(bench.ask(*session, get(sys_name)).outcome == snmp::Outcome::timed_out);
  CHECK(ended == 1);
}

TEST_CASE("the requests of a session that is destroyed do not stop those of another", "[snmp]") {
  const Bench bench;
  fleet::Fleet agents;
  fleet::DeviceSpec spec;
  spec.name = "d";
  spec.faults = {{"delay", {{"fixed_ms", 50}}}};
  agents.add(spec);
  agents.start();
  const auto stays = bench.open(v2c(at("127.0.0.1", agents.port()), "d"));
  for (int round = 0; round < 10; ++round) {
    auto goes = bench.open(v2c(at("127.0.0.1", agents.port()), "d"));
    goes->send(get(sys_name), never);
    std::optional<snmp::Reply> reply;
    stays->send(get(sys_name), [&](snmp::Reply&& answer) { reply = std::move(answer); });
    bench.loop->run_once(0ms);  // sends, and does not wait for the answers
    REQUIRE(bench.engine->in_flight() == 2);
    goes.reset();
    bench.run_until([&] { return reply.has_value(); });
    CHECK(reply->good());
  }
}
