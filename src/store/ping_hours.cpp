#include "ping_hours.hpp"

#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "octopoll/latency/histogram.hpp"
#include "octopoll/latency/round_trips.hpp"
#include "round_trips_text.hpp"
#include "spread.hpp"
#include "unix_time.hpp"

namespace octopoll::store {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// Of each target the hours with rounds since the last one that was summed up, of a day at most. By seeks, from the
/// first round of one hour to the first of the next.
constexpr std::string_view unsummed_sql =
    "WITH RECURSIVE"
    " since(id, at) AS (SELECT id, max("
    "  ifnull((SELECT max(begins_at) + 3600000 FROM ping_hours WHERE target_id = t.id), 0),"
    "  ifnull((SELECT max(started_at) - 86400000 FROM ping_rounds WHERE target_id = t.id), 0)) FROM ping_targets t),"
    " hours(id, hour) AS ("
    "  SELECT id, (SELECT min(started_at) FROM ping_rounds WHERE target_id = s.id AND started_at >= s.at)"
    "   / 3600000 * 3600000 FROM since s"
    "  UNION ALL"
    "  SELECT id, (SELECT min(started_at) FROM ping_rounds WHERE target_id = h.id AND started_at >= h.hour + 3600000)"
    "   / 3600000 * 3600000 FROM hours h WHERE hour IS NOT NULL)"
    " SELECT id, hour FROM hours WHERE hour IS NOT NULL";
constexpr std::string_view rounds_of_hour_sql =
    "SELECT sent, received, duplicates, late, errors, rtts_us FROM ping_rounds"
    " WHERE target_id = ? AND started_at >= ? AND started_at < ? ORDER BY started_at, round";
// Where some of its rounds are gone meanwhile, what is there says more than they do.
constexpr std::string_view put_hour_sql =
    "INSERT INTO ping_hours (target_id, begins_at, rounds, sent, received, duplicates, late, errors, rtt_min_us,"
    " rtt_mean_us, rtt_max_us, delay_variation_us, distribution) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (target_id, begins_at) DO UPDATE SET rounds = excluded.rounds, sent = excluded.sent,"
    " received = excluded.received, duplicates = excluded.duplicates, late = excluded.late, errors = excluded.errors,"
    " rtt_min_us = excluded.rtt_min_us, rtt_mean_us = excluded.rtt_mean_us, rtt_max_us = excluded.rtt_max_us,"
    " delay_variation_us = excluded.delay_variation_us, distribution = excluded.distribution"
    " WHERE excluded.rounds >= rounds";

/// Sums that one round pays for: with a backlog of all targets' it is gone after as many rounds as half of them make.
constexpr int sums_a_round = 2;

double microseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::micro>(time).count(); }

constexpr milliseconds longest_delay = std::chrono::minutes(30);

}  // namespace

Result<PingHours> PingHours::create(Database& database) {
  auto unsummed = database.prepare(unsummed_sql);
  if (!unsummed) return tl::make_unexpected(unsummed.error());
  auto rounds = database.prepare(rounds_of_hour_sql);
  if (!rounds) return tl::make_unexpected(rounds.error());
  auto put = database.prepare(put_hour_sql);
  if (!put) return tl::make_unexpected(put.error());
  return PingHours(std::move(*unsummed), std::move(*rounds), std::move(*put));
}

void PingHours::forget() {
  looked_ = false;
  due_.clear();
  latest_.clear();
}

Result<> PingHours::note(std::int64_t target_id, WallTime started_at) {
  if (!looked_) {
    if (auto looked = look_for_unsummed(); !looked) return looked;
  }
  const WallTime hour = std::chrono::floor<hours>(started_at);
  const auto [latest, is_new] = latest_.try_emplace(target_id, hour);
  if (is_new || std::exchange(latest->second, hour) != hour) {
    due_.emplace(hour + hours(1) + spread(target_id, longest_delay), target_id, hour);
  }
  for (int i = 0; i < sums_a_round && !due_.empty() && std::get<0>(*due_.begin()) <= started_at; ++i) {
    const auto [when, target, begins_at] = due_.extract(due_.begin()).value();
    // Should another round of this hour come, it is due again.
    if (const auto known = latest_.find(target); known != latest_.end() && known->second == begins_at) {
      latest_.erase(known);
    }
    if (auto stored = sum_up(target, begins_at); !stored) return stored;
  }
  return {};
}

Result<> PingHours::look_for_unsummed() {
  for (auto row = unsummed_.first();; row = unsummed_.next()) {
    if (!row || !*row) {
      unsummed_.reset();
      looked_ = row.has_value();
      return row ? Result<>() : tl::make_unexpected(row.error());
    }
    const std::int64_t target_id = unsummed_.integer(0);
    const WallTime hour{milliseconds(unsummed_.integer(1))};
    due_.emplace(hour + hours(1) + spread(target_id, longest_delay), target_id, hour);
  }
}

Result<> PingHours::sum_up(std::int64_t target_id, WallTime begins_at) {
  std::uint64_t rounds = 0, sent = 0, received = 0, duplicates = 0, late = 0, errors = 0;
  std::vector<std::chrono::nanoseconds> of_round, all;
  latency::Jitter jitter;
  latency::Histogram distribution;
  Statement& read = rounds_;
  for (auto row = read.first(target_id, unix_ms(begins_at), unix_ms(begins_at + std::chrono::hours(1)));;
       row = read.next()) {
    if (!row) {
      read.reset();
      return tl::make_unexpected(row.error());
    }
    if (!*row) break;
    ++rounds;
    sent += read.unsigned_integer(0);
    received += read.unsigned_integer(1);
    duplicates += read.unsigned_integer(2);
    late += read.unsigned_integer(3);
    errors += read.unsigned_integer(4);
    // What another program spoilt there is for the reader of that round to tell; it must not stop the writing.
    if (!read_round_trips(read.text(5), of_round)) continue;
    for (const auto one : of_round) {
      jitter.add(one);
      distribution.add(one);
    }
    jitter.part();
    all.insert(all.end(), of_round.begin(), of_round.end());
  }
  read.reset();
  if (rounds == 0) return {};
  const auto summary = latency::summarize(all);
  const auto part = [&summary](std::chrono::nanoseconds latency::RoundTripSummary::*member) -> std::optional<double> {
    return summary ? std::optional(microseconds((*summary).*member)) : std::nullopt;
  };
  const auto variation = jitter.delay_variation();
  using Summary = latency::RoundTripSummary;
  return put_.run(target_id, unix_ms(begins_at), rounds, sent, received, duplicates, late, errors, part(&Summary::min),
                  part(&Summary::mean), part(&Summary::max),
                  variation ? std::optional(microseconds(*variation)) : std::nullopt, write_histogram(distribution));
}

}  // namespace octopoll::store
