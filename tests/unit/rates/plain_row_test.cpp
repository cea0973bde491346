// A row whose counters are all plain is judged at once, any other one counter by counter: both come to the same.

#include <catch2/catch.hpp>
#include <random>

#include "readings.hpp"

using namespace octopoll;
using namespace octopoll::rates;
using namespace octopoll::rates::test;

namespace {

using Random = std::mt19937_64;

struct Case {
  /// A counter that begins to count, which is not plain, and says little of the others.
  Counter beside;
  /// As of an agent that shows octets before it knows of their packets. That bounds the first packets by those of the
  /// base, and so by `beside`, in its direction; what goes back would make `beside` a witness in the other one too.
  bool late_packets;

  [[nodiscard]] bool compares(Counter counter) const {
    return late_packets ? static_cast<unsigned>(counter) % 2 != static_cast<unsigned>(beside) % 2 : counter != beside;
  }
};

bool chance(Random& random, unsigned one_in) { return random() % one_in == 0; }

std::uint64_t start_of(Random& random, Counter counter, std::uint8_t bits) {
  if (chance(random, 6)) return 0;
  const std::uint64_t any = random() >> (chance(random, 3) ? 0 : 20 + random() % 30);
  return bits == 32 || counter >= Counter::in_errors ? any & 0xffff'ffffU : any;
}

/// Little enough that nobody doubts the row.
std::uint64_t quiet_gain_of(Random& random) { return chance(random, 5) ? 0 : random() >> (34 + random() % 30); }

std::uint64_t gain_of(Random& random) {
  if (chance(random, 30)) return std::uint64_t{0} - random() % 1000;  // back
  return chance(random, 20) ? random() >> random() % 64 : quiet_gain_of(random);
}

}  // namespace

TEST_CASE("a row judged at once is what it is judged counter by counter") {
  const auto c = GENERATE(values<Case>({{Counter::in_unknown_protos, false}, {Counter::out_errors, true}}));
  const Counter beside = c.beside;
  const auto seed = GENERATE(range(1U, 41U));
  Random random(seed);
  int at_once = 0;
  for (int trial = 0; trial < 500; ++trial) {
    const std::uint8_t bits = chance(random, 6) ? 32 : 64;
    InterfaceSample plain = row(0s);
    if (chance(random, 3)) {
      const std::uint64_t speed = chance(random, 2) ? 0 : 1'000'000'000;
      change_facts(plain, [speed](InterfaceFacts& facts) { facts.speed_bps = speed; });
    }
    for (const Counter counter : all_counters()) {
      if (counter == beside || chance(random, 12)) continue;
      const std::uint8_t width = counter >= Counter::in_errors ? 32 : bits;
      const bool late = c.late_packets && !counts_octets(counter);
      plain.counters.set(counter, {late ? 0 : start_of(random, counter, width), width});
    }
    InterfaceSample other = plain;
    plain.counters.set(beside, {1, 32});
    other.counters.set(beside, {0, 32});
    DeviceHistory history, other_history;
    judge(history, plain);
    judge(other_history, other);
    for (const nanoseconds when : {60s, 120s, 180s}) {
      InterfaceSample next = row(when);
      next.interface = plain.interface;
      for (const Counter counter : all_counters()) {
        const CounterReading before = plain.counters[counter];
        if (!before.present()) continue;
        const std::uint64_t gain = c.late_packets ? quiet_gain_of(random) : gain_of(random);
        const std::uint64_t value = before.value + (counter == beside ? 1 : gain);
        next.counters.set(counter, {before.bits == 32 ? value & 0xffff'ffffU : value, before.bits});
      }
      plain = next;
      const InterfaceRecord judged = judge(history, plain);
      other = plain;
      other.counters.set(beside, {plain.counters[beside].value - 1, 32});
      const InterfaceRecord one_by_one = judge(other_history, other);  // `beside` begins to count at 60 s
      INFO("trial " << trial << ", " << when.count() / 1'000'000'000 << " s");
      bool all_ok = true;
      for (const Counter counter : all_counters()) {
        if (!c.compares(counter)) continue;
        INFO(to_string(counter) << " " << plain.counters[counter].value);
        CHECK(judged.deltas[counter] == one_by_one.deltas[counter]);
        all_ok = all_ok && (judged.deltas[counter].quality == Quality::ok || !plain.counters[counter].present());
      }
      CHECK(judged.in_utilization == one_by_one.in_utilization);
      if (!c.late_packets) {
        CHECK(judged.out_utilization == one_by_one.out_utilization);
        CHECK(judged.speed_exceeded == one_by_one.speed_exceeded);
      }
      at_once += all_ok ? 1 : 0;
    }
  }
  CHECK(at_once > 100);
}
