// What SNMPv3 puts on the wire, and what it makes of a wire that loses, repeats and lies.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fleet/ber.hpp"
#include "octopoll/snmp/variables.hpp"
#include "relay.hpp"
#include "v3_users.hpp"

using namespace octopoll;
using namespace octopoll::test;
using snmp::Outcome;

namespace {

const std::string agent_name = "the name of the agent";

/// The parts of an SNMPv3Message (RFC 3412 section 6) with USM's parameters (RFC 3414 section 2.4). Where a part is to
/// be forged, it is a position in the datagram.
struct V3Message {
  std::size_t id_at = 0;
  std::size_t id_octets = 0;
  unsigned flags = 0;
  std::string engine_id;
  std::size_t engine_id_at = 0;
  std::size_t boots_at = 0;
  std::size_t boots_octets = 0;
  std::string user;
  std::string salt;
  bool encrypted = false;
};

V3Message parsed(const std::string& datagram) {
  const auto* const begin = reinterpret_cast<const std::uint8_t*>(datagram.data());
  const auto need = [](std::optional<fleet::Octets> found) {
    REQUIRE(found);
    return *found;
  };
  const auto text = [](fleet::Octets octets) { return std::string(octets.begin(), octets.end()); };
  const auto position = [begin](fleet::Octets octets) { return static_cast<std::size_t>(octets.data() - begin); };
  V3Message message;
  fleet::Reader whole(fleet::Octets(begin, datagram.size()));
  fleet::Reader body(need(whole.next(fleet::Tag::sequence)));
  REQUIRE(text(need(body.next(fleet::Tag::integer))) == "\3");
  fleet::Reader global(need(body.next(fleet::Tag::sequence)));
  const auto id = need(global.next(fleet::Tag::integer));
  message.id_at = position(id);
  message.id_octets = id.size();
  need(global.next(fleet::Tag::integer));
  message.flags = need(global.next(fleet::Tag::octet_string))[0];
  fleet::Reader wrapped(need(body.next(fleet::Tag::octet_string)));
  fleet::Reader usm(need(wrapped.next(fleet::Tag::sequence)));
  const auto engine = need(usm.next(fleet::Tag::octet_string));
  message.engine_id = text(engine);
  message.engine_id_at = position(engine);
  const auto boots = need(usm.next(fleet::Tag::integer));
  message.boots_at = position(boots);
  message.boots_octets = boots.size();
  need(usm.next(fleet::Tag::integer));
  message.user = text(need(usm.next(fleet::Tag::octet_string)));
  need(usm.next(fleet::Tag::octet_string));
  message.salt = text(need(usm.next(fleet::Tag::octet_string)));
  const auto scoped = body.next();
  REQUIRE(scoped);
  message.encrypted = scoped->tag == fleet::Tag::octet_string;
  return message;
}

bool is_discovery(const std::string& datagram) { return parsed(datagram).engine_id.empty(); }

std::size_t discoveries(const Relay& relay, std::size_t from = 0) {
  std::size_t count = 0;
  for (std::size_t i = from; i < relay.requests.size(); ++i) count += is_discovery(relay.requests[i]) ? 1U : 0U;
  return count;
}

Snmpd agent_for(const std::vector<UsmPair>& pairs) {
  SnmpdOptions options;
  options.config_lines = {"sysName " + agent_name};
  for (const UsmPair& pair : pairs) options.users.push_back(agent_user(pair));
  return Snmpd(std::move(options));
}

snmp::Reply ask(const Bench& bench, Relay& relay, snmp::Session& session, snmp::Request request) {
  std::optional<snmp::Reply> reply;
  session.send(std::move(request), [&reply](snmp::Reply&& answer) { reply = std::move(answer); });
  bench.run_until([&] {
    relay.pump();
    return reply.has_value();
  });
  return std::move(*reply);
}

/// A request that is encoded once, as the poller sends them; what the agent called itself, empty where it did not.
std::string poll(const Bench& bench, Relay& relay, snmp::Session& session) {
  std::string encoded;
  snmp::append_variable(encoded, sys_name);
  std::optional<std::string> name;
  session.send_encoded(encoded, std::nullopt, [&name](snmp::Reply&& reply) {
    snmp::AnswerReader answer(reply.asked, reply.encoded);
    snmp::WireVariable variable;
    name = reply.good() && answer.next(variable) ? std::string(variable.value) : std::string();
  });
  bench.run_until([&] {
    relay.pump();
    return name.has_value();
  });
  return *name;
}

void check_named(const snmp::Reply& reply) {
  REQUIRE(reply.good());
  CHECK(*reply.variables.at(0).value.octets() == agent_name);
}

/// A first wait that a test can afford, and patience behind it that a loaded machine does not exhaust.
snmp::SessionOptions impatient(const Endpoint& endpoint, const UsmPair& pair) {
  auto options = session_of(endpoint, pair);
  options.timeout = std::chrono::seconds(2);
  options.retries = 5;
  return options;
}

const UsmPair sealed{AuthProtocol::sha256, PrivProtocol::aes};
const UsmPair authentic{AuthProtocol::sha256, std::nullopt};

}  // namespace

TEST_CASE("each security level shows on the wire as what it is", "[snmp][snmpd]") {
  struct Level {
    UsmPair pair;
    unsigned flags;  ///< RFC 3412 section 6.4: 1 authenticated, 2 encrypted, 4 reportable
  };
  const Level level = GENERATE(Level{{std::nullopt, std::nullopt}, 4}, Level{authentic, 5}, Level{sealed, 7},
                               Level{{AuthProtocol::md5, PrivProtocol::des}, 7},
                               Level{{AuthProtocol::sha512, PrivProtocol::aes256}, 7});
  CAPTURE(level.pair.name());
  Snmpd agent = agent_for({level.pair});
  agent.start();
  const Bench bench;
  Relay relay(at("127.0.0.1", agent.port()));
  const auto session = bench.open(session_of(relay.endpoint(), level.pair));
  constexpr std::size_t polls = 20;
  for (std::size_t i = 0; i < polls; ++i) check_named(ask(bench, relay, *session, get(sys_name)));

  // One discovery, at most one message more to learn the time, and then one a poll.
  CHECK(discoveries(relay) == 1);
  CHECK(is_discovery(relay.requests.front()));
  CHECK(relay.requests.size() <= polls + 2);
  CHECK(relay.requests.size() == session->traffic().requests);
  const std::string name_on_the_wire("\x2b\x06\x01\x02\x01\x01\x05\x00", 8);
  for (std::size_t i = 1; i < relay.requests.size(); ++i) {
    const V3Message message = parsed(relay.requests[i]);
    CHECK(message.flags == level.flags);
    CHECK(message.user == level.pair.name());
    CHECK(message.engine_id == parsed(relay.answers.front()).engine_id);
    CHECK(message.encrypted == level.pair.priv.has_value());
    CHECK((relay.requests[i].find(name_on_the_wire) == std::string::npos) == level.pair.priv.has_value());
  }
  CHECK((relay.answers.back().find(agent_name) == std::string::npos) == level.pair.priv.has_value());
}

TEST_CASE("an agent that restarts in the midst of a poll costs one retry and no discovery", "[snmp][snmpd]") {
  const UsmPair pair = GENERATE(UsmPair{AuthProtocol::md5, PrivProtocol::des}, authentic,
                                UsmPair{AuthProtocol::sha512, PrivProtocol::aes256});
  CAPTURE(pair.name());
  Snmpd agent = agent_for({pair});
  agent.start();
  const Bench bench;
  Relay relay(at("127.0.0.1", agent.port()));
  const auto session = bench.open(impatient(relay.endpoint(), pair));
  check_named(ask(bench, relay, *session, get(sys_name)));
  const auto boots = session->engine_clock()->first;
  const std::size_t before = relay.requests.size();
  const auto retries = session->traffic().retries;

  // On its way while the agent goes down: lost.
  relay.on_request = [](const std::string&) { return std::vector<std::string>{}; };
  std::optional<snmp::Reply> reply;
  session->send(get(sys_name), [&reply](snmp::Reply&& answer) { reply = std::move(answer); });
  bench.run_until([&] {
    relay.pump();
    return relay.requests.size() > before;
  });
  agent.restart();
  relay.on_request = nullptr;
  bench.run_until([&] {
    relay.pump();
    return reply.has_value();
  });
  check_named(*reply);
  CHECK(session->traffic().retries == retries + 1);
  CHECK(session->engine_clock()->first == boots + 1);
  CHECK(discoveries(relay, before) == 0);
  // The lost one, its retry, and the same in the new time.
  CHECK(relay.requests.size() == before + 3);
}

TEST_CASE("a lost report of the new time costs one retry", "[snmp][snmpd]") {
  Snmpd agent = agent_for({sealed});
  agent.start();
  const Bench bench;
  Relay relay(at("127.0.0.1", agent.port()));
  const auto session = bench.open(impatient(relay.endpoint(), sealed));
  check_named(ask(bench, relay, *session, get(sys_name)));
  const auto retries = session->traffic().retries;
  agent.restart();
  relay.on_answer = [lost = false](const std::string& datagram) mutable {
    return std::exchange(lost, true) ? std::vector<std::string>{datagram} : std::vector<std::string>{};
  };
  check_named(ask(bench, relay, *session, get(sys_name)));
  CHECK(session->traffic().retries == retries + 1);
}

TEST_CASE("answers that come twice, and those of the poll before, do no harm", "[snmp][snmpd]") {
  Snmpd agent = agent_for({sealed});
  agent.start();
  const Bench bench;
  Relay relay(at("127.0.0.1", agent.port()));
  const auto session = bench.open(session_of(relay.endpoint(), sealed));
  relay.on_answer = [before = std::string()](const std::string& datagram) mutable {
    std::vector<std::string> sent{datagram, datagram};
    if (!before.empty()) sent.insert(sent.begin(), before);
    before = datagram;
    return sent;
  };
  for (int i = 0; i < 20; ++i) check_named(ask(bench, relay, *session, get(sys_name)));
  CHECK(session->traffic().retries == 0);
  CHECK(discoveries(relay) == 1);
}

TEST_CASE("an answer that was tampered with is not believed", "[snmp][snmpd]") {
  const UsmPair pair = GENERATE(authentic, sealed);
  CAPTURE(pair.name());
  Snmpd agent = agent_for({pair});
  agent.start();
  const Bench bench;
  Relay relay(at("127.0.0.1", agent.port()));
  const auto session = bench.open(impatient(relay.endpoint(), pair));
  check_named(ask(bench, relay, *session, get(sys_name)));
  const bool encoded = GENERATE(false, true);
  const auto before = session->traffic();
  // The last octet of the message is the last of the name.
  relay.on_answer = [forged = false](std::string datagram) mutable {
    if (!std::exchange(forged, true)) datagram.back() = static_cast<char>(datagram.back() ^ 1);
    return std::vector<std::string>{std::move(datagram)};
  };
  if (encoded) {
    CHECK(poll(bench, relay, *session) == agent_name);
  } else {
    check_named(ask(bench, relay, *session, get(sys_name)));
  }
  CHECK(session->traffic().malformed == before.malformed + 1);
  CHECK(session->traffic().retries == before.retries + 1);
}

TEST_CASE("discovery answered by an unknown user's report is discovery all the same", "[snmp][snmpd]") {
  // Dell EMC: RFC 3414 section 4 has usmStatsUnknownEngineIDs.
  Snmpd agent = agent_for({sealed});
  agent.start();
  const Bench bench;
  Relay relay(at("127.0.0.1", agent.port()));
  const std::string unknown_engine_ids("\x2b\x06\x01\x06\x03\x0f\x01\x01\x04\x00", 10);
  std::size_t altered = 0;
  relay.on_answer = [&](const std::string& datagram) {
    std::string report = datagram;
    const std::size_t at = report.find(unknown_engine_ids);
    if (at != std::string::npos) {
      report[at + 8] = '\x03';  // usmStatsUnknownUserNames
      ++altered;
    }
    return std::vector<std::string>{report};
  };
  const auto session = bench.open(session_of(relay.endpoint(), sealed));
  for (int i = 0; i < 3; ++i) check_named(ask(bench, relay, *session, get(sys_name)));
  CHECK(altered == 1);
  CHECK(discoveries(relay) == 1);
}

TEST_CASE("a forged report makes neither clock nor engine of the agent", "[snmp][snmpd]") {
  // Reports of this kind are not authenticated: who sees a request can make one up, before the agent answers.
  enum class Lie { other_time, other_engine };
  const Lie lie = GENERATE(Lie::other_time, Lie::other_engine);
  CAPTURE(static_cast<int>(lie));
  Snmpd agent = agent_for({sealed});
  agent.start();
  const Bench bench;
  Relay relay(at("127.0.0.1", agent.port()));
  const auto session = bench.open(impatient(relay.endpoint(), sealed));
  check_named(ask(bench, relay, *session, get(sys_name)));
  const std::string report = relay.answers.front();
  REQUIRE(parsed(report).flags == 0);
  const auto clock = session->engine_clock();
  const std::string engine = session->engine_id();

  relay.on_request = [&, told = false](const std::string& request) mutable {
    if (std::exchange(told, true)) return std::vector<std::string>{request};
    std::string forged = report;
    const V3Message from = parsed(request);
    const V3Message to = parsed(forged);
    REQUIRE(from.id_octets == to.id_octets);
    forged.replace(to.id_at, to.id_octets, request, from.id_at, from.id_octets);
    if (lie == Lie::other_time) {
      const std::string unknown_engine_ids("\x2b\x06\x01\x06\x03\x0f\x01\x01\x04\x00", 10);
      const auto found = forged.find(unknown_engine_ids);
      REQUIRE(found != std::string::npos);
      forged[found + 8] = 2;  // usmStatsNotInTimeWindows
      REQUIRE(to.boots_octets == 1);
      forged[to.boots_at] = 100;
    } else {
      forged[to.engine_id_at + to.engine_id.size() - 1] ^= 1;
    }
    relay.inject(forged);
    return std::vector<std::string>{request};
  };
  check_named(ask(bench, relay, *session, get(sys_name)));
  check_named(ask(bench, relay, *session, get(sys_name)));
  CHECK(session->engine_id() == engine);
  REQUIRE(session->engine_clock());
  CHECK(session->engine_clock()->first == clock->first);
  // What it may cost is bounded: everything is asked anew, once.
  CHECK(session->traffic().requests <= 10);
}

TEST_CASE("no salt is used twice, by whoever of two a request is encrypted", "[snmp][snmpd]") {
  Snmpd agent = agent_for({sealed});
  agent.start();
  const Bench bench;
  Relay relay(at("127.0.0.1", agent.port()));
  const auto session = bench.open(session_of(relay.endpoint(), sealed));
  for (int round = 0; round < 5; ++round) {
    check_named(ask(bench, relay, *session, get(sys_name)));
    for (int i = 0; i < 2; ++i) CHECK(poll(bench, relay, *session) == agent_name);
  }
  std::set<std::string> salts;
  std::set<std::string> sources;
  for (const std::string& request : relay.requests) {
    const V3Message message = parsed(request);
    if (!message.encrypted) continue;
    CHECK(salts.insert(message.salt).second);
    sources.insert(message.salt.substr(0, 4));
  }
  CHECK(salts.size() >= 15);
  // The library keeps one first half for the process, and the shortcut counts from elsewhere: requests that are encoded
  // once go by the shortcut. Three, should its count have gone over from one first half to the next.
  CHECK(sources.size() >= 2);
  CHECK(sources.size() <= 3);
}
