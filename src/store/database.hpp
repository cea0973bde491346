#pragma once
// SQLite's two handles as values that are never half open. What only the store knows stays here.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "octopoll/core/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace octopoll::store {

class Statement;

/// Whether the last failure on the connection was damage: of the file, or a sector that the disk cannot read. SQLite
/// ends the transaction of a connection that met the latter.
[[nodiscard]] bool met_damage(sqlite3* connection) noexcept;

/// One connection. Thread: one at a time (SQLite's multi-thread mode); it may move from one to the next.
class Database {
 public:
  /// How to open. Only `create` makes a file; no mode follows "file:" names or ":memory:" (paths are made absolute).
  /// `immutable`: reads without a look at the write-ahead log or at locks, for a file that nobody changes.
  enum class Access : std::uint8_t { read_only, immutable, read_write, create };

  [[nodiscard]] static Result<Database> open(const std::filesystem::path& path, Access access);

  /// Runs statements that give no rows we want. Errors: ErrorKind::store (permission where the system refused).
  [[nodiscard]] Result<> execute(const char* sql);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  /// The first column of the first row of a query; fails where there is none.
  [[nodiscard]] Result<std::int64_t> integer(std::string_view sql);
  [[nodiscard]] Result<std::string> text(std::string_view sql);

  [[nodiscard]] bool in_transaction() const noexcept;
  /// Undoes an open transaction; SQLite has undone it already after some errors, and then this does nothing.
  void roll_back() noexcept;

  [[nodiscard]] bool read_only() const noexcept;
  /// The file at the path is no longer the file that is open: writes would go to a file without a name.
  [[nodiscard]] bool moved() const noexcept;
  /// Keeps the -wal and -shm files when the last connection closes.
  void keep_wal() noexcept;
  /// SQLite's primary result code of the last failure on this connection.
  [[nodiscard]] int last_code() const noexcept;
  /// The last failure as an Error that names the file and the next step. `doing`: "cannot write to the store".
  [[nodiscard]] Error error(std::string_view doing) const;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// For calls that have no wrapper here.
  [[nodiscard]] sqlite3* native() noexcept { return handle_.get(); }

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* handle) const noexcept;
  };
  using Handle = std::unique_ptr<sqlite3, Close>;

  Database(Handle handle, std::filesystem::path path) : handle_(std::move(handle)), path_(std::move(path)) {}

  Handle handle_;
  std::filesystem::path path_;
};

/// One prepared statement of a connection that outlives it.
///
/// Unsigned 64-bit numbers are bound and read bit-cast: SQLite's INTEGER is signed, so 2^63 and more look negative in
/// the file and come back whole.
class Statement {
 public:
  /// Binds all, runs to the end, resets. For statements whose rows nobody wants.
  template <class... Args>
  [[nodiscard]] Result<> run(const Args&... args) {
    bind_all(args...);
    return finish();
  }
  /// Binds all and runs; true if it gave a row, which column getters then read. reset() before the next use.
  template <class... Args>
  [[nodiscard]] Result<bool> first(const Args&... args) {
    bind_all(args...);
    return next();
  }
  [[nodiscard]] Result<bool> next();
  /// Binds one place, from 1 on, of a statement that was reset: for those whose places are a list. Texts and blobs must
  /// live until it is reset.
  template <class T>
  void set(int place, const T& value) noexcept {
    bind(place, value);
  }
  /// Likewise, what a column of another statement's row has; it must stay at that row as long.
  void set_from(int place, const Statement& row, int column) noexcept;
  void reset() noexcept;
  /// Rows that the last run of this connection inserted, changed or deleted.
  [[nodiscard]] int changes() const noexcept;
  /// Rowid of the last row that this connection inserted.
  [[nodiscard]] std::int64_t last_insert_id() const noexcept;

  [[nodiscard]] int columns() const noexcept;
  [[nodiscard]] std::string_view name(int column) const noexcept;
  [[nodiscard]] bool is_null(int column) const noexcept;
  [[nodiscard]] bool is_integer(int column) const noexcept;
  [[nodiscard]] bool is_real(int column) const noexcept;
  [[nodiscard]] std::int64_t integer(int column) const noexcept;
  [[nodiscard]] std::uint64_t unsigned_integer(int column) const noexcept;
  [[nodiscard]] double real(int column) const noexcept;
  /// Lives until next() or reset().
  [[nodiscard]] std::string_view text(int column) const noexcept;
  /// Lives as long as text().
  [[nodiscard]] std::span<const std::uint8_t> blob(int column) const noexcept;
  [[nodiscard]] std::optional<std::uint64_t> maybe_unsigned(int column) const noexcept;
  [[nodiscard]] std::optional<double> maybe_real(int column) const noexcept;
  [[nodiscard]] std::optional<std::string> maybe_text(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const noexcept;
  };
  using Handle = std::unique_ptr<sqlite3_stmt, Finalize>;

  explicit Statement(Handle handle, const std::filesystem::path& path) : handle_(std::move(handle)), path_(path) {}

  template <class... Args>
  void bind_all(const Args&... args) {
    reset();
    int place = 0;
    (bind(++place, args), ...);
  }
  void bind(int place, std::nullopt_t) noexcept;
  void bind(int place, bool value) noexcept;
  void bind(int place, int value) noexcept { bind(place, static_cast<std::int64_t>(value)); }
  void bind(int place, std::uint32_t value) noexcept { bind(place, static_cast<std::int64_t>(value)); }
  void bind(int place, std::int64_t value) noexcept;
  void bind(int place, std::uint64_t value) noexcept;
  void bind(int place, double value) noexcept;
  void bind(int place, std::string_view value) noexcept;  // the text must live until the statement is reset
  void bind(int place, const std::string& value) noexcept { bind(place, std::string_view(value)); }
  void bind(int place, std::span<const std::uint8_t> value) noexcept;  // likewise
  template <class T>
  void bind(int place, const std::optional<T>& value) noexcept {
    if (value) {
      bind(place, *value);
    } else {
      bind(place, std::nullopt);
    }
  }
  [[nodiscard]] Result<> finish();

  Handle handle_;
  std::filesystem::path path_;
};

/// BEGIN IMMEDIATE that ends: rolled back unless committed.
class Transaction {
 public:
  [[nodiscard]] static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction() {
    if (database_ != nullptr) database_->roll_back();
  }
  [[nodiscard]] Result<> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace octopoll::store
