#pragma once
// Who may begin to read a device's tables, while many want to.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>

#include "octopoll/core/event_loop.hpp"

namespace octopoll::poll {

/// Lets reads of tables begin one after the other, as fast as the loop keeps up. A read is some forty PDUs, whose
/// answers are kept until it ends: where all devices of a large inventory read at once on a machine that is short of
/// processor time, all of them would be late together, and none would end. One that never ends holds up nobody: only
/// beginnings are counted.
///
/// Thread: the loop's.
class TableQueue {
 public:
  using Place = std::uint64_t;  ///< 0 is none

  /// A read under way, until this goes.
  class Read {
   public:
    explicit Read(TableQueue& queue);
    ~Read() { queue_.under_way_.erase(number_); }
    Read(const Read&) = delete;
    Read& operator=(const Read&) = delete;

   private:
    TableQueue& queue_;
    std::uint64_t number_;
  };

  explicit TableQueue(EventLoop& loop);
  ~TableQueue() { loop_.cancel(timer_); }
  TableQueue(const TableQueue&) = delete;
  TableQueue& operator=(const TableQueue&) = delete;

  /// Calls `go` once: from inside, and then the place is 0, where the loop keeps up and nobody waits.
  [[nodiscard]] Place enter(std::function<void()> go);
  /// Its `go` is called no more. Whoever has gone, or never came, may leave.
  void leave(Place place) { waiting_.erase(place); }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  [[nodiscard]] bool keeps_up();
  [[nodiscard]] bool may_begin() const;
  void refill();
  void arm();
  void take_next();

  EventLoop& loop_;
  std::map<Place, std::function<void()>> waiting_;
  Place last_ = 0;
  std::map<std::uint64_t, BootTime> under_way_;  ///< reads, in the order in which they began
  std::uint64_t last_read_ = 0;
  double credit_ = 0;  ///< beginnings
  BootTime refilled_;
  LoopLag seen_;
  bool kept_up_ = true;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace octopoll::poll
