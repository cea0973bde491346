#include "database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <bit>
#include <utility>

#include "octopoll/core/file_access.hpp"

namespace octopoll::store {
namespace {

// A person at the sqlite3 shell, or a backup, may hold a lock for a moment.
constexpr int busy_timeout_ms = 5000;

int flags_of(Database::Access access);
std::string immutable_name(const std::filesystem::path& whole);
Error describe(const std::filesystem::path& path, std::string_view doing, int code, const char* message);

}  // namespace

void Database::Close::operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
void Statement::Finalize::operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }

Result<Database> Database::open(const std::filesystem::path& path, Access access) {
  // Memory statistics cost a mutex at each allocation, and nobody reads them. Once SQLite is in use this does nothing.
  static const int without_statistics = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(without_statistics);
  sqlite3* raw = nullptr;
  const std::filesystem::path whole = std::filesystem::absolute(path);
  const std::string name = access == Access::immutable ? immutable_name(whole) : whole.string();
  const int code = sqlite3_open_v2(name.c_str(), &raw, flags_of(access), nullptr);
  Handle handle(raw);  // SQLite gives a handle that must be closed even where opening failed
  if (code != SQLITE_OK) {
    const char* message = handle ? sqlite3_errmsg(handle.get()) : sqlite3_errstr(code);
    return tl::make_unexpected(describe(whole, "cannot open the store", code, message));
  }
  sqlite3_extended_result_codes(handle.get(), 1);
  sqlite3_busy_timeout(handle.get(), busy_timeout_ms);
  // A store may come from somebody else: its views and defaults run no function with side effects.
  sqlite3_db_config(handle.get(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return Database(std::move(handle), whole);
}

Result<> Database::execute(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return tl::make_unexpected(error("cannot use the store"));
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement::Handle handle(raw);
  if (code != SQLITE_OK) return tl::make_unexpected(error("cannot read the store"));
  return Statement(std::move(handle), path_);
}

Result<std::int64_t> Database::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::make_unexpected(statement.error());
  const auto row = statement->first();
  if (!row) return tl::make_unexpected(row.error());
  if (!*row) return fail(ErrorKind::store, fmt::format("{}: no answer to \"{}\"", path_.string(), sql));
  return statement->integer(0);
}

Result<std::string> Database::text(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::make_unexpected(statement.error());
  const auto row = statement->first();
  if (!row) return tl::make_unexpected(row.error());
  if (!*row) return fail(ErrorKind::store, fmt::format("{}: no answer to \"{}\"", path_.string(), sql));
  return std::string(statement->text(0));
}

bool Database::in_transaction() const noexcept { return sqlite3_get_autocommit(handle_.get()) == 0; }

void Database::roll_back() noexcept {
  if (in_transaction()) sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

bool Database::read_only() const noexcept { return sqlite3_db_readonly(handle_.get(), "main") == 1; }

bool Database::moved() const noexcept {
  int has_moved = 0;
  const int code = sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
  return code == SQLITE_OK && has_moved != 0;
}

void Database::keep_wal() noexcept {
  int on = 1;
  sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_PERSIST_WAL, &on);
}

bool met_damage(sqlite3* connection) noexcept {
  const int code = sqlite3_extended_errcode(connection);
  return (code & 0xFF) == SQLITE_CORRUPT || code == SQLITE_IOERR_READ || code == SQLITE_IOERR_CORRUPTFS;
}

int Database::last_code() const noexcept { return sqlite3_errcode(handle_.get()) & 0xFF; }

Error Database::error(std::string_view doing) const {
  return describe(path_, doing, sqlite3_extended_errcode(handle_.get()), sqlite3_errmsg(handle_.get()));
}

Result<bool> Statement::next() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* connection = sqlite3_db_handle(handle_.get());
  const bool reads = sqlite3_stmt_readonly(handle_.get()) != 0;
  return tl::make_unexpected(describe(path_, reads ? "cannot read the store" : "cannot write to the store",
                                      sqlite3_extended_errcode(connection), sqlite3_errmsg(connection)));
}

Result<> Statement::finish() {
  for (;;) {
    const auto row = next();
    if (!row) {
      Error error = row.error();
      reset();
      return tl::make_unexpected(std::move(error));
    }
    if (!*row) break;
  }
  reset();
  return {};
}

// Without clear_bindings: every place is bound again before the next run, and clearing costs a pass over them all.
void Statement::reset() noexcept { sqlite3_reset(handle_.get()); }

int Statement::changes() const noexcept { return sqlite3_changes(sqlite3_db_handle(handle_.get())); }
std::int64_t Statement::last_insert_id() const noexcept {
  return sqlite3_last_insert_rowid(sqlite3_db_handle(handle_.get()));
}

int Statement::columns() const noexcept { return sqlite3_column_count(handle_.get()); }
bool Statement::is_null(int column) const noexcept { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }
bool Statement::is_integer(int column) const noexcept {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_INTEGER;
}
bool Statement::is_real(int column) const noexcept {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_FLOAT;
}
std::string_view Statement::name(int column) const noexcept {
  const char* name = sqlite3_column_name(handle_.get(), column);
  return name == nullptr ? std::string_view() : name;
}
std::int64_t Statement::integer(int column) const noexcept { return sqlite3_column_int64(handle_.get(), column); }
std::uint64_t Statement::unsigned_integer(int column) const noexcept {
  return std::bit_cast<std::uint64_t>(integer(column));
}
double Statement::real(int column) const noexcept { return sqlite3_column_double(handle_.get(), column); }
std::string_view Statement::text(int column) const noexcept {
  const auto* octets = sqlite3_column_text(handle_.get(), column);
  if (octets == nullptr) return {};
  return {reinterpret_cast<const char*>(octets), static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}
std::span<const std::uint8_t> Statement::blob(int column) const noexcept {
  const auto* octets = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_.get(), column));
  if (octets == nullptr) return {};
  return {octets, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}
std::optional<std::uint64_t> Statement::maybe_unsigned(int column) const noexcept {
  return is_null(column) ? std::nullopt : std::optional(unsigned_integer(column));
}
std::optional<double> Statement::maybe_real(int column) const noexcept {
  return is_null(column) ? std::nullopt : std::optional(real(column));
}
std::optional<std::string> Statement::maybe_text(int column) const {
  return is_null(column) ? std::nullopt : std::optional<std::string>(text(column));
}

void Statement::bind(int place, std::nullopt_t) noexcept { sqlite3_bind_null(handle_.get(), place); }
void Statement::bind(int place, bool value) noexcept { sqlite3_bind_int(handle_.get(), place, value ? 1 : 0); }
void Statement::bind(int place, std::int64_t value) noexcept { sqlite3_bind_int64(handle_.get(), place, value); }
void Statement::bind(int place, std::uint64_t value) noexcept {
  sqlite3_bind_int64(handle_.get(), place, std::bit_cast<std::int64_t>(value));
}
void Statement::set_from(int place, const Statement& row, int column) noexcept {
  sqlite3_bind_value(handle_.get(), place, sqlite3_column_value(row.handle_.get(), column));
}
void Statement::bind(int place, double value) noexcept { sqlite3_bind_double(handle_.get(), place, value); }
void Statement::bind(int place, std::string_view value) noexcept {
  // An empty view may have no address, and SQLite takes a null address for NULL.
  const char* octets = value.data() != nullptr ? value.data() : "";
  sqlite3_bind_text64(handle_.get(), place, octets, value.size(), SQLITE_STATIC, SQLITE_UTF8);
}
void Statement::bind(int place, std::span<const std::uint8_t> value) noexcept {
  sqlite3_bind_blob64(handle_.get(), place, value.data(), value.size(), SQLITE_STATIC);
}

Result<Transaction> Transaction::begin(Database& database) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return tl::make_unexpected(begun.error());
  return Transaction(database);
}

Result<> Transaction::commit() {
  if (auto done = database_->execute("COMMIT"); !done) return done;
  database_ = nullptr;
  return {};
}

namespace {

int flags_of(Database::Access access) {
  switch (access) {
    case Database::Access::read_only:
      return SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    case Database::Access::immutable:
      return SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    case Database::Access::read_write:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    case Database::Access::create:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  }
  return SQLITE_OPEN_READONLY;
}

// https://sqlite.org/uri.html
std::string immutable_name(const std::filesystem::path& whole) {
  std::string name = "file:";
  for (const char each : whole.string()) {
    if (each == '%' || each == '?' || each == '#') {
      name += fmt::format("%{:02x}", static_cast<unsigned char>(each));
    } else {
      name += each;
    }
  }
  return name + "?immutable=1";
}

std::string remedy_for(int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return "free space on its file system";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program holds a lock on it: let it finish, or close it";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "check owner and permissions of the file and its directory";
    case SQLITE_CANTOPEN:
      return "check that the file and its directory exist and may be read and written by this user";
    case SQLITE_NOTADB:
      return "it is no SQLite database: name another file with --db";
    case SQLITE_CORRUPT:
      return "the file is damaged: restore a backup, or take a copy of what can be read by octopoll db backup NEW "
             "--leave-out-damaged (where that cannot open it sqlite3's .recover may)";
    case SQLITE_IOERR:
      return "the disk or its file system reports errors: look at the kernel's log";
    default:
      return {};
  }
}

Error describe(const std::filesystem::path& path, std::string_view doing, int code, const char* message) {
  const int primary = code & 0xFF;
  // SQLite says "unable to open database file" whatever the reason is.
  if (std::string whose = primary == SQLITE_CANTOPEN ? remedy_of_refusal(path, FileUse::read) : ""; !whose.empty())
    return Error{ErrorKind::permission, fmt::format("{} {}: permission denied", doing, path.string()),
                 std::move(whose)};
  const bool refused = primary == SQLITE_PERM || primary == SQLITE_READONLY || primary == SQLITE_AUTH;
  return Error{refused ? ErrorKind::permission : ErrorKind::store,
               fmt::format("{} {}: {} (SQLite {})", doing, path.string(), message, code), remedy_for(code)};
}

}  // namespace
}  // namespace octopoll::store
