#pragma once
// Takes what is older than the store is to keep.

#include <cstdint>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "database.hpp"
#include "octopoll/core/clock.hpp"
#include "octopoll/core/retention.hpp"

namespace octopoll::store {

/// Runs inside the caller's transactions, each time a bounded amount: the oldest rows of each kind, whose pages SQLite
/// then fills again. What speaks for the present stays however old it is: the newest poll of each device, and that of
/// each interface's newest reading, with its rows. Errors: store.
class Pruner {
 public:
  [[nodiscard]] static Result<Pruner> create(Database& database, const Retention& retention);

  /// Whether `now`, the time of the newest record, may be believed: one more than a day ahead of the record before it
  /// is rather a wrong clock, which must not empty the store. Where an hour of records says so, it is believed.
  [[nodiscard]] bool believes(WallTime now, BootTime boot_now);
  /// Takes at most about `rows` rows of each kind; the number taken, 0 where nothing is left to take.
  [[nodiscard]] Result<std::int64_t> take(WallTime now, std::int64_t rows);
  /// From now on.
  void keep(const Retention& retention) noexcept;
  /// To be called after a transaction was undone: what was taken in it is there again.
  void forget() noexcept { begun_ = false; }

 private:
  struct Sums {
    std::optional<std::chrono::seconds> keep;
    std::int64_t step_s;
    Statement first, take, forget_times;
  };
  /// A poll or a round of pings.
  struct Labelled {
    std::int64_t id = 0;  ///< 0: there is none
    std::int64_t started_ms = 0;
    std::int64_t device_id = 0;  ///< of a poll
  };
  struct Statements {
    Statement backlog, taken_until, kept_polls, next_poll, take_samples, take_exceptions, note;
    Statement is_newest, take_poll, old_round, take_round;
    Statement next_target, take_hours, sane_poll, sane_round, due_before, take_rates, take_hour_rates, take_moves,
        sealed_from;
  };

  Pruner(const Retention& retention, std::vector<Sums> sums, Statements statements, std::optional<WallTime> newest)
      : retention_(retention), sums_(std::move(sums)), statements_(std::move(statements)), believed_(newest) {}

  [[nodiscard]] Result<> begin();
  [[nodiscard]] Result<> read_kept(WallTime now);
  [[nodiscard]] Result<std::int64_t> take_samples_of(std::int64_t poll_id);
  [[nodiscard]] Result<std::int64_t> take_samples(std::int64_t before_ms, std::int64_t rows);
  [[nodiscard]] Result<std::int64_t> take_polls(std::int64_t before_ms, std::int64_t rows);
  [[nodiscard]] Result<std::int64_t> take_rounds(std::int64_t before_ms, std::int64_t rows);
  [[nodiscard]] Result<Labelled> next_old(Statement& next, Statement& sane, std::int64_t after, std::int64_t before_ms,
                                          std::int64_t& sane_until) const;
  [[nodiscard]] Result<std::int64_t> take_sums(Sums& sums, std::int64_t before_ms, std::int64_t rows);
  [[nodiscard]] Result<std::int64_t> take_ping_hours(std::int64_t before_ms);

  Retention retention_;
  std::vector<Sums> sums_;
  Statements statements_;
  std::optional<WallTime> believed_;
  std::optional<BootTime> doubted_since_;
  std::unordered_set<std::int64_t> kept_polls_;
  std::optional<WallTime> kept_read_at_;
  bool begun_ = false;
  bool all_summed_ = false;         ///< nothing waits to be summed up, in this take()
  std::int64_t sane_until_ms_ = 0;  ///< later labels are those of a wrong clock
  std::int64_t samples_until_ = 0;  ///< ids of polls: what is before was looked at
  std::int64_t polls_until_ = 0;
  std::int64_t rounds_until_ = 0;
  std::int64_t hours_until_ = 0;  ///< id of a target
};

}  // namespace octopoll::store
