#include "octopoll/core/duration.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace octopoll {
namespace {

struct Unit {
  std::string_view word;
  std::int64_t nanoseconds;
};
constexpr std::int64_t second = 1'000'000'000;
// Largest first: format_duration takes them in this order.
constexpr std::array<Unit, 7> units{{{"d", 86'400 * second},
                                     {"h", 3'600 * second},
                                     {"m", 60 * second},
                                     {"s", second},
                                     {"ms", 1'000'000},
                                     {"us", 1'000},
                                     {"ns", 1}}};

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

tl::unexpected<Error> bad_duration(std::string_view text, std::string_view why) {
  return fail(ErrorKind::usage, fmt::format("\"{}\" is not a duration: {}", text, why),
              "write 500ms, 10s, 5m, 24h, 30d or 1h30m");
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  if (text.empty()) return bad_duration(text, "it is empty");
  std::int64_t total = 0;
  std::int64_t last_unit = std::numeric_limits<std::int64_t>::max();
  for (std::string_view rest = text; !rest.empty();) {
    std::size_t number = 0;
    while (number < rest.size() && (is_digit(rest[number]) || rest[number] == '.')) ++number;
    double value = 0.0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + number, value, std::chars_format::fixed);
    if (number == 0) return bad_duration(text, "a number is missing");
    if (error != std::errc{} || end != rest.data() + number) {
      return bad_duration(text, fmt::format("\"{}\" cannot be read as a number", rest.substr(0, number)));
    }
    rest.remove_prefix(number);
    std::size_t letters = 0;
    while (letters < rest.size() && !is_digit(rest[letters]) && rest[letters] != '.') ++letters;
    const std::string_view word = rest.substr(0, letters);
    rest.remove_prefix(letters);
    if (word.empty()) return bad_duration(text, "it has no unit");
    const Unit* unit = nullptr;
    for (const Unit& candidate : units) {
      if (candidate.word == word) unit = &candidate;
    }
    if (unit == nullptr) return bad_duration(text, fmt::format("\"{}\" is not a unit", word));
    if (unit->nanoseconds >= last_unit) return bad_duration(text, "its units must go from large to small");
    last_unit = unit->nanoseconds;
    constexpr std::int64_t longest = std::numeric_limits<std::int64_t>::max();
    const double nanoseconds = value * static_cast<double>(unit->nanoseconds);
    // As a double the longest is rounded up to 2^63, which is the first that does not fit.
    const bool fits = nanoseconds < static_cast<double>(longest) && std::llround(nanoseconds) <= longest - total;
    if (!fits) return bad_duration(text, "it is longer than 292 years");
    total += std::llround(nanoseconds);
  }
  return std::chrono::nanoseconds(total);
}

std::string format_duration(std::chrono::nanoseconds duration) {
  if (duration.count() == 0) return "0s";
  const bool negative = duration.count() < 0;
  std::string out(negative ? "-" : "");
  auto rest = static_cast<std::uint64_t>(duration.count());
  if (negative) rest = 0 - rest;  // unsigned, for the smallest number has no positive counterpart
  for (const Unit& unit : units) {
    const auto size = static_cast<std::uint64_t>(unit.nanoseconds);
    const std::uint64_t count = rest / size;
    rest %= size;
    if (count == 0) continue;
    const bool with_decimals = unit.nanoseconds == second && rest != 0 && rest % 1'000'000 == 0;
    // As people say it: 2.5s, not 2s500ms.
    out += with_decimals ? fmt::format("{:g}s", static_cast<double>(count * 1'000 + rest / 1'000'000) / 1e3)
                         : fmt::format("{}{}", count, unit.word);
    if (with_decimals) break;
  }
  return out;
}

std::string format_measured(std::chrono::nanoseconds duration) {
  using namespace std::chrono;
  using tenths = std::chrono::duration<std::int64_t, std::deci>;
  const nanoseconds size = abs(duration);
  if (size < 1s) return format_duration(round<milliseconds>(duration));
  if (size < 1min) return format_duration(round<tenths>(duration));
  return format_duration(round<seconds>(duration));
}

}  // namespace octopoll
