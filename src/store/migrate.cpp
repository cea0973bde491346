#include <fmt/format.h>

#include <utility>

#include "octopoll/core/log.hpp"
#include "schema.hpp"

namespace octopoll::store {
namespace {

Result<> run_steps(Database& database, std::span<const Migration> steps, std::int64_t from) {
  for (const Migration& step : steps) {
    if (step.to <= from) continue;
    if (auto ran = database.execute(step.sql); !ran) {
      Error error = ran.error();
      error.message = fmt::format("migration to schema version {}: {}", step.to, error.message);
      return tl::make_unexpected(std::move(error));
    }
  }
  return database.execute(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", application_id, steps.back().to).c_str());
}

}  // namespace

Result<> migrate(Database& database, std::span<const Migration> steps) {
  const auto before = database.integer("PRAGMA user_version");
  if (!before) return tl::make_unexpected(before.error());
  if (*before == steps.back().to) return {};
  if (*before > steps.back().to) {
    return fail(ErrorKind::store,
                fmt::format("{} has schema version {}, this octopoll knows up to {}", database.path().string(), *before,
                            steps.back().to),
                "use the newer octopoll that wrote it, or name another file with --db");
  }
  auto transaction = Transaction::begin(database);
  if (!transaction) return tl::make_unexpected(transaction.error());
  if (auto ran = run_steps(database, steps, *before); !ran) return ran;
  if (auto committed = transaction->commit(); !committed) return committed;
  if (*before > 0) {
    log::info("{} was of schema version {}, and is of {} now: an octopoll that is older than this one cannot read it",
              database.path().string(), *before, steps.back().to);
  }
  return {};
}

}  // namespace octopoll::store
