// Names of devices: those that do not exist, that nobody answers for, and that have two addresses.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "fleet/fleet.hpp"
#include "hanging_name_server.hpp"
#include "own_file.hpp"
#include "polling.hpp"
#include "support/netns.hpp"
#include "support/snmpd.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

std::vector<fleet::DeviceSpec> named(std::vector<fleet::DeviceSpec> devices, const std::string& name) {
  devices.front().name = name;
  return devices;
}

}  // namespace

TEST_CASE("a name server that hangs does not hold up the others, nor the end", "[run]") {
  if (skip_without_netns()) return;
  const HangingNameServer names;
  fleet::Fleet agents;
  agents.add(named(fleet::make_devices(1, 2, *fleet::Address::parse("127.1.0.1"), "public"), "healthy"));
  names.space().call([&agents] { agents.start(); });
  const Site site(
      fmt::format("defaults: {{interval: 1s, timeout: 500ms}}\ndevices:\n"
                  "  - {{name: healthy, address: '127.1.0.1:{}'}}\n"
                  "  - {{name: lost, address: nowhere.example}}\n"
                  "probes:\n  - {{name: astray, host: elsewhere.example, interval: 1s, timeout: 500ms}}\n",
                  agents.port()));
  Child run = start_polling(names.inside(site.run()));
  const std::string rounds_without_address =
      "SELECT count(*) FROM ping_rounds r JOIN ping_targets t ON t.id = r.target_id"
      " WHERE t.name = 'astray' AND r.sent = 0 AND r.error_kind = 'resolve'";
  await("cycles of the others",
        [&] { return cycles_of(site.store(), "healthy").size() >= 5 && cycles_of(site.store(), "lost").size() >= 4; });
  // A round that waits for its name ends with its time.
  await("rounds of the probe", [&] { return sqlite_int(site.store(), rounds_without_address) >= 3; });
  stop_polling(run);

  for (const StoredCycle& cycle : cycles_of(site.store(), "healthy")) {
    CAPTURE(cycle.poll_number, cycle.error);
    CHECK(cycle.outcome == "complete");
  }
  auto lost = cycles_of(site.store(), "lost");
  if (lost.back().error_kind == "partial") lost.pop_back();  // our own end
  for (const StoredCycle& cycle : lost) {
    CHECK(cycle.outcome == "failed");
    CHECK(cycle.error_kind == "resolve");
    CHECK(cycle.requests == 0);
    CHECK_THAT(cycle.error, Catch::Contains("nowhere.example"));
  }
  // However many turns passed, it was asked for once and once more by the resolver's own retry.
  CHECK(names.queries("nowhere") <= 4);
}

TEST_CASE("a name that does not exist costs its own poll alone", "[run]") {
  fleet::Fleet agents;
  agents.add(named(fleet::make_devices(1, 2, *fleet::Address::parse("127.1.0.1"), "public"), "healthy"));
  agents.start();
  const Site site(
      fmt::format("defaults: {{interval: 1s, timeout: 500ms}}\ndevices:\n"
                  "  - {{name: healthy, address: '127.1.0.1:{}'}}\n"
                  "  - {{name: lost, address: no-such-host.invalid}}\n",
                  agents.port()));
  Child run = start_polling(site.run());
  await("cycles",
        [&] { return cycles_of(site.store(), "healthy").size() >= 3 && cycles_of(site.store(), "lost").size() >= 3; });
  stop_polling(run);
  for (const StoredCycle& cycle : cycles_of(site.store(), "healthy")) CHECK(cycle.outcome == "complete");
  for (const StoredCycle& cycle : cycles_of(site.store(), "lost")) {
    CHECK(cycle.outcome == "failed");
    CHECK_THAT(cycle.error, Catch::Contains("lost: ") && Catch::Contains("no-such-host.invalid"));
  }
}

TEST_CASE("where the first address of a name is silent the next one is asked, and kept to", "[run]") {
  if (skip_without_netns()) return;  // it needs to be root as well
  fleet::Fleet agents;
  auto silent = named(fleet::make_devices(1, 2, *fleet::Address::parse("127.0.0.9"), "public"), "silent");
  silent.front().faults = {{"silent", true}};
  agents.add(std::move(silent));
  agents.add(named(fleet::make_devices(1, 2, *fleet::Address::parse("127.1.0.1"), "public"), "answers"));
  agents.start();
  const Site site(
      fmt::format("devices: [{{name: twofold, address: 'twofold.example:{}', interval: 1s, timeout: 150ms,"
                  " retries: 1}}]",
                  agents.port()));
  // The library puts the address with the longer prefix in common with ours, 127.0.0.1, first.
  write_file(site.directory() / "hosts", "127.0.0.9 twofold.example\n127.1.0.1 twofold.example\n");
  Child run = start_polling(with_own_file(site.directory() / "hosts", "/etc/hosts", site.run()));
  await_cycles(site.store(), "twofold", 3);
  stop_polling(run);
  const auto cycles = cycles_of(site.store(), "twofold");
  for (const StoredCycle& cycle : cycles) {
    CAPTURE(cycle.poll_number, cycle.error);
    CHECK(cycle.outcome == "complete");
    CHECK(cycle.interfaces == 2);
  }
  CHECK(agents.stats("silent").requests == 2);  // tried once, with its retry
  CHECK(cycles[0].requests > cycles[1].requests);
  CHECK(sqlite_text(site.store(), "SELECT address FROM devices") == fmt::format("127.1.0.1:{}", agents.port()));
}

TEST_CASE("a name is asked for again as dns_cache says, and its address stays while nobody answers", "[run]") {
  if (skip_without_netns()) return;
  const HangingNameServer names;
  fleet::Fleet agents;
  agents.add(named(fleet::make_devices(1, 2, *fleet::Address::parse("127.1.0.1"), "public"), "old"));
  agents.add(named(fleet::make_devices(1, 2, *fleet::Address::parse("127.1.0.2"), "public"), "new"));
  names.space().call([&agents] { agents.start(); });
  const Site site(
      fmt::format("dns_cache: 1s\ndevices: [{{name: mover, address: 'mover.example:{}', interval: 300ms,"
                  " timeout: 250ms, ping: false}}]",
                  agents.port()));
  write_file(site.directory() / "hosts", "127.1.0.1 mover.example\n");
  Child run = start_polling(names.inside(with_own_file(site.directory() / "hosts", "/etc/hosts", site.run())));
  const auto address_is = [&](int last) {
    const auto rows = sqlite_query(site.store(), "SELECT address FROM devices");
    return !rows.empty() && std::get<std::string>(rows[0][0]) == fmt::format("127.1.0.{}:{}", last, agents.port());
  };
  await("the first address", [&] { return address_is(1); });
  write_file(site.directory() / "hosts", "127.1.0.2 mover.example\n");
  await("the second address", [&] { return address_is(2); });
  write_file(site.directory() / "hosts", "127.1.0.9 somebody.else\n");
  const auto since = cycles_of(site.store(), "mover").size();
  await_cycles(site.store(), "mover", 10);  // three times the cache
  stop_polling(run);

  const auto cycles = cycles_of(site.store(), "mover");
  for (std::size_t i = since; i < cycles.size(); ++i) {
    CAPTURE(cycles[i].poll_number, cycles[i].error);
    CHECK((cycles[i].outcome == "complete" || i + 1 == cycles.size()));
  }
  CHECK(address_is(2));
  CHECK(names.queries("mover") <= 4);
}

TEST_CASE("a link-local address is polled and pinged through the interface that it names", "[run][snmpd]") {
  if (skip_without_netns()) return;
  const Netns here;
  const Netns there;
  connect(here, {"near0", "10.99.8.1/24"}, there, {"far0", "10.99.8.2/24"});
  if (!here.run({"ip", "addr", "add", "fe80::99:1/64", "dev", "near0", "nodad"}).ok() ||
      !there.run({"ip", "addr", "add", "fe80::99:2/64", "dev", "far0", "nodad"}).ok()) {
    std::cout << "SKIPPED: no IPv6 here\n";
    return;
  }
  SnmpdOptions options;
  options.netns = &there;
  options.addresses = {"127.0.0.1", "::"};
  options.if_table_cache_seconds = 0;
  Snmpd agent(options);
  agent.start();
  const Site site(fmt::format(
      "devices: [{{name: neighbour, address: '[fe80::99:2%near0]:{}', interval: 1s, timeout: 900ms}}]", agent.port()));
  Child run = start_polling(here.inside(site.run()));
  await("a rate", [&] {
    const auto deltas = deltas_of(site.store(), "neighbour", "far0");
    return !deltas.empty() && deltas.back().in_quality == "ok";
  });
  await("echoes", [&] { return sqlite_int(site.store(), "SELECT coalesce(sum(received), 0) FROM ping_rounds") > 0; });
  stop_polling(run);
}
