#pragma once
// Makes blocks of polls that nothing refers to any more.
//
// Polls are sealed when samples of their time have gone, so that a join of samples and polls never meets a sealed one.
// What else refers to polls by id, or looks for the newest one of a device, finds it as a row of its table:
//
//     the newest poll of each device, that of each interface's newest reading, those with samples, those of an open bin
//     of 5 minutes, and all that came after the newest one stay plain; so ids of sealed polls are not given again.
//
// Where samples are kept for ever, or as long as polls, none is sealed.

#include <cstdint>
#include <optional>

#include "database.hpp"
#include "octopoll/core/clock.hpp"
#include "octopoll/core/retention.hpp"
#include "old_blocks.hpp"
#include "sealing_state.hpp"
#include "stored_blocks.hpp"

namespace octopoll::store {

/// Runs inside the caller's transactions, each time a bounded amount: the polls of one device over a span make a block,
/// device after device. A poll is either in its table or in one block, never in both. Errors: store.
class PollSealer {
 public:
  [[nodiscard]] static Result<PollSealer> create(Database& database);

  /// Seals up to about `rows` polls, where so many are due at `now`; the number sealed. It may be some thousand more,
  /// which the next calls make up for. `passed`: blocks of samples that retention cannot take.
  [[nodiscard]] Result<std::int64_t> seal(WallTime now, const Retention& retention, std::int64_t rows,
                                          const PassedBlocks& passed);

 private:
  using Part = SealingState::Part;
  struct Statements {
    Statement oldest_samples, oldest_left, next_device, is_behind, rows, take, put;
  };
  /// What retention leaves.
  struct Kept {
    std::int64_t samples_ms;               ///< samples from before go
    std::optional<std::int64_t> polls_ms;  ///< and polls
    PassedBlock passed;                    ///< but for blocks of samples up to this one that are there
  };

  PollSealer(SealingState state, Statements statements, BlockReader reader)
      : state_(std::move(state)), statements_(std::move(statements)), reader_(std::move(reader)) {}

  [[nodiscard]] Result<std::optional<std::int64_t>> seal_some(const Kept& kept);
  [[nodiscard]] Result<std::optional<Part>> due_part(const Kept& kept);
  [[nodiscard]] Result<bool> samples_have_gone(std::int64_t until_ms, std::int64_t newest_ms,
                                               const PassedBlock& passed);
  /// Whether polls of the device may become free that the part still has to take.
  [[nodiscard]] Result<bool> is_behind(const Part& part, std::int64_t device_id);
  [[nodiscard]] Result<SealedTable> read_rows(const Part& part, std::int64_t device_id);
  /// False: there is no room for them, and they stay where they are.
  [[nodiscard]] Result<bool> add_to_block(std::int64_t begins_at, std::int64_t device_id, const SealedTable& rows);
  [[nodiscard]] Result<> move_on(std::int64_t end);

  SealingState state_;
  Statements statements_;
  BlockReader reader_;
  SealedCodec codec_;
  std::int64_t credit_ = 0;  ///< polls that may be sealed; below 0 where a step took more
};

}  // namespace octopoll::store
