// Which datagram answers which request: what does not is counted and dropped.

#include <string>
#include <vector>

#include "bench.hpp"
#include "fleet/fleet.hpp"
#include "peer.hpp"

using namespace octopoll;
using namespace octopoll::test;
using snmp::Outcome;

namespace {

struct OneAgent {
  fleet::Fleet fleet;
  OneAgent(const std::string& fault, const fleet::Json& value) {
    fleet::DeviceSpec spec;
    spec.name = "d";
    spec.faults[fault] = value;
    fleet.add(spec);
    fleet.start();
  }
  [[nodiscard]] snmp::SessionOptions options() const { return v2c(at("127.0.0.1", fleet.port()), "d"); }
  /// For a silence: three tries, soon over.
  [[nodiscard]] snmp::SessionOptions brief() const {
    auto brief = options();
    brief.timeout = std::chrono::milliseconds(50);
    brief.retries = 2;
    return brief;
  }
};

}  // namespace

TEST_CASE("an answer from another port is foreign, and the error names where it came from", "[snmp]") {
  OneAgent agent("reply_from_other_port", true);
  const Bench bench;
  const auto session = bench.open(agent.brief());
  const snmp::Reply reply = bench.ask(*session, get(sys_name));
  CHECK(reply.outcome == Outcome::timed_out);
  bench.run_until([&] { return bench.engine->traffic().foreign + bench.engine->traffic().late == 3; });
  CHECK(session->traffic().foreign >= 1);
  const Error error = session->explain(reply);
  CHECK(error.kind == ErrorKind::timeout);
  CHECK_THAT(error.remedy, Catch::StartsWith("an answer came from 127.0.0.1:"));
  CHECK_THAT(error.remedy, !Catch::Contains(":" + std::to_string(agent.fleet.port())));
}

TEST_CASE("an answer from another address is foreign too", "[snmp]") {
  OneAgent agent("reply_from_other_address", "127.0.0.9");
  const Bench bench;
  const auto session = bench.open(agent.brief());
  const snmp::Reply reply = bench.ask(*session, get(sys_name));
  CHECK(reply.outcome == Outcome::timed_out);
  CHECK(session->traffic().foreign >= 1);
  CHECK_THAT(session->explain(reply).remedy, Catch::Contains("127.0.0.9"));
}

TEST_CASE("a stray copy from another port does not explain a silence of another day", "[snmp]") {
  const Bench bench;
  const Peer peer;
  const Peer other;
  auto options = v2c(peer.endpoint());
  options.timeout = std::chrono::milliseconds(50);
  options.retries = 0;
  const auto session = bench.open(options);
  std::optional<snmp::Reply> reply;
  const auto done = [&](snmp::Reply&& answer) { reply = std::move(answer); };
  session->send(get(sys_name), done);
  std::optional<Packet> request;
  bench.run_until([&] { return (request = peer.take()).has_value(); });
  bench.run_until([&] { return reply.has_value(); });
  other.send(echo_of(*request), request->from);
  bench.run_until([&] { return bench.engine->traffic().foreign + bench.engine->traffic().late == 1; });
  reply.reset();
  session->send(get(sys_name), done);
  bench.run_until([&] { return reply.has_value(); });
  REQUIRE(reply->outcome == Outcome::timed_out);
  CHECK_THAT(session->explain(*reply).remedy, !Catch::Contains("an answer came from"));
}

TEST_CASE("an answer with another community is foreign", "[snmp]") {
  OneAgent agent("wrong_community_reply", true);
  const Bench bench;
  const auto session = bench.open(agent.brief());
  CHECK(bench.ask(*session, get(sys_name)).outcome == Outcome::timed_out);
  CHECK(session->traffic().foreign >= 1);
}

TEST_CASE("duplicates are late", "[snmp]") {
  OneAgent agent("duplicate", 3);
  const Bench bench;
  const auto session = bench.open(agent.options());
  for (std::uint64_t round = 1; round <= 20; ++round) {
    CHECK(bench.ask(*session, get(sys_name)).good());
    bench.run_until([&] { return bench.engine->traffic().late == 3 * round; });
  }
  CHECK(session->traffic().responses == 20);
  CHECK(session->traffic().requests == 20);
}

TEST_CASE("an answer with another request id is not taken", "[snmp]") {
  OneAgent agent("wrong_request_id", true);
  const Bench bench;
  const auto session = bench.open(agent.brief());
  CHECK(bench.ask(*session, get(sys_name)).outcome == Outcome::timed_out);
  bench.run_until([&] { return bench.engine->traffic().late == 3; });
  CHECK(session->traffic().responses == 0);
  agent.fleet.set("d", {{"wrong_request_id", false}});
  CHECK(bench.ask(*session, get(sys_name)).good());
}

TEST_CASE("garbage and halves of answers are malformed and harm nothing", "[snmp]") {
  const std::string fault = GENERATE("garbage", "truncated");
  CAPTURE(fault);
  OneAgent agent(fault, true);
  const Bench bench;
  const auto session = bench.open(agent.brief());
  const snmp::Reply reply = bench.ask(*session, get(sys_name));
  // Of random octets nobody knows whose they are.
  const bool garbage = fault == "garbage";
  CHECK(reply.outcome == (garbage ? Outcome::timed_out : Outcome::unreadable));
  bench.run_until([&] { return bench.engine->traffic().malformed + bench.engine->traffic().late == reply.tries; });
  CHECK(reply.tries == (garbage ? 3 : 1));
  CHECK(bench.engine->traffic().malformed >= 1);
  agent.fleet.set("d", {{fault, false}});
  CHECK(bench.ask(*session, get(sys_name)).good());
}

TEST_CASE("an answer cut or altered anywhere is survived", "[snmp]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.retries = 0;
  const auto session = bench.open(options);
  std::size_t length = 1;
  std::size_t tried = 0;
  for (std::size_t place = 0; place < length; ++place) {
    for (const int damage : {0, 1, 2}) {
      std::optional<snmp::Reply> reply;
      session->send(get(sys_name), [&](snmp::Reply&& answer) { reply = std::move(answer); });
      std::optional<Packet> request;
      bench.run_until([&] { return (request = peer.take()).has_value(); });
      const std::string whole = echo_of(*request);
      length = whole.size();
      std::string spoiled = damage == 0 ? whole.substr(0, place) : whole;
      if (damage == 1) spoiled[place] = static_cast<char>(spoiled[place] ^ 0x80);
      if (damage == 2) spoiled[place] = static_cast<char>(spoiled[place] + 1);
      peer.send(spoiled, request->from);
      peer.send(whole, request->from);
      // The whole one ends the request, unless the spoiled one was good enough to.
      bench.run_until([&] { return reply.has_value(); });
      CHECK(reply->outcome == Outcome::answered);
      ++tried;
    }
  }
  CHECK(tried == 3 * length);
  CHECK(bench.engine->in_flight() == 0);
}
