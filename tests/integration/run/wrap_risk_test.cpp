// Interfaces whose 32-bit counters would wrap unseen: told at discovery, and polled more often where that is wished.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "fleet/fleet.hpp"
#include "polling.hpp"
#include "support/binaries.hpp"
#include "support/run_command.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

/// Its fastest interface fills 2^32 octets in 6.9 s.
void add_narrow_agent(fleet::Fleet& agents) {
  fleet::DeviceSpec device;
  device.name = "narrow";
  device.place.community = "public";
  device.synthetic.counters_64 = false;
  fleet::InterfaceSpec pattern;
  pattern.speed_bps = 5'000'000'000;
  device.synthetic.interfaces = fleet::make_interfaces(2, pattern);
  agents.add(std::move(device));
  agents.start();
}

std::string inventory_of(const fleet::Fleet& agents, const std::string& interval) {
  return fmt::format("devices: [{{name: narrow, address: '{}', interval: {}, timeout: 400ms, ping: false}}]",
                     agents.target(), interval);
}

}  // namespace

TEST_CASE("interval: auto polls as often as the counters need, and says so", "[run]") {
  fleet::Fleet agents;
  add_narrow_agent(agents);
  const Site site(inventory_of(agents, "auto"));
  Child run = start_polling(site.run());
  await("cycles at the shorter interval",
        [&] { return sqlite_int(site.store(), "SELECT count(*) FROM polls WHERE interval_ms = 5000") >= 2; });
  stop_polling(run);
  CHECK_THAT(run.err(), Catch::Contains("narrow: 2 interfaces count octets in 32 bits") &&
                            Catch::Contains("can fill in 6.9 s: it is polled every 5s"));
  CHECK(sqlite_int(site.store(), "SELECT CAST(interval_ms AS INTEGER) FROM polls WHERE poll_number = 1") == 60'000);
}

TEST_CASE("without auto the interval stays, and a warning says what it should be", "[run]") {
  fleet::Fleet agents;
  add_narrow_agent(agents);
  const Site site(inventory_of(agents, "30s"));
  Child run = start_polling(site.run());
  await("the warning", [&] { return run.err().find("set `interval: 5s`, or `interval: auto`") != std::string::npos; });
  stop_polling(run);
  // check --plan knows it from the store, without asking.
  const auto asked = agents.stats("narrow").requests;
  const CommandResult plan =
      run_command({octopoll_binary().string(), "check", "-c", site.inventory().string(), "--plan", "--format", "json"});
  INFO(plan.describe());
  const auto wraps = nlohmann::json::parse(plan.out)["plan"]["devices"][0]["wraps"];
  CHECK(wraps["interfaces"] == 2);
  CHECK(wraps["needs_interval_s"] == 5.0);
  CHECK_THAT(plan.err, Catch::Contains("set `interval: 5s`"));
  CHECK(agents.stats("narrow").requests == asked);
}

TEST_CASE("check --plan --probe finds them before the first poll", "[run]") {
  fleet::Fleet agents;
  add_narrow_agent(agents);
  const Site site(inventory_of(agents, "auto"));
  const CommandResult plan = run_command(
      {octopoll_binary().string(), "check", "-c", site.inventory().string(), "--plan", "--probe", "--format", "json"});
  INFO(plan.describe());
  const auto device = nlohmann::json::parse(plan.out)["plan"]["devices"][0];
  CHECK(device["wraps"]["speed_bps"] == 5'000'000'000);
  CHECK(device["interval_s"] == 5.0);
}
