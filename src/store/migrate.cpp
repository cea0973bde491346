#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

#include "octopoll/core/log.hpp"
#include "octopoll/core/text.hpp"
#include "open.hpp"
#include "schema.hpp"
#include "statements.hpp"

namespace octopoll::store {
namespace {

std::uint64_t octets_of(const std::filesystem::path& file) {
  std::error_code none;
  const auto octets = std::filesystem::file_size(file, none);
  return none ? 0 : octets;
}

/// Says now and then how far steps are that take long: nothing is polled meanwhile.
class StepsWatch {
 public:
  StepsWatch(Database& database, std::int64_t from, std::int64_t to, std::chrono::milliseconds pace)
      : database_(database), from_(from), to_(to), pace_(pace) {
    constexpr int operations = 100'000;  // of SQLite's virtual machine: some milliseconds
    sqlite3_progress_handler(database_.native(), operations, &StepsWatch::look, this);
  }
  ~StepsWatch() { sqlite3_progress_handler(database_.native(), 0, nullptr, nullptr); }
  StepsWatch(const StepsWatch&) = delete;
  StepsWatch& operator=(const StepsWatch&) = delete;

 private:
  // What it cannot say is no matter to the step, and nothing may be thrown through SQLite.
  static int look(void* self) noexcept {
    try {
      static_cast<StepsWatch*>(self)->look();
    } catch (...) {
    }
    return 0;
  }
  void look() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + pace_;
    const std::filesystem::path& file = database_.path();
    log::info(
        "{} is taken from schema version {} to {} before anything else is done: {} written so far, of a file of {}",
        file.string(), from_, to_, format_octets(octets_of(file.string() + "-wal")), format_octets(octets_of(file)));
  }

  Database& database_;
  std::int64_t from_, to_;
  std::chrono::milliseconds pace_;
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + pace_;
};

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

Result<bool> has_column(Database& database, const LateColumn& column) {
  const auto found = database.integer(
      fmt::format("SELECT count(*) FROM pragma_table_info('{}') WHERE name = '{}'", column.table, column.name));
  if (!found) return tl::make_unexpected(found.error());
  return *found != 0;
}

}  // namespace

Result<> add_late_columns(Database& database, std::span<const LateColumn> columns) {
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return tl::make_unexpected(version.error());
  std::string missing;
  for (const LateColumn& column : columns) {
    if (*version < column.since) continue;
    const auto there = has_column(database, column);
    if (!there) return tl::make_unexpected(there.error());
    if (!*there) missing.append(column.sql).append(";");
  }
  if (missing.empty()) return {};
  auto transaction = Transaction::begin(database);
  if (!transaction) return tl::make_unexpected(transaction.error());
  if (auto added = database.execute(missing.c_str()); !added) return added;
  return transaction->commit();
}

Result<> renew_views(Database& database) {
  auto views = database.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'view'");
  if (!views) return tl::make_unexpected(views.error());
  std::string renewed;
  auto looked = each_row(*views, [&]() -> Result<> {
    const std::string name(views->text(0));
    const std::string_view text = view_text(name);
    if (!text.empty() && text != views->text(1)) renewed += fmt::format("DROP VIEW {}; {};\n", name, text);
    return {};
  });
  if (!looked || renewed.empty()) return looked;
  auto transaction = Transaction::begin(database);
  if (!transaction) return tl::make_unexpected(transaction.error());
  if (auto made = database.execute(renewed.c_str()); !made) return made;
  return transaction->commit();
}

Result<> migrate(Database& database, std::span<const Migration> steps, std::chrono::milliseconds pace) {
  const auto before = database.integer("PRAGMA user_version");
  if (!before) return tl::make_unexpected(before.error());
  if (*before == steps.back().to) return {};
  if (*before > steps.back().to) return newer_than_known(database.path(), *before, steps.back().to);
  auto transaction = Transaction::begin(database);
  if (!transaction) return tl::make_unexpected(transaction.error());
  {
    const StepsWatch watch(database, *before, steps.back().to, pace);
    if (auto ran = run_steps(database, steps, *before); !ran) return ran;
  }
  if (auto committed = transaction->commit(); !committed) return committed;
  if (*before > 0) {
    log::info("{} was of schema version {}, and is of {} now: an octopoll that is older than this one cannot read it",
              database.path().string(), *before, steps.back().to);
  }
  return {};
}

}  // namespace octopoll::store
