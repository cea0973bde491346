#include "config/problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "octopoll/core/text.hpp"

namespace octopoll::config {
namespace {

/// A generated file may be wrong ten thousand times in the same way; nobody reads further than this.
constexpr std::size_t most_problems = 1000;
constexpr std::size_t longest_quote = 80;

std::vector<std::size_t> line_starts(std::string_view text);
int character_column(std::string_view text, const std::vector<std::size_t>& starts, Place place);

}  // namespace

void Problems::add(Place place, std::string message, std::string remedy) {
  items_.push_back({place, std::move(message), std::move(remedy)});
}

std::vector<Problem> Problems::take(const std::string& file, std::string_view text) {
  const auto key = [](const Item& item) { return std::tie(item.place, item.message); };
  std::stable_sort(items_.begin(), items_.end(), [&key](const Item& a, const Item& b) { return key(a) < key(b); });
  items_.erase(
      std::unique(items_.begin(), items_.end(), [&key](const Item& a, const Item& b) { return key(a) == key(b); }),
      items_.end());

  const std::vector<std::size_t> starts = line_starts(text);
  std::vector<Problem> problems;
  for (const Item& item : items_) {
    if (problems.size() == most_problems) {
      problems.push_back({file, item.place.line, character_column(text, starts, item.place),
                          fmt::format("{} more problems from here on", items_.size() - most_problems),
                          "mend those above first"});
      break;
    }
    problems.push_back({file, item.place.line, character_column(text, starts, item.place),
                        one_line(agent_text(item.message)), one_line(agent_text(item.remedy))});
  }
  items_.clear();
  return problems;
}

std::string quote(std::string_view text) {
  if (text.size() <= longest_quote) return fmt::format("`{}`", text);
  std::size_t cut = longest_quote;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;  // not inside a character
  return fmt::format("`{}…`", text.substr(0, cut));
}

namespace {

std::vector<std::size_t> line_starts(std::string_view text) {
  std::vector<std::size_t> starts{0};
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    starts.push_back(at + 1);
  }
  return starts;
}

int character_column(std::string_view text, const std::vector<std::size_t>& starts, Place place) {
  const auto line = static_cast<std::size_t>(place.line - 1);
  if (line >= starts.size()) return place.column;
  const std::string_view before = text.substr(starts[line], static_cast<std::size_t>(place.column - 1));
  const auto continuations = std::count_if(before.begin(), before.end(),
                                           [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; });
  return place.column - static_cast<int>(continuations);
}

}  // namespace
}  // namespace octopoll::config
