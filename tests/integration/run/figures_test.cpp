// What `octopoll run` says of itself: on SIGUSR1, with -v, in its last line.

#include <fmt/format.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <string>

#include "fleet/fleet.hpp"
#include "polling.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

/// talker and mute, at 127.1.0.1 and 2.
void add_agents(fleet::Fleet& agents) {
  auto devices = fleet::make_devices(2, 5, *fleet::Address::parse("127.1.0.1"), "public");
  devices[0].name = "talker";
  devices[1].name = "mute";
  devices[1].faults = {{"silent", true}};
  agents.add(std::move(devices));
  agents.start();
}

std::string inventory_of(const fleet::Fleet& agents) {
  return fmt::format(
      "defaults: {{interval: 500ms, timeout: 150ms, retries: 1, ping: false}}\ndevices:\n"
      "  - {{name: talker, address: '127.1.0.1:{0}'}}\n"
      "  - {{name: mute, address: '127.1.0.2:{0}'}}\n",
      agents.port());
}

/// The rest of the first line in `text` that has `beginning` in it.
std::string rest_of_line(const std::string& text, const std::string& beginning) {
  const std::size_t at = text.find(beginning);
  INFO(text);
  REQUIRE(at != std::string::npos);
  const std::size_t from = at + beginning.size();
  return text.substr(from, text.find('\n', from) - from);
}

}  // namespace

TEST_CASE("SIGUSR1 tells the figures, and the polling goes on", "[run]") {
  fleet::Fleet agents;
  add_agents(agents);
  const Site site(inventory_of(agents));
  Child run = start_polling(site.run());
  await("cycles",
        [&] { return cycles_of(site.store(), "talker").size() >= 3 && cycles_of(site.store(), "mute").size() >= 3; });
  // On a busy machine a cycle may be over before its request has timed out.
  await("the figures of both devices", [&] {
    run.signal(SIGUSR1);
    const std::string err = run.err();
    const std::size_t at = err.find("  most timeouts");
    return at != std::string::npos && err.find("    talker: ", at) != std::string::npos;
  });
  const std::string said = run.err();
  CHECK_THAT(said, Catch::Contains(": 2 devices, 0 probes\n"));
  CHECK_THAT(rest_of_line(said, "  polls   "), Catch::Contains("under way"));
  CHECK_THAT(rest_of_line(said, "  SNMP    "), Catch::Contains(" timeout") && Catch::Contains("dropped by the kernel"));
  CHECK_THAT(rest_of_line(said, "  loop    "), Catch::Contains("timers late since the last look: mean "));
  const std::string timeouts = said.substr(said.find("  most timeouts"));
  CHECK_THAT(rest_of_line(timeouts, "    mute: "), Catch::Contains(" timeout") && Catch::Contains("; failing now"));
  CHECK_THAT(rest_of_line(said, "    talker: "), Catch::Contains(" PDUs, ") && Catch::Contains("5 interfaces in "));

  const std::size_t before = cycles_of(site.store(), "talker").size();
  await("more cycles", [&] { return cycles_of(site.store(), "talker").size() >= before + 2; });
  stop_polling(run);
  const std::string last = run.err().substr(run.err().rfind("octopoll: "));
  CHECK_THAT(last, Catch::Contains(" 0 lost\n") && Catch::Contains("PDUs sent") && Catch::Contains("timers late"));
  CHECK_THAT(last, Catch::Contains(fmt::format("{} cycles (", sqlite_int(site.store(), "SELECT count(*) FROM polls"))));
}

TEST_CASE("run -v says what each cycle cost", "[run]") {
  fleet::Fleet agents;
  add_agents(agents);
  const Site site(inventory_of(agents));
  Child run = start_polling(site.run({"-v"}));
  await("a line for a cycle of each", [&] {
    return run.err().find("talker: complete: ") != std::string::npos &&
           run.err().find("mute: failed: ") != std::string::npos;
  });
  stop_polling(run);
  CHECK_THAT(rest_of_line(run.err(), "talker: complete: "),
             Catch::Contains(" PDUs, ") && Catch::Contains(" 5 interfaces in "));
  CHECK(agents.stats("talker").requests > 0);
}
