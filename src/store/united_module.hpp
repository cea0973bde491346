#pragma once
// What the modules of united tables have in common: how SQLite's calls come to a cursor, and what outlives one.

#include <memory>
#include <utility>
#include <vector>

#include "sqlite_api.hpp"
#include "united_store.hpp"

namespace octopoll::store {

/// `SharedByAll`: what the tables of a connection share, with enter() and leave() as UnitedStore has them.
/// `Statements`: what a cursor asks the file.
template <class SharedByAll, class Statements>
struct UnitedTable : sqlite3_vtab {
  using CursorStatements = Statements;

  std::shared_ptr<SharedByAll> shared;
  std::vector<Statements> spare;  ///< of cursors that were closed: a question in a loop opens one each time
};

/// A cursor has filter(), next(), at_end(), key() and column() as SQLite asks for them, and resets its statements when
/// it goes.
template <class OfTable>
class UnitedCursor : public sqlite3_vtab_cursor {
 public:
  using Table = OfTable;

  explicit UnitedCursor(Table& table) : sqlite3_vtab_cursor{&table}, table_(table) {
    table.spare.reserve(table.spare.size() + 1);
    table.shared->enter();
    if (table.spare.empty()) return;
    ask_ = std::move(table.spare.back());
    table.spare.pop_back();
  }
  UnitedCursor(const UnitedCursor&) = delete;
  UnitedCursor& operator=(const UnitedCursor&) = delete;

 protected:
  ~UnitedCursor() {
    if (table_.spare.size() < table_.spare.capacity()) table_.spare.push_back(std::move(ask_));
    table_.shared->leave();
  }

  Table& table_;
  typename Table::CursorStatements ask_;
};

/// What SQLite calls, but for what `Own` has: connect(), best_index(), and asked() that makes of a plan and its values
/// what the cursor's filter() takes. Source: https://sqlite.org/vtab.html
template <class Own, class Cursor>
struct UnitedModule {
  using Table = typename Cursor::Table;

  static int disconnect(sqlite3_vtab* table) noexcept {
    delete static_cast<Table*>(table);
    return SQLITE_OK;
  }
  static int open(sqlite3_vtab* table, sqlite3_vtab_cursor** cursor) noexcept {
    return guarded(table, [&] { *cursor = std::make_unique<Cursor>(*static_cast<Table*>(table)).release(); });
  }
  static int close(sqlite3_vtab_cursor* cursor) noexcept {
    delete static_cast<Cursor*>(cursor);
    return SQLITE_OK;
  }
  static int filter(sqlite3_vtab_cursor* cursor, int, const char* plan, int count, sqlite3_value** values) noexcept {
    return guarded(cursor->pVtab, [&] {
      static_cast<Cursor*>(cursor)->filter(Own::asked(*static_cast<Table*>(cursor->pVtab), plan, count, values));
    });
  }
  static int next(sqlite3_vtab_cursor* cursor) noexcept {
    return guarded(cursor->pVtab, [&] { static_cast<Cursor*>(cursor)->next(); });
  }
  static int at_end(sqlite3_vtab_cursor* cursor) noexcept { return static_cast<Cursor*>(cursor)->at_end() ? 1 : 0; }
  static int row_id(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) noexcept {
    *id = static_cast<Cursor*>(cursor)->key();
    return SQLITE_OK;
  }
  static int column(sqlite3_vtab_cursor* cursor, sqlite3_context* result, int which) noexcept {
    return guarded(cursor->pVtab, [&] { static_cast<Cursor*>(cursor)->column(result, which); });
  }

  static constexpr sqlite3_module calls() noexcept {
    sqlite3_module calls{};
    calls.xCreate = &Own::connect;
    calls.xConnect = &Own::connect;
    calls.xBestIndex = &Own::best_index;
    calls.xDisconnect = &disconnect;
    calls.xDestroy = &disconnect;
    calls.xOpen = &open;
    calls.xClose = &close;
    calls.xFilter = &filter;
    calls.xNext = &next;
    calls.xEof = &at_end;
    calls.xColumn = &column;
    calls.xRowid = &row_id;
    return calls;
  }
};

}  // namespace octopoll::store
