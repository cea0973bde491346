#include "poll/look_up_times.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;

const BootTime start{1h};

TEST_CASE("a name is looked up at once, one at a time, and again when the cache says so") {
  LookUpTimes times;
  CHECK(times.due(start, 5min));
  times.began();
  CHECK(times.under_way());
  CHECK_FALSE(times.due(start + 1h, 5min));  // however long it hangs
  times.succeeded(start + 1h);
  CHECK_FALSE(times.under_way());
  CHECK_FALSE(times.due(start + 1h + 5min - 1ns, 5min));
  CHECK(times.due(start + 1h + 5min, 5min));
  CHECK(times.due(start + 1h + 30s, 30s));
}

TEST_CASE("a name that fails is asked for more and more rarely, and as ever once it is found") {
  LookUpTimes times;
  BootTime now = start;
  std::vector<std::chrono::seconds> pauses;
  for (int i = 0; i < 9; ++i) {
    times.began();
    times.failed(now);
    const BootTime before = now;
    while (!times.due(now, 5min)) now += 1s;
    pauses.push_back(std::chrono::duration_cast<std::chrono::seconds>(now - before));
  }
  CHECK(pauses == std::vector<std::chrono::seconds>{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s});
  times.began();
  times.succeeded(now);
  CHECK_FALSE(times.due(now + 5min - 1ns, 5min));
  times.began();
  times.failed(now);
  CHECK(times.due(now + 1s, 5min));
}

TEST_CASE("a back-off is never longer than the cache") {
  LookUpTimes times;
  for (int i = 0; i < 9; ++i) times.failed(start);
  CHECK_FALSE(times.due(start + 10s - 1ns, 10s));
  CHECK(times.due(start + 10s, 10s));
  CHECK_FALSE(times.due(start + 1s - 1ns, 10ms));
}

}  // namespace
}  // namespace octopoll::poll
