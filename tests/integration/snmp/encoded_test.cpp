// Requests that are encoded once, and answers that are read where they lie: the same facts as by the library's own way.

#include <string>
#include <vector>

#include "fleet/fleet.hpp"
#include "octopoll/snmp/variables.hpp"
#include "peer.hpp"
#include "v3_agent.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

const std::vector<snmp::Oid> columns{{1, 3, 6, 1, 2, 1, 2, 2, 1, 2},
                                     {1, 3, 6, 1, 2, 1, 2, 2, 1, 8},
                                     {1, 3, 6, 1, 2, 1, 2, 2, 1, 5},
                                     {1, 3, 6, 1, 2, 1, 2, 2, 1, 99}};

std::string encoded_row(std::uint32_t index) {
  std::string encoded;
  snmp::append_variable(encoded, sys_up_time);
  for (const snmp::Oid& column : columns) snmp::append_variable(encoded, column.child(index));
  return encoded;
}

snmp::Request plain_row(std::uint32_t index) {
  snmp::Request request;
  request.names.push_back(sys_up_time);
  for (const snmp::Oid& column : columns) request.names.push_back(column.child(index));
  return request;
}

/// The variables of an encoded answer, taken out of it while it is there.
struct Kept {
  snmp::Reply reply;
  std::vector<snmp::WireVariable> variables;
  std::string octets;
  bool whole = false;
};

Kept ask_encoded(const Bench& bench, snmp::Session& session, const std::string& encoded) {
  Kept kept;
  bool answered = false;
  session.send_encoded(encoded, std::nullopt, [&](snmp::Reply&& reply) {
    kept.octets = std::string(reply.encoded);
    kept.reply = std::move(reply);
    kept.reply.encoded = {};
    answered = true;
  });
  bench.run_until([&] { return answered; });
  snmp::VariableReader reader(kept.octets);
  snmp::WireVariable variable;
  while (reader.next(variable)) kept.variables.push_back(variable);
  kept.whole = reader.finished();
  return kept;
}

/// Both ways to ask for lo's row say the same.
void check_same(const Bench& bench, snmp::Session& session) {
  const snmp::Reply plain = bench.ask(session, plain_row(1));
  const Kept kept = ask_encoded(bench, session, encoded_row(1));
  REQUIRE(plain.good());
  REQUIRE(kept.reply.good());
  CHECK(kept.whole);
  CHECK(kept.reply.variables.empty());
  REQUIRE(kept.variables.size() == plain.variables.size());
  CHECK(kept.variables[0].bits() == 32);
  CHECK(kept.variables[0].number() >= plain.variables[0].value.as_unsigned());  // time has passed
  CHECK(kept.variables[1].value == *plain.variables[1].value.octets());
  CHECK(kept.variables[2].integer() == plain.variables[2].value.as_signed());
  CHECK(kept.variables[3].number() == plain.variables[3].value.as_unsigned());
  CHECK(kept.variables[4].absent());
  CHECK(plain.variables[4].value.is_exception());
  CHECK(kept.reply.octets > 0);
  CHECK(kept.reply.round_trip > 0ns);
}

}  // namespace

TEST_CASE("an encoded request is answered as a plain one, by every version and security level", "[snmp][snmpd]") {
  SnmpdOptions with;
  SnmpdUser open = sealed_user("open");
  SnmpdUser signing = sealed_user("signing");
  with.users = {sealed_user("sealed"), open, signing};
  with.users[1].level = "noauth";
  with.users[2].level = "auth";
  Snmpd agent(std::move(with));
  agent.start();
  const Endpoint endpoint = at("127.0.0.1", agent.port());
  const Bench bench;
  SECTION("v2c") { check_same(bench, *bench.open(v2c(endpoint, "public"))); }
  SECTION("authPriv") { check_same(bench, *bench.open(v3(endpoint, sealed_user("sealed")))); }
  SECTION("authNoPriv") {
    auto options = v3(endpoint, signing);
    options.credentials.own().level = SecurityLevel::auth_no_priv;
    check_same(bench, *bench.open(options));
  }
  SECTION("noAuthNoPriv") {
    auto options = v3(endpoint, open);
    options.credentials.own().level = SecurityLevel::no_auth_no_priv;
    check_same(bench, *bench.open(options));
  }
}

TEST_CASE("an encoded request meets an SNMPv3 agent that has restarted, and is sent again with its new time",
          "[snmp][snmpd]") {
  SnmpdOptions with;
  with.users = {sealed_user("sealed")};
  Snmpd agent(std::move(with));
  agent.start();
  const Bench bench;
  const auto session = bench.open(v3(at("127.0.0.1", agent.port()), sealed_user("sealed")));
  check_same(bench, *session);
  const auto before = session->engine_clock();
  agent.restart();
  CHECK(ask_encoded(bench, *session, encoded_row(1)).reply.good());
  check_same(bench, *session);
  REQUIRE(before);
  REQUIRE(session->engine_clock());
  CHECK(session->engine_clock()->first == before->first + 1);
}

TEST_CASE("an SNMPv1 agent's error to an encoded request is that error", "[snmp]") {
  fleet::Fleet agents;
  fleet::DeviceSpec spec;
  spec.name = "d";
  spec.synthetic.interfaces = fleet::make_interfaces(2, {});
  agents.add(spec);
  agents.start();
  const Bench bench;
  auto options = v2c(at("127.0.0.1", agents.port()), "d");
  options.credentials.own().version = SnmpVersion::v1;
  const auto session = bench.open(options);
  const Kept kept = ask_encoded(bench, *session, encoded_row(1));  // column 99 does not exist
  CHECK(kept.reply.outcome == snmp::Outcome::answered);
  CHECK(kept.reply.error_status == snmp::ErrorStatus::no_such_name);
  CHECK(kept.reply.error_index == 5);
}

TEST_CASE("an encoded request is asked again like any other, and a late answer is taken", "[snmp]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.timeout = 100ms;
  const auto session = bench.open(options);
  std::optional<std::string> octets;
  session->send_encoded(encoded_row(1), std::nullopt, [&](snmp::Reply&& reply) {
    CHECK(reply.good());
    octets = std::string(reply.encoded);
  });
  std::vector<Packet> tries;
  bench.run_until([&] {
    while (auto packet = peer.take()) tries.push_back(std::move(*packet));
    return tries.size() == 2;
  });
  CHECK(tries[0].id() != tries[1].id());
  CHECK(tries[0].octets.size() == tries[1].octets.size());
  peer.send(echo_of(tries[0]), tries[0].from);
  bench.run_until([&] { return octets.has_value(); });
  CHECK(*octets == encoded_row(1));  // the echo has NULLs, too
  CHECK(session->traffic().retries >= 1);
}

TEST_CASE("what is no sound answer to an encoded request does not end it", "[snmp]") {
  const Bench bench;
  const Peer peer;
  const auto session = bench.open(v2c(peer.endpoint()));
  bool ended = false;
  session->send_encoded(encoded_row(1), std::nullopt, [&](snmp::Reply&& reply) {
    CHECK(reply.good());
    ended = true;
  });
  std::optional<Packet> asked;
  bench.run_until([&] {
    if (!asked) asked = peer.take();
    return asked.has_value();
  });
  const std::string sound = echo_of(*asked);
  peer.send(sound.substr(0, sound.size() - 3), asked->from);  // cut off
  std::string other = sound;
  other[other.find("\x02\x04"s) + 2] = static_cast<char>(other[other.find("\x02\x04"s) + 2] ^ 1);
  peer.send(other, asked->from);  // another request id
  peer.send(sound, asked->from);
  bench.run_until([&] { return ended; });
}
