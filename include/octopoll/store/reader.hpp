#pragma once
// What reports ask a store.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/counters.hpp"
#include "octopoll/core/quality.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/latency/availability.hpp"
#include "octopoll/latency/histogram.hpp"
#include "octopoll/store/damaged_block.hpp"

namespace octopoll::store {

/// A device, and the span of wall time in which it was polled, successfully or not.
struct StoredDevice {
  std::int64_t id = 0;
  std::string name;
  WallTime first_poll;  ///< start of its first cycle by the clock
  WallTime last_poll;   ///< end of its last one
};

/// An interface as last read.
struct StoredInterface {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::string> alias;
  std::optional<std::int64_t> type;           ///< IANAifType
  std::optional<std::uint64_t> in_speed_bps;  ///< bit/s that utilisation divides by
  std::optional<std::uint64_t> out_speed_bps;
  WallTime first_seen;
  WallTime last_seen;
};

/// One interface in one cycle, as far as reports of traffic need it.
/// A direction's delta covers (`read_at` - its `elapsed`, `read_at`]: mostly what the row covers, more where its base
/// line is older. `octets` is set whenever a delta was honest, but only ok and wrapped make a rate.
struct StoredSample {
  struct Direction {
    std::optional<std::uint64_t> octets;
    std::chrono::microseconds elapsed{};
    Quality quality = Quality::absent;
    std::optional<double> utilization;  ///< share of the link at the speed of that time
  };
  std::int64_t interface_id = 0;
  WallTime read_at;
  Direction in;
  Direction out;
};

/// What one interface did in 5 minutes of UTC, summed from its samples.
struct StoredTraffic {
  struct Direction {
    std::uint64_t octets = 0;
    std::chrono::microseconds covered{};  ///< by deltas that make a rate; more than the bin where they overlap
    double bps_max = 0.0;                 ///< of a single sample that reaches into the bin
    std::chrono::microseconds utilization_covered{};  ///< in which the speed was known; 0: no utilisation
    double utilization = 0.0;                         ///< average share of the link over that
    double utilization_max = 0.0;
    std::optional<std::uint64_t> packets;  ///< unicast, multicast and broadcast
    std::optional<std::uint64_t> errors;
    std::optional<std::uint64_t> discards;
  };
  std::int64_t interface_id = 0;
  WallTime begin;
  std::chrono::seconds length{};
  Direction in;
  Direction out;
};

/// How often each interface of a device had which rate in the 5 minutes of a span.
struct StoredRates {
  WallTime begin;
  std::chrono::seconds length{};
  std::span<const std::uint8_t> packed;  ///< RateUnpacker reads it; lives as long as the call
};

enum class RateDetail : std::uint8_t {
  rounded,  ///< RateTally::rounded_up() of it: a small part of the octets
  whole,
};

/// What one interface in one cycle counted, as far as reports of errors need it.
struct StoredCounts {
  std::int64_t interface_id = 0;
  WallTime read_at;
  std::chrono::microseconds elapsed{};
  PerCounter<std::optional<std::uint64_t>> deltas;  ///< honest ones alone; of octets none
  bool flapped = false;                             ///< the link went and came back since the reading before
};

/// What a device's cycles take: each number the median of its newest complete polls.
struct TypicalCost {
  std::size_t polls = 0;       ///< that were looked at
  std::size_t interfaces = 0;  ///< of the newest
  std::uint64_t requests = 0;
  std::uint64_t octets_sent = 0;
  std::uint64_t octets_received = 0;
  std::chrono::nanoseconds duration{};
};

/// An interface whose octets came with 32 bits when they were last read, and whose speed is known.
struct NarrowInterface {
  std::string name;
  std::uint64_t speed_bps = 0;  ///< of the faster direction
};

/// Which samples: of one device, of interfaces with ids from `first_interface` to `last_interface`, whose deltas
/// overlap the half-open window [since, until).
struct SampleQuery {
  std::int64_t device_id = 0;
  std::int64_t first_interface = 0;
  std::int64_t last_interface = 0;
  WallTime since;
  WallTime until;
};

/// What is pinged: a device of that name, or a probe.
struct StoredTarget {
  std::int64_t id = 0;
  std::string name;
  bool is_device = false;
  std::optional<std::string> address;  ///< as last probed
};

/// One round of echo requests to one target. A round of which none was sent measured nothing.
struct StoredRound {
  WallTime started_at;
  std::chrono::nanoseconds interval{};
  std::uint64_t sent = 0, received = 0, duplicates = 0, late = 0, errors = 0;
  std::vector<std::chrono::nanoseconds> round_trips;  ///< of the received, in order of sending
  std::optional<std::string> not_measured;            ///< why none was sent; not of one that was cut short
};

/// One hour of one target, from :00 to :00 UTC, with the distribution of its round trips.
struct StoredHour {
  WallTime begin;
  std::uint64_t sent = 0, received = 0;
  latency::Histogram distribution;
};

/// Read-only access to a store, beside a writer or without one.
///
/// Shape:  one snapshot: everything a Reader says is of the moment it was opened, whatever is written meanwhile. While
///         it lives the write-ahead log cannot be cut back, so it is for a report, not for a service.
/// Errors: open(): no such file, not a store, another schema version, not readable; each with what to do.
///         Later: a damaged file; but of a damaged block of sealed rows nothing is called back, and damaged() has it.
/// Thread: one at a time.
class Reader {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Reader>> open(const std::filesystem::path& path);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// The blocks that what was asked so far would have needed, each once. Lives until the next question.
  [[nodiscard]] std::span<const DamagedBlock> damaged() const noexcept;

  /// By name. Devices that were never polled are left out.
  [[nodiscard]] Result<std::vector<StoredDevice>> devices();
  /// Of one device, by id.
  [[nodiscard]] Result<std::vector<StoredInterface>> interfaces(std::int64_t device_id);
  /// Of the device of that name; nullopt where it was never polled to the end.
  [[nodiscard]] Result<std::optional<TypicalCost>> typical_cost(const std::string& device);
  /// Of the device of that name.
  [[nodiscard]] Result<std::vector<NarrowInterface>> narrow_interfaces(const std::string& device);
  /// Calls back for each sample, by poll and interface, one row in memory at a time.
  [[nodiscard]] Result<> for_each_sample(const SampleQuery& query,
                                         const std::function<void(const StoredSample&)>& callback);
  /// Whether for_each_traffic() is to be asked for a window in place of for_each_sample(): where samples of it are
  /// gone, and where it is long and bins of `step` are made of whole ones of 5 minutes. Both then say the same.
  [[nodiscard]] Result<bool> prefers_sums(WallTime since, WallTime until, std::chrono::seconds step);
  /// Calls back for sums of 5 minutes that overlap the window, up to the newest sample, of each interface in order of
  /// time; a bin may come in several parts that add up. Blocks are unpacked one at a time.
  [[nodiscard]] Result<> for_each_traffic(const SampleQuery& query,
                                          const std::function<void(const StoredTraffic&)>& callback);
  /// Calls back for the days of UTC, and the hours of others, that overlap the window and of whose 5 minutes the rates
  /// are counted: of each that for_each_traffic() would tell, no more and no less. Spans do not overlap; what is in
  /// none of them may hold anything.
  [[nodiscard]] Result<> for_each_rates(std::int64_t device_id, WallTime since, WallTime until, RateDetail detail,
                                        const std::function<void(const StoredRates&)>& callback);
  /// The same of what reports of errors need.
  [[nodiscard]] Result<> for_each_counts(const SampleQuery& query,
                                         const std::function<void(const StoredCounts&)>& callback);
  /// Which interface of a device runs on top of which (ifStackTable), by id: higher, lower. Empty where the agent does
  /// not say.
  [[nodiscard]] Result<std::vector<std::pair<std::int64_t, std::int64_t>>> stack(std::int64_t device_id);

  /// By name. Those that were never pinged are left out.
  [[nodiscard]] Result<std::vector<StoredTarget>> ping_targets();
  /// Calls back for each round that began in [since, until), in that order, one in memory at a time.
  [[nodiscard]] Result<> for_each_round(std::int64_t target_id, WallTime since, WallTime until,
                                        const std::function<void(const StoredRound&)>& callback);
  /// The same for hours that were summed up: the latest one never is, and none from before schema version 3.
  [[nodiscard]] Result<> for_each_hour(std::int64_t target_id, WallTime since, WallTime until,
                                       const std::function<void(const StoredHour&)>& callback);
  /// Whether a device's agent answered, a turn: of those that began in [since, until), and the last one before them. It
  /// was not asked where its name had no address or octopoll was stopped.
  [[nodiscard]] Result<std::vector<latency::Observation>> polls_answered(std::int64_t device_id, WallTime since,
                                                                         WallTime until);
  /// The same of the rounds of pings of a target.
  [[nodiscard]] Result<std::vector<latency::Observation>> rounds_answered(std::int64_t target_id, WallTime since,
                                                                          WallTime until);

 private:
  struct Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace octopoll::store
