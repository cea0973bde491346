#include "care_parts.hpp"

#include <sqlite3.h>

#include "damaged_blocks.hpp"
#include "sealed_check.hpp"

namespace octopoll::store {
namespace {

constexpr int ticks = 100'000;  // of SQLite's machine between two looks at the progress

}  // namespace

tl::unexpected<Error> stopped(const std::string& what) { return fail(ErrorKind::io, what + " was stopped", {}); }

Watched::Watched(Database& database, const Progress& progress) : database_(database), progress_(progress) {
  sqlite3_progress_handler(
      database.native(), ticks,
      [](void* self) {
        auto& watched = *static_cast<Watched*>(self);
        return watched.progress_ && !watched.progress_(++watched.asked_, 0) ? 1 : 0;
      },
      this);
}
Watched::~Watched() { sqlite3_progress_handler(database_.native(), 0, nullptr, nullptr); }

bool interrupted(const Database& database) { return database.last_code() == SQLITE_INTERRUPT; }

Result<bool> add_damaged_pages(Database& database, bool quick, std::vector<std::string>& wrong) {
  auto integrity = database.prepare(quick ? "PRAGMA quick_check" : "PRAGMA integrity_check");
  if (!integrity) return tl::make_unexpected(integrity.error());
  for (;;) {
    const auto row = integrity->next();
    if (!row && interrupted(database)) return stopped("the check");
    if (!row) {
      wrong.push_back(row.error().message);
      return false;
    }
    if (!*row) return true;
    if (integrity->text(0) != "ok") wrong.emplace_back(integrity->text(0));
  }
}

Result<> add_damaged_blocks(Database& database, std::vector<std::string>& wrong, const Progress& progress) {
  const auto checked = check_blocks(
      database,
      [&](const SealedIdentity& which, std::string fault) {
        wrong.push_back(words_of(damaged_block(database.native(), which, std::move(fault))));
      },
      [&progress] { return !progress || progress(0, 0); });
  if (!checked && interrupted(database)) return stopped("the check");
  if (!checked) return tl::make_unexpected(checked.error());
  if (!*checked) return stopped("the check");
  return {};
}

}  // namespace octopoll::store
