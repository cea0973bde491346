// The prober over a scripted path: loss, percentiles, duplicates, late and forged answers and errors as the script
// says.

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <deque>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "integration/icmp/bench.hpp"
#include "integration/icmp/path_simulator.hpp"
#include "integration/icmp/sampling.hpp"
#include "support/run_command.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;
using icmp::EchoAnswer;
using icmp::EchoPlan;
using std::chrono::nanoseconds;

namespace {

Netns path_space(const std::string& kind) {
  Netns space = space_for(kind);
  PathSimulator::prepare(space);
  return space;
}

std::string name_of(int family) { return family == AF_INET ? "IPv4" : "IPv6"; }

/// What the path did to a target's probes, in the order in which they left.
using ByTarget = std::map<std::string, std::vector<PathEntry>>;

ByTarget by_target(const std::vector<PathEntry>& entries) {
  ByTarget all;
  for (const PathEntry& entry : entries) all[entry.to.host_text()].push_back(entry);
  return all;
}

/// A round to each of the first `targets` addresses behind the path, and what the path did.
struct Probing {
  std::deque<Ran> rounds;
  std::vector<PathEntry> path;
  icmp::ProberStatistics statistics;

  Probing(int family, const PathScript& script, unsigned targets, const EchoPlan& plan) : rounds(targets) {
    const KernelStamps stamps;
    const Bench bench;
    PathSimulator simulator(script, 20'260'101);
    for (unsigned i = 0; i < targets; ++i) {
      start(rounds[i], *bench.prober, PathSimulator::target(family, i), plan);
    }
    bench.run_until([&] {
      return std::all_of(rounds.begin(), rounds.end(), [](const Ran& ran) { return ran.done(); }) &&
             simulator.is_through(bench.prober->statistics().sent);
    });
    path = simulator.stop();
    for (int i = 0; i < 20; ++i) bench.loop->run_once(1ms);  // what the path wrote last
    statistics = bench.prober->statistics();
  }
};

/// Each first answer was under way as long as the path says: from when the kernel handed the request over until it got
/// the answer, however busy the machine, the path or the loop were meanwhile. (A hypervisor may stop the whole machine
/// between two stamps of one event, hence not all.)
void check_round_trips(const Probing& probing, int family) {
  constexpr auto tolerance = 200us;
  std::size_t answers = 0, wrong = 0;
  const ByTarget path = by_target(probing.path);
  for (unsigned i = 0; i < probing.rounds.size(); ++i) {
    const auto& entries = path.at(PathSimulator::target(family, i).host_text());
    for (const EchoAnswer& answer : probing.rounds[i].answers) {
      if (answer.kind == EchoAnswer::Kind::duplicate) continue;
      const PathEntry& entry = entries.at(answer.sequence);
      ++answers;
      const bool right = answer.round_trip >= entry.least_round_trip() - tolerance &&
                         answer.round_trip <= entry.most_round_trip() + tolerance;
      if (!right) ++wrong;
    }
  }
  CAPTURE(answers);
  CHECK(wrong * 100 <= answers);
}

/// The percentiles of `sorted` lie where the script's uniform distribution has them, within what chance allows and the
/// path's own lateness explains.
void check_percentiles(const std::vector<nanoseconds>& sorted, const PathScript& script,
                       const std::vector<PathEntry>& path) {
  constexpr nanoseconds punctual = 300us;
  const double bound = distribution_bound(sorted.size());
  const auto n = static_cast<double>(sorted.size());
  const auto behind = static_cast<double>(std::count_if(path.begin(), path.end(), [&](const PathEntry& entry) {
    return entry.answered && entry.most_round_trip() > entry.planned + punctual;
  }));
  const auto quantile = [&](double share) {
    const auto range = static_cast<double>((script.most_delay - script.least_delay).count());
    return script.least_delay + nanoseconds(static_cast<std::int64_t>(std::clamp(share, 0.0, 1.0) * range));
  };
  for (const double percent : {5.0, 25.0, 50.0, 75.0, 95.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(n * percent / 100));
    const nanoseconds measured = sorted[rank - 1];
    CAPTURE(percent, n, bound, behind, measured.count());
    CHECK(measured >= quantile(percent / 100 - bound) - punctual);
    const double share = percent / 100 + bound + behind / n;
    if (share < 1) CHECK(measured <= quantile(share) + punctual);
  }
}

std::vector<nanoseconds> sorted_round_trips(const Probing& probing) {
  std::vector<nanoseconds> all;
  for (const Ran& ran : probing.rounds) {
    all.insert(all.end(), ran.result->round_trips.begin(), ran.result->round_trips.end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

void check_loss(std::size_t lost, std::size_t sent, double share) {
  const CountBounds bounds = binomial_bounds(sent, share);
  CAPTURE(sent, lost, bounds.least, bounds.most);
  CHECK(lost >= bounds.least);
  CHECK(lost <= bounds.most);
}

/// A round to a target that never answers, ended when `errors` ICMP errors have come: the busiest machine has the time
/// that it needs.
icmp::EchoRound run_to_errors(const Bench& bench, const Endpoint& target, EchoPlan plan, std::uint64_t errors) {
  plan.timeout = 2 * std::chrono::duration_cast<std::chrono::seconds>(patience);
  const std::uint64_t before = bench.prober->statistics().errors;
  Ran ran;
  start(ran, *bench.prober, target, plan);
  bench.run_until([&] { return bench.prober->statistics().errors == before + errors; });
  bench.prober->finish(ran.id);
  REQUIRE(ran.done());
  return *ran.result;
}

double milliseconds(nanoseconds duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

/// What fping measures over the same path, printed beside ours.
void check_fping(const Netns& space, int family, const PathScript& script, const std::vector<nanoseconds>& ours) {
  constexpr unsigned targets = 50;
  constexpr std::size_t count = 20;
  if (run_command({"sh", "-c", "command -v fping"}).exit_code() != 0) {
    std::cout << "SKIPPED: fping is not installed: octopoll's figures stand alone" << std::endl;
    return;
  }
  std::vector<std::string> command = {"fping", "-q", "-C", std::to_string(count), "-p", "50", "-i", "1", "-t", "2000"};
  for (unsigned i = 0; i < targets; ++i) command.push_back(PathSimulator::target(family, i).host_text());
  std::vector<PathEntry> path;
  std::string output;
  space.call([&] {
    PathSimulator simulator(script, 20'260'102);
    output = run_command(space.inside(command)).err;
    path = simulator.stop();
  });
  std::vector<nanoseconds> round_trips;
  std::size_t lost = 0;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(std::min(line.size(), line.find(" : ") + 3)));
    for (std::string word; words >> word;) {
      if (word == "-") {
        ++lost;
      } else {
        round_trips.emplace_back(static_cast<std::int64_t>(std::stod(word) * 1e6));
      }
    }
  }
  INFO(output);
  REQUIRE(lost + round_trips.size() == targets * count);
  std::sort(round_trips.begin(), round_trips.end());
  check_loss(lost, targets * count, script.loss);
  CHECK(lost == static_cast<std::size_t>(
                    std::count_if(path.begin(), path.end(), [](const PathEntry& entry) { return !entry.answered; })));
  const auto middle = [](const std::vector<nanoseconds>& sorted) { return milliseconds(sorted[sorted.size() / 2]); };
  fmt::print("{} path of {} to {} ms: median {:.3f} ms by octopoll, {:.3f} ms by fping\n", name_of(family),
             milliseconds(script.least_delay), milliseconds(script.most_delay), middle(ours), middle(round_trips));
}

}  // namespace

TEST_CASE("over a path of 20 ms +- 5 ms and 10 % loss both are measured as they are, as fping does", "[icmp]") {
  if (skip_without_netns() || skip_without_tun()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const int family = GENERATE(AF_INET, AF_INET6);
  CAPTURE(kind, name_of(family));
  const PathScript script{.least_delay = 15ms, .most_delay = 25ms, .loss = 0.1};
  const Netns space = path_space(kind);
  std::vector<nanoseconds> round_trips;
  space.call([&] {
    constexpr unsigned targets = 200;
    constexpr unsigned count = 40;
    const Probing probing(family, script, targets, {.count = count, .spacing = 40ms, .timeout = 1s});
    round_trips = sorted_round_trips(probing);
    CHECK(probing.path.size() == targets * count);
    const auto answered = static_cast<std::size_t>(
        std::count_if(probing.path.begin(), probing.path.end(), [](const PathEntry& entry) { return entry.answered; }));
    CHECK(probing.statistics.sent == targets * count);
    CHECK(probing.statistics.received == round_trips.size());
    // Late where the machine stood still, and foreign where it did so until the round was off the record.
    CHECK(probing.statistics.received + probing.statistics.late + probing.statistics.foreign == answered);
    CHECK(probing.statistics.duplicates + probing.statistics.errors == 0);
    check_loss(targets * count - answered, targets * count, script.loss);
    check_round_trips(probing, family);
    check_percentiles(round_trips, script, probing.path);
  });
  if (kind == "datagram") check_fping(space, family, script, round_trips);
}

TEST_CASE("reordered, repeated, late, lost and forged answers of one path are counted apart", "[icmp]") {
  if (skip_without_netns() || skip_without_tun()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const int family = GENERATE(AF_INET, AF_INET6);
  CAPTURE(kind, name_of(family));
  const PathScript script{.least_delay = 5ms,
                          .most_delay = 60ms,
                          .loss = 0.05,
                          .duplicates = 0.2,
                          .late = 0.15,
                          .late_by = 400ms,
                          .forged = 0.2};
  path_space(kind).call([&] {
    constexpr auto timeout = 300ms;
    const Probing probing(family, script, 100, {.count = 20, .spacing = 20ms, .timeout = timeout});
    check_round_trips(probing, family);
    std::size_t in_time = 0, late = 0, doubtful = 0, twice = 0, forged = 0, overtaken = 0;
    for (const auto& [address, entries] : by_target(probing.path)) {
      nanoseconds newest{};
      for (const PathEntry& entry : entries) {
        if (entry.forged) ++forged;
        if (entry.duplicated) ++twice;
        if (!entry.answered) continue;
        if (entry.write_began < newest) ++overtaken;
        newest = std::max(newest, entry.write_ended);
        const auto doubt = 1ms;  // between the stamps here and there
        if (entry.least_round_trip() > timeout + doubt) {
          ++late;
        } else if (entry.most_round_trip() < timeout - doubt) {
          ++in_time;
        } else {
          ++doubtful;
        }
      }
    }
    CHECK(overtaken > 0);
    CHECK(late > 0);
    const icmp::ProberStatistics& seen = probing.statistics;
    CAPTURE(in_time, late, doubtful, twice, forged, overtaken, seen.received, seen.late, seen.duplicates, seen.foreign);
    CHECK(seen.received >= in_time);
    CHECK(seen.received <= in_time + doubtful);
    CHECK(seen.received + seen.late + seen.duplicates + seen.foreign == in_time + late + doubtful + twice + forged);
    // A round is on record for 300 ms after its end, 600 ms after its last request. Where the machine was so busy that
    // an answer came later than that, it was rightly taken for foreign.
    const bool punctual = std::all_of(probing.path.begin(), probing.path.end(), [](const PathEntry& entry) {
      return !entry.answered || entry.most_round_trip() < entry.planned + 100ms;
    });
    if (punctual) {
      CHECK(seen.late >= late);
      CHECK(seen.duplicates == twice);
      CHECK(seen.foreign == forged);
    }
  });
}

TEST_CASE("what a plan asks for is on the wire", "[icmp]") {
  if (skip_without_netns() || skip_without_tun()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const int family = GENERATE(AF_INET, AF_INET6);
  CAPTURE(kind, name_of(family));
  path_space(kind).call([&] {
    const Bench bench;
    PathSimulator simulator({.least_delay = 1ms, .most_delay = 1ms}, 1);
    const EchoPlan plain{.count = 2, .spacing = 2ms, .timeout = 10s};
    // All through one socket by turns: none takes on what another one asked for.
    std::deque<Ran> rounds(3);
    start(rounds[0], *bench.prober, PathSimulator::target(family, 0), plain);
    for (const unsigned own : {0U, 1U}) {
      EchoPlan special = plain;
      special.hop_limit = 7;
      special.dscp = 46;
      special.dont_fragment = true;
      special.source = PathSimulator::own_address(family, own);
      start(rounds[1 + own], *bench.prober, PathSimulator::target(family, 1 + own), special);
    }
    bench.run_until([&] { return std::all_of(rounds.begin(), rounds.end(), [](const Ran& r) { return r.done(); }); });
    for (const Ran& ran : rounds) CHECK(ran.result->received == 2);
    const ByTarget path = by_target(simulator.stop());
    for (const PathEntry& entry : path.at(PathSimulator::target(family, 0).host_text())) {
      CHECK(entry.hop_limit == 64);
      CHECK(entry.traffic_class == 0);
      CHECK_FALSE(entry.dont_fragment);
    }
    for (const unsigned own : {0U, 1U}) {
      for (const PathEntry& entry : path.at(PathSimulator::target(family, 1 + own).host_text())) {
        CHECK(entry.hop_limit == 7);
        CHECK(entry.traffic_class == 46 << 2);
        CHECK(entry.from.host_text() == PathSimulator::own_address(family, own).host_text());
        CHECK(entry.dont_fragment == (family == AF_INET));
      }
    }
  });
}

TEST_CASE("a probe whose hop limit is too small is told by the router where it ended", "[icmp]") {
  if (skip_without_netns() || skip_without_tun()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const int family = GENERATE(AF_INET, AF_INET6);
  CAPTURE(kind, name_of(family));
  path_space(kind).call([&] {
    const Bench bench;
    PathSimulator simulator({.least_delay = 1ms, .most_delay = 1ms, .routers = 4}, 1);
    const Endpoint target = PathSimulator::target(family, 0);
    for (std::uint8_t hop = 1; hop <= 4; ++hop) {
      EchoPlan plan{.count = 3, .spacing = 5ms};
      plan.hop_limit = hop;
      const auto round = run_to_errors(bench, target, plan, 3);
      CHECK(round.received == 0);
      CHECK(round.errors == 3);
      REQUIRE(round.first_error.has_value());
      CHECK(round.first_error->type == (family == AF_INET ? 11 : 3));
      CHECK(round.first_error->code == 0);
      CHECK(round.first_error->router == PathSimulator::router(family, hop));
      CHECK(round.first_error->sequence == 0);
      REQUIRE(round.error.has_value());
      CHECK(round.error->message ==
            target.host_text() + ": time to live exceeded, says " + PathSimulator::router(family, hop).host_text());
    }
    EchoPlan enough{.count = 3, .spacing = 5ms, .timeout = 10s};
    enough.hop_limit = 5;
    const auto round = run_round(bench, target, enough);
    CHECK(round.received == 3);
    CHECK(round.errors == 0);
    CHECK_FALSE(round.first_error.has_value());
  });
}

TEST_CASE("a target that a router calls unreachable loses all and has each error counted", "[icmp]") {
  if (skip_without_netns() || skip_without_tun()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const int family = GENERATE(AF_INET, AF_INET6);
  CAPTURE(kind, name_of(family));
  path_space(kind).call([&] {
    const Bench bench;
    PathSimulator simulator({.least_delay = 1ms, .most_delay = 1ms, .unreachable = true, .routers = 2}, 1);
    std::deque<Ran> all(20);
    for (unsigned i = 0; i < all.size(); ++i) {
      start(all[i], *bench.prober, PathSimulator::target(family, i), {.count = 5, .spacing = 5ms, .timeout = 1s});
    }
    bench.run_until([&] {
      return bench.prober->statistics().errors == 5 * all.size() &&
             std::all_of(all.begin(), all.end(), [](const Ran& ran) { return ran.done(); });
    });
    for (const Ran& ran : all) {
      CHECK(ran.result->sent == 5);
      CHECK(ran.result->received == 0);
    }
    const auto round = run_to_errors(bench, PathSimulator::target(family, 77), {.count = 5, .spacing = 5ms}, 5);
    CHECK(round.errors == 5);
    REQUIRE(round.first_error.has_value());
    CHECK(round.first_error->router == PathSimulator::router(family, 2));
    CHECK(round.first_error->type == (family == AF_INET ? 3 : 1));
    CHECK(round.first_error->code == (family == AF_INET ? 1 : 3));
  });
}

TEST_CASE("what must not be fragmented is refused here or by the router that cannot pass it on, each time", "[icmp]") {
  if (skip_without_netns() || skip_without_tun()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const int family = GENERATE(AF_INET, AF_INET6);
  CAPTURE(kind, name_of(family));
  path_space(kind).call([&] {
    const Bench bench;
    PathSimulator simulator({.least_delay = 1ms, .most_delay = 1ms, .routers = 3, .mtu = 1400}, 1);
    const Endpoint target = PathSimulator::target(family, 0);
    EchoPlan plan{.count = 3, .spacing = 20ms, .timeout = 10s, .payload = 1400, .dont_fragment = true};
    const auto by_router = run_to_errors(bench, target, plan, 3);
    CHECK(by_router.received == 0);
    CHECK(by_router.errors == 3);
    REQUIRE(by_router.first_error.has_value());
    CHECK(by_router.first_error->type == (family == AF_INET ? 3 : 2));
    CHECK(by_router.first_error->router == PathSimulator::router(family, 3));
    CHECK(by_router.first_error->mtu == 1400U);
    CHECK_THAT(by_router.error->text(), Catch::Contains("takes 1400 octets"));

    plan.payload = 1500;  // the interface takes packets of 1,500 octets, headers included
    const auto here = run_round(bench, target, plan);
    CHECK(here.sent == 3);
    CHECK(here.received == 0);
    CHECK(here.errors == 0);
    REQUIRE(here.error.has_value());
    CHECK_THAT(here.error->text(), Catch::Contains("Message too long") && Catch::Contains("takes 1500 octets") &&
                                       Catch::Contains(family == AF_INET ? "at most 1472" : "at most 1452"));

    plan.payload = 1300;
    CHECK(run_round(bench, target, plan).received == 3);
    CHECK(simulator.stop().size() == 6);
  });
}

TEST_CASE("a source that is no address of this machine refuses each probe and names itself", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const auto [target, source] =
      GENERATE(table<std::string, std::string>({{"127.0.0.1", "192.0.2.99"}, {"::1", "2001:db8::99"}}));
  CAPTURE(kind, target);
  space_for(kind).call([&, &to = target, &from = source] {
    EchoPlan plan{.count = 2, .spacing = 2ms, .timeout = 10s};
    plan.source = at(from);
    const auto round = run_round(Bench(), at(to), plan);
    CHECK(round.sent == 2);
    CHECK(round.received == 0);
    CHECK(round.errors == 0);
    REQUIRE(round.error.has_value());
    CHECK_THAT(round.error->text(), Catch::Contains("from " + from) && Catch::Contains("address of this machine"));
  });
}

TEST_CASE("rounds that are started at one moment leave one by one", "[icmp]") {
  if (skip_without_netns() || skip_without_tun()) return;
  path_space("datagram").call([] {
    constexpr unsigned targets = 2000;
    const Probing probing(AF_INET, {.least_delay = 1ms, .most_delay = 1ms}, targets,
                          {.count = 2, .spacing = 1s, .timeout = 10s});
    REQUIRE(probing.path.size() == 2 * targets);
    CHECK(probing.statistics.received == 2 * targets);
    // Twice the 2,000 a second that the rounds ask for together, and at most two buckets of 8 in a row.
    constexpr double rate = 4000;
    constexpr nanoseconds window = 50ms;
    constexpr std::size_t most = 16 + static_cast<std::size_t>(rate * 0.05);
    std::size_t densest = 0;
    for (std::size_t first = 0, last = 0; last < probing.path.size(); ++last) {
      while (probing.path[last].left - probing.path[first].left > window) ++first;
      densest = std::max(densest, last - first + 1);
    }
    CHECK(densest <= most);
    // The first ones took half a spacing, and the second ones keep the distance.
    const auto took = [&](std::size_t from, std::size_t to) { return probing.path[to].left - probing.path[from].left; };
    CHECK(took(0, targets - 1) >= 400ms);
    CHECK(took(targets, 2 * targets - 1) >= 400ms);
  });
}
