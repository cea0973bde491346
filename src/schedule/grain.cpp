#include "octopoll/schedule/grain.hpp"

#include <algorithm>
#include <array>

namespace octopoll::schedule {
namespace {

using namespace std::chrono_literals;

/// Enough to share a wake-up's cost, few enough to be no burst: two answers of each are 180 kB, which a stock receive
/// buffer and a switch's port both hold.
constexpr double most_together = 64.0;
constexpr double fewest_together = 4.0;
constexpr std::array<std::chrono::milliseconds, 9> grains{10ms, 20ms, 40ms, 50ms, 100ms, 125ms, 200ms, 250ms, 500ms};

}  // namespace

std::chrono::milliseconds grain_for(double turns_per_second) noexcept {
  const auto together = [turns_per_second](std::chrono::milliseconds grain) {
    return turns_per_second * std::chrono::duration<double>(grain).count();
  };
  if (together(grains.back()) < fewest_together) return grains.front();
  const auto fitting = std::find_if(grains.rbegin(), grains.rend(),
                                    [&](std::chrono::milliseconds grain) { return together(grain) <= most_together; });
  return fitting == grains.rend() ? grains.front() : *fitting;
}

}  // namespace octopoll::schedule
