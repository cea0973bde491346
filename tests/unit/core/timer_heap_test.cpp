#include "core/timer_heap.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <vector>

using namespace octopoll;
using namespace std::chrono_literals;

TEST_CASE("timers come in the order of their deadlines, equal ones in the order in which they were set") {
  TimerHeap heap;
  std::vector<int> fired;
  const BootTime start;
  heap.set(start + 3s, [&] { fired.push_back(3); });
  heap.set(start + 1s, [&] { fired.push_back(1); });
  heap.set(start + 2s, [&] { fired.push_back(2); });
  heap.set(start + 1s, [&] { fired.push_back(11); });
  CHECK(heap.next() == start + 1s);
  while (!heap.empty()) heap.pop()();
  CHECK(fired == std::vector{1, 11, 2, 3});
}

TEST_CASE("a cancelled timer is gone at once and only once, and its id means no other timer") {
  TimerHeap heap;
  const auto id = heap.set(BootTime() + 1s, [] { FAIL("was cancelled"); });
  CHECK(heap.cancel(id));
  CHECK(heap.empty());
  CHECK_FALSE(heap.cancel(id));
  const auto next = heap.set(BootTime() + 1s, [] {});
  CHECK(next != id);
  CHECK_FALSE(heap.cancel(id));
  CHECK_FALSE(heap.cancel(0));
  CHECK(heap.cancel(next));
}

TEST_CASE("any sequence of setting, cancelling and taking agrees with a sorted map") {
  std::mt19937 random(GENERATE(1U, 2U, 3U));
  TimerHeap heap;
  std::map<std::pair<BootTime, int>, TimerHeap::Id> expected;
  int taken = -1;
  int last = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto choice = random() % 10;
    if (choice < 5 || expected.empty()) {
      const int number = ++last;
      const BootTime when = BootTime() + std::chrono::milliseconds(random() % 1000);
      expected[{when, number}] = heap.set(when, [&taken, number] { taken = number; });
    } else if (choice < 8) {
      auto victim = expected.begin();
      std::advance(victim, static_cast<std::ptrdiff_t>(random() % expected.size()));
      REQUIRE(heap.cancel(victim->second));
      expected.erase(victim);
    } else {
      REQUIRE(heap.next() == expected.begin()->first.first);
      heap.pop()();
      REQUIRE(taken == expected.begin()->first.second);
      expected.erase(expected.begin());
    }
    REQUIRE(heap.empty() == expected.empty());
  }
}
