#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "octopoll/config/interface_rules.hpp"

namespace octopoll::config {
namespace {

/// Above any link: a rate beyond it is not believed either (invariant 1 would call it implausible).
constexpr std::uint64_t fastest = 10'000'000'000'000;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The factor of "k", "M", "G", "T" at the front, which it takes off. 1 where there is none.
std::uint64_t take_factor(std::string_view& unit) {
  static constexpr std::array<std::pair<char, std::uint64_t>, 5> factors{
      {{'k', 1'000}, {'K', 1'000}, {'M', 1'000'000}, {'G', 1'000'000'000}, {'T', 1'000'000'000'000}}};
  if (unit.empty()) return 1;
  for (const auto& [letter, factor] : factors) {
    if (unit[0] != letter) continue;
    unit.remove_prefix(1);
    return factor;
  }
  return 1;
}

bool means_bits(std::string_view unit) {
  static constexpr std::array<std::string_view, 8> forms{"", "b", "bps", "b/s", "bit", "bits", "bit/s", "bits/s"};
  return std::find(forms.begin(), forms.end(), unit) != forms.end();
}

}  // namespace

Result<std::uint64_t> parse_speed(const std::string& text) {
  const auto refuse = [&text](std::string_view why) {
    return fail(ErrorKind::config, fmt::format("`{}` is not a speed: {}", text, why),
                "write bits per second: 1Gbit, 100M, 2.5G, 64k or 1000000");
  };
  // Digits before and after the point are kept as one integer, so that 2.5G is exact.
  std::uint64_t digits = 0;
  std::uint64_t divisor = 1;
  std::size_t at = 0;
  bool point = false;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    if (digits > fastest || divisor > fastest) return refuse("it has too many digits");
    digits = digits * 10 + static_cast<std::uint64_t>(text[at] - '0');
    if (point) divisor *= 10;
  }
  if (at == 0 || text[at - 1] == '.' || text[0] == '.') return refuse("it does not begin with a number");
  std::string_view unit = std::string_view(text).substr(at);
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  const std::uint64_t factor = take_factor(unit);
  if (unit.starts_with('B')) return refuse("B is octets, and speeds are in bits (b)");
  if (!means_bits(unit)) return refuse("its unit is not known");
  while (divisor > 1 && digits % 10 == 0) {
    digits /= 10;
    divisor /= 10;
  }
  // Powers of ten, and no zero is left to cut: with more decimals than the factor has zeros a fraction would remain.
  if (divisor > factor) return refuse("it has part of a bit");
  const std::uint64_t scale = factor / divisor;
  if (digits > fastest / scale) return refuse("no link is faster than 10T");
  const std::uint64_t speed = digits * scale;
  if (speed == 0) return refuse("0 is no speed");
  return speed;
}

}  // namespace octopoll::config
