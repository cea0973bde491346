#pragma once
// Where quoted text ends.

#include <cstddef>
#include <string_view>

namespace octopoll::config {

/// `text[open]` is ' or ": the offset behind the quote that closes it, npos where the file ends first.
/// Source: YAML 1.2.2 sections 7.3.1 and 7.3.2.
[[nodiscard]] std::size_t end_of_quotes(std::string_view text, std::size_t open) noexcept;

}  // namespace octopoll::config
