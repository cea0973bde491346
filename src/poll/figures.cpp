#include "octopoll/poll/figures.hpp"

#include <fmt/format.h>

#include "octopoll/core/text.hpp"

namespace octopoll::poll {

std::string cost_text(const PollCost& cost) {
  const std::string looks = cost.looks == 0 ? "" : " with " + format_counted(cost.looks, "look");
  return fmt::format("{}{}, {}", format_counted(cost.requests, "PDU"), looks,
                     format_octets(cost.octets_sent + cost.octets_received));
}

std::string span_text(std::chrono::nanoseconds span) {
  const double ms = std::chrono::duration<double, std::milli>(span).count();
  return ms < 999.5 ? fmt::format("{:.3g} ms", ms) : fmt::format("{:.1f} s", ms / 1000);
}

}  // namespace octopoll::poll
