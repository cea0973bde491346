#include "retention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>

#include "cycle_rows.hpp"
#include "statements.hpp"
#include "traffic_rows.hpp"
#include "unix_time.hpp"

namespace octopoll::store {
namespace {

using std::chrono::hours;

constexpr hours leap{24};     // of the clock, that is not believed at once
constexpr hours patience{1};  // after which it is

/// Of an hour's histogram, whatever else is kept: its day has been made of it by then, and made again of what came
/// late. The days that follow take it before; the last ones of a device that ended have none that follow.
constexpr std::chrono::days rates_of_hours{4};

/// Of traffic_levels.
std::array<std::optional<std::chrono::seconds>, traffic_levels.size()> keeps_of(const Retention& retention) {
  return {retention.five_minutes, retention.hours, retention.days};
}

}  // namespace

Result<Pruner> Pruner::create(Database& database, const Retention& retention) {
  std::vector<Sums> sums;
  const std::array keeps = keeps_of(retention);
  for (std::size_t level = 0; level < traffic_levels.size(); ++level) {
    const TrafficLevel& of = traffic_levels[level];
    auto first = database.prepare(fmt::format("SELECT min(id) FROM {}", of.table));
    if (!first) return tl::make_unexpected(first.error());
    auto take =
        database.prepare(fmt::format("DELETE FROM {0} WHERE id < ?1 AND"
                                     " id < ifnull((SELECT id FROM {0} ORDER BY id LIMIT 1 OFFSET ?2), ?1)",
                                     of.table));
    if (!take) return tl::make_unexpected(take.error());
    auto forget_times = database.prepare(
        "DELETE FROM traffic_times WHERE step_s = ?1 AND begins_at < min(?2, ifnull((SELECT min(begins_at)"
        " FROM sealed_rows WHERE level = ?1), ?2))");
    if (!forget_times) return tl::make_unexpected(forget_times.error());
    sums.push_back({keeps[level], of.length.count(), std::move(*first), std::move(*take), std::move(*forget_times)});
  }
  constexpr std::array<std::string_view, 20> sql = {
      "SELECT (SELECT count(*) FROM rollup_backlog) + (SELECT count(*) FROM rollups_put_off)",
      "SELECT poll_id FROM kept_from WHERE what = 'samples'",
      "SELECT poll_id FROM device_latest WHERE poll_id IS NOT NULL UNION SELECT poll_id FROM older_readings",
      "SELECT id, started_at, device_id FROM polls WHERE id > ? ORDER BY id LIMIT 1",
      "DELETE FROM sample_rows WHERE id BETWEEN ? AND ?",
      "DELETE FROM sample_exceptions WHERE id BETWEEN ? AND ?",
      "INSERT INTO kept_from (what, begins_at, poll_id) VALUES ('samples', ?1, ?2)"
      " ON CONFLICT (what) DO UPDATE SET begins_at = max(begins_at, ?1), poll_id = ?2",
      "SELECT id FROM polls WHERE device_id = ? ORDER BY poll_number DESC LIMIT 1",
      "DELETE FROM polls WHERE id = ?",
      "SELECT id, started_at, 0 FROM ping_rounds WHERE id > ? ORDER BY id LIMIT 1",
      "DELETE FROM ping_rounds WHERE id = ?",
      "SELECT min(id) FROM ping_targets WHERE id > ?",
      "DELETE FROM ping_hours WHERE target_id = ? AND begins_at < ?",
      // Or the end of a block; of those that are not old none says that others are.
      "SELECT id FROM (SELECT * FROM (SELECT id, started_at FROM polls WHERE id > ?1 AND started_at <= ?2"
      " ORDER BY id LIMIT 1) UNION ALL SELECT * FROM (SELECT last_id, last_at FROM sealed_polls"
      " WHERE begins_at < ?3 AND last_at < ?3 AND last_id > ?1 ORDER BY last_id LIMIT 1) ORDER BY 1 LIMIT 1)"
      " WHERE started_at < ?3",
      "SELECT id FROM (SELECT id, started_at FROM ping_rounds WHERE id > ?1 AND started_at <= ?2 ORDER BY id LIMIT 1)"
      " WHERE started_at < ?3",
      "SELECT EXISTS (SELECT 1 FROM rollups_due WHERE begins_at < ?)",
      "DELETE FROM rate_histograms WHERE rowid IN"
      " (SELECT rowid FROM rate_histograms WHERE step_s IN (3600, 86400) AND begins_at < ? LIMIT ?)",
      "DELETE FROM rate_histograms WHERE rowid IN"
      " (SELECT rowid FROM rate_histograms WHERE step_s = 3600 AND begins_at < ? LIMIT ?)",
      "DELETE FROM interface_moves WHERE id IN (SELECT id FROM interface_moves WHERE moved_at < ? LIMIT ?)",
      "SELECT min(first_id) FROM sealed_polls WHERE device_id = ? AND last_at >= ?",
  };
  auto statements = prepare_all<Statements>(database, sql);
  if (!statements) return tl::make_unexpected(statements.error());
  auto newest = database.prepare("SELECT started_at FROM polls ORDER BY id DESC LIMIT 1");
  if (!newest) return tl::make_unexpected(newest.error());
  const auto newest_ms = one(*newest);
  if (!newest_ms) return tl::make_unexpected(newest_ms.error());
  std::optional<WallTime> believed;
  if (*newest_ms) believed = WallTime(std::chrono::milliseconds(**newest_ms));
  return Pruner(retention, std::move(sums), std::move(*statements), believed);
}

void Pruner::keep(const Retention& retention) noexcept {
  retention_ = retention;
  const std::array keeps = keeps_of(retention);
  for (std::size_t level = 0; level < sums_.size(); ++level) sums_[level].keep = keeps[level];
}

bool Pruner::believes(WallTime now, BootTime boot_now) {
  const bool leaps = believed_ && now - *believed_ > leap;
  if (leaps) {
    if (!doubted_since_) doubted_since_ = boot_now;
    if (boot_now - *doubted_since_ < patience) return false;
  }
  doubted_since_.reset();
  believed_ = now;
  return true;
}

Result<std::int64_t> Pruner::take(WallTime now, std::int64_t rows) {
  if (auto begun = begin(); !begun) return tl::make_unexpected(begun.error());
  if (auto kept = read_kept(now); !kept) return tl::make_unexpected(kept.error());
  sane_until_ms_ = unix_ms(now + leap);
  const auto backlog = one(statements_.backlog);
  if (!backlog) return tl::make_unexpected(backlog.error());
  all_summed_ = *backlog == 0;
  std::int64_t taken = 0;
  const auto before = [now](std::chrono::seconds keep) { return unix_ms(now - std::max(keep, least_kept)); };
  const auto count = [&taken](const Result<std::int64_t>& more) {
    if (more) taken += *more;
    return more.has_value();
  };
  if (auto done = statements_.take_hour_rates.run(unix_ms(now - rates_of_hours), rows); !done)
    return tl::make_unexpected(done.error());
  // They are none of the rows that anybody counts; but where there are more of them, this was all for now.
  if (statements_.take_hour_rates.changes() == rows) return rows;
  Result<std::int64_t> last = 0;
  if (retention_.samples && !count(last = take_samples(before(*retention_.samples), rows))) return last;
  if (retention_.five_minutes) {
    if (!count(last = take_polls(before(*retention_.five_minutes), rows))) return last;
    if (!count(last = take_rounds(before(*retention_.five_minutes), rows))) return last;
    // All of them before the first of the rates that they count goes.
    if (auto done = statements_.take_rates.run(before(*retention_.five_minutes), rows); !done)
      return tl::make_unexpected(done.error());
    if (const std::int64_t gone = statements_.take_rates.changes(); gone > 0) return taken + gone;
  }
  for (Sums& sums : sums_) {
    if (sums.keep && !count(last = take_sums(sums, before(*sums.keep), rows))) return last;
  }
  if (retention_.days) {
    if (auto done = statements_.take_moves.run(before(*retention_.days), rows); !done)
      return tl::make_unexpected(done.error());
    taken += statements_.take_moves.changes();
  }
  if (retention_.hours && !count(last = take_ping_hours(before(*retention_.hours)))) return last;
  return taken;
}

Result<> Pruner::begin() {
  if (std::exchange(begun_, true)) return {};
  polls_until_ = rounds_until_ = hours_until_ = 0;
  kept_read_at_.reset();
  const auto until = one(statements_.taken_until);
  if (!until) return tl::make_unexpected(until.error());
  samples_until_ = until->value_or(0);
  return {};
}

// A reading speaks for the present from the moment it came, and what is taken is older than a day: so what is read here
// once an hour has all of them.
Result<> Pruner::read_kept(WallTime now) {
  if (kept_read_at_ && std::chrono::abs(now - *kept_read_at_) < hours(1)) return {};
  kept_read_at_ = now;
  std::unordered_set<std::int64_t> kept;
  Statement& read = statements_.kept_polls;
  auto done = each_row(read, [&]() -> Result<> {
    kept.insert(read.integer(0));
    return {};
  });
  if (!done) return done;
  kept_polls_.swap(kept);
  for (const std::int64_t id : kept) {
    if (id > samples_until_ || kept_polls_.contains(id)) continue;
    if (auto taken = take_samples_of(id); !taken) return tl::make_unexpected(taken.error());
  }
  return {};
}

Result<std::int64_t> Pruner::take_samples_of(std::int64_t poll_id) {
  const std::int64_t first = sample_id(poll_id, 0);
  const std::int64_t last = sample_id(poll_id, most_interfaces - 1);
  if (auto done = statements_.take_samples.run(first, last); !done) return tl::make_unexpected(done.error());
  const std::int64_t taken = statements_.take_samples.changes();
  if (taken == 0) return 0;
  if (auto done = statements_.take_exceptions.run(first, last); !done) return tl::make_unexpected(done.error());
  return taken;
}

// Rows go in the order of their coming. A label later than any record has been is that of a wrong clock: such a row
// goes when the next one with a sane label does, sealed or not, up to which `sane_until` then says that all go.
Result<Pruner::Labelled> Pruner::next_old(Statement& next, Statement& sane, std::int64_t after, std::int64_t before_ms,
                                          std::int64_t& sane_until) const {
  const auto found = next.first(after);
  const Labelled row =
      found && *found ? Labelled{next.integer(0), next.integer(1), next.integer(2)} : Labelled{0, before_ms, 0};
  next.reset();
  if (!found) return tl::make_unexpected(found.error());
  if (row.started_ms < before_ms || row.id <= sane_until) return row;
  if (row.started_ms <= sane_until_ms_) return Labelled{};
  const auto old = one(sane, row.id, sane_until_ms_, before_ms);
  if (!old) return tl::make_unexpected(old.error());
  if (!*old) return Labelled{};
  sane_until = **old;
  return row;
}

Result<std::int64_t> Pruner::take_samples(std::int64_t before_ms, std::int64_t rows) {
  if (!all_summed_) return 0;  // they are in no sum yet
  std::int64_t taken = 0;
  std::int64_t sane_until = 0;
  bool moved = false;
  std::int64_t last_ms = 0;
  for (std::int64_t looked_at = 0; taken < rows && looked_at < rows; ++looked_at) {
    const auto row = next_old(statements_.next_poll, statements_.sane_poll, samples_until_, before_ms, sane_until);
    if (!row) return tl::make_unexpected(row.error());
    if (row->id == 0) break;
    samples_until_ = row->id;
    moved = true;
    if (row->started_ms < before_ms) last_ms = std::max(last_ms, row->started_ms);
    if (kept_polls_.contains(row->id)) continue;
    const auto of_poll = take_samples_of(row->id);
    if (!of_poll) return of_poll;
    taken += *of_poll;
  }
  if (!moved) return 0;
  if (auto noted = statements_.note.run(last_ms + 1, samples_until_); !noted) return tl::make_unexpected(noted.error());
  return taken;
}

Result<std::int64_t> Pruner::take_polls(std::int64_t before_ms, std::int64_t rows) {
  std::int64_t taken = 0;
  std::int64_t sane_until = 0;
  for (std::int64_t looked_at = 0; looked_at < rows; ++looked_at) {
    const auto row = next_old(statements_.next_poll, statements_.sane_poll, polls_until_, before_ms, sane_until);
    if (!row) return tl::make_unexpected(row.error());
    // Its samples go first, so that each row of sample_rows has its poll.
    if (row->id == 0 || row->id > samples_until_) break;
    // Nor does it go before sealed ones that came before it.
    const auto kept_from = one(statements_.sealed_from, row->device_id, before_ms);
    if (!kept_from) return tl::make_unexpected(kept_from.error());
    if (*kept_from && **kept_from < row->id) break;
    polls_until_ = row->id;
    if (kept_polls_.contains(row->id)) continue;
    const auto newest = one(statements_.is_newest, row->device_id);
    if (!newest) return tl::make_unexpected(newest.error());
    if (*newest == row->id) continue;
    // Those of a reading that was the newest when the others went.
    if (auto left = take_samples_of(row->id); !left) return left;
    if (auto done = statements_.take_poll.run(row->id); !done) return tl::make_unexpected(done.error());
    ++taken;
  }
  return taken;
}

Result<std::int64_t> Pruner::take_rounds(std::int64_t before_ms, std::int64_t rows) {
  std::int64_t taken = 0;
  std::int64_t sane_until = 0;
  for (; taken < rows; ++taken) {
    const auto row = next_old(statements_.old_round, statements_.sane_round, rounds_until_, before_ms, sane_until);
    if (!row) return tl::make_unexpected(row.error());
    if (row->id == 0) break;
    rounds_until_ = row->id;
    if (auto done = statements_.take_round.run(row->id); !done) return tl::make_unexpected(done.error());
  }
  return taken;
}

Result<std::int64_t> Pruner::take_sums(Sums& sums, std::int64_t before_ms, std::int64_t rows) {
  const std::int64_t number = before_ms / 1000 / sums.step_s;
  const auto first = one(sums.first);
  if (!first) return tl::make_unexpected(first.error());
  if (!*first || **first >= sample_id(number, 0)) {
    auto forgotten = sums.forget_times.run(sums.step_s, number * sums.step_s * 1000);
    if (!forgotten) return tl::make_unexpected(forgotten.error());
    return 0;
  }
  // What is still to be summed up is in no longer time yet.
  const auto due = one(statements_.due_before, before_ms / 1000);
  if (!due) return tl::make_unexpected(due.error());
  if (!all_summed_ || *due != 0) return 0;
  if (auto done = sums.take.run(sample_id(number, 0), rows); !done) return tl::make_unexpected(done.error());
  return sums.take.changes();
}

// A target a time, for its hours alone are a range of the key.
Result<std::int64_t> Pruner::take_ping_hours(std::int64_t before_ms) {
  const auto target = one(statements_.next_target, hours_until_);
  if (!target) return tl::make_unexpected(target.error());
  hours_until_ = target->value_or(0);
  if (!*target) return 0;
  if (auto done = statements_.take_hours.run(**target, before_ms); !done) return tl::make_unexpected(done.error());
  return statements_.take_hours.changes();
}

}  // namespace octopoll::store
