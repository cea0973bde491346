#pragma once
// Traffic of one interface summed over 5 minutes of wall time, and over the hours and days that those make. Pure.
//
// A delta that straddles a border is shared out by time: of n units over a span, floor(n * t / span) have come after t
// of it. So each unit falls into one bin, and the bins of a delta sum to it, unit by unit. What nobody measured is in
// no bin: only deltas of quality ok and wrapped count as octets, and the time that they cover is kept beside them.

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "octopoll/core/cycle.hpp"

namespace octopoll::store {

inline constexpr std::chrono::seconds bin_length{300};
inline constexpr std::int64_t bin_us = std::chrono::microseconds(bin_length).count();

/// Nobody knows when within more than a day its octets went: such a delta is in no bin.
inline constexpr std::int64_t longest_shared_us = std::chrono::microseconds(std::chrono::hours(24)).count();

/// Peaks of sums are kept to so many significant bits, for blocks that take less: to the bit/s below 2^20,
/// beyond it the next number up (highest rates) or down (lowest). Source: when a sample was read is known to a ms, of
/// 60 s 1.7e-5, and its rate is no better than that.
inline constexpr int peak_bits = 20;
/// By what share of itself a peak of a sum may be beyond that of its samples, beside half a bit/s: by the bits, and by
/// the ms to which the time is kept.
inline constexpr double peak_tolerance = 1.0 / (1 << (peak_bits - 1)) + 1.0 / (1 << 19);

/// Of a bin that has this much covered, the time is kept to a ms, which is what ends of samples are known to: the
/// average is off by less than 2^-19 of itself then. What has less keeps its microseconds.
inline constexpr std::int64_t covered_step_us = 1000;
inline constexpr std::int64_t least_covered_by_steps_us = covered_step_us << 18;

/// What reaches over more borders than these is put into its bins later, some at a time.
inline constexpr std::int64_t most_bins_at_once = 4;

/// The number of the bin that holds a moment, in microseconds since 1970.
[[nodiscard]] constexpr std::int64_t bin_of(std::int64_t unix_us) noexcept {
  return unix_us >= 0 ? unix_us / bin_us : (unix_us + 1) / bin_us - 1;
}

/// What happened of `whole` in the first `part` of `span`; 0 <= part <= span, span > 0.
[[nodiscard]] std::uint64_t until_part(std::uint64_t whole, std::int64_t part, std::int64_t span) noexcept;

/// What one interface did in one cycle, in the numbers that the file has of it.
struct TrafficSample {
  struct Direction {
    std::uint64_t octets = 0;
    std::int64_t span_us = 0;              ///< that the octets cover; 0: they make no rate
    std::uint64_t speed_bps = 0;           ///< 0: unknown
    std::optional<std::uint64_t> packets;  ///< of those kinds that have a delta
    std::optional<std::uint64_t> errors;
    std::optional<std::uint64_t> discards;

    [[nodiscard]] double bps() const noexcept {
      return static_cast<double>(octets) / (static_cast<double>(span_us) / 1e6) * 8.0;
    }
  };
  std::int64_t end_us = 0;              ///< when it was read, unix time
  std::int64_t span_us = 0;             ///< that packets, errors and discards cover; 0: they have no deltas
  std::array<Direction, 2> directions;  ///< in, out

  [[nodiscard]] std::int64_t first_bin() const noexcept;
  [[nodiscard]] std::int64_t last_bin() const noexcept;
  /// Over so many bins that those of a large device would make a transaction that holds up the others.
  [[nodiscard]] bool is_long() const noexcept { return last_bin() - first_bin() >= most_bins_at_once; }
};
/// `read_at_ms`: unix time.
[[nodiscard]] TrafficSample traffic_of(const InterfaceRecord& row, std::int64_t read_at_ms) noexcept;

/// What of a sample falls into one bin.
struct TrafficShare {
  struct Direction {
    std::uint64_t octets = 0;
    std::int64_t covered_us = 0;
    double bps = 0.0;  ///< of the whole sample
    std::uint64_t speed_bps = 0;
    std::optional<std::uint64_t> packets;
    std::optional<std::uint64_t> errors;
    std::optional<std::uint64_t> discards;
  };
  std::array<Direction, 2> directions;

  [[nodiscard]] bool says_nothing() const noexcept;
};
[[nodiscard]] TrafficShare share_of(const TrafficSample& sample, std::int64_t bin) noexcept;

/// Share of the link over the time in which its speed was known.
struct UtilizationSum {
  double share_us = 0.0;  ///< share times microseconds
  std::int64_t covered_us = 0;
  double max = 0.0;

  void add(const UtilizationSum& other) noexcept;
};

/// A row of traffic_5m, traffic_1h or traffic_1d.
struct TrafficBin {
  struct Direction {
    std::uint64_t octets = 0;
    std::int64_t covered_us = 0;  ///< by deltas that make a rate; more than the bin where base lines overlap
    double bps_max = 0.0;         ///< of the samples that reach into the bin; both where any time is covered
    double bps_min = 0.0;
    UtilizationSum utilization;  ///< where `speed` is Speed::changing
    std::optional<std::uint64_t> packets;
    std::optional<std::uint64_t> errors;
    std::optional<std::uint64_t> discards;
  };
  enum class Speed : std::uint8_t {
    none_yet,  ///< no sample
    unknown,   ///< in both directions, of all samples
    steady,    ///< `speed_mbps` in both directions, of all samples
    changing,  ///< anything else: `utilization` says what came of it
  };
  std::array<Direction, 2> directions;
  Speed speed = Speed::none_yet;
  std::uint32_t speed_mbps = 0;

  [[nodiscard]] bool empty() const noexcept { return speed == Speed::none_yet; }
  void add(const TrafficShare& share) noexcept;
  void add(const TrafficBin& other) noexcept;
  /// Of samples: as its row has it, peaks and the time that is covered. The average stays between the peaks.
  [[nodiscard]] TrafficBin as_row() const noexcept;
  /// Share of the link; nullopt where no speed was known.
  [[nodiscard]] std::optional<UtilizationSum> utilization(std::size_t direction) const noexcept;

 private:
  void unsettle() noexcept;
};

/// A bin of 5 minutes that is still open: what the writer keeps of each interface, hence small.
/// Shape:  60 octets. What these have no room for (a speed that changes or is none in whole Mbit/s both ways, more than
///         65,535 errors, 2^48 octets) is a TrafficBin elsewhere, until the next start().
/// Errors: none.
/// Thread: as a value.
class OpenBin {
 public:
  OpenBin() noexcept = default;
  OpenBin(OpenBin&& other) noexcept { swap(other); }
  OpenBin& operator=(OpenBin other) noexcept {
    swap(other);
    return *this;
  }
  ~OpenBin() { const std::unique_ptr<TrafficBin> goes(elsewhere()); }

  [[nodiscard]] bool empty() const noexcept { return state_.speed == none_yet; }
  [[nodiscard]] std::int64_t bin() const noexcept { return state_.bin; }
  void start(std::int64_t bin) noexcept;
  /// False where a sum of the share would need more than 32 bits beside what is here (octets 64): then nothing was
  /// added, and whole() is to be stored before a new start. Whoever reads the samples again must come to the same.
  [[nodiscard]] bool add(const TrafficShare& share);
  /// Its row, by TrafficBin::as_row(), is that of the same shares in a TrafficBin; peaks are those of a row already.
  [[nodiscard]] TrafficBin whole() const noexcept;

 private:
  using Both = std::array<std::uint32_t, 2>;  // in, out
  /// A peak of a row has peak_bits.
  static_assert(peak_bits <= std::numeric_limits<float>::digits);
  struct Sums {
    Both octets_low{};
    std::array<std::uint16_t, 2> octets_high{};
    std::array<float, 2> bps_max{}, bps_min{};
    Both covered_us{}, packets{};
    std::array<std::uint16_t, 2> errors{}, discards{};

    [[nodiscard]] std::uint64_t octets(std::size_t way) const noexcept {
      return std::uint64_t{octets_high[way]} << 32U | octets_low[way];
    }
    [[nodiscard]] bool has_room(std::size_t way, const TrafficShare::Direction& more) const noexcept;
    void add(std::size_t way, const TrafficShare::Direction& more) noexcept;
  };
  static constexpr std::uint32_t none_yet = 0xFFFF'FFFF;
  static constexpr std::uint32_t is_elsewhere = 0xFFFF'FFFE;  // State::speed below: Mbit/s, 0 for unknown

  /// Owned: what sums_ would hold. Its address lies there, for a member of its own would make each bin larger.
  [[nodiscard]] TrafficBin* elsewhere() const noexcept {
    return state_.speed == is_elsewhere ? std::bit_cast<TrafficBin*>(sums_.octets_low) : nullptr;
  }
  [[nodiscard]] bool has_room_here(const TrafficShare& share) const noexcept;
  void add_here(const TrafficShare& share) noexcept;
  void swap(OpenBin& other) noexcept {
    std::swap(sums_, other.sums_);
    std::swap(state_, other.state_);
  }

  struct State {
    std::uint32_t speed = none_yet;
    std::uint32_t bin : 26 = 0;   // until the year 2607
    std::uint32_t known : 6 = 0;  // which of the others have a delta: three bits a direction
  };
  Sums sums_;
  State state_;
};

}  // namespace octopoll::store
