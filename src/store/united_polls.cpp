// Sealed polls and plain ones as one table, by their device.

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "poll_blocks.hpp"
#include "united_module.hpp"
#include "united_store.hpp"

namespace octopoll::store {
namespace {

/// What the connection's cursors share.
struct Shared {
  Shared(sqlite3* connection, std::shared_ptr<OnDamage> damage)
      : store(connection, blocks_of_polls, std::move(damage)) {}

  void enter() {
    if (store.enter()) last.reset();
  }
  void leave() noexcept { store.leave(); }

  UnitedStore store;
  std::shared_ptr<const SealedBlock> last;  ///< for questions that go from poll to poll
};

struct CursorStatements {
  StatementHandle by_id, by_time, by_number, blocks, blocks_of_device;
};

using Table = UnitedTable<Shared, CursorStatements>;

/// The polls that a question is about.
struct Asked {
  Limits id, device, number, started_at;

  [[nodiscard]] bool none() const noexcept { return id.none() || device.none() || number.none() || started_at.none(); }
  [[nodiscard]] bool of_one_device() const noexcept { return device.first == device.last; }
  [[nodiscard]] bool of_one_id() const noexcept { return id.first == id.last; }
};

// Where in the table.
constexpr int id_column = 0;
constexpr int number_column = 2;
constexpr int started_at_column = 4;

std::string plain_sql(std::string_view condition) {
  std::string sql = "SELECT t.id, t.device_id";
  for (std::size_t place = device_column; place < poll_columns; ++place)
    sql += ", t." + std::string(sealed_columns::polls[place].name);
  return sql + " FROM main.polls t WHERE " + std::string(condition);
}

/// Blocks, one of them in memory at a time, then plain rows: mostly older polls before newer ones, but for those that
/// stayed plain.
class Cursor : public UnitedCursor<Table> {
 public:
  using UnitedCursor::UnitedCursor;
  ~Cursor() { release(); }

  void filter(const Asked& asked);
  void next();
  [[nodiscard]] bool at_end() const noexcept { return block_ == nullptr && plain_ == nullptr; }
  [[nodiscard]] std::int64_t key() const noexcept {
    return block_ == nullptr ? sqlite3_column_int64(plain_, 0) : block_->rows.columns[poll_place::id].number(row_);
  }
  void column(sqlite3_context* result, int which) const;

 private:
  void release() noexcept;
  void ask_for_blocks();
  [[nodiscard]] bool open_next_block();
  [[nodiscard]] bool open_block();  // that `blocks_` is at; false: it is damaged, and left out
  void find_in_blocks();
  void leave_blocks() noexcept;
  void start_plain();
  void advance_plain();

  Asked asked_;
  sqlite3_stmt* blocks_ = nullptr;
  sqlite3_stmt* plain_ = nullptr;             // at a row; nullptr: none yet, or no more of them
  std::shared_ptr<const SealedBlock> block_;  // whose row `row_` is next; nullptr: no more of them
  std::size_t row_ = 0;
};

void Cursor::release() noexcept {
  for (const StatementHandle* each :
       {&ask_.by_id, &ask_.by_time, &ask_.by_number, &ask_.blocks, &ask_.blocks_of_device})
    sqlite3_reset(each->get());
  blocks_ = plain_ = nullptr;
  block_.reset();
}

void Cursor::filter(const Asked& asked) {
  release();
  asked_ = asked;
  if (asked_.none()) return;
  if (!asked_.of_one_id()) {
    ask_for_blocks();
    if (!open_next_block()) start_plain();
    return;
  }
  start_plain();  // nearly always it is one that is not sealed, and then in no block
  if (plain_ != nullptr) return;
  ask_for_blocks();
  find_in_blocks();
}

void Cursor::ask_for_blocks() {
  // Those of one poll come in any order, and in that of the index they need not be sorted.
  const bool by_device = asked_.of_one_device() || asked_.of_one_id();
  StatementHandle& blocks = by_device ? ask_.blocks_of_device : ask_.blocks;
  if (!blocks) {
    blocks = prepare(table_.shared->store.connection(),
                     std::string("SELECT begins_at, device_id FROM main.sealed_polls WHERE device_id BETWEEN ?1 AND ?2"
                                 " AND last_at >= ?3 AND first_at <= ?4 AND last_id >= ?5 AND first_id <= ?6"
                                 " AND last_number >= ?7 AND first_number <= ?8 ORDER BY ") +
                         (by_device ? "device_id, begins_at" : "begins_at, device_id"));
  }
  blocks_ = blocks.get();
  start(blocks_, asked_.device.first, asked_.device.last, asked_.started_at.first, asked_.started_at.last,
        asked_.id.first, asked_.id.last, asked_.number.first, asked_.number.last);
}

bool Cursor::open_next_block() {
  while (blocks_ != nullptr && step(blocks_)) {
    if (open_block()) return true;
  }
  leave_blocks();
  return false;
}

bool Cursor::open_block() {
  const std::int64_t begins_at = sqlite3_column_int64(blocks_, 0);
  const std::int64_t device_id = sqlite3_column_int64(blocks_, 1);
  Shared& shared = *table_.shared;
  if (!shared.last || shared.last->begins_at != begins_at || shared.last->interface_id != device_id) {
    auto block = shared.store.unpack(sealed_polls, begins_at, device_id);
    if (!block || block->rows.rows == 0) return false;
    shared.last = std::make_shared<const SealedBlock>(std::move(*block));
  }
  block_ = shared.last;
  row_ = 0;
  return true;
}

// Ids of all devices run through each other: many blocks may have this one, and one of them has. What is wrong with
// others is no matter then.
void Cursor::find_in_blocks() {
  std::optional<Failure> damaged;
  while (step(blocks_)) {
    try {
      if (!open_block()) continue;
    } catch (const Failure& failure) {
      if (failure.code != SQLITE_CORRUPT) throw;
      if (!damaged) damaged = failure;
      continue;
    }
    row_ = place_of(block_->rows, asked_.id.first);
    if (row_ < block_->rows.rows && block_->rows.columns[poll_place::id].number(row_) == asked_.id.first) return;
  }
  leave_blocks();
  if (damaged) throw *damaged;
}

void Cursor::leave_blocks() noexcept {
  if (blocks_ != nullptr) sqlite3_reset(blocks_);
  blocks_ = nullptr;
  block_.reset();
}

void Cursor::start_plain() {
  const auto ask = [this](StatementHandle& statement, std::string_view condition, const Limits& limits) {
    if (!statement) statement = prepare(table_.shared->store.connection(), plain_sql(condition));
    plain_ = statement.get();
    start(plain_, asked_.device.first, limits.first, limits.last);
  };
  if (!asked_.of_one_device() || asked_.of_one_id()) {
    ask(ask_.by_id, "t.id BETWEEN ?2 AND ?3 ORDER BY t.id", asked_.id);
  } else if (asked_.number.first == asked_.number.last) {
    ask(ask_.by_number, "t.device_id = ?1 AND t.poll_number BETWEEN ?2 AND ?3 ORDER BY t.poll_number", asked_.number);
  } else {
    ask(ask_.by_time, "t.device_id = ?1 AND t.started_at BETWEEN ?2 AND ?3 ORDER BY t.started_at", asked_.started_at);
  }
  advance_plain();
}

void Cursor::advance_plain() {
  if (step(plain_)) return;
  sqlite3_reset(plain_);
  plain_ = nullptr;
}

void Cursor::next() {
  if (block_ == nullptr) return advance_plain();
  if (asked_.of_one_id()) return leave_blocks();
  if (++row_ >= block_->rows.rows && !open_next_block()) start_plain();
}

void Cursor::column(sqlite3_context* result, int which) const {
  const auto column = static_cast<std::size_t>(which);
  if (block_ == nullptr) return sqlite3_result_value(result, sqlite3_column_value(plain_, which));
  if (column == device_column) return sqlite3_result_int64(result, block_->interface_id);
  const std::size_t place = column < device_column ? column : column - 1;
  const SealedValues& values = block_->rows.columns[place];
  if (const std::size_t real = real_of(place); real != 0) {
    const SealedValues& reals = block_->rows.columns[real];
    const bool exact = !values.absent(row_);
    if (!exact && reals.absent(row_)) return sqlite3_result_null(result);
    return sqlite3_result_double(result,
                                 exact ? ms_of(values.number(row_)) : std::bit_cast<double>(reals.number(row_)));
  }
  if (values.absent(row_)) return sqlite3_result_null(result);
  if (sealed_columns::polls[place].kind == SealedColumn::Kind::integer)
    return sqlite3_result_int64(result, values.number(row_));
  const std::string& text = values.text(row_);
  sqlite3_result_text64(result, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

// As the letters of a plan say it.
Limits* limits_at(Asked& asked, char what) noexcept {
  switch (what) {
    case 'i':
      return &asked.id;
    case 'd':
      return &asked.device;
    case 'n':
      return &asked.number;
    case 's':
      return &asked.started_at;
    default:
      return nullptr;
  }
}
char letter_of(int column) noexcept {
  switch (column) {
    case -1:
    case id_column:
      return 'i';
    case static_cast<int>(device_column):
      return 'd';
    case number_column:
      return 'n';
    case started_at_column:
      return 's';
    default:
      return 0;
  }
}

using Known = SharedByTables<Shared>;

struct Own {
  static int connect(sqlite3* connection, void* given, int, const char* const*, sqlite3_vtab** table,
                     char** error) noexcept {
    try {
      constexpr const char* columns =
          "CREATE TABLE x (id INTEGER, device_id INTEGER, poll_number INTEGER, slot INTEGER, started_at INTEGER,"
          " duration_ms REAL, interval_ms REAL, outcome TEXT, error_kind TEXT, error TEXT, rebooted INTEGER,"
          " sys_uptime INTEGER, cache_period_ms REAL, requests INTEGER, responses INTEGER, retries INTEGER,"
          " octets_sent INTEGER, octets_received INTEGER)";
      sqlite3_vtab_config(connection, SQLITE_VTAB_DIRECTONLY);  // no view or trigger of a strange file reads it
      if (const int code = sqlite3_declare_vtab(connection, columns); code != SQLITE_OK) return code;
      auto made = std::make_unique<Table>();
      Known& known = *static_cast<Known*>(given);
      made->shared = known.shared.lock();
      if (!made->shared) made->shared = std::make_shared<Shared>(connection, known.damage);
      known.shared = made->shared;
      *table = made.release();
      return SQLITE_OK;
    } catch (const std::exception& problem) {
      *error = sqlite3_mprintf("%s", problem.what());
      return SQLITE_NOMEM;
    }
  }
  static int best_index(sqlite3_vtab*, sqlite3_index_info* plan) noexcept {
    std::array<char, 2 * 16 + 1> words{};
    int count = 0;
    // Guesses that put questions in the right order: polls of all devices, of one, of a part of its time.
    double rows = 500'000;
    bool unique = false;
    for (int place = 0; place < plan->nConstraint && count < 16; ++place) {
      const auto& condition = plan->aConstraint[place];
      const char how = how_of(condition.op);
      const char what = letter_of(condition.iColumn);
      if (condition.usable == 0 || how == 0 || what == 0) continue;
      unique = unique || (what == 'i' && how == is_equal);
      rows /= what == 'd' && how == is_equal ? 100 : how == is_equal ? 10'000 : 4;
      words[static_cast<std::size_t>(2 * count)] = what;
      words[static_cast<std::size_t>(2 * count + 1)] = how;
      plan->aConstraintUsage[place].argvIndex = ++count;
    }
    if (unique) {
      rows = 1;
      plan->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
    }
    plan->estimatedRows = static_cast<sqlite3_int64>(std::max(rows, 1.0));
    plan->estimatedCost = rows * 2 + 10;
    plan->idxStr = sqlite3_mprintf("%s", words.data());
    plan->needToFreeIdxStr = 1;
    return plan->idxStr == nullptr ? SQLITE_NOMEM : SQLITE_OK;
  }

  static Asked asked(const Table&, const char* plan, int count, sqlite3_value** values) {
    Asked asked;
    for (int place = 0; place < count; ++place) {
      if (Limits* limits = limits_at(asked, plan[2 * place]))
        limits->narrow(limits_of(values[place], plan[2 * place + 1]));
    }
    return asked;
  }
};

constexpr sqlite3_module module = UnitedModule<Own, Cursor>::calls();

}  // namespace

void unite_polls(sqlite3* connection, std::shared_ptr<OnDamage> damage) {
  auto known = std::make_unique<Known>(Known{{}, std::move(damage)});
  const int made = sqlite3_create_module_v2(connection, "octopoll_polls", &module, known.release(),
                                            [](void* given) { delete static_cast<Known*>(given); });
  if (made != SQLITE_OK) throw Failure{made, sqlite3_errmsg(connection)};
  const int done =
      sqlite3_exec(connection, "CREATE VIRTUAL TABLE temp.polls USING octopoll_polls", nullptr, nullptr, nullptr);
  if (done != SQLITE_OK) throw Failure{done, sqlite3_errmsg(connection)};
}

}  // namespace octopoll::store
