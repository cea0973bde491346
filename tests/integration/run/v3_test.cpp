// `octopoll run` and real SNMPv3 agents: clones, contexts, restarts.

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "polling.hpp"
#include "support/snmpd.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;

namespace {

const SnmpdUser alice{"alice", "SHA-512", "correct horse battery", "AES256", "staple staple staple", "priv", ""};
const SnmpdUser bob{"bob", "MD5", "another horse here", "DES", "another staple here", "priv", ""};

const std::string auths_and_defaults =
    "auths:\n"
    "  alice: {version: 3, username: alice, security_level: authPriv, auth_protocol: SHA512,"
    " password: 'correct horse battery', priv_protocol: AES256, priv_password: 'staple staple staple'}\n"
    "  bob: {version: 3, username: bob, security_level: authPriv, auth_protocol: MD5,"
    " password: 'another horse here', priv_protocol: DES, priv_password: 'another staple here'}\n"
    "  inner: {version: 3, username: alice, security_level: authPriv, auth_protocol: SHA512,"
    " password: 'correct horse battery', priv_protocol: AES256, priv_password: 'staple staple staple',"
    " context_name: inner}\n"
    "defaults: {interval: 1s, timeout: 900ms, retries: 0, ping: false}\n";

Snmpd agent_called(const std::string& name, const SnmpdUser& user, const std::string& engine_id = {}) {
  SnmpdOptions options;
  options.users = {user};
  options.engine_id_hex = engine_id;
  options.config_lines = {"sysName " + name};
  return Snmpd(std::move(options));
}

void await_complete(const Site& site, const std::string& device, std::ptrdiff_t count) {
  await(fmt::format("{} complete cycles of {}", count, device), [&] {
    const auto cycles = cycles_of(site.store(), device);
    return std::count_if(cycles.begin(), cycles.end(), [](const auto& c) { return c.outcome == "complete"; }) >= count;
  });
}

std::string sys_name_of(const Site& site, const std::string& device) {
  return sqlite_text(site.store(), fmt::format("SELECT sys_name FROM devices WHERE name = '{}'", device));
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace

TEST_CASE("two devices of one engine id are both polled, and told once", "[run][snmpd]") {
  Snmpd first = agent_called("first", alice, "80001f8804636c6f6e65");
  Snmpd second = agent_called("second", bob, "80001f8804636c6f6e65");
  Snmpd other = agent_called("other", alice);
  first.start();
  second.start();
  second.restart();  // another count of boots
  other.start();
  const Site site(auths_and_defaults + fmt::format("devices:\n"
                                                   "  - {{name: west, address: '{}', auth: alice}}\n"
                                                   "  - {{name: east, address: '{}', auth: bob}}\n"
                                                   "  - {{name: north, address: '{}', auth: alice}}\n",
                                                   first.target(), second.target(), other.target()));
  Child run = start_polling(site.run());
  for (const char* device : {"west", "east", "north"}) await_complete(site, device, 3);
  run.signal(SIGHUP);  // the same inventory again is no news
  await_cycles(site.store(), "west", 2);
  await_cycles(site.store(), "east", 1);
  stop_polling(run);

  CHECK(sys_name_of(site, "west") == "first");
  CHECK(sys_name_of(site, "east") == "second");
  const std::string said = run.err();
  INFO(said);
  CHECK(times(said, "claim one SNMP engine id") == 1);
  CHECK_THAT(said, Catch::Contains("octopoll: warning: ") && Catch::Contains("80001f8804636c6f6e65") &&
                       Catch::Contains(fmt::format("west ({})", first.target())) &&
                       Catch::Contains(fmt::format("east ({})", second.target())) && !Catch::Contains("north"));
}

TEST_CASE("two contexts of one agent are two devices, and no clones", "[run][snmpd]") {
  Snmpd inner;
  inner.start();
  SnmpdOptions options;
  options.users = {alice};
  options.views = {{"everything", ".1", true}};
  options.config_lines = {"sysName outer", "rouser alice priv -V everything inner",
                          fmt::format("proxy -Cn inner -v2c -c public {} 1.3.6.1.2.1", inner.target())};
  Snmpd outer(std::move(options));
  outer.start();
  const Site site(auths_and_defaults + fmt::format("devices:\n"
                                                   "  - {{name: plain, address: '{0}', auth: alice}}\n"
                                                   "  - {{name: tenant, address: '{0}', auth: inner}}\n",
                                                   outer.target()));
  Child run = start_polling(site.run());
  for (const char* device : {"plain", "tenant"}) await_complete(site, device, 2);
  stop_polling(run);
  CHECK(sys_name_of(site, "plain") == "outer");
  CHECK(sys_name_of(site, "tenant") != "outer");
  INFO(run.err());
  CHECK(times(run.err(), "engine id") == 0);
}

TEST_CASE("an SNMPv3 agent that restarts is polled on, as a reboot", "[run][snmpd]") {
  Snmpd agent = agent_called("restarts", alice);
  agent.start();
  const Site site(auths_and_defaults +
                  fmt::format("devices: [{{name: agent, address: '{}', auth: alice}}]\n", agent.target()));
  Child run = start_polling(site.run());
  await_complete(site, "agent", 3);
  const std::size_t before = cycles_of(site.store(), "agent").size();
  agent.restart();
  const auto back = [&] {
    const auto cycles = cycles_of(site.store(), "agent");
    return std::count_if(cycles.begin() + static_cast<std::ptrdiff_t>(before), cycles.end(),
                         [](const auto& c) { return c.outcome == "complete"; }) >= 3;
  };
  await("complete cycles after the restart", back);
  stop_polling(run);

  const auto cycles = cycles_of(site.store(), "agent");
  CHECK(std::count_if(cycles.begin(), cycles.end(), [](const auto& c) { return c.rebooted; }) == 1);
  for (const StoredCycle& cycle : cycles) {
    CAPTURE(cycle.poll_number, cycle.error_kind, cycle.error);
    // While it is down; never a question of clocks or keys.
    const bool away =
        cycle.error_kind == "unreachable" || cycle.error_kind == "timeout" || cycle.error_kind == "partial";
    CHECK((cycle.error_kind.empty() || away));
  }
}
