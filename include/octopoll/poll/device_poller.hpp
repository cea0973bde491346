#pragma once
// One device's cycle, step by step.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "octopoll/config/inventory.hpp"
#include "octopoll/core/cycle.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/core/last_readings.hpp"
#include "octopoll/icmp/prober.hpp"
#include "octopoll/poll/resolver.hpp"
#include "octopoll/snmp/engine.hpp"

namespace octopoll::poll {

class TableQueue;

/// What the devices share. All outlive the pollers. `prober` may be null: no ICMP allowed; `table_queue` too: tables
/// are read at once.
struct Shared {
  EventLoop& loop;
  snmp::Engine& engine;
  Resolver& resolver;
  icmp::Prober* prober = nullptr;
  const Error* no_prober = nullptr;  ///< why there is none, where latency was wanted all the same
  TableQueue* table_queue = nullptr;
};

class KnownAddresses;

/// One turn of a device.
struct CycleRequest {
  std::int64_t slot = 0;
  /// Re-read a caching agent's counters until they move, so that the snapshot has a date (`run --once`, `local`).
  bool date_snapshot = false;
  /// After this the cycle ends with what has arrived.
  std::chrono::nanoseconds budget = std::chrono::seconds(60);
  /// After this the tables are not read on. A read of them outlasts the cycle that began it; those that end meanwhile
  /// have failed, unless the rows of before can be polled.
  std::chrono::nanoseconds table_budget = std::chrono::minutes(10);
};

/// Polls one device: resolves, asks the scalars, reads the tables when they changed, reads the counters, judges.
///
/// Tables are read again when ifNumber, ifTableLastChange or sysUpTime says so, when a name at an ifIndex is another
/// one or a row is gone, and hourly, since agents lie; always before a delta is made (invariant 4 of the design). A
/// device that did not answer last time is asked with one PDU and no retry (invariant 6). Thread: the loop's.
class DevicePoller {
 public:
  using Done = std::function<void(DeviceCycle&&)>;

  /// `last_poll_number`: of the device in the store; the first cycle has the next one. `last_readings`: likewise; the
  /// first deltas begin there, where the same agent is seen to have run on since (rates::resumption()).
  DevicePoller(Shared shared, config::Device device, std::uint64_t last_poll_number,
               std::optional<LastReadings> last_readings = std::nullopt);
  ~DevicePoller();
  DevicePoller(const DevicePoller&) = delete;
  DevicePoller& operator=(const DevicePoller&) = delete;

  /// Starts a cycle; must not be busy. `done` is called once, never from inside this call; it may start the next one.
  void start(const CycleRequest& request, Done done);
  [[nodiscard]] bool busy() const noexcept;
  /// Ends the cycle under way with what has arrived: partial, or failed where nothing has; its error, unless it had one
  /// already, is of ErrorKind::partial. `done` follows soon.
  void finish_now();
  /// New settings from the next cycle on; base lines stay, unless the address is another one or the
  /// credentials may show another view of the agent.
  void reconfigure(config::Device device);

  /// The device's own, or with `interval: auto` what its counters need, as far as is known.
  [[nodiscard]] std::chrono::nanoseconds interval() const noexcept;
  /// Of the cycle under way, else of the last one.
  [[nodiscard]] std::uint64_t poll_number() const noexcept;
  /// SNMPv3: the agent's engine id in hex; empty before its discovery.
  [[nodiscard]] std::string engine_id() const;
  /// Where it is asked; for who follows it. Lives as long as this.
  [[nodiscard]] KnownAddresses& addresses() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace octopoll::poll
