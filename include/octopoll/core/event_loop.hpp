#pragma once
// One thread's loop: file descriptors, timers and messages from other threads.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll {

/// How punctual a loop was over some time. A timer runs late where other callbacks held the loop up, the machine had no
/// processor free, or it slept (CLOCK_BOOTTIME runs on in suspend).
struct LoopLag {
  std::uint64_t timers = 0;                     ///< that fired
  std::chrono::nanoseconds total{};             ///< by which they ran after their due time, summed
  std::chrono::nanoseconds longest{};           ///< the same, of the latest one
  std::chrono::nanoseconds longest_callback{};  ///< that any callback held the loop

  [[nodiscard]] std::chrono::nanoseconds mean() const noexcept {
    return timers == 0 ? std::chrono::nanoseconds{} : total / static_cast<std::int64_t>(timers);
  }
};

/// An epoll loop with timers on CLOCK_BOOTTIME.
///
/// Thread: everything but post() and stop() belongs to the thread that calls run(). Callbacks run on it, must not
/// block and must not throw.
/// Cost: a timer is O(log n) to set, to cancel and to fire.
class EventLoop {
 public:
  using TimerId = std::uint64_t;  ///< 0 is never a timer
  using HookId = std::uint64_t;   ///< 0 is never a hook
  using IoCallback = std::function<void(std::uint32_t epoll_events)>;
  using Callback = std::function<void()>;

  /// Errors: io (epoll, eventfd or timerfd not to be had).
  [[nodiscard]] static Result<std::unique_ptr<EventLoop>> create();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Calls back (level-triggered) while `fd` has one of `events` (EPOLLIN, EPOLLOUT, ...). The fd stays the caller's,
  /// who calls unwatch() before closing it; unwatching from inside any callback is safe.
  [[nodiscard]] Result<> watch(int fd, std::uint32_t events, IoCallback callback);
  void rewatch(int fd, std::uint32_t events);
  void unwatch(int fd);

  TimerId at(BootTime when, Callback callback);
  TimerId after(std::chrono::nanoseconds delay, Callback callback) {
    return at(BootClock::now() + delay, std::move(callback));
  }
  /// True if it had not fired yet.
  bool cancel(TimerId id);

  /// Runs `callback` in each round after all events and before the loop waits again: what was gathered meanwhile (a
  /// batch of datagrams) leaves there. It must not wait for anything itself.
  HookId before_wait(Callback callback);
  /// Safe from inside any callback.
  void remove_hook(HookId id);

  /// Runs `callback` on the loop's thread soon. Thread: any.
  void post(Callback callback);

  /// Runs until stop(). May be called again after it returned.
  void run();
  /// One round: waits at most `patience` for something to do, does it. For tests and for draining at shutdown.
  void run_once(std::chrono::milliseconds patience);
  /// Thread: any; also from a callback.
  void stop();

  /// Since the loop was made.
  [[nodiscard]] const LoopLag& lag() const noexcept;
  /// Since the last call of this; for one who looks now and then.
  [[nodiscard]] LoopLag take_lag() noexcept;

 private:
  struct Impl;
  explicit EventLoop(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace octopoll
