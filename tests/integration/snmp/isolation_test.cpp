// One dead or broken device delays no other: told by counts and by order, not by the clock.

#include <memory>
#include <vector>

#include "bench.hpp"
#include "fleet/fleet.hpp"
#include "peer.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t live_count = 100;
constexpr std::size_t requests_each = 20;

fleet::Fleet& started(fleet::Fleet& agents) {
  agents.add(fleet::make_devices(live_count, 1, *fleet::Address::parse("127.1.0.1"), "public"));
  agents.start();
  return agents;
}

/// A hundred live devices, each asked twenty times, the next when the last was answered.
class LiveDevices {
 public:
  LiveDevices(const Bench& bench, std::uint16_t port) {
    for (std::size_t i = 0; i < live_count; ++i) {
      sessions_.push_back(bench.open(v2c(at("127.1.0." + std::to_string(i + 1), port))));
    }
  }
  void start() {
    for (auto& session : sessions_) ask(*session, requests_each);
  }
  [[nodiscard]] bool done() const { return answered_ == live_count * requests_each; }
  [[nodiscard]] std::uint64_t retries() const {
    std::uint64_t all = 0;
    for (const auto& session : sessions_) all += session->traffic().retries;
    return all;
  }

 private:
  void ask(snmp::Session& session, std::size_t left) {
    session.send(get(sys_name), [this, &session, left](snmp::Reply&& reply) {
      CHECK(reply.good());
      ++answered_;
      if (left > 1) ask(session, left - 1);
    });
  }
  std::vector<std::unique_ptr<snmp::Session>> sessions_;
  std::size_t answered_ = 0;
};

}  // namespace

TEST_CASE("a dead device beside a hundred live ones delays nobody", "[snmp]") {
  fleet::Fleet agents;
  started(agents);
  const Bench bench;
  const Peer silent;
  auto dead = v2c(silent.endpoint());
  if (GENERATE(false, true)) {
    dead.credentials.own().version = SnmpVersion::v3;
    dead.credentials.own().username = "alice";
    dead.credentials.own().level = SecurityLevel::auth_priv;
    dead.credentials.own().auth_protocol = AuthProtocol::sha256;
    dead.credentials.own().password = Secret("correct horse battery");
    dead.credentials.own().priv_protocol = PrivProtocol::aes;
    dead.credentials.own().priv_password = Secret("staple staple staple");
  }
  dead.timeout = 10min;
  const auto session = bench.open(dead);
  bool dead_ended = false;
  for (int i = 0; i < 10; ++i) session->send(get(sys_name), [&](snmp::Reply&&) { dead_ended = true; });

  LiveDevices live(bench, agents.port());
  live.start();
  bench.run_until([&] { return live.done(); });
  CHECK_FALSE(dead_ended);
  CHECK(silent.take().has_value());
  CHECK(live.retries() == 0);
  CHECK(bench.engine->in_flight() >= 1);
}

TEST_CASE("a device whose every answer is garbage, late or doubled disturbs nobody", "[snmp]") {
  fleet::Fleet agents;
  for (const auto& [name, faults] :
       std::vector<std::pair<std::string, fleet::Json>>{{"garbage", {{"garbage", true}}},
                                                        {"truncated", {{"truncated", true}}},
                                                        {"doubled", {{"duplicate", 20}}},
                                                        {"slow", {{"delay", {{"fixed_ms", 100}}}}},
                                                        {"elsewhere", {{"reply_from_other_port", true}}}}) {
    fleet::DeviceSpec spec;
    spec.name = name;
    spec.faults = faults;
    agents.add(spec);
  }
  started(agents);
  const Bench bench;
  std::vector<std::unique_ptr<snmp::Session>> broken;
  bool stop = false;
  std::function<void(snmp::Session&)> again = [&](snmp::Session& session) {
    session.send(get(sys_name), [&](snmp::Reply&&) {
      if (!stop) again(session);
    });
  };
  for (const std::string name : {"garbage", "truncated", "doubled", "slow", "elsewhere"}) {
    auto options = v2c(at("127.0.0.1", agents.port()), name);
    options.timeout = 5ms;
    broken.push_back(bench.open(options));
    again(*broken.back());
  }
  LiveDevices live(bench, agents.port());
  live.start();
  bench.run_until([&] { return live.done(); });
  stop = true;
  CHECK(live.retries() == 0);
}
