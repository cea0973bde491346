#pragma once
// What the queries of several reports have in common, and tables that must fit.

#include <re2/re2.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/result.hpp"
#include "octopoll/report/table.hpp"
#include "octopoll/report/time_window.hpp"

namespace octopoll::report {

/// Errors: usage, where the window has no time in it.
[[nodiscard]] Result<> check_window(const TimeWindow& window);

/// nullptr for an empty pattern, which takes all. Errors: usage, naming the option.
[[nodiscard]] Result<std::unique_ptr<re2::RE2>> compile_pattern(std::string_view option, const std::string& pattern);
[[nodiscard]] bool takes(const std::unique_ptr<re2::RE2>& pattern, std::string_view name);

/// The place of `word` among the words of --sort. Errors: usage, with the words there are.
[[nodiscard]] Result<std::size_t> place_of_order(std::string_view word, std::span<const std::string_view> words);
/// "loss, p95, ...".
[[nodiscard]] std::string list_of(std::span<const std::string_view> words);

/// What --top left: "The first 2 of 20 interfaces." `what`: of several.
[[nodiscard]] std::string shown_of(std::size_t shown, std::size_t found, std::string_view what);

/// Drops the columns of `keys`, first those that stand first, until the lines fit into `width` (0: they do) or all of
/// them are gone. True if columns went. Names are shortened by the printer, numbers are never cut, so columns go whole.
bool drop_columns(Table& table, std::size_t width, std::span<const std::string_view> keys);

}  // namespace octopoll::report
