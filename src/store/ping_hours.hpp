#pragma once
// The hours of pings, summed up.

#include <cstdint>
#include <set>
#include <tuple>
#include <unordered_map>

#include "database.hpp"
#include "octopoll/core/cycle.hpp"

namespace octopoll::store {

/// Sums up each hour of a target when it is over, from the rounds in the file, so that it does not matter who wrote
/// them. A round that comes late for its hour has that summed up anew.
///
/// When: at a moment of its own within half an hour after the hour's end, by the rounds that come in, whose ever they
/// are: thousands of targets make no burst at the top of the hour, and the last hour of a target that is pinged no more
/// is summed up like any other. What was due when no round came is made up for with the next ones, in any run.
/// note() runs inside the caller's transaction.
class PingHours {
 public:
  /// `database` outlives this.
  [[nodiscard]] static Result<PingHours> create(Database& database);

  /// A round of the target was stored.
  [[nodiscard]] Result<> note(std::int64_t target_id, WallTime started_at);
  /// A transaction was undone.
  void forget();

 private:
  using Due = std::tuple<WallTime, std::int64_t, WallTime>;  ///< when to sum up, whose, which hour

  PingHours(Statement unsummed, Statement rounds, Statement put)
      : unsummed_(std::move(unsummed)), rounds_(std::move(rounds)), put_(std::move(put)) {}

  [[nodiscard]] Result<> look_for_unsummed();
  [[nodiscard]] Result<> sum_up(std::int64_t target_id, WallTime begins_at);

  Statement unsummed_, rounds_, put_;
  bool looked_ = false;
  std::set<Due> due_;
  std::unordered_map<std::int64_t, WallTime> latest_;  ///< the hour of a target's last round, while it is in due_
};

}  // namespace octopoll::store
