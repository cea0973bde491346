#include "octopoll/core/text.hpp"

#include <fmt/format.h>
#include <wchar.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace octopoll {
namespace {

struct Decoded {
  char32_t code = 0;
  std::size_t length = 0;  ///< 0: not well-formed
};

/// One well-formed UTF-8 sequence at the front (Unicode, table 3-7: no overlong forms, no surrogates).
Decoded decode(std::string_view text) noexcept {
  const auto octet = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = octet(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0 || text.size() < length) return {};
  char32_t code = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xc0U) != 0x80) return {};
    code = (code << 6U) | (octet(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, length};
}

constexpr bool is_hidden_control(char32_t code) noexcept {
  if (code == U'\t' || code == U'\n' || code == U'\r') return false;
  // What turns the direction of a text around could show a name as another one (Unicode, UAX 9).
  const bool turns = code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
                     (code >= 0x2066 && code <= 0x2069);
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || turns;
}

std::string_view without_trailing_nuls(std::string_view octets) noexcept {
  while (!octets.empty() && octets.back() == '\0') octets.remove_suffix(1);
  return octets;
}

std::string with_si(double number, std::string_view unit) {
  static constexpr std::array<const char*, 7> prefixes{"", "k", "M", "G", "T", "P", "E"};
  std::size_t step = 0;
  // 999.5 would be printed as 1000 with three digits.
  while (std::abs(number) >= 999.5 && step + 1 < prefixes.size()) {
    number /= 1000.0;
    ++step;
  }
  const int decimals = step == 0 && number == std::floor(number) ? 0 : number < 9.995 ? 2 : number < 99.95 ? 1 : 0;
  std::string digits = fmt::format("{:.{}f}", number, decimals);
  if (digits.find('.') != std::string::npos) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  return fmt::format("{} {}{}", digits, prefixes[step], unit);
}

/// Levenshtein distance, with a swap of neighbours as one edit.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string agent_text(std::string_view octets) {
  octets = without_trailing_nuls(octets);
  std::string out;
  out.reserve(octets.size());
  while (!octets.empty()) {
    const Decoded next = decode(octets);
    if (next.length != 0 && !is_hidden_control(next.code)) {
      out += octets.substr(0, next.length);
    } else {
      for (std::size_t i = 0; i < std::max<std::size_t>(next.length, 1); ++i) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(octets[i]));
      }
    }
    octets.remove_prefix(std::max<std::size_t>(next.length, 1));
  }
  return out;
}

bool needs_raw(std::string_view octets) {
  while (!octets.empty()) {
    const Decoded next = decode(octets);
    if (next.length == 0 || is_hidden_control(next.code)) return true;
    octets.remove_prefix(next.length);
  }
  return false;
}

std::string to_hex(std::string_view octets, char separator) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : octets) {
    if (separator != '\0' && !out.empty()) out += separator;
    out += digits[static_cast<unsigned char>(c) >> 4U];
    out += digits[static_cast<unsigned char>(c) & 0xfU];
  }
  return out;
}

bool is_blank(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
}

std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  }
  return out;
}

std::size_t display_width(std::string_view utf8) {
  std::size_t width = 0;
  while (!utf8.empty()) {
    const Decoded next = decode(utf8);
    if (next.length <= 1) {
      ++width;
    } else {
      // wcwidth knows nothing beyond ASCII in the C locale and answers -1: then the common case, one column.
      const int columns = wcwidth(static_cast<wchar_t>(next.code));
      width += columns < 0 ? 1 : static_cast<std::size_t>(columns);
    }
    utf8.remove_prefix(std::max<std::size_t>(next.length, 1));
  }
  return width;
}

std::string format_bits_per_second(double bits_per_second) { return with_si(bits_per_second, "b/s"); }

std::string format_speed(std::uint64_t bits_per_second) {
  static constexpr std::array<std::pair<std::uint64_t, char>, 4> steps{
      {{1'000'000'000'000, 'T'}, {1'000'000'000, 'G'}, {1'000'000, 'M'}, {1'000, 'k'}}};
  for (const auto& [size, letter] : steps) {
    // From where two decimals of the step below would be rounded up to 1000 of it.
    if (bits_per_second >= size - size / 200'000) {
      return fmt::format(
          "{:g}{}", std::round(static_cast<double>(bits_per_second) / static_cast<double>(size) * 100) / 100, letter);
    }
  }
  return fmt::format("{}", bits_per_second);
}

std::string format_octets(std::uint64_t octets) { return with_si(static_cast<double>(octets), "B"); }

std::string format_count(std::uint64_t count) {
  const std::string digits = fmt::format("{}", count);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string format_counted(std::uint64_t count, std::string_view one, std::string_view many) {
  if (count == 1) return fmt::format("1 {}", one);
  return many.empty() ? fmt::format("{} {}s", format_count(count), one)
                      : fmt::format("{} {}", format_count(count), many);
}

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::optional<std::string_view> best;
  std::size_t best_distance = word.size() <= 4 ? 2 : 3;  // one edit for short words, two for others
  for (const std::string_view candidate : candidates) {
    if (const std::size_t distance = edit_distance(word, candidate); distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace octopoll
