#pragma once
// Cells as the reports show them: nothing for what is not known.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "octopoll/report/table.hpp"

namespace octopoll::report {

/// "-" for people also where the text is blank.
[[nodiscard]] Cell name_cell(const std::optional<std::string>& text);
[[nodiscard]] Cell count_cell(const std::optional<std::uint64_t>& count);
/// With separators of thousands for people.
[[nodiscard]] Cell amount_cell(const std::optional<std::uint64_t>& amount);
[[nodiscard]] Cell rate_cell(const std::optional<double>& bits_per_second);
/// "0.0123 %", with as many decimals as a ratio of errors needs; 0 is "0".
[[nodiscard]] Cell ratio_cell(const std::optional<double>& ratio);
[[nodiscard]] Cell octets_cell(const std::optional<std::uint64_t>& octets);

/// "-" where it is absent.
[[nodiscard]] Cell text_cell(const std::optional<std::string>& text);
[[nodiscard]] Cell number_cell(const std::optional<double>& number);
/// Round trips: milliseconds with three significant digits, and for machines as they are.
[[nodiscard]] Cell milliseconds_cell(const std::optional<std::chrono::nanoseconds>& time);
/// "12.34 %".
[[nodiscard]] Cell percent_cell(const std::optional<double>& share, int decimals);

}  // namespace octopoll::report
