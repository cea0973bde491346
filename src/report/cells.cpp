#include "report/cells.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "octopoll/core/text.hpp"

namespace octopoll::report {
namespace {

// Of the longest line, with names shortened to what a person still tells apart.
std::size_t width_of(const Table& table) {
  std::size_t width = 0;
  const std::string text = to_text(table, {1, false});
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    width = std::max(width, display_width(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  return width;
}

}  // namespace

bool make_narrower(Table& table, std::size_t width, std::span<const std::string_view> least_telling) {
  if (width == 0) return false;
  bool narrower = false;
  for (const std::string_view least : least_telling) {
    if (width_of(table) <= width) break;
    const auto column = std::find_if(table.columns.begin(), table.columns.end(),
                                     [least](const Column& one) { return one.key == least; });
    const auto place = column - table.columns.begin();
    table.columns.erase(column);
    for (auto& row : table.rows) row.erase(row.begin() + place);
    narrower = true;
  }
  return narrower;
}

Cell text_cell(const std::optional<std::string>& text) {
  if (!text) return {};
  // An alias that is there and empty is no unknown one, but on a terminal both are nothing.
  return {*text, is_blank(*text) ? "-" : *text};
}

Cell count_cell(const std::optional<std::uint64_t>& count) { return count ? Cell{*count, {}} : Cell{}; }
Cell number_cell(const std::optional<double>& number) { return number ? Cell{*number, {}} : Cell{}; }

Cell rate_cell(const std::optional<double>& bits_per_second) {
  return bits_per_second ? Cell{*bits_per_second, format_bits_per_second(*bits_per_second)} : Cell{};
}

Cell percent_cell(const std::optional<double>& share, int decimals) {
  return share ? Cell{*share, fmt::format("{:.{}f} %", *share * 100.0, decimals)} : Cell{};
}

Cell amount_cell(const std::optional<std::uint64_t>& amount) {
  return amount ? Cell{*amount, format_count(*amount)} : Cell{};
}

Cell ratio_cell(const std::optional<double>& ratio) {
  if (!ratio) return {};
  return {*ratio, *ratio == 0.0 ? "0" : fmt::format("{:.3g} %", *ratio * 100.0)};
}

Cell octets_cell(const std::optional<std::uint64_t>& octets) {
  return octets ? Cell{*octets, format_octets(*octets)} : Cell{};
}

}  // namespace octopoll::report
