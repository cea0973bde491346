#pragma once
// Makes blocks of rows that do not change any more.
//
// Part by part in the order of time: a part of a level is sealed when it ended long enough ago and all sums that are
// made of it are made. A step takes the rows of some interfaces in one part out of their table, adds them to the blocks
// of those interfaces, and notes in `sealing` how far it came: all in the caller's transaction. A row that comes for a
// part that was sealed is a plain row like any other. So at any moment
//
//     a row is either in its table or in one block, never in both,
//
// which is why whoever reads may simply take both. What must be found by its key stays plain: the newest reading of
// each interface, and what an open bin of 5 minutes is made of.

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "database.hpp"
#include "octopoll/core/clock.hpp"
#include "octopoll/core/retention.hpp"
#include "plain_rows.hpp"
#include "sealed_levels.hpp"
#include "stored_blocks.hpp"

namespace octopoll::store {

/// Of each level the last block that could not be taken: all before it were taken, or could not be either.
struct PassedBlock {
  std::int64_t begins_at = std::numeric_limits<std::int64_t>::min();
  std::int64_t interface_id = 0;
};
/// For a day of UTC: what was sealed late for a time before them is met on the next one.
struct PassedBlocks {
  std::int64_t day = 0;
  std::array<PassedBlock, sealed_levels.size()> of;
};

/// Runs inside the caller's transactions, each time a bounded amount. Errors: store.
class Sealer {
 public:
  /// Where two days of plain rows take more than `most_plain` octets, rows are sealed as soon as nothing changes them
  /// any more (SealedLevel::plain_ms).
  [[nodiscard]] static Result<Sealer> create(Database& database, std::int64_t most_plain);

  /// Seals up to about `rows` rows, where so many are due at `now`; the number sealed. It may be some thousand more,
  /// which the next calls make up for.
  [[nodiscard]] Result<std::int64_t> seal(WallTime now, std::int64_t rows);
  /// Takes up to `blocks` blocks of each level all of whose rows are older than is kept; the number of their rows.
  /// `passed` is the caller's and outlives a sealer: a block that cannot be taken, for its pages are damaged, is named
  /// in the log once a day and keeps none behind it.
  [[nodiscard]] Result<std::int64_t> take_old(WallTime now, const Retention& retention, std::int64_t blocks,
                                              PassedBlocks& passed);

 private:
  struct Part {
    std::int64_t begins_at = 0;
    std::int64_t interface_id = 0;  ///< done up to it
  };
  struct Level {
    SealedLevel of;
    Statement rows, take;  ///< of a range of keys
  };
  struct Statements {
    Statement backlog, due_before, oldest_sample, next_sample, oldest_sum, next_sum, state, put_state;
    Statement interfaces, polls, kept_polls, open_bin, times, exception, take_exceptions;
    Statement next_block, take_block, octets_of_days;
  };
  /// Interfaces whose rows are sealed together: all there are from the first id to the last, of samples those of one
  /// device.
  struct Chunk {
    std::vector<std::int64_t> ids;
    std::int64_t device_id = 0;
    bool last = false;  ///< no interface has a higher id
  };

  Sealer(std::int64_t most_plain, std::vector<Level> levels, Statements statements, PlainRows plain, BlockReader reader,
         BlockWriter writer)
      : most_plain_(most_plain),
        levels_(std::move(levels)),
        statements_(std::move(statements)),
        plain_(std::move(plain)),
        reader_(std::move(reader)),
        writer_(std::move(writer)) {}

  [[nodiscard]] Result<std::optional<std::int64_t>> try_to_seal_some(Level& level, std::int64_t now_ms);
  [[nodiscard]] Result<std::optional<std::int64_t>> seal_some(Level& level, std::int64_t now_ms);
  [[nodiscard]] Result<std::optional<Part>> due_part(const SealedLevel& level, std::int64_t now_ms);
  [[nodiscard]] Result<bool> days_stay_plain(std::int64_t now_ms);
  [[nodiscard]] Result<bool> is_summed(const SealedLevel& level, std::int64_t until_ms);
  [[nodiscard]] Result<Chunk> next_chunk(const SealedLevel& level, const Part& part);
  [[nodiscard]] Result<> read_numbers(const SealedLevel& level, const Part& part, const Chunk& chunk);
  [[nodiscard]] Result<> keep_newest(const Chunk& chunk);
  [[nodiscard]] Result<std::int64_t> move_rows(Level& level, const Part& part, Chunk& chunk);
  [[nodiscard]] Result<> move_exception(std::int64_t id, std::int64_t number, SealedBlock& block);
  [[nodiscard]] Result<> write_block(const SealedLevel& level, SealedBlock& block);
  [[nodiscard]] Result<std::int64_t> take_old_of(const SealedLevel& level, std::int64_t before_ms, std::int64_t blocks,
                                                 PassedBlock& passed);
  [[nodiscard]] Result<> move_on(const SealedLevel& level, const Part& part, const Chunk& chunk);

  std::int64_t most_plain_;
  std::vector<Level> levels_;
  Statements statements_;
  PlainRows plain_;
  BlockReader reader_;
  BlockWriter writer_;
  std::optional<std::int64_t> measured_at_ms_;  ///< when days_stay_plain() last looked
  bool days_stay_plain_ = false;                ///< what it found
  std::int64_t credit_ = 0;                     ///< rows that may be sealed; below 0 where a step took more
  std::vector<std::int64_t> numbers_;           ///< polls or bins of the part
};

}  // namespace octopoll::store
