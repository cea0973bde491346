// The end of `octopoll run`: soon, in good order, with all that had arrived in the store.

#include <fmt/format.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "fleet/fleet.hpp"
#include "polling.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

/// healthy, slow (800 ms an answer) and silent, at 127.1.0.1 to 3.
void add_agents(fleet::Fleet& agents) {
  auto devices = fleet::make_devices(3, 2, *fleet::Address::parse("127.1.0.1"), "public");
  devices[0].name = "healthy";
  devices[1].name = "slow";
  devices[1].faults = {{"delay", {{"fixed_ms", 800}}}};
  devices[2].name = "silent";
  devices[2].faults = {{"silent", true}};
  agents.add(std::move(devices));
}

std::string inventory_of(const fleet::Fleet& agents) {
  return fmt::format(
      "defaults: {{interval: 5m, timeout: 60s, retries: 5}}\ndevices:\n"
      "  - {{name: healthy, address: '127.1.0.1:{0}', interval: 1s, timeout: 500ms}}\n"
      "  - {{name: slow, address: '127.1.0.2:{0}'}}\n"
      "  - {{name: silent, address: '127.1.0.3:{0}'}}\n",
      agents.port());
}

/// Far less than what the devices and names of these tests hang for, far more than a loaded machine needs.
constexpr auto soon = 20s;

void end_by(Child& run, int signal) {
  const auto told = std::chrono::steady_clock::now();
  run.signal(signal);
  const auto ended = run.wait(2min);
  const auto took = std::chrono::steady_clock::now() - told;
  INFO(run.err());
  REQUIRE(ended);
  CHECK(ended->ok());
  CHECK(took < soon);
  CHECK_THAT(run.err(), Catch::Contains(" 0 lost"));
}

}  // namespace

TEST_CASE("a stop waits for nobody, and stores what had arrived", "[run]") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  CAPTURE(signal);
  fleet::Fleet agents;
  add_agents(agents);
  agents.start();
  const Site site(inventory_of(agents));
  Child run = start_polling(site.run());
  await("two cycles, and an answer of the slow one", [&] {
    return cycles_of(site.store(), "healthy").size() >= 2 && agents.stats("slow").answers >= 1 &&
           agents.stats("silent").requests >= 1;
  });
  end_by(run, signal);

  const auto slow = cycles_of(site.store(), "slow");
  REQUIRE(slow.size() == 1);
  CHECK(slow[0].outcome == "partial");
  CHECK(slow[0].error_kind == "partial");
  CHECK_THAT(slow[0].error, Catch::Contains("slow: octopoll was stopped"));
  // Nothing came of this one, so nothing says that it was there.
  const auto silent = cycles_of(site.store(), "silent");
  REQUIRE(silent.size() == 1);
  CHECK(silent[0].outcome == "failed");
  CHECK(silent[0].error_kind == "partial");
  CHECK(sqlite_int(site.store(), "SELECT count(*) FROM v_devices WHERE device = 'silent' AND last_seen IS NULL") == 1);
  for (const StoredCycle& cycle : cycles_of(site.store(), "healthy")) CHECK(cycle.outcome == "complete");
  // The probes that were sent before the end.
  CHECK(sqlite_int(site.store(),
                   "SELECT count(*) FROM ping_rounds r JOIN ping_targets t ON t.id = r.target_id"
                   " WHERE t.name = 'slow'") == 1);
}

TEST_CASE("a run goes on when nobody reads its log any more", "[run]") {
  fleet::Fleet agents;
  add_agents(agents);
  agents.start();
  const Site site(inventory_of(agents));
  std::vector<std::string> piped{"/bin/bash", "-c", "set -o pipefail; \"$@\" 2>&1 | head -1", "bash"};
  const auto run = site.run({"-v", "--duration", "4s"});
  piped.insert(piped.end(), run.begin(), run.end());
  Child child = Child::start(piped);
  const auto ended = child.wait(60s);
  INFO(child.err());
  REQUIRE(ended);
  CHECK(ended->ok());
  CHECK(cycles_of(site.store(), "healthy").size() >= 2);
}

TEST_CASE("a run ends by itself after --duration", "[run]") {
  fleet::Fleet agents;
  add_agents(agents);
  agents.start();
  const Site site(inventory_of(agents));
  Child run = start_polling(site.run({"--duration", "5s"}));
  const auto ended = run.wait(60s);
  INFO(run.err());
  REQUIRE(ended);
  CHECK(ended->ok());
  CHECK(!cycles_of(site.store(), "healthy").empty());
}
