// A device that dies and comes back, while the others go on.

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "fleet/fleet.hpp"
#include "polling.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t rate = 80'000'000;

void add_agents(fleet::Fleet& agents) {
  auto devices = fleet::make_devices(4, 0, *fleet::Address::parse("127.1.0.1"), "public");
  for (auto& device : devices) {
    fleet::InterfaceSpec pattern;
    pattern.traffic.in_bps = rate;
    device.synthetic.interfaces = fleet::make_interfaces(3, pattern);
  }
  agents.add(std::move(devices));
  agents.start();
}

std::string inventory_of(const fleet::Fleet& agents) {
  std::string yaml = "defaults: {interval: 1s, timeout: 200ms, retries: 1, ping: false}\ndevices:\n";
  for (int i = 1; i <= 4; ++i) {
    yaml += fmt::format("  - {{name: device-{0}, address: '127.1.0.{0}:{1}'}}\n", i, agents.port());
  }
  return yaml;
}

std::size_t failures_at_the_end(const std::vector<StoredCycle>& cycles) {
  std::size_t count = 0;
  while (count < cycles.size() && cycles[cycles.size() - 1 - count].outcome == "failed") ++count;
  return count;
}

}  // namespace

TEST_CASE("a dead device costs one PDU an interval, delays nobody, and its next delta spans the outage", "[run]") {
  fleet::Fleet agents;
  add_agents(agents);
  const Site site(inventory_of(agents));
  Child run = start_polling(site.run());
  for (int i = 1; i <= 4; ++i) {
    await("a rate of each device", [&] {
      const auto deltas = deltas_of(site.store(), fmt::format("device-{}", i), "eth1");
      return !deltas.empty() && deltas.back().in_quality == "ok";
    });
  }

  agents.set("device-2", {{"silent", true}});
  await("the first failure", [&] { return failures_at_the_end(cycles_of(site.store(), "device-2")) >= 1; });
  const std::size_t others_before = cycles_of(site.store(), "device-1").size();
  const auto asked_before = agents.stats("device-2").requests;
  const std::size_t failed_before = failures_at_the_end(cycles_of(site.store(), "device-2"));
  await("more failures", [&] { return failures_at_the_end(cycles_of(site.store(), "device-2")) >= failed_before + 4; });
  const std::size_t failed = failures_at_the_end(cycles_of(site.store(), "device-2")) - failed_before;
  const std::size_t others = cycles_of(site.store(), "device-1").size() - others_before;
  const auto asked = agents.stats("device-2").requests - asked_before;
  // A cycle is stored a moment after it was asked for, so at either end one may be on its way.
  CHECK(asked + 1 >= failed);
  CHECK(asked <= failed + 1);
  CHECK(others + 1 >= failed);

  agents.set("device-2", {{"silent", false}});
  await("its return", [&] { return cycles_of(site.store(), "device-2").back().outcome == "complete"; });
  await_cycles(site.store(), "device-2", 2);
  stop_polling(run);

  const auto cycles = cycles_of(site.store(), "device-2");
  for (std::size_t i = 0; i < cycles.size(); ++i) {
    CAPTURE(i, cycles[i].outcome, cycles[i].error);
    CHECK(cycles[i].poll_number == static_cast<std::int64_t>(i + 1));
    if (i > 0) CHECK(cycles[i].slot > cycles[i - 1].slot);
    if (cycles[i].outcome == "failed") {
      CHECK(cycles[i].error_kind == "timeout");
      CHECK(cycles[i].interfaces == 0);
      if (cycles[i - 1].outcome == "failed") CHECK(cycles[i].requests == 1);
    } else {
      CHECK(cycles[i].interfaces == 3);  // the first answer brings it back in full
    }
  }
  double longest = 0;
  const auto deltas = after_beginning(deltas_of(site.store(), "device-2", "eth2"));
  REQUIRE(deltas.front().in_quality == "first");
  for (std::size_t i = 1; i < deltas.size(); ++i) {
    CHECK(deltas[i].in_quality == "ok");
    check_rate(deltas[i], static_cast<double>(rate));
    longest = std::max(longest, deltas[i].seconds);
  }
  CHECK(longest > 4);
  for (const int other : {1, 3, 4}) {
    for (const StoredCycle& cycle : cycles_of(site.store(), fmt::format("device-{}", other))) {
      CAPTURE(other, cycle.poll_number, cycle.error);
      CHECK(cycle.outcome == "complete");
    }
  }
}

TEST_CASE("a device that is dead from the start comes in when it lives", "[run]") {
  fleet::Fleet agents;
  add_agents(agents);
  agents.set("device-3", {{"silent", true}});
  const Site site(inventory_of(agents));
  Child run = start_polling(site.run());
  await("failures", [&] { return cycles_of(site.store(), "device-3").size() >= 2; });
  agents.set("device-3", {{"silent", false}});
  await("a rate", [&] {
    const auto deltas = deltas_of(site.store(), "device-3", "eth3");
    return !deltas.empty() && deltas.back().in_quality == "ok";
  });
  stop_polling(run);
  const auto deltas = deltas_of(site.store(), "device-3", "eth3");
  CHECK(deltas.front().in_quality == "first");
  check_rate(deltas.back(), static_cast<double>(rate));
}

TEST_CASE("a device that comes back in part answers again, and its next failure is told anew", "[run]") {
  fleet::Fleet agents;
  add_agents(agents);
  agents.set("device-4", {{"silent", true}});
  const Site site(inventory_of(agents));
  Child run = start_polling(site.run());
  const auto told = [&run](std::string_view text) {
    const std::string said = run.err();
    std::size_t count = 0;
    for (std::size_t at = said.find(text); at != std::string::npos; at = said.find(text, at + 1)) ++count;
    return count;
  };
  await("two failures", [&] { return cycles_of(site.store(), "device-4").size() >= 2; });
  CHECK(told("device-4 (127.1.0.4") == 1);
  // Its tables have rows that no walk gives.
  agents.set("device-4", {{"silent", false}, {"loop", true}});
  await("a partial cycle", [&] { return cycles_of(site.store(), "device-4").back().outcome == "partial"; });
  await("the word that it answers", [&] { return told("device-4: answers again after") == 1; });
  agents.set("device-4", {{"silent", true}});
  await("the next failure", [&] { return cycles_of(site.store(), "device-4").back().outcome == "failed"; });
  await("its warning", [&] { return told("device-4 (127.1.0.4") == 2; });
  stop_polling(run);
}
