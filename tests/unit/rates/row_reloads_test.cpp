// Rows that an agent reloads apart, beside others that are fresh: learner and history together, as a poller joins them.

#include "octopoll/rates/row_reloads.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "octopoll/rates/cache_learner.hpp"
#include "octopoll/rates/device_history.hpp"
#include "readings.hpp"

namespace octopoll::rates::test {
namespace {

using Random = std::mt19937_64;
constexpr auto in = Counter::in_octets;

/// What flows into a row: evenly, but with pauses if it comes in bursts.
struct Flow {
  double octets_per_second = 0.0;
  nanoseconds on = 1h, off{};
  nanoseconds begins = -1h;  ///< nothing before
  nanoseconds ends = 10000h;

  [[nodiscard]] std::uint64_t octets_until(nanoseconds when) const {
    const nanoseconds since = std::min(when, ends) - begins;
    if (since <= 0ns) return 0;
    const nanoseconds flowed = since / (on + off) * on + std::min(since % (on + off), on);
    return static_cast<std::uint64_t>(octets_per_second * std::chrono::duration<double>(flowed).count());
  }
};

struct Port {
  Flow flow;
  nanoseconds period{};  ///< at which its counters are reloaded; 0: whenever it is asked
  nanoseconds phase{};
  std::int64_t status = 1;

  [[nodiscard]] nanoseconds shown_at(nanoseconds when) const {
    return period == 0ns ? when : when - (when - phase + 1000h) % period;
  }
  [[nodiscard]] std::uint64_t shown(nanoseconds when) const { return flow.octets_until(shown_at(when)); }
};

/// An agent that is polled; each rate must be right within what it states.
class Chassis {
 public:
  Chassis(std::vector<Port> ports, nanoseconds interval, std::uint64_t seed)
      : ports_(std::move(ports)), interval_(interval), random_(seed) {}

  void cycle() {
    std::vector<InterfaceSample> rows;
    for (std::size_t i = 0; i < ports_.size(); ++i) rows.push_back(sample(i));
    const bool known = learner_.period().has_value();
    learner_.see(at(now_ - trip), at(now_), fingerprint(rows), octets_of(rows));
    if (!known) {
      if (const auto bound = learner_.age_of_earlier()) history_.limit_ages(*bound);
    }
    for (InterfaceSample& row : rows) row.time.age_bound = known ? *learner_.period() : learner_.age();
    JudgeSettings settings;
    settings.watch_rows = true;
    settings.cache_period = known ? *learner_.period() : 0ns;
    if (!learner_.period()) settings.unseen_age = learner_.unseen();
    const Judgement judgement = history_.judge(snapshot(std::move(rows)), settings);
    for (std::size_t i = 0; i < ports_.size(); ++i) take(i, judgement.interfaces[i]);
    asked_.push_back(now_);
    now_ += interval_ * 99 / 100 + interval_ * static_cast<std::int64_t>(random_() % 20) / 1000;
  }
  [[nodiscard]] int rates(std::size_t port) const { return rates_.at(port); }
  [[nodiscard]] int stale(std::size_t port) const { return stale_.at(port); }
  [[nodiscard]] nanoseconds now() const { return now_; }
  /// All octets that were told, and the reading they go up to.
  [[nodiscard]] std::uint64_t told(std::size_t port) const { return told_.at(port); }

 private:
  static constexpr nanoseconds trip = 200us;

  [[nodiscard]] InterfaceSample sample(std::size_t i) const {
    InterfaceSample sample = row(now_, in, ports_[i].shown(now_ - trip / 2), 64);
    InterfaceFacts facts;
    facts.if_index = IfIndex{static_cast<std::uint32_t>(i + 1)};
    facts.type = 6;
    facts.speed_bps = 10'000'000'000;
    sample.interface = Interface("eth" + std::to_string(i), facts);
    sample.oper_status = IfStatus{ports_[i].status};
    sample.time.round_trip = trip;
    return sample;
  }
  void take(std::size_t i, const InterfaceRecord& record) {
    const CounterDelta& delta = record.deltas[in];
    if (delta.quality == Quality::stale) ++stale_[i];
    if (!delta.value) return;
    ++rates_[i];
    told_[i] += *delta.value;
    // The octets are those between two snapshots, whose distance is as far from the stated one as stated at most.
    const auto base = std::find_if(asked_.rbegin(), asked_.rend(), [&](nanoseconds when) {
      return std::chrono::abs(now_ - when - record.elapsed) < 20ms;
    });
    CAPTURE(i, now_.count(), record.elapsed.count(), *delta.value, record.time_error);
    REQUIRE(base != asked_.rend());
    const Port& port = ports_[i];
    const auto shown = port.shown_at(now_ - trip / 2) - port.shown_at(*base - trip / 2);
    const auto off = std::chrono::abs(shown - record.elapsed);
    REQUIRE(static_cast<double>(off.count()) <= record.time_error * static_cast<double>(record.elapsed.count()));
  }

  std::vector<Port> ports_;
  nanoseconds interval_;
  Random random_;
  nanoseconds now_ = 2h;
  CacheLearner learner_;
  DeviceHistory history_;
  std::vector<nanoseconds> asked_;
  std::map<std::size_t, int> rates_, stale_;
  std::map<std::size_t, std::uint64_t> told_;
};

Port fresh(double octets_per_second) { return {{octets_per_second}}; }
Port cached(double octets_per_second, nanoseconds period, nanoseconds phase) {
  return {{octets_per_second}, period, phase};
}

TEST_CASE("rows that are reloaded apart beside a fresh one make rates within their stated error, from the first on") {
  for (const nanoseconds period : {nanoseconds(2500ms), nanoseconds(5s), nanoseconds(10s), nanoseconds(30s)}) {
    for (const nanoseconds interval : {nanoseconds(500ms), nanoseconds(1s), nanoseconds(2s), nanoseconds(5s)}) {
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CAPTURE(period.count(), interval.count(), seed);
        Random random(seed);
        const auto phase = [&] { return nanoseconds(std::chrono::milliseconds(random() % 30'000)); };
        const nanoseconds card = phase();
        Chassis chassis({fresh(4e5), cached(1e7, period, card), cached(3e6, period, card), cached(1e8, period, phase()),
                         cached(1e6, period / 2 + 1s, phase()), fresh(1e7)},
                        interval, seed);
        const auto cycles = 400;
        for (int i = 0; i < cycles; ++i) chassis.cycle();
        CHECK(chassis.rates(0) > cycles - 60);
        CHECK(chassis.rates(5) > cycles - 60);
        if (cycles * interval > 15 * period) {
          for (std::size_t port = 1; port < 5; ++port) CHECK(chassis.rates(port) > 0);
        }
      }
    }
  }
}

TEST_CASE("at longer intervals, too, no rate of a row that is reloaded apart is off by more than it states") {
  for (const nanoseconds period : {nanoseconds(20s), nanoseconds(30s)}) {
    for (const nanoseconds interval : {nanoseconds(10s), nanoseconds(15s)}) {
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CAPTURE(period.count(), interval.count(), seed);
        Random random(seed);
        const auto phase = [&] { return nanoseconds(std::chrono::milliseconds(random() % 30'000)); };
        Chassis chassis({fresh(4e5), cached(1e7, period, phase()), cached(1e6, period, phase())}, interval, seed);
        for (int i = 0; i < 300; ++i) chassis.cycle();
        CHECK(chassis.rates(1) > 0);
      }
    }
  }
}

/// The octets of the row after so many seconds of an agent whose management port is fresh.
InterfaceSample busy_row(nanoseconds when, std::uint64_t octets) {
  InterfaceSample sample = row(when, in, octets, 64);
  sample.oper_status = status_up;
  return sample;
}

JudgeSettings watching() {
  JudgeSettings settings;
  settings.watch_rows = true;
  return settings;
}

TEST_CASE("a row that paused for one reading is sure again, whenever its watching began") {
  const bool resumed = GENERATE(false, true);
  const nanoseconds start =
      GENERATE(nanoseconds(10h), nanoseconds(4'294'907'296ms));  // a minute before its stamps come round
  const int pause = GENERATE(2, 10);
  CAPTURE(resumed, start.count(), pause);
  DeviceHistory history;
  if (resumed) history.resume({busy_row(start, 0)}, {}, at(start));
  std::uint64_t octets = 1'000'000'000;
  int unsure = 0;
  for (int i = 1; i < 40; ++i) {
    if (i != pause) octets += 50'000'000;
    const InterfaceRecord record = judge(history, busy_row(start + i * 5s, octets), watching());
    if (i > 1) unsure += record.deltas[in].value ? 0 : 1;
    if (i > 22) CHECK(record.deltas[in].quality == Quality::ok);
  }
  CHECK(unsure <= 13);
}

TEST_CASE("what was unsure while a row was watched is over when it is not") {
  DeviceHistory history;
  std::uint64_t octets = 36'000'000'000;
  for (int i = 0; i < 4; ++i) (void)judge(history, busy_row(i * 5s, octets), watching());
  (void)judge(history, busy_row(80s, octets += 1'000'000));
  CHECK(judge(history, busy_row(140s, octets += 1'000'000)).deltas[in].quality == Quality::ok);
}

TEST_CASE("a row without octets is watched for nothing") {
  DeviceHistory history;
  for (int i = 0; i < 8; ++i) {
    const auto record = judge(history, row(i * 1s, Counter::in_errors, 5U + static_cast<unsigned>(i), 64), watching());
    CHECK(record.deltas[Counter::in_errors].quality == (i == 0 ? Quality::first : Quality::ok));
  }
}

TEST_CASE("busy rows of a fresh agent make rates from the third move on, idle ones at once") {
  Chassis chassis({fresh(1e6), fresh(1e8), fresh(0.0), fresh(100.0)}, 1s, 1);
  for (int i = 0; i < 10; ++i) chassis.cycle();
  for (std::size_t port = 0; port < 4; ++port) {
    CAPTURE(port);
    CHECK(chassis.rates(port) >= 7);
  }
}

TEST_CASE("a row whose traffic ends is unsure for half a minute, and loses no octet") {
  Port stops = fresh(1e7);
  stops.flow.ends = 2h + 20'300ms;
  Chassis chassis({fresh(1e6), stops}, 1s, 1);
  for (int i = 0; i < 90; ++i) chassis.cycle();
  CHECK(chassis.stale(1) >= 30);
  CHECK(chassis.stale(1) <= 40);
  const std::uint64_t before = stops.flow.octets_until(2h - 100us);
  CHECK(chassis.told(1) == stops.flow.octets_until(3h) - before);
}

TEST_CASE("a link that goes down is no cache") {
  Port stops = fresh(1e7);
  stops.flow.ends = 2h + 20'300ms;
  stops.status = 2;
  Chassis chassis({fresh(1e6), stops}, 1s, 1);
  for (int i = 0; i < 60; ++i) chassis.cycle();
  CHECK(chassis.stale(1) <= 3);
}

}  // namespace
}  // namespace octopoll::rates::test
