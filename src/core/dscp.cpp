#include "octopoll/core/dscp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "octopoll/core/text.hpp"

namespace octopoll {
namespace {

constexpr unsigned largest = 63;  // RFC 2474 section 3: six bits

struct Name {
  std::string_view word;
  std::uint8_t value;
};
constexpr std::array<Name, 3> names{{{"EF", 46}, {"VA", 44}, {"LE", 1}}};

std::optional<std::uint8_t> number(std::string_view text) {
  unsigned value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end || value > largest) return std::nullopt;
  return static_cast<std::uint8_t>(value);
}

std::optional<std::uint8_t> named(std::string_view upper) {
  const auto name = std::find_if(names.begin(), names.end(), [upper](const Name& one) { return one.word == upper; });
  if (name != names.end()) return name->value;
  const auto digit = [upper](std::size_t place, char least, char most) {
    return upper[place] >= least && upper[place] <= most;
  };
  const auto value = [upper](std::size_t place) { return upper[place] - '0'; };
  if (upper.size() == 3 && upper.starts_with("CS") && digit(2, '0', '7')) {
    return static_cast<std::uint8_t>(8 * value(2));
  }
  if (upper.size() == 4 && upper.starts_with("AF") && digit(2, '1', '4') && digit(3, '1', '3')) {
    return static_cast<std::uint8_t>(8 * value(2) + 2 * value(3));
  }
  return std::nullopt;
}

}  // namespace

Result<std::uint8_t> parse_dscp(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  if (const auto value = number(upper)) return *value;
  if (const auto value = named(upper)) return *value;
  return fail(ErrorKind::usage, fmt::format("\"{}\" is no DSCP", agent_text(upper)),
              "give a number from 0 to 63, or a name: EF, VA, LE, CS0 to CS7, AF11 to AF43");
}

}  // namespace octopoll
