// SNMPv3's discovery of an agent's engine: never waited for by anybody else.

#include <memory>
#include <vector>

#include "peer.hpp"
#include "v3_agent.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

TEST_CASE("a silent SNMPv3 agent does not hold up a live one", "[snmp][snmpd]") {
  SnmpdOptions options;
  options.users = {sealed_user("alice")};
  Snmpd agent(std::move(options));
  agent.start();
  const Bench bench;
  const Peer silent;
  auto waits = v3(silent.endpoint(), sealed_user("alice"));
  waits.timeout = 10min;
  const auto waiting = bench.open(waits);
  bool ended = false;
  waiting->send(get(sys_name), [&](snmp::Reply&&) { ended = true; });
  bench.run_until([&] { return silent.take().has_value(); });

  const auto session = bench.open(v3(at("127.0.0.1", agent.port()), sealed_user("alice")));
  for (int i = 0; i < 20; ++i) CHECK(bench.ask(*session, get(sys_name)).good());
  CHECK_FALSE(ended);
  CHECK(bench.engine->in_flight() == 1);
}

TEST_CASE("requests that come during discovery wait for it and are all answered", "[snmp][snmpd]") {
  SnmpdOptions options;
  options.users = {sealed_user("alice")};
  Snmpd agent(std::move(options));
  agent.start();
  const Bench bench;
  const auto session = bench.open(v3(at("127.0.0.1", agent.port()), sealed_user("alice")));
  CHECK(session->engine_id().empty());
  CHECK_FALSE(session->engine_clock());
  std::size_t answered = 0;
  for (int i = 0; i < 30; ++i) {
    session->send(get(sys_name), [&](snmp::Reply&& reply) {
      CHECK(reply.good());
      ++answered;
    });
  }
  bench.run_until([&] { return answered == 30; });
  CHECK(session->engine_id().size() >= 10);  // five octets and more (RFC 3411 section 5, SnmpEngineID)
  REQUIRE(session->engine_clock());
  CHECK(session->engine_clock()->first >= 1);
}

TEST_CASE("an agent that was not there at first is discovered when it is", "[snmp][snmpd]") {
  SnmpdOptions options;
  options.users = {sealed_user("alice")};
  Snmpd agent(std::move(options));
  agent.start();
  const Bench bench;
  agent.stop();
  const auto session = bench.open(v3(at("127.0.0.1", agent.port()), sealed_user("alice")));
  CHECK(bench.ask(*session, get(sys_name)).outcome == snmp::Outcome::unreachable);
  agent.start();
  CHECK(bench.ask(*session, get(sys_name)).good());
}

TEST_CASE("a wrong passphrase or user of one session leaves the others alone", "[snmp][snmpd]") {
  SnmpdOptions options;
  options.users = {sealed_user("alice")};
  Snmpd agent(std::move(options));
  agent.start();
  const Bench bench;
  const Endpoint where = at("127.0.0.1", agent.port());
  const auto right = bench.open(v3(where, sealed_user("alice")));
  const auto wrong = bench.open(v3(where, sealed_user("alice", "not the passphrase")));
  const auto nobody = bench.open(v3(where, sealed_user("mallory")));
  for (int round = 0; round < 10; ++round) {
    CHECK(bench.ask(*right, get(sys_name)).good());
    CHECK(bench.ask(*wrong, get(sys_name)).outcome == snmp::Outcome::wrong_digest);
    CHECK(bench.ask(*nobody, get(sys_name)).outcome == snmp::Outcome::unknown_user);
  }
}
