#pragma once
// Learns the period of an agent's counter cache from repeated values.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/interface.hpp"

namespace octopoll::rates {

/// A number that differs when any counter of these rows does (but for one chance in 2^64).
[[nodiscard]] std::uint64_t fingerprint(std::span<const InterfaceSample> rows) noexcept;

/// Watches one agent whose period nobody announces (Junos 5 s, others up to 30 s) and finds an upper bound of it.
///
/// The rule. A *move* is a reading whose counters differ from the one before; a *run* goes from one move to the next.
/// An agent that reloads its counters every P seconds reloads once within the reading that shows a move, and not
/// again before the next move: each run brackets P from both sides. A run with repeats inside is a sign of a cache;
/// when three such runs, with at least twelve repeats, follow each other and all their brackets share a P of at most
/// 60 s, the period is learned: the upper end of what they share, so that it never says less than the cache takes.
/// Runs without repeats must agree too, so an agent that moves at each reading is never taken for a cache.
///
/// What is learned is kept through idle times (a quiet network makes runs long, which says nothing) and replaced by
/// the next three runs that agree. It is forgotten after two runs that are shorter than it allows with none agreeing
/// between (one alone may be a reading that the reload cut in two), and after twenty runs without a repeat, if
/// readings as close as these would have repeated.
///
/// Where it fails.
///  - A period shorter than the readings' distance leaves no repeats: nothing is learned. Read faster to see it. One
///    that is within a tenth of the distance is learned late or not at all.
///  - Until the third run the agent is taken for a fresh one, and its deltas for well dated.
///  - A fresh agent whose only traffic is regular (a hello every 2 s, read every second) looks like a cache. So may a
///    quiet one by chance, until it is forgotten as above. Polling over the network mostly prevents both, for the
///    requests themselves are counted. The harm is bounded: its deltas claim a larger time error than they have, so
///    some rates come later and span more time; none is wrong.
///
/// Shape: value type of fixed size. Thread: any, one at a time.
class CacheLearner {
 public:
  /// One reading: when its first and last answer were received, and its fingerprint. Best made of rows that came in
  /// one answer. Readings come in order of time.
  void see(BootTime started, BootTime finished, std::uint64_t fingerprint) noexcept;
  /// The next reading is of other counters and cannot be compared with the last one. What was learned stays.
  void interrupt() noexcept;

  /// An upper bound of the cache's period, at most 60 s; nullopt while the agent looks fresh.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> period() const noexcept;

 private:
  struct Reading {
    BootTime started;
    BootTime finished;
    std::uint64_t fingerprint = 0;
  };
  struct Bracket {
    std::chrono::nanoseconds low{};   // the period is longer
    std::chrono::nanoseconds high{};  // and shorter
  };
  struct Move {
    BootTime before;  // the reading that still had the old values began
    BootTime shown;   // the reading with the new ones ended
  };
  struct Streak {
    Bracket bracket;
    unsigned runs = 0;
    unsigned repeats = 0;
  };

  /// Runs without a repeat, one after the other.
  struct Rush {
    BootTime since;  // the reading before its first move began
    int runs = 0;
  };

  void take_run(const Move& to) noexcept;
  void extend_streak(const Bracket& run) noexcept;
  [[nodiscard]] bool refutes_learned(const Bracket& run, BootTime end) noexcept;

  std::optional<Reading> last_;
  std::optional<Move> move_;
  unsigned repeats_ = 0;
  std::optional<Rush> rush_;
  std::optional<Streak> streak_;
  std::optional<Bracket> learned_;
  unsigned too_short_ = 0;
};

}  // namespace octopoll::rates
