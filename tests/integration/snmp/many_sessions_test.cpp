// Thousands of agents cost a few sockets.

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <set>
#include <vector>

#include "bench.hpp"
#include "fleet/fleet.hpp"
#include "fleet/scenario.hpp"
#include "peer.hpp"

using namespace octopoll;
using namespace octopoll::test;

namespace {

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

TEST_CASE("two thousand sessions share a few sockets and meet each its own agent", "[snmp]") {
  constexpr std::size_t count = 2000;
  fleet::Fleet agents;
  agents.add(fleet::make_devices(count, 1, *fleet::Address::parse("127.1.0.1"), "public"));
  agents.start();
  const Bench bench;
  const auto address = [&](std::size_t i) {
    return at("127.1." + std::to_string((i + 1) / 256) + "." + std::to_string((i + 1) % 256), agents.port());
  };

  std::vector<std::unique_ptr<snmp::Session>> sessions;
  sessions.push_back(bench.open(v2c(address(0))));
  REQUIRE(bench.ask(*sessions[0], get(sys_name)).good());
  const std::size_t before = open_descriptors();
  for (std::size_t i = 1; i < count; ++i) sessions.push_back(bench.open(v2c(address(i))));

  std::vector<std::string> names(count);
  std::size_t answered = 0;
  std::size_t most_open = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sessions[i]->send(get(sys_name), [&, i](snmp::Reply&& reply) {
      if (reply.good()) names[i] = *reply.variables.at(0).value.octets();
      if (++answered % 100 == 0) most_open = std::max(most_open, open_descriptors());
    });
  }
  bench.run_until([&] { return answered == count; });
  for (std::size_t i = 0; i < count; ++i) {
    if (names[i] != "device-" + std::to_string(i + 1)) FAIL_CHECK("session " << i << " read " << names[i]);
  }
  // One where the kernel grants the receive buffer that is asked for; an ordinary user's are small.
  const std::size_t further_sockets = snmp::EngineOptions().max_sockets - 1;
  CHECK(most_open <= before + further_sockets);
  CHECK(bench.engine->in_flight() == 0);
  CHECK(bench.engine->traffic().foreign == 0);
  sessions.clear();
  CHECK(open_descriptors() <= before + further_sockets);
}

TEST_CASE("request ids cannot be guessed", "[snmp]") {
  const Bench bench;
  const Peer peer;
  constexpr std::size_t count = 300;
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < count; ++i) {
    const auto session = bench.open(v2c(peer.endpoint()));
    session->send(get(sys_name), [](snmp::Reply&&) { FAIL("nobody answers"); });
    bench.run_until([&] {
      const auto packet = peer.take();
      if (packet) ids.push_back(packet->id());
      return packet.has_value();
    });
  }
  CHECK(std::set<std::int64_t>(ids.begin(), ids.end()).size() == count);
  CHECK(std::all_of(ids.begin(), ids.end(), [](std::int64_t id) { return id >= 0x0100'0000 && id <= 0x7fff'ffff; }));
  std::set<std::int64_t> steps;
  for (std::size_t i = 1; i < count; ++i) steps.insert(ids[i] - ids[i - 1]);
  CHECK(steps.size() == count - 1);
  // Each of the 31 bits is sometimes set and sometimes not.
  for (int bit = 0; bit < 31; ++bit) {
    const auto set = std::count_if(ids.begin(), ids.end(), [bit](std::int64_t id) { return ((id >> bit) & 1) != 0; });
    CAPTURE(bit, set);
    CHECK(set > 50);
    CHECK(set < 250);
  }
}
