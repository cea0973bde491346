#include "octopoll/rates/freshness_prover.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <optional>
#include <random>
#include <vector>

#include "octopoll/rates/cache_learner.hpp"
#include "readings.hpp"

namespace octopoll::rates::test {
namespace {

using Random = std::mt19937_64;
constexpr auto in = Counter::in_octets;

/// One counter of an agent that reloads it by its own timer, or when it is asked after the period. Packets of 1,000
/// octets come at random moments, many of them evenly.
struct Source {
  nanoseconds period{};  // 0: fresh
  bool on_demand = false;
  double packets_per_second = 1'000.0;
  nanoseconds phase{};

  nanoseconds next_packet = 1h - 40s;
  std::uint64_t truth = 1'000'000;
  nanoseconds shown_at = 1h - 40s;
  std::uint64_t shown = 1'000'000;

  void count_until(Random& random, nanoseconds when) {
    if (packets_per_second >= 1'000.0) {
      truth = static_cast<std::uint64_t>(packets_per_second * std::chrono::duration<double>(when).count()) * 1'000;
      return;
    }
    std::exponential_distribution<double> gap(packets_per_second);
    while (packets_per_second > 0.0 && next_packet <= when) {
      truth += 1'000;
      next_packet += nanoseconds(1 + std::llround(gap(random) * 1e9));
    }
  }
  void reload(Random& random, nanoseconds when) {
    count_until(random, when);
    shown = truth;
    shown_at = when;
  }
  std::uint64_t ask(Random& random, nanoseconds when) {
    if (period == 0ns || (on_demand && when - shown_at >= period)) {
      reload(random, when);
    } else if (!on_demand) {
      const nanoseconds last = when - (when - phase) % period;
      if (last > shown_at) reload(random, last);
    }
    return shown;
  }
};

struct Looked {
  Freshness found;
  unsigned looks = 0;
  nanoseconds took{};
};

Looked look(Random& random, std::vector<Source>& sources, nanoseconds start, const FreshnessProver::Settings& settings,
            nanoseconds trip = 400us) {
  std::vector<double> expected;
  for (const Source& source : sources) expected.push_back(source.packets_per_second * 1'000.0);
  FreshnessProver prover(expected, settings);
  nanoseconds now = start;
  for (auto next = prover.next(); next; next = prover.next()) {
    now = std::max(now, next->time_since_epoch());
    std::vector<std::uint64_t> counters;
    for (Source& source : sources) counters.push_back(source.ask(random, now + trip / 2));
    prover.see(at(now), at(now + trip), counters);
    now += trip;
  }
  return {prover.finding(), prover.looks(), now - start};
}

FreshnessProver::Settings for_interval(nanoseconds interval) {
  FreshnessProver::Settings settings;
  settings.goal = std::clamp<nanoseconds>(interval / 1000, 10ms, 60ms);
  settings.longest_wait = std::min<nanoseconds>(35s, 2 * interval + 100ms);
  return settings;
}

TEST_CASE("looks prove a fresh busy agent fresh within a few PDUs") {
  for (const nanoseconds interval : {nanoseconds(500ms), nanoseconds(1s), nanoseconds(5s), nanoseconds(60s)}) {
    for (const nanoseconds trip : {nanoseconds(400us), nanoseconds(5ms), nanoseconds(80ms)}) {
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CAPTURE(interval.count(), trip.count(), seed);
        Random random(seed);
        std::vector<Source> sources(4);
        const auto settings = for_interval(interval);
        const Looked looked = look(random, sources, 1h, settings, trip);
        REQUIRE(looked.found.bound);
        CHECK(*looked.found.bound <= std::max(settings.goal, 2 * trip));
        CHECK_FALSE(looked.found.caches);
        CHECK_FALSE(looked.found.stood_still);
        CHECK(looked.looks <= 8);
      }
    }
  }
}

TEST_CASE("whatever the period and the interval, looks never say less than the agent's age, and find what is busy") {
  for (const nanoseconds period : {nanoseconds(50ms), nanoseconds(90ms), nanoseconds(300ms), nanoseconds(1200ms),
                                   nanoseconds(3s), nanoseconds(5s), nanoseconds(10s), nanoseconds(30s)}) {
    for (const nanoseconds interval : {nanoseconds(500ms), nanoseconds(1s), nanoseconds(5s), nanoseconds(60s)}) {
      for (const double rate : {5.0, 100.0, 10'000.0}) {
        for (const bool on_demand : {false, true}) {
          for (std::uint64_t seed = 0; seed < 20; ++seed) {
            CAPTURE(period.count(), interval.count(), rate, on_demand, seed);
            Random random(seed);
            std::vector<Source> sources(1);
            sources[0].period = period;
            sources[0].on_demand = on_demand;
            sources[0].packets_per_second = rate;
            sources[0].phase = std::chrono::milliseconds(random() % 30'000);
            const auto settings = for_interval(interval);
            const Looked looked = look(random, sources, 1h, settings);
            if (looked.found.bound) REQUIRE(*looked.found.bound >= period);
            REQUIRE(looked.looks <= FreshnessProver::most_looks_at_a_cache);
            const bool to_be_found = rate * std::chrono::duration<double>(period).count() > 500 &&
                                     period * 2 < settings.longest_wait && period > settings.goal;
            if (!to_be_found) continue;
            REQUIRE(looked.found.bound);
            CHECK(looked.found.caches);
            CHECK(*looked.found.bound <= period * 4 / 3 + 10ms);
          }
        }
      }
    }
  }
}

TEST_CASE("a cache of half a minute is found at a poll a minute, and its bound is no more than is known of any") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::vector<Source> sources(1);
    sources[0].period = 30s;
    sources[0].phase = std::chrono::milliseconds(random() % 30'000);
    const Looked looked = look(random, sources, 1h, for_interval(60s));
    CAPTURE(looked.looks, looked.took.count());
    REQUIRE(looked.found.bound == longest_known_cache);
    CHECK(looked.found.caches);
    CHECK(looked.looks <= 40);
    CHECK(looked.took < 150s);
  }
}

TEST_CASE("a line card that is reloaded apart is found beside rows that are fresh") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::vector<Source> sources(3);
    sources[1].period = 5s;
    sources[1].phase = std::chrono::milliseconds(random() % 5'000);
    const Looked looked = look(random, sources, 1h, for_interval(60s));
    REQUIRE(looked.found.bound);
    CHECK(*looked.found.bound >= 5s);
    CHECK(looked.found.caches);
  }
}

TEST_CASE("rows that are reloaded each at its own moment are found by as many looks") {
  for (const nanoseconds period : {nanoseconds(3s), nanoseconds(10s), nanoseconds(30s)}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      CAPTURE(period.count(), seed);
      Random random(seed);
      std::vector<Source> sources(8);
      for (Source& source : sources) {
        source.period = period;
        source.phase = std::chrono::milliseconds(random() % 30'000);
      }
      sources[0].period = 0s;
      const Looked looked = look(random, sources, 1h, for_interval(60s));
      REQUIRE(looked.found.bound);
      CHECK(*looked.found.bound >= period);
      CHECK(*looked.found.bound <= std::min<nanoseconds>(period * 4 / 3, 30s));
      CHECK(looked.found.caches);
      CHECK(looked.looks <= FreshnessProver::most_looks_at_a_cache);
    }
  }
}

TEST_CASE("sparse rows cost little beside a busy one, and do not hide what it proves") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::vector<Source> sources(4);
    sources[1].packets_per_second = 20.0;
    sources[2].packets_per_second = 3.0;
    sources[3].packets_per_second = 0.1;
    const Looked looked = look(random, sources, 1h, for_interval(60s));
    REQUIRE(looked.found.bound);
    CHECK(*looked.found.bound <= 60ms);
    CHECK_FALSE(looked.found.caches);
    CHECK(looked.looks <= 8);
  }
}

TEST_CASE("a quiet fresh agent costs a bounded number of looks and is never called a cache") {
  int proven = 0;
  for (const double rate : {0.0, 0.1, 1.0, 5.0, 10.0, 30.0}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      CAPTURE(rate, seed);
      Random random(seed);
      std::vector<Source> sources(2);
      for (Source& source : sources) source.packets_per_second = rate;
      const Looked looked = look(random, sources, 1h, for_interval(60s));
      CHECK_FALSE(looked.found.caches);
      CHECK(looked.looks <= (rate < 4.0 ? FreshnessProver::quick_looks : 40));
      if (rate >= 10.0) {
        REQUIRE(looked.found.bound);
        CHECK(*looked.found.bound <= 120ms);
        ++proven;
      }
    }
  }
  CHECK(proven == 40);
}

TEST_CASE("a row whose traffic has ended leaves the agent unknown") {
  Random random(1);
  std::vector<Source> sources(2);
  FreshnessProver prover(std::vector<double>{1e6, 1e6}, for_interval(60s));
  nanoseconds now = 1h;
  std::uint64_t counter = 0;
  for (auto next = prover.next(); next; next = prover.next()) {
    now = std::max(now, next->time_since_epoch());
    const std::vector<std::uint64_t> counters{++counter, 7};
    prover.see(at(now), at(now + 1ms), counters);
    now += 1ms;
  }
  CHECK(prover.finding().stood_still);
  CHECK_FALSE(prover.finding().bound);
}

/// Learner, looks and history together, as a poller joins them.
class Polled {
 public:
  Polled(const Source& source, nanoseconds interval, std::uint64_t seed)
      : random_(seed), source_(source), interval_(interval) {}

  /// A cycle, and the looks until the next one.
  InterfaceRecord cycle() {
    const auto known = learner_.period();
    const std::uint64_t before = source_.shown;
    source_.ask(random_, now_);
    learner_.see(at(now_), at(now_), source_.shown, source_.shown);
    if (const auto bound = learner_.age_of_earlier(); bound && !known) history_.limit_ages(*bound);
    InterfaceSample sample = row(now_, in, source_.shown, 64);
    sample.time.round_trip = 100us;
    sample.time.age_bound = known ? *known : learner_.age();
    JudgeSettings settings;
    if (!learner_.period()) settings.unseen_age = std::min(learner_.unseen(), bound_.value_or(longest_known_cache));
    const InterfaceRecord record = judge(history_, sample, settings);
    shots_.push_back({now_, source_.shown_at});
    check(record);
    if (shots_.size() > 1 && source_.shown > before && !looked_ && !prover_) {
      const double seconds = std::chrono::duration<double>(now_ - (shots_.end() - 2)->received).count();
      prover_.emplace(std::vector<double>{static_cast<double>(source_.shown - before) / seconds},
                      for_interval(interval_));
    }
    const nanoseconds next = now_ + interval_ * 99 / 100 + interval_ * static_cast<std::int64_t>(random_() % 20) / 1000;
    look_until(next);
    now_ = next;
    return record;
  }
  [[nodiscard]] unsigned looks() const { return looks_; }

 private:
  struct Shot {
    nanoseconds received, shown_at;
  };

  void look_until(nanoseconds end) {
    nanoseconds when = now_ + 2ms;
    while (prover_) {
      const auto next = prover_->next();
      if (!next) return take(prover_->finding());
      when = std::max(when, next->time_since_epoch());
      if (when + 1ms > end) return;
      const std::vector<std::uint64_t> counters{source_.ask(random_, when + 100us)};
      prover_->see(at(when), at(when + 200us), counters);
      when += 200us;
      ++looks_;
    }
  }
  void take(const Freshness& found) {
    prover_.reset();
    looked_ = true;
    bound_ = found.bound;
    if (!found.bound || learner_.period()) return;
    if (found.caches) {
      learner_.settle(found.bound);
      history_.limit_ages(*found.bound);
    } else if (!learner_.settled() && *found.bound <= interval_ / 10) {
      learner_.settle(std::nullopt);
      history_.limit_ages(0ns);
    }
  }
  void check(const InterfaceRecord& record) {
    if (!record.deltas[in].value) return;
    const auto base = std::find_if(shots_.rbegin(), shots_.rend(), [&](const Shot& shot) {
      return std::chrono::abs(now_ - shot.received - record.elapsed) < 20ms;
    });
    REQUIRE(base != shots_.rend());
    const auto off = std::chrono::abs(source_.shown_at - base->shown_at - record.elapsed);
    REQUIRE(static_cast<double>(off.count()) <= record.time_error * static_cast<double>(record.elapsed.count()));
  }

  Random random_;
  Source source_;
  nanoseconds interval_;
  nanoseconds now_ = 1h;
  CacheLearner learner_;
  DeviceHistory history_;
  std::optional<FreshnessProver> prover_;
  std::optional<nanoseconds> bound_;
  bool looked_ = false;
  unsigned looks_ = 0;
  std::vector<Shot> shots_;
};

TEST_CASE("each rate of an agent that caches unsaid is within its stated error, from the first one on") {
  for (const nanoseconds period : {nanoseconds(50ms), nanoseconds(300ms), nanoseconds(950ms), nanoseconds(1200ms),
                                   nanoseconds(3s), nanoseconds(5s), nanoseconds(10s), nanoseconds(30s)}) {
    for (const nanoseconds interval : {nanoseconds(500ms), nanoseconds(1s), nanoseconds(5s), nanoseconds(60s)}) {
      for (const bool on_demand : {false, true}) {
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
          CAPTURE(period.count(), interval.count(), on_demand, seed);
          Random random(seed);
          Source source{period, on_demand};
          source.packets_per_second = 2'000.0;
          source.phase = std::chrono::milliseconds(random() % 30'000);
          Polled polled(source, interval, seed);
          int rates = 0;
          for (int i = 0; i < 400; ++i) rates += polled.cycle().deltas[in].value ? 1 : 0;
          if (400 * interval > 12 * period) CHECK(rates > 0);
          REQUIRE(polled.looks() <= 40);
        }
      }
    }
  }
}

TEST_CASE("the stated error of an agent that answers fresh falls to a small one with the looks") {
  for (const nanoseconds interval : {nanoseconds(500ms), nanoseconds(1s), nanoseconds(5s), nanoseconds(60s)}) {
    for (const double rate : {30.0, 200.0, 2'000.0}) {
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CAPTURE(interval.count(), rate, seed);
        Source source;
        source.packets_per_second = rate;
        Polled polled(source, interval, seed);
        for (int i = 0; i < 60; ++i) {
          const InterfaceRecord record = polled.cycle();
          if (i < 2 || (rate < 100.0 && i < 10)) continue;
          REQUIRE(record.deltas[in].quality == Quality::ok);
          if (interval == 60s) CHECK(record.time_error <= 0.002);
          if (interval == 5s) CHECK(record.time_error <= 0.02);
          if (rate >= 200.0) CHECK(record.time_error <= 12ms * 1.0 / interval + 0.01);
        }
      }
    }
  }
}

}  // namespace
}  // namespace octopoll::rates::test
