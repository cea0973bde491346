#pragma once
// The bounded channel between two threads.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace octopoll {

/// A bounded queue between one or more producers that must never wait (the loop) and one consumer that may.
///
/// Full: the OLDEST item is dropped and counted; the loop never waits for the disk, and of two cycles the newer one
/// says more. Closed: push() refuses, drain() hands out what is left and then nothing.
/// Thread: all members from any thread.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// False when the queue is closed (the item is gone).
  bool push(T item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return false;
      if (items_.size() == capacity_) {
        items_.pop_front();
        ++dropped_;
      }
      items_.push_back(std::move(item));
    }
    ready_.notify_one();
    return true;
  }

  /// Waits up to `patience` for at least one item, then takes all that are there (at most `most`).
  [[nodiscard]] std::vector<T> drain(std::chrono::milliseconds patience, std::size_t most) {
    std::vector<T> taken;
    std::unique_lock lock(mutex_);
    ready_.wait_for(lock, patience, [this] { return closed_ || !items_.empty(); });
    while (!items_.empty() && taken.size() < most) {
      taken.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    return taken;
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }

  /// Closed, and nothing left.
  [[nodiscard]] bool finished() const {
    const std::lock_guard lock(mutex_);
    return closed_ && items_.empty();
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }
  /// Items lost to the bound since the start.
  [[nodiscard]] std::uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<T> items_;
  std::uint64_t dropped_ = 0;
  bool closed_ = false;
};

}  // namespace octopoll
