#include "config/quotes.hpp"

namespace octopoll::config {

std::size_t end_of_quotes(std::string_view text, std::size_t open) noexcept {
  const char quote_mark = text[open];
  for (std::size_t at = open + 1; at < text.size(); ++at) {
    if (quote_mark == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote_mark) {
      const bool doubled = quote_mark == '\'' && at + 1 < text.size() && text[at + 1] == '\'';
      if (!doubled) return at + 1;
      ++at;
    }
  }
  return std::string_view::npos;
}

}  // namespace octopoll::config
