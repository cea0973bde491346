#pragma once
// Rows of a table as rows of a block, and as rows of their table again.

#include <cstdint>
#include <span>
#include <vector>

#include "database.hpp"
#include "sealed_levels.hpp"

namespace octopoll::store {

/// Adds what a column of the row has that a statement is at.
void append_value(const Statement& row, int column, SealedColumn::Kind kind, SealedValues& values);
/// Adds such a row, of which the first column is said by `number` and the others are `columns`.
void append_row(const Statement& row, std::span<const SealedColumn> columns, std::int64_t number, SealedTable& table);

/// Knows the statements of one connection. Errors: store.
class PlainRows {
 public:
  [[nodiscard]] static Result<PlainRows> create(Database& database);
  /// Those whose numbers are from `first` to `last`; true if there were any. They are not in their table yet.
  /// The block's level is one of sealed_levels.
  [[nodiscard]] Result<bool> insert(const SealedBlock& block, std::int64_t first, std::int64_t last);

 private:
  struct Level {
    SealedLevel of;
    std::vector<Statement> inserts;  ///< of rows, and where the level has them of exceptions
  };
  explicit PlainRows(std::vector<Level> levels) : levels_(std::move(levels)) {}

  std::vector<Level> levels_;
};

}  // namespace octopoll::store
