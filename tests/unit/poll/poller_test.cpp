#include "octopoll/poll/poller.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bench.hpp"
#include "octopoll/core/log.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

/// Keeps all records.
class Kept final : public Sink {
 public:
  void take(const RecordPtr& record) override {
    if (const auto* cycle = std::get_if<DeviceCycle>(record.get())) {
      cycles_[cycle->device].push_back(*cycle);
    } else {
      const auto& round = std::get<PingRound>(*record);
      ++pings_[round.target];
      if (round.sent == 0 && !round.error) ++empty_rounds;
    }
  }
  [[nodiscard]] const std::vector<DeviceCycle>& cycles(const std::string& device) { return cycles_[device]; }
  [[nodiscard]] int pings(const std::string& target) { return pings_[target]; }

  /// One after the other from 1, each slot once.
  void check_order() const {
    for (const auto& [device, cycles] : cycles_) {
      std::set<std::int64_t> slots;
      for (std::size_t i = 0; i < cycles.size(); ++i) {
        CAPTURE(device, i);
        CHECK(cycles[i].poll_number == i + 1);
        slots.insert(cycles[i].slot);
      }
      CHECK(slots.size() == cycles.size());
    }
  }
  int empty_rounds = 0;  ///< of echoes, that say nothing, not even why

 private:
  std::map<std::string, std::vector<DeviceCycle>> cycles_;
  std::map<std::string, int> pings_;
};

config::Inventory inventory_of(const fleet::Fleet& agents, const std::vector<int>& numbers, bool ping = true) {
  config::Inventory inventory;
  for (const int number : numbers) {
    config::Device device = device_at(agents, number);
    device.interval = 100ms;
    device.timeout = 90ms;
    device.ping = ping;
    device.echo = config::EchoSettings{1s, 3};
    inventory.devices.push_back(std::move(device));
  }
  return inventory;
}

}  // namespace

TEST_CASE("a stop at any moment comes to its end, with every record in the sinks") {
  fleet::Fleet agents;
  start_agents(agents, 3, {{"delay", {{"fixed_ms", 3}}}});
  agents.set("device-3", {{"silent", true}});
  Bench bench;
  const bool once = GENERATE(true, false);
  CAPTURE(once);
  for (int at = 0; at < 60; at += 3) {
    CAPTURE(at);
    Kept kept;
    bool once_done = false, stopped = false;
    poll::PollerOptions options;
    options.patience = 20ms;
    poll::Poller poller(bench.shared(), inventory_of(agents, {1, 2, 3}), {&kept}, options);
    if (once) {
      poller.run_once(50ms, [&once_done] { once_done = true; });
    } else {
      poller.run();
    }
    bench.run_rounds(at);
    poller.stop([&stopped] { stopped = true; });
    bench.run_until([&stopped] { return stopped; });
    CHECK(poller.busy() == 0);
    if (!once) kept.check_order();
    std::size_t ended = 0;
    for (const char* device : {"device-1", "device-2", "device-3"}) {
      ended += kept.cycles(device).size();
      CHECK(kept.cycles(device).size() >= 1);
    }
    CHECK(poller.statistics().cycles == ended);
    CHECK(kept.empty_rounds == 0);
    bench.run_rounds(5);  // nothing of it is left on the loop
    CHECK(poller.statistics().cycles == ended);
  }
}

TEST_CASE("a poller that goes away leaves nothing on the loop") {
  fleet::Fleet agents;
  start_agents(agents, 2, {{"delay", {{"fixed_ms", 3}}}});
  Bench bench;
  for (int at = 0; at < 40; at += 4) {
    Kept kept;
    {
      poll::Poller poller(bench.shared(), inventory_of(agents, {1, 2}), {&kept}, {});
      if (at % 8 == 0) {
        poller.run();
      } else {
        poller.run_once(10ms, [] {});
      }
      bench.run_rounds(at);
      if (at % 12 == 0) poller.stop([] {});
    }
    const std::size_t cycles = kept.cycles("device-1").size();
    bench.run_rounds(20);
    CHECK(kept.cycles("device-1").size() == cycles);
  }
}

TEST_CASE("run_once polls each device twice, also one that failed, and then says so") {
  fleet::Fleet agents;
  start_agents(agents, 3);
  agents.set("device-2", {{"silent", true}});
  Bench bench;
  Kept kept;
  bool done = false;
  poll::Poller poller(bench.shared(), inventory_of(agents, {1, 2, 3}), {&kept}, {});
  poller.run_once(100ms, [&done] { done = true; });
  CHECK_FALSE(done);
  bench.run_until([&done] { return done; });
  for (const char* device : {"device-1", "device-2", "device-3"}) {
    REQUIRE(kept.cycles(device).size() == 2);
    if (bench.can_ping()) CHECK(kept.pings(device) == 1);
  }
  CHECK(kept.cycles("device-1")[1].outcome == CycleOutcome::complete);
  CHECK(kept.cycles("device-2")[1].outcome == CycleOutcome::failed);
  CHECK(kept.cycles("device-2")[1].cost.requests == 1);
}

TEST_CASE("reloads in quick succession keep numbers, slots and base lines") {
  fleet::Fleet agents;
  start_agents(agents, 4, {{"delay", {{"fixed_ms", 5}}}});
  Bench bench;
  Kept kept;
  poll::Poller poller(bench.shared(), inventory_of(agents, {1, 2, 3}), {&kept}, {});
  poller.run();
  bench.run_until([&] { return kept.cycles("device-1").size() >= 2; });
  const std::vector<std::vector<int>> inventories{{1, 2}, {1, 3, 4}, {1}, {1, 2, 3, 4}};
  for (int round = 0; round < 40; ++round) {
    poller.reload(inventory_of(agents, inventories[static_cast<std::size_t>(round) % 4], round % 3 != 0));
    bench.run_rounds(round % 7);
  }
  poller.reload(inventory_of(agents, {1, 2, 3, 4}));
  CHECK(poller.devices() == 4);
  for (const char* device : {"device-1", "device-2", "device-3", "device-4"}) {
    const std::size_t before = kept.cycles(device).size();
    bench.run_until([&] { return kept.cycles(device).size() > before; });
  }
  bool stopped = false;
  poller.stop([&stopped] { stopped = true; });
  bench.run_until([&stopped] { return stopped; });
  for (const char* device : {"device-1", "device-2", "device-3", "device-4"}) {
    const auto& cycles = kept.cycles(device);
    for (std::size_t i = 0; i < cycles.size(); ++i) CHECK(cycles[i].poll_number == i + 1);
  }
  const auto& stayed = kept.cycles("device-1");
  // On a busy machine the first cycle may end without an answer; base lines begin with the first that has one.
  const auto begun =
      std::find_if(stayed.begin(), stayed.end(), [](const auto& each) { return !each.interfaces.empty(); });
  for (auto i = static_cast<std::size_t>(begun - stayed.begin()) + 1; i < stayed.size(); ++i) {
    for (const InterfaceRecord& row : stayed[i].interfaces) CHECK(row.quality() != Quality::first);
  }
}

TEST_CASE("a loop that stood still starts what is due share by share") {
  fleet::Fleet agents;
  start_agents(agents, 1);
  agents.set("device-1", {{"silent", true}});
  Bench bench;
  Kept kept;
  config::Inventory inventory;
  constexpr int count = 400;
  for (int i = 0; i < count; ++i) {
    config::Device device = device_at(agents, 1);
    device.name = fmt::format("twin-{}", i);
    device.interval = 2s;
    inventory.devices.push_back(std::move(device));
  }
  log::set_level(log::Level::error);  // four hundred times the same silence
  poll::Poller poller(bench.shared(), std::move(inventory), {&kept}, {});
  poller.run();
  std::this_thread::sleep_for(2100ms);
  bench.run_rounds(1);
  // 200 turns a second, at most four times as many, in shares of 125 ms.
  CHECK(poller.busy() == 100);
  CHECK(poller.take_figures().busy == 100);
  bench.run_until([&] {
    for (int i = 0; i < count; ++i) {
      if (kept.cycles(fmt::format("twin-{}", i)).empty()) return false;
    }
    return true;
  });
  log::set_level(log::Level::info);
}

TEST_CASE("the figures say what was done, who is silent and who costs most") {
  fleet::Fleet agents;
  start_agents(agents, 3);
  agents.set("device-2", {{"silent", true}});
  Bench bench;
  Kept kept;
  config::Inventory inventory = inventory_of(agents, {1, 2, 3}, false);
  for (config::Device& device : inventory.devices) {
    // Far from the budget of a cycle, which would end it before its request has timed out.
    device.interval = 20s;
    device.timeout = 300ms;
    device.retries = 1;
  }
  poll::Poller poller(bench.shared(), std::move(inventory), {&kept}, {});
  CHECK(poller.take_figures().expensive.empty());
  poller.run();
  bench.run_until([&] { return poller.statistics().cycles >= 3; });
  bool stopped = false;
  poller.stop([&stopped] { stopped = true; });
  bench.run_until([&stopped] { return stopped; });
  const poll::Figures figures = poller.take_figures();
  CHECK(figures.devices == 3);
  CHECK(figures.busy == 0);
  CHECK(figures.in_flight == 0);
  CHECK(figures.polls.cycles ==
        kept.cycles("device-1").size() + kept.cycles("device-2").size() + kept.cycles("device-3").size());
  CHECK(figures.lag_in_all.timers > 0);
  const auto silent = std::find_if(figures.silent.begin(), figures.silent.end(),
                                   [](const auto& each) { return each.device == "device-2"; });
  REQUIRE(silent != figures.silent.end());
  CHECK(silent->failing);
  CHECK(silent->timeouts >= 1);
  CHECK(silent->retries >= 1);
  std::uint64_t timeouts = 0;
  for (const poll::DeviceSilence& each : figures.silent) timeouts += each.timeouts;
  CHECK(timeouts == figures.traffic.timeouts);
  REQUIRE(figures.expensive.size() == 3);
  CHECK(figures.expensive[2].device == "device-2");
  std::uint64_t sent = 0;
  for (const char* device : {"device-1", "device-2", "device-3"}) {
    for (const DeviceCycle& cycle : kept.cycles(device)) sent += cycle.cost.requests;
  }
  CHECK(sent == figures.traffic.requests);
}

TEST_CASE("a cost reads as PDUs and octets of both ways") {
  PollCost cost;
  cost.requests = cost.responses = 14;
  cost.octets_sent = 1'030;
  cost.octets_received = 8'000;
  CHECK(poll::cost_text(cost) == "14 PDUs, 9.03 kB");
  cost.requests = 1;
  cost.octets_received = 0;
  CHECK(poll::cost_text(cost) == "1 PDU, 1.03 kB");
  cost.requests = 5;
  cost.looks = 3;
  CHECK(poll::cost_text(cost) == "5 PDUs with 3 looks, 1.03 kB");
}

TEST_CASE("a run_once that is stopped knows whom it did not poll twice") {
  fleet::Fleet agents;
  start_agents(agents, 2);
  Bench bench;
  Kept kept;
  poll::Poller poller(bench.shared(), inventory_of(agents, {1, 2}, false), {&kept}, {});
  SECTION("between the two polls") {
    poller.run_once(1h, [] {});
    bench.run_until([&] { return kept.cycles("device-1").size() == 1; });
    CHECK(poller.not_polled_twice() == 2);
    bool stopped = false;
    poller.stop([&stopped] { stopped = true; });
    bench.run_until([&stopped] { return stopped; });
    CHECK(poller.not_polled_twice() == 2);
  }
  SECTION("not at all") {
    bool done = false;
    poller.run_once(100ms, [&done] { done = true; });
    bench.run_until([&done] { return done; });
    CHECK(poller.not_polled_twice() == 0);
  }
}
