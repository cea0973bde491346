#pragma once
// Judges by a few readings in quick succession how old an agent's counters may be when it answers.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/rates/cache_learner.hpp"

namespace octopoll::rates {

/// What looks at an agent have shown.
struct Freshness {
  /// An upper bound of the period at which it reloads what it shows, so of the age of any reading; nullopt: not known.
  std::optional<std::chrono::nanoseconds> bound;
  /// It was seen to hold back what passed: it caches, and `bound` is that of its period.
  bool caches = false;
  /// A busy row stood still for long, however it ended: what earlier looks have found does not hold any more.
  bool stood_still = false;
};

/// Watches one counter each of a few busy rows, and says when to look next.
///
/// The proof. Two looks that differ have a reload between them; m of them that differ from the one before have m
/// reloads, each at a moment of its own, so m - 1 whole periods lie between the asking for the look before the first
/// and the receiving of the last. That holds for an agent that reloads by its own timer and for one that reloads when
/// it is asked after the period, whatever the traffic: an upper bound needs moves alone. One counter has one value in
/// one answer, so a reload never cuts a look in two.
///
/// The looks. As close as the goal needs; where nothing moves ever further apart (each after half of the time that it
/// has stood still), until it does, and once more from there to the next move: from reload to reload. Where the next
/// one is to be expected is known then, and looks around it narrow the period down to a tenth.
///
/// Rows. Traffic that is sparse moves a row late, which says nothing of the agent: what the best row proves holds for
/// the others, too, unless one stands still while `busy_octets` were to be expected in it (by what passed before; rows
/// of a line card may be reloaded apart). Then the agent is as slow as that row, and caches, if no move was closer to
/// another one than that.
///
/// Where it fails.
///  - An agent whose period changes by itself: what was seen holds until the next looks.
///  - Rows that are reloaded apart and carry less than `busy_octets` in the period, and two seconds.
///  - A busy row whose traffic ends with the first look: nothing is known then.
///  - Traffic in bursts with silence of the same length between them looks like a cache.
///
/// Shape: value type. Thread: any, one at a time.
class FreshnessProver {
 public:
  struct Settings {
    /// Good enough; looks end.
    std::chrono::nanoseconds goal = std::chrono::milliseconds(10);
    /// For which a row that stands still is waited for.
    std::chrono::nanoseconds longest_wait = doubted_silence;
    /// Of a device that shows no cache: what sparse traffic may take.
    unsigned most_looks = 40;
  };
  /// Looks that any device gets; and all that one gets which shows a cache.
  static constexpr unsigned quick_looks = 8;
  static constexpr unsigned most_looks_at_a_cache = 40;

  /// What each row is expected to carry in the direction that is looked at. Unit: octets a second.
  FreshnessProver(std::span<const double> octets_per_second, const Settings& settings);

  /// One look: its only request left and its answer came then; the counters in the order of the rows.
  void see(BootTime asked, BootTime received, std::span<const std::uint64_t> counters);

  /// When the next look is to be asked, perhaps at a moment that has passed; nullopt: no more are needed, or of use.
  [[nodiscard]] std::optional<BootTime> next() const;
  [[nodiscard]] Freshness finding() const;
  /// One row alone has moved at such distances.
  [[nodiscard]] bool fresh(std::size_t row) const { return rows_[row].bound && *rows_[row].bound <= goal(); }
  [[nodiscard]] unsigned looks() const noexcept { return looks_; }

 private:
  struct Move {
    BootTime before;  ///< the look that still had the old value was asked then
    BootTime shown;   ///< and the one with the new value received
  };
  struct Row {
    double octets_per_second = 0.0;
    std::uint64_t counter = 0;
    BootTime still_since;  ///< the first look with this value was received then
    std::vector<Move> moves;
    std::chrono::nanoseconds longest_still{};  ///< surely
    std::optional<std::chrono::nanoseconds> bound;

    [[nodiscard]] bool busy_for(std::chrono::nanoseconds time) const noexcept;
    /// It stood still for so long while it was busy, and never moved at shorter distances.
    [[nodiscard]] bool held_back() const noexcept;
    /// Its period has a bound that can be made closer.
    [[nodiscard]] bool coarse() const noexcept;
  };
  void note_move(Row& row, BootTime shown);
  [[nodiscard]] BootTime next_for(const Row& row) const noexcept;
  [[nodiscard]] std::chrono::nanoseconds goal() const noexcept;
  [[nodiscard]] std::optional<std::chrono::nanoseconds> best_bound() const noexcept;
  [[nodiscard]] std::chrono::nanoseconds longest_still() const noexcept;
  [[nodiscard]] bool pending(const Row& row, bool proven) const noexcept;

  Settings settings_;
  std::vector<Row> rows_;
  unsigned looks_ = 0;
  BootTime begun_, asked_, received_;  ///< the first look, and the last one
  std::chrono::nanoseconds shortest_trip_{};
};

}  // namespace octopoll::rates
