#include "salvage.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "damaged_blocks.hpp"
#include "octopoll/core/text.hpp"
#include "salvage_links.hpp"
#include "schema.hpp"
#include "sealed_check.hpp"
#include "sealed_levels.hpp"
#include "statements.hpp"

namespace octopoll::store {
namespace {

constexpr std::int64_t rows_between_questions = 20'000;
constexpr std::int64_t first_id = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t last_id = std::numeric_limits<std::int64_t>::max();

struct Table {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::string> key;  ///< where it has no row ids
};

/// Names go into SQL by quotes: of a file that may be a stranger's they may be anything.
std::string sql_name(std::string_view name) {
  std::string text = "\"";
  for (const char each : name) text.append(each == '"' ? 2 : 1, each);
  return text + '"';
}

/// The tables that the file of our own schema has. Columns are quoted.
Result<std::vector<Table>> tables_of(Database& database) {
  auto names = database.prepare(
      "SELECT m.name, t.wr FROM sqlite_master m JOIN pragma_table_list t ON t.name = m.name AND t.schema = 'main'"
      " WHERE t.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.rowid");
  if (!names) return tl::make_unexpected(names.error());
  auto columns = database.prepare("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid");
  if (!columns) return tl::make_unexpected(columns.error());
  std::vector<Table> tables;
  auto read = each_row(*names, [&]() -> Result<> {
    Table table{std::string(names->text(0)), {}, {}};
    const bool has_rowids = names->integer(1) == 0;
    std::vector<std::pair<std::int64_t, std::string>> key;
    auto of_table = each_row(
        *columns,
        [&]() -> Result<> {
          table.columns.push_back(sql_name(columns->text(0)));
          if (columns->integer(1) > 0) key.emplace_back(columns->integer(1), table.columns.back());
          return {};
        },
        table.name);
    if (!of_table) return of_table;
    // Without any other key its row id tells a row that is read twice.
    if (key.empty() && has_rowids) table.columns.emplace_back("rowid");
    std::sort(key.begin(), key.end());
    if (!has_rowids) {
      for (auto& [place, name] : key) table.key.push_back(std::move(name));
    }
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
  /// Why a scan ended. Misplaced: at rows that are there already, for a page has the content of another one.
  enum class End : std::uint8_t { all_read, damaged, misplaced, stopped };
  /// What became of a row.
  enum class Put : std::uint8_t { done, there_already, refused };

  [[nodiscard]] bool by_id() const noexcept { return table_.key.empty(); }
  [[nodiscard]] Result<End> scan(Statement& rows, std::int64_t& next);
  [[nodiscard]] Result<bool> run_by_id();
  [[nodiscard]] Result<bool> run_by_key();
  [[nodiscard]] Result<Put> put(const Statement& row);
  [[nodiscard]] Result<> keep_moment();
  [[nodiscard]] Result<Look> look(std::int64_t id);
  [[nodiscard]] Result<Look> pass_over(std::int64_t id);
  void lose(std::int64_t id);
  void lose_from(std::int64_t id, std::optional<std::int64_t> until);
  void lose_refused(const Statement& row);

  Database& from_;
  Database& to_;
  const Table& table_;
  std::vector<std::string>& lost_;
  const std::function<bool(std::int64_t)>& goes_on_;
  std::int64_t& rows_;
  std::int64_t moment_ = 0;  ///< PRAGMA data_version
  std::optional<Statement> insert_, look_;
  std::int64_t refused_ = 0;
  std::string first_refused_;
};

Result<bool> Copy::run() {
  const std::vector<std::string> places(table_.columns.size(), "?");
  auto insert = to_.prepare(fmt::format("INSERT INTO {} ({}) VALUES ({})", sql_name(table_.name),
                                        fmt::join(table_.columns, ", "), fmt::join(places, ", ")));
  if (!insert) return tl::make_unexpected(insert.error());
  insert_.emplace(std::move(*insert));
  const auto moment = from_.integer("PRAGMA data_version");
  if (!moment) return tl::make_unexpected(moment.error());
  moment_ = *moment;
  auto done = by_id() ? run_by_id() : run_by_key();
  if (refused_ > 0)
    lost_.push_back(
        fmt::format("{}: {} rows that it may not have, the first {}", table_.name, refused_, first_refused_));
  return done;
}

// In the order of its row ids, and at damage from the next one on that can be read. With each turn `next` grows, or it
// is the last one.
Result<bool> Copy::run_by_id() {
  auto rows = from_.prepare(fmt::format("SELECT rowid, {} FROM {} NOT INDEXED WHERE rowid >= ? ORDER BY rowid",
                                        fmt::join(table_.columns, ", "), sql_name(table_.name)));
  if (!rows) return tl::make_unexpected(rows.error());
  auto look_at = from_.prepare(
      fmt::format("SELECT rowid FROM {} NOT INDEXED WHERE rowid >= ? ORDER BY rowid LIMIT 1", sql_name(table_.name)));
  if (!look_at) return tl::make_unexpected(look_at.error());
  look_.emplace(std::move(*look_at));
  for (std::int64_t next = first_id;;) {
    const std::int64_t began_at = next;
    rows->reset();
    rows->set(1, next);
    const auto end = scan(*rows, next);
    if (!end) return tl::make_unexpected(end.error());
    if (*end == End::all_read || *end == End::stopped) return *end == End::all_read;
    rows->reset();
    auto found = look(next);
    if (!found) return tl::make_unexpected(found.error());
    const bool misplaced = *end == End::misplaced;
    if (misplaced && !found->damaged && !found->id) return true;
    if (misplaced && !found->damaged && *found->id > began_at) {
      if (*found->id > next) lose_from(next, found->id);
      next = *found->id;
      continue;
    }
    if (!found->damaged && found->id) {
      lose(*found->id);
      if (*found->id == last_id) return true;
      next = *found->id + 1;
      continue;
    }
    found = pass_over(next);
    if (!found) return tl::make_unexpected(found.error());
    lose_from(next, found->id);
    if (!found->id) return true;
    next = *found->id;
  }
}

// Without row ids a key has no next one to try: from both ends up to the damage.
Result<bool> Copy::run_by_key() {
  bool damaged = false;
  for (const char* order : {"", " DESC"}) {
    const std::string by = fmt::format("{}{}", fmt::join(table_.key, fmt::format("{}, ", order)), order);
    auto rows = from_.prepare(
        fmt::format("SELECT 0, {} FROM {} ORDER BY {}", fmt::join(table_.columns, ", "), sql_name(table_.name), by));
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

// A page with the content of another one shows by ids that go back. They are taken, for it may be that the page before
// was the wrong one, up to one that is known; but `next` never goes back, or the same rows would be read for ever.
Result<Copy::End> Copy::scan(Statement& rows, std::int64_t& next) {
  std::optional<std::int64_t> back;  // the last id, where it is below `next`
  for (;;) {
    const auto row = rows.next();
    if (!row && !met_damage(from_.native())) return tl::make_unexpected(row.error());
    if (!row && back) lost_.push_back(fmt::format("{}: rows behind the one with id {}", table_.name, *back));
    if (!row) {
      rows.reset();
      if (auto kept = keep_moment(); !kept) return tl::make_unexpected(kept.error());
      return back ? End::misplaced : End::damaged;
    }
    if (!*row) return End::all_read;
    const std::int64_t id = rows.integer(0);
    const bool goes_back = by_id() && id < next;
    if (goes_back && (!back || id < *back))
      lost_.push_back(fmt::format("{}: rows of a page that has those of another: behind the id {} comes {}",
                                  table_.name, back.value_or(next - 1), id));
    back = goes_back ? std::optional(id) : std::nullopt;
    const auto done = put(rows);
    if (!done) return tl::make_unexpected(done.error());
    if (++rows_ % rows_between_questions == 0 && !goes_on_(rows_)) return End::stopped;
    if (*done == Put::there_already && (goes_back || !by_id())) return End::misplaced;
    if (*done != Put::done) lose_refused(rows);
    if (!goes_back) next = id == last_id ? last_id : id + 1;
  }
}

Result<Copy::Put> Copy::put(const Statement& row) {
  insert_->reset();
  for (int place = 1; place <= static_cast<int>(table_.columns.size()); ++place) insert_->set_from(place, row, place);
  const auto done = insert_->next();
  if (done) return Put::done;
  if (to_.last_code() != SQLITE_CONSTRAINT) return tl::make_unexpected(done.error());
  const int constraint = sqlite3_extended_errcode(to_.native());
  const bool known = constraint == SQLITE_CONSTRAINT_PRIMARYKEY || constraint == SQLITE_CONSTRAINT_ROWID;
  return known ? Put::there_already : Put::refused;
}

// Its key, or what must be unique, is another row's, or a value is none that the column may have: what is left of a row
// that was damaged within.
void Copy::lose_refused(const Statement& row) {
  if (++refused_ > 1) return;
  const std::string which = by_id() ? fmt::format("with id {} ", row.integer(0)) : std::string();
  first_refused_ = fmt::format("{}({})", which, sqlite3_errmsg(to_.native()));
}

// The transaction goes with a sector that cannot be read; unless somebody wrote, the next one reads the same.
Result<> Copy::keep_moment() {
  if (from_.in_transaction()) return {};
  if (auto begun = from_.execute("BEGIN"); !begun) return begun;
  const auto user_version = from_.integer("PRAGMA user_version");  // begins to read
  if (!user_version) return tl::make_unexpected(user_version.error());
  const auto now = from_.integer("PRAGMA data_version");
  if (!now) return tl::make_unexpected(now.error());
  if (*now == moment_) return {};
  return fail(ErrorKind::store,
              fmt::format("{} was written to after its disk could not read it", from_.path().string()),
              "stop octopoll, and take the copy then");
}

Result<Look> Copy::look(std::int64_t id) {
  const ResetLater open(*look_);
  const auto row = look_->first(id);
  if (!row && met_damage(from_.native())) {
    look_->reset();
    if (auto kept = keep_moment(); !kept) return tl::make_unexpected(kept.error());
    return Look{true, std::nullopt};
  }
  if (!row) return tl::make_unexpected(row.error());
  if (!*row) return Look{};
  const std::int64_t found = look_->integer(0);
  return found < id ? Look{true, std::nullopt} : Look{false, found};
}

// By ever longer strides, then back to the first id that leads past the damage.
Result<Look> Copy::pass_over(std::int64_t id) {
  constexpr std::uint64_t longest = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t room = static_cast<std::uint64_t>(last_id) - static_cast<std::uint64_t>(id);
  std::int64_t damaged = id, beyond = id;
  Look found{true, std::nullopt};
  for (std::uint64_t stride = 1; found.damaged; stride = stride > longest / 2 ? longest : stride * 2) {
    damaged = beyond;
    if (damaged == last_id) return Look{};
    beyond = stride >= room ? last_id : static_cast<std::int64_t>(static_cast<std::uint64_t>(id) + stride);
    auto there = look(beyond);
    if (!there) return there;
    found = *there;
  }
  while (damaged + 1 < beyond) {
    const std::int64_t middle = std::midpoint(damaged, beyond);
    const auto there = look(middle);
    if (!there) return there;
    (there->damaged ? damaged : beyond) = middle;
    if (!there->damaged) found = *there;
  }
  return found;
}

/// Those from `id` on and before `until`, where that is known.
void Copy::lose_from(std::int64_t id, std::optional<std::int64_t> until) {
  const std::string from = id == first_id ? "" : fmt::format(" from {}", id);
  if (until) {
    lost_.push_back(fmt::format("{}: the rows with ids{} to {}, as many as there were", table_.name, from, *until - 1));
  } else {
    lost_.push_back(from.empty() ? fmt::format("{}: all rows", table_.name)
                                 : fmt::format("{}: the rows with ids{} on", table_.name, from));
  }
}

/// A row of which SQLite finds the id, and not all that is in it.
void Copy::lose(std::int64_t id) {
  for (const BlockTable& blocks : block_tables) {
    if (table_.name != blocks.name) continue;
    auto row = from_.prepare(
        fmt::format("SELECT {}, {}, begins_at FROM {} WHERE rowid = ?", blocks.level, blocks.owner, blocks.name));
    const auto any = row ? row->first(id) : Result<bool>(false);
    if (any && *any) {
      lost_.push_back(words_of(damaged_block(from_.native(), {row->integer(0), row->integer(1), row->integer(2)},
                                             "its pages cannot be read")));
      return;
    }
  }
  lost_.push_back(fmt::format("{}: the row with id {}", table_.name, id));
}

/// Of a table of ours the columns that the file has too, none where it has no such table.
Result<std::vector<std::string>> columns_in(Database& from, const Table& table) {
  auto known = from.prepare(
      "SELECT c.name FROM pragma_table_list(?1) t, pragma_table_info(?1) c WHERE t.schema = 'main'"
      " AND t.type = 'table'");
  if (!known) return tl::make_unexpected(known.error());
  std::vector<std::string> there, columns;
  auto read = each_row(
      *known,
      [&]() -> Result<> {
        there.push_back(sql_name(known->text(0)));
        return {};
      },
      table.name);
  if (!read) return tl::make_unexpected(read.error());
  for (const std::string& column : table.columns) {
    const bool is_there = std::find(there.begin(), there.end(), column) != there.end();
    if (is_there || (column == "rowid" && !there.empty())) columns.push_back(column);
  }
  return columns;
}

/// What somebody else put into the file stays there: of its SQL none is run.
Result<> name_foreign(Database& from, Database& to, std::vector<std::string>& lost) {
  auto ours = to.prepare("SELECT 1 FROM sqlite_master WHERE type = ? AND name = ?");
  if (!ours) return tl::make_unexpected(ours.error());
  auto all =
      from.prepare("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid");
  if (!all) return tl::make_unexpected(all.error());
  return each_row(*all, [&]() -> Result<> {
    const auto known = one(*ours, all->text(0), all->text(1));
    if (!known) return tl::make_unexpected(known.error());
    if (!*known) lost.push_back(fmt::format("the {} {}, which is none of octopoll's", all->text(0), all->text(1)));
    return {};
  });
}

/// The schema of the file's version, by our own text of it.
Result<> make_schema(Database& from, Database& to) {
  const auto version = from.integer("PRAGMA user_version");
  if (!version) return tl::make_unexpected(version.error());
  if (*version < 1 || *version > newest_version())
    return fail(ErrorKind::store, fmt::format("{} has no schema version that is known", from.path().string()));
  const auto page_size = from.integer("PRAGMA page_size");
  if (!page_size) return tl::make_unexpected(page_size.error());
  if (auto set = to.execute(fmt::format("PRAGMA page_size = {}", *page_size).c_str()); !set) return set;
  return migrate(to, migrations().first(static_cast<std::size_t>(*version)));
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
  for (const SealedIdentity& which : damaged) {
    auto take = to.prepare(take_block_sql(block_table(which.level)));
    if (!take) return tl::make_unexpected(take.error());
    if (auto done = take->run(which.level, which.begins_at, which.interface_id); !done)
      return tl::make_unexpected(done.error());
  }
  return true;
}

/// What was told of a sample beside it is nothing without that, and no store that `db check` passes.
Result<> take_out_orphans(Database& to, const std::vector<Table>& tables, std::vector<std::string>& lost) {
  const auto told_beside = [](const Table& table) { return table.name == "sample_exceptions"; };
  if (std::none_of(tables.begin(), tables.end(), told_beside)) return {};  // of a version that had none
  auto take = to.prepare("DELETE FROM sample_exceptions WHERE id NOT IN (SELECT id FROM sample_rows)");
  if (!take) return tl::make_unexpected(take.error());
  if (auto done = take->run(); !done) return tl::make_unexpected(done.error());
  if (take->changes() == 0) return {};
  lost.push_back(fmt::format("sample_exceptions: {} of samples that are lost",
                             format_counted(static_cast<std::size_t>(take->changes()), "row")));
  return {};
}

}  // namespace

Result<bool> salvage(Database& from, Database& to, std::vector<std::string>& lost,
                     const std::function<bool(std::int64_t rows)>& goes_on) {
  if (auto made = make_schema(from, to); !made) return tl::make_unexpected(made.error());
  auto tables = tables_of(to);
  if (!tables) return tl::make_unexpected(tables.error());
  auto transaction = Transaction::begin(to);
  if (!transaction) return tl::make_unexpected(transaction.error());
  if (auto named = name_foreign(from, to, lost); !named) return tl::make_unexpected(named.error());
  std::int64_t rows = 0;
  for (Table& table : *tables) {
    auto columns = columns_in(from, table);
    if (!columns) return tl::make_unexpected(columns.error());
    if (columns->empty()) {
      lost.push_back(fmt::format("{}: the whole table", table.name));
      continue;
    }
    table.columns = std::move(*columns);
    const auto copied = Copy(from, to, table, lost, goes_on, rows).run();
    if (!copied || !*copied) return copied;
  }
  const auto left = take_out_damaged_blocks(to, lost, [&] { return goes_on(rows); });
  if (!left || !*left) return left;
  if (to.integer("PRAGMA user_version").value_or(0) == newest_version()) {
    if (auto mended = mend_links(to, lost); !mended) return tl::make_unexpected(mended.error());
  }
  if (auto taken = take_out_orphans(to, *tables, lost); !taken) return tl::make_unexpected(taken.error());
  if (auto committed = transaction->commit(); !committed) return tl::make_unexpected(committed.error());
  return true;
}

}  // namespace octopoll::store
