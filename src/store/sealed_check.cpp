#include "sealed_check.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

#include "sealed_levels.hpp"
#include "stored_blocks.hpp"

namespace octopoll::store {
namespace {

constexpr std::int64_t blocks_between_questions = 200;

using Met = std::function<void(const SealedIdentity& which, std::string fault)>;

/// What is wrong with the block that the row is of; empty: nothing.
Result<std::string> fault_of(const Statement& row, const SealedLevel& level, BlockReader& blocks) {
  const auto read = blocks.read(level, row.integer(1), row.integer(2));
  if (!read) return tl::make_unexpected(read.error());
  if (!*read) return read->error();
  const std::optional<SealedBlock>& block = **read;
  if (!block || static_cast<std::int64_t>(block->rows.rows) != row.integer(3) ||
      static_cast<std::int64_t>(block->exceptions.rows) != row.integer(4))
    return std::string("it has not as many rows as it should have");
  return std::string();
}

/// Whether the table has blocks of that level.
bool belongs_to(const BlockTable& table, const SealedLevel& level, std::int64_t said) {
  return level.level == said && block_table(said).name == table.name;
}

Result<bool> check_table(Database& database, const BlockTable& table, const Met& met,
                         const std::function<bool()>& goes_on) {
  const auto is_there =
      database.integer(fmt::format("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '{}')", table.name));
  if (!is_there) return tl::make_unexpected(is_there.error());
  if (*is_there == 0) return true;
  auto row = database.prepare(
      fmt::format("SELECT {0}, begins_at, {1}, row_count, {2} FROM {3} ORDER BY {4}begins_at, {1}", table.level,
                  table.owner, table.exceptions, table.name, table.name == blocks_of_interfaces.name ? "level, " : ""));
  if (!row) return tl::make_unexpected(row.error());
  auto blocks = BlockReader::create(database, table);
  if (!blocks) return tl::make_unexpected(blocks.error());
  for (std::int64_t count = 1;; ++count) {
    const auto any = row->next();
    if (!any) return tl::make_unexpected(any.error());
    if (!*any) return true;
    const SealedIdentity which{row->integer(0), row->integer(2), row->integer(1)};
    const SealedLevel& level = sealed_level(which.level);
    try {
      auto fault = belongs_to(table, level, which.level)
                       ? fault_of(*row, level, *blocks)
                       : Result<std::string>(fmt::format("its level is {}", which.level));
      if (!fault) return tl::make_unexpected(fault.error());
      if (!fault->empty()) met(which, std::move(*fault));
    } catch (const std::bad_alloc&) {
      return out_of_memory(level, which.interface_id, which.begins_at);
    }
    if (count % blocks_between_questions == 0 && !goes_on()) return false;
  }
}

}  // namespace

Result<bool> check_blocks(Database& database, const Met& met, const std::function<bool()>& goes_on) {
  for (const BlockTable& table : block_tables) {
    auto checked = check_table(database, table, met, goes_on);
    if (!checked || !*checked) return checked;
  }
  return true;
}

}  // namespace octopoll::store
