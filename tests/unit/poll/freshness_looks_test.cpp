// Looks beside the cycles: what they find, what they cost, and when there are none.

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "bench.hpp"
#include "octopoll/rates/cache_learner.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

/// One agent with four rows, polled by hand.
class Looked {
 public:
  explicit Looked(const std::function<void(fleet::SyntheticSpec&)>& change) {
    fleet::DeviceSpec spec;
    spec.name = "device-1";
    spec.place.community = "public";
    spec.place.address = fleet::Address::parse("127.1.0.1");
    fleet::SyntheticSpec synthetic;
    synthetic.interfaces = fleet::make_interfaces(4, {});
    for (auto& interface : synthetic.interfaces) {
      interface.traffic = {};
      interface.traffic.in_bps = true_bps;
    }
    change(synthetic);
    spec.synthetic = std::move(synthetic);
    agents.add(std::move(spec));
    agents.start();
    device = device_at(agents, 1);
  }

  DeviceCycle poll(const poll::CycleRequest& request = {}) {
    if (!poller) poller = std::make_unique<poll::DevicePoller>(bench.shared(), device, 0);
    Polled polled;
    polled.start(*poller, request);
    bench.run_until([&] { return polled.calls > 0; });
    counted += polled.cycle.cost.requests;
    return polled.cycle;
  }
  [[nodiscard]] std::uint64_t requests() { return agents.stats("device-1").requests; }
  /// Waits until so many looks were asked since the last cycle ended, and were answered.
  void await_looks(std::uint64_t count) {
    bench.run_until([&] { return requests() >= counted + count; });
    bench.run_for(50ms);
  }
  /// Looks since the last cycle, when no more come.
  std::uint64_t looks_after(std::chrono::milliseconds time) {
    bench.run_for(time);
    return requests() - counted;
  }

  static constexpr std::uint64_t true_bps = 80'000'000;
  fleet::Fleet agents;
  config::Device device;
  Bench bench;
  std::unique_ptr<poll::DevicePoller> poller;
  std::uint64_t counted = 0;  ///< PDUs in the costs of all cycles
};

void check_rate(const InterfaceRecord& record) {
  const auto rate = record.in_rate();
  if (!rate) return;
  CAPTURE(record.time_error, record.elapsed.count());
  constexpr double truth = Looked::true_bps;
  // Counters are whole octets.
  CHECK(std::abs(rate->value - truth) <=
        truth * record.time_error + 16 / std::chrono::duration<double>(record.elapsed).count());
}

}  // namespace

TEST_CASE("looks prove a fresh agent fresh after two cycles, and its rates say so from its first reading on") {
  Looked agent([](auto&) {});
  const auto first = agent.poll();
  CHECK(agent.looks_after(100ms) == 0);
  const auto second = agent.poll();
  CHECK(second.interfaces[0].quality() == Quality::stale);
  agent.await_looks(3);
  const std::uint64_t looks = agent.looks_after(500ms);
  CHECK(looks <= 40);
  const auto third = agent.poll();
  const InterfaceRecord& record = third.interfaces[0];
  REQUIRE(record.quality() == Quality::ok);
  CHECK(record.elapsed > 600ms);
  CHECK(record.time_error < 0.5);
  const auto octets = [](const DeviceCycle& cycle) {
    return cycle.interfaces[0].sample.counters[Counter::in_octets].value;
  };
  CHECK(record.deltas[Counter::in_octets].value == octets(third) - octets(first));
  check_rate(record);
  CHECK(third.cache_known);
  CHECK(third.cache_period == 0s);
  // For an hour.
  CHECK(agent.looks_after(300ms) == 0);
  CHECK(third.cost.looks == looks);
  const auto fourth = agent.poll();
  CHECK(fourth.cost.looks == 0);
  CHECK(fourth.cost.requests + looks == third.cost.requests);
}

TEST_CASE("a period shorter than the time between the cycles is found, and no rate is off by more than it says") {
  const auto period = GENERATE(80ms, 300ms, 700ms);
  CAPTURE(period.count());
  Looked agent([&](auto& spec) { spec.cache_period = period; });
  std::chrono::nanoseconds found{};
  for (int cycle = 0; cycle < 12 && found == 0s; ++cycle) {
    const auto record = agent.poll();
    for (const InterfaceRecord& row : record.interfaces) check_rate(row);
    found = record.cache_period;
    agent.bench.run_for(period + 50ms);
  }
  CHECK(found >= period);
  const auto later = agent.poll();
  CHECK(later.interfaces[0].sample.time.age_bound >= period);
  CHECK(agent.requests() <= 15 + 2 * 12 + 2 * 40);
}

TEST_CASE("both cycles of a pair are looked between though sysUpTime stands at 0 and a row is idle") {
  Looked agent([](auto& spec) { spec.interfaces[3].traffic = {}; });
  agent.agents.set("device-1", {{"frozen_uptime", true}});
  agent.poll({1, true, 60s});
  CHECK(agent.looks_after(300ms) > 0);
}

TEST_CASE("an idle agent is not looked at, and what may be unseen is stated") {
  Looked agent([](auto& spec) {
    for (auto& interface : spec.interfaces) interface.traffic = {};
  });
  for (int cycle = 0; cycle < 4; ++cycle) {
    agent.poll();
    CHECK(agent.looks_after(100ms) == 0);
  }
}

TEST_CASE("where no looks are possible, a rate states what a cache that nobody sees may make of it") {
  Looked agent([](auto&) {});
  agent.device.interval = 1us;  // of which any cycle takes too much
  InterfaceRecord record;
  for (int cycle = 0; cycle < 20 && record.quality() != Quality::ok; ++cycle) {
    record = agent.poll().interfaces[0];
    CHECK(agent.looks_after(60ms) == 0);
  }
  REQUIRE(record.quality() == Quality::ok);
  CHECK(record.time_error > 0.2);
  check_rate(record);
}

TEST_CASE("a look that meets silence is not asked again soon") {
  Looked agent([](auto&) {});
  agent.device.timeout = 100ms;
  agent.poll();
  agent.bench.run_for(20ms);
  agent.poll();
  agent.agents.set("device-1", {{"silent", true}});
  const auto before = agent.requests();
  agent.bench.run_for(800ms);
  CHECK(agent.requests() - before <= 1);
  agent.agents.set("device-1", {{"silent", false}});
  agent.poll();
  CHECK(agent.poll().outcome == CycleOutcome::complete);
}

TEST_CASE("looks that are lost or late do not end the search") {
  Looked agent([](auto& spec) { spec.cache_period = 300ms; });
  agent.device.timeout = 60ms;
  agent.poll();
  agent.bench.run_for(350ms);
  agent.poll();
  agent.await_looks(4);
  agent.agents.set("device-1", {{"silent", true}});
  agent.bench.run_for(100ms);
  agent.agents.set("device-1", {{"silent", false}});
  std::chrono::nanoseconds found{};
  agent.bench.run_for(3s);
  for (int cycle = 0; cycle < 5 && found == 0s; ++cycle) {
    found = agent.poll().cache_period;
    agent.bench.run_for(400ms);
  }
  CHECK(found >= 300ms);
}

TEST_CASE("an agent that restarts is looked at anew") {
  Looked agent([](auto& spec) { spec.sys_uptime = 360'000; });
  agent.poll();
  agent.bench.run_for(50ms);
  agent.poll();
  agent.await_looks(3);
  CHECK(agent.looks_after(300ms) > 0);
  agent.agents.reboot("device-1");
  agent.poll();
  CHECK(agent.looks_after(100ms) == 0);
  agent.poll();
  agent.await_looks(3);
}

TEST_CASE("looks go no faster than a device may be asked") {
  Looked agent([](auto&) {});
  agent.device.max_requests_per_second = 40;
  agent.poll();
  agent.bench.run_for(50ms);
  agent.poll();
  // Of four requests one.
  CHECK(agent.looks_after(1s) <= 10 + 1);
}

TEST_CASE("a row that was busy and stands still between two close cycles is waited for, and found to be slow") {
  Looked agent([](auto& spec) {
    spec.sys_uptime = 6'000;
    spec.interfaces[3].cache_period = 2s;
    for (auto& interface : spec.interfaces) interface.start[fleet::Count::in_octets] = 60 * Looked::true_bps / 8;
  });
  agent.poll();
  agent.bench.run_for(100ms);
  std::chrono::nanoseconds found{};
  for (int cycle = 0; cycle < 8 && found == 0s; ++cycle) {
    const auto record = agent.poll();
    for (const InterfaceRecord& row : record.interfaces) check_rate(row);
    found = record.cache_period;
    agent.bench.run_for(2100ms);
  }
  CHECK(found >= 2s);
}

TEST_CASE("of a pair of cycles the first is followed by looks") {
  Looked agent([](auto&) {});
  agent.poll({1, true, 60s});
  agent.await_looks(3);
  agent.bench.run_for(500ms);
  const auto second = agent.poll({2, true, 60s});
  REQUIRE(second.interfaces[0].quality() == Quality::ok);
  CHECK(second.interfaces[0].time_error < 0.5);
  check_rate(second.interfaces[0]);
}

TEST_CASE("a poller that goes away, or begins its next cycle, anywhere among the looks calls nobody back") {
  Looked agent([](auto& spec) { spec.cache_period = 200ms; });
  agent.poll();
  agent.bench.run_for(250ms);
  for (int rounds = 0; rounds < 12; ++rounds) {
    agent.poll();
    agent.bench.run_rounds(rounds);
  }
  agent.poller.reset();
  agent.bench.run_rounds(10);
}
