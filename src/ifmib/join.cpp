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

/// What the pairs say for the offset.
struct Evidence {
  int same_names = 0;
  int same_counters = 0;
  int other_counters = 0;
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

}  // namespace

std::optional<std::int64_t> ifx_offset(const Rows& rows) {
  std::vector<std::uint32_t> plain, extended;
  for (const auto& [index, row] : rows) {
    const bool in_plain = row.in(Table::if_table);
    const bool in_extended = row.in(Table::if_x_table);
    if (in_plain && in_extended) return std::nullopt;
    (in_plain ? plain : extended).push_back(index);
  }
  if (plain.empty() || plain.size() != extended.size()) return std::nullopt;
  const std::int64_t offset = std::int64_t{extended[0]} - std::int64_t{plain[0]};
  std::set<std::string> descriptions;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (std::int64_t{extended[i]} - std::int64_t{plain[i]} != offset) return std::nullopt;
    if (auto descr = text_of(rows.at(plain[i]), Column::if_descr)) descriptions.insert(std::move(*descr));
  }
  Evidence evidence;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const Row& row = rows.at(plain[i]);
    const Row& x_row = rows.at(extended[i]);
    if (const auto name = text_of(x_row, Column::if_name)) {
      if (text_of(row, Column::if_descr) == name) {
        ++evidence.same_names;
      } else if (descriptions.contains(*name)) {
        return std::nullopt;  // it is the name of another row
      }
    }
    compare_counters(row, x_row, Column::if_in_octets, Column::if_hc_in_octets, evidence);
    compare_counters(row, x_row, Column::if_out_octets, Column::if_hc_out_octets, evidence);
  }
  const bool by_name = evidence.same_names == static_cast<int>(plain.size());
  const bool by_counters = evidence.same_counters >= enough_pairs && evidence.other_counters == 0;
  return by_name || by_counters ? std::optional(offset) : std::nullopt;
}

void join_tables(Rows& rows, std::int64_t offset) {
  std::vector<std::uint32_t> extended;
  for (const auto& [index, row] : rows) {
    if (row.in(Table::if_x_table)) extended.push_back(index);
  }
  for (const std::uint32_t index : extended) {
    const auto from = rows.extract(index);
    Row& to = rows.at(static_cast<std::uint32_t>(std::int64_t{index} - offset));
    for (const auto& [column, value] : from.mapped().cells()) to.set(column, value);
    to.x_index = index;
  }
}

}  // namespace octopoll::ifmib
