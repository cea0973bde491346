#include "octopoll/latency/availability.hpp"

#include <catch2/catch.hpp>
#include <initializer_list>

namespace octopoll::latency {
namespace {

using namespace std::chrono_literals;
using Observations = std::vector<Observation>;

constexpr WallTime noon{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 12h};

/// Turns of a minute from noon on: y answered, n silent, ? not asked, blank: no turn. Slots count minutes.
Observations turns(const char* words, std::chrono::milliseconds late = 0ms) {
  Observations all;
  for (std::int64_t minute = 0; *words != '\0'; ++words, ++minute) {
    if (*words == ' ') continue;
    Observation one{noon + minute * 1min + late, 1min, 1000 + minute, {}};
    if (*words != '?') one.answered = *words == 'y';
    all.push_back(one);
  }
  return all;
}

TEST_CASE("time is shared out among the states of both protocols") {
  const Availability made = availability_of(turns("yyynnn"), turns("ynnnyy"), noon, noon + 6min);
  CHECK(made.in(Reachability::up) == 1min);
  CHECK(made.in(Reachability::icmp_only) == 2min);
  CHECK(made.in(Reachability::down) == 1min);
  CHECK(made.in(Reachability::snmp_only) == 2min);
  CHECK(made.in(Reachability::unknown) == 0min);
  CHECK(made.state == Reachability::snmp_only);
  CHECK(made.since == noon + 4min);
  CHECK(made.changes == 3);
  CHECK(made.icmp.share() == 0.5);
  CHECK(made.snmp.share() == 0.5);
  CHECK(made.reachable_share() == Approx(5.0 / 6.0));
}

TEST_CASE("what one turn asked changes the state once, though the ping began a moment later") {
  const Availability made = availability_of(turns("yynny", 300ms), turns("yynny"), noon, noon + 5min);
  CHECK(made.changes == 2);
  CHECK(made.in(Reachability::up) == 3min);
  CHECK(made.in(Reachability::down) == 2min);
}

TEST_CASE("a device that is not pinged is up or down by its agent alone") {
  const Availability made = availability_of({}, turns("yn"), noon, noon + 2min);
  CHECK(made.in(Reachability::up) == 1min);
  CHECK(made.in(Reachability::down) == 1min);
  CHECK_FALSE(made.icmp.share());
  CHECK(made.reachable_share() == 0.5);
}

TEST_CASE("what nobody looked at is unknown, and no change") {
  SECTION("a gap in the middle: the one before it holds for an interval") {
    const Availability made = availability_of({}, turns("y         y"), noon, noon + 11min);
    CHECK(made.in(Reachability::up) == 2min);
    CHECK(made.in(Reachability::unknown) == 9min);
    CHECK(made.changes == 0);
    CHECK(made.state == Reachability::up);
    CHECK(made.since == noon + 10min);
  }
  SECTION("a turn that was skipped is no gap") {
    CHECK(availability_of({}, turns("y y"), noon, noon + 3min).in(Reachability::up) == 3min);
  }
  SECTION("the last one holds for three intervals") {
    const Availability made = availability_of({}, turns("y"), noon, noon + 10min);
    CHECK(made.in(Reachability::up) == 3min);
    CHECK(made.state == Reachability::unknown);
    CHECK(made.since == noon + 3min);
  }
  SECTION("an agent that was not asked is neither up nor down") {
    const Availability made = availability_of({}, turns("y??y"), noon, noon + 4min);
    CHECK(made.in(Reachability::unknown) == 2min);
    CHECK(made.snmp.share() == 1.0);
  }
  SECTION("nor is one whose question was cut, though it answers pings") {
    const Availability cut = availability_of(turns("yyyy"), turns("nn??"), noon, noon + 4min);
    CHECK(cut.in(Reachability::icmp_only) == 2min);
    CHECK(cut.in(Reachability::unknown) == 2min);
    CHECK(cut.icmp.share() == 1.0);
    CHECK(cut.snmp.share() == 0.0);
  }
  SECTION("an agent that answers is up where no ping could be sent") {
    CHECK(availability_of(turns("??"), turns("yy"), noon, noon + 2min).in(Reachability::up) == 2min);
  }
  SECTION("nothing at all") {
    const Availability made = availability_of({}, {}, noon, noon + 1h);
    CHECK(made.in(Reachability::unknown) == 1h);
    CHECK_FALSE(made.reachable_share());
    CHECK(made.since == noon);
  }
}

TEST_CASE("a window cuts what holds over its edges") {
  const Availability made = availability_of(turns("yn"), turns("yn"), noon + 30s, noon + 75s);
  CHECK(made.in(Reachability::up) == 30s);
  CHECK(made.in(Reachability::down) == 15s);
  CHECK(made.in(Reachability::unknown) == 0s);
}

TEST_CASE("the states fill the window, whatever there is") {
  for (const char* pings : {"", "y", "?", "yn? y", " y  n", "nnnnn"}) {
    for (const char* polls : {"", "n", "?", "y?n y", "  n", "yyyyy"}) {
      CAPTURE(pings, polls);
      const Availability made = availability_of(turns(pings, 7ms), turns(polls), noon - 10s, noon + 270s);
      std::chrono::milliseconds sum{};
      for (const auto time : made.time) sum += time;
      CHECK(sum == 280s);
    }
  }
}

}  // namespace
}  // namespace octopoll::latency
