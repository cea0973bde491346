// Whether a device can be reached, by ICMP, by SNMP, by both or not at all, as `octopoll run` finds it.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "fleet/fleet.hpp"
#include "integration/run/polling.hpp"
#include "support/binaries.hpp"
#include "support/netns.hpp"
#include "support/run_command.hpp"
#include "support/snmpd.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;
using nlohmann::json;

namespace {

std::string inventory_of(const fleet::Fleet& agents) {
  std::string yaml =
      "defaults: {interval: 500ms, timeout: 100ms, retries: 1}\nping: {timeout: 100ms, count: 3}\ndevices:\n";
  for (int i = 1; i <= 2; ++i) {
    yaml += fmt::format("  - {{name: device-{0}, address: '127.1.0.{0}:{1}'}}\n", i, agents.port());
  }
  return yaml;
}

std::string states(const Site& site) {
  std::string all;
  for (const SqlRow& row : sqlite_query(site.store(), "SELECT state FROM v_devices ORDER BY device")) {
    all += std::get<std::string>(row[0]) + " ";
  }
  return all;
}

}  // namespace

TEST_CASE("the state of a device is what ICMP and SNMP say together, and it is asked by both whatever they said",
          "[latency]") {
  if (skip_without_netns()) return;
  const Netns space;
  fleet::Fleet agents;
  agents.add(fleet::make_devices(2, 1, *fleet::Address::parse("127.1.0.1"), "public"));
  space.call([&agents] { agents.start(); });
  agents.set("device-2", {{"silent", true}});
  const Site site(inventory_of(agents));
  Child run = start_polling(space.inside(site.run()));
  await("both answer echo", [&] { return states(site) == "up icmp_only "; });

  space.must({"sysctl", "-q", "-w", "net.ipv4.icmp_echo_ignore_all=1"});
  await("nobody answers echo", [&] { return states(site) == "snmp_only down "; });
  // One is polled in full although it is silent to ICMP, the other asked with one PDU although it is silent to both.
  const std::size_t cycles = cycles_of(site.store(), "device-2").size();
  const auto asked = agents.stats("device-2").requests;
  await_cycles(site.store(), "device-1", 3);
  await_cycles(site.store(), "device-2", 3);
  CHECK(cycles_of(site.store(), "device-1").back().outcome == "complete");
  CHECK(cycles_of(site.store(), "device-1").back().interfaces == 1);
  const auto more_cycles = cycles_of(site.store(), "device-2").size() - cycles;
  const auto more_asked = agents.stats("device-2").requests - asked;
  CHECK(more_asked >= 3);
  CHECK(more_asked <= more_cycles + 2);  // at either end one may be on its way

  agents.set("device-2", {{"silent", false}});
  space.must({"sysctl", "-q", "-w", "net.ipv4.icmp_echo_ignore_all=0"});
  await("both are up", [&] { return states(site) == "up up "; });
  stop_polling(run);

  const CommandResult result = run_command({octopoll_binary().string(), "report", "availability", "--db",
                                            site.store().string(), "--since", "1h", "--format", "json"});
  INFO(result.describe());
  REQUIRE(result.exit_code() == 0);
  const json devices = json::parse(result.out)["devices"];
  REQUIRE(devices.size() == 2);
  CHECK(devices[0]["device"] == "device-2");  // the worse one
  CHECK(devices[0]["icmp_only_seconds"].get<double>() > 0.0);
  CHECK(devices[0]["down_seconds"].get<double>() > 1.0);
  CHECK(devices[0]["reachable_share"].get<double>() < 1.0);
  CHECK(devices[1]["snmp_only_seconds"].get<double>() > 1.0);
  CHECK(devices[1]["reachable_share"] == 1.0);
  CHECK(devices[1]["snmp_share"] == 1.0);
  CHECK(devices[1]["icmp_share"].get<double>() < 1.0);

  // A round lies beside the poll of its turn; a turn may lack its poll, where the one before it was not over.
  const std::string polls_beside =
      "SELECT (SELECT count(*) FROM polls p WHERE p.device_id = d.id AND p.slot = r.slot) AS polls FROM ping_rounds r"
      " JOIN ping_targets t ON t.id = r.target_id JOIN devices d ON d.name = t.name";
  CHECK(sqlite_int(site.store(), "SELECT count(*) FROM (" + polls_beside + ") WHERE polls > 1") == 0);
  CHECK(sqlite_int(site.store(), "SELECT count(*) FROM (" + polls_beside + ") WHERE polls = 1") >= 8);
}

TEST_CASE("a machine with a real agent goes through all states", "[latency]") {
  if (skip_without_netns()) return;
  const Netns space;
  Snmpd agent(SnmpdOptions{.if_table_cache_seconds = 1, .netns = &space, .addresses = {"127.0.0.1"}});
  agent.start();
  const Site site(
      "defaults: {interval: 500ms, timeout: 300ms, retries: 1}\nping: {timeout: 100ms, count: 3}\ndevices:\n"
      "  - {name: here, address: '" +
      agent.target() + "'}\n");
  Child run = start_polling(space.inside(site.run()));
  const auto echoes = [&space](const char* ignored) {
    space.must({"sysctl", "-q", "-w", std::string("net.ipv4.icmp_echo_ignore_all=") + ignored});
  };
  await("both answer", [&] { return states(site) == "up "; });
  echoes("1");
  await("SNMP alone answers", [&] { return states(site) == "snmp_only "; });
  agent.freeze();
  await("nobody answers", [&] { return states(site) == "down "; });
  echoes("0");
  await("ICMP alone answers", [&] { return states(site) == "icmp_only "; });
  agent.thaw();
  await("both answer again", [&] { return states(site) == "up "; });
  stop_polling(run);
}
