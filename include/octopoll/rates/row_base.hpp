#pragma once
// The base line of one interface: what its next reading is held against.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/counters.hpp"
#include "octopoll/core/interface.hpp"
#include "octopoll/core/own_copy.hpp"
#include "octopoll/core/units.hpp"
#include "octopoll/rates/row_reloads.hpp"

namespace octopoll::rates {

/// What the last answer said of a link's state; unlike the counters it needs no accepted reading.
struct LinkState {
  std::optional<TimeTicks> uptime;       ///< sysUpTime of that answer
  std::optional<TimeTicks> last_change;  ///< ifLastChange
  std::optional<IfStatus> oper_status;   ///< ifOperStatus
};
[[nodiscard]] LinkState link_state_of(const InterfaceSample& sample) noexcept;

/// When the link left its state and came back to it between two answers of an agent that did not restart, about one
/// ifIndex: an ifLastChange that lies between the two although ifOperStatus is the same.
/// Source: RFC 2863, ifLastChange. nullopt where it is 0 (unknown, or before the agent's start), and where the agent
/// gives sysUpTime for it.
[[nodiscard]] std::optional<TimeTicks> flap_between(const LinkState& before, const LinkState& now) noexcept;

/// The last accepted reading of one interface, of which a large network has a million. Value type of
/// 168 octets: values and widths are kept apart, counters of events with 32 bits where they need no more, what few
/// rows have behind a pointer, and the name is the one that discovery made.
/// Invariant: every counter in it was read at `time`, but those in `doubts`, which have an older base as well.
class RowBase {
 public:
  /// What was strange about a reading.
  enum class Strange : std::uint8_t {
    value,    ///< it contradicts its base: `reset`, `implausible`, or back for no known reason
    frames,   ///< it would be possible, but the frames of its span cannot hold it
    packets,  ///< these are more than the octets of their span, or the wire, can hold
    wrap,     ///< nothing, but that it went back by a wrap, as a garbled one may seem to
  };
  /// The base that a strange reading pushed aside. It stays until a later reading shows which of the two to believe, so
  /// garbled readings cost neither a spike nor the base line.
  struct Doubt {
    Counter counter{};
    CounterReading old;
    ReadingTime time;
    Strange why = Strange::value;
    int age = 0;  ///< 0: no reading since the strange one
  };

  RowBase() = default;
  /// Everything from this reading on; no doubts.
  explicit RowBase(const InterfaceSample& sample);

  [[nodiscard]] CounterReading reading(Counter counter) const noexcept {
    if ((present_ & bit(counter)) == 0) return {};
    return {value(counter), static_cast<std::uint8_t>((wide_ & bit(counter)) != 0 ? 64 : 32)};
  }
  void set(Counter counter, const CounterReading& reading);
  /// The next reading of a counter that is there, of the same width.
  void move(Counter counter, std::uint64_t value) {
    if (place(counter) < long_counters) {
      values_[place(counter)] = value;
    } else {
      set_event(place(counter) - long_counters, value);
    }
  }
  void drop(Counter counter);

  /// Some counter is.
  [[nodiscard]] bool doubted() const noexcept { return rare_ != nullptr && !rare_->doubts.empty(); }
  void doubt(Counter counter, const CounterReading& old, const ReadingTime& when, Strange why);
  /// The older bases of a counter, the newest first; nullptr after the last one. `after`: the one before, or nullptr.
  [[nodiscard]] const Doubt* next_doubt(Counter counter, const Doubt* after) const noexcept;
  /// A reading went on from the base, not from the older ones: some of them have waited long enough.
  void age_doubts(Counter counter, bool moved) noexcept;
  void end_doubts(Counter counter) noexcept;
  /// No reading that it holds was older than that, when it came, but for what the row by itself shows.
  void limit_age(std::chrono::nanoseconds bound) noexcept;
  /// What seemed a wrap is no better than any other step back.
  void doubt_wrap(Counter counter) noexcept;

  /// `time`, as old as the row by itself shows that it may be.
  [[nodiscard]] ReadingTime dated() const noexcept { return reloads ? reloads->date_base(time) : time; }
  /// The last reading, which is not the base yet, likewise.
  [[nodiscard]] ReadingTime dated(const ReadingTime& last) const noexcept {
    return reloads ? reloads->date(last) : last;
  }

  Interface interface;  ///< as it was at `time`
  ReadingTime time;
  OwnCopy<RowReloads> reloads;  ///< of a row that is watched

  /// The row was in an answer; to the second. Later than `time` while the base is kept (`stale`).
  void see(BootTime now) noexcept { seen_ = std::chrono::floor<Seconds>(now); }
  [[nodiscard]] BootTime seen() const noexcept { return seen_; }

  [[nodiscard]] std::optional<TimeTicks> discontinuity_time() const noexcept {
    return has_discontinuity_time_ ? std::optional(discontinuity_time_) : std::nullopt;
  }
  [[nodiscard]] LinkState link() const noexcept;
  void set_link(const LinkState& state) noexcept;
  /// Whether it is the state that this answer shows, and then its uptime is taken over.
  [[nodiscard]] bool keeps_link(const InterfaceSample& now) noexcept;

  /// What was found to be no measure of the others in one direction.
  struct Measures {
    /// Octets exceeded frames x largest frame once (offloads count super-frames, or ifMtu is wrong): frame counts bound
    /// nothing here any more.
    bool frames_refuted : 1 = false;
    /// Nor does it matter that octets are more than the frames could hold if each were as large as can be.
    bool frames_useless : 1 = false;
    /// More packets came than the octets can hold, or the speed lets through, twice in a row: those do not bound them.
    bool octets_useless : 1 = false;
  };
  Measures in_measures, out_measures;
  [[nodiscard]] Measures& measures(bool in) noexcept { return in ? in_measures : out_measures; }
  [[nodiscard]] const Measures& measures(bool in) const noexcept { return in ? in_measures : out_measures; }
  bool moved_in_doubt : 1 = false;  ///< the name may mean another interface since
  bool proven_fresh : 1 = false;    ///< looks saw it move whenever it was asked

  /// Takes note that a direction's octets were above the stated speed over a span, or within it; true where that makes
  /// three spans above it in a row. `speeds`: a number that differs where the stated speeds do.
  bool note_load(bool in, bool above, std::uint32_t speeds) noexcept;
  /// Whether that happened while these speeds were stated. Asked of each row.
  [[nodiscard]] bool speed_refuted(bool in) const noexcept {
    return (in ? above_.in : above_.out) == spans_that_refute;
  }
  [[nodiscard]] bool ever_above() const noexcept { return (above_.in | above_.out) != 0; }
  void forget_loads_of_other(std::uint32_t speeds) noexcept;

 private:
  /// Spans in a row in which the octets were above the stated speed.
  struct Above {
    std::uint32_t of : 28;  // the speeds
    std::uint32_t in : 2;
    std::uint32_t out : 2;
  };
  static constexpr std::uint32_t spans_that_refute = 3;

  /// What most rows never have.
  struct Rare {
    std::vector<Doubt> doubts;
    std::array<std::uint32_t, counter_count> high{};  ///< halves of counters of events beyond 32 bits, by their place
  };
  /// Those of octets and packets come first. The others count events, which no link has 2^32 of for years.
  static constexpr std::size_t long_counters = static_cast<std::size_t>(Counter::in_errors);
  static_assert(long_counters + 5 == counter_count);

  static constexpr std::size_t place(Counter counter) noexcept { return static_cast<std::size_t>(counter); }
  static constexpr std::uint16_t bit(Counter counter) noexcept {
    return static_cast<std::uint16_t>(1U << place(counter));
  }
  [[nodiscard]] std::uint64_t value(Counter counter) const noexcept {
    if (place(counter) < long_counters) return values_[place(counter)];
    const std::size_t event = place(counter) - long_counters;
    return rare_ == nullptr ? events_[event] : std::uint64_t{rare_->high[event]} << 32U | events_[event];
  }
  void set_event(std::size_t event, std::uint64_t value) {
    events_[event] = static_cast<std::uint32_t>(value);
    if (rare_ != nullptr || value >> 32U != 0) set_high(event, static_cast<std::uint32_t>(value >> 32U));
  }
  void set_high(std::size_t event, std::uint32_t half);
  [[nodiscard]] Rare& rare();

  using Seconds = std::chrono::duration<std::int32_t>;  // of a clock that began when the machine did

  bool has_discontinuity_time_ : 1 = false;
  // The link's state, without the gaps: ifOperStatus goes from 1 to 7 (RFC 2863), and what needs more than 8 bits is
  // none.
  bool has_uptime_ : 1 = false;
  bool has_last_change_ : 1 = false;
  bool has_oper_status_ : 1 = false;
  std::int8_t oper_status_ = 0;
  std::uint16_t present_ = 0;  // a bit a counter
  std::uint16_t wide_ = 0;     // 64 bits
  Above above_{0, 0, 0};
  std::chrono::time_point<BootClock, Seconds> seen_{};
  TimeTicks discontinuity_time_{};
  TimeTicks link_uptime_{};
  TimeTicks last_change_{};
  std::array<std::uint32_t, counter_count - long_counters> events_{};
  std::array<std::uint64_t, long_counters> values_{};
  OwnCopy<Rare> rare_;
};

}  // namespace octopoll::rates
