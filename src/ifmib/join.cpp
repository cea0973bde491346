#include "ifmib/join.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "octopoll/core/text.hpp"

namespace octopoll::ifmib {
namespace {

/// Counters below say little: all that have just been reset look alike.
constexpr std::uint32_t telling_count = 10'000;
/// Pairs of counters that must agree where no names do.
constexpr int enough_pairs = 2;

std::optional<std::string> text_of(const Row& row, Column column) {
  const std::string* octets = row.octets(column);
  if (octets == nullptr) return std::nullopt;
  std::string text = agent_text(*octets);
  return is_blank(text) ? std::nullopt : std::optional(std::move(text));
}

/// What pairs of rows say for belonging together.
struct Evidence {
  int pairs = 0;
  int same_names = 0;
  int same_counters = 0;
  int other_counters = 0;

  [[nodiscard]] bool by_name() const noexcept { return pairs > 0 && same_names == pairs; }
  [[nodiscard]] bool by_counters() const noexcept { return same_counters >= enough_pairs && other_counters == 0; }
  [[nodiscard]] bool against_counters() const noexcept { return same_counters == 0 && other_counters >= enough_pairs; }
};

/// The 64-bit counter's low half and the 32-bit one are the same counter, read a moment apart.
void compare_counters(const Row& row, const Row& x_row, Column narrow_column, Column wide_column, Evidence& evidence) {
  const auto narrow = row.number(narrow_column);
  const auto wide = x_row.number(wide_column);
  if (!narrow || !wide || *wide == 0) return;  // 0: agents that have the column and count nothing in it (D-Link)
  const auto a = static_cast<std::uint32_t>(*narrow);
  const auto b = static_cast<std::uint32_t>(*wide);
  if (std::max(a, b) < telling_count) return;
  const std::uint32_t apart = std::min(a - b, b - a);
  ++(apart <= std::min(a, b) / 16 ? evidence.same_counters : evidence.other_counters);
}

/// A row of ifTable and one of ifXTable. The name of the second one, where the first one has another.
std::optional<std::string> compare(const Row& row, const Row& x_row, Evidence& evidence) {
  ++evidence.pairs;
  compare_counters(row, x_row, Column::if_in_octets, Column::if_hc_in_octets, evidence);
  compare_counters(row, x_row, Column::if_out_octets, Column::if_hc_out_octets, evidence);
  auto name = text_of(x_row, Column::if_name);
  if (!name || text_of(row, Column::if_descr) != name) return name;
  ++evidence.same_names;
  return std::nullopt;
}

/// Cells of one of the tables.
void copy_cells(const Row& from, Table table, Row& to) {
  for (const auto& [column, value] : from.cells()) {
    if (table_of(column) == table) to.set(column, value);
  }
}

}  // namespace

std::optional<std::int64_t> ifx_offset(const Rows& rows) {
  std::vector<std::uint32_t> plain, extended;
  for (const auto& [index, row] : rows) {
    if (row.in(Table::if_table)) plain.push_back(index);
    if (row.in(Table::if_x_table)) extended.push_back(index);
  }
  if (plain.empty() || plain.size() != extended.size()) return std::nullopt;
  const std::int64_t offset = std::int64_t{extended[0]} - std::int64_t{plain[0]};
  if (offset == 0) return std::nullopt;
  std::set<std::string> descriptions;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (std::int64_t{extended[i]} - std::int64_t{plain[i]} != offset) return std::nullopt;
    if (auto descr = text_of(rows.at(plain[i]), Column::if_descr)) descriptions.insert(std::move(*descr));
  }
  Evidence evidence, by_same_index;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const Row& row = rows.at(plain[i]);
    if (row.in(Table::if_x_table)) static_cast<void>(compare(row, row, by_same_index));
    const auto other = compare(row, rows.at(extended[i]), evidence);
    if (other && descriptions.contains(*other)) return std::nullopt;  // it is the name of another row
  }
  if (by_same_index.same_names > 0) return std::nullopt;
  // Interfaces that carry the same look alike by their counters, those with a name of their own do not.
  const bool by_counters = evidence.by_counters() && (by_same_index.pairs == 0 || by_same_index.against_counters());
  const bool proven = evidence.by_name() || by_counters;
  return proven ? std::optional(offset) : std::nullopt;
}

void join_tables(Rows& rows, std::int64_t offset) {
  Rows joined;
  for (const auto& [index, row] : rows) {
    if (!row.in(Table::if_table)) continue;
    const auto x_index = static_cast<std::uint32_t>(std::int64_t{index} + offset);
    Row& to = joined[index];
    copy_cells(row, Table::if_table, to);
    copy_cells(rows.at(x_index), Table::if_x_table, to);
    to.x_index = x_index;
  }
  rows = std::move(joined);
}

}  // namespace octopoll::ifmib
