#pragma once
// The base line of one interface: what its next reading is held against.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/counters.hpp"
#include "octopoll/core/interface.hpp"
#include "octopoll/core/units.hpp"

namespace octopoll::rates {

/// The last accepted reading of one interface. Value type of DeviceHistory, about 180 octets: values and widths are
/// kept apart, which halves what PerCounter<CounterReading> would take, and the name is the one that discovery made.
/// Invariant: every counter in it was read at `time`, but those in `doubts`, which have an older base as well.
class RowBase {
 public:
  /// The base that a contradicting reading (quality `reset` or `implausible`) pushed aside. It stays until the next
  /// reading shows which of the two to believe, so one garbled reading costs neither a spike nor the base line.
  struct Doubt {
    Counter counter{};
    CounterReading old;
    ReadingTime time;
  };

  RowBase() = default;
  /// Everything from this reading on; no doubts.
  explicit RowBase(const InterfaceSample& sample);

  [[nodiscard]] CounterReading reading(Counter counter) const noexcept {
    if ((present_ & bit(counter)) == 0) return {};
    return {values_[place(counter)], static_cast<std::uint8_t>((wide_ & bit(counter)) != 0 ? 64 : 32)};
  }
  void set(Counter counter, const CounterReading& reading) noexcept;
  /// The next reading of a counter that is there, of the same width.
  void move(Counter counter, std::uint64_t value) noexcept { values_[place(counter)] = value; }
  void drop(Counter counter) noexcept;

  /// Some counter is.
  [[nodiscard]] bool doubted() const noexcept { return !doubts_.empty(); }
  void doubt(Counter counter, const CounterReading& old, const ReadingTime& when);
  /// Ends the doubt about a counter, if there is one, and hands it out.
  std::optional<Doubt> settle(Counter counter) noexcept;

  Interface interface;  ///< as it was at `time`
  ReadingTime time;
  BootTime seen;  ///< when the row was last in an answer; later than `time` while the base is kept (`stale`)
  std::optional<TimeTicks> discontinuity_time;
  /// Octets exceeded frames x largest frame once (offloads count super-frames, or ifMtu is wrong): frame counts of
  /// this direction bound nothing here any more.
  bool in_frames_refuted = false;
  bool out_frames_refuted = false;
  bool moved_in_doubt = false;  ///< the name may mean another interface since

 private:
  static constexpr std::size_t place(Counter counter) noexcept { return static_cast<std::size_t>(counter); }
  static constexpr std::uint16_t bit(Counter counter) noexcept {
    return static_cast<std::uint16_t>(1U << place(counter));
  }

  std::uint16_t present_ = 0;  // a bit a counter
  std::uint16_t wide_ = 0;     // 64 bits
  std::array<std::uint64_t, counter_count> values_{};
  std::vector<Doubt> doubts_;  // almost always empty
};

}  // namespace octopoll::rates
