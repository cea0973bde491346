#pragma once
// Cells as the reports show them: nothing for what is not known.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "octopoll/report/table.hpp"

namespace octopoll::report {

[[nodiscard]] Cell text_cell(const std::optional<std::string>& text);
[[nodiscard]] Cell count_cell(const std::optional<std::uint64_t>& count);
/// With separators of thousands for people.
[[nodiscard]] Cell amount_cell(const std::optional<std::uint64_t>& amount);
[[nodiscard]] Cell number_cell(const std::optional<double>& number);
[[nodiscard]] Cell rate_cell(const std::optional<double>& bits_per_second);
/// "12.34 %".
[[nodiscard]] Cell percent_cell(const std::optional<double>& share, int decimals);
/// "0.0123 %", with as many decimals as a ratio of errors needs; 0 is "0".
[[nodiscard]] Cell ratio_cell(const std::optional<double>& ratio);
[[nodiscard]] Cell octets_cell(const std::optional<std::uint64_t>& octets);

/// Leaves out columns, in this order, until no line is longer than `width`; 0: as long as it gets. Names are shortened
/// by the printer, numbers are never cut, so whole columns of them go. True if one went.
bool make_narrower(Table& table, std::size_t width, std::span<const std::string_view> least_telling);

}  // namespace octopoll::report
