#include "octopoll/schedule/scheduler.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <stdexcept>
#include <string>

namespace octopoll::schedule {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

const BootTime start{1h};
// 2026-01-01T00:00:00Z, a multiple of all intervals used here.
const ClockPair clocks{start, PlannedTime(1'767'225'600s)};

/// The hash that gives this offset.
std::uint64_t hash_for(nanoseconds offset) { return static_cast<std::uint64_t>(offset.count()); }

std::vector<Id> ids(const std::vector<Turn>& turns) {
  std::vector<Id> all;
  for (const Turn& turn : turns) all.push_back(turn.id);
  return all;
}

TEST_CASE("the totals are those of all ids, also of those that went") {
  Scheduler scheduler(clocks);
  for (const Id id : {1U, 2U}) scheduler.add(id, 60s, hash_for(0s), start);
  CHECK(scheduler.due(start).size() == 2);
  scheduler.finished(1, start + 5s);
  CHECK(scheduler.due(start + 180s).size() == 1);  // 1 after two that it missed; 2 is busy, for the third time
  CHECK(scheduler.remove(2));
  CHECK(scheduler.totals().taken == 3);
  CHECK(scheduler.totals().missed == 2);
  CHECK(scheduler.totals().skipped == 3);
  CHECK(scheduler.totals().longest == 5s);
}

TEST_CASE("a turn comes at its offset in each interval, with the number of its slot") {
  Scheduler scheduler(clocks);
  CHECK_FALSE(scheduler.next_due());
  scheduler.add(7, 60s, hash_for(20s), start + 5s);
  CHECK(scheduler.next_due() == start + 20s);
  CHECK(scheduler.due(start + 20s - 1ns).empty());

  const auto turns = scheduler.due(start + 20s);
  REQUIRE(turns.size() == 1);
  CHECK(turns[0] == Turn{7, 29'453'760, start + 20s, PlannedTime(1'767'225'620s)});
  CHECK(scheduler.next_due() == start + 80s);
  scheduler.finished(7, start + 21s);
  CHECK(scheduler.due(start + 80s).at(0).slot == 29'453'761);
}

TEST_CASE("an offset that is already past waits for the next interval, and one that is now does not") {
  Scheduler scheduler(clocks);
  scheduler.add(1, 60s, hash_for(20s), start + 20s + 1ns);
  scheduler.add(2, 60s, hash_for(20s), start + 20s);
  CHECK(ids(scheduler.due(start + 79s)) == std::vector<Id>{2});
  CHECK(ids(scheduler.due(start + 80s)) == std::vector<Id>{1});
}

TEST_CASE("the place in the interval does not depend on when the program started") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1'000; ++i) {
    const std::uint64_t hash = random();
    const nanoseconds up(static_cast<std::int64_t>(random() % 1'000'000'000'000ULL));
    const nanoseconds uptime(static_cast<std::int64_t>(random() % 1'000'000'000'000ULL));
    // The same wall clock, but another boot and a later start.
    Scheduler first(clocks);
    Scheduler second(ClockPair{BootTime(uptime + up), clocks.wall + up});
    first.add(1, 60s, hash, start + up);
    second.add(1, 60s, hash, BootTime(uptime + up));
    const Turn a = first.due(start + up + 60s).at(0);
    const Turn b = second.due(BootTime(uptime + up + 60s)).at(0);
    REQUIRE(a.planned_wall == b.planned_wall);
    REQUIRE(a.slot == b.slot);
    REQUIRE(a.planned >= start + up);
  }
}

TEST_CASE("a device that is still busy skips its turn and piles nothing up") {
  Scheduler scheduler(clocks);
  scheduler.add(1, 10s, hash_for(0s), start);
  REQUIRE(scheduler.due(start).size() == 1);
  for (const nanoseconds late : {10s, 20s, 30s}) CHECK(scheduler.due(start + late).empty());
  CHECK(scheduler.counts(1).skipped == 3);
  CHECK(scheduler.next_due() == start + 40s);

  scheduler.finished(1, start + 35s);
  CHECK(scheduler.due(start + 35s).empty());  // no turn is made up for
  const auto turns = scheduler.due(start + 40s);
  REQUIRE(turns.size() == 1);
  CHECK(turns[0].slot == 176'722'564);
  CHECK(scheduler.counts(1).taken == 2);
  CHECK(scheduler.counts(1).missed == 0);
  CHECK(scheduler.counts(1).longest == 35s);
}

TEST_CASE("busy through a stall: all turns that went by count as skipped") {
  Scheduler scheduler(clocks);
  scheduler.add(1, 10s, hash_for(0s), start);
  REQUIRE(scheduler.due(start).size() == 1);
  CHECK(scheduler.due(start + 55s).empty());
  CHECK(scheduler.counts(1).skipped == 5);
  CHECK(scheduler.next_due() == start + 60s);
}

TEST_CASE("after a sleep one turn is caught up, the latest, in the old rhythm") {
  Scheduler scheduler(clocks);
  scheduler.add(1, 60s, hash_for(15s), start);
  REQUIRE(scheduler.due(start + 15s).size() == 1);
  scheduler.finished(1, start + 16s);

  const auto turns = scheduler.due(start + 8h);
  REQUIRE(turns.size() == 1);
  CHECK(turns[0].planned == start + 8h - 45s);
  CHECK(turns[0].slot == 29'453'760 + 479);
  CHECK(scheduler.counts(1).missed == 478);
  CHECK(scheduler.counts(1).skipped == 0);
  CHECK(scheduler.next_due() == start + 8h + 15s);
}

TEST_CASE("the herd after a sleep can be taken in parts, the longest waiting first") {
  Scheduler scheduler(clocks);
  for (Id id = 0; id < 10; ++id) scheduler.add(id, 60s, hash_for(std::chrono::seconds(10 - id)), start);
  CHECK(ids(scheduler.due(start + 1h, 3)) == std::vector<Id>{9, 8, 7});
  CHECK(scheduler.next_due() <= start + 1h);
  CHECK(scheduler.due(start + 1h, 3).size() == 3);
  CHECK(scheduler.due(start + 1h).size() == 4);
  CHECK(scheduler.due(start + 1h).empty());
}

TEST_CASE("how often a device is asked does not depend on how it went") {
  Scheduler scheduler(clocks);
  scheduler.add(1, 60s, hash_for(0s), start);
  std::uint64_t asked = 0;
  for (nanoseconds when = 0s; when < 1h; when += 1s) {
    for (const Turn& turn : scheduler.due(start + when)) {
      ++asked;
      scheduler.finished(turn.id, start + when);  // refused at once
    }
  }
  CHECK(asked == 60);
}

TEST_CASE("a reload leaves unchanged devices in their places") {
  Scheduler scheduler(clocks);
  for (Id id = 0; id < 4; ++id) scheduler.add(id, 60s, hash_for(std::chrono::seconds(10 * id)), start);
  REQUIRE(scheduler.due(start + 45s).size() == 4);
  scheduler.finished(0, start + 46s);
  scheduler.finished(2, start + 46s);
  scheduler.finished(3, start + 46s);

  CHECK(scheduler.remove(0));
  CHECK_FALSE(scheduler.remove(0));
  scheduler.change_interval(1, 60s, start + 47s);  // the same: still busy, still at 10 s
  scheduler.change_interval(2, 30s, start + 47s);
  scheduler.add(9, 60s, hash_for(50s), start + 47s);

  CHECK(scheduler.size() == 4);
  CHECK_FALSE(scheduler.contains(0));
  CHECK(ids(scheduler.due(start + 50s)) == std::vector<Id>{2, 9});  // 20 s into each half minute, and the new one
  CHECK(scheduler.due(start + 70s).empty());                        // 1 is busy
  CHECK(scheduler.counts(1).skipped == 1);
  CHECK(ids(scheduler.due(start + 90s)) == std::vector<Id>{3});
  CHECK(scheduler.counts(2).skipped == 1);
}

TEST_CASE("a reload does not lose a turn that is due") {
  Scheduler scheduler(clocks);
  scheduler.add(1, 60s, hash_for(10s), start);
  scheduler.change_interval(1, 60s, start + 11s);
  CHECK(scheduler.due(start + 12s).size() == 1);
}

TEST_CASE("a new interval is planned anew even for a busy device, and does not hand it out twice") {
  Scheduler scheduler(clocks);
  scheduler.add(1, 60s, hash_for(0s), start);
  REQUIRE(scheduler.due(start).size() == 1);
  scheduler.change_interval(1, 10s, start + 1s);
  CHECK(scheduler.due(start + 10s).empty());
  scheduler.finished(1, start + 11s);
  CHECK(scheduler.due(start + 20s).size() == 1);
}

TEST_CASE("a late finish of a removed device says nothing") {
  Scheduler scheduler(clocks);
  scheduler.add(1, 60s, hash_for(0s), start);
  REQUIRE(scheduler.due(start).size() == 1);
  scheduler.remove(1);
  CHECK_FALSE(scheduler.next_due());
  scheduler.finished(1, start + 1s);
  scheduler.add(2, 60s, hash_for(5s), start);
  scheduler.finished(2, start + 1s);  // it is idle
  CHECK(scheduler.counts(2).longest == 0s);
}

TEST_CASE("what can only be a bug is thrown") {
  Scheduler scheduler(clocks);
  scheduler.add(1, 60s, 0, start);
  CHECK_THROWS_AS(scheduler.add(1, 60s, 0, start), std::invalid_argument);
  CHECK_THROWS_AS(scheduler.add(2, 0s, 0, start), std::invalid_argument);
  CHECK_THROWS_AS(scheduler.change_interval(1, -1s, start), std::invalid_argument);
  CHECK_THROWS_AS(scheduler.change_interval(3, 1s, start), std::invalid_argument);
  CHECK_THROWS_AS(scheduler.counts(3), std::invalid_argument);
  CHECK(scheduler.size() == 1);
}

TEST_CASE("a hundred thousand devices: each once an interval, none twice at once, evenly in time") {
  constexpr Id devices = 100'000;
  Scheduler scheduler(clocks);
  for (Id id = 0; id < devices; ++id) {
    scheduler.add(id, 60s, spread_hash("switch-" + std::to_string(id)), start);
  }
  std::vector<std::uint32_t> turns(devices);
  std::vector<std::optional<std::int64_t>> last_slot(devices);
  std::size_t most_in_a_second = 0;
  for (nanoseconds when = 0s; when < 180s; when += 1s) {
    // next_due() is when something is due, not later and not earlier.
    REQUIRE(scheduler.next_due());
    const BootTime wake = *scheduler.next_due();
    if (wake > start) REQUIRE(scheduler.due(wake - 1ns).empty());
    const auto now = scheduler.due(start + when + 1s - 1ns);
    most_in_a_second = std::max(most_in_a_second, now.size());
    REQUIRE(std::is_sorted(now.begin(), now.end(), [](const Turn& a, const Turn& b) { return a.planned < b.planned; }));
    for (const Turn& turn : now) {
      ++turns[turn.id];
      if (last_slot[turn.id]) REQUIRE(turn.slot == *last_slot[turn.id] + 1);
      last_slot[turn.id] = turn.slot;
      scheduler.finished(turn.id, turn.planned + 100ms);
    }
  }
  CHECK(std::all_of(turns.begin(), turns.end(), [](std::uint32_t n) { return n == 3; }));
  // 1,667 a second on the average, deviation 41.
  CHECK(most_in_a_second < 1'850);
}

TEST_CASE("random reloads, delays and sleeps: never two turns of one device at once, never a turn before its time") {
  std::mt19937_64 random(7);
  Scheduler scheduler(clocks);
  struct Known {
    bool busy = false;
    std::optional<BootTime> last_planned;
  };
  std::map<Id, Known> known;
  BootTime now = start;
  Id next_id = 0;
  for (int step = 0; step < 50'000; ++step) {
    const auto interval = std::chrono::seconds(1 + random() % 20);
    switch (random() % 8) {
      case 0:
        scheduler.add(next_id, interval, random(), now);
        known[next_id++] = {};
        break;
      case 1:
        if (known.size() > 50) {
          const auto victim = std::next(known.begin(), static_cast<std::ptrdiff_t>(random() % known.size()));
          REQUIRE(scheduler.remove(victim->first));
          known.erase(victim);
        }
        break;
      case 2:
        if (!known.empty()) {
          const auto it = std::next(known.begin(), static_cast<std::ptrdiff_t>(random() % known.size()));
          scheduler.change_interval(it->first, interval, now);
        }
        break;
      default:
        break;
    }
    now += std::chrono::milliseconds(random() % (step % 500 == 0 ? 100'000 : 300));
    for (const Turn& turn : scheduler.due(now)) {
      Known& device = known.at(turn.id);
      REQUIRE_FALSE(device.busy);
      REQUIRE(turn.planned <= now);
      if (device.last_planned) REQUIRE(turn.planned > *device.last_planned);
      device.busy = true;
      device.last_planned = turn.planned;
    }
    for (auto& [id, device] : known) {
      if (device.busy && random() % 10 == 0) {
        scheduler.finished(id, now);
        device.busy = false;
      }
    }
    REQUIRE(scheduler.size() == known.size());
    if (scheduler.next_due()) REQUIRE(*scheduler.next_due() > now);
  }
}

}  // namespace
}  // namespace octopoll::schedule
