#include "octopoll/core/event_loop.hpp"

#include <fmt/format.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/timer_heap.hpp"
#include "octopoll/core/fd.hpp"
#include "octopoll/core/guarded.hpp"

namespace octopoll {
namespace {

/// What epoll hands back with an event. A descriptor's number is not enough: a callback may close one that is ready and
/// open another under the same number, which then must not get the old one's events.
struct Tag {
  int fd;
  std::uint32_t generation;  ///< 0: the loop's own

  [[nodiscard]] std::uint64_t packed() const noexcept {
    return std::uint64_t{generation} << 32U | static_cast<std::uint32_t>(fd);
  }
  static Tag from(std::uint64_t data) noexcept {
    return {static_cast<int>(static_cast<std::uint32_t>(data)), static_cast<std::uint32_t>(data >> 32U)};
  }
};

bool control(int epoll, int operation, Tag tag, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag.packed();
  return epoll_ctl(epoll, operation, tag.fd, &event) == 0;
}

/// Up to here a timer is waited for by the wait itself, which spares the kernel's timer; that one runs on in suspend,
/// which matters only to those that are far away.
constexpr std::chrono::nanoseconds near = std::chrono::milliseconds(100);

tl::unexpected<Error> system_error(std::string_view what) {
  return fail(ErrorKind::io, fmt::format("{}: {}", what, strerror(errno)));
}

}  // namespace

struct EventLoop::Impl {
  struct Watch {
    std::uint32_t generation;
    std::shared_ptr<IoCallback> callback;  // shared with the call in progress, so that a callback may unwatch itself
  };
  Fd epoll, wake, timer;
  std::unordered_map<int, Watch> watches;
  std::uint32_t last_generation = 0;
  TimerHeap timers;
  std::map<HookId, std::shared_ptr<Callback>> hooks;  // shared with the call in progress
  HookId last_hook = 0;
  BootTime armed = BootTime::max();
  Guarded<std::vector<Callback>> posted;            ///< by other threads
  std::vector<Callback> posted_here, running_here;  ///< by callbacks; no lock, and no call of the kernel
  std::atomic<std::thread::id> runner;              ///< whose loop this is, once it has run
  bool waits_precisely = true;                      ///< the kernel has epoll_pwait2 (Linux 5.11)
  std::atomic<bool> stopping{false};
  LoopLag lag, lag_since_look;

  /// Runs a callback and notes how long it held the loop; of a timer also how late it ran.
  template <class F>
  void timed(F&& callback, std::optional<BootTime> due_at = std::nullopt) {
    const BootTime began = BootClock::now();
    callback();
    const auto held = BootClock::now() - began;
    for (LoopLag* each : {&lag, &lag_since_look}) {
      each->longest_callback = std::max(each->longest_callback, held);
      if (!due_at) continue;
      ++each->timers;
      each->total += began - *due_at;
      each->longest = std::max(each->longest, began - *due_at);
    }
  }

  void arm() {
    // Of a timer that was cancelled the kernel is not told: it wakes the loop once for nothing, where telling it would
    // cost a call for each request that is answered.
    if (timers.empty() || timers.next() >= armed) return;
    armed = timers.next();
    itimerspec spec{};
    // All-zero would disarm it: a deadline at or before the boot is as due as one a nanosecond after it.
    const auto since_boot = std::max(armed.time_since_epoch(), std::chrono::nanoseconds(1));
    spec.it_value.tv_sec = static_cast<time_t>(since_boot.count() / 1'000'000'000);
    spec.it_value.tv_nsec = static_cast<long>(since_boot.count() % 1'000'000'000);
    timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
  }

  void fire_due() {
    const BootTime now = BootClock::now();
    while (!timers.empty() && timers.next() <= now) {
      const BootTime due_at = timers.next();
      timed(timers.pop(), due_at);
    }
  }

  void run_posted() {
    const auto batch = posted.with([](std::vector<Callback>& all) { return std::exchange(all, {}); });
    for (const Callback& callback : batch) timed(callback);
  }

  /// Those of the rounds before: what is posted meanwhile has its turn in the next one, after the others have had
  /// theirs.
  void run_posted_here() {
    for (const Callback& callback : running_here) timed(callback);
    running_here.clear();
  }

  static void drain(int fd) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(fd, &count, sizeof count);
  }

  void run_hooks() {
    // From key to key, since a hook may remove itself or another one.
    for (auto at = hooks.begin(); at != hooks.end();) {
      const HookId id = at->first;
      const std::shared_ptr<Callback> hook = at->second;
      (*hook)();
      at = hooks.upper_bound(id);
    }
  }

  using Events = std::array<epoll_event, 64>;

  /// Until something is ready or a timer is due, at most `patience`; negative: without end.
  int wait(Events& events, std::chrono::nanoseconds patience) {
    if (!running_here.empty()) patience = {};
    if (waits_precisely && !timers.empty()) {
      const auto left = std::max(timers.next() - BootClock::now(), std::chrono::nanoseconds::zero());
      if (left < near && (patience.count() < 0 || left < patience)) patience = left;
    }
    const int most = static_cast<int>(events.size());
    if (waits_precisely && patience.count() >= 0) {
      const timespec time{static_cast<time_t>(patience.count() / 1'000'000'000),
                          static_cast<long>(patience.count() % 1'000'000'000)};
      const int ready = epoll_pwait2(epoll.get(), events.data(), most, &time, nullptr);
      if (ready >= 0 || errno != ENOSYS) return ready;
      waits_precisely = false;
      return 0;
    }
    arm();
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
    return epoll_wait(epoll.get(), events.data(), most, patience.count() < 0 ? -1 : static_cast<int>(milliseconds));
  }

  void round(std::chrono::nanoseconds patience) {
    runner.store(std::this_thread::get_id(), std::memory_order_relaxed);
    run_hooks();
    running_here.swap(posted_here);
    Events events{};
    const int ready = wait(events, patience);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const Tag tag = Tag::from(event.data.u64);
      if (tag.fd == wake.get()) {
        drain(tag.fd);
        run_posted();
      } else if (tag.fd == timer.get()) {
        drain(tag.fd);
        armed = BootTime::max();
      } else if (const auto found = watches.find(tag.fd);
                 found != watches.end() && found->second.generation == tag.generation) {
        const std::shared_ptr<IoCallback> callback = found->second.callback;
        timed([&] { (*callback)(event.events); });
      }
    }
    run_posted_here();
    fire_due();
  }
};

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  auto impl = std::make_unique<Impl>();
  impl->epoll = Fd(epoll_create1(EPOLL_CLOEXEC));
  if (!impl->epoll) return system_error("epoll_create1");
  impl->wake = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!impl->wake) return system_error("eventfd");
  impl->timer = Fd(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!impl->timer) return system_error("timerfd_create");
  for (const int fd : {impl->wake.get(), impl->timer.get()}) {
    if (!control(impl->epoll.get(), EPOLL_CTL_ADD, {fd, 0}, EPOLLIN)) return system_error("epoll_ctl");
  }
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(impl)));
}

EventLoop::EventLoop(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EventLoop::~EventLoop() = default;

Result<> EventLoop::watch(int fd, std::uint32_t events, IoCallback callback) {
  const std::uint32_t generation = ++impl_->last_generation;
  if (!control(impl_->epoll.get(), EPOLL_CTL_ADD, {fd, generation}, events)) return system_error("epoll_ctl");
  impl_->watches[fd] = {generation, std::make_shared<IoCallback>(std::move(callback))};
  return {};
}

void EventLoop::rewatch(int fd, std::uint32_t events) {
  if (const auto found = impl_->watches.find(fd); found != impl_->watches.end()) {
    control(impl_->epoll.get(), EPOLL_CTL_MOD, {fd, found->second.generation}, events);
  }
}

void EventLoop::unwatch(int fd) {
  epoll_ctl(impl_->epoll.get(), EPOLL_CTL_DEL, fd, nullptr);
  impl_->watches.erase(fd);
}

EventLoop::TimerId EventLoop::at(BootTime when, Callback callback) {
  return impl_->timers.set(when, std::move(callback));
}

bool EventLoop::cancel(TimerId id) { return impl_->timers.cancel(id); }

EventLoop::HookId EventLoop::before_wait(Callback callback) {
  impl_->hooks.emplace(++impl_->last_hook, std::make_shared<Callback>(std::move(callback)));
  return impl_->last_hook;
}

void EventLoop::remove_hook(HookId id) { impl_->hooks.erase(id); }

void EventLoop::post(Callback callback) {
  if (impl_->runner.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
    impl_->posted_here.push_back(std::move(callback));
    return;
  }
  const bool first = impl_->posted.with([&](std::vector<Callback>& all) {
    all.push_back(std::move(callback));
    return all.size() == 1;
  });
  // Whoever posts behind another one need not wake the loop again: it takes all there are.
  if (!first) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(impl_->wake.get(), &one, sizeof one);
}

const LoopLag& EventLoop::lag() const noexcept { return impl_->lag; }
LoopLag EventLoop::take_lag() noexcept { return std::exchange(impl_->lag_since_look, {}); }

void EventLoop::run() {
  while (!impl_->stopping.load(std::memory_order_acquire)) impl_->round(std::chrono::nanoseconds(-1));
  impl_->stopping.store(false, std::memory_order_release);
}

void EventLoop::run_once(std::chrono::milliseconds patience) { impl_->round(patience); }

void EventLoop::stop() {
  impl_->stopping.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(impl_->wake.get(), &one, sizeof one);
}

}  // namespace octopoll
