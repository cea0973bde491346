#include "support/snmpd.hpp"

#include <catch2/catch.hpp>

#include "support/ports.hpp"
#include "support/run_command.hpp"

namespace octopoll::test {
namespace {

const std::string sys_uptime = "1.3.6.1.2.1.1.3.0";
const std::string engine_id = "1.3.6.1.6.3.10.2.1.1.0";
const std::string engine_boots = "1.3.6.1.6.3.10.2.1.2.0";
const std::string cache_timeout = "1.3.6.1.4.1.8072.1.5.3.1.2.1.3.6.1.2.1.2.2";

ChildOptions quiet() {
  ChildOptions options;
  options.env = {{"MIBS", ""}, {"SNMPCONFPATH", "/nonexistent"}};
  return options;
}

CommandResult get_v2c(const std::string& community, const std::string& target, const std::string& oid) {
  return run_command({"snmpget", "-v2c", "-c", community, "-t", "2", "-r", "2", "-Oqvn", target, oid}, quiet());
}

CommandResult get_v3(const std::string& target, const std::string& oid,
                     const std::string& passphrase = "auth-passphrase") {
  return run_command({"snmpget", "-v3", "-u",       "alice", "-l",    "authPriv", "-a",
                      "SHA-256", "-A",  passphrase, "-x",    "AES",   "-X",       "priv passphrase",
                      "-t",      "2",   "-r",       "2",     "-Oqvn", target,     oid},
                     quiet());
}

/// Nobody is to answer: one try, and no longer than it takes on a loaded machine to be sure.
bool silent(const std::string& community, const std::string& target) {
  const CommandResult result =
      run_command({"snmpget", "-v2c", "-c", community, "-t", "1", "-r", "0", "-Oqvn", target, sys_uptime}, quiet());
  return !result.ok() && result.out.empty();
}

TEST_CASE("a real snmpd answers its communities and nobody else") {
  SnmpdOptions options;
  options.communities = {{"public", ""}, {"narrow", "only-system"}};
  options.views = {{"only-system", "1.3.6.1.2.1.1", true}};
  Snmpd agent(std::move(options));
  agent.start();
  CHECK(get_v2c("public", agent.target(), sys_uptime).ok());
  CHECK(get_v2c("public", agent.target(), "1.3.6.1.2.1.2.1.0").out.find("No Such") == std::string::npos);
  CHECK(get_v2c("narrow", agent.target(), sys_uptime).out.find("No Such") == std::string::npos);
  CHECK(get_v2c("narrow", agent.target(), "1.3.6.1.2.1.2.1.0").out.find("No Such") != std::string::npos);
  CHECK(silent("wrong", agent.target()));
  if (has_ipv6_loopback()) CHECK(get_v2c("public", agent.target_ipv6(), sys_uptime).ok());
}

TEST_CASE("users of SNMPv3, engine id and boots live on over a restart") {
  SnmpdOptions options;
  options.users = {{"alice", "SHA-256", "auth-passphrase", "AES", "priv passphrase", "priv", ""}};
  Snmpd agent(std::move(options));
  agent.start();
  const CommandResult first_id = get_v3(agent.target(), engine_id);
  const CommandResult first_boots = get_v3(agent.target(), engine_boots);
  INFO(first_id.describe());
  REQUIRE(first_id.ok());
  CHECK_FALSE(get_v3(agent.target(), engine_id, "wrong-passphrase").ok());

  agent.restart();
  CHECK(get_v3(agent.target(), engine_id).out == first_id.out);
  CHECK(std::stoi(get_v3(agent.target(), engine_boots).out) == std::stoi(first_boots.out) + 1);
}

TEST_CASE("engine id and cache period are what was asked for, after a restart too") {
  SnmpdOptions options;
  options.engine_id_hex = "80001f8804746573742d6167656e74";
  options.if_table_cache_seconds = 1;
  Snmpd agent(std::move(options));
  for (int i = 0; i < 2; ++i) {
    agent.restart();
    CHECK(get_v2c("public", agent.target(), engine_id).out.starts_with("\"80 00 1F 88 04 74 65 73 74"));
    CHECK(get_v2c("public", agent.target(), cache_timeout).out == "1\n");
  }
}

TEST_CASE("a stopped snmpd does not answer") {
  Snmpd agent;
  agent.start();
  agent.stop();
  CHECK(silent("public", agent.target()));
}

TEST_CASE("a snmpd that cannot start says why") {
  SnmpdOptions options;
  options.addresses = {"192.0.2.77"};
  Snmpd agent(std::move(options));
  CHECK_THROWS_WITH(agent.start(), Catch::Contains("192.0.2.77"));
}

TEST_CASE("a snmpd inside a namespace shows that namespace's interfaces") {
  if (skip_without_netns()) return;
  const Netns device;
  const Netns poller;
  connect(device, {"port0", "10.9.1.1/24"}, poller, {"uplink0", "10.9.1.2/24"});
  SnmpdOptions options;
  options.netns = &device;
  options.addresses = {"10.9.1.1"};
  Snmpd agent(std::move(options));
  agent.start();
  const CommandResult names = run_command(
      poller.inside({"snmpwalk", "-v2c", "-c", "public", "-Oqvn", agent.target(), "1.3.6.1.2.1.31.1.1.1.1"}), quiet());
  INFO(names.describe());
  CHECK(names.out == "\"lo\"\n\"port0\"\n");
}

}  // namespace
}  // namespace octopoll::test
