#include "octopoll/rates/cache_learner.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <random>

#include "readings.hpp"

namespace octopoll::rates::test {
namespace {

using Random = std::mt19937_64;
constexpr auto in = Counter::in_octets;

/// An agent polled about once a second: what its counters are at a moment, and what it shows of them.
struct Agent {
  nanoseconds period{};     // of its cache; 0: fresh
  bool on_demand = false;   // reloads when asked after the period, not by its own timer
  double activity = 1.0;    // chance that a 100 ms slice has traffic
  std::uint64_t scale = 1;  // of its traffic: 1 is some 6 kB/s

  nanoseconds now{};
  nanoseconds shown_at{};
  std::uint64_t truth = 1'000'000;
  std::uint64_t shown = 1'000'000;

  void run(Random& random, nanoseconds time) {
    const bool by_timer = period > 0ns && !on_demand;
    while (time > 0ns) {
      nanoseconds part = std::min<nanoseconds>(time, 100ms);
      if (by_timer) part = std::min(part, shown_at + period - now);
      now += part;
      time -= part;
      if (std::bernoulli_distribution(activity)(random)) truth += scale * (100 + random() % 1'000);
      if (by_timer && now - shown_at >= period) reload(now);
    }
    if (period == 0ns || (on_demand && now - shown_at >= period)) reload(now);
  }
  void reload(nanoseconds when) {
    shown = truth;
    shown_at = when;
  }
};

nanoseconds about_a_second(Random& random) { return 950ms + std::chrono::microseconds(random() % 100'000); }

void see(CacheLearner& learner, const Agent& agent) {
  learner.see(at(agent.now - 5ms), at(agent.now), agent.shown, agent.shown);
}

TEST_CASE("a busy agent's cache is learned, never too short") {
  for (const nanoseconds period : {2s, 3s, 5s, 10s, 30s, 45s}) {
    for (const bool on_demand : {false, true}) {
      for (std::uint64_t seed = 0; seed < 50; ++seed) {
        CAPTURE(period.count(), on_demand, seed);
        Random random(seed);
        Agent agent{period, on_demand};
        agent.run(random, std::chrono::milliseconds(random() % 60'000));
        CacheLearner learner;
        nanoseconds learned_after{};
        const nanoseconds start = agent.now;
        while (agent.now - start < 20 * period + 60s) {
          agent.run(random, about_a_second(random));
          see(learner, agent);
          const auto learned = learner.period();
          if (learned && learned_after == 0ns) learned_after = agent.now - start;
          if (learned) {
            REQUIRE(*learned >= period);
            REQUIRE(*learned <= period + 2100ms);  // a reading's distance at each end
          } else {
            REQUIRE(learned_after == 0ns);  // and never forgotten
          }
        }
        REQUIRE(learned_after > 0ns);
        REQUIRE(learned_after <= 5 * period + 20s);
      }
    }
  }
}

TEST_CASE("a cache is learned and kept although the network sleeps at times") {
  Random random(1);
  Agent agent{5s, false};
  CacheLearner learner;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 40; ++i) {
      agent.run(random, about_a_second(random));
      see(learner, agent);
    }
    REQUIRE(learner.period());
    agent.activity = 0.0;
    for (int i = 0; i < 40; ++i) {
      agent.run(random, about_a_second(random));
      see(learner, agent);
      REQUIRE(learner.period());
      REQUIRE(*learner.period() >= 5s);
    }
    agent.activity = 1.0;
  }
}

TEST_CASE("a fresh busy agent is never taken for a cache") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Agent agent;
    CacheLearner learner;
    for (int i = 0; i < 2'000; ++i) {
      agent.run(random, about_a_second(random));
      see(learner, agent);
      REQUIRE_FALSE(learner.period());
    }
  }
}

TEST_CASE("a reading that a reload cuts in two does not mislead") {
  CacheLearner learner;
  bool learned = false;
  // Once the period is learned, every second reload falls into a reading: half of the rows are new, half are old.
  std::uint64_t fingerprint = 0;
  nanoseconds when{};
  for (int reload = 0; reload < 30; ++reload) {
    const bool cut = reload > 5 && reload % 2 == 0;
    if (cut) learner.see(at(when - 300ms), at(when), fingerprint + 1'000);
    ++fingerprint;
    for (int reading = cut ? 1 : 0; reading < 10; ++reading) {
      const nanoseconds end = when + reading * 1s;
      learner.see(at(end - 300ms), at(end), fingerprint);
    }
    when += 10s;
    const auto period = learner.period();
    CHECK((period || !learned));  // never forgotten
    if (period) CHECK(*period >= 10s);
    learned = period.has_value();
  }
  REQUIRE(learner.period());
}

TEST_CASE("a period that changes is learned anew") {
  Random random(4);
  Agent agent{10s, false};
  CacheLearner learner;
  const auto watch = [&](nanoseconds time) {
    for (const nanoseconds end = agent.now + time; agent.now < end;) {
      agent.run(random, about_a_second(random));
      see(learner, agent);
    }
  };
  watch(100s);
  REQUIRE(learner.period());
  CHECK(*learner.period() >= 10s);
  agent.period = 3s;
  watch(60s);
  REQUIRE(learner.period());
  CHECK(*learner.period() >= 3s);
  CHECK(*learner.period() < 5s);
  agent.period = 20s;
  watch(150s);
  REQUIRE(learner.period());
  CHECK(*learner.period() >= 20s);
}

TEST_CASE("an agent that became fresh is taken for fresh again") {
  Random random(5);
  Agent agent{5s, false};
  CacheLearner learner;
  for (int i = 0; i < 60; ++i) {
    agent.run(random, about_a_second(random));
    see(learner, agent);
  }
  REQUIRE(learner.period());
  agent.period = 0s;
  for (int i = 0; i < 30; ++i) {
    agent.run(random, about_a_second(random));
    see(learner, agent);
  }
  CHECK_FALSE(learner.period());
}

TEST_CASE("a fresh quiet agent that became busy is not held for a cache for long") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Agent agent;
    agent.activity = 0.05;
    CacheLearner learner;
    const auto watch = [&](int readings) {
      for (int i = 0; i < readings; ++i) {
        agent.run(random, about_a_second(random));
        see(learner, agent);
      }
    };
    watch(2'000);
    agent.activity = 1.0;
    watch(50);
    CHECK_FALSE(learner.period());
  }
}

TEST_CASE(
    "a learner that goes on knows the period at once, and replaces or forgets it as if it had learned it itself") {
  Random random(7);
  CacheLearner learner;
  learner.settle(3s);
  CHECK(learner.period() == nanoseconds(3s));
  Agent agent;
  SECTION("the agent has another") { agent.period = 5s; }
  SECTION("the agent answers fresh") { agent.period = 0s; }
  for (int reading = 0; reading < 120; ++reading) {
    agent.run(random, 1s);
    const std::uint64_t octets = agent.shown;
    learner.see(at(agent.now), at(agent.now), octets * 31, octets);
  }
  if (agent.period == 0ns) {
    CHECK_FALSE(learner.period());
  } else {
    REQUIRE(learner.period());
    CHECK(*learner.period() >= agent.period);
    CHECK(*learner.period() <= agent.period + 2s);
  }
}

TEST_CASE("a learner that goes on does not doubt a fresh agent that stands still at the beginning") {
  CacheLearner anew, on;
  on.settle(std::nullopt);
  const nanoseconds up = 1h;
  for (int second = 1; second <= 3; ++second) {
    anew.see(at(up + second * 1s), at(up + second * 1s), 7, 1'000'000);
    on.see(at(up + second * 1s), at(up + second * 1s), 7, 1'000'000);
  }
  CHECK(anew.age() > 0s);
  CHECK(on.age() == 0s);
}

TEST_CASE("rows of a reading that a reload may have cut in two are as old as the reload before") {
  const auto age_after_a_reload = [](bool in_one_answer) {
    CacheLearner learner;
    for (int second = 1; second <= 15; ++second) {
      const auto reload = static_cast<std::uint64_t>(second / 5);
      learner.see(at(second * 1s), at(second * 1s + 400ms), reload, reload * 5'000'000, in_one_answer);
    }
    return learner.age();
  };
  CHECK(age_after_a_reload(true) == 1'400ms);
  // Shown at 10 s, and perhaps in no answer since the one of 9 s.
  CHECK(age_after_a_reload(false) == 6'400ms);
}

TEST_CASE("slow polling learns nothing") {
  Random random(6);
  Agent agent{30s, false};
  CacheLearner learner;
  for (int i = 0; i < 500; ++i) {
    agent.run(random, 60s);
    see(learner, agent);
    REQUIRE_FALSE(learner.period());
  }
  // Nor does a device that sleeps through whole minutes.
  agent.period = 0s;
  agent.activity = 0.001;
  for (int i = 0; i < 500; ++i) {
    agent.run(random, 60s);
    see(learner, agent);
    REQUIRE_FALSE(learner.period());
  }
}

/// Learner and history together, as a poller joins them: each rate is held against the truth.
struct Outcome {
  int rates = 0;
  std::uint64_t sum = 0;      // of all deltas
  std::uint64_t covered = 0;  // what the agent counted until the last of them
};

Outcome poll(Random& random, Agent agent, int readings, int trust_after) {
  struct Shot {
    nanoseconds received, shown_at;
    std::uint64_t shown;
  };
  CacheLearner learner;
  DeviceHistory history;
  std::vector<Shot> shots;
  Outcome outcome;
  for (int i = 0; i < readings; ++i) {
    agent.run(random, about_a_second(random));
    const auto known = learner.period();
    see(learner, agent);
    if (const auto bound = learner.age_of_earlier(); bound && !known) history.limit_ages(*bound);
    InterfaceSample sample = row(agent.now, in, agent.shown, 64);
    sample.time.age_bound = known ? *known : learner.age();
    JudgeSettings settings;
    settings.unseen_age = learner.unseen();
    const InterfaceRecord record = judge(history, sample, settings);
    shots.push_back({agent.now, agent.shown_at, agent.shown});
    const auto& value = record.deltas[in].value;
    if (!value) continue;
    ++outcome.rates;
    outcome.sum += *value;
    outcome.covered = agent.shown - shots.front().shown;
    if (i < trust_after) continue;
    const auto base = std::find_if(shots.rbegin(), shots.rend(), [&](const Shot& shot) {
      return std::chrono::abs(agent.now - shot.received - record.elapsed) < 100ms;
    });
    REQUIRE(base != shots.rend());
    REQUIRE(*value == agent.shown - base->shown);
    const auto off = std::chrono::abs(agent.shown_at - base->shown_at - record.elapsed);
    REQUIRE(static_cast<double>(off.count()) <= record.time_error * static_cast<double>(record.elapsed.count()));
  }
  return outcome;
}

TEST_CASE("once a cache is learned, each rate is as certain as it says") {
  for (const nanoseconds period : {3s, 5s, 10s, 30s}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      CAPTURE(period.count(), seed);
      Random random(seed);
      // An agent so quiet is not suspected: what it shows is taken for fresh until the cache is learned.
      const Outcome outcome = poll(random, Agent{period, false}, 2'000, 200);
      CHECK(outcome.rates > 4);
      CHECK(outcome.sum == outcome.covered);
    }
  }
}

TEST_CASE("a busy agent that caches is suspected at its first sign, and its rates are as certain as they say") {
  for (const nanoseconds period :
       {nanoseconds(50ms), nanoseconds(300ms), nanoseconds(950ms), nanoseconds(1050ms), nanoseconds(1100ms),
        nanoseconds(1200ms), nanoseconds(1300ms), nanoseconds(1400ms), nanoseconds(1500ms), nanoseconds(1700ms),
        nanoseconds(2s), nanoseconds(3s), nanoseconds(5s), nanoseconds(10s), nanoseconds(30s)}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      for (const bool on_demand : {false, true}) {
        CAPTURE(period.count(), seed, on_demand);
        Random random(seed);
        Agent agent{period, on_demand};
        agent.scale = 1'000;
        agent.run(random, std::chrono::milliseconds(random() % 10'000));
        const Outcome outcome = poll(random, agent, 1'000, 0);
        CHECK(outcome.rates > 2);
        CHECK(outcome.sum == outcome.covered);
      }
    }
  }
}

TEST_CASE("what may be unseen is told by moves one after the other, and no silence makes it more") {
  CacheLearner learner;
  std::uint64_t counter = 0;
  nanoseconds now{};
  const auto move = [&](nanoseconds after) {
    now += after;
    ++counter;
    learner.see(at(now), at(now + 5ms), counter, counter * 1'000'000);
  };
  move(0s);
  CHECK(learner.unseen() == 30s);
  for (int i = 0; i < 3; ++i) move(1s);
  CHECK(learner.unseen() == 1'502'500us);
  for (int i = 3; i < 41; ++i) move(1s);
  CHECK(learner.unseen() < 1'026ms);
  const bool told = GENERATE(false, true);
  CAPTURE(told);
  if (told) learner.interrupt();
  move(2h);
  CHECK(learner.unseen() < 1'026ms);
  for (int i = 0; i < 5; ++i) move(1s);
  CHECK(learner.unseen() < 1'026ms);
  // Nor does a device with little traffic lose what was known.
  for (int i = 0; i < 10; ++i) {
    now += 1s;
    learner.see(at(now), at(now + 5ms), counter, counter * 1'000'000);
    ++counter;
    now += 1s;
    learner.see(at(now), at(now + 5ms), counter, 40'000'000 + counter);
  }
  CHECK(learner.unseen() < 1'026ms);
}

TEST_CASE("readings that are far apart leave room for any cache that is known") {
  CacheLearner learner;
  for (std::uint64_t i = 0; i < 10; ++i) {
    learner.see(at(i * 60s), at(i * 60s + 5ms), i, i * 1'000'000);
    CHECK(learner.unseen() == longest_known_cache);
  }
}

TEST_CASE("a device that stands still from the beginning is idle after 35 seconds, whatever it carried before") {
  const std::uint64_t octets = GENERATE(0U, 1'000'000U);
  CAPTURE(octets);
  CacheLearner learner;
  for (int i = 0; i <= 70; ++i) {
    CAPTURE(i);
    learner.see(at(i * 1s), at(i * 1s + 5ms), 42, octets);
    CHECK(learner.age() == (i <= 35 ? 35s : 0s));
    CHECK((learner.age_of_earlier() == nanoseconds(0)) == (i == 36));
    CHECK(learner.repeats() == (i > 0));
  }
  learner.see(at(71s), at(71s + 5ms), 43, octets + 1'000'000);
  CHECK(learner.age() == 0ns);
}

TEST_CASE("an idle agent shows no traffic in the end, and its first delta spans all of the doubt") {
  CacheLearner learner;
  DeviceHistory history;
  for (int i = 0; i <= 40; ++i) {
    CAPTURE(i);
    learner.see(at(i * 1s), at(i * 1s), 42, 1'000);
    if (const auto bound = learner.age_of_earlier()) history.limit_ages(*bound);
    InterfaceSample sample = row(i * 1s, in, 1'000, 64);
    sample.time.age_bound = learner.age();
    const InterfaceRecord record = judge(history, sample);
    CHECK(record.deltas[in].quality == (i == 0 ? Quality::first : i <= 35 ? Quality::stale : Quality::ok));
    if (i > 35) CHECK(record.elapsed == (i == 36 ? 36s : 1s));
    if (i > 35) CHECK(record.deltas[in].value == 0U);
  }
}

TEST_CASE("an agent that is polled more slowly than any cache reloads is fresh from its second reading on") {
  CacheLearner learner;
  const bool moves = GENERATE(false, true);
  for (std::uint64_t i = 0; i < 10; ++i) {
    learner.see(at(i * 60s), at(i * 60s + 5ms), moves ? i : 0, i * 1'000'000);
    CHECK((learner.age() == 0ns) == (i > 0));
    CHECK(learner.age_of_earlier().has_value() == (i == 1));
  }
}

TEST_CASE("an agent that never shows all of its rows is not doubted for good") {
  CacheLearner learner;
  for (int i = 0; i <= 70; ++i) {
    CAPTURE(i);
    learner.see_part(at(i * 1s));
    CHECK((learner.age() > 0ns) == (i <= 35));
    CHECK(learner.age_of_earlier().has_value() == (i == 36));
  }
}

TEST_CASE("what moves after a rest at the beginning is dated by the readings after it") {
  CacheLearner learner;
  for (int i = 0; i <= 4; ++i) learner.see(at(i * 1s), at(i * 1s + 5ms), 42, 1'000'000);
  learner.see(at(5s), at(5s + 5ms), 43, 2'000'000);
  CHECK(learner.age() > 5s);  // five seconds' octets, or one's
  SECTION("it moves on: it was idle, and no octet is lost") {
    learner.see(at(6s), at(6s + 5ms), 44, 3'000'000);
    CHECK(learner.age() > 5s);
    CHECK_FALSE(learner.age_of_earlier());
    learner.see(at(7s), at(7s + 5ms), 45, 4'000'000);
    CHECK(learner.age() == 0ns);
    CHECK(learner.age_of_earlier() == nanoseconds(0));
    learner.see(at(8s), at(8s + 5ms), 46, 5'000'000);
    CHECK_FALSE(learner.age_of_earlier());
  }
  SECTION("it stands still again: it caches, and one whole period dates what came before") {
    learner.see(at(6s), at(6s + 5ms), 43, 2'000'000);
    CHECK(learner.age() == 2s + 5ms);
    CHECK_FALSE(learner.age_of_earlier());
    learner.see(at(7s), at(7s + 5ms), 44, 3'000'000);
    CHECK(learner.age() == 1s + 5ms);
    CHECK(learner.age_of_earlier() == 3s + 5ms);
  }
}

TEST_CASE("a suspicion that comes in the beginning and ends without another move leaves nothing undated") {
  CacheLearner learner;
  learner.see(at(0s), at(0s), 42, 1'000'000);
  learner.see(at(1s), at(1s), 43, 2'000'000);
  for (int i = 2; i <= 40; ++i) {
    CAPTURE(i);
    learner.see(at(i * 1s), at(i * 1s), 43, 2'000'000);
    CHECK(learner.age() == (i <= 35 ? i * 1s : 0s));
    CHECK((learner.age_of_earlier() == nanoseconds(0)) == (i == 36));
  }
}

TEST_CASE("a fresh busy agent is not suspected for good by one rest") {
  Random random(11);
  Agent agent;
  agent.scale = 1'000;
  CacheLearner learner;
  for (int i = 0; i < 10; ++i) {
    agent.run(random, 1s);
    see(learner, agent);
    CHECK((learner.age() == 0ns) == (i >= 3));
  }
  const auto age_of_part = [&](nanoseconds later) {
    CacheLearner other = learner;
    other.see_part(at(agent.now + later));
    return other.age();
  };
  agent.activity = 0.0;
  agent.run(random, 1s);
  see(learner, agent);  // what came in the last slices
  agent.run(random, 1s);
  see(learner, agent);
  CHECK(learner.age() >= 1s);
  SECTION("that ends: eight moves in a row clear it") {
    agent.activity = 1.0;
    for (int i = 0; i < 7; ++i) {
      agent.run(random, 1s);
      see(learner, agent);
      CHECK(learner.age() > 0ns);
    }
    CHECK(age_of_part(1s) == 35s);
    CHECK(age_of_part(40s) == 0s);
    agent.run(random, 1s);
    see(learner, agent);
    CHECK(learner.age() == 0ns);
    CHECK(age_of_part(1s) == 0s);
  }
  SECTION("that lasts: after 35 s it is silence") {
    for (int i = 0; i < 40; ++i) {
      if (i < 30 || i > 36) CHECK((learner.age() > 0ns) == (i < 30));
      agent.run(random, 1s);
      see(learner, agent);
    }
  }
}

TEST_CASE("counters that begin anew end no suspicion: an agent that caches does so after its restart, too") {
  Random random(12);
  Agent agent{5s};
  agent.scale = 1'000;
  CacheLearner learner;
  const auto watch = [&](int readings) {
    for (int i = 0; i < readings; ++i) {
      agent.run(random, 1s);
      see(learner, agent);
    }
  };
  watch(8);
  REQUIRE(learner.age() > 0ns);
  agent.truth = agent.shown = 0;
  for (int i = 0; i < 20; ++i) {
    CAPTURE(i);
    watch(1);
    CHECK(learner.age() > 0ns);
  }
}

TEST_CASE("a fresh quiet agent has no wrong rate, at most a late one") {
  for (const double activity : {0.5, 0.2, 0.1, 0.05, 0.02, 0.005}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      CAPTURE(activity, seed);
      Random random(seed);
      Agent agent;
      agent.activity = activity;
      const Outcome outcome = poll(random, agent, 2'000, 0);
      CHECK(outcome.rates > 1'000);
      CHECK(outcome.sum == outcome.covered);
    }
  }
}

TEST_CASE("a fingerprint sees each counter of each row") {
  std::vector<InterfaceSample> rows = {row(0s, in, 5, 64), row(0s, Counter::out_errors, 7, 32)};
  change_facts(rows[1], [](InterfaceFacts& facts) { facts.if_index = IfIndex{2}; });
  const std::uint64_t print = fingerprint(rows);
  CHECK(fingerprint(rows) == print);
  rows[1].time.received += 1s;
  CHECK(fingerprint(rows) == print);
  for (InterfaceSample& sample : rows) {
    for (const Counter counter : all_counters()) {
      const CounterReading kept = sample.counters[counter];
      sample.counters.set(counter, {kept.value + 1, kept.present() ? kept.bits : std::uint8_t{64}});
      CHECK(fingerprint(rows) != print);
      sample.counters.set(counter, kept);
    }
  }
  std::swap(rows[0], rows[1]);
  CHECK(fingerprint(rows) == print);  // answers overtake each other
  std::swap(rows[0].counters, rows[1].counters);
  CHECK(fingerprint(rows) != print);
}

TEST_CASE("readings of other counters are no move: what is learned before and after is as good") {
  Random random(3);
  Agent agent{5s};
  CacheLearner learner;
  for (int i = 0; i < 120; ++i) {
    agent.run(random, about_a_second(random));
    const bool other = i % 30 == 29;
    if (other) learner.interrupt();
    learner.see(at(agent.now - 5ms), at(agent.now), other ? ~agent.shown : agent.shown);
    if (other) learner.interrupt();
    if (const auto learned = learner.period()) {
      REQUIRE(*learned >= 5s);
      REQUIRE(*learned <= 7100ms);
    }
  }
  CHECK(learner.period());
}

}  // namespace
}  // namespace octopoll::rates::test
