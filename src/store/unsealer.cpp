#include "unsealer.hpp"

#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "octopoll/core/log.hpp"
#include "statements.hpp"

namespace octopoll::store {

Result<Unsealer> Unsealer::create(Database& database) {
  const std::string take_block = take_block_sql(blocks_of_interfaces);
  const std::array<std::string_view, 2> sql = {
      "SELECT sealed_until FROM sealing WHERE level = ?",
      take_block,
  };
  auto statements = prepare_all<Statements>(database, sql);
  if (!statements) return tl::make_unexpected(statements.error());
  auto plain = PlainRows::create(database);
  if (!plain) return tl::make_unexpected(plain.error());
  auto reader = BlockReader::create_for_writer(database);
  if (!reader) return tl::make_unexpected(reader.error());
  auto writer = BlockWriter::create(database);
  if (!writer) return tl::make_unexpected(writer.error());
  return Unsealer(std::move(*statements), std::move(*plain), std::move(*reader), std::move(*writer));
}

Result<> Unsealer::take_out(std::int64_t level, std::int64_t first, std::int64_t last, std::int64_t interface_id) {
  if (auto looked = look_into(); !looked) return looked;
  const SealedLevel& of = sealed_level(level);
  const auto place = static_cast<std::size_t>(&of - sealed_levels.data());
  const std::int64_t begin = first * of.unit_scale;
  if (begin >= sealed_until_ms_[place]) return {};
  for (std::int64_t begins_at = begin_of(begin, of.span_ms); begins_at < (last + 1) * of.unit_scale;
       begins_at += of.span_ms) {
    try {
      if (auto taken = take_out_of(of, begins_at, first, last, interface_id); !taken) return taken;
    } catch (const std::bad_alloc&) {
      return out_of_memory(of, interface_id, begins_at);
    }
  }
  return {};
}

Result<> Unsealer::look_into() {
  if (known_) return {};
  for (std::size_t place = 0; place < sealed_levels.size(); ++place) {
    const auto until = one(statements_.sealed_until, sealed_levels[place].level);
    if (!until) return tl::make_unexpected(until.error());
    sealed_until_ms_[place] = until->value_or(std::numeric_limits<std::int64_t>::min());
  }
  known_ = true;
  return {};
}

Result<> Unsealer::take_out_of(const SealedLevel& level, std::int64_t begins_at, std::int64_t first, std::int64_t last,
                               std::int64_t interface_id) {
  auto found = reader_.read(level, begins_at, interface_id);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) {
    if (!reported_.emplace(level.level, begins_at, interface_id).second) return {};
    log::error("the block of {} is damaged ({}); what came late for it is counted by itself",
               reader_.name_of(level, begins_at, interface_id), found->error());
    return {};
  }
  std::optional<SealedBlock>& block = **found;
  if (!block) return {};
  const auto inserted = plain_.insert(*block, first, last);
  if (!inserted) return tl::make_unexpected(inserted.error());
  if (!*inserted) return {};
  SealedTable left;
  const auto keep = [&](std::size_t from, std::size_t until) {
    for (std::size_t row = from; row < until; ++row) copy_row(block->rows, row, level.columns, left);
  };
  keep(0, place_of(block->rows, first));
  keep(place_of(block->rows, last + 1), block->rows.rows);
  if (left.rows == 0) return statements_.drop_block.run(level.level, begins_at, interface_id);
  block->rows = std::move(left);
  return writer_.write(level, *block);
}

}  // namespace octopoll::store
