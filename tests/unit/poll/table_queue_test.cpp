#include "poll/table_queue.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;

struct Crowd {
  std::unique_ptr<EventLoop> loop = std::move(*EventLoop::create());
  TableQueue queue{*loop};
  std::vector<int> begun;
  std::vector<TableQueue::Place> places;

  void come(int count) {
    for (int i = 0; i < count; ++i) {
      const int who = static_cast<int>(places.size());
      places.push_back(queue.enter([this, who] { begun.push_back(who); }));
    }
  }
  void run_until_begun(std::size_t count) {
    const BootTime end = BootClock::now() + 60s;
    while (begun.size() < count && BootClock::now() < end) loop->run_once(10ms);
    REQUIRE(begun.size() >= count);
  }
};

TEST_CASE("a few devices read their tables at once, and more in the order in which they came") {
  Crowd crowd;
  crowd.come(5);
  CHECK(crowd.begun == std::vector<int>{0, 1, 2, 3, 4});
  CHECK(crowd.places == std::vector<TableQueue::Place>(5, 0));
  crowd.come(95);
  CHECK(crowd.begun.size() < 100);
  CHECK(crowd.queue.waiting() == 100 - crowd.begun.size());
  crowd.run_until_begun(100);
  std::vector<int> all(100);
  std::iota(all.begin(), all.end(), 0);
  CHECK(crowd.begun == all);
  CHECK(crowd.queue.waiting() == 0);
}

TEST_CASE("where the loop does not keep up, few begin, but never none") {
  Crowd crowd;
  int rounds = 0;
  std::function<void()> hold_up = [&] {
    ++rounds;
    std::this_thread::sleep_for(80ms);
    crowd.loop->after(1ms, hold_up);
    for (int i = 0; i < 2; ++i) crowd.loop->after(1ms, [] {});  // are late by all of it
  };
  hold_up();
  for (int i = 0; i < 3; ++i) crowd.loop->run_once(10ms);
  crowd.come(10);
  CHECK(crowd.begun.empty());
  const int before = rounds;
  crowd.run_until_begun(10);
  CHECK(rounds - before >= 8);  // one at a time
}

TEST_CASE("reads that end soon are never many at once") {
  Crowd crowd;
  std::vector<std::unique_ptr<TableQueue::Read>> under_way;
  std::size_t most = 0, begun = 0;
  const auto begin = [&] {
    ++begun;
    under_way.push_back(std::make_unique<TableQueue::Read>(crowd.queue));
    most = std::max(most, under_way.size());
    crowd.loop->after(40ms, [&] { under_way.erase(under_way.begin()); });
  };
  for (int i = 0; i < 100; ++i) static_cast<void>(crowd.queue.enter(begin));
  const BootTime end = BootClock::now() + 60s;
  while (begun < 100 && BootClock::now() < end) crowd.loop->run_once(10ms);
  CHECK(begun == 100);
  CHECK(most <= 16);
}

TEST_CASE("reads that never end hold up nobody") {
  Crowd crowd;
  std::vector<std::unique_ptr<TableQueue::Read>> under_way;
  for (int i = 0; i < 50; ++i)
    static_cast<void>(crowd.queue.enter([&] { under_way.push_back(std::make_unique<TableQueue::Read>(crowd.queue)); }));
  CHECK(under_way.size() == 16);
  const BootTime end = BootClock::now() + 60s;
  while (under_way.size() < 50 && BootClock::now() < end) crowd.loop->run_once(10ms);
  CHECK(under_way.size() == 50);
}

TEST_CASE("who leaves the queue is not called, and the others are") {
  Crowd crowd;
  crowd.come(60);
  const std::size_t at_once = crowd.begun.size();
  REQUIRE(at_once < 58);
  crowd.queue.leave(crowd.places.back());
  crowd.queue.leave(crowd.places[57]);
  crowd.queue.leave(crowd.places.front());  // had its turn
  crowd.run_until_begun(58);
  for (int i = 0; i < 5; ++i) crowd.loop->run_once(10ms);
  CHECK(crowd.begun.size() == 58);
  CHECK(crowd.begun.back() == 58);
}

TEST_CASE("one that gives up its place, and that of others, from inside its turn harms nobody") {
  Crowd crowd;
  crowd.come(40);
  TableQueue::Place last = 0;
  bool came = false, called = false;
  const auto first = crowd.queue.enter([&] {
    came = true;
    crowd.queue.leave(last);
    crowd.come(1);
  });
  REQUIRE(first != 0);
  last = crowd.queue.enter([&] { called = true; });
  crowd.run_until_begun(41);
  CHECK(came);
  CHECK_FALSE(called);
}

TEST_CASE("a queue that goes leaves no timer behind") {
  auto loop = std::move(*EventLoop::create());
  bool called = false;
  {
    TableQueue queue(*loop);
    for (int i = 0; i < 30; ++i) static_cast<void>(queue.enter([] {}));
    static_cast<void>(queue.enter([&] { called = true; }));
  }
  for (int i = 0; i < 5; ++i) loop->run_once(10ms);
  CHECK_FALSE(called);
}

}  // namespace
}  // namespace octopoll::poll
