#pragma once
// Who is due when.

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/schedule/slot.hpp"

namespace octopoll::schedule {

/// The caller's number for something that has turns (a device, a target).
using Id = std::uint64_t;

/// One turn, to be taken now.
struct Turn {
  Id id = 0;
  std::int64_t slot = 0;  ///< slot_of(planned, interval)
  BootTime planned;       ///< never after the `now` it was handed out at
  PlannedTime planned_wall;
  friend bool operator==(const Turn&, const Turn&) = default;
};

/// What became of turns.
struct TurnCounts {
  std::uint64_t taken = 0;
  std::uint64_t skipped = 0;           ///< came up while the one before was still being worked on
  std::uint64_t missed = 0;            ///< nobody asked in time: the machine slept, or the loop was held up
  std::chrono::nanoseconds longest{};  ///< the longest time from due() to finished()
};

/// Spreads devices over their interval and hands out their turns.
///
/// Each id has its turn once an interval, at the wall-clock multiple of the interval plus an offset that is made from
/// its hash: many devices spread evenly, and each keeps its place over restarts and reloads.
///  - An id is never handed out twice at once: until finished(), its turns are skipped, not queued.
///  - After a sleep or a stall one turn is handed out for all that were missed; its slot is the latest of them.
///  - How a turn ended plays no part: a device that failed has its next turn when it would have had it anyway.
///
/// Shape:  value type. Time comes in as an argument and never goes back.
/// Errors: std::invalid_argument for an interval that is not positive, and for an id that is added twice or does not
///         exist where it must: bugs of the caller.
/// Cost:   O(log n) for each turn, addition and removal; a turn allocates nothing.
/// Thread: any, one at a time.
class Scheduler {
 public:
  explicit Scheduler(ClockPair clocks) : clocks_(clocks) {}

  /// The first turn is the first planned time that is not before `now`.
  void add(Id id, std::chrono::nanoseconds interval, std::uint64_t hash, BootTime now);
  /// Removing an id that is being worked on is fine; its finished() then says nothing. An id is not to be used again
  /// for something else while the old work goes on. False if there is no such id.
  bool remove(Id id);
  /// For a reload: an unchanged interval changes nothing; a new one plans anew from `now`, busy or not.
  void change_interval(Id id, std::chrono::nanoseconds interval, BootTime now);
  [[nodiscard]] bool contains(Id id) const { return entries_.contains(id); }

  /// Takes the turns that are due, in order of their planned time, and plans the next ones. `most` bounds the herd
  /// after a sleep, when all are due at once; the rest stays due. Skipped turns do not count towards it.
  [[nodiscard]] std::vector<Turn> due(BootTime now, std::size_t most = std::numeric_limits<std::size_t>::max());
  /// The work of a turn has ended, well or not. Unknown and idle ids are ignored.
  void finished(Id id, BootTime now);

  /// When to wake for due(); nullopt while there is nobody.
  [[nodiscard]] std::optional<BootTime> next_due() const;
  /// Errors: std::invalid_argument for an unknown id.
  [[nodiscard]] TurnCounts counts(Id id) const;
  /// Of all ids, also of those that were removed.
  [[nodiscard]] const TurnCounts& totals() const noexcept { return totals_; }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::chrono::nanoseconds interval{};
    std::uint64_t hash = 0;
    BootTime next;
    std::optional<BootTime> busy_since;
    TurnCounts counts;
  };
  /// The order of turns; ids break ties so that it is the same everywhere.
  struct Place {
    BootTime when;
    Id id = 0;
    friend auto operator<=>(const Place&, const Place&) = default;
  };

  [[nodiscard]] BootTime first_at_or_after(BootTime now, const Entry& entry) const;
  [[nodiscard]] Turn turn_of(Id id, const Entry& entry, BootTime planned) const;

  ClockPair clocks_;
  std::unordered_map<Id, Entry> entries_;
  std::set<Place> order_;
  TurnCounts totals_;
};

}  // namespace octopoll::schedule
