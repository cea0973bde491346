#include "config/yaml_syntax.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/quotes.hpp"

namespace octopoll::config {
namespace {

namespace wording = YAML::ErrorMsg;

struct Explanation {
  std::string_view begins;  ///< yaml-cpp's message
  std::string_view message;
  std::string_view remedy;
};

constexpr std::string_view quote_it = "text that begins with one of * & ! @ ` % | > # [ { needs quotes";
constexpr std::string_view backslash =
    "in double quotes write `\\\\` for a backslash; single quotes take it as it is: '^Gi\\d'";
constexpr std::string_view align = "check the indentation, and that each colon and dash has a blank behind it";

const std::array<Explanation, 28> explanations{{
    {wording::END_OF_MAP_FLOW, "a comma or the closing `}` is missing here", "each `{` needs its `}`"},
    {wording::END_OF_SEQ_FLOW, "a comma or the closing `]` is missing here",
     "each `[` needs its `]`; an address such as '[2001:db8::1]:161' needs quotes"},
    {wording::END_OF_MAP, "this does not fit the map that it stands in", align},
    {wording::END_OF_SEQ, "this does not fit the list that it stands in", align},
    {wording::MAP_VALUE, "no value may begin here", "check the indentation; text with `: ` in it needs quotes"},
    {wording::MAP_KEY, "no key may begin here", align},
    {wording::BLOCK_ENTRY, "no list item may begin here", align},
    {wording::FLOW_END, "this bracket closes none that is open",
     "check the brackets before it, or quote the text it is part of"},
    {wording::DOC_IN_SCALAR, "a line that begins with --- or ... stands within a quoted text",
     "close the quotes before it"},
    {wording::CHAR_IN_SCALAR, "a character that this text cannot have", "put the text in quotes"},
    {wording::UNKNOWN_TOKEN, "no value may begin with this character", quote_it},
    {wording::UNKNOWN_ANCHOR, "this alias names nothing that stands before it", quote_it},
    {wording::ALIAS_NOT_FOUND, "an alias without a name", quote_it},
    {wording::ANCHOR_NOT_FOUND, "an anchor without a name", quote_it},
    {wording::CHAR_IN_ALIAS, "the name of an alias has a character that it cannot have", quote_it},
    {wording::CHAR_IN_ANCHOR, "the name of an anchor has a character that it cannot have", quote_it},
    {wording::MULTIPLE_ANCHORS, "two anchors on one value", quote_it},
    {wording::ALIAS_CONTENT, "an alias and a value in one place", quote_it},
    {wording::MULTIPLE_TAGS, "two tags on one value", quote_it},
    {wording::END_OF_VERBATIM_TAG, "a tag that does not end", quote_it},
    {wording::TAG_WITH_NO_SUFFIX, "a tag that does not end", quote_it},
    {wording::CHAR_IN_TAG_HANDLE, "a tag with a character that it cannot have", quote_it},
    {wording::INVALID_ESCAPE, "unknown escape in double quotes", backslash},
    {wording::INVALID_HEX, "an escape needs hexadecimal digits here", backslash},
    {wording::INVALID_UNICODE, "an escape for a character that does not exist", backslash},
    {wording::TAB_IN_INDENTATION, "a tab in the indentation", "indent with blanks"},
    {wording::ZERO_INDENT_IN_BLOCK, "a text block cannot have the indentation 0", "delete the 0 behind | or >"},
    {wording::CHAR_IN_BLOCK, "a character that cannot stand behind | or >",
     "begin the text on the next line, or quote it"},
}};

Place place_of(const YAML::Mark& mark, std::string_view text, std::optional<Place> innermost);
std::optional<Place> tab_in_indentation(std::string_view text, int line);
std::optional<Place> place_of_open_quote(std::string_view text, std::size_t from);

}  // namespace

SyntaxProblem explain(const YAML::Exception& error, std::string_view text, const Progress& progress) {
  Place place = place_of(error.mark, text, progress.innermost);
  if (error.msg == wording::EOF_IN_SCALAR) {
    return {place_of_open_quote(text, progress.offset).value_or(place), "a quoted text begins here and never ends",
            "add the missing quote"};
  }
  // yaml-cpp reads a tab as a blank that indents nothing, and stumbles over what follows.
  if (const auto tab = tab_in_indentation(text, place.line)) {
    return {*tab, "a tab in the indentation", "indent with blanks"};
  }
  for (const Explanation& known : explanations) {
    if (!error.msg.starts_with(known.begins)) continue;
    if (known.begins == wording::INVALID_ESCAPE && place.column > 2) place.column -= 2;  // it is behind the escape
    std::string message(known.message);
    if (progress.innermost && (known.begins == wording::END_OF_MAP_FLOW || known.begins == wording::END_OF_SEQ_FLOW)) {
      message += fmt::format(" (opened on line {})", progress.innermost->line);
    }
    return {place, message, std::string(known.remedy)};
  }
  if (error.mark.line == 0 || (!text.empty() && text[0] == '%')) {
    if (error.msg.find("directive") != std::string::npos || error.msg.find("YAML") != std::string::npos) {
      return {place, "a directive that is not understood", "delete the line that begins with `%`"};
    }
  }
  return {place, "this is not YAML", std::string(quote_it)};
}

SyntaxProblem too_much_at_once(std::string_view text, const BoundedInput& input) {
  const Place place = place_at(text, input.position());
  if (input.stopped() == BoundedInput::Stopped::too_deep) {
    return {place, "brackets within brackets, thousands deep", "close the brackets, or quote the text they are in"};
  }
  return {place, fmt::format("more than {} MiB between one pair of brackets", BoundedInput::furthest / 1024 / 1024),
          "write the long list or map as lines, without brackets"};
}

Place place_at(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::size_t last_break = before.rfind('\n');
  const std::size_t line_start = last_break == std::string_view::npos ? 0 : last_break + 1;
  return {1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
          1 + static_cast<int>(before.size() - line_start)};
}

namespace {

Place place_of(const YAML::Mark& mark, std::string_view text, std::optional<Place> innermost) {
  if (mark.is_null() || mark.line < 0 || mark.column < 0) return innermost.value_or(Place{});
  // At the end of the file yaml-cpp sets the column to 0, on a line that need not have ended.
  if (mark.pos >= 0 && static_cast<std::size_t>(mark.pos) >= text.size()) return place_at(text, text.size());
  return {mark.line + 1, mark.column + 1};
}

std::optional<Place> tab_in_indentation(std::string_view text, int line) {
  std::size_t start = 0;
  for (int i = 1; i < line; ++i) {
    const std::size_t line_break = text.find('\n', start);
    if (line_break == std::string_view::npos) return std::nullopt;
    start = line_break + 1;
  }
  const std::size_t first = text.find_first_not_of(' ', start);
  if (first == std::string_view::npos || text[first] != '\t') return std::nullopt;
  return Place{line, 1 + static_cast<int>(first - start)};
}

/// The error comes at the end of the file, and the quote may be a thousand lines above it.
std::optional<Place> place_of_open_quote(std::string_view text, std::size_t from) {
  const std::size_t open = text.find_first_of("'\"", from);
  if (open == std::string_view::npos || end_of_quotes(text, open) != std::string_view::npos) return std::nullopt;
  return place_at(text, open);
}

}  // namespace
}  // namespace octopoll::config
