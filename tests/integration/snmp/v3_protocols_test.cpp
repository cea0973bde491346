// A real agent with a user for every pair of protocols: all of them read, write and outlive its restarts.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "octopoll/snmp/variables.hpp"
#include "octopoll/snmp/walk.hpp"
#include "support/temp_dir.hpp"
#include "v3_users.hpp"

using namespace octopoll;
using namespace octopoll::test;
using snmp::Outcome;

namespace {

/// nsCacheTimeout (NET-SNMP-AGENT-MIB) of ifTable: to be set without the agent storing it, which takes a while.
const snmp::Oid settable{1, 3, 6, 1, 4, 1, 8072, 1, 5, 3, 1, 2, 1, 3, 6, 1, 2, 1, 2, 2};

/// ifIndex, ifDescr, ifType, ifMtu: what does not move between two walks.
const std::vector<snmp::Oid> still_columns{{1, 3, 6, 1, 2, 1, 2, 2, 1, 1},
                                           {1, 3, 6, 1, 2, 1, 2, 2, 1, 2},
                                           {1, 3, 6, 1, 2, 1, 2, 2, 1, 3},
                                           {1, 3, 6, 1, 2, 1, 2, 2, 1, 4}};

/// Every user may write, for a SET is what an agent refuses soonest.
Snmpd agent_for(const std::vector<UsmPair>& pairs, const std::string& engine_id = {}) {
  SnmpdOptions options;
  options.engine_id_hex = engine_id;
  for (const UsmPair& pair : pairs) {
    options.users.push_back(agent_user(pair));
    options.users.back().writes = true;
  }
  return Snmpd(std::move(options));
}

struct Opened {
  UsmPair pair;
  std::unique_ptr<snmp::Session> session;
};

std::vector<Opened> open_all(const Bench& bench, const Endpoint& where, const std::vector<UsmPair>& pairs) {
  std::vector<Opened> opened;
  for (const UsmPair& pair : pairs) opened.push_back({pair, bench.open(session_of(where, pair))});
  return opened;
}

/// Asks all at once.
void check_all_read(const Bench& bench, const std::vector<Opened>& all) {
  std::vector<std::optional<snmp::Reply>> replies(all.size());
  std::size_t ended = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].session->send(get(sys_name), [&replies, &ended, i](snmp::Reply&& reply) {
      replies[i] = std::move(reply);
      ++ended;
    });
  }
  bench.run_until([&] { return ended == all.size(); });
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO(all[i].session->explain(*replies[i]).text());
    CHECK(replies[i]->good());
  }
}

/// Asks all at once for sysName, in requests that are encoded once: those that the poller sends, most of which the
/// library never sees. What each answered, empty where it did not.
std::vector<std::string> read_encoded(const Bench& bench, const std::vector<Opened>& all) {
  std::string asked;
  snmp::append_variable(asked, sys_name);
  std::vector<std::string> names(all.size());
  std::size_t ended = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].session->send_encoded(asked, std::nullopt, [&names, &ended, i](snmp::Reply&& reply) {
      snmp::AnswerReader answer(reply.asked, reply.encoded);
      snmp::WireVariable variable;
      if (reply.good() && answer.next(variable)) names[i] = variable.value;
      ++ended;
    });
  }
  bench.run_until([&] { return ended == all.size(); });
  return names;
}

std::vector<snmp::VarBind> walk_all(const Bench& bench, snmp::Session& session) {
  snmp::WalkPlan plan;
  plan.columns = still_columns;
  std::vector<snmp::VarBind> found;
  std::optional<snmp::WalkEnd> end;
  const auto walk = snmp::Walk::start(
      session, plan, [&found](std::size_t, snmp::VarBind&& variable) { found.push_back(std::move(variable)); },
      [&end](snmp::WalkEnd&& how) { end = std::move(how); });
  bench.run_until([&end] { return end.has_value(); });
  if (end->error) FAIL_CHECK(end->error->text());
  CHECK(end->notes.empty());
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.oid < b.oid; });
  return found;
}

/// The state of an agent that has lost its storage: its users as an administrator would make them again.
void lose_state(const Snmpd& agent, const std::vector<UsmPair>& pairs) {
  std::string text;
  for (const UsmPair& pair : pairs) {
    const SnmpdUser user = agent_user(pair);
    text += fmt::format("createUser {}", user.name);
    if (pair.auth) text += fmt::format(" {} \"{}\"", user.auth_protocol, user.auth_passphrase);
    if (pair.priv) text += fmt::format(" {} \"{}\"", user.priv_protocol, user.priv_passphrase);
    text += "\n";
  }
  write_file(agent.directory() / "state" / "snmpd.conf", text);
}

std::vector<snmp::Traffic> traffic_of(const std::vector<Opened>& all) {
  std::vector<snmp::Traffic> traffic;
  for (const Opened& each : all) traffic.push_back(each.session->traffic());
  return traffic;
}

/// Octets of a key localised with this hash: its digest (RFC 3414 section 2.6, RFC 7860 section 4.2).
std::size_t digest_octets(AuthProtocol protocol) {
  switch (protocol) {
    case AuthProtocol::md5:
      return 16;
    case AuthProtocol::sha:
      return 20;
    case AuthProtocol::sha224:
      return 28;
    case AuthProtocol::sha256:
      return 32;
    case AuthProtocol::sha384:
      return 48;
    case AuthProtocol::sha512:
      return 64;
  }
  return 0;
}

}  // namespace

TEST_CASE("every pair of protocols discovers, gets, walks and sets", "[snmp][snmpd]") {
  const std::vector<UsmPair> pairs = all_usm_pairs();
  REQUIRE(pairs.size() == 1 + 6 + 36);
  Snmpd agent = agent_for(pairs);
  agent.start();
  const Bench bench;
  const Endpoint where = at("127.0.0.1", agent.port());
  const auto plain = walk_all(bench, *bench.open(v2c(where)));
  REQUIRE(plain.size() >= still_columns.size());  // the loopback at least

  std::string engine;
  std::int64_t written = 100;
  for (const auto& [pair, session] : open_all(bench, where, pairs)) {
    CAPTURE(pair.name());
    const snmp::Reply first = bench.ask(*session, get(sys_name));
    REQUIRE(first.good());
    if (engine.empty()) engine = session->engine_id();
    CHECK(session->engine_id() == engine);
    // Only what was authenticated counts as the agent's clock (RFC 3414 section 3.2 step 7).
    CHECK(session->engine_clock().has_value() == pair.auth.has_value());

    CHECK(walk_all(bench, *session) == plain);

    snmp::Request set;
    set.operation = snmp::Operation::set;
    set.values.push_back({settable, snmp::Value::integer(++written)});
    CHECK(bench.ask(*session, std::move(set)).good());
    const snmp::Reply read = bench.ask(*session, get(settable));
    REQUIRE(read.good());
    CHECK(read.variables.at(0).value == snmp::Value::integer(written));
    CHECK(session->traffic().retries == 0);
    CHECK(session->traffic().malformed == 0);
  }
}

TEST_CASE("every pair of protocols outlives a restart of its agent for two messages", "[snmp][snmpd]") {
  const std::vector<UsmPair> pairs = all_usm_pairs();
  Snmpd agent = agent_for(pairs);
  agent.start();
  const Bench bench;
  const auto all = open_all(bench, at("127.0.0.1", agent.port()), pairs);
  check_all_read(bench, all);
  std::map<const snmp::Session*, std::uint32_t> boots;
  for (const Opened& each : all) {
    if (each.pair.auth) boots[each.session.get()] = each.session->engine_clock()->first;
  }
  const std::string engine = all.front().session->engine_id();
  agent.restart();
  const auto before = traffic_of(all);
  check_all_read(bench, all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const snmp::Session& session = *all[i].session;
    CAPTURE(all[i].pair.name());
    // The request, and the same again after the report that told the new time: no discovery.
    CHECK(session.traffic().requests - before[i].requests <= 2);
    CHECK(session.traffic().retries == 0);
    CHECK(session.engine_id() == engine);
    if (all[i].pair.auth) CHECK(session.engine_clock()->first == boots[&session] + 1);
  }
  check_all_read(bench, all);
}

TEST_CASE("every pair of protocols is polled, each poll for one message, and for two after a restart",
          "[snmp][snmpd]") {
  const std::vector<UsmPair> pairs = all_usm_pairs();
  SnmpdOptions options;
  options.config_lines = {"sysName " + std::string(200, 'n')};  // a length of two octets
  for (const UsmPair& pair : pairs) options.users.push_back(agent_user(pair));
  Snmpd agent(std::move(options));
  agent.start();
  const Bench bench;
  const auto all = open_all(bench, at("127.0.0.1", agent.port()), pairs);
  const auto check_polled = [&](std::uint64_t most_messages) {
    const auto before = traffic_of(all);
    const auto names = read_encoded(bench, all);
    for (std::size_t i = 0; i < all.size(); ++i) {
      CAPTURE(all[i].pair.name());
      CHECK(names[i] == std::string(200, 'n'));
      CHECK(all[i].session->traffic().requests - before[i].requests <= most_messages);
      CHECK(all[i].session->traffic().malformed == 0);
      CHECK(all[i].session->traffic().retries == 0);
    }
  };
  check_polled(3);  // discovery, perhaps a report of the time, the request
  for (int poll = 0; poll < 3; ++poll) check_polled(1);
  agent.restart();
  check_polled(2);
  check_polled(1);
}

TEST_CASE("an agent that has lost what it was is read on for four messages", "[snmp][snmpd]") {
  // Each protocol once: what follows does not depend on how they are paired.
  std::vector<UsmPair> pairs{{std::nullopt, std::nullopt}};
  for (std::size_t i = 0; i < std::size(all_auth_protocols); ++i) {
    pairs.push_back({all_auth_protocols[i], all_priv_protocols[i]});
  }
  Snmpd agent = agent_for(pairs, "80001f880472657374617274");
  agent.start();
  const Bench bench;
  const auto all = open_all(bench, at("127.0.0.1", agent.port()), pairs);
  check_all_read(bench, all);

  SECTION("the agent has lost its storage, and with it the count of its boots") {
    agent.restart();
    check_all_read(bench, all);
    agent.stop();
    lose_state(agent, pairs);
    agent.start();
    const auto before = traffic_of(all);
    check_all_read(bench, all);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const snmp::Session& session = *all[i].session;
      CAPTURE(all[i].pair.name());
      // At worst: the request, discovery, the request outside of the time window, and again inside.
      CHECK(session.traffic().requests - before[i].requests <= 4);
      CHECK(session.traffic().retries == 0);
      if (all[i].pair.auth) CHECK(session.engine_clock()->first == 1);
    }
  }

  SECTION("the agent comes back under another engine id") {
    agent.stop();
    lose_state(agent, pairs);
    const auto file = agent.directory() / "snmpd.conf";
    std::string text = read_file(file);
    const std::string old_line = "exactEngineID 0x80001f880472657374617274\n";
    REQUIRE(text.find(old_line) != std::string::npos);
    text.replace(text.find(old_line), old_line.size(), "exactEngineID 0x80001f88046f74686572\n");
    write_file(file, text);
    agent.start();
    const auto before = traffic_of(all);
    check_all_read(bench, all);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const snmp::Session& session = *all[i].session;
      CAPTURE(all[i].pair.name());
      CHECK(session.traffic().requests - before[i].requests <= 4);
      CHECK(session.traffic().retries == 0);
      CHECK(session.engine_id() == "80001f88046f74686572");
    }
  }
  check_all_read(bench, all);
}

TEST_CASE("the two forms of long AES keys differ exactly where the hash is shorter than the key", "[snmp][snmpd]") {
  struct Forms {
    PrivProtocol standard;
    PrivProtocol cisco;
    std::size_t key_octets;
  };
  const std::vector<UsmPair> pairs = all_usm_pairs();
  Snmpd agent = agent_for(pairs);
  agent.start();
  const Bench bench;

  // The session of one form asks for the user whom the agent knows with the other.
  struct Crossed {
    std::string name;
    bool same_key;
    std::unique_ptr<snmp::Session> session;
    std::optional<Outcome> outcome;
  };
  std::vector<Crossed> all;
  for (const AuthProtocol auth : all_auth_protocols) {
    for (const Forms& forms : {Forms{PrivProtocol::aes192, PrivProtocol::aes192c, 24},
                               Forms{PrivProtocol::aes256, PrivProtocol::aes256c, 32}}) {
      for (const bool agent_is_cisco : {false, true}) {
        const UsmPair agents{auth, agent_is_cisco ? forms.cisco : forms.standard};
        auto options = session_of(at("127.0.0.1", agent.port()), {auth, agent_is_cisco ? forms.standard : forms.cisco});
        options.credentials.own().username = agents.name();
        const bool same_key = digest_octets(auth) >= forms.key_octets;
        if (!same_key) shorten_patience(options);
        all.push_back({agents.name(), same_key, bench.open(options), std::nullopt});
      }
    }
  }
  std::size_t ended = 0;
  for (Crossed& each : all) {
    each.session->send(get(sys_name), [&each, &ended](snmp::Reply&& reply) {
      each.outcome = reply.outcome;
      ++ended;
    });
  }
  bench.run_until([&] { return ended == all.size(); });
  std::size_t differing = 0;
  for (const Crossed& each : all) {
    CAPTURE(each.name);
    CHECK(*each.outcome == (each.same_key ? Outcome::answered : Outcome::privacy_failed));
    if (!each.same_key) ++differing;
  }
  // MD5 and SHA with both lengths, SHA-224 with 256 bits alone; each in both directions.
  CHECK(differing == 10);
}

TEST_CASE("a wrong passphrase is told for what it is under every protocol", "[snmp][snmpd]") {
  std::vector<UsmPair> pairs;
  for (const AuthProtocol auth : all_auth_protocols) pairs.push_back({auth, std::nullopt});
  for (const PrivProtocol priv : all_priv_protocols) pairs.push_back({AuthProtocol::sha256, priv});
  Snmpd agent = agent_for(pairs);
  agent.start();
  const Bench bench;
  const Endpoint where = at("127.0.0.1", agent.port());

  struct Wrong {
    UsmPair pair;
    std::unique_ptr<snmp::Session> session;
    std::optional<Outcome> outcome;
  };
  std::vector<Wrong> all;
  for (const UsmPair& pair : pairs) {
    auto options = session_of(where, pair);
    SnmpCredentials& wrong = options.credentials.own();
    (pair.priv ? wrong.priv_password : wrong.password) = Secret("not the passphrase");
    if (pair.priv) shorten_patience(options);
    all.push_back({pair, bench.open(options), std::nullopt});
  }
  std::size_t ended = 0;
  for (Wrong& each : all) {
    each.session->send(get(sys_name), [&each, &ended](snmp::Reply&& reply) {
      each.outcome = reply.outcome;
      ++ended;
    });
  }
  bench.run_until([&] { return ended == all.size(); });
  for (const Wrong& each : all) {
    CAPTURE(each.pair.name());
    CHECK(*each.outcome == (each.pair.priv ? Outcome::privacy_failed : Outcome::wrong_digest));
  }
  // What they did harms nobody who has the right one.
  check_all_read(bench, open_all(bench, where, pairs));
}
