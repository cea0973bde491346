// `octopoll run --once`: a hundred devices, some of them slow or dead, in the time of the slowest.

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "fleet/fleet.hpp"
#include "integration/walk/csv.hpp"
#include "polling.hpp"
#include "support/ports.hpp"
#include "support/run_command.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr std::size_t device_count = 98;
constexpr std::uint64_t first_rate = 8'000'000;
/// Counters are whole octets.
constexpr double rounding = 1e-5;

/// Devices device-1.. at 127.1.0.1.., each with rates of its own, and 40 ms away.
void add_devices(fleet::Fleet& agents, std::size_t count) {
  auto devices = fleet::make_devices(count, 0, *fleet::Address::parse("127.1.0.1"), "public");
  for (std::size_t i = 0; i < count; ++i) {
    fleet::InterfaceSpec pattern;
    pattern.traffic.in_bps = first_rate * (i + 1);
    pattern.traffic.out_bps = first_rate * (i + 1) / 2;
    devices[i].synthetic.interfaces = fleet::make_interfaces(2, pattern);
    devices[i].faults = {{"delay", {{"fixed_ms", 40}}}};
  }
  agents.add(std::move(devices));
}

std::string lines_of(const fleet::Fleet& agents, std::size_t count) {
  std::string yaml;
  for (std::size_t i = 1; i <= count; ++i) {
    yaml += fmt::format("  - {{name: device-{0}, address: '127.1.0.{0}:{1}'}}\n", i, agents.port());
  }
  return yaml;
}

void check_truth(const json& device, double in_bps) {
  CAPTURE(device["device"], device["error"]);
  REQUIRE(device["outcome"] == "complete");
  REQUIRE(device["interfaces"].size() == 2);
  for (const json& row : device["interfaces"]) {
    CAPTURE(row.dump());
    REQUIRE(row["quality"] == "ok");
    const double off = row["time_error"].get<double>() + rounding;
    CHECK(std::abs(row["in_bps"].get<double>() - in_bps) <= in_bps * off);
    CHECK(std::abs(row["out_bps"].get<double>() - in_bps / 2) <= in_bps / 2 * off);
    CHECK(row["in_utilization"].get<double>() == Approx(row["in_bps"].get<double>() / 1e9));
  }
}

}  // namespace

TEST_CASE("run --once takes as long as the slowest of a hundred devices, and all rates are true", "[run]") {
  fleet::Fleet agents;
  add_devices(agents, device_count);
  auto late = fleet::make_devices(2, 1, *fleet::Address::parse("127.1.1.1"), "public");
  late[0].name = "slow";
  late[0].faults = {{"delay", {{"fixed_ms", 1000}}}};
  late[1].name = "silent";
  late[1].faults = {{"silent", true}};
  agents.add(std::move(late));
  agents.start();
  const Site site(
      fmt::format("defaults: {{interval: 60s, timeout: 3s, retries: 0}}\ndevices:\n{}"
                  "  - {{name: slow, address: '127.1.1.1:{}'}}\n"
                  "  - {{name: silent, address: '127.1.1.2:{}'}}\n"
                  "  - {{name: closed, address: '127.1.1.3:{}'}}\n",
                  lines_of(agents, device_count), agents.port(), agents.port(), free_udp_port()));

  const auto began = std::chrono::steady_clock::now();
  const CommandResult result =
      run_command(site.run({"--once", "--gap", "2s", "--format", "json"}), {}, std::chrono::seconds(200));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  INFO(result.err);
  CHECK(result.exit_code() == 1);
  CHECK_THAT(result.err, Catch::Contains("silent (127.1.1.2:") && Catch::Contains("closed (127.1.1.3:") &&
                             !Catch::Contains("slow (") && !Catch::Contains("device-"));

  const json shown = json::parse(result.out);
  REQUIRE(shown["devices"].size() == device_count + 3);
  for (std::size_t i = 0; i < device_count; ++i) {
    CHECK(shown["devices"][i]["device"] == fmt::format("device-{}", i + 1));
    check_truth(shown["devices"][i], static_cast<double>(first_rate * (i + 1)));
  }
  CHECK(shown["devices"][device_count]["outcome"] == "complete");
  CHECK(shown["devices"][device_count + 1]["error_kind"] == "timeout");
  CHECK(shown["devices"][device_count + 2]["error_kind"] == "unreachable");

  CHECK(sqlite_int(site.store(), "SELECT count(*) FROM polls") == 2 * (device_count + 3));
  CHECK(sqlite_int(site.store(),
                   "SELECT count(*) FROM (SELECT device_id FROM polls GROUP BY device_id"
                   " HAVING count(*) = 2 AND max(poll_number) = 2)") == device_count + 3);
  const double sum = std::get<double>(sqlite_query(site.store(), "SELECT sum(duration_ms) FROM polls")[0][0]);
  INFO("in turn it would have taken " << sum << " ms");
  CHECK(took.count() < sum / 3);
}

TEST_CASE("run --once prints the same interfaces as table and as CSV", "[run]") {
  fleet::Fleet agents;
  add_devices(agents, 3);
  agents.start();
  const Site site("defaults: {interval: 60s, timeout: 5s}\ndevices:\n" + lines_of(agents, 3));

  const CommandResult csv = run_command(site.run({"--once", "--gap", "1s", "--format", "csv"}));
  INFO(csv.describe());
  REQUIRE(csv.exit_code() == 0);
  const auto records = parse_csv(csv.out);
  REQUIRE(records.size() == 7);
  const auto column = [&](const std::string& name) {
    const auto found = std::find(records[0].begin(), records[0].end(), name);
    REQUIRE(found != records[0].end());
    return static_cast<std::size_t>(found - records[0].begin());
  };
  for (std::size_t i = 1; i < records.size(); ++i) {
    CHECK(records[i][column("device")] == fmt::format("device-{}", (i + 1) / 2));
    CHECK(records[i][column("interface")] == fmt::format("eth{}", (i - 1) % 2 + 1));
    const double true_bps = static_cast<double>(first_rate * ((i + 1) / 2));
    CHECK(std::stod(records[i][column("in_bps")]) == Approx(true_bps).epsilon(0.1));
    CHECK(records[i][column("quality")] == "ok");
  }

  const CommandResult table = run_command(site.run({"--once", "--gap", "1s"}));
  INFO(table.describe());
  CHECK(table.exit_code() == 0);
  for (std::size_t i = 1; i <= 3; ++i) CHECK_THAT(table.out, Catch::Contains(fmt::format("device-{}", i)));
  CHECK_THAT(table.out, Catch::Contains("eth2") && Catch::Contains("median ms"));
  CHECK(sqlite_int(site.store(), "SELECT min(n) FROM (SELECT max(poll_number) AS n FROM polls GROUP BY device_id)") ==
        4);
}

TEST_CASE("run --once says when rates come of a device whose counters stand still", "[run]") {
  fleet::Fleet agents;
  auto devices = fleet::make_devices(1, 0, *fleet::Address::parse("127.1.0.1"), "public");
  devices[0].synthetic.interfaces = fleet::make_interfaces(1, {});
  agents.add(std::move(devices));
  agents.start();
  const Site site("defaults: {interval: 60s, timeout: 5s, ping: false}\ndevices:\n" + lines_of(agents, 1));
  const CommandResult result = run_command(site.run({"--once", "--gap", "500ms"}));
  INFO(result.err);
  CHECK_THAT(result.out, Catch::Contains("stale: device-1 may hold its counters back for some seconds"));
}

TEST_CASE("run --once makes no rate of rows that are reloaded apart from others that are fresh", "[run]") {
  const std::string gap = GENERATE("2s", "4s");
  CAPTURE(gap);
  fleet::Fleet agents;
  auto devices = fleet::make_devices(1, 0, *fleet::Address::parse("127.1.0.1"), "public");
  devices[0].synthetic.sys_uptime = 360'000;
  fleet::InterfaceSpec pattern;
  pattern.traffic.in_bps = first_rate;
  pattern.start[fleet::Count::in_octets] = first_rate / 8 * 3'600;
  devices[0].synthetic.interfaces = fleet::make_interfaces(24, pattern);
  for (std::size_t i = 4; i < 24; ++i) devices[0].synthetic.interfaces[i].cache_period = 10s;
  agents.add(std::move(devices));
  agents.start();
  const Site site("defaults: {interval: 60s, timeout: 5s, ping: false}\ndevices:\n" + lines_of(agents, 1));
  const CommandResult result = run_command(site.run({"--once", "--gap", gap, "--format", "json"}));
  INFO(result.err);
  const json device = json::parse(result.out)["devices"][0];
  for (const json& row : device["interfaces"]) {
    CAPTURE(row.dump());
    if (row["quality"] != "ok") continue;
    CHECK(row["in_bps"].get<double>() == Approx(static_cast<double>(first_rate)).epsilon(0.05));
  }
  CHECK(device["interfaces"][0]["quality"] == "ok");
  CHECK(device["interfaces"][23]["quality"] == "stale");
}

TEST_CASE("run --once ends early and in good order on SIGTERM", "[run]") {
  fleet::Fleet agents;
  add_devices(agents, 2);
  agents.start();
  const Site site("defaults: {interval: 60s, timeout: 5s}\ndevices:\n" + lines_of(agents, 2));
  Child run = Child::start(site.run({"--once", "--gap", "1h", "--format", "json"}));
  await("the first cycles", [&] {
    return run.err().find("store: ") != std::string::npos &&
           sqlite_int(site.store(), "SELECT count(*) FROM polls") == 2;
  });
  run.signal(SIGHUP);  // there is nothing to read again
  run.signal(SIGTERM);
  const auto ended = run.wait(30s);
  INFO(run.err());
  REQUIRE(ended);
  CHECK(ended->code == 1);
  CHECK_THAT(run.err(),
             Catch::Contains("octopoll run: stopped before the end: 2 of 2 devices were not polled twice\n"));
  const json shown = json::parse(run.out());
  CHECK(shown["devices"][0]["interfaces"][0]["quality"] == "first");
  CHECK(shown["devices"][0]["interfaces"][0]["in_bps"] == nullptr);
  CHECK(sqlite_int(site.store(), "SELECT count(*) FROM polls") == 2);
}
