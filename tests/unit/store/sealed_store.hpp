#pragma once
// A store whose rows are made at random, past all that makes rows, and what SELECTs say of it.

#include <fmt/format.h>
#include <bit>
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "store/database.hpp"
#include "store/open.hpp"
#include "store/sealed_levels.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::test {

/// All rows, each value with its type, and reals by their bits.
inline std::string dump(store::Database& database, const std::string& sql) {
  auto statement = database.prepare(sql);
  if (!statement) FAIL(sql << ": " << statement.error().text());
  std::string all;
  for (;;) {
    const auto row = statement->next();
    if (!row) FAIL(sql << ": " << row.error().text());
    if (!*row) return all;
    for (int column = 0; column < statement->columns(); ++column) {
      if (statement->is_null(column)) {
        all += "NULL|";
      } else if (statement->is_integer(column)) {
        all += fmt::format("{}|", statement->integer(column));
      } else if (statement->is_real(column)) {
        all += fmt::format("{:x}|", std::bit_cast<std::uint64_t>(statement->real(column)));
      } else {
        all += fmt::format("'{}'|", statement->text(column));
      }
    }
    all += '\n';
  }
}

/// Reads a store as reports and `octopoll db export` do.
inline store::Database united(const std::filesystem::path& path,
                              std::shared_ptr<store::OnDamage> damage = std::make_shared<store::OnDamage>()) {
  auto database = store::open_for_reading(path);
  if (!database) FAIL(database.error().text());
  if (auto begun = database->execute("BEGIN"); !begun) FAIL(begun.error().text());
  if (auto made = store::unite_where_sealed(*database, store::Unite::views, std::move(damage)); !made)
    FAIL(made.error().text());
  return std::move(*database);
}

/// A store that a test writes to by hand.
class WrittenStore {
 public:
  WrittenStore() : database_(opened(dir_ / "x.db")) {}

  void run(const std::string& sql) {
    if (auto done = database_.execute(sql.c_str()); !done) FAIL(sql << ": " << done.error().text());
  }
  std::int64_t integer(const std::string& sql) {
    const auto answer = database_.integer(sql);
    if (!answer) FAIL(sql << ": " << answer.error().text());
    return *answer;
  }
  store::Database& database() { return database_; }
  [[nodiscard]] std::filesystem::path path() const { return dir_ / "x.db"; }

 private:
  static store::Database opened(const std::filesystem::path& path) {
    auto database = store::open_for_writing(path);
    if (!database) FAIL(database.error().text());
    REQUIRE(database->execute("PRAGMA synchronous = OFF"));
    return std::move(*database);
  }

  TempDir dir_;
  store::Database database_;
};

/// Numbers as they come and as nobody expects them.
class RandomRows {
 public:
  explicit RandomRows(unsigned seed) : random_(seed) {}

  [[nodiscard]] std::int64_t below(std::int64_t end) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(end));
  }
  [[nodiscard]] std::int64_t number() {
    switch (below(12)) {
      case 0:
        return std::numeric_limits<std::int64_t>::min();
      case 1:
        return std::numeric_limits<std::int64_t>::max();
      case 2:
        return static_cast<std::int64_t>(random_());
      case 3:
        return -below(5);
      default:
        return below(1'000'000);
    }
  }
  [[nodiscard]] std::string maybe(std::int64_t number) { return below(6) == 0 ? "NULL" : std::to_string(number); }
  [[nodiscard]] std::string real() {
    if (below(5) == 0) return "NULL";
    return fmt::format("{}", static_cast<double>(below(1'000'000'007)) / 3e8);
  }

  /// A row of the table: its key, then whatever its columns may hold.
  [[nodiscard]] std::string row(std::int64_t id, std::span<const store::SealedColumn> columns) {
    std::string values = std::to_string(id);
    for (const store::SealedColumn& column : columns.subspan(1)) {
      const bool needed = column.name == "read_after_ms" || column.name == "elapsed_us" || column.name == "states" ||
                          column.name == "time_error_ppb" || column.name.ends_with("_missing_us");
      const bool steady = column.name == "speed_mbps";
      if (column.kind == store::SealedColumn::Kind::text) {
        values += below(2) == 0 ? ", NULL" : fmt::format(", 'words {}'", below(3));
      } else if (column.kind == store::SealedColumn::Kind::real) {
        values += ", " + real();
      } else {
        const std::int64_t value = steady ? 1000 : number();
        // Lest the views come to reckon with what is no time at all.
        values +=
            ", " + (needed ? std::to_string(column.name == "elapsed_us" ? below(9'000'000) + 1 : value) : maybe(value));
      }
    }
    return "(" + values + ")";
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace octopoll::test
