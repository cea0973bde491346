#pragma once
// The timers of a loop, in the order in which they are due.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <tuple>
#include <utility>
#include <vector>

#include "octopoll/core/clock.hpp"

namespace octopoll {

/// A binary heap that knows where each timer lies, so that a cancelled one leaves at once: a poller sets and cancels
/// one for every request, and of a hundred thousand a second the dead ones would soon be all that the heap holds.
///
/// Cost: O(log n) to set, to cancel and to take; a timer that is due later than the others is set in O(1). No
/// allocation once the heap has had its size, as long as the callback fits std::function's own buffer.
/// Order: by deadline, those of one deadline in the order in which they were set.
/// Thread: one.
class TimerHeap {
 public:
  using Id = std::uint64_t;  ///< 0 is never a timer; one that is gone is not used again for 2^32 more
  using Callback = std::function<void()>;

  Id set(BootTime when, Callback callback) {
    const std::uint32_t slot = free_slot();
    Timer& timer = timers_[slot];
    timer.when = when;
    timer.order = ++last_order_;
    timer.callback = std::move(callback);
    timer.place = heap_.size();
    heap_.push_back(slot);
    sift_up(timer.place);
    return Id{timer.generation} << 32U | slot;
  }

  /// False where it is gone already.
  bool cancel(Id id) {
    const auto slot = static_cast<std::uint32_t>(id);
    if (slot >= timers_.size() || timers_[slot].generation != id >> 32U || timers_[slot].place == nowhere) return false;
    take(slot);
    return true;
  }

  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
  /// The next deadline; the heap must not be empty.
  [[nodiscard]] BootTime next() const noexcept { return timers_[heap_.front()].when; }
  /// Takes the next timer out; the heap must not be empty.
  [[nodiscard]] Callback pop() { return take(heap_.front()); }

 private:
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  struct Timer {
    BootTime when;
    std::uint64_t order = 0;
    Callback callback;
    std::size_t place = nowhere;  ///< in heap_
    std::uint32_t generation = 1;
  };

  std::uint32_t free_slot() {
    if (free_.empty()) {
      timers_.emplace_back();
      return static_cast<std::uint32_t>(timers_.size() - 1);
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }

  Callback take(std::uint32_t slot) {
    const std::size_t place = std::exchange(timers_[slot].place, nowhere);
    const std::uint32_t last = heap_.back();
    heap_.pop_back();
    if (last != slot) {
      put(place, last);
      sift_up(place);
      sift_down(timers_[last].place);
    }
    if (++timers_[slot].generation == 0) timers_[slot].generation = 1;
    free_.push_back(slot);
    return std::exchange(timers_[slot].callback, nullptr);
  }

  [[nodiscard]] bool before(std::uint32_t a, std::uint32_t b) const noexcept {
    const Timer& x = timers_[a];
    const Timer& y = timers_[b];
    return std::tie(x.when, x.order) < std::tie(y.when, y.order);
  }

  void put(std::size_t place, std::uint32_t slot) noexcept {
    heap_[place] = slot;
    timers_[slot].place = place;
  }

  void sift_up(std::size_t place) noexcept {
    const std::uint32_t slot = heap_[place];
    while (place > 0 && before(slot, heap_[(place - 1) / 2])) {
      put(place, heap_[(place - 1) / 2]);
      place = (place - 1) / 2;
    }
    put(place, slot);
  }

  void sift_down(std::size_t place) noexcept {
    const std::uint32_t slot = heap_[place];
    for (;;) {
      std::size_t child = 2 * place + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
      if (!before(heap_[child], slot)) break;
      put(place, heap_[child]);
      place = child;
    }
    put(place, slot);
  }

  std::vector<Timer> timers_;  ///< a timer's place here is the lower half of its id
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> heap_;
  std::uint64_t last_order_ = 0;
};

}  // namespace octopoll
