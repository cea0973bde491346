#pragma once
// What is said at most once an hour.

#include <chrono>
#include <optional>

#include "octopoll/core/clock.hpp"

namespace octopoll::poll {

/// One warning about one device, of which the cause may come and go with each cycle. Shape: value type. Time comes in
/// as an argument.
class Hourly {
 public:
  /// Whether it is to be told now; then not again for an hour.
  [[nodiscard]] bool due(BootTime now) {
    if (told_ && now - *told_ < std::chrono::hours(1)) return false;
    told_ = now;
    return true;
  }

 private:
  std::optional<BootTime> told_;
};

}  // namespace octopoll::poll
