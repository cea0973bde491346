#include "octopoll/rates/reading_times.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace octopoll::rates {

ReadingTimes::Place ReadingTimes::keep(const ReadingTime& time) {
  if (!holds(recent_[0], time)) std::swap(recent_[0], recent_[1]);
  if (!holds(recent_[0], time)) {
    recent_[0] = free_place();
    moments_[recent_[0]] = {time.received,
                            time.round_trip,
                            time.age_bound,
                            time.sys_uptime.value_or(TimeTicks{}).count(),
                            time.sys_uptime ? 1U : 0U,
                            0};
    ++used_;
  }
  ++moments_[recent_[0]].users;
  return recent_[0];
}

void ReadingTimes::let_go(Place place) noexcept {
  Moment& moment = moments_[place];
  if (--moment.users != 0) return;
  moment.uptime = free_;
  free_ = place;
  --used_;
}

ReadingTimes::Place ReadingTimes::move(Place from, const ReadingTime& to) {
  const Place place = keep(to);
  let_go(from);
  return place;
}

void ReadingTimes::limit_ages(std::chrono::nanoseconds bound) noexcept {
  for (Moment& moment : moments_) moment.age_bound = std::min(moment.age_bound, bound);
}

ReadingTimes::Place ReadingTimes::free_place() {
  if (free_ != nowhere) {
    const Place place = free_;
    free_ = moments_[place].uptime;
    return place;
  }
  const std::size_t size = moments_.size();
  if (size == nowhere) throw std::length_error("too many times of readings");
  // Not twice as many: the next cycle needs but one more than this one, and gives it back.
  if (size == moments_.capacity()) moments_.reserve(size + size / 8 + 2);
  moments_.emplace_back();
  return static_cast<Place>(size);
}

}  // namespace octopoll::rates
