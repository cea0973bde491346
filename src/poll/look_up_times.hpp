#pragma once
// When a name is looked up again.

#include <algorithm>
#include <chrono>
#include <optional>

#include "octopoll/core/clock.hpp"

namespace octopoll::poll {

/// One name's look-ups: one at a time, again when what was found is as old as the cache allows, and after a failure
/// with a back-off that doubles, so that neither a dead name nor a dead name server is asked in every cycle. What was
/// found before a failure stays good for the caller. Shape: value type. Time comes in as an argument.
class LookUpTimes {
 public:
  [[nodiscard]] bool due(BootTime now, std::chrono::nanoseconds cache) const noexcept {
    if (under_way_) return false;
    if (pause_ > std::chrono::nanoseconds{}) return now - ended_ >= std::min(pause_, std::max(cache, first_pause));
    return !found_ || now - ended_ >= cache;
  }
  void began() noexcept { under_way_ = true; }
  void succeeded(BootTime now) noexcept {
    under_way_ = false;
    found_ = true;
    ended_ = now;
    pause_ = {};
  }
  void failed(BootTime now) noexcept {
    under_way_ = false;
    ended_ = now;
    pause_ = std::clamp<std::chrono::nanoseconds>(pause_ * 2, first_pause, longest_pause);
  }
  [[nodiscard]] bool under_way() const noexcept { return under_way_; }

 private:
  static constexpr std::chrono::nanoseconds first_pause = std::chrono::seconds(1);
  static constexpr std::chrono::nanoseconds longest_pause = std::chrono::minutes(1);

  bool under_way_ = false;
  bool found_ = false;
  BootTime ended_;
  std::chrono::nanoseconds pause_{};  ///< 0 after a success
};

}  // namespace octopoll::poll
