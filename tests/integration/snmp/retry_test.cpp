// When a request is sent again, and which of its answers count.

#include <optional>
#include <set>
#include <vector>

#include "bench.hpp"
#include "fleet/fleet.hpp"
#include "octopoll/core/patience.hpp"
#include "peer.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;
using snmp::Outcome;

TEST_CASE("each retry has an id of its own, and an answer to the first is still taken", "[snmp]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.timeout = 50ms;
  options.retries = 100;  // the third try is answered long before the last is sent
  const auto session = bench.open(options);
  std::vector<snmp::Reply> replies;
  session->send(get(sys_name), [&](snmp::Reply&& reply) { replies.push_back(std::move(reply)); });
  std::vector<Packet> tries;
  bench.run_until([&] {
    if (auto packet = peer.take()) tries.push_back(std::move(*packet));
    return tries.size() >= 3;
  });
  std::set<std::int64_t> ids;
  for (const Packet& packet : tries) ids.insert(packet.id());
  CHECK(ids.size() == tries.size());

  peer.send(echo_of(tries[0]), tries[0].from);
  bench.run_until([&] { return !replies.empty(); });
  CHECK(replies[0].outcome == Outcome::answered);
  // Of the very try that was answered: it has waited for two more, 50 ms and 100 ms.
  CHECK(replies[0].round_trip >= 150ms);
  CHECK(session->traffic().retries >= 2);
  CHECK(session->traffic().responses == 1);

  // Answers to the other tries come too late and end nothing twice.
  for (std::size_t i = 1; i < tries.size(); ++i) peer.send(echo_of(tries[i]), tries[i].from);
  bench.run_until([&] { return bench.engine->traffic().late >= tries.size() - 1; });
  CHECK(replies.size() == 1);
  CHECK(session->traffic().responses == 1);
}

TEST_CASE("an agent slower than the timeout is answered for before its last retry is over", "[snmp]") {
  fleet::Fleet agents;
  fleet::DeviceSpec spec;
  spec.name = "d";
  spec.faults = {{"delay", {{"fixed_ms", 300}}}};
  agents.add(spec);
  agents.start();
  const Bench bench;
  auto options = v2c(at("127.0.0.1", agents.port()), "d");
  options.timeout = 100ms;
  options.retries = 100;
  const auto session = bench.open(options);
  const snmp::Reply reply = bench.ask(*session, get(sys_name));
  CHECK(reply.good());
  CHECK(reply.round_trip >= 300ms);
  CHECK(session->traffic().retries >= 1);
  CHECK(session->traffic().timeouts == 0);
  // The retries are answered as well, each too late.
  bench.run_until([&] { return bench.engine->traffic().late == session->traffic().retries; });
}

TEST_CASE("silence is waited for as long as check reckons, and no shorter", "[snmp]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.timeout = 30ms;
  options.retries = GENERATE(0U, 1U, 3U);
  const auto session = bench.open(options);
  const snmp::Reply reply = bench.ask(*session, get(sys_name));
  CHECK(reply.outcome == Outcome::timed_out);
  CHECK(reply.tries == options.retries + 1);
  CHECK(reply.waited >= whole_patience(options.timeout, options.retries));
}

TEST_CASE("an answer after the end is late and ends nothing", "[snmp]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.timeout = 20ms;
  options.retries = 1;
  const auto session = bench.open(options);
  int ended = 0;
  session->send(get(sys_name), [&](snmp::Reply&& reply) {
    CHECK(reply.outcome == Outcome::timed_out);
    ++ended;
  });
  bench.run_until([&] { return ended == 1; });
  CHECK(session->traffic().timeouts == 1);
  CHECK(session->traffic().requests == 2);
  CHECK(session->traffic().retries == 1);
  std::vector<Packet> tries;
  while (auto packet = peer.take()) tries.push_back(std::move(*packet));
  REQUIRE(tries.size() == 2);
  for (const Packet& packet : tries) peer.send(echo_of(packet), packet.from);
  bench.run_until([&] { return bench.engine->traffic().late == 2; });
  CHECK(ended == 1);

  // And the session goes on.
  std::optional<snmp::Reply> next;
  auto patient = get(sys_name);
  patient.retries = 100;
  session->send(std::move(patient), [&](snmp::Reply&& reply) { next = std::move(reply); });
  bench.run_until([&] {
    if (const auto packet = peer.take()) peer.send(echo_of(*packet), packet->from);
    return next.has_value();
  });
  CHECK(next->outcome == Outcome::answered);
}

TEST_CASE("a request may have fewer retries than its session", "[snmp]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.timeout = 20ms;
  options.retries = 5;
  const auto session = bench.open(options);
  auto probe = get(sys_name);
  probe.retries = 0;
  CHECK(bench.ask(*session, std::move(probe)).outcome == Outcome::timed_out);
  CHECK(session->traffic().requests == 1);
}

TEST_CASE("a probe is one PDU that waits as long as all tries", "[snmp]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.timeout = 50ms;
  options.retries = 2;
  const auto session = bench.open(options);
  snmp::Request probe = get(sys_name);
  probe.probe = true;
  const snmp::Reply reply = bench.ask(*session, probe);
  CHECK(reply.outcome == Outcome::timed_out);
  CHECK(reply.tries == 1);
  CHECK(reply.waited == 350ms);  // 50 + 100 + 200
  CHECK(session->traffic().requests == 1);
  CHECK_THAT(session->explain(reply).message, Catch::Contains("no answer to 1 request within 350ms"));
}

TEST_CASE("an agent that loses requests is read by retries", "[snmp]") {
  fleet::Fleet agents;
  fleet::DeviceSpec spec;
  spec.name = "d";
  spec.faults = {{"drop_rate", 0.5}};
  agents.add(spec);
  agents.start();
  const Bench bench;
  auto options = v2c(at("127.0.0.1", agents.port()), "d");
  options.timeout = 20ms;
  options.retries = 100;
  const auto session = bench.open(options);
  for (int i = 0; i < 30; ++i) CHECK(bench.ask(*session, get(sys_name)).good());
  CHECK(session->traffic().retries >= 5);
}

TEST_CASE("no more requests are on their way at an agent than its limit", "[snmp]") {
  fleet::Fleet agents;
  fleet::DeviceSpec spec;
  spec.name = "d";
  spec.faults = {{"delay", {{"fixed_ms", 50}}}};
  agents.add(spec);
  agents.start();
  const Bench bench;
  auto options = v2c(at("127.0.0.1", agents.port()), "d");
  options.max_outstanding = 3;
  const auto session = bench.open(options);
  std::vector<int> order;
  for (int i = 0; i < 40; ++i) {
    session->send(get(sys_name), [&, i](snmp::Reply&& reply) {
      CHECK(reply.good());
      CHECK(bench.engine->in_flight() <= 3);
      order.push_back(i);
    });
  }
  bench.run_until([&] { return order.size() == 40; });
  CHECK(agents.stats("d").max_waiting == 3);
}
