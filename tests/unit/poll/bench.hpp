#pragma once
// What the tests of the poll room share: the rooms that it polls with, and agents to poll.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "fleet/fleet.hpp"
#include "octopoll/config/inventory.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/icmp/prober.hpp"
#include "octopoll/poll/device_poller.hpp"
#include "octopoll/poll/resolver.hpp"
#include "octopoll/snmp/engine.hpp"
#include "support/wait_until.hpp"

namespace octopoll::test {

/// Loop, engine, resolver, and a prober where the kernel grants one. One at a time in a process, as the engine asks.
class Bench {
 public:
  Bench() {
    auto loop = EventLoop::create();
    REQUIRE(loop.has_value());
    loop_ = std::move(*loop);
    auto engine = snmp::Engine::create(*loop_);
    REQUIRE(engine.has_value());
    engine_ = std::move(*engine);
    resolver_ = std::make_unique<poll::Resolver>(*loop_);
    if (auto prober = icmp::Prober::create(*loop_)) prober_ = std::move(*prober);
  }

  [[nodiscard]] EventLoop& loop() { return *loop_; }
  [[nodiscard]] poll::Resolver& resolver() { return *resolver_; }
  [[nodiscard]] poll::Shared shared() { return {*loop_, *engine_, *resolver_, prober_.get()}; }
  [[nodiscard]] bool can_ping() const { return prober_ != nullptr; }

  void run_until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= end) FAIL("what the test waits for did not come");
      loop_->run_once(std::chrono::milliseconds(5));
    }
  }
  /// So many rounds of the loop, each of which waits a little for something to do: a way to stop anywhere in a cycle.
  void run_rounds(int count) {
    for (int i = 0; i < count; ++i) loop_->run_once(std::chrono::milliseconds(2));
  }
  void run_for(std::chrono::milliseconds time) {
    bool over = false;
    loop_->after(time, [&over] { over = true; });
    run_until([&over] { return over; });
  }

 private:
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<snmp::Engine> engine_;
  std::unique_ptr<poll::Resolver> resolver_;
  std::unique_ptr<icmp::Prober> prober_;
};

/// Devices device-1.. with three interfaces each, at 127.1.0.1.. of `agents`, which is started.
inline void start_agents(fleet::Fleet& agents, std::size_t count, const fleet::Json& faults = fleet::Json::object()) {
  auto devices = fleet::make_devices(count, 3, *fleet::Address::parse("127.1.0.1"), "public");
  for (auto& device : devices) device.faults = faults;
  agents.add(std::move(devices));
  agents.start();
}

inline config::Device device_at(const fleet::Fleet& agents, int number) {
  config::Device device;
  device.name = fmt::format("device-{}", number);
  device.address = Target{fmt::format("127.1.0.{}", number), agents.port(), AddressFamily::any};
  device.timeout = std::chrono::seconds(5);
  device.interval = std::chrono::seconds(10);
  device.interfaces = std::make_shared<config::InterfaceRules>();
  device.ping = false;
  return device;
}

/// A cycle from its start to its end.
struct Polled {
  int calls = 0;
  DeviceCycle cycle;

  void start(poll::DevicePoller& poller, const poll::CycleRequest& request = {}) {
    poller.start(request, [this](DeviceCycle&& ended) {
      ++calls;
      cycle = std::move(ended);
    });
    CHECK(calls == 0);  // never from inside
  }
};

}  // namespace octopoll::test
