#pragma once
// One cycle of one device: the unit that travels from the poller to the sinks, and later between machines.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/counter_delta.hpp"
#include "octopoll/core/counters.hpp"
#include "octopoll/core/interface.hpp"
#include "octopoll/core/quality.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/core/shared_value.hpp"
#include "octopoll/core/units.hpp"

namespace octopoll {

/// One interface in one cycle: raw, judged, and put against its speed.
struct InterfaceRecord {
  InterfaceSample sample;
  RowDeltas deltas;
  /// Between the two snapshots of this row, by the better of the two clocks (invariant 2); 0 with quality `first`.
  std::chrono::nanoseconds elapsed{};
  /// Relative uncertainty of `elapsed`: 0.05 is 5 %.
  double time_error = 0.0;
  /// The speed that utilisation divides by, after the inventory's override; nullopt where unknown.
  std::optional<std::uint64_t> in_speed_bps;
  std::optional<std::uint64_t> out_speed_bps;
  /// Share of the link, 0.25 is 25 %; nullopt where rate or speed is unknown. Not clamped.
  std::optional<double> in_utilization;
  std::optional<double> out_utilization;
  /// An octet delta went above the stated speed, now or for long: the delta stays `ok`, that direction's speed is
  /// unknown.
  bool speed_exceeded = false;
  /// ifLastChange (sysUpTime), where it shows that the link left its state and came back since the reading before:
  /// ifOperStatus is as it was. nullopt: nothing shows it, which is no proof that it did not (0 is "unknown").
  std::optional<TimeTicks> flapped_at;

  /// Per second, of any counter; nullopt unless its delta makes a rate.
  [[nodiscard]] std::optional<double> per_second(Counter counter) const noexcept;
  /// Octet counters as bit/s.
  [[nodiscard]] std::optional<BitsPerSecond> in_rate() const noexcept;
  [[nodiscard]] std::optional<BitsPerSecond> out_rate() const noexcept;
  /// The headline: the worse of the two octet deltas' qualities (`ok` beats `wrapped` beats all others).
  [[nodiscard]] Quality quality() const noexcept;
};

enum class CycleOutcome : std::uint8_t { complete, partial, failed };
[[nodiscard]] std::string_view to_string(CycleOutcome outcome) noexcept;

/// What this cycle cost the device and the network.
struct PollCost {
  std::uint32_t requests = 0;   ///< PDUs sent, retries included
  std::uint32_t responses = 0;  ///< PDUs received and used
  std::uint32_t retries = 0;
  std::uint64_t octets_sent = 0;
  std::uint64_t octets_received = 0;
  std::uint32_t timeouts = 0;  ///< requests that got no answer in all their tries
  std::uint32_t looks = 0;     ///< of the requests: asked since the cycle before, to see whether the agent caches
};

/// One row of ifStackTable (RFC 2863 section 3.1.1): a LAG on a port, a VLAN on a LAG.
struct StackedInterfaces {
  std::string higher;
  std::string lower;
  friend bool operator==(const StackedInterfaces&, const StackedInterfaces&) = default;
};

/// All of one device's cycle. Rows are taken, judged and stored together.
struct DeviceCycle {
  std::string device;             ///< its name in the inventory
  std::string address;            ///< "192.0.2.1:161"; empty while the name is not resolved
  std::uint64_t poll_number = 0;  ///< monotonic per device, over restarts of octopoll too; orders, never the clock
  std::int64_t slot = 0;          ///< the turn of the schedule this cycle belongs to: planned wall time / interval
  std::chrono::nanoseconds interval{};
  WallTime started_at;  ///< a label
  BootTime started;
  std::chrono::nanoseconds duration{};
  CycleOutcome outcome = CycleOutcome::failed;
  std::optional<Error> error;               ///< why not complete
  bool rebooted = false;                    ///< the agent restarted since the cycle before
  std::chrono::nanoseconds cache_period{};  ///< of the agent's counters; 0: answers fresh, as far as is known
  bool cache_known = false;                 ///< that it does is no guess any more
  SharedValue<DeviceFacts> facts;  ///< from cycle to cycle the same block, for as long as the agent says the same
  std::optional<TimeTicks> sys_uptime;
  // Beside it, for who goes on from this cycle's readings: the agent's other clocks, when they were read (before the
  // epoch: never), and as whom.
  std::optional<std::uint32_t> engine_boots;
  std::optional<std::uint32_t> engine_time;
  BootTime clock_read_at = BootTime::min();
  std::string view;  ///< what of the credentials decides which objects the agent shows; no secret is in it
  PollCost cost;
  std::vector<InterfaceRecord> interfaces;
  /// Keeps what their borrowed handles point to: rows that are moved out of here must not outlive it.
  std::shared_ptr<const void> lender;
  /// ifStackTable, by names: which interface runs on top of which. nullopt: not read in this cycle; empty: the agent
  /// has none.
  std::optional<std::vector<StackedInterfaces>> stack;
};

/// One round of echo probes to one target.
/// Unit: round trips in nanoseconds. A lost probe has no round trip (RFC 2681 section 2.4: undefined, not large).
struct PingRound {
  std::string target;              ///< name of the probe, or of the device
  bool is_device = false;          ///< the target is a device of the inventory
  std::string address;             ///< as probed, no port; empty if the name had no address
  std::uint64_t round_number = 0;  ///< monotonic per target within this run
  /// The turn of the schedule; a device's cycle of the same slot was asked in the same turn.
  std::int64_t slot = 0;
  WallTime started_at;
  BootTime started;
  std::chrono::nanoseconds interval{};
  std::uint32_t sent = 0;
  std::uint32_t received = 0;  ///< in time, each probe at most once
  std::uint32_t duplicates = 0;
  /// Answered after the timeout: counted as lost. These and duplicates may be of the round before, where they came when
  /// that one was over.
  std::uint32_t late = 0;
  std::uint32_t errors = 0;  ///< ICMP errors about its probes; they decide nothing (they are easily forged)
  std::vector<std::chrono::nanoseconds> round_trips;  ///< of the received, in order of sending
  std::optional<Error> error;                         ///< why nothing was sent, or what an ICMP error said

  [[nodiscard]] double loss() const noexcept {
    return sent == 0 ? 0.0 : 1.0 - static_cast<double>(received) / static_cast<double>(sent);
  }
};

/// What travels downstream.
using Record = std::variant<DeviceCycle, PingRound>;
using RecordPtr = std::shared_ptr<const Record>;  // shared: several sinks read one record, whoever is last frees it

/// Takes records; called on the loop's thread, so it must not block.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void take(const RecordPtr& record) = 0;
};

}  // namespace octopoll
