#pragma once
// The base line of one interface: what its next reading is held against.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "octopoll/core/counters.hpp"
#include "octopoll/core/interface.hpp"
#include "octopoll/core/own_copy.hpp"
#include "octopoll/core/units.hpp"
#include "octopoll/rates/reading_times.hpp"
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

/// The last accepted reading of one interface, of which a large network has a million. Value type of 112 octets: values
/// and widths are kept apart, each value with as many octets as it mostly needs, what few rows have behind one pointer,
/// the times as places in the ReadingTimes of its device, and the name is the one that discovery made.
/// Invariant: every counter in it was read at read_at(), but those in `doubts`, which have an older base as well.
class RowBase {
 public:
  /// What was strange about a reading.
  enum class Strange : std::uint8_t {
    value,    ///< it contradicts its base: `reset`, `implausible`, or back for no known reason
    frames,   ///< it would be possible, but the frames of its span cannot hold it
    packets,  ///< these are more than the octets of their span, or the wire, can hold
    still,    ///< it is the base again, though packets of its direction were counted
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

  RowBase() noexcept = default;
  /// Everything from this reading on; no doubts, and no place of its times yet.
  explicit RowBase(const InterfaceSample& sample);
  /// The same for a row that is known: it goes on being watched, and keeps the places of its times.
  void begin_anew(const InterfaceSample& sample);

  [[nodiscard]] CounterReading reading(Counter counter) const noexcept {
    if ((present_ & bit_of(counter)) == 0) return {};
    return {value(counter), static_cast<std::uint8_t>((wide_ & bit_of(counter)) != 0 ? 64 : 32)};
  }
  void set(Counter counter, const CounterReading& reading);
  /// The next reading of a counter that is there, of the same width.
  void move(Counter counter, std::uint64_t value) {
    if (counts_octets(counter)) {
      octets_[place(counter)] = value;
    } else {
      set_short(place(counter) - octet_counters, value);
    }
  }
  void drop(Counter counter);
  /// Whether these are the counters that it has, each of the width that it has there.
  [[nodiscard]] bool same_counters(const RowReadings& now) const noexcept {
    return now.present() == present_ && now.wide() == wide_;
  }
  /// As of RowReadings.
  [[nodiscard]] PerCounter<std::uint64_t> values() const noexcept;
  /// The next reading of the same counters.
  void move_all(const PerCounter<std::uint64_t>& values);

  /// Some counter is.
  [[nodiscard]] bool doubted() const noexcept { return doubted_; }
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

  Interface interface;  ///< as it was in the base

  /// When the base was read: a place among its device's times.
  [[nodiscard]] ReadingTimes::Place read_at() const noexcept { return read_at_; }
  void set_read_at(ReadingTimes::Place place) noexcept { read_at_ = place & ReadingTimes::all_places; }
  /// The last answer that had the row, likewise: later than `read_at` while the base is kept (`stale`).
  [[nodiscard]] ReadingTimes::Place answered_at() const noexcept { return answered_at_; }
  void set_answered_at(ReadingTimes::Place place) noexcept { answered_at_ = place & ReadingTimes::all_places; }

  /// The name may mean another interface since.
  [[nodiscard]] bool moved_in_doubt() const noexcept { return moved_in_doubt_; }
  void doubt_name() noexcept { moved_in_doubt_ = true; }
  /// Looks saw it move whenever it was asked.
  [[nodiscard]] bool proven_fresh() const noexcept { return proven_fresh_; }
  void prove_fresh() noexcept;

  /// Of a row that is watched, else nullptr.
  [[nodiscard]] RowReloads* reloads() noexcept { return aside_ && aside_->reloads ? &*aside_->reloads : nullptr; }
  [[nodiscard]] const RowReloads* reloads() const noexcept {
    return aside_ && aside_->reloads ? &*aside_->reloads : nullptr;
  }
  RowReloads& watch(const RowReloads& reloads);
  void stop_watching() noexcept;
  /// The time of the base, as old as the row by itself shows that it may be.
  [[nodiscard]] ReadingTime dated_base(const ReadingTime& base) const noexcept {
    return reloads() != nullptr ? reloads()->date_base(base) : base;
  }
  /// That of the last reading, which is not the base yet, likewise.
  [[nodiscard]] ReadingTime dated(const ReadingTime& last) const noexcept {
    return reloads() != nullptr ? reloads()->date(last) : last;
  }

  [[nodiscard]] std::optional<TimeTicks> discontinuity_time() const noexcept {
    return has_discontinuity_time_ ? std::optional(discontinuity_time_) : std::nullopt;
  }
  /// As the last answer said; `uptime`: of it.
  [[nodiscard]] LinkState link(std::optional<TimeTicks> uptime) const noexcept;
  void set_link(const LinkState& state) noexcept;
  /// Whether it is the state that this answer shows.
  [[nodiscard]] bool same_link(const InterfaceSample& now) const noexcept;

  /// What may be found to be no measure of the others in one direction.
  enum class Measure : std::uint8_t {
    /// Octets exceeded frames x largest frame once (offloads count super-frames, or ifMtu is wrong): frame counts bound
    /// nothing here any more.
    frames,
    /// Nor does it matter that octets are more than the frames could hold if each were as large as can be.
    largest_frames,
    /// More packets came than the octets can hold, or the speed lets through, twice in a row: those do not bound them.
    octets,
  };
  [[nodiscard]] bool useless(Measure measure, bool in) const noexcept { return (useless_ & bit(measure, in)) != 0; }
  void find_useless(Measure measure, bool in) noexcept { useless_ = (useless_ | bit(measure, in)) & 0x3fU; }

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

  // Counters stand in the order of their name: those of octets have 64 bits, as a fast link fills 48 in hours; those of
  // packets 48, which take it years; the others count events, of which no link has 2^32 for years.
  static constexpr std::size_t octet_counters = 2;
  static constexpr std::size_t packet_counters = 6;
  static constexpr std::size_t short_counters = counter_count - octet_counters;
  static_assert(octet_counters + packet_counters == static_cast<std::size_t>(Counter::in_errors));

  /// What most rows never have.
  struct Rare {
    std::vector<Doubt> doubts;
    std::array<std::uint32_t, short_counters> high{};  ///< what of a value has no room in the row, by its place
  };
  /// What only watched rows have, or those few: in the 48 octets that an allocator has for the first alone.
  struct Aside {
    std::optional<RowReloads> reloads;
    OwnCopy<Rare> rare;
  };

  static constexpr std::size_t place(Counter counter) noexcept { return static_cast<std::size_t>(counter); }
  static constexpr std::uint32_t bit(Measure measure, bool in) noexcept {
    return 1U << (2U * static_cast<unsigned>(measure) + (in ? 1U : 0U));
  }
  static constexpr unsigned bits_of_short(std::size_t place) noexcept { return place < packet_counters ? 48 : 32; }
  [[nodiscard]] std::uint64_t value(Counter counter) const noexcept {
    if (counts_octets(counter)) return octets_[place(counter)];
    const std::size_t at = place(counter) - octet_counters;
    return tall_ ? low_value(at) | std::uint64_t{aside_->rare->high[at]} << bits_of_short(at) : low_value(at);
  }
  /// Without what is kept aside.
  [[nodiscard]] std::uint64_t low_value(std::size_t at) const noexcept {
    return at < packet_counters ? low_[at] | std::uint64_t{middle_[at]} << 32U : low_[at];
  }
  void set_short(std::size_t at, std::uint64_t value) {
    low_[at] = static_cast<std::uint32_t>(value);
    if (at < packet_counters) middle_[at] = static_cast<std::uint16_t>(value >> 32U);
    const std::uint64_t high = value >> bits_of_short(at);
    if (tall_ || high != 0) set_high(at, static_cast<std::uint32_t>(high));
  }
  void set_high(std::size_t at, std::uint32_t high);
  [[nodiscard]] Aside& aside() { return aside_ ? *aside_ : aside_.emplace(); }
  [[nodiscard]] Rare& rare();
  /// Of a row that is doubted.
  [[nodiscard]] std::vector<Doubt>& doubts() noexcept { return aside_->rare->doubts; }
  template <class Condition>
  void erase_doubts(Condition&& condition) noexcept;

  OwnCopy<Aside> aside_;
  std::array<std::uint64_t, octet_counters> octets_{};
  std::array<std::uint32_t, short_counters> low_{};
  Above above_{0, 0, 0};
  TimeTicks discontinuity_time_{};
  TimeTicks last_change_{};
  std::array<std::uint16_t, packet_counters> middle_{};
  std::uint32_t present_ : counter_count = 0;  // a bit a counter
  std::uint32_t wide_ : counter_count = 0;     // 64 bits
  std::uint32_t useless_ : 6 = 0;              // a bit a measure and direction
  ReadingTimes::Place read_at_ : ReadingTimes::place_bits = 0;
  // The link's state, without the gaps: ifOperStatus goes from 1 to 7 (RFC 2863), and what needs more than 8 bits is
  // none.
  std::int32_t oper_status_ : 8 = 0;
  ReadingTimes::Place answered_at_ : ReadingTimes::place_bits = 0;
  bool moved_in_doubt_ : 1 = false;
  bool proven_fresh_ : 1 = false;
  bool has_discontinuity_time_ : 1 = false;
  bool has_last_change_ : 1 = false;
  bool has_oper_status_ : 1 = false;
  bool tall_ : 1 = false;     // some value has a part that is kept aside
  bool doubted_ : 1 = false;  // there are doubts
};
static_assert(sizeof(RowBase) == 112);

}  // namespace octopoll::rates
