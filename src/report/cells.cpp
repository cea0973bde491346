#include "report/cells.hpp"

#include <fmt/format.h>

#include "octopoll/core/text.hpp"
#include "octopoll/latency/round_trips.hpp"

namespace octopoll::report {

Cell name_cell(const std::optional<std::string>& text) {
  if (!text) return {};
  // An alias that is there and empty is no unknown one, but on a terminal both are nothing.
  return {*text, is_blank(*text) ? "-" : *text};
}

Cell count_cell(const std::optional<std::uint64_t>& count) { return count ? Cell{*count, {}} : Cell{}; }

Cell rate_cell(const std::optional<double>& bits_per_second) {
  return bits_per_second ? Cell{*bits_per_second, format_bits_per_second(*bits_per_second)} : Cell{};
}

Cell amount_cell(const std::optional<std::uint64_t>& amount) {
  return amount ? Cell{*amount, format_count(*amount)} : Cell{};
}

Cell ratio_cell(const std::optional<double>& ratio) {
  if (!ratio) return {};
  return {*ratio, *ratio == 0.0 ? "0" : fmt::format("{:.3g} %", *ratio * 100.0)};
}

Cell octets_cell(const std::optional<std::uint64_t>& octets) {
  return octets ? Cell{*octets, format_octets(*octets)} : Cell{};
}

Cell text_cell(const std::optional<std::string>& text) { return text ? Cell{*text, {}} : Cell{}; }

Cell number_cell(const std::optional<double>& number) { return number ? Cell{*number, {}} : Cell{}; }

Cell milliseconds_cell(const std::optional<std::chrono::nanoseconds>& time) {
  if (!time) return {};
  return {std::chrono::duration<double, std::milli>(*time).count(), latency::milliseconds_text(*time)};
}

Cell percent_cell(const std::optional<double>& share, int decimals) {
  return share ? Cell{*share, fmt::format("{:.{}f} %", *share * 100.0, decimals)} : Cell{};
}

}  // namespace octopoll::report
