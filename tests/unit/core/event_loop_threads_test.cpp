#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "octopoll/core/event_loop.hpp"
#include "octopoll/core/fd.hpp"

namespace octopoll {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<EventLoop> make_loop() {
  auto loop = EventLoop::create();
  REQUIRE(loop);
  return std::move(*loop);
}

TEST_CASE("threads post to the loop: all run on it, each thread's in order") {
  constexpr int threads = 4;
  constexpr int each = 2'000;
  const auto loop = make_loop();
  const auto loop_thread = std::this_thread::get_id();
  // Touched by callbacks alone, hence by this thread alone: ThreadSanitizer knows if not.
  std::vector<int> last(threads, -1);
  int count = 0;
  bool in_order = true;
  bool on_loop = true;
  std::vector<std::thread> posters;
  for (int thread = 0; thread < threads; ++thread) {
    posters.emplace_back([&, thread] {
      for (int number = 0; number < each; ++number) {
        loop->post([&, thread, number] {
          on_loop = on_loop && std::this_thread::get_id() == loop_thread;
          int& before = last[static_cast<std::size_t>(thread)];
          in_order = in_order && number == before + 1;
          before = number;
          if (++count == threads * each) loop->stop();
        });
      }
    });
  }
  loop->run();
  for (std::thread& poster : posters) poster.join();
  CHECK(count == threads * each);
  CHECK(in_order);
  CHECK(on_loop);
}

TEST_CASE("another thread stops a loop that waits for ever") {
  const auto loop = make_loop();
  for (int turn = 0; turn < 20; ++turn) {
    std::thread stopper([&] { loop->stop(); });
    loop->run();
    stopper.join();
  }
  SUCCEED("run() returned each time");
}

TEST_CASE("a thread talks to the loop through a descriptor while timers run") {
  const auto loop = make_loop();
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const Fd out(ends[0]);
  Fd in(ends[1]);
  constexpr int octets = 1'000;
  int received = 0;
  int ticks = 0;
  std::function<void()> tick = [&] {
    ++ticks;
    loop->after(100us, tick);
  };
  tick();
  REQUIRE(loop->watch(out.get(), EPOLLIN, [&](std::uint32_t) {
    std::array<char, 64> buffer{};
    const ssize_t got = ::read(out.get(), buffer.data(), buffer.size());
    if (got <= 0) {
      loop->stop();
    } else {
      received += static_cast<int>(got);
    }
  }));
  std::thread writer([&] {
    for (int i = 0; i < octets; ++i) {
      if (::write(in.get(), "x", 1) != 1) break;
    }
    in.reset();
  });
  loop->run();
  writer.join();
  CHECK(received == octets);
  CHECK(ticks >= 1);
}

}  // namespace
}  // namespace octopoll
