#include "octopoll/core/event_loop.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "octopoll/core/fd.hpp"

namespace octopoll {
namespace {

using namespace std::chrono_literals;
using Order = std::vector<int>;

std::unique_ptr<EventLoop> make_loop() {
  auto loop = EventLoop::create();
  REQUIRE(loop);
  return std::move(*loop);
}

/// A moment long past: due at once, and in a known order.
BootTime past(int step) { return BootTime(std::chrono::nanoseconds(step)); }

struct Pipe {
  Fd out, in;
  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    out = Fd(ends[0]);
    in = Fd(ends[1]);
  }
  void fill() const { REQUIRE(::write(in.get(), "x", 1) == 1); }
  void empty() const {
    char octet = 0;
    REQUIRE(::read(out.get(), &octet, 1) == 1);
  }
};

TEST_CASE("timers fire in the order of their times, equal ones in the order they were set") {
  const auto loop = make_loop();
  Order order;
  loop->at(past(30), [&] { order.push_back(4); });
  loop->at(past(10), [&] { order.push_back(1); });
  loop->at(past(20), [&] { order.push_back(2); });
  loop->at(past(20), [&] { order.push_back(3); });
  loop->at(BootTime{}, [&] { order.push_back(0); });
  loop->at(BootTime(-1h), [&] { order.push_back(-1); });
  loop->run_once(1min);
  CHECK(order == Order{-1, 0, 1, 2, 3, 4});
  loop->run_once(0ms);
  CHECK(order.size() == 6);
}

TEST_CASE("a timer never fires early") {
  const auto loop = make_loop();
  for (const auto delay : {0ns, 1ns, 999ns, 500'000ns, 3'000'001ns}) {
    const BootTime when = BootClock::now() + delay;
    BootTime fired{};
    loop->at(when, [&] {
      fired = BootClock::now();
      loop->stop();
    });
    loop->run();
    CHECK(fired >= when);
  }
}

TEST_CASE("a later timer waits behind an earlier one that was set after it") {
  const auto loop = make_loop();
  Order order;
  loop->after(20ms, [&] {
    order.push_back(2);
    loop->stop();
  });
  loop->after(5ms, [&] { order.push_back(1); });
  loop->run();
  CHECK(order == Order{1, 2});
}

TEST_CASE("a cancelled timer does not fire, and cancelling says whether it was in time") {
  const auto loop = make_loop();
  int fired = 0;
  const auto cancelled = loop->at(past(1), [&] { ++fired; });
  const auto kept = loop->at(past(2), [&] { ++fired; });
  CHECK(cancelled != 0);
  CHECK(kept != cancelled);
  CHECK(loop->cancel(cancelled));
  CHECK_FALSE(loop->cancel(cancelled));
  CHECK_FALSE(loop->cancel(0));
  loop->run_once(1min);
  CHECK(fired == 1);
  CHECK_FALSE(loop->cancel(kept));
}

TEST_CASE("timers may be cancelled and set from inside a callback") {
  const auto loop = make_loop();
  Order order;
  EventLoop::TimerId second = 0;
  EventLoop::TimerId own = 0;
  own = loop->at(past(1), [&] {
    order.push_back(1);
    CHECK(loop->cancel(second));     // due in the same round
    CHECK_FALSE(loop->cancel(own));  // has fired
    loop->at(past(3), [&] { order.push_back(3); });
  });
  second = loop->at(past(2), [&] { order.push_back(2); });
  loop->at(past(4), [&] { order.push_back(4); });
  loop->run_once(1min);
  CHECK(order == Order{1, 3, 4});
}

TEST_CASE("a timer that sets itself again leaves room for the others") {
  const auto loop = make_loop();
  Pipe pipe;
  pipe.fill();
  int ticks = 0;
  bool served = false;
  std::function<void()> tick = [&] {
    // A loop that never looks at its descriptors again would tick for ever.
    if (++ticks < 100'000 && !served) loop->after(0ns, tick);
    if (ticks == 100'000) loop->stop();
  };
  loop->after(0ns, tick);
  REQUIRE(loop->watch(pipe.out.get(), EPOLLIN, [&](std::uint32_t) {
    served = true;
    loop->unwatch(pipe.out.get());
    loop->stop();
  }));
  loop->run();
  CHECK(served);
}

TEST_CASE("ten thousand timers fire in order, but for those that were cancelled") {
  const auto loop = make_loop();
  constexpr int count = 10'000;
  std::vector<int> moments(count);
  for (int i = 0; i < count; ++i) moments[static_cast<std::size_t>(i)] = i;
  std::shuffle(moments.begin(), moments.end(), std::mt19937(3));  // NOLINT(cert-msc32-c,cert-msc51-cpp)
  Order order;
  std::vector<EventLoop::TimerId> odd;
  for (const int moment : moments) {
    const auto id = loop->at(past(moment), [&order, moment] { order.push_back(moment); });
    if (moment % 2 == 1) odd.push_back(id);
  }
  for (const auto id : odd) CHECK(loop->cancel(id));
  loop->run_once(1min);
  CHECK(order.size() == count / 2);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(std::none_of(order.begin(), order.end(), [](int moment) { return moment % 2 == 1; }));
}

TEST_CASE("a descriptor calls back as long as it is ready") {
  const auto loop = make_loop();
  Pipe pipe;
  std::vector<std::uint32_t> events;
  REQUIRE(loop->watch(pipe.out.get(), EPOLLIN, [&](std::uint32_t seen) { events.push_back(seen); }));
  loop->run_once(0ms);
  CHECK(events.empty());
  pipe.fill();
  loop->run_once(1min);
  loop->run_once(1min);
  CHECK(events == std::vector<std::uint32_t>{EPOLLIN, EPOLLIN});
  pipe.empty();
  loop->run_once(0ms);
  CHECK(events.size() == 2);
  pipe.in.reset();
  loop->run_once(1min);
  REQUIRE(events.size() == 3);
  CHECK((events[2] & EPOLLHUP) != 0);
}

TEST_CASE("what a descriptor is watched for can change") {
  const auto loop = make_loop();
  Pipe pipe;
  int ready = 0;
  REQUIRE(loop->watch(pipe.in.get(), 0, [&](std::uint32_t seen) {
    CHECK(seen == EPOLLOUT);
    ++ready;
  }));
  loop->run_once(0ms);
  CHECK(ready == 0);
  loop->rewatch(pipe.in.get(), EPOLLOUT);
  loop->run_once(1min);
  CHECK(ready == 1);
  loop->rewatch(pipe.in.get(), 0);
  loop->run_once(0ms);
  CHECK(ready == 1);
}

TEST_CASE("what cannot be watched is an error") {
  const auto loop = make_loop();
  Pipe pipe;
  REQUIRE(loop->watch(pipe.out.get(), EPOLLIN, [](std::uint32_t) {}));
  const auto twice = loop->watch(pipe.out.get(), EPOLLIN, [](std::uint32_t) {});
  REQUIRE_FALSE(twice);
  CHECK(twice.error().kind == ErrorKind::io);
  CHECK_FALSE(loop->watch(-1, EPOLLIN, [](std::uint32_t) {}));
  loop->unwatch(pipe.out.get());
  loop->unwatch(pipe.out.get());
  CHECK(loop->watch(pipe.out.get(), EPOLLIN, [](std::uint32_t) {}));
}

TEST_CASE("a callback may unwatch its own descriptor, and what it holds lives until it returns") {
  const auto loop = make_loop();
  Pipe pipe;
  pipe.fill();
  auto held = std::make_shared<int>(7);
  const std::weak_ptr<int> watched = held;
  int seen = 0;
  REQUIRE(loop->watch(pipe.out.get(), EPOLLIN, [&, held = std::move(held)](std::uint32_t) {
    loop->unwatch(pipe.out.get());
    CHECK_FALSE(watched.expired());
    seen += *held;
  }));
  loop->run_once(1min);
  loop->run_once(0ms);
  CHECK(seen == 7);
  CHECK(watched.expired());
}

TEST_CASE("a callback may unwatch another descriptor that is ready as well") {
  const auto loop = make_loop();
  std::array<Pipe, 2> pipes;
  int seen = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    pipes[i].fill();
    REQUIRE(loop->watch(pipes[i].out.get(), EPOLLIN, [&, other = 1 - i](std::uint32_t) {
      ++seen;
      loop->unwatch(pipes[other].out.get());
    }));
  }
  loop->run_once(1min);
  CHECK(seen == 1);
}

// The kernel hands out the lowest free number: a socket opened in a callback often gets that of one just closed.
TEST_CASE("a new descriptor with an old number does not get the old one's events") {
  const auto loop = make_loop();
  std::array<Pipe, 2> pipes;
  Pipe silent;
  int seen = 0;
  int wrong = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    pipes[i].fill();
    REQUIRE(loop->watch(pipes[i].out.get(), EPOLLIN, [&, i](std::uint32_t) {
      ++seen;
      const int number = pipes[1 - i].out.get();
      loop->unwatch(number);
      REQUIRE(::dup3(silent.out.get(), number, O_CLOEXEC) == number);
      REQUIRE(loop->watch(number, EPOLLIN, [&](std::uint32_t) { ++wrong; }));
      loop->unwatch(pipes[i].out.get());
    }));
  }
  loop->run_once(1min);
  CHECK(seen == 1);
  CHECK(wrong == 0);
  silent.fill();
  loop->run_once(1min);
  CHECK(wrong == 1);
}

TEST_CASE("more descriptors are ready than one look at them shows") {
  const auto loop = make_loop();
  std::vector<Pipe> pipes(200);
  std::size_t served = 0;
  for (Pipe& pipe : pipes) {
    pipe.fill();
    REQUIRE(loop->watch(pipe.out.get(), EPOLLIN, [&](std::uint32_t) {
      pipe.empty();
      if (++served == pipes.size()) loop->stop();
    }));
  }
  loop->run();
  CHECK(served == pipes.size());
}

TEST_CASE("what is posted runs on the loop, in order, never inside post()") {
  const auto loop = make_loop();
  Order order;
  loop->post([&] {
    order.push_back(1);
    loop->post([&] { order.push_back(3); });
  });
  loop->post([&] { order.push_back(2); });
  CHECK(order.empty());
  loop->run_once(1min);
  CHECK(order == Order{1, 2});
  loop->run_once(1min);
  CHECK(order == Order{1, 2, 3});
  loop->run_once(0ms);
  CHECK(order.size() == 3);
}

TEST_CASE("what was posted to a loop that never runs again is freed with it") {
  auto loop = make_loop();
  auto held = std::make_shared<int>(7);
  const std::weak_ptr<int> posted = held;
  loop->post([held] {});
  loop->after(1h, [held] {});
  held.reset();
  CHECK_FALSE(posted.expired());
  loop.reset();
  CHECK(posted.expired());
}

TEST_CASE("a loop runs until it is stopped, and again") {
  const auto loop = make_loop();
  Order order;
  for (int turn = 1; turn <= 3; ++turn) {
    loop->post([&, turn] {
      order.push_back(turn);
      loop->stop();
    });
    loop->run();
  }
  CHECK(order == Order{1, 2, 3});
}

TEST_CASE("a loop knows how late its timers ran and what held it") {
  const auto loop = make_loop();
  loop->after(1ms, [] { std::this_thread::sleep_for(30ms); });
  loop->after(2ms, [&loop] { loop->stop(); });  // has to wait for the one before
  loop->run();
  const LoopLag first = loop->take_lag();
  CHECK(first.timers == 2);
  CHECK(first.longest >= 29ms - 1ms);
  CHECK(first.longest_callback >= 30ms);
  CHECK(first.total >= first.longest);
  CHECK(first.mean() == first.total / 2);

  // A look begins anew, and leaves what is counted since the beginning alone.
  CHECK(loop->take_lag().timers == 0);
  CHECK(loop->take_lag().mean() == 0ns);
  CHECK(loop->lag().timers == 2);
  CHECK(loop->lag().longest == first.longest);
  loop->post([] { std::this_thread::sleep_for(5ms); });
  loop->run_once(1s);
  CHECK(loop->take_lag().longest_callback >= 5ms);
  CHECK(loop->lag().timers == 2);
}

TEST_CASE("a stop that comes before run() is not lost") {
  const auto loop = make_loop();
  loop->stop();
  loop->run();
  SUCCEED("run() returned");
}

}  // namespace

TEST_CASE("a hook runs before each wait, until it is removed, also by itself") {
  auto loop = EventLoop::create();
  REQUIRE(loop.has_value());
  int runs = 0;
  EventLoop::HookId id = 0;
  id = (*loop)->before_wait([&] {
    if (++runs == 3) (*loop)->remove_hook(id);
  });
  int others = 0;
  (*loop)->before_wait([&] { ++others; });
  for (int i = 0; i < 5; ++i) (*loop)->run_once(std::chrono::milliseconds(0));
  CHECK(runs == 3);
  CHECK(others == 5);
}

}  // namespace octopoll
