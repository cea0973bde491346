#include "octopoll/rates/reading_times.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace octopoll::rates {

void ReadingTimes::find_or_add(const ReadingTime& time) {
  std::swap(recent_[0], recent_[1]);
  if (holds(recent_[0], time)) return;
  recent_[0] = free_place();
  moments_[recent_[0]] = {time.received,
                          time.round_trip,
                          time.age_bound,
                          time.sys_uptime.value_or(TimeTicks{}).count(),
                          time.sys_uptime ? 1U : 0U,
                          0};
  ++used_;
}

void ReadingTimes::free(Place place) noexcept {
  moments_[place].uptime = free_;
  free_ = place;
  --used_;
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
  // Not twice as many: the next cycle needs but one more than this one, and gives it back. Few steps, though, for each
  // leaves a block behind.
  if (size == moments_.capacity()) moments_.reserve(size + size / 8 + (size == 0 ? 4 : 14));
  moments_.emplace_back();
  return static_cast<Place>(size);
}

}  // namespace octopoll::rates
