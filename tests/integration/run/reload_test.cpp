// SIGHUP: another inventory while the polling goes on.

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "fleet/fleet.hpp"
#include "polling.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t rate = 80'000'000;

/// device-1 to device-4 at 127.1.0.1 to 4.
class Agents {
 public:
  Agents() {
    auto devices = fleet::make_devices(4, 0, *fleet::Address::parse("127.1.0.1"), "public");
    for (auto& device : devices) {
      fleet::InterfaceSpec pattern;
      pattern.traffic.in_bps = rate;
      device.synthetic.interfaces = fleet::make_interfaces(2, pattern);
    }
    fleet_.add(std::move(devices));
    fleet_.start();
  }
  fleet::Fleet& fleet() { return fleet_; }

  /// "  - {name: NAME, address: ..., MORE}".
  [[nodiscard]] std::string line(const std::string& name, int address, const std::string& more = {}) const {
    return fmt::format("  - {{name: {}, address: '127.1.0.{}:{}'{}{}}}\n", name, address, fleet_.port(),
                       more.empty() ? "" : ", ", more);
  }

 private:
  fleet::Fleet fleet_;
};

const std::string head = "defaults: {interval: 300ms, timeout: 250ms, retries: 0}\ndevices:\n";

void reload(const Site& site, Child& run, const std::string& yaml) {
  const auto reads = [&run] {
    std::size_t count = 0;
    const std::string err = run.err();
    for (std::size_t at = 0; (at = err.find("was read again", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  const std::size_t before = reads();
  site.rewrite(yaml);
  run.signal(SIGHUP);
  await("the end of the reload", [&] { return reads() > before || run.err().find("error: ") != std::string::npos; });
  INFO(run.err());
  REQUIRE(reads() > before);
}

/// The base lines survived: after its first cycle an interface never starts anew.
void check_unbroken(const Site& site, const std::string& device) {
  for (const char* interface : {"eth1", "eth2"}) {
    const auto all = deltas_of(site.store(), device, interface);
    REQUIRE(all.size() > 2);
    const auto deltas = after_beginning(all);
    CHECK(deltas[0].in_quality == "first");
    for (std::size_t i = 1; i < deltas.size(); ++i) {
      CAPTURE(device, interface, deltas[i].poll_number, deltas[i].in_quality, deltas[i].time_error);
      CHECK((deltas[i].in_quality == "ok" || deltas[i].in_quality == "gap"));
    }
  }
}

std::size_t pings_of(const Site& site, const std::string& target) {
  return static_cast<std::size_t>(
      sqlite_int(site.store(), fmt::format("SELECT count(*) FROM ping_rounds r JOIN ping_targets t"
                                           " ON t.id = r.target_id WHERE t.name = '{}'",
                                           target)));
}

}  // namespace

TEST_CASE("a reload adds, removes and changes devices, and leaves the others alone", "[run]") {
  Agents agents;
  const std::string stays = agents.line("stays", 1);
  const Site site(head + stays + agents.line("goes", 2) + agents.line("changes", 3));
  Child run = start_polling(site.run());
  for (const char* name : {"stays", "goes", "changes"}) await_cycles(site.store(), name, 3);
  const auto table_walks = agents.fleet().stats("device-1").get_bulks;

  reload(site, run,
         head + stays + agents.line("changes", 3, "timeout: 100ms, interval: 200ms, ping: false") +
             agents.line("comes", 4) +
             "probes:\n  - {name: probe, host: 127.0.0.1, interval: 300ms, timeout: 200ms}\n");
  await_cycles(site.store(), "comes", 3);
  await_cycles(site.store(), "changes", 3);
  await_cycles(site.store(), "stays", 3);
  await("rounds of the probe", [&] { return pings_of(site, "probe") >= 2; });
  // The tables of a device that stayed as it was are not read again for a reload.
  CHECK(agents.fleet().stats("device-1").get_bulks == table_walks);
  const std::size_t gone = cycles_of(site.store(), "goes").size();
  const std::size_t pings = pings_of(site, "changes");
  await_cycles(site.store(), "stays", 3);
  CHECK(cycles_of(site.store(), "goes").size() == gone);
  CHECK(pings_of(site, "changes") == pings);

  // What went comes back, and what changed the address is another device.
  reload(site, run, head + stays + agents.line("goes", 2) + agents.line("changes", 4));
  await_cycles(site.store(), "goes", 3);
  await_cycles(site.store(), "changes", 3);
  await_cycles(site.store(), "stays", 3);
  stop_polling(run);
  CHECK_THAT(run.err(), !Catch::Contains("error"));

  check_unbroken(site, "stays");
  for (const char* name : {"stays", "goes", "changes", "comes"}) {
    const auto cycles = cycles_of(site.store(), name);
    for (std::size_t i = 0; i < cycles.size(); ++i) {
      CAPTURE(name);
      CHECK(cycles[i].poll_number == static_cast<std::int64_t>(i + 1));  // none stored under a number that was used
    }
  }
  const auto returned = deltas_of(site.store(), "goes", "eth1");
  CHECK(std::count_if(returned.begin(), returned.end(), [](const auto& d) { return d.in_quality == "first"; }) == 2);
  const auto moved = deltas_of(site.store(), "changes", "eth1");
  CHECK(std::count_if(moved.begin(), moved.end(), [](const auto& d) { return d.in_quality == "first"; }) == 2);
}

TEST_CASE("a reload does not change the store, and says so", "[run]") {
  Agents agents;
  const Site site(head + agents.line("stays", 1));
  Child run = start_polling(site.run());
  await_cycles(site.store(), "stays", 1);
  write_file(site.inventory(), head + agents.line("stays", 1) + "store: other.db\n");
  run.signal(SIGHUP);
  await("the warning", [&] { return run.err().find("the store stays " + site.store().string()) != std::string::npos; });
  await_cycles(site.store(), "stays", 2);
  stop_polling(run);
  CHECK_FALSE(std::filesystem::exists(site.directory() / "other.db"));
}

TEST_CASE("a reload changes how long the store keeps what it has", "[run]") {
  Agents agents;
  const Site site(head + agents.line("stays", 1));
  {
    Child before = start_polling(site.run());
    await_cycles(site.store(), "stays", 4);
    stop_polling(before);
  }
  // All but the newest, by which a run knows what time it is.
  sqlite_change(site.store(),
                "UPDATE polls SET started_at = started_at - 259200000 WHERE id < (SELECT max(id) FROM polls)");
  // As rows or, from the first minute on, sealed.
  const auto old_samples = [&] {
    return sqlite_int(site.store(),
                      "SELECT (SELECT count(*) FROM polls p JOIN samples s ON s.poll_id = p.id"
                      " WHERE p.started_at < unixepoch('now', '-2 days') * 1000) +"
                      " (SELECT coalesce(sum(row_count), 0) FROM sealed_rows WHERE level = 0)");
  };
  Child run = start_polling(site.run());
  await_cycles(site.store(), "stays", 2);
  CHECK(old_samples() >= 3);
  write_file(site.inventory(), head + agents.line("stays", 1) + "store: {path: store.db, retention: {samples: 2d}}\n");
  run.signal(SIGHUP);
  await("the old samples to go", [&] { return old_samples() == 0; });
  CHECK(run.err().find("the store stays") == std::string::npos);
  stop_polling(run);
}

TEST_CASE("a reload with an error says where it is and keeps what was read before", "[run]") {
  Agents agents;
  const Site site(head + agents.line("stays", 1));
  Child run = start_polling(site.run());
  await_cycles(site.store(), "stays", 2);
  site.rewrite(head + agents.line("stays", 1, "intervall: 1s"));
  run.signal(SIGHUP);
  await("the error", [&] {
    return run.err().find("stays") != std::string::npos && run.err().find("has errors") != std::string::npos;
  });
  CHECK_THAT(run.err(), Catch::Contains(site.inventory().string() + ":3:") && Catch::Contains("intervall"));
  await_cycles(site.store(), "stays", 3);
  stop_polling(run);
  check_unbroken(site, "stays");
}

TEST_CASE("reloads while cycles are under way cost no base line and no cycle", "[run]") {
  Agents agents;
  // Always in the middle of a cycle: each answer takes a third of the interval.
  REQUIRE(agents.fleet().command({{"device", "*"}, {"set", {{"delay", {{"fixed_ms", 100}}}}}}).contains("ok"));
  const std::string slow = "defaults: {interval: 600ms, timeout: 500ms, retries: 0}\ndevices:\n";
  const auto inventory = [&](int round) {
    // A session of its own for every other reload, a device that comes and goes, another rule.
    return slow + agents.line("stays", 1, round % 2 == 0 ? "timeout: 450ms" : "retries: 1") +
           agents.line("rules", 2, fmt::format("interfaces: {{exclude: ['^none{}$']}}", round)) +
           (round % 3 == 0 ? agents.line("flickers", 3) : "");
  };
  const Site site(inventory(0));
  Child run = start_polling(site.run());
  await("first rates", [&] {
    const auto deltas = deltas_of(site.store(), "rules", "eth1");
    return !deltas.empty() && deltas.back().in_quality == "ok";
  });
  for (int round = 1; round <= 12; ++round) reload(site, run, inventory(round));
  await_cycles(site.store(), "stays", 2);
  await_cycles(site.store(), "rules", 2);
  stop_polling(run);
  for (const char* name : {"stays", "rules"}) check_unbroken(site, name);
  for (const char* name : {"stays", "rules", "flickers"}) {
    const auto cycles = cycles_of(site.store(), name);
    for (std::size_t i = 0; i < cycles.size(); ++i) {
      CHECK(cycles[i].poll_number == static_cast<std::int64_t>(i + 1));
    }
  }
}
