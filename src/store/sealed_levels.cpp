#include "sealed_levels.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace octopoll::store {

std::string names_of(std::span<const SealedColumn> columns) {
  std::string names;
  for (const SealedColumn& column : columns) {
    if (!names.empty()) names += ", ";
    names += column.name;
  }
  return names;
}

std::size_t place_of(const SealedTable& table, std::int64_t number) noexcept {
  std::size_t from = 0;
  for (std::size_t until = table.rows; from < until;) {
    const std::size_t middle = from + (until - from) / 2;
    if (table.columns[0].number(middle) < number) {
      from = middle + 1;
    } else {
      until = middle;
    }
  }
  return from;
}

tl::unexpected<Error> out_of_memory(const SealedLevel& level, std::int64_t interface_id, std::int64_t begins_at) {
  return fail(ErrorKind::store, "out of memory at the block of " + std::string(level.name) +
                                    (level.level == sealed_polls.level ? " of device " : " of interface ") +
                                    std::to_string(interface_id) + " from " + date_of(begins_at));
}

std::string date_of(std::int64_t unix_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(unix_ms)};
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  const auto two_digits = [](unsigned number) { return (number < 10 ? "-0" : "-") + std::to_string(number); };
  return std::to_string(static_cast<int>(date.year())) + two_digits(static_cast<unsigned>(date.month())) +
         two_digits(static_cast<unsigned>(date.day()));
}

std::string is_block_sql(const BlockTable& table) {
  return std::string(table.level) + " = ?1 AND begins_at = ?2 AND " + std::string(table.owner) + " = ?3";
}

std::string take_block_sql(const BlockTable& table) {
  return "DELETE FROM " + std::string(table.name) + " WHERE " + is_block_sql(table);
}

const SealedLevel& sealed_level(std::int64_t level) noexcept {
  if (level == sealed_polls.level) return sealed_polls;
  return *std::find_if(sealed_levels.begin(), sealed_levels.end() - 1,
                       [level](const SealedLevel& one) { return one.level == level; });
}

void copy_row(const SealedTable& from, std::size_t row, std::span<const SealedColumn> columns, SealedTable& to) {
  if (to.columns.empty()) to.columns.resize(columns.size());
  for (std::size_t place = 0; place < columns.size(); ++place) {
    const SealedValues& values = from.columns[place];
    if (values.absent(row)) {
      to.columns[place].append_absent();
    } else if (columns[place].kind == SealedColumn::Kind::text) {
      to.columns[place].append_text(values.text(row));
    } else {
      to.columns[place].append(values.number(row));
    }
  }
  ++to.rows;
}

bool can_merge(const SealedTable& block, const SealedTable& more, std::size_t most) {
  if (block.rows + more.rows > most) return false;
  for (std::size_t left = 0, right = 0; left < block.rows && right < more.rows;) {
    const std::int64_t one = block.columns[0].number(left);
    const std::int64_t other = more.columns[0].number(right);
    if (one == other) return false;
    ++(one < other ? left : right);
  }
  return true;
}

void merge_rows(SealedTable& block, const SealedTable& more, std::span<const SealedColumn> columns) {
  if (more.rows == 0) return;
  if (block.rows == 0) {
    block = more;
    return;
  }
  SealedTable both;
  both.columns.resize(columns.size());
  for (SealedValues& values : both.columns) values.reserve(block.rows + more.rows);
  const auto ends_before = [](const SealedTable& one, const SealedTable& other) {
    return one.columns[0].number(one.rows - 1) < other.columns[0].number(0);
  };
  const bool with_texts = std::any_of(columns.begin(), columns.end(), [](const SealedColumn& column) {
    return column.kind == SealedColumn::Kind::text;
  });
  const bool follows = ends_before(more, block);
  if (!with_texts && (follows || ends_before(block, more))) {  // nearly all: a part of a span joins those before it
    for (std::size_t place = 0; place < columns.size(); ++place) {
      both.columns[place].append_all((follows ? more : block).columns[place]);
      both.columns[place].append_all((follows ? block : more).columns[place]);
    }
    both.rows = block.rows + more.rows;
    block = std::move(both);
    return;
  }
  std::size_t left = 0;
  std::size_t right = 0;
  while (left < block.rows || right < more.rows) {
    const bool from_left =
        right == more.rows || (left < block.rows && block.columns[0].number(left) < more.columns[0].number(right));
    copy_row(from_left ? block : more, from_left ? left++ : right++, columns, both);
  }
  block = std::move(both);
}

}  // namespace octopoll::store
