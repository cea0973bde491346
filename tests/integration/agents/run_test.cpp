// All odd agents at once in one `octopoll run`, beside honest ones.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <string>

#include "fleet/fleet.hpp"
#include "integration/run/polling.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t rows = 6;

/// Devices at 127.1.0.1 and upwards, and the inventory that names them.
struct Agents {
  fleet::Fleet fleet{};
  std::map<std::string, int> places{};

  void add(const std::string& name, const fleet::Json& faults, std::size_t interfaces = rows);
  [[nodiscard]] std::string entry(const std::string& name, std::string_view interval) const {
    return fmt::format("  - {{name: {}, address: '127.1.0.{}:{}', interval: {}}}\n", name, places.at(name),
                       fleet.port(), interval);
  }
};

void Agents::add(const std::string& name, const fleet::Json& faults, std::size_t interfaces) {
  const int place = places.emplace(name, static_cast<int>(places.size()) + 1).first->second;
  fleet::DeviceSpec spec;
  spec.name = name;
  spec.place = {"public", fleet::Address::parse(fmt::format("127.1.0.{}", place)), 0};
  fleet::InterfaceSpec pattern;
  pattern.traffic.in_bps = 8'000'000;
  spec.synthetic.interfaces = fleet::make_interfaces(interfaces, pattern);
  spec.faults = faults;
  fleet.add(spec);
}

}  // namespace

TEST_CASE("odd agents cost their own polls alone", "[agents][run]") {
  // Which are polled whole in the end, and which cannot be.
  const std::map<std::string, fleet::Json> whole{
      {"no-bulk", {{"no_getbulk", "genErr"}}},
      {"bulk-silent", {{"no_getbulk", "silent"}}},
      {"bulk-empty", {{"no_getbulk", "empty"}}},
      {"small", {{"too_big_over", 400}}},
      {"repetitions", {{"silent_repetitions_over", 1}}},
      {"skips", {{"skip_rows_over", 1}}},
      {"zeros", {{"zero_values_over", 1}}},
      {"fewer", {{"fewer_bindings", 4}}},
      {"crooked", {{"non_increasing", true}}},
      {"loops", {{"loop", "ifDescr"}}},
      {"early", {{"early_end", {{"column", "ifHCInOctets"}, {"if_index", 2}}}}},
      {"offset", {{"ifx_offset", 1000}}},
      {"no-ifx", {{"no_ifx", true}}},
      {"no-uptime", {{"no_sys_uptime", true}}},
      {"big-index", {{"big_if_index", true}}},
      {"zero-index", {{"zero_if_index", true}}},
      {"types", {{"wrong_types", true}}},
      {"stuck", {{"stuck_hc", true}}},
      {"numbers", {{"odd_numbers", true}}},
      {"names", {{"duplicate_names", true}}},
      {"utf8", {{"bad_utf8", true}}},
      {"nul", {{"trailing_nul", true}}},
      {"slow", {{"delay", {{"fixed_ms", 30}, {"jitter_ms", 30}}}, {"duplicate", 1}}},
  };
  const std::map<std::string, fleet::Json> lost{
      {"dead", {{"silent", true}}},
      {"endless", {{"delay", {{"fixed_ms", 3'600'000}}}}},
      {"garbage", {{"garbage", true}}},
      {"truncated", {{"truncated", true}}},
      {"wrong-id", {{"wrong_request_id", true}}},
      {"other-port", {{"reply_from_other_port", true}}},
      {"v1-only", {{"v1_only", true}}},
  };
  const std::vector<std::string> honest{"honest-1", "honest-2", "honest-3"};
  Agents agents;
  for (const auto& [name, faults] : whole) agents.add(name, faults);
  for (const auto& [name, faults] : lost) agents.add(name, faults);
  for (const std::string& name : honest) agents.add(name, fleet::Json::object());
  agents.fleet.start();
  std::string yaml = "defaults: {ping: false, timeout: 400ms, retries: 1}\ndevices:\n";
  for (const auto& [name, faults] : whole) yaml += agents.entry(name, "4s");
  for (const auto& [name, faults] : lost) yaml += agents.entry(name, "4s");
  for (const std::string& name : honest) yaml += agents.entry(name, "1s");
  const Site site(yaml);
  auto run = start_polling(site.run());
  for (const auto& [name, faults] : whole) {
    INFO(name);
    const auto done = [&, &device = name] {
      const auto cycles = cycles_of(site.store(), device);
      return !cycles.empty() && cycles.back().outcome == "complete" &&
             cycles.back().interfaces == static_cast<std::int64_t>(rows);
    };
    await(name + " is polled whole", done);
  }
  for (const auto& [name, faults] : lost) {
    await(name + " fails", [&, &device = name] { return !cycles_of(site.store(), device).empty(); });
  }
  for (const std::string& name : honest) await_cycles(site.store(), name, 3);
  stop_polling(run);
  for (const auto& [name, faults] : lost) {
    for (const StoredCycle& cycle : cycles_of(site.store(), name)) {
      CAPTURE(name, cycle.poll_number, cycle.error);
      CHECK(cycle.outcome == "failed");
      CHECK_FALSE(cycle.error.empty());
    }
  }
  for (const std::string& name : honest) {
    auto cycles = cycles_of(site.store(), name);
    REQUIRE(cycles.size() >= 4);
    cycles.pop_back();  // the stop may have cut it short
    for (const StoredCycle& cycle : cycles) {
      CAPTURE(name, cycle.poll_number, cycle.error);
      CHECK(cycle.outcome == "complete");
      CHECK(cycle.interfaces == static_cast<std::int64_t>(rows));
    }
  }
}

TEST_CASE("a device of twenty thousand rows is polled whole, and its neighbour meanwhile", "[agents][run]") {
  constexpr std::size_t many = 20'000;
  Agents agents;
  agents.add("big", fleet::Json::object(), many);
  agents.add("neighbour", fleet::Json::object());
  agents.fleet.start();
  const Site site("defaults: {ping: false, timeout: 800ms, retries: 3}\ndevices:\n" + agents.entry("big", "5m") +
                  agents.entry("neighbour", "5s"));
  auto run = start_polling(site.run());
  await(
      "the big device is polled", [&] { return !cycles_of(site.store(), "big").empty(); }, 200s);
  await_cycles(site.store(), "neighbour", 4);
  stop_polling(run);
  const auto big = cycles_of(site.store(), "big");
  REQUIRE(!big.empty());
  CAPTURE(big[0].error);
  CHECK(big[0].outcome == "complete");
  CHECK(big[0].interfaces == static_cast<std::int64_t>(many));
  auto cycles = cycles_of(site.store(), "neighbour");
  cycles.pop_back();  // the stop may have cut it short
  double longest = 0;
  for (const StoredCycle& cycle : cycles) {
    CAPTURE(cycle.poll_number, cycle.error);
    CHECK(cycle.outcome == "complete");
    longest = std::max(longest, cycle.duration_ms);
  }
  CHECK(cycles.size() >= 3);
  CHECK(cycles.back().outcome == "complete");
  std::cout << fmt::format("20000 rows: {:.1f} s, {} requests; the neighbour's longest of {} cycles: {:.0f} ms\n",
                           big[0].duration_ms / 1000, big[0].requests, cycles.size(), longest);
}
