#pragma once
// Takes blocks of sealed rows that are older than is kept.

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "database.hpp"
#include "octopoll/core/clock.hpp"
#include "octopoll/core/retention.hpp"
#include "sealed_levels.hpp"
#include "stored_blocks.hpp"

namespace octopoll::store {

/// Of each kind the last block that could not be taken: all before it were taken, or could not be either.
struct PassedBlock {
  std::int64_t begins_at = std::numeric_limits<std::int64_t>::min();
  std::int64_t owner_id = 0;
};
/// For a day of UTC: what was sealed late for a time before them is met on the next one.
struct PassedBlocks {
  std::int64_t day = 0;
  std::array<PassedBlock, sealed_levels.size() + 1> of;  ///< the last: of polls
};

/// Runs inside the caller's transactions. Errors: store.
class OldBlocks {
 public:
  [[nodiscard]] static Result<OldBlocks> create(Database& database);

  /// Takes up to `blocks` blocks of each kind all of whose rows are older than is kept; the number of their rows.
  /// `passed` is the caller's and outlives this: a block that cannot be taken, for its pages are damaged, is named in
  /// the log once a day and keeps none behind it.
  [[nodiscard]] Result<std::int64_t> take(WallTime now, const Retention& retention, std::int64_t blocks,
                                          PassedBlocks& passed);

 private:
  /// Those of a table.
  struct Table {
    Statement next, take;
    BlockReader reader;
  };
  explicit OldBlocks(std::vector<Table> tables) : tables_(std::move(tables)) {}

  [[nodiscard]] static Result<std::int64_t> take_of(Table& table, const SealedLevel& level, std::int64_t before_ms,
                                                    std::int64_t blocks, PassedBlock& passed);

  std::vector<Table> tables_;  ///< as block_tables
};

}  // namespace octopoll::store
