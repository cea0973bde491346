// `octopoll run` that is killed, doubled, or refused its sockets.

#include <fmt/format.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "fleet/fleet.hpp"
#include "polling.hpp"
#include "support/netns.hpp"
#include "support/run_command.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t device_count = 50;

std::string inventory_of(const fleet::Fleet& agents, std::size_t count, const std::string& interval) {
  std::string yaml = fmt::format("defaults: {{interval: {}, timeout: 100ms}}\ndevices:\n", interval);
  for (std::size_t i = 1; i <= count; ++i) {
    yaml += fmt::format("  - {{name: device-{0}, address: '127.1.0.{0}:{1}'}}\n", i, agents.port());
  }
  return yaml;
}

std::int64_t stored(const Site& site) { return sqlite_int(site.store(), "SELECT count(*) FROM polls"); }

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++count;
  return count;
}

}  // namespace

TEST_CASE("kill -9 under load loses no stored cycle, and the numbers go on", "[run]") {
  fleet::Fleet agents;
  agents.add(fleet::make_devices(device_count, 4, *fleet::Address::parse("127.1.0.1"), "public"));
  agents.start();
  const Site site(inventory_of(agents, device_count, "200ms"));
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> moment(0, 700);

  std::int64_t before = 0;
  for (int round = 0; round < 6; ++round) {
    CAPTURE(round);
    Child run = start_polling(site.run());
    await("cycles of this round", [&] { return stored(site) > before + device_count; });
    std::this_thread::sleep_for(std::chrono::milliseconds(moment(random)));
    const std::int64_t seen = stored(site);
    run.signal(SIGKILL);
    const auto ended = run.wait(30s);
    REQUIRE(ended);
    REQUIRE(ended->signal == SIGKILL);

    CHECK(sqlite_text(site.store(), "PRAGMA integrity_check") == "ok");
    CHECK(sqlite_query(site.store(), "PRAGMA foreign_key_check").empty());
    CHECK(stored(site) >= seen);
    // From 1 without a gap and without a double, over all rounds so far.
    CHECK(sqlite_int(site.store(),
                     "SELECT count(*) FROM (SELECT device_id FROM polls GROUP BY device_id HAVING"
                     " count(*) <> max(poll_number) OR count(DISTINCT poll_number) <> count(*))") == 0);
    // A cycle is there with all its rows.
    CHECK(sqlite_int(site.store(),
                     "SELECT count(*) FROM polls p WHERE outcome = 'complete' AND"
                     " (SELECT count(*) FROM samples s WHERE s.poll_id = p.id) <> 4") == 0);
    before = stored(site);
  }
  // Killed when it knew of every agent how it answers, it goes on from what was stored last.
  Child killed = start_polling(site.run());
  await("what is known of the agents", [&] {
    return sqlite_int(site.store(), "SELECT count(*) FROM device_latest WHERE cache_known") == device_count;
  });
  killed.signal(SIGKILL);
  REQUIRE(killed.wait(30s));
  const std::int64_t last = sqlite_int(site.store(), "SELECT max(id) FROM polls");
  Child run = start_polling(site.run());
  await("a cycle of each device", [&] {
    return sqlite_int(site.store(), fmt::format("SELECT count(DISTINCT device_id) FROM polls WHERE id > {}", last)) ==
           device_count;
  });
  stop_polling(run);
  CHECK(sqlite_int(site.store(),
                   fmt::format("SELECT count(*) FROM samples WHERE poll_id > {} AND in_quality = 'first'", last)) == 0);
}

TEST_CASE("a second run on the same store is refused, and the first goes on", "[run]") {
  fleet::Fleet agents;
  agents.add(fleet::make_devices(2, 1, *fleet::Address::parse("127.1.0.1"), "public"));
  agents.start();
  const Site site(inventory_of(agents, 2, "300ms"));
  Child first = start_polling(site.run());
  await_cycles(site.store(), "device-1", 1);
  const CommandResult second = run_command(site.run({"--duration", "1s"}));
  INFO(second.describe());
  CHECK(second.exit_code() != 0);
  CHECK_THAT(second.err, Catch::Contains(site.store().string()) && Catch::Contains("another octopoll"));
  CHECK(count_of(second.err, "octopoll run: ") == 1);
  await_cycles(site.store(), "device-1", 2);
  stop_polling(first);
}

TEST_CASE("without a way to ping there is one warning, and the polling goes on", "[run]") {
  if (skip_without_netns()) return;
  const Netns space;
  space.must({"sysctl", "-q", "-w", "net.ipv4.ping_group_range=1 0"});
  fleet::Fleet agents;
  agents.add(fleet::make_devices(2, 1, *fleet::Address::parse("127.1.0.1"), "public"));
  space.call([&agents] { agents.start(); });
  const Site site(inventory_of(agents, 2, "300ms") +
                  "probes: [{name: probe, host: 127.0.0.1, interval: 300ms, timeout: 200ms}]\n");
  // The user stays, so that the store can be written; what is taken away is the capability that root pings by.
  std::vector<std::string> argv{"setpriv", "--inh-caps=-all", "--bounding-set=-all"};
  for (const std::string& word : site.run()) argv.push_back(word);
  Child run = start_polling(space.inside(std::move(argv)));
  for (const char* device : {"device-1", "device-2"}) await_cycles(site.store(), device, 4);
  stop_polling(run);
  INFO(run.err());
  CHECK(count_of(run.err(), "octopoll: warning") == 1);
  CHECK_THAT(run.err(), Catch::Contains("no latency will be measured") && Catch::Contains("ping_group_range") &&
                            Catch::Contains("cap_net_raw"));
  CHECK(sqlite_int(site.store(), "SELECT count(*) FROM polls WHERE outcome <> 'complete'") == 0);
  // Each target's rounds say why nothing was measured.
  CHECK(sqlite_int(site.store(), "SELECT count(DISTINCT target_id) FROM ping_rounds WHERE error_kind = 'permission'") ==
        3);
  CHECK(sqlite_int(site.store(), "SELECT count(*) FROM ping_rounds WHERE sent > 0 OR error IS NULL") == 0);
  CHECK_THAT(run.err(), Catch::Contains(" 0 ping rounds"));
}
