#include "plain_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <string>

#include "cycle_rows.hpp"

namespace octopoll::store {
namespace {

Result<Statement> insert_into(Database& database, std::string_view table, std::span<const SealedColumn> columns) {
  std::string places = "?";
  for (std::size_t more = 1; more < columns.size(); ++more) places += ", ?";
  return database.prepare(fmt::format("INSERT INTO {} ({}) VALUES ({})", table, names_of(columns), places));
}

Result<> insert_row(Statement& insert, const SealedTable& table, std::span<const SealedColumn> columns,
                    std::int64_t interface_id, std::size_t row) {
  insert.reset();
  insert.set(1, sample_id(table.columns[0].number(row), interface_id));
  for (std::size_t column = 1; column < columns.size(); ++column) {
    const int place = static_cast<int>(column) + 1;
    const SealedValues& values = table.columns[column];
    if (values.absent(row)) {
      insert.set(place, std::nullopt);
    } else if (columns[column].kind == SealedColumn::Kind::text) {
      insert.set(place, values.text(row));
    } else if (columns[column].kind == SealedColumn::Kind::real) {
      insert.set(place, std::bit_cast<double>(values.number(row)));
    } else {
      insert.set(place, values.number(row));
    }
  }
  const auto done = insert.next();
  insert.reset();
  if (!done) return tl::make_unexpected(done.error());
  return {};
}

}  // namespace

void append_value(const Statement& row, int column, SealedColumn::Kind kind, SealedValues& values) {
  if (row.is_null(column)) {
    values.append_absent();
  } else if (kind == SealedColumn::Kind::text) {
    values.append_text(row.text(column));
  } else if (kind == SealedColumn::Kind::real) {
    values.append(std::bit_cast<std::int64_t>(row.real(column)));
  } else {
    values.append(row.integer(column));
  }
}

void append_row(const Statement& row, std::span<const SealedColumn> columns, std::int64_t number, SealedTable& table) {
  if (table.columns.empty()) table.columns.resize(columns.size());
  table.columns[0].append(number);
  for (std::size_t place = 1; place < columns.size(); ++place)
    append_value(row, static_cast<int>(place), columns[place].kind, table.columns[place]);
  ++table.rows;
}

Result<PlainRows> PlainRows::create(Database& database) {
  std::vector<Level> levels;
  for (const SealedLevel& of : sealed_levels) {
    Level level{of, {}};
    auto insert = insert_into(database, of.table, of.columns);
    if (!insert) return tl::make_unexpected(insert.error());
    level.inserts.push_back(std::move(*insert));
    if (!of.exception_columns.empty()) {
      auto more = insert_into(database, of.exception_table, of.exception_columns);
      if (!more) return tl::make_unexpected(more.error());
      level.inserts.push_back(std::move(*more));
    }
    levels.push_back(std::move(level));
  }
  return PlainRows(std::move(levels));
}

Result<bool> PlainRows::insert(const SealedBlock& block, std::int64_t first, std::int64_t last) {
  const auto level =
      std::find_if(levels_.begin(), levels_.end(), [&](const Level& one) { return one.of.level == block.level; });
  const auto insert_all = [&](Statement& insert, const SealedTable& table,
                              std::span<const SealedColumn> columns) -> Result<bool> {
    std::size_t row = place_of(table, first);
    const std::size_t from = row;
    for (; row < table.rows && table.columns[0].number(row) <= last; ++row) {
      if (auto done = insert_row(insert, table, columns, block.interface_id, row); !done)
        return tl::make_unexpected(done.error());
    }
    return row != from;
  };
  const auto any = insert_all(level->inserts.front(), block.rows, level->of.columns);
  if (!any || level->inserts.size() == 1) return any;
  if (auto more = insert_all(level->inserts.back(), block.exceptions, level->of.exception_columns); !more) return more;
  return any;
}

}  // namespace octopoll::store
