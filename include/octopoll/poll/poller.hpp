#pragma once
// The inventory at work: who is polled and pinged when, and where the results go.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "octopoll/config/inventory.hpp"
#include "octopoll/core/cycle.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/poll/device_poller.hpp"
#include "octopoll/poll/figures.hpp"

namespace octopoll::poll {

struct PollerOptions {
  // By device, from the store.
  std::map<std::string, std::uint64_t> last_poll_numbers;
  std::map<std::string, LastReadings> last_readings;
  /// How long a stop waits for answers under way before it takes what there is.
  std::chrono::nanoseconds patience = std::chrono::milliseconds(1500);
  /// Every cycle of run() dates the snapshot of an agent that caches (CycleRequest::date_snapshot): for a few devices
  /// that are watched closely, since it costs requests.
  bool date_snapshots = false;
};

/// Polls every device and probe of an inventory, all in one loop, and hands each record to the sinks.
/// Thread: the loop's. Sinks outlive it.
class Poller {
 public:
  Poller(Shared shared, config::Inventory inventory, std::vector<Sink*> sinks, PollerOptions options);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Day and night: each device on its own interval, spread over it, never overlapping itself. Of a small inventory all
  /// devices have an extra first turn at once, so that its owner need not wait for an interval to see something; but
  /// for those that a run before this one polled just now.
  void run();

  /// Each device twice, all at once, the second time `gap` after its first cycle ended, however that ended; `gap` is
  /// stretched to what the device's cache needs. Echo probes are spread over the gap. `done` is called when all have
  /// ended.
  void run_once(std::chrono::nanoseconds gap, std::function<void()> done);

  /// Devices of run_once() whose second cycle was not begun, or was cut short; 0 once `done` was called by itself.
  [[nodiscard]] std::size_t not_polled_twice() const noexcept;

  /// Ends: no new turns, answers under way are awaited for `patience`, what is still open is cut short
  /// (DevicePoller::finish_now()), all records reach the sinks, then `done`.
  void stop(std::function<void()> done);

  /// Another inventory for run(), from now on; a run_once() keeps the one it has. Devices that stay keep their base
  /// lines and their place in the schedule; cycles under way end by the old settings.
  void reload(config::Inventory inventory);

  [[nodiscard]] const PollerStatistics& statistics() const noexcept;
  /// At any time. Ends the span that the next look's `lag` covers.
  [[nodiscard]] Figures take_figures();
  /// Devices (and in run_once() their pings) that are under way now.
  [[nodiscard]] std::size_t busy() const noexcept;
  [[nodiscard]] std::size_t devices() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace octopoll::poll
