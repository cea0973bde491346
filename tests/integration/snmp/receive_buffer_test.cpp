// What is in flight never outruns the receive buffers that the kernel granted, and what it drops all the same is told.

#include <memory>
#include <vector>

#include "bench.hpp"
#include "fleet/fleet.hpp"
#include "peer.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

/// A loop with an engine whose sockets get the smallest buffers there are: each holds one answer.
struct TightBench : Bench {
  explicit TightBench(unsigned max_sockets) {
    engine.reset();
    auto opened = snmp::Engine::create(*loop, {.receive_buffer = 1, .max_sockets = max_sockets});
    REQUIRE(opened);
    engine = std::move(*opened);
  }
};

}  // namespace

TEST_CASE("requests wait until the receive buffers have room, and all are answered", "[snmp]") {
  fleet::Fleet agents;
  agents.add(fleet::make_devices(1, 2, *fleet::Address::parse("127.0.0.1"), "public"));
  agents.start();
  const unsigned sockets = GENERATE(1U, 3U);
  const TightBench bench(sockets);
  std::vector<std::unique_ptr<snmp::Session>> sessions;
  std::size_t answered = 0;
  std::size_t most_in_flight = 0;
  for (int i = 0; i < 40; ++i) {
    sessions.push_back(bench.open(v2c(at("127.0.0.1", agents.port()), "public")));
    sessions.back()->send(get(sys_name), [&](snmp::Reply&& reply) {
      CHECK(reply.good());
      ++answered;
    });
  }
  bench.loop->run_once(0ms);
  CHECK(bench.engine->starved() <= 40 - sockets);
  CHECK(bench.engine->starved() > 20);  // a quick answer may have let the next ones go
  bench.run_until([&] {
    most_in_flight = std::max(most_in_flight, bench.engine->in_flight());
    return answered == sessions.size();
  });
  CHECK(most_in_flight <= sockets);
  CHECK(bench.engine->starved() == 0);
  CHECK(bench.engine->traffic().retries == 0);
  CHECK(bench.engine->traffic().kernel_drops == 0);
}

TEST_CASE("a session that is destroyed while it waits for room leaves its turn to the next", "[snmp]") {
  const TightBench bench(1);
  const Peer peer;
  auto first = bench.open(v2c(peer.endpoint()));
  auto second = bench.open(v2c(peer.endpoint()));
  const auto third = bench.open(v2c(peer.endpoint()));
  first->send(get(sys_name), [](snmp::Reply&&) { FAIL("destroyed"); });
  second->send(get(sys_name), [](snmp::Reply&&) { FAIL("destroyed"); });
  bench.loop->run_once(0ms);
  bool answered = false;
  third->send(get(sys_name), [&](snmp::Reply&&) { answered = true; });
  bench.loop->run_once(0ms);
  CHECK(bench.engine->in_flight() == 1);
  CHECK(bench.engine->starved() == 2);
  second.reset();
  CHECK(bench.engine->starved() == 1);
  first.reset();
  bench.run_until([&] {
    while (const auto packet = peer.take()) peer.send(echo_of(*packet), packet->from);
    return answered;
  });
}

TEST_CASE("a session that gives up while it waits for room leaves its turn to the next", "[snmp]") {
  const TightBench bench(1);
  const Peer peer;
  const auto first = bench.open(v2c(peer.endpoint()));
  const auto second = bench.open(v2c(peer.endpoint()));
  const auto third = bench.open(v2c(peer.endpoint()));
  std::size_t answered = 0;
  first->send(get(sys_name), [&](snmp::Reply&&) { ++answered; });
  second->send(get(sys_name), [](snmp::Reply&&) { FAIL("given up"); });
  bench.loop->run_once(0ms);
  third->send(get(sys_name), [&](snmp::Reply&&) { ++answered; });
  bench.loop->run_once(0ms);
  CHECK(bench.engine->starved() == 2);
  second->cancel_all();
  bench.run_until([&] {
    while (const auto packet = peer.take()) peer.send(echo_of(*packet), packet->from);
    return answered == 2;
  });
}

TEST_CASE("datagrams that the kernel had no room for are counted", "[snmp]") {
  const TightBench bench(1);
  const Peer peer;
  const auto session = bench.open(v2c(peer.endpoint()));
  bool answered = false;
  session->send(get(sys_name), [&](snmp::Reply&&) { answered = true; });
  std::optional<Packet> asked;
  bench.run_until([&] {
    if (!asked) asked = peer.take();
    return asked.has_value();
  });
  const std::string answer = echo_of(*asked);
  for (int i = 0; i < 100; ++i) peer.send(answer, asked->from);  // nobody reads meanwhile
  bench.run_until([&] { return answered; });
  // The kernel tells with the next datagram that it has room for.
  peer.send(answer, asked->from);
  bench.run_until([&] { return bench.engine->traffic().kernel_drops > 0; });
  CHECK(bench.engine->traffic().kernel_drops < 100);
}
