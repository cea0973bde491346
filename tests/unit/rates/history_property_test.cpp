// Random histories of devices whose true counts are known: no octet may be invented, and none may get lost unsaid.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "readings.hpp"

namespace octopoll::rates::test {
namespace {

using Random = std::mt19937_64;

std::uint64_t pick(Random& random, std::uint64_t low, std::uint64_t high) {
  return std::uniform_int_distribution<std::uint64_t>(low, high)(random);
}
bool chance(Random& random, double probability) { return std::bernoulli_distribution(probability)(random); }
double share(Random& random) { return std::uniform_real_distribution<double>(0.0, 1.0)(random); }

/// An interface and all that it ever counted.
struct Link {
  std::string name;
  std::uint8_t bits = 64;
  std::optional<std::uint64_t> stated_speed;
  std::uint64_t speed = 0;           // that its traffic keeps to
  PerCounter<std::uint64_t> total;   // since the beginning of the test; never restarts
  PerCounter<std::uint64_t> offset;  // raw = total + offset, modulo the width
  std::uint32_t discontinuity = 0;
  PerCounter<int> restarts;  // of any kind
};

std::uint8_t width(const Link& link, Counter counter) {
  const bool event = counter == Counter::in_errors || counter == Counter::out_errors ||
                     counter == Counter::in_discards || counter == Counter::out_discards ||
                     counter == Counter::in_unknown_protos;
  return event ? 32 : link.bits;
}

std::uint64_t raw(const Link& link, Counter counter) {
  const std::uint64_t value = link.total[counter] + link.offset[counter];
  return width(link, counter) == 64 ? value : value % two_to_32;
}

void carry_traffic(Random& random, Link& link, nanoseconds time) {
  const double seconds = std::chrono::duration<double>(time).count();
  for (const unsigned direction : {0U, 1U}) {
    const auto counter = [direction](Counter inbound) {
      return static_cast<Counter>(static_cast<unsigned>(inbound) + direction);
    };
    const double use = chance(random, 0.3) ? 0.0 : share(random);
    const std::uint64_t frame = pick(random, 64, 1518);
    constexpr std::uint64_t between_frames = 20;  // preamble and gap
    const auto octets = static_cast<std::uint64_t>(use * static_cast<double>(link.speed) / 8 * seconds);
    const std::uint64_t frames = octets / (frame + between_frames);
    const std::uint64_t broadcast = frames / 50;
    const std::uint64_t multicast = frames / 20;
    const std::uint64_t discarded = direction == 0 ? frames / 1'000 : 0;
    const std::uint64_t unknown = direction == 0 ? frames / 3'000 : 0;
    link.total[counter(Counter::in_octets)] += frames * frame;
    link.total[counter(Counter::in_ucast_pkts)] += frames - broadcast - multicast - discarded - unknown;
    link.total[counter(Counter::in_multicast_pkts)] += multicast;
    link.total[counter(Counter::in_broadcast_pkts)] += broadcast;
    link.total[counter(Counter::in_discards)] += discarded;
    link.total[Counter::in_unknown_protos] += unknown;
    link.total[counter(Counter::in_errors)] += pick(random, 0, 3) / 3;
  }
}

/// A device with its clocks, its cache, and its accidents.
struct Device {
  std::vector<Link> links;
  std::vector<Link> shown;  // what the agent answers: `links` as the last reload saw them
  nanoseconds now{};
  nanoseconds shown_at{};
  nanoseconds cache_period{};  // 0: fresh
  nanoseconds booted{};        // may lie before the test began
  std::uint32_t boots = 1;
  bool has_uptime = true;

  void reload() {
    shown = links;
    shown_at = now;
  }

  void run(Random& random, nanoseconds time) {
    while (time > 0ns) {
      const nanoseconds to_reload = cache_period > 0ns ? cache_period - (now - shown_at) : time;
      const nanoseconds part = std::min(time, to_reload);
      for (Link& link : links) carry_traffic(random, link, part);
      now += part;
      time -= part;
      if (cache_period == 0ns || now - shown_at >= cache_period) reload();
    }
  }

  void restart() {
    for (Link& link : links) {
      for (const Counter counter : all_counters()) {
        link.offset[counter] = 0 - link.total[counter];
        ++link.restarts[counter];
      }
      link.discontinuity = 0;
    }
    booted = now;
    ++boots;
    reload();
  }
};

Device random_device(Random& random) {
  Device device;
  const auto speeds = {10'000'000ULL, 100'000'000ULL, 1'000'000'000ULL, 100'000'000'000ULL};
  int number = 0;
  for (const std::uint8_t bits : {std::uint8_t{32}, std::uint8_t{64}}) {
    for (const std::uint64_t speed : speeds) {
      if (bits == 32 && speed > 1'000'000'000) continue;
      for (const bool stated : {true, false}) {
        Link link;
        link.name = "link" + std::to_string(++number);
        link.bits = bits;
        // Nothing bounds a 32-bit counter of unknown speed but that it is slow.
        link.speed = stated || bits == 64 ? speed : 1'000'000;
        if (stated) link.stated_speed = speed;
        for (const Counter counter : all_counters()) {
          const bool wide = width(link, counter) == 64;
          link.offset[counter] = wide ? pick(random, 1ULL << 60, 1ULL << 62) : pick(random, 0, two_to_32 - 1);
        }
        device.links.push_back(link);
      }
    }
  }
  const nanoseconds periods[] = {0s, 0s, 0s, 3s, 5s, 30s};
  device.cache_period = periods[pick(random, 0, 5)];
  device.has_uptime = chance(random, 0.8);
  const nanoseconds wrap = nanoseconds(TimeTicks(0xFFFFFFFFU));
  device.booted = chance(random, 0.3) ? 1h - wrap : -nanoseconds(1h);
  device.reload();
  return device;
}

/// What the test knows of one reading of one counter.
struct Shot {
  nanoseconds received{};
  nanoseconds shown_at{};
  std::uint64_t total = 0;
  std::uint64_t raw = 0;
  int restarts = 0;
};

/// What the test knows of one counter: its readings, and those that a delta may rest on.
struct Track {
  std::vector<Shot> shots;
  std::size_t base = 0;
  bool doubted = false;            // the last reading contradicted its base
  std::vector<std::size_t> older;  // bases that may still be gone back to
};

class Checker {
 public:
  std::map<Quality, int> seen;

  /// Holds the delta against the truth; says what is wrong, if anything. Millions of deltas pass through here, so only
  /// the wrong ones reach Catch.
  std::string check(Track& track, const InterfaceRecord& record, Counter counter) {
    const CounterDelta& delta = record.deltas[counter];
    const std::size_t now = track.shots.size() - 1;
    ++seen[delta.quality];
    std::string wrong;
    if (delta.value.has_value() != makes_rate(delta.quality))
      wrong = "a value without a rate, or a rate without a value";
    if (delta.value) {
      if (delta.elapsed == 0ns) {
        wrong = compare(track.shots[track.base], track.shots[now], record, delta);
      } else {
        wrong = "a delta from no base";
        for (const std::size_t from : track.older) {
          wrong = compare(track.shots[from], track.shots[now], record, delta);
          if (wrong.empty()) break;
        }
      }
    }
    if (delta.quality == Quality::stale) return wrong;
    const bool went_on = makes_rate(delta.quality) && delta.elapsed == 0ns;
    track.doubted = !makes_rate(delta.quality);
    if (!track.doubted && !went_on) track.older.clear();
    if (track.doubted || delta.quality == Quality::wrapped) track.older.push_back(track.base);
    track.base = now;
    return wrong;
  }

 private:
  static std::string compare(const Shot& before, const Shot& now, const InterfaceRecord& record,
                             const CounterDelta& delta) {
    const std::uint64_t truth = now.total - before.total;
    if (*delta.value != truth) return fmt::format("{} instead of {}", *delta.value, truth);
    if (before.restarts != now.restarts) return "a delta over a restart";
    const nanoseconds span = delta.elapsed == 0ns ? record.elapsed : delta.elapsed;
    const double error = record.time_error * static_cast<double>(record.elapsed.count());
    const auto off = static_cast<double>(std::chrono::abs(now.shown_at - before.shown_at - span).count());
    // A delta from an older base has that base's round trip in its error.
    const double slack = delta.elapsed == 0ns ? 0.0 : static_cast<double>(nanoseconds(50ms).count());
    return off <= error + slack ? "" : fmt::format("the time is {} ns off, the bound is {}", off, error + slack);
  }
};

// A value that no link could have reached from its base: below it, or far above what is possible.
std::optional<std::uint64_t> garbled(Random& random, const Link& link, std::uint64_t base) {
  if (link.bits == 64) {
    if (chance(random, 0.5)) return 1ULL << 63;
    return base == 0 ? std::nullopt : std::optional(pick(random, 0, base - 1));
  }
  // Of a 32-bit counter most values can be explained by a wrap; just behind the base none on a slow link.
  if (link.stated_speed != 10'000'000U || base < 1'000) return std::nullopt;
  return base - pick(random, 1, 1'000);
}

void run_history(std::uint64_t seed, Checker& checker) {
  CAPTURE(seed);
  Random random(seed);
  Device device = random_device(random);
  DeviceHistory history;
  std::map<std::string, PerCounter<Track>> tracks;
  const double trouble = chance(random, 0.3) ? 0.0 : 0.03;
  const int implausible_before = checker.seen[Quality::implausible];
  const std::uint64_t interval = pick(random, 1, 300);

  for (int cycle = 0; cycle < 100; ++cycle) {
    CAPTURE(cycle);
    // Jitter, and polls that never came back.
    const std::uint64_t turns = chance(random, trouble) ? pick(random, 2, 4) : 1;
    device.run(random, nanoseconds(static_cast<std::int64_t>(turns * interval)) * 1'000'000'000 +
                           std::chrono::microseconds(pick(random, 0, 400'000)));
    if (chance(random, trouble) && device.now - device.booted > 400s) {
      device.restart();
      device.run(random, std::chrono::milliseconds(pick(random, 0, 1'000)));
    }
    if (chance(random, trouble)) {
      Link& link = device.links[pick(random, 0, device.links.size() - 1)];
      for (const Counter counter : all_counters()) {
        link.offset[counter] = pick(random, 0, 1ULL << 62);
        ++link.restarts[counter];
      }
      link.discontinuity = ticks(device.now - device.booted).count();
      device.reload();
    }
    if (chance(random, trouble)) {  // a 64-bit counter restarts and nothing says so
      Link& link = device.links.back();
      if (raw(link, Counter::in_octets) > 1ULL << 59) {
        link.offset[Counter::in_octets] = 0 - link.total[Counter::in_octets];
        ++link.restarts[Counter::in_octets];
        device.reload();
      }
    }

    const auto round_trip = std::chrono::microseconds(pick(random, 500, 40'000));
    DeviceSnapshot snapshot;
    snapshot.read_at = at(device.now + round_trip / 2);
    snapshot.engine_boots = device.boots;
    if (device.has_uptime) snapshot.sys_uptime = ticks(device.now - device.booted);
    for (const Link& link : device.shown) {
      if (chance(random, trouble / 3)) continue;
      InterfaceSample sample;
      rename(sample, link.name);
      change_facts(sample, [&](InterfaceFacts& facts) {
        facts.type = 6;
        facts.mtu = 1500;
      });
      change_facts(sample, [&](InterfaceFacts& facts) { facts.speed_bps = link.stated_speed; });
      sample.discontinuity_time = TimeTicks(link.discontinuity);
      sample.time = {snapshot.read_at, round_trip, snapshot.sys_uptime, device.cache_period};
      for (const Counter counter : all_counters()) {
        sample.counters.set(counter, {raw(link, counter), width(link, counter)});
        Track& track = tracks[link.name][counter];
        // Garbled alone: two wrong readings in a row, or a wrong first one, leave nothing to go by.
        const bool alone =
            !track.shots.empty() && !track.doubted && track.shots[track.base].restarts == link.restarts[counter];
        if (alone && counts_octets(counter) && chance(random, trouble)) {
          const auto value = garbled(random, link, track.shots[track.base].raw);
          if (value) sample.counters.set(counter, {*value, sample.counters[counter].bits});
        }
        track.shots.push_back({device.now + round_trip / 2, device.shown_at, link.total[counter],
                               sample.counters[counter].value, link.restarts[counter]});
      }
      snapshot.interfaces.push_back(std::move(sample));
    }
    const Judgement judgement = history.judge(std::move(snapshot), {});
    for (const InterfaceRecord& record : judgement.interfaces) {
      for (const Counter counter : all_counters()) {
        const std::string wrong =
            checker.check(tracks[std::string(record.sample.interface.name())][counter], record, counter);
        if (wrong.empty()) continue;
        FAIL(fmt::format("{} {} is {}: {}", record.sample.interface.name(), to_string(counter),
                         to_string(record.deltas[counter].quality), wrong));
      }
    }
  }
  // Nothing is called impossible that was true.
  if (trouble == 0.0) CHECK(checker.seen[Quality::implausible] == implausible_before);
}

TEST_CASE("no history makes an octet appear, or disappear unsaid") {
  Checker checker;
  for (std::uint64_t seed = 0; seed < 120; ++seed) run_history(seed, checker);
  // The property says nothing of what did not happen.
  for (const Quality quality : {Quality::ok, Quality::wrapped, Quality::first, Quality::reboot, Quality::discontinuity,
                                Quality::reset, Quality::implausible, Quality::ambiguous, Quality::stale}) {
    CAPTURE(std::string(to_string(quality)));
    CHECK(checker.seen[quality] > 100);
  }
}

TEST_CASE("an untroubled 64-bit history adds up to the octet") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Device device = random_device(random);
    DeviceHistory history;
    std::uint64_t sum = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    for (int cycle = 0; cycle < 200; ++cycle) {
      device.run(random, std::chrono::milliseconds(pick(random, 500, 20'000)));
      const Link& link = device.shown.back();
      InterfaceSample sample = row(device.now, Counter::in_octets, raw(link, Counter::in_octets), 64);
      sample.time.age_bound = device.cache_period;
      const InterfaceRecord record = judge(history, sample);
      if (cycle == 0) first = link.total[Counter::in_octets];
      if (const auto& value = record.deltas[Counter::in_octets].value) {
        sum += *value;
        last = link.total[Counter::in_octets];
      }
    }
    CHECK(sum == last - first);
    CHECK(sum > 0);
  }
}

}  // namespace
}  // namespace octopoll::rates::test
