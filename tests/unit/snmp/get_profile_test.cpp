// What is learned of the sizes that an agent answers, and when it is tried again.

#include "octopoll/snmp/get_profile.hpp"

#include <catch2/catch.hpp>

using namespace octopoll;
using namespace octopoll::snmp;
using namespace std::chrono_literals;

namespace {

constexpr BootTime start{1000s};
constexpr PduSize full{1400, 60};
constexpr std::size_t unlimited = GetProfile::unlimited;

/// The largest PDU that this agent gets, in octets, after it was tried for so long once a minute.
std::size_t after(GetProfile& profile, std::chrono::minutes time, std::size_t takes, unsigned& trials) {
  for (auto now = start; now < start + time; now += 1min) {
    const auto trial = profile.begin_trial(now);
    if (!trial) continue;
    ++trials;
    if (trial->octets <= takes) profile.answered({trial->octets, 20}, now);
  }
  return profile.most().octets;
}

}  // namespace

TEST_CASE("silence halves the size, and is to blame where a smaller one is answered") {
  GetProfile profile;
  CHECK(full.within(profile.most()));
  profile.silent(full, start);
  CHECK(profile.most() == PduSize{700, unlimited});
  CHECK(profile.in_doubt());
  CHECK(profile.fault().empty());
  SECTION("a smaller one is answered: one packet that was lost may look so") {
    profile.answered({700, 30}, start);
    profile.gone();
    CHECK(profile.most().octets == 700);
    CHECK(profile.fault().empty());
    REQUIRE(profile.begin_trial(start + 1min));
    profile.trial_failed({1050, 45});
    CHECK_FALSE(profile.fault().empty());
  }
  SECTION("after two steps") {
    profile.silent({700, 30}, start);
    profile.answered({350, 15}, start);
    profile.gone();
    CHECK(profile.most().octets == 350);
    CHECK(profile.fault() == "the agent is silent to requests for 30 variables at once, and answers smaller ones");
  }
  SECTION("nobody is there") {
    profile.silent({700, 30}, start);
    profile.gone();
    CHECK(profile.most().octets == unlimited);
    CHECK_FALSE(profile.in_doubt());
    CHECK(profile.fault().empty());
  }
  SECTION("another of that size is answered late") {
    profile.answered(full, start);
    CHECK(full.within(profile.most()));
  }
}

TEST_CASE("the number of variables is what came") {
  GetProfile profile;
  profile.cut(full, 10, start);
  CHECK(profile.most() == PduSize{unlimited, 10});
  CHECK(profile.fault() == "the agent answers 10 of 60 variables that one request asks for and leaves out the rest");
  profile.cut({100, 10}, 10, start);
  CHECK(profile.most().variables == 10);
}

TEST_CASE("what was lost once comes back within minutes, what an agent does not take is tried ever more rarely") {
  GetProfile profile;
  profile.silent(full, start);
  profile.answered({700, 30}, start);
  CHECK_FALSE(profile.begin_trial(start + 59s));
  unsigned trials = 0;
  SECTION("lost packets") {
    CHECK(after(profile, 5min, unlimited, trials) >= full.octets);
    CHECK(trials <= 4);
  }
  SECTION("an agent with a limit") {
    CHECK(after(profile, 24h, 1000, trials) == 700);
    CHECK(trials >= 24);
    CHECK(trials <= 31);
  }
  SECTION("a limit above") {
    CHECK(after(profile, 24h, 1100, trials) == 1050);
    CHECK(trials <= 32);
  }
}

TEST_CASE("a size that was answered is not given up for one silence") {
  GetProfile profile;
  for (int i = 0; i < 3; ++i) {
    profile.answered(full, start);
    profile.silent(full, start);
    CHECK(full.within(profile.most()));
  }
  SECTION("a second one running") {
    profile.silent(full, start);
    CHECK(profile.most().octets == 700);
  }
  SECTION("the device was away") {
    profile.gone();
    profile.silent(full, start);
    CHECK(full.within(profile.most()));
  }
}

TEST_CASE("no trial while it is not known what the silence was about") {
  GetProfile profile;
  profile.silent(full, start);
  CHECK_FALSE(profile.begin_trial(start + 24h));
}

TEST_CASE("what the inventory allows is never passed") {
  GetProfile profile(10);
  CHECK(profile.most().variables == 10);
  profile.cut({200, 10}, 4, start);
  for (auto now = start; now < start + 10min; now += 30s) {
    if (const auto trial = profile.begin_trial(now)) profile.answered({100, trial->variables}, now);
  }
  CHECK(profile.most().variables == 10);
}
