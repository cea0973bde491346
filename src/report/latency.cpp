#include "octopoll/report/latency.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>
#include <utility>

#include "report/parts.hpp"

namespace octopoll::report {
namespace {

using std::chrono::nanoseconds;
using RoundTrips = std::vector<nanoseconds>;

constexpr std::array<std::string_view, 6> order_words{"loss", "p95", "median", "jitter", "voice", "name"};
static_assert(order_words.size() == static_cast<std::size_t>(LatencyOrder::name) + 1);

/// A target's rounds, one after the other, by hours and in all.
class Sums {
 public:
  Sums(TargetLatency& target, bool smoke) : target_(target), smoke_(smoke) {}
  void add(const store::StoredRound& round);
  void finish(std::size_t worst_hours);
  /// Where there was a round of which none could be sent.
  [[nodiscard]] std::optional<UnmeasuredTarget> unmeasured() const;

 private:
  void end_hour();

  TargetLatency& target_;
  bool smoke_;
  LatencyHour hour_;
  RoundTrips of_hour_;
  RoundTrips of_all_;
  std::uint64_t not_measured_ = 0;
  std::string reason_;
};

bool is_worse(const LatencyHour& a, const LatencyHour& b);
Result<> add_summed_up(store::Reader& reader, std::int64_t target_id, const TimeWindow& window,
                       std::vector<SmokeHour>& hours);
void sort(std::vector<TargetLatency>& targets, LatencyOrder order);

}  // namespace

std::optional<double> EchoCounts::loss() const noexcept {
  if (sent == 0) return std::nullopt;
  return static_cast<double>(sent - received) / static_cast<double>(sent);
}

Result<LatencyOrder> latency_order_from(std::string_view word) {
  const auto place = place_of_order(word, order_words);
  if (!place) return tl::make_unexpected(place.error());
  return static_cast<LatencyOrder>(*place);
}

std::string latency_orders() { return list_of(order_words); }

Result<> check(const LatencyQuery& query) {
  if (auto sensible = check_window(query.window); !sensible) return sensible;
  const auto pattern = compile_pattern("--device", query.target_pattern);
  if (!pattern) return tl::make_unexpected(pattern.error());
  return {};
}

Result<LatencyReport> make_latency(store::Reader& reader, const LatencyQuery& query) {
  if (auto sensible = check_window(query.window); !sensible) return tl::make_unexpected(sensible.error());
  const auto pattern = compile_pattern("--device", query.target_pattern);
  if (!pattern) return tl::make_unexpected(pattern.error());
  const auto targets = reader.ping_targets();
  if (!targets) return tl::make_unexpected(targets.error());

  LatencyReport report;
  report.window = query.window;
  for (const store::StoredTarget& stored : *targets) {
    if (!takes(*pattern, stored.name)) continue;
    TargetLatency target;
    target.target = stored.name;
    target.is_device = stored.is_device;
    target.address = stored.address;
    Sums sums(target, query.smoke);
    auto read = reader.for_each_round(stored.id, query.window.since, query.window.until,
                                      [&sums](const store::StoredRound& round) { sums.add(round); });
    if (!read) return tl::make_unexpected(read.error());
    sums.finish(query.worst_hours);
    if (auto unmeasured = sums.unmeasured()) report.unmeasured.push_back(std::move(*unmeasured));
    if (query.smoke) {
      if (auto added = add_summed_up(reader, stored.id, query.window, target.smoke); !added) {
        return tl::make_unexpected(added.error());
      }
    }
    if (target.rounds == 0 && target.smoke.empty()) continue;
    report.targets.push_back(std::move(target));
  }
  sort(report.targets, query.order);
  report.found = report.targets.size();
  if (query.top && *query.top < report.found) {
    report.targets.erase(report.targets.begin() + static_cast<std::ptrdiff_t>(*query.top), report.targets.end());
  }
  return report;
}

namespace {

void Sums::add(const store::StoredRound& round) {
  if (round.not_measured) {
    ++not_measured_;
    reason_ = *round.not_measured;
  }
  if (round.sent == 0) return;
  const WallTime begin = std::chrono::floor<std::chrono::hours>(round.started_at);
  if (begin != hour_.begin) {
    end_hour();
    hour_.begin = begin;
  }
  ++target_.rounds;
  for (EchoCounts* counts : {&target_.echoes, &hour_.echoes}) {
    counts->sent += round.sent;
    counts->received += round.received;
  }
  target_.duplicates += round.duplicates;
  target_.late += round.late;
  target_.errors += round.errors;
  of_hour_.insert(of_hour_.end(), round.round_trips.begin(), round.round_trips.end());
  for (const nanoseconds one : round.round_trips) target_.jitter.add(one);
  target_.jitter.part();
}

void Sums::end_hour() {
  if (hour_.echoes.sent != 0) {
    hour_.round_trips = latency::summarize(of_hour_);
    target_.worst_hours.push_back(hour_);
    if (smoke_) {
      SmokeHour& smoke = target_.smoke.emplace_back(SmokeHour{hour_.begin, hour_.echoes, {}});
      for (const nanoseconds one : of_hour_) smoke.distribution.add(one);
    }
  }
  of_all_.insert(of_all_.end(), of_hour_.begin(), of_hour_.end());
  of_hour_.clear();
  hour_ = {};
}

void Sums::finish(std::size_t worst_hours) {
  end_hour();
  target_.round_trips = latency::summarize(of_all_);
  const auto variation = target_.jitter.delay_variation();
  if (target_.round_trips && variation) {
    target_.voice = latency::voice_score(target_.round_trips->mean, *variation, target_.echoes.loss().value_or(0.0));
  }
  auto& hours = target_.worst_hours;
  const std::size_t kept = std::min(worst_hours, hours.size());
  std::partial_sort(hours.begin(), hours.begin() + static_cast<std::ptrdiff_t>(kept), hours.end(), is_worse);
  hours.resize(kept);
}

std::optional<UnmeasuredTarget> Sums::unmeasured() const {
  if (not_measured_ == 0) return std::nullopt;
  return UnmeasuredTarget{target_.target, target_.is_device, not_measured_, target_.rounds, reason_};
}

/// Hours that lie whole in the window and of which no round is left.
Result<> add_summed_up(store::Reader& reader, std::int64_t target_id, const TimeWindow& window,
                       std::vector<SmokeHour>& hours) {
  const std::size_t with_rounds = hours.size();
  auto read = reader.for_each_hour(target_id, window.since, window.until, [&](const store::StoredHour& hour) {
    if (hour.sent == 0 || hour.begin + std::chrono::hours(1) > window.until) return;
    const auto end = hours.begin() + static_cast<std::ptrdiff_t>(with_rounds);
    const bool known = std::any_of(hours.begin(), end, [&](const SmokeHour& one) { return one.begin == hour.begin; });
    if (!known) hours.push_back({hour.begin, {hour.sent, hour.received}, hour.distribution});
  });
  std::sort(hours.begin(), hours.end(), [](const SmokeHour& a, const SmokeHour& b) { return a.begin < b.begin; });
  return read;
}

nanoseconds p95_of(const std::optional<latency::RoundTripSummary>& round_trips) {
  return round_trips ? round_trips->p95 : nanoseconds{};
}

// Of hours that are alike in all that is compared, the latest tells most.
bool is_worse(const LatencyHour& a, const LatencyHour& b) {
  const auto key = [](const LatencyHour& hour) {
    return std::tuple(hour.echoes.loss().value_or(0.0), p95_of(hour.round_trips), hour.begin);
  };
  return key(a) > key(b);
}

/// The larger, the worse. A target without an answer is the worst by any measure: it has none.
std::pair<double, double> badness(const TargetLatency& target, LatencyOrder order) {
  constexpr double silent = 1e300;
  const auto number = [](nanoseconds time) { return static_cast<double>(time.count()); };
  const double loss = target.echoes.loss().value_or(0.0);
  const double p95 = target.round_trips ? number(target.round_trips->p95) : silent;
  switch (order) {
    case LatencyOrder::loss:
      return {loss, p95};
    case LatencyOrder::p95:
      return {p95, loss};
    case LatencyOrder::median:
      return {target.round_trips ? number(target.round_trips->median) : silent, loss};
    case LatencyOrder::jitter: {
      const auto variation = target.jitter.delay_variation();
      return {variation ? number(*variation) : target.round_trips ? -1.0 : silent, loss};
    }
    case LatencyOrder::voice:
      return {target.voice ? -target.voice->r : target.round_trips ? -silent : silent, loss};
    case LatencyOrder::name:
      return {0.0, 0.0};
  }
  return {0.0, 0.0};
}

void sort(std::vector<TargetLatency>& targets, LatencyOrder order) {
  std::sort(targets.begin(), targets.end(), [order](const TargetLatency& a, const TargetLatency& b) {
    const auto bad_a = badness(a, order);
    const auto bad_b = badness(b, order);
    return bad_a != bad_b ? bad_a > bad_b : a.target < b.target;
  });
}

}  // namespace
}  // namespace octopoll::report
