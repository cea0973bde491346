#pragma once
// One ping target of the inventory: its rounds, one after the other.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "octopoll/config/inventory.hpp"
#include "octopoll/core/cycle.hpp"
#include "octopoll/poll/device_poller.hpp"
#include "poll/known_addresses.hpp"

namespace octopoll::poll {

/// What to ping and how. `target.port` plays no part.
struct PingPlan {
  std::string name;
  bool is_device = false;
  Target target;
  std::chrono::nanoseconds interval{};
  config::EchoSettings echo;
  std::chrono::nanoseconds dns_cache = std::chrono::minutes(5);
};

/// Runs rounds of echo probes to one target. Rounds may overlap: the last probe of one may be awaited while the next
/// one begins. Answers to a round that come after it was handed on, and until the next one is, are counted as late or
/// duplicates in that one. Where no probe can be sent, each round says why. Thread: the loop's.
class Pinger {
 public:
  using Done = std::function<void(PingRound&&)>;

  /// Of a name of its own; or, with `device`, of the address that the device is asked at, as long as that lives.
  Pinger(Shared shared, PingPlan plan, KnownAddresses* device = nullptr);
  ~Pinger();
  Pinger(const Pinger&) = delete;
  Pinger& operator=(const Pinger&) = delete;

  /// Spreads the round's probes over `span`, or sends them as a burst at its begin. `slot`: of the schedule's turn.
  /// `done` is called once, never from inside this call.
  void start(std::chrono::nanoseconds span, std::int64_t slot, Done done);
  /// Ends all rounds under way with what has arrived; their `done` follows soon.
  void finish_now();
  /// From the next round on.
  void reconfigure(PingPlan plan);
  void change_interval(std::chrono::nanoseconds interval) noexcept;
  [[nodiscard]] std::size_t busy() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace octopoll::poll
