// What the store says of pings, and of whether agents answered.

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <string_view>
#include <utility>

#include "octopoll/store/reader.hpp"
#include "reader_impl.hpp"
#include "round_trips_text.hpp"
#include "unix_time.hpp"

namespace octopoll::store {
namespace {

std::chrono::nanoseconds from_milliseconds(double time) { return std::chrono::nanoseconds(std::llround(time * 1e6)); }

Result<std::vector<latency::Observation>> observations(Database& database, std::string_view sql, std::int64_t id,
                                                       WallTime since, WallTime until);

}  // namespace

Result<std::vector<StoredTarget>> Reader::ping_targets() {
  auto statement = impl_->database.prepare(
      "SELECT id, name, is_device, address FROM ping_targets t"
      " WHERE EXISTS (SELECT 1 FROM ping_rounds WHERE target_id = t.id)"
      " OR EXISTS (SELECT 1 FROM ping_hours WHERE target_id = t.id) ORDER BY name");
  if (!statement) return tl::make_unexpected(statement.error());
  std::vector<StoredTarget> targets;
  for (;;) {
    const auto row = statement->next();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return targets;
    targets.push_back(
        {statement->integer(0), std::string(statement->text(1)), statement->integer(2) != 0, statement->maybe_text(3)});
  }
}

Result<> Reader::for_each_round(std::int64_t target_id, WallTime since, WallTime until,
                                const std::function<void(const StoredRound&)>& callback) {
  auto statement = impl_->database.prepare(
      "SELECT started_at, interval_ms, sent, received, duplicates, late, errors, rtts_us,"
      " CASE WHEN sent = 0 AND error_kind IS NOT 'partial' THEN error END"
      " FROM ping_rounds WHERE target_id = ? AND started_at >= ? AND started_at < ? ORDER BY started_at, round");
  if (!statement) return tl::make_unexpected(statement.error());
  StoredRound round;
  for (auto row = statement->first(target_id, unix_ms(since), unix_ms(until));; row = statement->next()) {
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return {};
    round.started_at = wall_time(statement->integer(0));
    round.interval = from_milliseconds(statement->real(1));
    round.sent = statement->unsigned_integer(2);
    round.received = statement->unsigned_integer(3);
    round.duplicates = statement->unsigned_integer(4);
    round.late = statement->unsigned_integer(5);
    round.errors = statement->unsigned_integer(6);
    if (!read_round_trips(statement->text(7), round.round_trips)) {
      return fail(ErrorKind::store,
                  fmt::format("{}: a round of pings has round trips that are no list of numbers",
                              impl_->database.path().string()),
                  "the file was changed by another program, or is damaged");
    }
    round.not_measured = statement->maybe_text(8);
    callback(round);
  }
}

Result<> Reader::for_each_hour(std::int64_t target_id, WallTime since, WallTime until,
                               const std::function<void(const StoredHour&)>& callback) {
  auto statement = impl_->database.prepare(
      "SELECT begins_at, sent, received, distribution FROM ping_hours"
      " WHERE target_id = ? AND begins_at >= ? AND begins_at < ? ORDER BY begins_at");
  if (!statement) return tl::make_unexpected(statement.error());
  for (auto row = statement->first(target_id, unix_ms(since), unix_ms(until));; row = statement->next()) {
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return {};
    auto distribution = read_histogram(statement->text(3));
    if (!distribution) {
      return fail(ErrorKind::store,
                  fmt::format("{}: an hour of pings has a distribution that is none", impl_->database.path().string()),
                  "the file was changed by another program, or is damaged");
    }
    callback({wall_time(statement->integer(0)), statement->unsigned_integer(1), statement->unsigned_integer(2),
              std::move(*distribution)});
  }
}

// v_devices has the same rule for what was not asked. The last poll before the window is looked for in the block that
// it must be in: blocks say themselves from when to when they are.
Result<std::vector<latency::Observation>> Reader::polls_answered(std::int64_t device_id, WallTime since,
                                                                 WallTime until) {
  return observations(impl_->database,
                      "SELECT started_at, interval_ms, slot, outcome <> 'failed',"
                      " outcome = 'failed' AND error_kind IN ('resolve', 'partial', 'permission', 'io', 'internal')"
                      " FROM polls WHERE device_id = ?1 AND started_at < ?3 AND started_at >= ifnull((SELECT max(at)"
                      " FROM (SELECT max(started_at) AS at FROM main.polls WHERE device_id = ?1 AND started_at < ?2"
                      " UNION ALL SELECT max(last_at) FROM sealed_polls WHERE device_id = ?1 AND last_at < ?2"
                      " UNION ALL SELECT max(p.started_at) FROM sealed_polls b CROSS JOIN polls p ON p.device_id = ?1"
                      " AND p.started_at >= b.first_at AND p.started_at < ?2"
                      " WHERE b.device_id = ?1 AND b.first_at < ?2 AND b.last_at >= ?2)), ?2)"
                      " ORDER BY started_at, poll_number",
                      device_id, since, until);
}

Result<std::vector<latency::Observation>> Reader::rounds_answered(std::int64_t target_id, WallTime since,
                                                                  WallTime until) {
  return observations(impl_->database,
                      "SELECT started_at, interval_ms, slot, received > 0, sent = 0"
                      " FROM ping_rounds WHERE target_id = ?1 AND started_at < ?3 AND started_at >="
                      " ifnull((SELECT max(started_at) FROM ping_rounds WHERE target_id = ?1 AND started_at < ?2), ?2)"
                      " ORDER BY started_at, round",
                      target_id, since, until);
}

namespace {

/// Rows of start, interval, slot, "answered", "was not asked".
Result<std::vector<latency::Observation>> observations(Database& database, std::string_view sql, std::int64_t id,
                                                       WallTime since, WallTime until) {
  auto statement = database.prepare(sql);
  if (!statement) return tl::make_unexpected(statement.error());
  std::vector<latency::Observation> all;
  for (auto row = statement->first(id, unix_ms(since), unix_ms(until));; row = statement->next()) {
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return all;
    latency::Observation one{wall_time(statement->integer(0)), from_milliseconds(statement->real(1)), {}, {}};
    if (!statement->is_null(2)) one.slot = statement->integer(2);
    if (statement->integer(4) == 0) one.answered = statement->integer(3) != 0;
    all.push_back(one);
  }
}

}  // namespace
}  // namespace octopoll::store
