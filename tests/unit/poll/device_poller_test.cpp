#include "octopoll/poll/device_poller.hpp"

#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "bench.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

DeviceCycle poll_once(Bench& bench, poll::DevicePoller& poller, const poll::CycleRequest& request = {}) {
  Polled polled;
  polled.start(poller, request);
  bench.run_until([&] { return polled.calls > 0; });
  CHECK(polled.calls == 1);
  CHECK_FALSE(poller.busy());
  return polled.cycle;
}

void check_whole(const DeviceCycle& cycle) {
  CAPTURE(cycle.poll_number, cycle.error ? cycle.error->text() : "");
  CHECK(cycle.outcome == CycleOutcome::complete);
  CHECK_FALSE(cycle.error);
  CHECK(cycle.interfaces.size() == 3);
  CHECK(cycle.facts->sys_name == cycle.device);
}

/// More rounds of the loop than a whole cycle takes: "anywhere in a cycle" is each number below.
int rounds_of_a_cycle(Bench& bench, const fleet::Fleet& agents) {
  poll::DevicePoller poller(bench.shared(), device_at(agents, 1), 0);
  Polled polled;
  polled.start(poller);
  int rounds = 0;
  for (; polled.calls == 0; ++rounds) bench.run_rounds(1);
  REQUIRE(rounds > 4);
  return rounds + 2;
}

}  // namespace

TEST_CASE("cycles are numbered on from the store, whole, and cheap once the tables are known") {
  fleet::Fleet agents;
  start_agents(agents, 1);
  Bench bench;
  poll::DevicePoller poller(bench.shared(), device_at(agents, 1), 41);
  const DeviceCycle first = poll_once(bench, poller, {7, false, 60s});
  check_whole(first);
  CHECK(first.poll_number == 42);
  CHECK(first.slot == 7);
  CHECK(first.address == fmt::format("127.1.0.1:{}", agents.port()));
  CHECK(first.interfaces[0].quality() == Quality::first);
  bench.run_for(200ms);
  const DeviceCycle second = poll_once(bench, poller);
  check_whole(second);
  CHECK(second.poll_number == 43);
  CHECK(second.facts.same_block(first.facts));           // what nobody changed is there once
  CHECK(second.cost.requests - second.cost.looks == 2);  // scalars and counters
  // A look that follows costs the next one.
  const auto asked = first.cost.requests + second.cost.requests;
  CHECK(agents.stats("device-1").requests - asked <= 1);
}

TEST_CASE("an agent is believed once looks have proved it, or three readings have moved, and from its first one on") {
  fleet::Fleet agents;
  start_agents(agents, 1);
  Bench bench;
  poll::DevicePoller poller(bench.shared(), device_at(agents, 1), 0);
  const InterfaceRecord first = poll_once(bench, poller).interfaces[0];
  CHECK(first.quality() == Quality::first);
  InterfaceRecord known;
  int moves = 0;
  while (known.quality() != Quality::ok) {
    REQUIRE(++moves <= 3);
    bench.run_for(100ms);
    known = poll_once(bench, poller).interfaces[0];
    if (moves == 1) CHECK(known.quality() == Quality::stale);
  }
  CHECK(known.elapsed > moves * 100ms);
  const auto octets = [](const InterfaceRecord& record) { return record.sample.counters[Counter::in_octets].value; };
  CHECK(known.deltas[Counter::in_octets].value == octets(known) - octets(first));
}

TEST_CASE("two readings that are dated as a pair make a rate, unless nothing at all has moved") {
  fleet::Fleet agents;
  fleet::DeviceSpec device;
  device.name = "device-1";
  device.place.community = "public";
  device.place.address = fleet::Address::parse("127.1.0.1");
  fleet::SyntheticSpec spec;
  spec.interfaces = fleet::make_interfaces(3, {});
  for (auto& interface : spec.interfaces) interface.traffic = {};
  const bool busy = GENERATE(false, true);
  if (busy) spec.interfaces[2].traffic.in_bps = 100'000'000;
  device.synthetic = std::move(spec);
  agents.add(std::move(device));
  agents.start();
  Bench bench;
  poll::DevicePoller poller(bench.shared(), device_at(agents, 1), 0);
  check_whole(poll_once(bench, poller, {1, true, 60s}));
  bench.run_for(200ms);
  const DeviceCycle second = poll_once(bench, poller, {2, true, 60s});
  check_whole(second);
  CHECK(second.interfaces[0].quality() == (busy ? Quality::ok : Quality::stale));
}

TEST_CASE("a cycle that is stopped anywhere ends once, and the next one is whole") {
  fleet::Fleet agents;
  start_agents(agents, 1, {{"delay", {{"fixed_ms", 3}}}});
  Bench bench;
  const int rounds = rounds_of_a_cycle(bench, agents);
  std::map<CycleOutcome, int> outcomes;
  for (int at = 0; at < rounds; ++at) {
    CAPTURE(at);
    poll::DevicePoller poller(bench.shared(), device_at(agents, 1), 0);
    Polled polled;
    polled.start(poller);
    bench.run_rounds(at);
    poller.finish_now();
    bench.run_until([&] { return polled.calls > 0; });
    CHECK_FALSE(poller.busy());
    ++outcomes[polled.cycle.outcome];
    if (polled.cycle.outcome != CycleOutcome::complete) {
      REQUIRE(polled.cycle.error);
      CHECK(polled.cycle.error->kind == ErrorKind::partial);
      CHECK_THAT(polled.cycle.error->message, Catch::Contains("device-1: octopoll was stopped"));
    }
    const auto before = agents.stats("device-1").requests;
    const DeviceCycle next = poll_once(bench, poller);
    check_whole(next);
    CHECK(next.poll_number == 2);
    CHECK(polled.calls == 1);
    // Its cost is its own. What the stopped cycle had sent may still be on its way to the agent.
    CHECK(next.cost.requests <= agents.stats("device-1").requests - before + 2);
    CHECK(agents.stats("device-1").requests - before <= next.cost.requests + 2U);
  }
  CHECK(outcomes[CycleOutcome::failed] > 0);   // before the first answer
  CHECK(outcomes[CycleOutcome::partial] > 0);  // after it
  CHECK(outcomes[CycleOutcome::complete] > 0);
}

TEST_CASE("a poller that goes away anywhere in a cycle calls nobody back") {
  fleet::Fleet agents;
  start_agents(agents, 1, {{"delay", {{"fixed_ms", 3}}}});
  Bench bench;
  const int rounds = rounds_of_a_cycle(bench, agents);
  for (int at = 0; at < rounds; ++at) {
    CAPTURE(at);
    auto polled = std::make_unique<Polled>();
    auto poller = std::make_unique<poll::DevicePoller>(bench.shared(), device_at(agents, 1), 0);
    polled->start(*poller);
    bench.run_rounds(at);
    const int calls = polled->calls;
    poller.reset();
    bench.run_rounds(5);
    CHECK(polled->calls == calls);
  }
}

TEST_CASE("new settings anywhere in a cycle count from the next one, and cost no base line") {
  fleet::Fleet agents;
  start_agents(agents, 2, {{"delay", {{"fixed_ms", 3}}}});
  Bench bench;
  const int rounds = rounds_of_a_cycle(bench, agents);
  for (int at = 0; at < rounds; ++at) {
    CAPTURE(at);
    poll::DevicePoller poller(bench.shared(), device_at(agents, 1), 0);
    check_whole(poll_once(bench, poller));
    const auto walks = agents.stats("device-1").get_bulks;

    Polled polled;
    polled.start(poller);
    bench.run_rounds(at);
    config::Device other_session = device_at(agents, 1);
    other_session.timeout = 4s;
    poller.reconfigure(other_session);
    bench.run_until([&] { return polled.calls > 0; });
    check_whole(polled.cycle);
    const DeviceCycle next = poll_once(bench, poller);
    check_whole(next);
    CHECK(next.interfaces[0].quality() != Quality::first);  // `stale` where the two came too close
    CHECK(agents.stats("device-1").get_bulks == walks);     // the tables are not read again for this

    config::Device other_rules = device_at(agents, 1);
    auto rules = std::make_shared<config::InterfaceRules>();
    REQUIRE(rules->add_exclude(config::RuleField::name, "^eth2$"));
    other_rules.interfaces = rules;
    poller.reconfigure(other_rules);
    CHECK(poll_once(bench, poller).interfaces.size() == 2);

    config::Device moved = device_at(agents, 2);
    moved.name = "device-2";
    poller.reconfigure(moved);
    const DeviceCycle elsewhere = poll_once(bench, poller);
    check_whole(elsewhere);
    CHECK(elsewhere.interfaces[0].quality() == Quality::first);
  }
}

TEST_CASE("a cycle that runs out of time ends with what has come, and the next one begins afresh") {
  fleet::Fleet agents;
  start_agents(agents, 1);
  Bench bench;
  poll::DevicePoller poller(bench.shared(), device_at(agents, 1), 0);
  check_whole(poll_once(bench, poller));
  SECTION("nothing came") {
    agents.set("device-1", {{"silent", true}});
    const DeviceCycle silent = poll_once(bench, poller, {0, false, 50ms});
    CHECK(silent.outcome == CycleOutcome::failed);
    REQUIRE(silent.error);
    CHECK(silent.error->kind == ErrorKind::timeout);
    CHECK_THAT(silent.error->message, Catch::Contains("no answer to 1 request within"));
    CHECK_THAT(silent.error->remedy, Catch::Contains("it answered before"));
    CHECK(silent.cost.timeouts == 1);
    CHECK(silent.interfaces.empty());
    const DeviceCycle again = poll_once(bench, poller, {0, false, 50ms});
    CHECK(again.cost.requests == 1);
    CHECK(again.cost.retries == 0);
    agents.set("device-1", {{"silent", false}});
  }
  SECTION("the counters did not come") {
    // Its scalars are small, its counters are not.
    agents.set("device-1", {{"silent_over", 300}});
    const DeviceCycle cut = poll_once(bench, poller, {0, false, 200ms});
    CHECK(cut.outcome == CycleOutcome::partial);
    REQUIRE(cut.error);
    CHECK(cut.error->kind == ErrorKind::partial);
    REQUIRE(cut.interfaces.size() == 3);
    CHECK(cut.interfaces[0].quality() == Quality::gap);
    agents.set("device-1", {{"silent_over", false}});
  }
  const DeviceCycle back = poll_once(bench, poller);
  check_whole(back);
  CHECK(back.interfaces[0].quality() != Quality::first);
}

TEST_CASE("the ping that explains a silence does not reach into the next cycle") {
  fleet::Fleet agents;
  start_agents(agents, 1, {{"silent", true}});
  Bench bench;
  if (!bench.can_ping()) {
    std::cout << "SKIPPED: no ICMP sockets here\n";
    return;
  }
  config::Device device = device_at(agents, 1);
  device.ping = true;
  device.timeout = 5ms;
  device.retries = 0;
  for (int at = 0; at < 40; at += 3) {
    CAPTURE(at);
    agents.set("device-1", {{"silent", true}});
    poll::DevicePoller poller(bench.shared(), device, 0);
    Polled polled;
    polled.start(poller);
    bench.run_rounds(at);
    poller.finish_now();
    bench.run_until([&] { return polled.calls > 0; });
    CHECK(polled.cycle.outcome == CycleOutcome::failed);

    config::Device patient = device;
    patient.timeout = 5s;
    poller.reconfigure(patient);
    agents.set("device-1", {{"silent", false}, {"delay", {{"fixed_ms", 30}}}});
    check_whole(poll_once(bench, poller));
    CHECK(polled.calls == 1);
    agents.set("device-1", {{"delay", false}});
  }
  poll::DevicePoller poller(bench.shared(), device, 0);
  agents.set("device-1", {{"silent", true}});
  const DeviceCycle silent = poll_once(bench, poller);
  REQUIRE(silent.error);
  CHECK_THAT(silent.error->message, Catch::Contains("the host answers ping"));

  // With the packets that the inventory asks for: here with some that cannot leave.
  device.echo.own().source = Endpoint::literal("::1", 0);
  poll::DevicePoller other(bench.shared(), device, 0);
  const DeviceCycle unknown = poll_once(bench, other);
  REQUIRE(unknown.error);
  CHECK_THAT(unknown.error->message, Catch::Contains("the host could not be pinged"));
}

TEST_CASE("an interface that is gone is left out, without a word of failure") {
  fleet::Fleet agents;
  start_agents(agents, 1);
  Bench bench;
  poll::DevicePoller poller(bench.shared(), device_at(agents, 1), 0);
  check_whole(poll_once(bench, poller));
  agents.remove_interface("device-1", "eth2");
  const DeviceCycle smaller = poll_once(bench, poller);
  CHECK(smaller.outcome == CycleOutcome::complete);
  CHECK(smaller.interfaces.size() == 2);
}

TEST_CASE("base lines end where other credentials may show another view, and stay where only a key changed") {
  fleet::Fleet agents;
  start_agents(agents, 1);
  Bench bench;
  config::Device device = device_at(agents, 1);
  poll::DevicePoller poller(bench.shared(), device, 0);
  for (int reading = 0; reading < 3; ++reading) {
    check_whole(poll_once(bench, poller));
    bench.run_for(100ms);
  }
  device.auth.own().password = Secret(std::string("a new passphrase"));
  poller.reconfigure(device);
  CHECK(poll_once(bench, poller).interfaces[0].quality() == Quality::ok);
  device.auth.own().context_name = "vrf-7";
  poller.reconfigure(device);
  const DeviceCycle other = poll_once(bench, poller);
  check_whole(other);
  CHECK(other.interfaces[0].quality() == Quality::first);
}
