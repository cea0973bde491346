#include "united_tables.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <exception>
#include <iterator>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "schema.hpp"
#include "sealed_levels.hpp"
#include "sqlite_api.hpp"
#include "united_module.hpp"
#include "united_store.hpp"

namespace octopoll::store {
namespace {

// Numbers have 39 bits in a key; bounds beyond that mean the same, and can be shifted and multiplied.
constexpr std::int64_t most_number = (std::int64_t{1} << 39) - 1;

/// Keys that a question is about: numbers, and interfaces of each.
struct Keys {
  std::int64_t first_number = -most_number, last_number = most_number;
  std::int64_t first_interface = 0, last_interface = interfaces_of_a_number - 1;

  [[nodiscard]] bool none() const noexcept { return first_number > last_number || first_interface > last_interface; }
  [[nodiscard]] bool of_one_number() const noexcept { return first_number == last_number; }
  [[nodiscard]] bool of_one_interface() const noexcept { return first_interface == last_interface; }
};

/// Which blocks a group has: of a span, and for samples of a device.
struct GroupKey {
  std::int64_t level = 0;
  std::int64_t begins_at = 0;
  std::int64_t device_id = 0;  ///< of samples
  std::int64_t first_interface = 0;

  friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
};

/// Blocks of one span, by interface, and where the last row of each was found.
struct Group {
  struct Entry {
    SealedBlock block;
    std::size_t row = 0;
    std::size_t exception = 0;
  };
  GroupKey key;
  std::int64_t last_interface = 0;
  std::vector<Entry> entries;
  bool too_large = false;  ///< to be kept: it has no entries, and its blocks are to be read one by one
  std::size_t octets = sizeof(Group);
};

/// What the tables of one connection share.
class Shared {
 public:
  Shared(sqlite3* connection, std::shared_ptr<OnDamage> damage, std::size_t most_octets)
      : store_(connection, blocks_of_interfaces, std::move(damage)), most_octets_(most_octets) {}

  void enter() {
    if (store_.enter()) forget();
  }
  void leave() noexcept { store_.leave(); }

  [[nodiscard]] UnitedStore& store() noexcept { return store_; }
  [[nodiscard]] sqlite3* connection() const noexcept { return store_.connection(); }
  /// The blocks that may hold rows of one number; nullptr: none can.
  [[nodiscard]] std::shared_ptr<Group> group_of(const SealedLevel& level, const Keys& keys);

 private:
  using Groups = std::map<GroupKey, std::list<std::shared_ptr<Group>>::iterator>;

  [[nodiscard]] std::shared_ptr<Group> load(const SealedLevel& level, Group wanted);
  void make_room(std::size_t octets) noexcept;
  void forget(Groups::iterator group) noexcept;
  void forget() noexcept;

  UnitedStore store_;
  std::size_t most_octets_;
  StatementHandle poll_, block_of_device_, blocks_of_device_, blocks_;
  std::list<std::shared_ptr<Group>> by_use_;  // the one that was asked for last is the last one
  Groups groups_;                             // none lies within another one
  std::size_t octets_ = 0;                    // of all of them
};

std::shared_ptr<Group> Shared::group_of(const SealedLevel& level, const Keys& keys) {
  Group wanted;
  wanted.key.level = level.level;
  wanted.key.first_interface = keys.first_interface;
  wanted.last_interface = keys.last_interface;
  std::int64_t at = keys.first_number * level.unit_scale;
  if (level.level == 0) {
    if (!poll_) poll_ = prepare(connection(), "SELECT started_at, device_id FROM main.polls WHERE id = ?");
    start(poll_.get(), keys.first_number);
    if (!step(poll_.get())) return nullptr;
    at = sqlite3_column_int64(poll_.get(), 0);
    wanted.key.device_id = sqlite3_column_int64(poll_.get(), 1);
    sqlite3_reset(poll_.get());
  }
  wanted.key.begins_at = begin_of(at, level.span_ms);
  const auto after = groups_.upper_bound(wanted.key);
  if (after == groups_.begin()) return load(level, std::move(wanted));
  const auto known = std::prev(after);
  GroupKey same = known->first;
  same.first_interface = wanted.key.first_interface;
  if (same != wanted.key || (*known->second)->last_interface < wanted.last_interface)
    return load(level, std::move(wanted));
  // That all of it is too much says nothing of a part.
  if ((*known->second)->too_large && (*known->second)->last_interface != wanted.last_interface)
    return load(level, std::move(wanted));
  by_use_.splice(by_use_.end(), by_use_, known->second);
  return by_use_.back();
}

std::shared_ptr<Group> Shared::load(const SealedLevel& level, Group wanted) {
  const bool samples = level.level == 0;
  const bool one = wanted.key.first_interface == wanted.last_interface;
  StatementHandle& blocks = !samples ? blocks_ : one ? block_of_device_ : blocks_of_device_;
  if (!blocks) {
    // One interface is found by its id, not among all those of its device.
    blocks = prepare(connection(), samples ? std::string("SELECT s.interface_id FROM main.interfaces i"
                                                         " CROSS JOIN main.sealed_rows s ON s.level = ?1"
                                                         " AND s.begins_at = ?2 AND s.interface_id = i.id WHERE ") +
                                                 (one ? "+" : "") +
                                                 "i.device_id = ?5 AND i.id BETWEEN ?3 AND ?4 ORDER BY s.interface_id"
                                           : "SELECT interface_id FROM main.sealed_rows WHERE level = ?1"
                                             " AND begins_at = ?2 AND interface_id BETWEEN ?3 AND ?4"
                                             " ORDER BY interface_id");
  }
  const GroupKey& key = wanted.key;
  start(blocks.get(), key.level, key.begins_at, key.first_interface, wanted.last_interface);
  if (samples) sqlite3_bind_int64(blocks.get(), 5, key.device_id);
  while (step(blocks.get())) {
    auto block = store_.unpack(level, key.begins_at, sqlite3_column_int64(blocks.get(), 0));
    if (!block) continue;
    wanted.entries.push_back({std::move(*block), 0, 0});
    wanted.octets += wanted.entries.back().block.octets();
    make_room(wanted.octets);
    // Polls of a device are asked for one after the other, so that its day is worth its room, whatever that is. Sums
    // of a time are those of all devices: there is no end to them.
    if (samples || wanted.octets <= most_octets_) continue;
    wanted.entries = {};
    wanted.too_large = true;
    wanted.octets = sizeof(Group);
    break;
  }
  sqlite3_reset(blocks.get());
  for (auto other = groups_.lower_bound(key); other != groups_.end();) {
    GroupKey same = other->first;
    same.first_interface = key.first_interface;
    if (same != key || other->first.first_interface > wanted.last_interface) break;
    const auto at = other++;
    if (at->first == key || (*at->second)->last_interface <= wanted.last_interface) forget(at);
  }
  make_room(wanted.octets);
  std::list<std::shared_ptr<Group>> made;
  made.push_back(std::make_shared<Group>(std::move(wanted)));
  groups_.emplace(made.back()->key, made.begin());
  octets_ += made.back()->octets;
  by_use_.splice(by_use_.end(), made);
  return by_use_.back();
}

void Shared::make_room(std::size_t octets) noexcept {
  while (!by_use_.empty() && octets_ + octets > most_octets_) forget(groups_.find(by_use_.front()->key));
}

void Shared::forget(Groups::iterator group) noexcept {
  octets_ -= (*group->second)->octets;
  by_use_.erase(group->second);
  groups_.erase(group);
}

void Shared::forget() noexcept {
  groups_.clear();
  by_use_.clear();
  octets_ = 0;
}

/// What a cursor asks the file.
struct CursorStatements {
  StatementHandle by_key, by_interface, next_span, blocks;
};

/// One of the united tables. Its columns are those of the table in the file, then two hidden ones to ask by.
struct Table : UnitedTable<Shared, CursorStatements> {
  const SealedLevel* level = nullptr;
  bool exceptions = false;

  [[nodiscard]] std::span<const SealedColumn> columns() const noexcept {
    return exceptions ? level->exception_columns : level->columns;
  }
  [[nodiscard]] std::string_view name() const noexcept { return exceptions ? level->exception_table : level->table; }
  [[nodiscard]] int unit_column() const noexcept { return static_cast<int>(columns().size()); }
  [[nodiscard]] int interface_column() const noexcept { return unit_column() + 1; }
  [[nodiscard]] const SealedTable& of(const SealedBlock& block) const noexcept {
    return exceptions ? block.exceptions : block.rows;
  }
  /// Plain rows: with keys from ?1 to ?2, and with units from ?1 to ?2 of the interface ?3.
  [[nodiscard]] std::string by_key() const;
  [[nodiscard]] std::string by_interface() const;

 private:
  [[nodiscard]] std::string select() const;
};

std::string Table::select() const {
  std::string names;
  for (const SealedColumn& column : columns()) {
    names += names.empty() ? "SELECT t." : ", t.";
    names += column.name;
  }
  return names + " FROM ";
}

std::string Table::by_key() const {
  return select() + "main." + std::string(name()) + " t WHERE t.id BETWEEN ?1 AND ?2 ORDER BY t.id";
}

std::string Table::by_interface() const {
  const std::string table = "main." + std::string(name()) + " t";
  if (level->level == 0) {
    return select() + "main.interfaces i CROSS JOIN main.polls p ON p.device_id = i.device_id CROSS JOIN " + table +
           " ON t.id = p.id << 24 | i.id WHERE i.id = ?3 AND p.id BETWEEN ?1 AND ?2";
  }
  return select() + "main.traffic_times b CROSS JOIN " + table + " ON t.id = b.begins_at / " +
         std::to_string(level->unit_scale) + " << 24 | ?3 WHERE b.step_s = " + std::to_string(level->level) +
         " AND b.begins_at BETWEEN ?1 AND ?2";
}

/// Where a cursor stands. Of one number: plain rows and sealed ones together, by interface. Else the plain ones, then
/// block after block, one of them in memory at a time; of one number too where all its blocks are too many to be kept.
class Cursor : public UnitedCursor<Table> {
 public:
  using UnitedCursor::UnitedCursor;
  ~Cursor() { release(); }

  void filter(const Keys& keys);
  void next();
  [[nodiscard]] bool at_end() const noexcept { return plain_ == nullptr && sealed_ == nullptr; }
  [[nodiscard]] std::int64_t key() const;
  void column(sqlite3_context* result, int which) const;

 private:
  void release() noexcept;
  void start_plain();
  void advance_plain();
  void advance_group();
  void advance_blocks();
  bool open_next_block();
  [[nodiscard]] bool plain_is_next() const;

  Keys keys_;
  sqlite3_stmt* plain_ = nullptr;        // at a row; nullptr: no more of them
  const SealedBlock* sealed_ = nullptr;  // whose row `row_` is next; nullptr: no more of them
  std::size_t row_ = 0;
  std::shared_ptr<Group> group_;
  std::size_t entry_ = 0;
  std::optional<std::int64_t> span_;  // whose blocks are read
  bool span_is_open_ = false;
  SealedBlock block_;
};

void Cursor::release() noexcept {
  for (const StatementHandle* each : {&ask_.by_key, &ask_.by_interface, &ask_.next_span, &ask_.blocks})
    sqlite3_reset(each->get());
  plain_ = nullptr;
  sealed_ = nullptr;
  group_.reset();
}

void Cursor::filter(const Keys& keys) {
  release();
  keys_ = keys;
  if (keys_.none()) return;
  start_plain();
  if (keys_.of_one_number()) {
    group_ = table_.shared->group_of(*table_.level, keys_);
    if (!group_) return;
    if (!group_->too_large) {
      const auto& entries = group_->entries;
      const auto first = std::partition_point(entries.begin(), entries.end(), [this](const Group::Entry& entry) {
        return entry.block.interface_id < keys_.first_interface;
      });
      entry_ = static_cast<std::size_t>(first - entries.begin());
      advance_group();
      return;
    }
    group_.reset();
  }
  span_.reset();
  span_is_open_ = false;
  if (open_next_block()) return;
  sealed_ = nullptr;
}

void Cursor::start_plain() {
  const SealedLevel& level = *table_.level;
  if (keys_.of_one_number() || !keys_.of_one_interface()) {
    if (!ask_.by_key) ask_.by_key = prepare(table_.shared->connection(), table_.by_key());
    plain_ = ask_.by_key.get();
    start(plain_, key_of(keys_.first_number, keys_.first_interface), key_of(keys_.last_number, keys_.last_interface));
  } else {
    if (!ask_.by_interface) ask_.by_interface = prepare(table_.shared->connection(), table_.by_interface());
    plain_ = ask_.by_interface.get();
    start(plain_, keys_.first_number * level.unit_scale, keys_.last_number * level.unit_scale, keys_.first_interface);
  }
  advance_plain();
}

void Cursor::advance_plain() {
  if (!step(plain_)) {
    sqlite3_reset(plain_);
    plain_ = nullptr;
  }
}

// A question goes from poll to poll, so the next row of a block is mostly the one after the last.
void Cursor::advance_group() {
  for (; entry_ < group_->entries.size(); ++entry_) {
    Group::Entry& entry = group_->entries[entry_];
    if (entry.block.interface_id > keys_.last_interface) break;
    const SealedTable& rows = table_.of(entry.block);
    if (rows.rows == 0) continue;
    std::size_t& row = table_.exceptions ? entry.exception : entry.row;
    const auto is_it = [&](std::size_t place) {
      return place < rows.rows && rows.columns[0].number(place) == keys_.first_number;
    };
    if (!is_it(row)) row = is_it(row + 1) ? row + 1 : place_of(rows, keys_.first_number);
    if (!is_it(row)) {
      if (row == rows.rows) row = 0;
      continue;
    }
    row_ = row;
    sealed_ = &entry.block;
    return;
  }
  sealed_ = nullptr;
}

bool Cursor::open_next_block() {
  const SealedLevel& level = *table_.level;
  sqlite3* connection = table_.shared->connection();
  const bool by_time = level.level != 0;
  for (;;) {
    if (!span_is_open_) {
      if (!ask_.next_span) {
        ask_.next_span = prepare(connection,
                                 "SELECT begins_at FROM main.sealed_rows WHERE level = ?1 AND begins_at > ?2"
                                 " ORDER BY begins_at LIMIT 1");
      }
      const std::int64_t before = span_ ? *span_
                                        : (by_time ? begin_of(keys_.first_number * level.unit_scale, level.span_ms) - 1
                                                   : std::numeric_limits<std::int64_t>::min());
      start(ask_.next_span.get(), level.level, before);
      const bool any = step(ask_.next_span.get());
      if (any) span_ = sqlite3_column_int64(ask_.next_span.get(), 0);
      sqlite3_reset(ask_.next_span.get());
      if (!any || (by_time && *span_ > keys_.last_number * level.unit_scale)) return false;
      if (!ask_.blocks) {
        ask_.blocks =
            prepare(connection, std::string("SELECT interface_id FROM main.sealed_rows WHERE level = ?1"
                                            " AND begins_at = ?2 AND interface_id BETWEEN ?3 AND ?4") +
                                    (table_.exceptions ? " AND exception_count > 0" : "") + " ORDER BY interface_id");
      }
      start(ask_.blocks.get(), level.level, *span_, keys_.first_interface, keys_.last_interface);
      span_is_open_ = true;
    }
    if (!step(ask_.blocks.get())) {
      sqlite3_reset(ask_.blocks.get());
      span_is_open_ = false;
      continue;
    }
    auto block = table_.shared->store().unpack(level, *span_, sqlite3_column_int64(ask_.blocks.get(), 0));
    if (!block) continue;
    block_ = std::move(*block);
    const SealedTable& rows = table_.of(block_);
    row_ = place_of(rows, keys_.first_number);
    if (row_ == rows.rows || rows.columns[0].number(row_) > keys_.last_number) continue;
    sealed_ = &block_;
    return true;
  }
}

void Cursor::advance_blocks() {
  const SealedTable& rows = table_.of(block_);
  if (++row_ < rows.rows && rows.columns[0].number(row_) <= keys_.last_number) return;
  if (!open_next_block()) sealed_ = nullptr;
}

bool Cursor::plain_is_next() const {
  if (plain_ == nullptr || sealed_ == nullptr) return plain_ != nullptr;
  return !keys_.of_one_number() || interface_of(sqlite3_column_int64(plain_, 0)) < sealed_->interface_id;
}

void Cursor::next() {
  if (plain_is_next()) {
    advance_plain();
  } else if (group_) {
    ++entry_;
    advance_group();
  } else {
    advance_blocks();
  }
}

std::int64_t Cursor::key() const {
  if (plain_is_next()) return sqlite3_column_int64(plain_, 0);
  return key_of(table_.of(*sealed_).columns[0].number(row_), sealed_->interface_id);
}

void Cursor::column(sqlite3_context* result, int which) const {
  const auto place = static_cast<std::size_t>(which);
  if (which == table_.unit_column()) return sqlite3_result_int64(result, number_of(key()) * table_.level->unit_scale);
  if (which == table_.interface_column()) return sqlite3_result_int64(result, interface_of(key()));
  if (plain_is_next()) return sqlite3_result_value(result, sqlite3_column_value(plain_, which));
  if (which == 0) return sqlite3_result_int64(result, key());
  const SealedValues& values = table_.of(*sealed_).columns[place];
  if (values.absent(row_)) return sqlite3_result_null(result);
  switch (table_.columns()[place].kind) {
    case SealedColumn::Kind::integer:
      return sqlite3_result_int64(result, values.number(row_));
    case SealedColumn::Kind::real:
      return sqlite3_result_double(result, std::bit_cast<double>(values.number(row_)));
    case SealedColumn::Kind::text: {
      const std::string& text = values.text(row_);
      return sqlite3_result_text64(result, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
  }
}

// See limits_of() for what stands beside them.
constexpr char asks_key = 'k';
constexpr char asks_unit = 'u';
constexpr char asks_interface = 'i';

void narrow(Keys& keys, const Table& table, char what, const Limits& limits) {
  if (what == asks_interface) {
    keys.first_interface = std::max(keys.first_interface, limits.first);
    keys.last_interface = std::min(keys.last_interface, limits.last);
    return;
  }
  const std::int64_t scale = table.level->unit_scale;
  const auto number_at = [&](std::int64_t value) {
    return what == asks_key ? number_of(value)
                            : begin_of(value, scale) / scale;  // that of a bin which holds the moment
  };
  if (limits.first != Limits().first) keys.first_number = std::max(keys.first_number, number_at(limits.first));
  if (limits.last != Limits().last) keys.last_number = std::min(keys.last_number, number_at(limits.last));
}

/// Whole keys say which interfaces only where they are of one number.
void narrow_interfaces(Keys& keys, const Limits& key) {
  if (!keys.of_one_number()) return;
  if (number_of(key.first) == keys.first_number)
    keys.first_interface = std::max(keys.first_interface, interface_of(key.first));
  if (number_of(key.last) == keys.first_number)
    keys.last_interface = std::min(keys.last_interface, interface_of(key.last));
}

using Known = SharedByTables<Shared>;

struct Own {
  static int connect(sqlite3* connection, void* known, int, const char* const* words, sqlite3_vtab** table,
                     char** error) noexcept {
    const std::string_view name = words[2];
    try {
      auto made = std::make_unique<Table>();
      for (const SealedLevel& level : sealed_levels) {
        if (name != level.table && name != level.exception_table) continue;
        made->level = &level;
        made->exceptions = name == level.exception_table;
      }
      if (made->level == nullptr) {
        *error = sqlite3_mprintf("no rows of %s are sealed", words[2]);
        return SQLITE_ERROR;
      }
      std::string columns = "CREATE TABLE x (";
      for (const SealedColumn& column : made->columns()) {
        constexpr std::array<std::string_view, 3> types{"INTEGER", "REAL", "TEXT"};
        columns += std::string(column.name) + " " + std::string(types[static_cast<std::size_t>(column.kind)]) + ", ";
      }
      columns += std::string(made->level->unit) + " INTEGER HIDDEN, interface_id INTEGER HIDDEN)";
      sqlite3_vtab_config(connection, SQLITE_VTAB_DIRECTONLY);  // no view or trigger of a strange file reads it
      if (const int code = sqlite3_declare_vtab(connection, columns.c_str()); code != SQLITE_OK) return code;
      auto& [shared, damage, most_octets] = *static_cast<Known*>(known);
      made->shared = shared.lock();
      if (!made->shared) made->shared = std::make_shared<Shared>(connection, damage, most_octets);
      shared = made->shared;
      *table = made.release();
      return SQLITE_OK;
    } catch (const std::bad_alloc&) {
      return SQLITE_NOMEM;
    }
  }
  static int best_index(sqlite3_vtab* asked, sqlite3_index_info* plan) noexcept {
    const auto& table = *static_cast<Table*>(asked);
    char words[2 * 16 + 1] = {};
    int count = 0;
    bool key_equal = false, key_least = false, key_most = false, unit_equal = false, unit_bound = false,
         interface_equal = false;
    for (int place = 0; place < plan->nConstraint && count < 16; ++place) {
      const auto& condition = plan->aConstraint[place];
      if (condition.usable == 0) continue;
      const char how = how_of(condition.op);
      if (how == 0) continue;
      char what = 0;
      if (condition.iColumn <= 0) {
        what = asks_key;
        key_equal = key_equal || how == is_equal;
        key_least = key_least || how == is_least || how == is_above;
        key_most = key_most || how == is_most || how == is_below;
      } else if (condition.iColumn == table.unit_column()) {
        what = asks_unit;
        unit_equal = unit_equal || how == is_equal;
        unit_bound = unit_bound || how != is_equal;
      } else if (condition.iColumn == table.interface_column() && how == is_equal) {
        what = asks_interface;
        interface_equal = true;
      } else {
        continue;
      }
      words[2 * count] = what;
      words[2 * count + 1] = how;
      plan->aConstraintUsage[place].argvIndex = ++count;
    }
    // Rows of a poll or a time, of an interface, of all: guesses that put questions in the right order.
    const bool one_number = unit_equal || (key_least && key_most);
    double rows = key_equal ? 1 : one_number ? 50 : key_least || key_most || unit_bound ? 500'000 : 5'000'000;
    if (interface_equal) rows = key_equal || one_number ? 1 : rows / 1000;
    plan->estimatedRows = static_cast<sqlite3_int64>(rows);
    plan->estimatedCost = rows * 2 + 10;
    if (key_equal) plan->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
    plan->idxStr = sqlite3_mprintf("%s", static_cast<const char*>(words));
    plan->needToFreeIdxStr = 1;
    return plan->idxStr == nullptr ? SQLITE_NOMEM : SQLITE_OK;
  }

  static Keys asked(const Table& table, const char* plan, int count, sqlite3_value** values) {
    Keys keys;
    Limits key;
    for (int place = 0; place < count; ++place) {
      const char what = plan[2 * place];
      const Limits limits = limits_of(values[place], plan[2 * place + 1]);
      if (limits.none()) {
        keys.last_number = keys.first_number - 1;
        return keys;
      }
      narrow(keys, table, what, limits);
      if (what == asks_key) key.narrow(limits);
    }
    narrow_interfaces(keys, key);
    return keys;
  }
};

constexpr sqlite3_module module = UnitedModule<Own, Cursor>::calls();

void run(sqlite3* connection, const std::string& sql) {
  const int code = sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw Failure{code, sqlite3_errmsg(connection)};
}

/// The first column of the first row; 0 where there is none.
std::int64_t integer(sqlite3* connection, const std::string& sql) {
  const StatementHandle statement = prepare(connection, sql);
  return step(statement.get()) ? sqlite3_column_int64(statement.get(), 0) : 0;
}
bool answers(sqlite3* connection, const std::string& sql) { return integer(connection, sql) != 0; }

void replace(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

/// A view of the schema as one of this connection, asking the united tables by what they can be asked by: the file's
/// own view goes from time to time and would want all interfaces of a time at once. Its text is ours, not what the file
/// has: the file may be a stranger's, and a view of this connection may call what a view of a file may not.
std::string united(std::string sql) {
  replace(sql, "CREATE VIEW ", "CREATE TEMP VIEW ");
  // Those that have samples are not sealed, and the file's own table has its indexes.
  if (sql.find("sample") != std::string::npos) {
    replace(sql, "FROM polls p", "FROM main.polls p");
    replace(sql, "JOIN polls p", "JOIN main.polls p");
  }
  // Else SQLite goes through all samples, and looks at the time of each.
  replace(sql, "FROM main.polls p\nJOIN devices d ON d.id = p.device_id",
          "FROM devices d\nCROSS JOIN main.polls p ON p.device_id = d.id");
  replace(sql, "JOIN sample_rows r ON r.id BETWEEN p.id << 24 AND p.id << 24 | 16777215",
          "JOIN sample_rows r ON r.poll_id = p.id");
  replace(sql, "r.id & 16777215 AS interface_id", "r.interface_id");
  const std::size_t from = sql.find("FROM traffic_times b\nJOIN ");
  if (from == std::string::npos) return sql;
  const std::size_t table = sql.find("traffic_", from + std::string_view("FROM traffic_").size());
  const std::string name = sql.substr(table, std::string_view("traffic_5m").size());
  sql.resize(from);
  replace(sql, "b.begins_at", "t.begins_at");
  return sql + "FROM " + name + " t\nJOIN interfaces i ON i.id = t.interface_id\nJOIN devices d ON d.id = i.device_id";
}

std::string unite(sqlite3* connection, bool views, std::shared_ptr<OnDamage> damage, std::size_t most_octets) noexcept {
  try {
    if (!answers(connection, "SELECT EXISTS (SELECT 1 FROM main.sqlite_master WHERE name = 'sealed_rows')"))
      return "it has no sealed rows: it is no store of octopoll, or of an older one";
    if (const std::int64_t version = integer(connection, "PRAGMA main.user_version"); version != newest_version()) {
      return "it has schema version " + std::to_string(version) + ", this octopoll reads " +
             std::to_string(newest_version());
    }
    if (answers(connection, "SELECT EXISTS (SELECT 1 FROM temp.sqlite_master WHERE name = 'sample_rows')")) return {};
    unite_polls(connection, damage);
    auto known = std::make_unique<Known>(Known{{}, std::move(damage), most_octets});
    const int code = sqlite3_create_module_v2(connection, "octopoll_rows", &module, known.release(),
                                              [](void* given) { delete static_cast<Known*>(given); });
    if (code != SQLITE_OK) throw Failure{code, sqlite3_errmsg(connection)};
    for (const SealedLevel& level : sealed_levels) {
      for (const std::string_view table : {level.table, level.exception_table}) {
        if (!table.empty()) run(connection, "CREATE VIRTUAL TABLE temp." + std::string(table) + " USING octopoll_rows");
      }
    }
    if (!views) return {};
    for (const char* name :
         {"samples", "v_interface_rates", "v_flaps", "v_polls", "v_utilization_5m", "v_utilization_1h"})
      run(connection, united(std::string(view_text(name))));
    return {};
  } catch (const Failure& failure) {
    return failure.words;
  } catch (const std::exception& problem) {
    return problem.what();
  }
}

}  // namespace

std::string unite_tables(sqlite3* connection, std::shared_ptr<OnDamage> damage) {
  return unite(connection, false, std::move(damage), most_octets_kept);
}
std::string unite_tables_and_views(sqlite3* connection, std::shared_ptr<OnDamage> damage, std::size_t most_octets) {
  return unite(connection, true, std::move(damage), most_octets);
}

}  // namespace octopoll::store
