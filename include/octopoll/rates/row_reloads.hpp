#pragma once
// How old the readings of one row may be, by what that row alone has shown.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/interface.hpp"

namespace octopoll::rates {

/// Watches one row of an agent that may reload its rows apart: a line card's ports every ten seconds, the management
/// port whenever it is asked. Then the agent as a whole looks fresh (CacheLearner), for something always moves.
///
/// The beginning. A row that has been busy all its life and stands still may be in a cache, and one that gains much may
/// show what a cache held back: nothing is known of the age of its first readings until it has moved three times in a
/// row, or stands still after 35 s have gone by. Any that moved is no older than the reading before it.
///
/// The suspicion. A row that was busy and of which neither octet counter has moved, for longer than any period that is
/// known of the agent, is *held back*. From there on each of its readings is dated by its neighbours: one that moved is
/// no older than the reading before it, one that did not is as old as the last move. It is given up after eight moves
/// in a row, one by little, or 35 s without a move.
///
/// Where it fails: rows with little traffic (150 kB between two readings, or in the 35 s of the beginning) are not
/// suspected. A fresh row whose traffic comes in bursts with nothing between them is, until looks have proven it: its
/// deltas are `stale` for up to 35 s, and then span that time.
///
/// Shape: value type of 36 octets. Thread: any, one at a time.
class RowReloads {
 public:
  /// What there is to see of one reading.
  struct Reading {
    BootTime asked, received;
    std::uint32_t print = 0;  ///< differs where the octets do
    /// In both directions since the base; in the first reading: since the agent's start.
    std::uint64_t octets = 0;
    std::chrono::nanoseconds in{};  ///< so much time
    bool down = false;              ///< nothing can be expected of it
  };

  explicit RowReloads(const Reading& first) noexcept;

  /// Of a row that has been read before, and of which nothing is to be suspected until now.
  [[nodiscard]] static RowReloads vouched_for(const Reading& last) noexcept;

  /// The next reading. `period`: known of the agent; 0: none.
  void see(const Reading& now, std::chrono::nanoseconds period) noexcept;
  /// The last reading is the base from here on.
  void make_base() noexcept { base_age_ = age_; }
  /// Looks have shown that it moves whenever it is asked.
  void prove() noexcept;
  /// Of the agent as it was before it restarted.
  void forget_proof() noexcept { proven_ = false; }

  /// How old the last reading may have been; 0 where the row shows no sign.
  [[nodiscard]] std::chrono::nanoseconds age() const noexcept { return std::chrono::milliseconds(age_); }
  /// The same of the reading that is the base.
  [[nodiscard]] std::chrono::nanoseconds base_age() const noexcept { return std::chrono::milliseconds(base_age_); }
  /// When the last reading was made, as far as the row shows.
  [[nodiscard]] ReadingTime date(ReadingTime last) const noexcept { return no_younger(last, age()); }
  [[nodiscard]] ReadingTime date_base(ReadingTime base) const noexcept { return no_younger(base, base_age()); }
  /// When it had moved last, or was read first. `now`: some time since, not much later.
  [[nodiscard]] BootTime moved_by(BootTime now) const noexcept;
  /// Or may be, for what it shows in its beginning.
  [[nodiscard]] bool held_back() const noexcept { return held_back_ || age_ != 0; }

 private:
  static ReadingTime no_younger(ReadingTime time, std::chrono::nanoseconds age) noexcept {
    time.age_bound = std::max(time.age_bound, age);
    return time;
  }

  using Milliseconds = std::uint32_t;  // of a clock that comes round after 49 days

  void weigh_move(const Reading& now) noexcept;
  void weigh_repeat(const Reading& now, std::chrono::nanoseconds period) noexcept;
  /// So long that octets should have come, at the rate of before.
  [[nodiscard]] bool busy_for(Milliseconds time) const noexcept;
  void end_suspicion() noexcept;
  void end_beginning() noexcept;

  std::uint32_t print_ = 0;
  float octets_per_second_ = 0.0F;  // when it last moved, or since the agent's start
  Milliseconds begun_ = 0;          // the first reading was received
  Milliseconds asked_ = 0;          // the last reading
  Milliseconds moved_after_ = 0;    // the reading before the last move was asked
  Milliseconds moved_by_ = 0;       // and the one that showed it received; begun_: none did
  Milliseconds age_ = 0;
  Milliseconds base_age_ = 0;
  std::uint8_t moves_ = 0;  // in a row
  bool begins_ = false;
  bool held_back_ = false;
  bool proven_ = false;
};

}  // namespace octopoll::rates
