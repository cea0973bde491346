// `octopoll run` on devices whose inventory says what they need.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>

#include "fleet/fleet.hpp"
#include "polling.hpp"
#include "support/run_command.hpp"

using namespace octopoll::test;

TEST_CASE("run asks a device no faster than its inventory allows, whatever the others do", "[run]") {
  fleet::Fleet agents;
  agents.add(fleet::make_devices(2, 40, *fleet::Address::parse("127.1.0.1"), "public"));
  agents.start();
  constexpr double per_second = 25;
  const Site site(
      fmt::format("defaults: {{interval: 60s, timeout: 5s, ping: false}}\ndevices:\n"
                  "  - {{name: weak, address: '127.1.0.1:{0}', max_requests_per_second: {1}}}\n"
                  "  - {{name: strong, address: '127.1.0.2:{0}'}}\n",
                  agents.port(), per_second));
  const CommandResult result = run_command(site.run({"--once", "--gap", "1s"}), {}, std::chrono::seconds(100));
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  const auto weak = cycles_of(site.store(), "weak");
  const auto strong = cycles_of(site.store(), "strong");
  REQUIRE(weak.size() == 2);
  REQUIRE(strong.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CAPTURE(i, weak[i].error);
    CHECK(weak[i].outcome == "complete");
    CHECK(weak[i].interfaces == 40);
    // The second one has the cost of the looks between the two.
    const double looks_ms = i == 0 ? 0.0 : 1000.0;
    if (i == 0) CHECK(weak[i].requests == strong[i].requests);
    REQUIRE(weak[i].requests > 5);
    CHECK(weak[i].duration_ms + looks_ms >= static_cast<double>(weak[i].requests - 1) / per_second * 1000);
  }
}

TEST_CASE("run polls an agent that cuts ids and one that answers from elsewhere, where the inventory says so",
          "[run]") {
  fleet::Fleet agents;
  auto devices = fleet::make_devices(3, 4, *fleet::Address::parse("127.1.0.1"), "public");
  devices[0].faults = {{"request_id_16_bit", true}};
  devices[1].faults = {{"reply_from_other_address", "127.1.0.9"}};
  devices[2].faults = {{"reply_from_other_address", "127.1.0.9"}};
  agents.add(std::move(devices));
  agents.start();
  const Site site(
      fmt::format("defaults: {{interval: 60s, ping: false}}\ndevices:\n"
                  "  - {{name: old, address: '127.1.0.1:{0}', timeout: 5s, short_request_ids: yes}}\n"
                  "  - {{name: router, address: '127.1.0.2:{0}', timeout: 5s, answers_from: [127.1.0.9]}}\n"
                  "  - {{name: unlisted, address: '127.1.0.3:{0}', timeout: 500ms, retries: 0}}\n",
                  agents.port()));
  const CommandResult result = run_command(site.run({"--once", "--gap", "1s"}), {}, std::chrono::seconds(100));
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  for (const char* device : {"old", "router"}) {
    CAPTURE(device);
    const auto cycles = cycles_of(site.store(), device);
    REQUIRE(cycles.size() == 2);
    for (const StoredCycle& cycle : cycles) {
      CHECK(cycle.outcome == "complete");
      CHECK(cycle.interfaces == 4);
    }
  }
  const auto refused = cycles_of(site.store(), "unlisted");
  REQUIRE(refused.size() == 2);
  CHECK(refused[0].error_kind == "timeout");
  CHECK_THAT(result.err, Catch::Contains("an answer came from 127.1.0.9:") && Catch::Contains("answers_from"));
}
