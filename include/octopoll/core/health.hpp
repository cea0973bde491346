#pragma once
// When an interface counts as sick.

#include <string_view>

#include "octopoll/core/result.hpp"

namespace octopoll {

/// Shares of the packets of a direction. Unit: 0.0001 is 0.01 %.
struct HealthLimits {
  double errors = 0.0001;   ///< more packets with errors are too many
  double discards = 0.001;  ///< more discarded packets are too many
  friend bool operator==(const HealthLimits&, const HealthLimits&) = default;
};

/// "0.01%", "0.0001", "100 ppm"; from 0 to 1.
/// Errors: ErrorKind::config, with the forms that are understood.
[[nodiscard]] Result<double> parse_ratio(std::string_view text);

}  // namespace octopoll
