// max_requests_per_second: whatever is sent waits for its turn. Bounds are from below alone, so that no test needs a
// fast machine.

#include <optional>
#include <string>
#include <vector>

#include "bench.hpp"
#include "fleet/fleet.hpp"
#include "octopoll/core/clock.hpp"
#include "octopoll/snmp/variables.hpp"
#include "peer.hpp"
#include "v3_users.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;
using snmp::Outcome;

namespace {

/// No two of `count` requests left closer together than that.
std::chrono::nanoseconds least_time(std::uint64_t count, unsigned per_second) {
  return std::chrono::nanoseconds(1s) / per_second * (count - 1);
}

struct Agent {
  fleet::Fleet fleet;
  explicit Agent(const fleet::Json& faults = fleet::Json::object()) {
    fleet::DeviceSpec spec;
    spec.name = "d";
    spec.faults = faults;
    fleet.add(spec);
    fleet.start();
  }
  [[nodiscard]] snmp::SessionOptions options(unsigned per_second) const {
    auto options = v2c(at("127.0.0.1", fleet.port()), "d");
    options.max_outstanding = 8;
    options.max_requests_per_second = per_second;
    return options;
  }
};

}  // namespace

TEST_CASE("no more requests leave in a second than the device may be asked", "[snmp][governor]") {
  Agent agent;
  const Bench bench;
  const auto session = bench.open(agent.options(50));
  std::string encoded;
  snmp::append_variable(encoded, sys_up_time);
  constexpr std::uint64_t count = 20;
  std::uint64_t good = 0;
  const auto done = [&good](snmp::Reply&& reply) { good += reply.good() ? 1 : 0; };
  const BootTime began = BootClock::now();
  for (std::uint64_t i = 0; i < count / 2; ++i) {
    session->send(get(sys_name), done);
    session->send_encoded(encoded, std::nullopt, done);
  }
  bench.run_until([&] { return good == count; });
  CHECK(BootClock::now() - began >= least_time(count, 50));
  CHECK(session->traffic().retries == 0);
  CHECK(agent.fleet.stats("d").requests == count);
  CHECK(bench.engine->in_flight() == 0);
}

TEST_CASE("what was not used is not saved up", "[snmp][governor]") {
  Agent agent;
  const Bench bench;
  const auto session = bench.open(agent.options(20));
  CHECK(bench.ask(*session, get(sys_name)).good());
  bool waited = false;
  bench.loop->after(300ms, [&waited] { waited = true; });
  bench.run_until([&] { return waited; });
  int good = 0;
  const BootTime began = BootClock::now();
  for (int i = 0; i < 4; ++i) {
    session->send(get(sys_name), [&good](snmp::Reply&& reply) { good += reply.good() ? 1 : 0; });
  }
  bench.run_until([&] { return good == 4; });
  CHECK(BootClock::now() - began >= least_time(4, 20));
}

TEST_CASE("retries wait for their turn as well", "[snmp][governor]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.timeout = 1ms;
  options.retries = 5;
  options.max_requests_per_second = 20;
  const auto session = bench.open(options);
  const BootTime began = BootClock::now();
  const snmp::Reply reply = bench.ask(*session, get(sys_name));
  CHECK(reply.outcome == Outcome::timed_out);
  CHECK(session->traffic().requests == 6);
  CHECK(BootClock::now() - began >= least_time(6, 20));
}

TEST_CASE("an answer that comes while the retry waits for its turn is taken", "[snmp][governor]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.timeout = 20ms;
  options.retries = 3;
  options.max_requests_per_second = 1;
  const auto session = bench.open(options);
  std::optional<snmp::Reply> reply;
  session->send(get(sys_name), [&reply](snmp::Reply&& answer) { reply = std::move(answer); });
  std::optional<Packet> first;
  bench.run_until([&] { return (first = peer.take()).has_value(); });
  bool overdue = false;  // the try is; its retry may not leave for most of a second
  bench.loop->after(100ms, [&overdue] { overdue = true; });
  bench.run_until([&] { return overdue; });
  peer.send(echo_of(*first), first->from);
  bench.run_until([&] { return reply.has_value(); });
  CHECK(reply->outcome == Outcome::answered);
  CHECK(session->traffic().responses == 1);
  CHECK(bench.engine->in_flight() == 0);
}

TEST_CASE("a request that waits for its turn goes with its session, or when it is cancelled", "[snmp][governor]") {
  Agent agent;
  const Bench bench;
  auto session = bench.open(agent.options(2));
  int answered = 0;
  const auto count = [&answered](snmp::Reply&&) { ++answered; };
  for (int i = 0; i < 3; ++i) session->send(get(sys_name), count);
  bench.run_until([&] { return answered == 1; });
  session->cancel_all();
  CHECK(bench.ask(*session, get(sys_name)).good());
  CHECK(answered == 1);
  for (int i = 0; i < 3; ++i) session->send(get(sys_name), count);
  bench.loop->run_once(0ms);
  session.reset();
  bool later = false;
  bench.loop->after(600ms, [&later] { later = true; });
  bench.run_until([&] { return later; });
  CHECK(bench.engine->in_flight() == 0);
  CHECK(answered <= 2);
}

TEST_CASE("one device's bound holds up no other", "[snmp][governor]") {
  Agent agent;
  const Bench bench;
  const auto slow = bench.open(agent.options(1));
  auto free_options = agent.options(1);
  free_options.max_requests_per_second.reset();
  const auto fast = bench.open(free_options);
  int slow_answers = 0;
  int fast_answers = 0;
  for (int i = 0; i < 100; ++i) slow->send(get(sys_name), [&](snmp::Reply&&) { ++slow_answers; });
  const BootTime began = BootClock::now();
  for (int i = 0; i < 200; ++i) fast->send(get(sys_name), [&](snmp::Reply&&) { ++fast_answers; });
  bench.run_until([&] { return fast_answers == 200; });
  // However slow this machine is: so many seconds, so many requests, and one at the start.
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(BootClock::now() - began).count();
  CHECK(slow_answers <= seconds + 1);
}

TEST_CASE("discovery and what the library sends again count", "[snmp][governor][snmpd]") {
  const UsmPair pair{AuthProtocol::sha256, PrivProtocol::aes};
  SnmpdOptions with;
  with.users = {agent_user(pair)};
  Snmpd agent(std::move(with));
  agent.start();
  const Bench bench;
  auto options = session_of(at("127.0.0.1", agent.port()), pair);
  options.max_requests_per_second = 10;
  const auto session = bench.open(options);
  const BootTime began = BootClock::now();
  CHECK(bench.ask(*session, get(sys_name)).good());
  CHECK(bench.ask(*session, get(sys_name)).good());
  // All but one of them are ours to hold back: RFC 3414's answer to notInTimeWindow leaves from inside the library.
  const std::uint64_t sent = session->traffic().requests;
  CHECK(sent >= 3);
  CHECK(BootClock::now() - began >= least_time(sent - 1, 10));
}
