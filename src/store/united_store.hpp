#pragma once
// What the united tables of a connection share: statements that throw, one moment for all that a cursor reads, blocks,
// and what SQLite says of conditions.

#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "sealed_levels.hpp"
#include "sqlite_api.hpp"
#include "united_tables.hpp"

namespace octopoll::store {

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

/// What SQLite or a block says of a failure; thrown as far as the call of SQLite that meets it.
struct Failure {
  int code = SQLITE_ERROR;
  std::string words;
};

[[nodiscard]] StatementHandle prepare(sqlite3* connection, const std::string& sql);
/// True: it is at a row.
[[nodiscard]] bool step(sqlite3_stmt* statement);
template <class... Numbers>
void start(sqlite3_stmt* statement, Numbers... numbers) {
  sqlite3_reset(statement);
  int place = 0;
  (sqlite3_bind_int64(statement, ++place, static_cast<sqlite3_int64>(numbers)), ...);
}

/// Runs `call`; what it throws becomes the words of the table's error.
template <class Call>
int guarded(sqlite3_vtab* table, Call&& call) noexcept {
  const auto fail = [table](int code, const char* words) {
    sqlite3_free(table->zErrMsg);
    table->zErrMsg = sqlite3_mprintf("%s", words);
    return code;
  };
  try {
    call();
    return SQLITE_OK;
  } catch (const Failure& failure) {
    return fail(failure.code, failure.words.c_str());
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  } catch (const std::exception& problem) {
    return fail(SQLITE_ERROR, problem.what());
  }
}

/// The store that is open on a connection, and its blocks of one table. Thread: the connection's.
class UnitedStore {
 public:
  UnitedStore(sqlite3* connection, const BlockTable& table, std::shared_ptr<OnDamage> damage)
      : connection_(connection), table_(table), damage_(std::move(damage)) {}

  /// To be called around the life of a cursor: all that its statements read is then of one moment. True: it is not the
  /// moment of the cursor before, and what was kept of that is to be forgotten.
  [[nodiscard]] bool enter();
  void leave() noexcept {
    if (--cursors_ == 0) sqlite3_reset(anchor_.get());
  }

  [[nodiscard]] sqlite3* connection() const noexcept { return connection_; }
  /// nullopt: it is damaged, and is left out.
  [[nodiscard]] std::optional<SealedBlock> unpack(const SealedLevel& level, std::int64_t begins_at,
                                                  std::int64_t owner_id);

 private:
  [[nodiscard]] tl::expected<SealedBlock, std::string> read_block(const SealedLevel& level,
                                                                  const SealedIdentity& which);

  sqlite3* connection_;
  const BlockTable& table_;  // one of block_tables
  std::shared_ptr<OnDamage> damage_;
  SealedCodec codec_;
  StatementHandle anchor_, packed_;
  int cursors_ = 0;
  unsigned version_ = 0;
  int changes_ = 0;
  bool leaves_out_ = false;
};

/// What a module is made with: the tables of a connection share one `Shared`, and hold it together, for their
/// statements must be gone before the connection can be closed.
template <class Shared>
struct SharedByTables {
  std::weak_ptr<Shared> shared;
  std::shared_ptr<OnDamage> damage;
  std::size_t most_octets = 0;
};

// A plan is a text of two letters for each value that the filter gets: what is asked for and how. SQLite checks every
// condition again itself, so that a bound may be wider than what was asked.
constexpr char is_equal = '=';
constexpr char is_least = 'l';  // or above
constexpr char is_most = 'm';   // or below
constexpr char is_above = '>';
constexpr char is_below = '<';
/// Of SQLITE_INDEX_CONSTRAINT_…; 0: none of these.
[[nodiscard]] char how_of(unsigned char condition) noexcept;

/// Whole numbers that fulfil a condition, and some that do not.
struct Limits {
  std::int64_t first = std::numeric_limits<std::int64_t>::min();
  std::int64_t last = std::numeric_limits<std::int64_t>::max();
  [[nodiscard]] bool none() const noexcept { return first > last; }
  void narrow(const Limits& more) noexcept;
};
[[nodiscard]] Limits limits_of(sqlite3_value* value, char how) noexcept;

/// Makes the module of the table that stands before `polls`, and the table. What failed is thrown.
void unite_polls(sqlite3* connection, std::shared_ptr<OnDamage> damage);

}  // namespace octopoll::store
