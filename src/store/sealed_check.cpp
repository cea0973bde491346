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

}  // namespace

Result<bool> check_blocks(Database& database,
                          const std::function<void(const SealedIdentity& which, std::string fault)>& met,
                          const std::function<bool()>& goes_on) {
  const auto has_blocks = database.integer("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'sealed_rows')");
  if (!has_blocks) return tl::make_unexpected(has_blocks.error());
  if (*has_blocks == 0) return true;
  auto row = database.prepare(
      "SELECT level, begins_at, interface_id, row_count, exception_count FROM sealed_rows"
      " ORDER BY level, begins_at, interface_id");
  if (!row) return tl::make_unexpected(row.error());
  auto blocks = BlockReader::create(database);
  if (!blocks) return tl::make_unexpected(blocks.error());
  for (std::int64_t count = 1;; ++count) {
    const auto any = row->next();
    if (!any) return tl::make_unexpected(any.error());
    if (!*any) return true;
    const SealedIdentity which{row->integer(0), row->integer(2), row->integer(1)};
    const SealedLevel& level = sealed_level(which.level);
    try {
      auto fault = level.level == which.level ? fault_of(*row, level, *blocks)
                                              : Result<std::string>(fmt::format("its level is {}", which.level));
      if (!fault) return tl::make_unexpected(fault.error());
      if (!fault->empty()) met(which, std::move(*fault));
    } catch (const std::bad_alloc&) {
      return out_of_memory(level, which.interface_id, which.begins_at);
    }
    if (count % blocks_between_questions == 0 && !goes_on()) return false;
  }
}

}  // namespace octopoll::store
