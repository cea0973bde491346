#pragma once
// How far rows are sealed: the table sealing.

#include <cstdint>
#include <optional>

#include "database.hpp"

namespace octopoll::store {

/// Of each level the part that comes next, and who of it is done: what is older is sealed. Errors: store.
class SealingState {
 public:
  struct Part {
    std::int64_t begins_at = 0;  ///< unix ms
    std::int64_t owner_id = 0;   ///< done up to it
  };
  [[nodiscard]] static Result<SealingState> create(Database& database);

  /// nullopt: nothing of the level was sealed yet.
  [[nodiscard]] Result<std::optional<Part>> find(std::int64_t level);
  /// `until_ms`: no block has later rows.
  [[nodiscard]] Result<> note(std::int64_t level, const Part& next, std::int64_t until_ms);
  /// Whether the part that comes next is over: it begins before `newest`, the first one that is not. A clock that went
  /// back a part or more, as one that was wrong for a while does, takes the place where sealing stands along with it.
  [[nodiscard]] Result<bool> is_over(std::int64_t level, const Part& next, std::int64_t newest);
  /// When the first poll of any device from `from_ms` on was started, unix ms.
  [[nodiscard]] Result<std::optional<std::int64_t>> next_poll(std::int64_t from_ms);
  /// Whether all samples are in the sums of 5 minutes that they belong to, but for those of open bins.
  [[nodiscard]] Result<bool> is_summed();

 private:
  struct Statements {
    Statement find, note, next_poll, backlog;
  };
  explicit SealingState(Statements statements) : statements_(std::move(statements)) {}

  Statements statements_;
};

}  // namespace octopoll::store
