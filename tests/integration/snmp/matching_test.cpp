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
  const snmp::Reply reply = bench.ask(*session, get(sys_name));
  CHECK(reply.outcome == Outcome::timed_out);
  CHECK(session->traffic().foreign >= 1);
  const Error error = session->explain(reply);
  CHECK_THAT(error.message, Catch::Contains("dropped") && Catch::Contains("another community"));
  CHECK_THAT(error.message, !Catch::Contains("no answer") && !Catch::Contains("somebody-else"));
  CHECK_THAT(error.remedy, Catch::Contains("poll with that one"));
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
  const snmp::Reply reply = bench.ask(*session, get(sys_name));
  CHECK(reply.outcome == Outcome::timed_out);
  CHECK_THAT(session->explain(reply).message, Catch::Contains("under request ids of no request"));
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
  CHECK(reply.tries == 3);
  CHECK(bench.engine->traffic().malformed >= 1);
  agent.fleet.set("d", {{fault, false}});
  CHECK(bench.ask(*session, get(sys_name)).good());
}

TEST_CASE("an answer that cannot be read is as good as lost, and its time is not waited for", "[snmp]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.timeout = std::chrono::hours(1);
  const auto session = bench.open(options);
  std::optional<snmp::Reply> reply;
  session->send(get(sys_name), [&](snmp::Reply&& answer) { reply = std::move(answer); });
  int asked = 0;
  bench.run_until([&] {
    if (const auto packet = peer.take()) {
      const std::string whole = echo_of(*packet);
      peer.send(++asked == 3 ? whole : whole.substr(0, whole.size() - 5), packet->from);
    }
    return reply.has_value();
  });
  CHECK(reply->outcome == Outcome::answered);
  CHECK(reply->tries == 3);
  CHECK(session->traffic().retries == 2);
  CHECK(session->traffic().malformed == 2);
  CHECK(session->traffic().timeouts == 0);
}

TEST_CASE("where each try is answered with what cannot be read, the error says so", "[snmp]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.timeout = std::chrono::hours(1);
  options.retries = 1;
  const auto session = bench.open(options);
  using Spoil = std::string (*)(const std::string&);
  const auto [spoil, why] = GENERATE(table<Spoil, std::string>({
      {[](const std::string& whole) { return whole.substr(0, whole.size() - 5); }, "is cut short or built wrong"},
      {[](const std::string& whole) { return "\x30\x80" + whole.substr(2) + std::string(2, '\0'); },
       "does not say how long it is: BER's indefinite form"},
      {[](const std::string& whole) {
         std::string v1 = whole;
         v1.at(4) = '\0';
         return v1;
       },
       "is of another SNMP version"},
  }));
  std::optional<snmp::Reply> reply;
  session->send(get(sys_name), [&](snmp::Reply&& answer) { reply = std::move(answer); });
  std::size_t octets = 0;
  bench.run_until([&, damage = spoil] {
    if (const auto packet = peer.take()) {
      const std::string spoilt = damage(echo_of(*packet));
      octets = spoilt.size();
      peer.send(spoilt, packet->from);
    }
    return reply.has_value();
  });
  CHECK(reply->outcome == Outcome::unreadable);
  CHECK(reply->tries == 2);
  const Error error = session->explain(*reply);
  CHECK(error.kind == ErrorKind::agent);
  CHECK_THAT(error.message, Catch::Contains("its answers cannot be read (the last one, of " + std::to_string(octets)) &&
                                Catch::Contains(why));
  CHECK_FALSE(error.remedy.empty());
}

TEST_CASE("where some tries meet silence and one an answer that is not taken, the error tells of that one", "[snmp]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.timeout = std::chrono::milliseconds(50);
  options.retries = 2;
  const auto session = bench.open(options);
  using Spoil = std::string (*)(const Packet&);
  const auto [spoil, why] = GENERATE(table<Spoil, std::string>({
      {[](const Packet& packet) { return echo_of(packet).substr(0, 30); },
       "1 answer came to 3 requests within 350ms, and was dropped: the last one, of 30 octets, is cut short"},
      {[](const Packet& packet) { return packet.octets; }, "is no Response-PDU"},
      {[](const Packet& packet) {
         std::string negative = echo_of(packet);
         char& first = negative.at(negative.find('\xa2') + 4);  // of its id
         first = static_cast<char>(first | 0x80);
         return negative;
       },
       "under request ids of no request on its way (the last one: -"},
  }));
  std::optional<snmp::Reply> reply;
  session->send(get(sys_name), [&](snmp::Reply&& answer) { reply = std::move(answer); });
  int asked = 0;
  bench.run_until([&, damage = spoil] {
    if (const auto packet = peer.take(); packet && ++asked == 2) peer.send(damage(*packet), packet->from);
    return reply.has_value();
  });
  CHECK(reply->outcome == Outcome::timed_out);
  CHECK_THAT(session->explain(*reply).message, Catch::Contains(why));
  CHECK_FALSE(session->explain(*reply).remedy.empty());

  // It explains no silence to come.
  std::optional<snmp::Reply> next;
  session->send(get(sys_name), [&](snmp::Reply&& answer) { next = std::move(answer); });
  bench.run_until([&] { return next.has_value(); });
  CHECK_THAT(session->explain(*next).message, Catch::Contains("no answer to 3 requests"));
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
