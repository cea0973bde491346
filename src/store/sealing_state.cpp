#include "sealing_state.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "statements.hpp"

namespace octopoll::store {

Result<SealingState> SealingState::create(Database& database) {
  constexpr std::array<std::string_view, 4> sql = {
      "SELECT begins_at, interface_id FROM sealing WHERE level = ?",
      "INSERT INTO sealing (level, begins_at, interface_id, sealed_until) VALUES (?1, ?2, ?3, ?4)"
      " ON CONFLICT (level) DO UPDATE SET begins_at = ?2, interface_id = ?3, sealed_until = max(sealed_until, ?4)",
      "SELECT min(next) FROM (SELECT (SELECT min(started_at) FROM polls WHERE device_id = d.id AND started_at >= ?1)"
      " AS next FROM devices d)",
      "SELECT (SELECT count(*) FROM rollup_backlog) + (SELECT count(*) FROM rollups_put_off)",
  };
  auto statements = prepare_all<Statements>(database, sql);
  if (!statements) return tl::make_unexpected(statements.error());
  return SealingState(std::move(*statements));
}

Result<std::optional<SealingState::Part>> SealingState::find(std::int64_t level) {
  const ResetLater open(statements_.find);
  const auto found = statements_.find.first(level);
  if (!found) return tl::make_unexpected(found.error());
  return *found ? std::optional(Part{statements_.find.integer(0), statements_.find.integer(1)}) : std::nullopt;
}

Result<> SealingState::note(std::int64_t level, const Part& next, std::int64_t until_ms) {
  return statements_.note.run(level, next.begins_at, next.owner_id, until_ms);
}

Result<bool> SealingState::is_over(std::int64_t level, const Part& next, std::int64_t newest) {
  if (next.begins_at > newest) {
    if (auto noted = note(level, {newest, 0}, newest); !noted) return tl::make_unexpected(noted.error());
  }
  return next.begins_at < newest;
}

Result<std::optional<std::int64_t>> SealingState::next_poll(std::int64_t from_ms) {
  return one(statements_.next_poll, from_ms);
}

Result<bool> SealingState::is_summed() {
  const auto backlog = one(statements_.backlog);
  if (!backlog) return tl::make_unexpected(backlog.error());
  return *backlog == 0;
}

}  // namespace octopoll::store
