#include "report/parts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "octopoll/core/text.hpp"

namespace octopoll::report {
namespace {

/// Of the longest line, with names shortened to what a person still tells apart.
std::size_t width_of(const Table& table) {
  std::size_t width = 0;
  Table without_notes = table;
  without_notes.notes.clear();
  const std::string text = to_text(without_notes, {1, false});
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    width = std::max(width, display_width(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  return width;
}

}  // namespace

Result<> check_window(const TimeWindow& window) {
  if (window.until > window.since) return {};
  return fail(ErrorKind::usage,
              fmt::format("--until ({}) is not after --since ({})", utc_text(window.until), utc_text(window.since)),
              "both are moments; a duration such as 1h counts back from now");
}

Result<std::unique_ptr<re2::RE2>> compile_pattern(std::string_view option, const std::string& pattern) {
  if (pattern.empty()) return nullptr;
  auto compiled = std::make_unique<re2::RE2>(pattern, re2::RE2::Quiet);
  if (compiled->ok()) return compiled;
  return fail(ErrorKind::usage,
              fmt::format("{} \"{}\" is no regular expression: {}", option, agent_text(pattern), compiled->error()),
              "the syntax is RE2's (https://github.com/google/re2/wiki/Syntax); a dot or bracket to be taken as it is"
              " needs a backslash");
}

bool takes(const std::unique_ptr<re2::RE2>& pattern, std::string_view name) {
  return !pattern || re2::RE2::PartialMatch(re2::StringPiece(name.data(), name.size()), *pattern);
}

Result<std::size_t> place_of_order(std::string_view word, std::span<const std::string_view> words) {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string remedy = "there is " + list_of(words);
  if (const auto near = nearest(word, words)) remedy = fmt::format("did you mean \"{}\"? {}", *near, remedy);
  return fail(ErrorKind::usage, fmt::format("--sort \"{}\" is not known", agent_text(word)), remedy);
}

std::string list_of(std::span<const std::string_view> words) { return fmt::format("{}", fmt::join(words, ", ")); }

std::string shown_of(std::size_t shown, std::size_t found, std::string_view what) {
  if (shown == 1) return fmt::format("The first of {} {}.", found, what);
  return fmt::format("The first {} of {} {}.", shown, found, what);
}

bool drop_columns(Table& table, std::size_t width, std::span<const std::string_view> keys) {
  if (width == 0) return false;
  bool dropped = false;
  for (const std::string_view key : keys) {
    if (width_of(table) <= width) break;
    const auto column =
        std::find_if(table.columns.begin(), table.columns.end(), [key](const Column& one) { return one.key == key; });
    if (column == table.columns.end()) continue;
    const auto place = column - table.columns.begin();
    table.columns.erase(column);
    for (auto& row : table.rows) row.erase(row.begin() + place);
    dropped = true;
  }
  return dropped;
}

}  // namespace octopoll::report
