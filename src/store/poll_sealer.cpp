#include "poll_sealer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "plain_rows.hpp"
#include "poll_blocks.hpp"
#include "statements.hpp"
#include "unix_time.hpp"

namespace octopoll::store {
namespace {

constexpr std::int64_t rows_at_once = 20'000;  // of a device that is asked more often, in several steps
constexpr std::int64_t cost_of_a_step = 100;   // in rows
constexpr std::int64_t patience_ms = 8 * day_ms;
constexpr std::size_t most_rows = 200'000;  // of a block: each step that adds to it packs all of it again

/// Of a device (?1), started from ?2 on and before ?3: what was said in the header, and no more than ?4.
constexpr std::string_view rows_sql =
    "SELECT {} FROM polls p WHERE device_id = ?1 AND started_at >= ?2 AND started_at < ?3"
    " AND id < (SELECT id FROM polls WHERE device_id = ?1 ORDER BY poll_number DESC LIMIT 1)"
    " AND id <= (SELECT poll_id FROM kept_from WHERE what = 'samples')"
    " AND id NOT IN (SELECT poll_id FROM device_latest WHERE device_id = ?1 AND poll_id IS NOT NULL UNION ALL"
    " SELECT o.poll_id FROM interfaces i JOIN older_readings o ON o.interface_id = i.id WHERE i.device_id = ?1)"
    " AND NOT EXISTS (SELECT 1 FROM sample_rows WHERE sample_rows.id BETWEEN p.id << 24 AND p.id << 24 | 16777215)"
    " AND poll_number < ifnull((SELECT from_poll FROM rollup_state WHERE device_id = ?1), 9223372036854775807)"
    " ORDER BY id LIMIT ?4";

/// Where SQLite gives a time as a real, the block has the whole number that says it.
void append_poll(const Statement& row, SealedTable& table) {
  if (table.columns.empty()) table.columns.resize(sealed_columns::polls.size());
  for (std::size_t place = 0; place < poll_columns; ++place) {
    const int column = static_cast<int>(place);
    const std::size_t real = real_of(place);
    if (real == 0) {
      append_value(row, column, sealed_columns::polls[place].kind, table.columns[place]);
    } else if (const auto exact = exact_ms(row.real(column))) {
      table.columns[place].append(*exact);
      table.columns[real].append_absent();
    } else {
      table.columns[place].append_absent();
      append_value(row, column, SealedColumn::Kind::real, table.columns[real]);
    }
  }
  ++table.rows;
}

struct Bounds {
  std::int64_t first, last;
};
Bounds bounds_of(const SealedTable& table, std::size_t column) {
  const SealedValues& values = table.columns[column];
  Bounds bounds{values.number(0), values.number(0)};
  for (std::size_t row = 1; row < table.rows; ++row) {
    bounds.first = std::min(bounds.first, values.number(row));
    bounds.last = std::max(bounds.last, values.number(row));
  }
  return bounds;
}

}  // namespace

Result<PollSealer> PollSealer::create(Database& database) {
  const std::string rows = fmt::format(rows_sql, names_of(std::span(sealed_columns::polls).first(poll_columns)));
  const std::array<std::string_view, 7> sql = {
      "SELECT min(begins_at) FROM sealed_rows WHERE level = 0",
      "SELECT begins_at FROM sealed_rows WHERE level = 0 AND begins_at >= ?1"
      " AND (begins_at, interface_id) > (?1, ?2) ORDER BY begins_at, interface_id LIMIT 1",
      "SELECT min(id) FROM devices d WHERE id > ?1 AND EXISTS"
      " (SELECT 1 FROM polls WHERE device_id = d.id AND started_at >= ?2 AND started_at < ?3)",
      "SELECT EXISTS (SELECT 1 FROM polls WHERE device_id = ?1 AND started_at >= ?2 AND started_at < ?3"
      " AND id > ifnull((SELECT iif(begins_at < ?4, poll_id, 9223372036854775807) FROM kept_from"
      " WHERE what = 'samples'), 0))",
      rows,
      "DELETE FROM polls WHERE id = ?",
      "INSERT OR REPLACE INTO sealed_polls (begins_at, device_id, row_count, first_at, last_at, first_id, last_id,"
      " first_number, last_number, packed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  };
  auto statements = prepare_all<Statements>(database, sql);
  if (!statements) return tl::make_unexpected(statements.error());
  auto state = SealingState::create(database);
  if (!state) return tl::make_unexpected(state.error());
  auto reader = BlockReader::create_for_writer(database, blocks_of_polls);
  if (!reader) return tl::make_unexpected(reader.error());
  return PollSealer(std::move(*state), std::move(*statements), std::move(*reader));
}

Result<std::int64_t> PollSealer::seal(WallTime now, const Retention& retention, std::int64_t rows,
                                      const PassedBlocks& passed) try {
  if (!retention.samples) return 0;
  const auto before = [now](std::chrono::seconds keep) { return unix_ms(now - std::max(keep, least_kept)); };
  Kept kept{before(*retention.samples), std::nullopt, passed.of[0]};
  if (retention.five_minutes) kept.polls_ms = before(*retention.five_minutes);
  credit_ += rows;
  std::int64_t sealed = 0;
  while (credit_ > 0) {
    const auto more = seal_some(kept);
    if (!more) return tl::make_unexpected(more.error());
    if (!*more) break;
    credit_ -= **more + cost_of_a_step;
    sealed += **more;
  }
  credit_ = std::min<std::int64_t>(credit_, 0);
  return sealed;
} catch (const std::bad_alloc&) {
  return fail(ErrorKind::store, "out of memory where polls are sealed");
}

Result<std::optional<std::int64_t>> PollSealer::seal_some(const Kept& kept) {
  const auto part = due_part(kept);
  if (!part) return tl::make_unexpected(part.error());
  if (!*part) return std::nullopt;
  const std::int64_t end = (**part).begins_at + sealed_polls.step_ms;
  const auto device = one(statements_.next_device, (**part).owner_id, (**part).begins_at, end);
  if (!device) return tl::make_unexpected(device.error());
  if (!*device) {
    if (auto moved = move_on(end); !moved) return tl::make_unexpected(moved.error());
    return 0;
  }
  const auto behind = is_behind(**part, **device);
  if (!behind) return tl::make_unexpected(behind.error());
  if (*behind) return std::nullopt;
  const auto rows = read_rows(**part, **device);
  if (!rows) return tl::make_unexpected(rows.error());
  bool some_are_left = false;
  if (rows->rows != 0) {
    const auto added = add_to_block((**part).begins_at, **device, *rows);
    if (!added) return tl::make_unexpected(added.error());
    some_are_left = *added && rows->rows == static_cast<std::size_t>(rows_at_once);
  }
  if (!some_are_left) {
    if (auto noted = state_.note(sealed_polls.level, {(**part).begins_at, **device}, end); !noted)
      return tl::make_unexpected(noted.error());
  }
  return static_cast<std::int64_t>(rows->rows);
}

// Where all of a part is older than is kept, retention takes its polls: those of a clock that was behind when it has
// come to them.
Result<std::optional<PollSealer::Part>> PollSealer::due_part(const Kept& kept) {
  // Blocks of samples go when all of their span is older than is kept.
  const std::int64_t newest = begin_of(kept.samples_ms - sealed_levels[0].span_ms, sealed_polls.step_ms);
  const std::int64_t first =
      kept.polls_ms ? begin_of(*kept.polls_ms, sealed_polls.step_ms) : std::numeric_limits<std::int64_t>::min();
  if (first >= newest) return std::nullopt;
  const auto found = state_.find(sealed_polls.level);
  if (!found) return found;
  std::optional<Part> part = *found;
  if (!part || part->begins_at < first) {
    const auto oldest = state_.next_poll(first);
    if (!oldest) return tl::make_unexpected(oldest.error());
    if (!*oldest) return std::nullopt;
    part = Part{begin_of(**oldest, sealed_polls.step_ms), 0};
  }
  const auto over = state_.is_over(sealed_polls.level, *part, newest);
  if (!over) return tl::make_unexpected(over.error());
  if (!*over) return std::nullopt;
  const auto summed = state_.is_summed();
  if (!summed) return tl::make_unexpected(summed.error());
  if (!*summed) return std::nullopt;
  const auto gone = samples_have_gone(part->begins_at + sealed_polls.step_ms, newest, kept.passed);
  if (!gone) return tl::make_unexpected(gone.error());
  return *gone ? part : std::nullopt;
}

// Those that retention has only not come to yet are waited for, however long that takes; a block that not even it can
// take, for its pages are damaged, not for ever.
Result<bool> PollSealer::samples_have_gone(std::int64_t until_ms, std::int64_t newest_ms, const PassedBlock& passed) {
  const auto left = one(statements_.oldest_left, passed.begins_at, passed.owner_id);
  if (!left) return tl::make_unexpected(left.error());
  if (*left && **left < until_ms) return false;
  if (until_ms < newest_ms - patience_ms) return true;
  const auto oldest = one(statements_.oldest_samples);
  if (!oldest) return tl::make_unexpected(oldest.error());
  return !*oldest || **oldest >= until_ms;
}

// A part is sealed once, so it waits until retention has come past its polls. It goes by ids: what it has not come to
// when it is far beyond the part's time are polls of a clock that was behind.
Result<bool> PollSealer::is_behind(const Part& part, std::int64_t device_id) {
  const std::int64_t end = part.begins_at + sealed_polls.step_ms;
  const auto behind = one(statements_.is_behind, device_id, part.begins_at, end, end + patience_ms);
  if (!behind) return tl::make_unexpected(behind.error());
  return *behind == 1;
}

Result<SealedTable> PollSealer::read_rows(const Part& part, std::int64_t device_id) {
  SealedTable table;
  Statement& read = statements_.rows;
  auto done = each_row(
      read,
      [&]() -> Result<> {
        append_poll(read, table);
        return {};
      },
      device_id, part.begins_at, part.begins_at + sealed_polls.step_ms, rows_at_once);
  if (!done) return tl::make_unexpected(done.error());
  return table;
}

Result<bool> PollSealer::add_to_block(std::int64_t begins_at, std::int64_t device_id, const SealedTable& rows) {
  auto known = reader_.read_to_join(sealed_polls, begins_at, device_id, rows, most_rows);
  if (!known) return tl::make_unexpected(known.error());
  if (!*known) return false;
  SealedBlock block = std::move(**known);
  merge_rows(block.rows, rows, sealed_polls.columns);
  block.level = sealed_polls.level;
  block.interface_id = device_id;
  block.begins_at = begins_at;
  const auto packed = codec_.pack(block, sealed_polls.columns, sealed_polls.exception_columns);
  const Bounds at = bounds_of(block.rows, poll_place::started_at);
  const Bounds id = bounds_of(block.rows, poll_place::id);
  const Bounds number = bounds_of(block.rows, poll_place::number);
  auto written =
      statements_.put.run(begins_at, device_id, static_cast<std::int64_t>(block.rows.rows), at.first, at.last, id.first,
                          id.last, number.first, number.last, std::span<const std::uint8_t>(packed));
  if (!written) return tl::make_unexpected(written.error());
  for (std::size_t row = 0; row < rows.rows; ++row) {
    if (auto taken = statements_.take.run(rows.columns[poll_place::id].number(row)); !taken)
      return tl::make_unexpected(taken.error());
  }
  return true;
}

Result<> PollSealer::move_on(std::int64_t end) {
  const auto next = state_.next_poll(end);
  if (!next) return tl::make_unexpected(next.error());
  return state_.note(sealed_polls.level, {*next ? begin_of(**next, sealed_polls.step_ms) : end, 0}, end);
}

}  // namespace octopoll::store
