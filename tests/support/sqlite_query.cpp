#include "support/sqlite_query.hpp"

#include <sqlite3.h>

#include <memory>
#include <stdexcept>

namespace octopoll::test {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* db) const noexcept { sqlite3_close(db); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};

SqlValue column_value(sqlite3_stmt* statement, int column);
template <class T>
T only_value(const std::filesystem::path& file, const std::string& sql);

}  // namespace

std::vector<SqlRow> sqlite_query(const std::filesystem::path& file, const std::string& sql) {
  const auto check = [&](bool good, sqlite3* db) {
    if (!good)
      throw std::runtime_error(file.string() + ": " + sql + ": " + (db ? sqlite3_errmsg(db) : "out of memory"));
  };
  sqlite3* raw_db = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &raw_db, SQLITE_OPEN_READONLY, nullptr);
  const std::unique_ptr<sqlite3, CloseDatabase> db(raw_db);
  check(opened == SQLITE_OK, raw_db);
  // The writer under test may hold the lock for the length of a commit.
  sqlite3_busy_timeout(raw_db, 10'000);

  sqlite3_stmt* raw_statement = nullptr;
  const char* rest = nullptr;
  const int prepared = sqlite3_prepare_v2(raw_db, sql.c_str(), -1, &raw_statement, &rest);
  const std::unique_ptr<sqlite3_stmt, Finalize> statement(raw_statement);
  check(prepared == SQLITE_OK, raw_db);

  std::vector<SqlRow> rows;
  int step = SQLITE_DONE;
  while ((step = sqlite3_step(raw_statement)) == SQLITE_ROW) {
    SqlRow& row = rows.emplace_back();
    for (int column = 0; column < sqlite3_column_count(raw_statement); ++column) {
      row.push_back(column_value(raw_statement, column));
    }
  }
  check(step == SQLITE_DONE, raw_db);
  return rows;
}

std::int64_t sqlite_int(const std::filesystem::path& file, const std::string& sql) {
  return only_value<std::int64_t>(file, sql);
}

std::string sqlite_text(const std::filesystem::path& file, const std::string& sql) {
  return only_value<std::string>(file, sql);
}

void sqlite_change(const std::filesystem::path& file, const std::string& sql) {
  sqlite3* raw_db = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &raw_db, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, CloseDatabase> db(raw_db);
  if (opened != SQLITE_OK || sqlite3_exec(raw_db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(file.string() + ": " + sql + ": " + (db ? sqlite3_errmsg(raw_db) : "out of memory"));
  }
}

namespace {

SqlValue column_value(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      return std::monostate{};
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    default:
      break;
  }
  const auto* octets = static_cast<const char*>(sqlite3_column_blob(statement, column));
  return octets == nullptr ? std::string()
                           : std::string(octets, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

template <class T>
T only_value(const std::filesystem::path& file, const std::string& sql) {
  const auto rows = sqlite_query(file, sql);
  if (rows.size() != 1 || rows.front().size() != 1 || !std::holds_alternative<T>(rows.front().front())) {
    throw std::runtime_error(file.string() + ": " + sql + ": not one value of the type asked for");
  }
  return std::get<T>(rows.front().front());
}

}  // namespace
}  // namespace octopoll::test
