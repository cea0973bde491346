#include "sealed_check.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <new>
#include <string_view>

#include "sealed_levels.hpp"

namespace octopoll::store {
namespace {

constexpr std::int64_t blocks_between_questions = 200;

/// What is wrong with the block that the row has; empty: nothing.
std::string fault_of(const Statement& row, const SealedLevel& level, SealedCodec& codec) {
  const auto block = codec.unpack(row.blob(5), level.shape(), {level.level, row.integer(2), row.integer(1)});
  if (!block) return block.error();
  if (static_cast<std::int64_t>(block->rows.rows) != row.integer(3) ||
      static_cast<std::int64_t>(block->exceptions.rows) != row.integer(4))
    return "it has not as many rows as it should have";
  return {};
}

}  // namespace

Result<bool> check_blocks(Database& database, std::vector<std::string>& wrong, const std::function<bool()>& goes_on) {
  auto read = database.prepare(
      "SELECT s.level, s.begins_at, s.interface_id, s.row_count, s.exception_count, s.packed, d.name, i.name"
      " FROM sealed_rows s LEFT JOIN interfaces i ON i.id = s.interface_id LEFT JOIN devices d ON d.id = i.device_id"
      " ORDER BY s.level, s.begins_at, s.interface_id");
  if (!read) return tl::make_unexpected(read.error());
  SealedCodec codec;
  for (std::int64_t blocks = 1;; ++blocks) {
    const auto row = read->next();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return true;
    const std::int64_t number = read->integer(0);
    const SealedLevel& level = sealed_level(number);
    std::string fault;
    try {
      fault = level.level == number ? fault_of(*read, level, codec) : fmt::format("its level is {}", number);
    } catch (const std::bad_alloc&) {
      return out_of_memory(level, read->integer(2), read->integer(1));
    }
    if (!fault.empty()) {
      wrong.push_back(fmt::format("the block of {} ({} {}) is damaged: {}",
                                  name_of(level, read->integer(2), read->integer(1)), read->text(6), read->text(7),
                                  fault));
    }
    if (blocks % blocks_between_questions == 0 && !goes_on()) return false;
  }
}

}  // namespace octopoll::store
