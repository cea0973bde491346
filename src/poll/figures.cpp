#include "octopoll/poll/figures.hpp"

#include <fmt/format.h>

#include "octopoll/core/text.hpp"

namespace octopoll::poll {

std::string cost_text(const PollCost& cost) {
  return fmt::format("{}, {}", format_counted(cost.requests, "PDU"),
                     format_octets(cost.octets_sent + cost.octets_received));
}

}  // namespace octopoll::poll
