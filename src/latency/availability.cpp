#include "octopoll/latency/availability.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace octopoll::latency {
namespace {

using std::chrono::milliseconds;

constexpr int intervals_of_the_last = 3;
constexpr int intervals_between = 2;

/// A stretch of time of one protocol's word; none where the question came to nothing.
struct Stretch {
  WallTime begin;
  WallTime end;
  std::optional<bool> answered;
};

std::vector<Stretch> stretches_of(const std::vector<Observation>& observations, WallTime since, WallTime until);
void align(std::vector<Observation>& rounds, const std::vector<Observation>& cycles);

/// Reads stretches at ever later moments.
class Reading {
 public:
  explicit Reading(const std::vector<Stretch>& stretches) : at_(stretches.begin()), end_(stretches.end()) {}
  /// Null where the protocol was not asked.
  const Stretch* at(WallTime moment) {
    while (at_ != end_ && at_->end <= moment) ++at_;
    return at_ == end_ || at_->begin > moment ? nullptr : &*at_;
  }

 private:
  std::vector<Stretch>::const_iterator at_;
  std::vector<Stretch>::const_iterator end_;
};

}  // namespace

std::optional<double> AskedTime::share() const noexcept {
  if (asked.count() == 0) return std::nullopt;
  return static_cast<double>(answered.count()) / static_cast<double>(asked.count());
}

milliseconds Availability::in(Reachability one) const noexcept { return time[static_cast<std::size_t>(one)]; }

std::optional<double> Availability::reachable_share() const noexcept {
  const milliseconds reachable = in(Reachability::up) + in(Reachability::icmp_only) + in(Reachability::snmp_only);
  return AskedTime{reachable + in(Reachability::down), reachable}.share();
}

Availability availability_of(std::vector<Observation> icmp, const std::vector<Observation>& snmp, WallTime since,
                             WallTime until) {
  align(icmp, snmp);
  const std::vector<Stretch> pings = stretches_of(icmp, since, until);
  const std::vector<Stretch> polls = stretches_of(snmp, since, until);
  std::vector<WallTime> edges{since, until};
  for (const auto* stretches : {&pings, &polls}) {
    for (const Stretch& one : *stretches) edges.insert(edges.end(), {one.begin, one.end});
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());

  Availability result;
  result.since = since;
  Reading ping(pings);
  Reading poll(polls);
  std::optional<Reachability> known;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    const Stretch* const pinged = ping.at(edges[i]);
    const Stretch* const polled = poll.at(edges[i]);
    const auto by_icmp = pinged != nullptr ? pinged->answered : std::nullopt;
    const auto by_snmp = polled != nullptr ? polled->answered : std::nullopt;
    const milliseconds length = edges[i + 1] - edges[i];
    if (by_icmp) result.icmp.asked += length;
    if (by_icmp.value_or(false)) result.icmp.answered += length;
    if (by_snmp) result.snmp.asked += length;
    if (by_snmp.value_or(false)) result.snmp.answered += length;
    // A ping does not stand for an agent that was asked and of whose answer nobody knows.
    const bool cut = polled != nullptr && !by_snmp;
    const Reachability state = cut ? Reachability::unknown : reachability(by_icmp, by_snmp);
    result.time[static_cast<std::size_t>(state)] += length;
    if (state != result.state) {
      result.state = state;
      result.since = edges[i];
    }
    if (state == Reachability::unknown) continue;
    if (known && *known != state) ++result.changes;
    known = state;
  }
  return result;
}

namespace {

std::vector<Stretch> stretches_of(const std::vector<Observation>& observations, WallTime since, WallTime until) {
  std::vector<Stretch> stretches;
  for (std::size_t i = 0; i < observations.size(); ++i) {
    const Observation& one = observations[i];
    const auto interval = std::chrono::ceil<milliseconds>(one.interval);
    WallTime end = one.at + intervals_of_the_last * interval;
    if (i + 1 < observations.size()) {
      const WallTime next = observations[i + 1].at;
      end = next - one.at <= intervals_between * interval ? next : one.at + interval;
    }
    const WallTime begin = std::max(one.at, since);
    end = std::min(end, until);
    if (begin < end) stretches.push_back({begin, end, one.answered});
  }
  return stretches;
}

void align(std::vector<Observation>& rounds, const std::vector<Observation>& cycles) {
  std::unordered_map<std::int64_t, WallTime> begins;
  for (const Observation& cycle : cycles) {
    if (cycle.slot) begins.try_emplace(*cycle.slot, cycle.at);
  }
  for (Observation& round : rounds) {
    if (!round.slot) continue;
    const auto cycle = begins.find(*round.slot);
    // A slot is a turn at one interval: after the interval was changed its number may come again.
    if (cycle == begins.end() || std::chrono::abs(cycle->second - round.at) >= round.interval) continue;
    round.at = cycle->second;
  }
  std::stable_sort(rounds.begin(), rounds.end(),
                   [](const Observation& a, const Observation& b) { return a.at < b.at; });
}

}  // namespace
}  // namespace octopoll::latency
