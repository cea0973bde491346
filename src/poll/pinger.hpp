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
/// one begins. Thread: the loop's.
class Pinger {
 public:
  using Done = std::function<void(PingRound&&)>;

  Pinger(Shared shared, PingPlan plan);
  ~Pinger();
  Pinger(const Pinger&) = delete;
  Pinger& operator=(const Pinger&) = delete;

  /// Spreads the round's probes over `span`, or sends them as a burst at its begin. `slot`: of the schedule's turn.
  /// `done` is called once, never from inside this call.
  void start(std::chrono::nanoseconds span, std::int64_t slot, Done done);
  /// Ends all rounds under way with what has arrived; their `done` follows soon.
  void finish_now();
  void reconfigure(PingPlan plan);
  [[nodiscard]] std::size_t busy() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace octopoll::poll
