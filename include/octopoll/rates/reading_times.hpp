#pragma once
// When the rows of one device were read, each moment once.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/interface.hpp"

namespace octopoll::rates {

/// The times of readings that somebody still refers to. All rows of one answer have the same one, so a row keeps its
/// place here, of 24 bits, in place of the 32 octets.
///
/// Shape:  value type; 32 octets a moment. Each keep() is one user of a place, who gives it back by let_go(); a
///         copy has as many users.
/// Errors: std::length_error beyond 2^24 moments: some answers an ifIndex, of one device, within an hour.
/// Thread: any, one at a time.
class ReadingTimes {
 public:
  using Place = std::uint32_t;
  static constexpr unsigned place_bits = 24;
  static constexpr Place all_places = (Place{1} << place_bits) - 1;

  /// The place of this moment, by one user more. Best asked row by row in the order of their answers.
  [[nodiscard]] Place keep(const ReadingTime& time) {
    if (!holds(recent_[0], time)) find_or_add(time);
    ++moments_[recent_[0]].users;
    return recent_[0];
  }
  /// There is one user less; the place of nobody is the next one's.
  void let_go(Place place) noexcept {
    if (--moments_[place].users == 0) free(place);
  }
  /// keep() for a user who has a place already.
  [[nodiscard]] Place move(Place from, const ReadingTime& to) {
    const Place place = keep(to);
    let_go(from);
    return place;
  }
  /// The same with a place that has users.
  [[nodiscard]] Place join(Place from, Place to) noexcept {
    ++moments_[to].users;
    let_go(from);
    return to;
  }

  [[nodiscard]] ReadingTime operator[](Place place) const noexcept {
    const Moment& at = moments_[place];
    ReadingTime time;
    time.received = at.received;
    time.round_trip = at.round_trip;
    if (at.has_uptime != 0) time.sys_uptime = TimeTicks(at.uptime);
    time.age_bound = at.age_bound;
    return time;
  }
  /// None was older than that, when it came.
  void limit_ages(std::chrono::nanoseconds bound) noexcept;

  /// Moments that have users.
  [[nodiscard]] std::size_t size() const noexcept { return used_; }

 private:
  struct Moment {
    BootTime received;
    std::chrono::nanoseconds round_trip{};
    std::chrono::nanoseconds age_bound{};
    std::uint32_t uptime = 0;  // without users: the next such place
    std::uint32_t has_uptime : 1 = 0;
    std::uint32_t users : 31 = 0;
  };
  static_assert(sizeof(Moment) == 32);
  static constexpr Place nowhere = all_places;

  [[nodiscard]] bool holds(Place place, const ReadingTime& time) const noexcept {
    return place != nowhere && moments_[place].users != 0 && (*this)[place] == time;
  }
  void find_or_add(const ReadingTime& time);  // to be the latest
  [[nodiscard]] Place free_place();
  void free(Place place) noexcept;

  std::vector<Moment> moments_;
  std::uint32_t used_ = 0;
  Place free_ = nowhere;                           // the first place without users
  std::array<Place, 2> recent_{nowhere, nowhere};  // those that keep() gave, the latest first
};

}  // namespace octopoll::rates
