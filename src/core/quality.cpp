#include "octopoll/core/quality.hpp"

#include <array>

namespace octopoll {
namespace {

constexpr std::array<std::string_view, 11> words{
    "ok", "wrapped", "first", "reboot", "discontinuity", "reset", "implausible", "ambiguous", "stale", "absent", "gap"};

}  // namespace

std::string_view to_string(Quality quality) noexcept { return words[static_cast<std::size_t>(quality)]; }

std::optional<Quality> quality_from(std::string_view word) noexcept {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == word) return static_cast<Quality>(i);
  }
  return std::nullopt;
}

}  // namespace octopoll
