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

#include <cstdint>
#include <optional>
#include <vector>

#include "database.hpp"
#include "octopoll/core/clock.hpp"
#include "plain_rows.hpp"
#include "sealed_levels.hpp"
#include "sealing_state.hpp"
#include "stored_blocks.hpp"

namespace octopoll::store {

/// Runs inside the caller's transactions, each time a bounded amount. Errors: store.
class Sealer {
 public:
  /// Where two days of plain rows take more than `most_plain` octets, rows are sealed as soon as nothing changes them
  /// any more (SealedLevel::plain_ms).
  [[nodiscard]] static Result<Sealer> create(Database& database, std::int64_t most_plain);

  /// Seals up to about `rows` rows, where so many are due at `now`; the number sealed. It may be some thousand more,
  /// which the next calls make up for.
  [[nodiscard]] Result<std::int64_t> seal(WallTime now, std::int64_t rows);

 private:
  using Part = SealingState::Part;
  struct Level {
    SealedLevel of;
    Statement rows, take;  ///< of a range of keys
  };
  struct Statements {
    Statement due_before, oldest_sample, oldest_sum, next_sum;
    Statement interfaces, polls, kept_polls, open_bin, times, exception, take_exceptions;
    Statement octets_of_days;
  };
  /// Interfaces whose rows are sealed together: all there are from the first id to the last, of samples those of one
  /// device.
  struct Chunk {
    std::vector<std::int64_t> ids;
    std::int64_t device_id = 0;
    bool last = false;  ///< no interface has a higher id
  };

  Sealer(std::int64_t most_plain, std::vector<Level> levels, SealingState state, Statements statements, PlainRows plain,
         BlockReader reader, BlockWriter writer)
      : most_plain_(most_plain),
        levels_(std::move(levels)),
        state_(std::move(state)),
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
  [[nodiscard]] Result<> move_on(const SealedLevel& level, const Part& part, const Chunk& chunk);

  std::int64_t most_plain_;
  std::vector<Level> levels_;
  SealingState state_;
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
