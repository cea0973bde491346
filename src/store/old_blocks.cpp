#include "old_blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "octopoll/core/log.hpp"
#include "unix_time.hpp"

namespace octopoll::store {
namespace {

/// Polls go in the order of their coming: of a clock that was behind not before those around them, be they sealed or
/// plain. What the device's newest poll is before has the label of a clock that was ahead.
constexpr std::string_view none_before_is_kept =
    " AND NOT EXISTS (SELECT 1 FROM sealed_polls o WHERE o.device_id = b.device_id AND o.begins_at > ?4"
    " AND o.first_id < b.last_id) AND NOT EXISTS (SELECT 1 FROM polls p WHERE p.device_id = b.device_id"
    " AND p.started_at >= ?4 + {} AND p.started_at <= (SELECT started_at FROM polls WHERE device_id = b.device_id"
    " ORDER BY poll_number DESC LIMIT 1) AND p.id < b.last_id)";

}  // namespace

Result<OldBlocks> OldBlocks::create(Database& database) {
  std::vector<Table> tables;
  for (const BlockTable& of : block_tables) {
    const std::string in_order =
        of.name == blocks_of_polls.name ? fmt::format(none_before_is_kept, sealed_polls.span_ms) : std::string();
    auto next = database.prepare(
        fmt::format("SELECT begins_at, {1} FROM {0} b WHERE {2} = ?1 AND begins_at >= ?2 AND begins_at <= ?4"
                    " AND (begins_at, {1}) > (?2, ?3){3} ORDER BY begins_at, {1} LIMIT 1",
                    of.name, of.owner, of.level, in_order));
    if (!next) return tl::make_unexpected(next.error());
    auto take = database.prepare(take_block_sql(of));
    if (!take) return tl::make_unexpected(take.error());
    auto reader = BlockReader::create_for_writer(database, of);
    if (!reader) return tl::make_unexpected(reader.error());
    tables.push_back({std::move(*next), std::move(*take), std::move(*reader)});
  }
  return OldBlocks(std::move(tables));
}

Result<std::int64_t> OldBlocks::take(WallTime now, const Retention& retention, std::int64_t blocks,
                                     PassedBlocks& passed) {
  const std::array keeps = {retention.samples, retention.five_minutes, retention.hours, retention.five_minutes};
  static_assert(keeps.size() == sealed_levels.size() + 1);
  if (const std::int64_t day = unix_ms(now) / day_ms; day != passed.day) passed = {day, {}};
  std::int64_t taken = 0;
  for (std::size_t place = 0; place < keeps.size(); ++place) {
    if (!keeps[place]) continue;
    const bool polls = place == sealed_levels.size();
    const std::int64_t before_ms = unix_ms(now - std::max(*keeps[place], least_kept));
    const auto more = take_of(polls ? tables_.back() : tables_.front(), polls ? sealed_polls : sealed_levels[place],
                              before_ms, blocks, passed.of[place]);
    if (!more) return more;
    taken += *more;
  }
  return taken;
}

// One by one, for each is read before it is taken. Where taking it meets a damaged page all the same, that of a
// neighbour, the block has been passed when this is tried again.
Result<std::int64_t> OldBlocks::take_of(Table& table, const SealedLevel& level, std::int64_t before_ms,
                                        std::int64_t blocks, PassedBlock& passed) {
  std::int64_t taken = 0;
  for (; blocks > 0; --blocks) {
    Statement& next = table.next;
    const auto found = next.first(level.level, passed.begins_at, passed.owner_id, before_ms - level.span_ms);
    const PassedBlock block = found && *found ? PassedBlock{next.integer(0), next.integer(1)} : PassedBlock{};
    next.reset();
    if (!found) return tl::make_unexpected(found.error());
    if (!*found) break;
    const auto rows = table.reader.row_count(level, block.begins_at, block.owner_id);
    if (!rows) return tl::make_unexpected(rows.error());
    const PassedBlock before = std::exchange(passed, block);
    if (!*rows) {
      log::error("the block of {} is old and stays, for its pages are damaged ({})",
                 table.reader.name_of(level, block.begins_at, block.owner_id), rows->error());
      continue;
    }
    if (auto done = table.take.run(level.level, block.begins_at, block.owner_id); !done)
      return tl::make_unexpected(done.error());
    passed = before;
    taken += (**rows).value_or(0);
  }
  return taken;
}

}  // namespace octopoll::store
