#pragma once
// Learns the period of an agent's counter cache from repeated values.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/interface.hpp"

namespace octopoll::rates {

/// A number that differs when any counter of these rows does (but for one chance in 2^64), whatever their order.
[[nodiscard]] std::uint64_t fingerprint(std::span<const InterfaceSample> rows) noexcept;

/// No agent is known that keeps its counters for longer, unless it says so or shows it.
inline constexpr std::chrono::nanoseconds longest_known_cache = std::chrono::seconds(30);
/// What has stood still for as long is idle, and in no cache.
inline constexpr std::chrono::nanoseconds doubted_silence = std::chrono::seconds(35);
/// Readings that differ from the one before, at the beginning: a cache of twice their distance shows one in a row, one
/// of one and a half times two.
inline constexpr int moves_that_prove = 3;
/// The same, for a suspicion to be given up.
inline constexpr int moves_that_clear = 8;
/// A hundred full packets: chance does not make so many stay out.
inline constexpr double busy_octets = 150'000;
/// For which looks watch a row beside one that is proven: it gets so much time to show that it is reloaded apart.
inline constexpr std::chrono::nanoseconds longest_chance = std::chrono::seconds(2);
/// Of one direction of a row: what those looks can tell of. Below it nothing is known, and little is lost.
inline constexpr double busy_octets_per_second = busy_octets / 2;

/// All octets of these rows, modulo 2^64.
[[nodiscard]] std::uint64_t octets_of(std::span<const InterfaceSample> rows) noexcept;

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
/// The beginning. Nothing is known of an agent when it is first read: the same counters twice may be an idle device, or
/// a cache that holds back what passes; others may be what passed since the reading before, or in a whole period. So
/// the readings are of no known age until three in a row have moved, or 35 s have gone by (no cache of more than 30 s
/// is known) without a sign of one. Then the agent is taken for a fresh one from its first reading on.
///
/// The suspicion. Three runs take a while, so a first sign is heeded before: a busy device of which not one counter
/// moved (by what it carried before, some hundred packets were to be expected). Then age() dates each reading by its
/// neighbours: one that moved is no older than the reading before it, one that did not is as old as the last move. It
/// is given up after eight moves in a row, one by little, or 35 s without a move that shows itself.
///
/// What may be unseen. A period that is shorter than the readings' distance leaves no repeats, and one that is hardly
/// longer shows its first one late: n moves within a time T leave room for any up to T / (n - 1). unseen() says so, and
/// a delta may be of so much more or less than its time. Less than that distance nothing in such readings can prove:
/// that is what looks in quick succession are for (FreshnessProver), and settle() takes what they have found.
///
/// Where it fails.
///  - Rows are told apart by nobody: an agent that reloads some while it counts others looks fresh.
///  - A device with little traffic (less than 150 kB between two readings) is not suspected, but learned.
///  - A fresh agent whose only traffic is regular (a hello every 2 s, read every second) looks like a cache. So may a
///    quiet one by chance, until it is forgotten as above. Polling over the network mostly prevents both, for the
///    requests themselves are counted. The harm is bounded: its deltas claim a larger time error than they have, so
///    some rates come later and span more time; none is wrong.
///
/// Shape: value type of fixed size. Thread: any, one at a time.
class CacheLearner {
 public:
  /// One reading: when its first and last answer were received, its fingerprint, and its octets_of(). Best made of rows
  /// that came in one answer: of several, a reload may have come between two. Readings come in order of time.
  void see(BootTime started, BootTime finished, std::uint64_t fingerprint, std::uint64_t octets = 0,
           bool in_one_answer = true) noexcept;
  /// A reading without some of its rows, which cannot be compared with others.
  void see_part(BootTime finished) noexcept;
  /// The next reading is of other counters and cannot be compared with the last one. What was learned stays.
  void interrupt() noexcept;

  /// An upper bound of the cache's period, at most 60 s; nullopt while the agent looks fresh.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> period() const noexcept;
  /// Whether the beginning is over and nothing suspected: period() is no guess.
  [[nodiscard]] bool settled() const noexcept { return !begins_ && !suspected_; }
  /// Takes it from others (a run before, looks at the agent) that it caches for that long, or not: nothing is begun or
  /// suspected any more.
  void settle(std::optional<std::chrono::nanoseconds> period) noexcept;

  /// No period can be longer that the readings have not shown, so none was older than that; 0 where age() or period()
  /// tell of it.
  [[nodiscard]] std::chrono::nanoseconds unseen() const noexcept;

  /// How old the counters of the last reading may have been, as far as beginning and suspicion tell; 0 without either.
  [[nodiscard]] std::chrono::nanoseconds age() const noexcept { return age_; }
  /// What the last reading has shown of all before it: their counters were no older than that.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> age_of_earlier() const noexcept { return age_of_earlier_; }
  /// The last reading was compared, and is the same as the one before.
  [[nodiscard]] bool repeats() const noexcept { return repeated_; }

 private:
  struct Reading {
    BootTime started;
    BootTime finished;
    std::uint64_t fingerprint = 0;
    std::uint64_t octets = 0;
    bool in_one_answer = true;
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

  void weigh_repeat(const Reading& now) noexcept;
  void weigh_move(const Reading& now) noexcept;
  void date_earlier(BootTime now) noexcept;
  void take_run(const Move& to) noexcept;
  void extend_streak(const Bracket& run) noexcept;
  [[nodiscard]] bool refutes_learned(const Bracket& run, BootTime end) noexcept;

  std::optional<Reading> last_;
  std::optional<Move> move_;
  unsigned repeats_ = 0;
  bool repeated_ = false;
  std::optional<Rush> rush_;
  std::optional<Streak> streak_;
  std::optional<Bracket> learned_;
  unsigned too_short_ = 0;

  // The beginning.
  std::optional<BootTime> begun_;  // the very first reading came
  bool begins_ = true;             // nothing is known yet
  std::optional<std::chrono::nanoseconds> age_of_earlier_;

  // The suspicion.
  bool suspected_ = false;
  bool earlier_undated_ = false;  // it ended the beginning: the first readings are still of no known age
  int moves_in_a_row_ = 0;
  // What may be unseen. Moves one after the other, and when the reading before the first one began.
  int moves_on_end_ = 0;
  BootTime moved_since_;
  std::optional<std::chrono::nanoseconds> room_;  // for a period, the least of all since the last suspicion
  std::chrono::nanoseconds age_{};
  std::chrono::nanoseconds moved_in_{};  // between the last reading that moved and the one before it
  std::uint64_t moved_octets_ = 0;       // in it
};

}  // namespace octopoll::rates
