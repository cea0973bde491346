#include "octopoll/schedule/slot.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace octopoll::schedule {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST_CASE("slots count intervals of wall time since 1970") {
  const auto slot = [](nanoseconds since_epoch, nanoseconds interval) {
    return slot_of(PlannedTime(since_epoch), interval);
  };
  CHECK(slot(0s, 60s) == 0);
  CHECK(slot(60s - 1ns, 60s) == 0);
  CHECK(slot(60s, 60s) == 1);
  CHECK(slot(1'767'225'600s, 60s) == 29'453'760);  // 2026-01-01T00:00:00Z
  CHECK(slot(1'767'225'600s, 5min) == 5'890'752);
  CHECK(slot(-1ns, 60s) == -1);
  CHECK(slot(-60s, 60s) == -1);
}

TEST_CASE("a planned time and its slot agree, whatever the offset") {
  for (std::uint64_t hash = 1; hash < 5'000'000'000'000; hash = hash * 7 + 3) {
    const nanoseconds offset = offset_of(hash, 60s);
    REQUIRE(offset >= 0s);
    REQUIRE(offset < 60s);
    CHECK(slot_of(PlannedTime(1'767'225'600s + offset), 60s) == 29'453'760);
  }
}

TEST_CASE("the clocks are held against each other once") {
  const ClockPair clocks{BootTime(100s), PlannedTime(1'767'225'600s)};
  CHECK(clocks.to_wall(BootTime(101s)) == PlannedTime(1'767'225'601s));
  CHECK(clocks.to_boot(PlannedTime(1'767'225'590s)) == BootTime(90s));
}

// A change of these numbers moves every device of every installation to another place in its interval.
TEST_CASE("the hash for spreading is the same for ever") {
  CHECK(spread_hash("") == 0xf52a15e9a9b5e89bULL);
  CHECK(spread_hash("core-1") == 0x40a44b87422a396eULL);
}

TEST_CASE("names spread evenly over the interval") {
  const std::vector<std::vector<std::string>> schemes = [] {
    std::vector<std::vector<std::string>> all(3);
    for (int i = 0; i < 100'000; ++i) {
      all[0].push_back("switch-" + std::to_string(i));
      all[1].push_back(std::to_string(i) + ".access.example.net");
      all[2].push_back("10." + std::to_string(i / 65'536) + "." + std::to_string(i / 256 % 256) + "." +
                       std::to_string(i % 256));
    }
    return all;
  }();
  for (const auto& names : schemes) {
    for (const nanoseconds interval :
         {nanoseconds(1s), nanoseconds(60s), nanoseconds(61'001'003us), nanoseconds(5min)}) {
      CAPTURE(names.front(), interval.count());
      constexpr std::size_t bins = 600;
      std::vector<double> count(bins);
      for (const std::string& name : names) {
        const nanoseconds offset = offset_of(spread_hash(name), interval);
        ++count[static_cast<std::size_t>(static_cast<double>(offset.count()) / static_cast<double>(interval.count()) *
                                         static_cast<double>(bins))];
      }
      const double expected = static_cast<double>(names.size()) / static_cast<double>(bins);
      double chi_square = 0.0;
      for (const double n : count) chi_square += (n - expected) * (n - expected) / expected;
      // 599 degrees of freedom: mean 599, deviation 34.6; four deviations either way.
      CHECK(chi_square > 460);
      CHECK(chi_square < 738);
    }
  }
}

}  // namespace
}  // namespace octopoll::schedule
