#include "octopoll/core/counters.hpp"

namespace octopoll {

std::string_view to_string(Counter counter) noexcept {
  static constexpr PerCounter<std::string_view> words{{"in_octets", "out_octets", "in_ucast_pkts", "out_ucast_pkts",
                                                       "in_multicast_pkts", "out_multicast_pkts", "in_broadcast_pkts",
                                                       "out_broadcast_pkts", "in_errors", "out_errors", "in_discards",
                                                       "out_discards", "in_unknown_protos"}};
  return words[counter];
}

}  // namespace octopoll
