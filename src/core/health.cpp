#include "octopoll/core/health.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "octopoll/core/text.hpp"

namespace octopoll {

Result<double> parse_ratio(std::string_view text) {
  struct Unit {
    std::string_view word;
    double divisor;
  };
  static constexpr std::array<Unit, 3> units{{{"", 1.0}, {"%", 100.0}, {"ppm", 1e6}}};
  double number = 0.0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  std::string_view unit(stopped, static_cast<std::size_t>(end - stopped));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const Unit& known : units) {
    // NaN and negative numbers fail the comparison.
    if (error == std::errc{} && unit == known.word && number >= 0.0 && number <= known.divisor) {
      return number / known.divisor;
    }
  }
  return fail(ErrorKind::config, fmt::format("`{}` is no share of packets", agent_text(text)),
              "write 0.01%, 0.0001 or 100ppm; no more than 100%");
}

}  // namespace octopoll
