#include "octopoll/latency/voice.hpp"

#include <algorithm>

namespace octopoll::latency {
namespace {

constexpr double best_r = 93.2;
constexpr double packet_ms = 20.0;
constexpr double robustness = 25.1;  // Bpl of G.711 with concealment
constexpr double worst_equipment = 95.0;

double milliseconds(std::chrono::nanoseconds time) noexcept {
  return std::chrono::duration<double, std::milli>(time).count();
}

double mos_of(double r) noexcept {
  if (r <= 0.0) return 1.0;
  // The cubic dips below 1 between 0 and 6.5.
  return std::max(1.0, 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6);
}

}  // namespace

VoiceScore voice_score(std::chrono::nanoseconds mean_round_trip, std::chrono::nanoseconds delay_variation,
                       double loss) noexcept {
  const double delay = milliseconds(mean_round_trip) / 2.0 + packet_ms + 2.0 * milliseconds(delay_variation);
  const double delay_impairment = 0.024 * delay + 0.11 * std::max(0.0, delay - 177.3);
  const double percent = loss * 100.0;
  const double equipment_impairment = worst_equipment * percent / (percent + robustness);
  const double r = best_r - delay_impairment - equipment_impairment;
  return {r, mos_of(r)};
}

}  // namespace octopoll::latency
