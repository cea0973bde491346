#include "salvage.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "damaged_blocks.hpp"
#include "sealed_check.hpp"
#include "statements.hpp"

namespace octopoll::store {
namespace {

constexpr std::int64_t rows_between_questions = 20'000;
constexpr std::int64_t last_id = std::numeric_limits<std::int64_t>::max();

struct Table {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::string> key;  ///< where it has no row ids
};

std::string listed(const std::vector<std::string>& names, const char* between = ", ") {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : between) + name;
  return all;
}

Result<std::vector<Table>> tables_of(Database& database) {
  auto names = database.prepare(
      "SELECT m.name, t.wr FROM sqlite_master m JOIN pragma_table_list t ON t.name = m.name AND t.schema = 'main'"
      " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.rowid");
  if (!names) return tl::make_unexpected(names.error());
  auto columns = database.prepare("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid");
  if (!columns) return tl::make_unexpected(columns.error());
  std::vector<Table> tables;
  auto read = each_row(*names, [&]() -> Result<> {
    Table table{std::string(names->text(0)), {}, {}};
    const bool has_key = names->integer(1) != 0;
    std::vector<std::pair<std::int64_t, std::string>> key;
    auto of_table = each_row(
        *columns,
        [&]() -> Result<> {
          table.columns.emplace_back(columns->text(0));
          if (has_key && columns->integer(1) > 0) key.emplace_back(columns->integer(1), columns->text(0));
          return {};
        },
        table.name);
    if (!of_table) return of_table;
    std::sort(key.begin(), key.end());
    for (auto& [place, name] : key) table.key.push_back(std::move(name));
    tables.push_back(std::move(table));
    return {};
  });
  if (!read) return tl::make_unexpected(read.error());
  return tables;
}

/// What a look at one key of a table finds.
struct Look {
  bool damaged = false;
  std::optional<std::int64_t> id;  ///< of the first row from there on; nullopt: there is none
};

/// One table on its way.
class Copy {
 public:
  Copy(Database& from, Database& to, const Table& table, std::vector<std::string>& lost,
       const std::function<bool(std::int64_t)>& goes_on, std::int64_t& rows)
      : from_(from), to_(to), table_(table), lost_(lost), goes_on_(goes_on), rows_(rows) {}

  [[nodiscard]] Result<bool> run();

 private:
  /// Why a scan ended.
  enum class End : std::uint8_t { all_read, damaged, stopped };

  [[nodiscard]] Result<End> scan(Statement& rows, std::int64_t& next);
  [[nodiscard]] Result<bool> run_by_id();
  [[nodiscard]] Result<bool> run_by_key();
  [[nodiscard]] Result<> put(const Statement& row, int first);
  [[nodiscard]] Result<Look> look(std::int64_t id);
  [[nodiscard]] Result<Look> pass_over(std::int64_t id);
  void lose(std::int64_t id);
  [[nodiscard]] bool is_damage() const noexcept { return from_.last_code() == SQLITE_CORRUPT; }

  Database& from_;
  Database& to_;
  const Table& table_;
  std::vector<std::string>& lost_;
  const std::function<bool(std::int64_t)>& goes_on_;
  std::int64_t& rows_;
  std::optional<Statement> insert_, look_;
};

Result<bool> Copy::run() {
  std::vector<std::string> places(table_.columns.size(), "?");
  // What was read twice, or is no row that the table may have, is none.
  auto insert = to_.prepare(
      fmt::format("INSERT OR IGNORE INTO {} ({}) VALUES ({})", table_.name, listed(table_.columns), listed(places)));
  if (!insert) return tl::make_unexpected(insert.error());
  insert_.emplace(std::move(*insert));
  return table_.key.empty() ? run_by_id() : run_by_key();
}

// In the order of its row ids, and at damage from the next one on that can be read.
Result<bool> Copy::run_by_id() {
  auto rows = from_.prepare(fmt::format("SELECT rowid, {} FROM {} NOT INDEXED WHERE rowid >= ? ORDER BY rowid",
                                        listed(table_.columns), table_.name));
  if (!rows) return tl::make_unexpected(rows.error());
  auto look_at = from_.prepare(
      fmt::format("SELECT rowid FROM {} NOT INDEXED WHERE rowid >= ? ORDER BY rowid LIMIT 1", table_.name));
  if (!look_at) return tl::make_unexpected(look_at.error());
  look_.emplace(std::move(*look_at));
  for (std::int64_t next = 0;;) {
    rows->reset();
    rows->set(1, next);
    const auto end = scan(*rows, next);
    if (!end) return tl::make_unexpected(end.error());
    if (*end != End::damaged) return *end == End::all_read;
    rows->reset();
    auto found = look(next);
    if (!found) return tl::make_unexpected(found.error());
    if (!found->damaged && found->id) {
      lose(*found->id);
      if (*found->id == last_id) return true;
      next = *found->id + 1;
      continue;
    }
    found = pass_over(next);
    if (!found) return tl::make_unexpected(found.error());
    lost_.push_back(found->id ? fmt::format("{}: the rows with ids from {} to {}, as many as there were", table_.name,
                                            next, *found->id - 1)
                              : fmt::format("{}: the rows with ids from {} on", table_.name, next));
    if (!found->id) return true;
    next = *found->id;
  }
}

// Without row ids a key has no next one to try: from both ends up to the damage.
Result<bool> Copy::run_by_key() {
  bool damaged = false;
  for (const char* order : {"", " DESC"}) {
    const std::string by = listed(table_.key, fmt::format("{}, ", order).c_str()) + order;
    auto rows = from_.prepare(fmt::format("SELECT 0, {} FROM {} ORDER BY {}", listed(table_.columns), table_.name, by));
    if (!rows) return tl::make_unexpected(rows.error());
    std::int64_t none = 0;
    const auto end = scan(*rows, none);
    if (!end) return tl::make_unexpected(end.error());
    if (*end == End::stopped) return false;
    if (*end == End::all_read) return true;
    if (!std::exchange(damaged, true))
      lost_.push_back(fmt::format("{}: rows on damaged pages, and what lies between them", table_.name));
  }
  return true;
}

Result<Copy::End> Copy::scan(Statement& rows, std::int64_t& next) {
  for (;;) {
    const auto row = rows.next();
    if (!row && is_damage()) return End::damaged;
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return End::all_read;
    if (auto done = put(rows, 1); !done) return tl::make_unexpected(done.error());
    if (++rows_ % rows_between_questions == 0 && !goes_on_(rows_)) return End::stopped;
    if (rows.integer(0) == last_id) return End::all_read;
    next = rows.integer(0) + 1;
  }
}

Result<> Copy::put(const Statement& row, int first) {
  insert_->reset();
  for (int place = 1; place <= static_cast<int>(table_.columns.size()); ++place)
    insert_->set_from(place, row, first + place - 1);
  const auto done = insert_->next();
  if (done) return {};
  // A value of another type than its column's: what is left of a row that was damaged within.
  if (to_.last_code() != SQLITE_CONSTRAINT) return tl::make_unexpected(done.error());
  lost_.push_back(fmt::format("{}: a row whose values are none that it may have", table_.name));
  return {};
}

Result<Look> Copy::look(std::int64_t id) {
  const ResetLater open(*look_);
  const auto row = look_->first(id);
  if (!row && is_damage()) return Look{true, std::nullopt};
  if (!row) return tl::make_unexpected(row.error());
  return Look{false, *row ? std::optional(look_->integer(0)) : std::nullopt};
}

// By ever longer strides, then back to the first id that leads past the damage.
Result<Look> Copy::pass_over(std::int64_t id) {
  std::int64_t damaged = id, beyond = id;
  Look found{true, std::nullopt};
  for (std::int64_t stride = 1; found.damaged; stride = stride > last_id / 2 ? last_id : stride * 2) {
    damaged = beyond;
    if (damaged == last_id) return Look{};
    beyond = stride > last_id - id ? last_id : id + stride;
    auto there = look(beyond);
    if (!there) return there;
    found = *there;
  }
  while (beyond - damaged > 1) {
    const std::int64_t middle = damaged + (beyond - damaged) / 2;
    const auto there = look(middle);
    if (!there) return there;
    (there->damaged ? damaged : beyond) = middle;
    if (!there->damaged) found = *there;
  }
  return found;
}

/// A row of which SQLite finds the id, and not all that is in it.
void Copy::lose(std::int64_t id) {
  if (table_.name == "sealed_rows") {
    auto row = from_.prepare("SELECT level, interface_id, begins_at FROM sealed_rows WHERE rowid = ?");
    const auto any = row ? row->first(id) : Result<bool>(false);
    if (any && *any) {
      lost_.push_back(words_of(damaged_block(from_.native(), {row->integer(0), row->integer(1), row->integer(2)},
                                             "its pages cannot be read")));
      return;
    }
  }
  lost_.push_back(fmt::format("{}: the row with id {}", table_.name, id));
}

/// Makes what has SQL of these types.
Result<> make_all(Database& from, Database& to, std::string_view types) {
  auto made =
      from.prepare(fmt::format("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ({})"
                               " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
                               types));
  if (!made) return tl::make_unexpected(made.error());
  return each_row(*made, [&] { return to.execute(std::string(made->text(0)).c_str()); });
}

Result<bool> take_out_damaged_blocks(Database& to, std::vector<std::string>& lost,
                                     const std::function<bool()>& goes_on) {
  std::vector<SealedIdentity> damaged;
  const auto checked = check_blocks(
      to,
      [&](const SealedIdentity& which, std::string fault) {
        damaged.push_back(which);
        lost.push_back(words_of(damaged_block(to.native(), which, std::move(fault))));
      },
      goes_on);
  if (!checked || !*checked || damaged.empty()) return checked;
  auto take = to.prepare("DELETE FROM sealed_rows WHERE level = ? AND begins_at = ? AND interface_id = ?");
  if (!take) return tl::make_unexpected(take.error());
  for (const SealedIdentity& which : damaged) {
    if (auto done = take->run(which.level, which.begins_at, which.interface_id); !done)
      return tl::make_unexpected(done.error());
  }
  return true;
}

}  // namespace

Result<bool> salvage(Database& from, Database& to, std::vector<std::string>& lost,
                     const std::function<bool(std::int64_t rows)>& goes_on) {
  const auto tables = tables_of(from);
  if (!tables) return tl::make_unexpected(tables.error());
  for (const char* mark : {"page_size", "application_id", "user_version"}) {
    const auto value = from.integer(fmt::format("PRAGMA {}", mark));
    if (!value) return tl::make_unexpected(value.error());
    if (auto set = to.execute(fmt::format("PRAGMA {} = {}", mark, *value).c_str()); !set)
      return tl::make_unexpected(set.error());
  }
  auto transaction = Transaction::begin(to);
  if (!transaction) return tl::make_unexpected(transaction.error());
  if (auto made = make_all(from, to, "'table'"); !made) return tl::make_unexpected(made.error());
  std::int64_t rows = 0;
  for (const Table& table : *tables) {
    const auto copied = Copy(from, to, table, lost, goes_on, rows).run();
    if (!copied || !*copied) return copied;
  }
  if (auto made = make_all(from, to, "'index', 'view'"); !made) return tl::make_unexpected(made.error());
  const auto left = take_out_damaged_blocks(to, lost, [&] { return goes_on(rows); });
  if (!left || !*left) return left;
  if (auto committed = transaction->commit(); !committed) return tl::make_unexpected(committed.error());
  return true;
}

}  // namespace octopoll::store
