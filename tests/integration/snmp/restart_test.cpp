// An SNMPv3 session outlives its agent's restarts, whatever the agent remembers of itself.

#include <fmt/format.h>

#include <filesystem>
#include <regex>
#include <string>

#include "support/temp_dir.hpp"
#include "v3_agent.hpp"

using namespace octopoll;
using namespace octopoll::test;
using snmp::Outcome;

namespace {

Snmpd agent_of(const SnmpdUser& user, const std::string& engine_id = {}) {
  SnmpdOptions options;
  options.users = {user};
  options.engine_id_hex = engine_id;
  return Snmpd(std::move(options));
}

/// Takes the boots counter out of what the agent keeps: embedded agents without storage start so each time.
void forget_boots(const Snmpd& agent) {
  const auto file = agent.directory() / "state" / "snmpd.conf";
  const std::string text = read_file(file);
  const std::string without = std::regex_replace(text, std::regex("engineBoots [0-9]+\n"), "");
  REQUIRE(without != text);
  write_file(file, without);
}

std::uint32_t boots_of(const snmp::Session& session) {
  REQUIRE(session.engine_clock());
  return session.engine_clock()->first;
}

}  // namespace

TEST_CASE("an agent that restarted and counted its boot is read on", "[snmp][snmpd]") {
  const SnmpdUser user = sealed_user("alice");
  Snmpd agent = agent_of(user);
  agent.start();
  const Bench bench;
  const auto session = bench.open(v3(at("127.0.0.1", agent.port()), user));
  REQUIRE(bench.ask(*session, get(sys_name)).good());
  const std::uint32_t boots = boots_of(*session);
  const std::string engine = session->engine_id();
  for (std::uint32_t restart = 1; restart <= 3; ++restart) {
    agent.restart();
    CHECK(bench.ask(*session, get(sys_name)).good());
    CHECK(bench.ask(*session, get(sys_name)).good());
    CHECK(boots_of(*session) == boots + restart);
    CHECK(session->engine_id() == engine);
  }
  CHECK(session->traffic().retries == 0);
}

TEST_CASE("an agent that restarted and forgot its boots is read on", "[snmp][snmpd]") {
  const SnmpdUser user = sealed_user("alice");
  Snmpd agent = agent_of(user, "80001f8804626f6f7473");
  agent.start();
  for (int i = 0; i < 3; ++i) agent.restart();
  const Bench bench;
  const auto session = bench.open(v3(at("127.0.0.1", agent.port()), user));
  REQUIRE(bench.ask(*session, get(sys_name)).good());
  REQUIRE(boots_of(*session) >= 3);

  agent.stop();
  forget_boots(agent);
  agent.start();
  CHECK(bench.ask(*session, get(sys_name)).good());
  CHECK(boots_of(*session) < 3);
  CHECK(bench.ask(*session, get(sys_name)).good());
  // Found out from the first answer, not from a silence.
  CHECK(session->traffic().retries == 0);
}

TEST_CASE("an agent that came back with another engine id is read on", "[snmp][snmpd]") {
  const SnmpdUser user = sealed_user("alice");
  Snmpd agent = agent_of(user);
  agent.start();
  const Bench bench;
  const auto session = bench.open(v3(at("127.0.0.1", agent.port()), user));
  REQUIRE(bench.ask(*session, get(sys_name)).good());
  const std::string before = session->engine_id();
  agent.stop();
  write_file(
      agent.directory() / "state" / "snmpd.conf",
      fmt::format("createUser {} SHA-256 \"{}\" AES \"{}\"\n", user.name, user.auth_passphrase, user.priv_passphrase));
  write_file(agent.directory() / "snmpd.conf",
             read_file(agent.directory() / "snmpd.conf") + "exactEngineID 0x80001f88046e6577\n");
  agent.start();
  CHECK(bench.ask(*session, get(sys_name)).good());
  CHECK(session->engine_id() != before);
  CHECK(bench.ask(*session, get(sys_name)).good());
  CHECK(session->traffic().retries == 0);
}

TEST_CASE("a power cut and a frozen agent are read on", "[snmp][snmpd]") {
  const SnmpdUser user = sealed_user("alice");
  Snmpd agent = agent_of(user);
  agent.start();
  const Bench bench;
  auto options = v3(at("127.0.0.1", agent.port()), user);
  options.timeout = std::chrono::milliseconds(300);
  const auto session = bench.open(options);
  REQUIRE(bench.ask(*session, get(sys_name)).good());

  agent.kill();
  agent.start();
  CHECK(bench.ask(*session, get(sys_name)).good());

  agent.freeze();
  auto probe = get(sys_name);
  probe.retries = 0;
  CHECK(bench.ask(*session, std::move(probe)).outcome == Outcome::timed_out);
  agent.thaw();
  CHECK(bench.ask(*session, get(sys_name)).good());
}
