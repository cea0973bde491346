#include "sealer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

#include "cycle_rows.hpp"
#include "statements.hpp"
#include "unix_time.hpp"

namespace octopoll::store {
namespace {

constexpr std::int64_t rows_at_once = 20'000;  // in a step, where an interface has not more in its part
constexpr std::int64_t most_interfaces_at_once = 512;
constexpr std::int64_t cost_of_a_step = 100;  // in rows, of one that finds none
constexpr std::int64_t states_with_exceptions = 65536;

constexpr std::int64_t plain_days_ms = 2 * day_ms;  // that stay plain where there is room

/// What two days would take by what the last hour brought: 66 octets a sample, and of sums 79 each 5 minutes and 93 an
/// hour. By the index of polls, not by the samples, which are many.
constexpr std::string_view octets_of_days =
    "SELECT sum(interfaces * 48 * (66 * polls + iif(polls > 0, 12 * 79 + 93, 0))) FROM (SELECT count(*) AS interfaces,"
    " (SELECT count(*) FROM polls WHERE device_id = i.device_id AND started_at > ?1 AND started_at <= ?2) AS polls"
    " FROM interfaces i GROUP BY device_id)";

}  // namespace

Result<Sealer> Sealer::create(Database& database, std::int64_t most_plain) {
  std::vector<Level> levels;
  for (const SealedLevel& of : sealed_levels) {
    auto rows =
        database.prepare(fmt::format("SELECT {} FROM {} WHERE id BETWEEN ? AND ?", names_of(of.columns), of.table));
    if (!rows) return tl::make_unexpected(rows.error());
    auto take = database.prepare(fmt::format("DELETE FROM {} WHERE id BETWEEN ? AND ?", of.table));
    if (!take) return tl::make_unexpected(take.error());
    levels.push_back({of, std::move(*rows), std::move(*take)});
  }
  const std::string exception =
      fmt::format("SELECT {} FROM sample_exceptions WHERE id = ?", names_of(sealed_columns::exceptions));
  const std::array<std::string_view, 12> sql = {
      "SELECT EXISTS (SELECT 1 FROM rollups_due WHERE begins_at < ?)",
      "SELECT max(ifnull((SELECT begins_at FROM kept_from WHERE what = 'samples'), started_at), started_at) FROM polls"
      " WHERE id = (SELECT min(id) >> 24 FROM sample_rows)",
      "SELECT min(begins_at) FROM traffic_times WHERE step_s = ?",
      "SELECT min(begins_at) FROM traffic_times WHERE step_s = ? AND begins_at >= ?",
      "SELECT id, device_id FROM interfaces WHERE id > ? ORDER BY id LIMIT ?",
      "SELECT id FROM polls WHERE device_id = ? AND started_at >= ? AND started_at < ?",
      "SELECT poll_id FROM device_latest WHERE device_id = ?1 AND poll_id IS NOT NULL"
      " UNION SELECT poll_id FROM older_readings WHERE interface_id BETWEEN ?2 AND ?3",
      "SELECT open_bin FROM rollup_state WHERE device_id = ?",
      "SELECT begins_at FROM traffic_times WHERE step_s = ? AND begins_at >= ? AND begins_at < ?",
      exception,
      "DELETE FROM sample_exceptions WHERE id = ?",
      octets_of_days,
  };
  auto statements = prepare_all<Statements>(database, sql);
  if (!statements) return tl::make_unexpected(statements.error());
  auto plain = PlainRows::create(database);
  if (!plain) return tl::make_unexpected(plain.error());
  auto reader = BlockReader::create_for_writer(database);
  if (!reader) return tl::make_unexpected(reader.error());
  auto writer = BlockWriter::create(database);
  if (!writer) return tl::make_unexpected(writer.error());
  auto state = SealingState::create(database);
  if (!state) return tl::make_unexpected(state.error());
  return Sealer(most_plain, std::move(levels), std::move(*state), std::move(*statements), std::move(*plain),
                std::move(*reader), std::move(*writer));
}

Result<std::int64_t> Sealer::seal(WallTime now, std::int64_t rows) {
  credit_ += rows;
  std::int64_t sealed = 0;
  for (Level& level : levels_) {
    while (credit_ > 0) {
      const auto more = try_to_seal_some(level, unix_ms(now));
      if (!more) return tl::make_unexpected(more.error());
      if (!*more) break;
      credit_ -= **more + cost_of_a_step;
      sealed += **more;
    }
  }
  credit_ = std::min<std::int64_t>(credit_, 0);
  return sealed;
}

Result<std::optional<std::int64_t>> Sealer::try_to_seal_some(Level& level, std::int64_t now_ms) try {
  return seal_some(level, now_ms);
} catch (const std::bad_alloc&) {
  return fail(ErrorKind::store, "out of memory where " + std::string(level.of.name) + " are sealed");
}

Result<std::optional<std::int64_t>> Sealer::seal_some(Level& level, std::int64_t now_ms) {
  const auto part = due_part(level.of, now_ms);
  if (!part) return tl::make_unexpected(part.error());
  if (!*part) return std::nullopt;
  auto chunk = next_chunk(level.of, **part);
  if (!chunk) return tl::make_unexpected(chunk.error());
  const auto moved = move_rows(level, **part, *chunk);
  if (!moved) return tl::make_unexpected(moved.error());
  if (auto noted = move_on(level.of, **part, *chunk); !noted) return tl::make_unexpected(noted.error());
  return *moved;
}

// The part that comes next, if it is over for so long that it may be sealed.
Result<std::optional<Sealer::Part>> Sealer::due_part(const SealedLevel& level, std::int64_t now_ms) {
  const auto found = state_.find(level.level);
  if (!found) return found;
  std::optional<Part> part = *found;
  const std::int64_t newest = begin_of(now_ms - level.plain_ms, level.step_ms);  // of those that are not over
  if (!part) {
    const auto oldest = level.level == 0 ? one(statements_.oldest_sample) : one(statements_.oldest_sum, level.level);
    if (!oldest) return tl::make_unexpected(oldest.error());
    if (!*oldest) return std::nullopt;
    part = Part{begin_of(**oldest, level.step_ms), 0};
  }
  const auto over = state_.is_over(level.level, *part, newest);
  if (!over) return tl::make_unexpected(over.error());
  if (!*over) return std::nullopt;
  if (part->begins_at >= begin_of(now_ms - plain_days_ms, level.step_ms)) {
    const auto stays = days_stay_plain(now_ms);
    if (!stays) return tl::make_unexpected(stays.error());
    if (*stays) return std::nullopt;
  }
  const auto summed = is_summed(level, part->begins_at + level.step_ms);
  if (!summed) return tl::make_unexpected(summed.error());
  return *summed ? part : std::nullopt;
}

// Looked up once an hour. A fleet about as large as the bound needs no band around it: where it grew, the parts of two
// days are sealed one after the other as ever; where it shrank, nothing is taken out again, and the next part waits.
Result<bool> Sealer::days_stay_plain(std::int64_t now_ms) {
  if (!measured_at_ms_ || std::abs(now_ms - *measured_at_ms_) >= hour_ms) {
    const auto octets = one(statements_.octets_of_days, now_ms - hour_ms, now_ms);
    if (!octets) return tl::make_unexpected(octets.error());
    days_stay_plain_ = octets->value_or(0) <= most_plain_;
    measured_at_ms_ = now_ms;
  }
  return days_stay_plain_;
}

Result<bool> Sealer::is_summed(const SealedLevel& level, std::int64_t until_ms) {
  const auto summed = state_.is_summed();
  if (!summed || !*summed) return summed;
  if (level.level == 0) return true;  // of each device see keep_newest()
  const auto due = one(statements_.due_before, until_ms / 1000);
  if (!due) return tl::make_unexpected(due.error());
  return *due == 0;
}

Result<Sealer::Chunk> Sealer::next_chunk(const SealedLevel& level, const Part& part) {
  Chunk chunk;
  Statement& next = statements_.interfaces;
  bool other_device = false;
  auto read = each_row(
      next,
      [&]() -> Result<> {
        const std::int64_t device_id = next.integer(1);
        if (chunk.ids.empty()) chunk.device_id = device_id;
        other_device = other_device || (level.level == 0 && device_id != chunk.device_id);
        if (!other_device) chunk.ids.push_back(next.integer(0));
        return {};
      },
      part.owner_id, most_interfaces_at_once);
  if (!read) return tl::make_unexpected(read.error());
  chunk.last = !other_device && static_cast<std::int64_t>(chunk.ids.size()) < most_interfaces_at_once;
  if (chunk.ids.empty()) return chunk;
  if (auto numbers = read_numbers(level, part, chunk); !numbers) return tl::make_unexpected(numbers.error());
  if (numbers_.empty()) return chunk;
  const auto most =
      static_cast<std::size_t>(std::max<std::int64_t>(1, rows_at_once / static_cast<std::int64_t>(numbers_.size())));
  if (chunk.ids.size() > most) {
    chunk.ids.resize(most);
    chunk.last = false;
  }
  if (level.level == 0) {
    if (auto kept = keep_newest(chunk); !kept) return tl::make_unexpected(kept.error());
  }
  return chunk;
}

Result<> Sealer::read_numbers(const SealedLevel& level, const Part& part, const Chunk& chunk) {
  numbers_.clear();
  const std::int64_t until = part.begins_at + level.step_ms;
  const bool samples = level.level == 0;
  if (samples) {
    const auto open_bin = one(statements_.open_bin, chunk.device_id);
    if (!open_bin) return tl::make_unexpected(open_bin.error());
    // What the open bin is made of must be found as rows. The clock went back, or it would be long closed.
    if (*open_bin && **open_bin * sealed_levels[1].unit_scale < until) return {};
  }
  Statement& read = samples ? statements_.polls : statements_.times;
  auto done = each_row(
      read,
      [&]() -> Result<> {
        numbers_.push_back(read.integer(0) / (samples ? 1 : level.unit_scale));
        return {};
      },
      samples ? chunk.device_id : level.level, part.begins_at, until);
  if (!done) return done;
  std::sort(numbers_.begin(), numbers_.end());
  return {};
}

Result<> Sealer::keep_newest(const Chunk& chunk) {
  Statement& kept = statements_.kept_polls;
  return each_row(
      kept,
      [&]() -> Result<> {
        const auto place = std::lower_bound(numbers_.begin(), numbers_.end(), kept.integer(0));
        if (place != numbers_.end() && *place == kept.integer(0)) numbers_.erase(place);
        return {};
      },
      chunk.device_id, chunk.ids.front(), chunk.ids.back());
}

Result<std::int64_t> Sealer::move_rows(Level& level, const Part& part, Chunk& chunk) {
  if (chunk.ids.empty() || numbers_.empty()) return 0;
  const std::int64_t first = chunk.ids.front();
  const std::int64_t last = chunk.ids.back();
  std::vector<SealedBlock> blocks(chunk.ids.size());
  for (std::size_t place = 0; place < blocks.size(); ++place) {
    blocks[place].level = level.of.level;
    blocks[place].interface_id = chunk.ids[place];
    blocks[place].begins_at = begin_of(part.begins_at, level.of.span_ms);
  }
  std::int64_t moved = 0;
  for (const std::int64_t number : numbers_) {
    auto block = blocks.begin();
    const std::int64_t before = moved;
    const auto take_in = [&]() -> Result<> {
      const std::int64_t id = level.rows.integer(0);
      const std::int64_t interface_id = id & (most_interfaces - 1);
      while (block != blocks.end() && block->interface_id < interface_id) ++block;
      // A row of no interface is none that anybody could ask for.
      if (block == blocks.end() || block->interface_id != interface_id) return {};
      ++moved;
      append_row(level.rows, level.of.columns, number, block->rows);
      if (level.of.exception_columns.empty() || level.rows.integer(4) < states_with_exceptions) return {};
      return move_exception(id, number, *block);
    };
    const std::int64_t from = sample_id(number, first);
    const std::int64_t to = sample_id(number, last);
    if (auto read = each_row(level.rows, take_in, from, to); !read) return tl::make_unexpected(read.error());
    if (moved == before) continue;
    if (auto taken = level.take.run(from, to); !taken) return tl::make_unexpected(taken.error());
  }
  for (SealedBlock& block : blocks) {
    if (block.rows.rows == 0) continue;
    if (auto written = write_block(level.of, block); !written) return tl::make_unexpected(written.error());
  }
  return moved;
}

Result<> Sealer::move_exception(std::int64_t id, std::int64_t number, SealedBlock& block) {
  Statement& read = statements_.exception;
  auto done = each_row(
      read,
      [&]() -> Result<> {
        append_row(read, sealed_columns::exceptions, number, block.exceptions);
        return {};
      },
      id);
  if (!done) return done;
  return statements_.take_exceptions.run(id);
}

// A block that is damaged stays as it is, for whoever can mend it; what should have joined it stays plain. So does what
// would make a block that nobody can read: a clock that is set back again and again may bring more than a span has.
Result<> Sealer::write_block(const SealedLevel& level, SealedBlock& block) {
  const auto known = reader_.read_to_join(level, block.begins_at, block.interface_id, block.rows, level.most_rows);
  if (!known) return tl::make_unexpected(known.error());
  if (!*known) {
    const auto put_back =
        plain_.insert(block, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
    if (!put_back) return tl::make_unexpected(put_back.error());
    return {};
  }
  merge_rows(block.rows, (**known).rows, level.columns);
  merge_rows(block.exceptions, (**known).exceptions, level.exception_columns);
  return writer_.write(level, block);
}

Result<> Sealer::move_on(const SealedLevel& level, const Part& part, const Chunk& chunk) {
  const std::int64_t end = part.begins_at + level.step_ms;
  if (!chunk.last && !chunk.ids.empty()) {
    return state_.note(level.level, {part.begins_at, chunk.ids.back()}, end);
  }
  const auto next = level.level == 0 ? state_.next_poll(end) : one(statements_.next_sum, level.level, end);
  if (!next) return tl::make_unexpected(next.error());
  return state_.note(level.level, {*next ? begin_of(**next, level.step_ms) : end, 0}, end);
}

}  // namespace octopoll::store
