#include "octopoll/core/cycle.hpp"

namespace octopoll {
namespace {

constexpr int badness(Quality quality) noexcept {
  if (quality == Quality::ok) return 0;
  return quality == Quality::wrapped ? 1 : 2;
}

std::optional<BitsPerSecond> bits_per_second(std::optional<double> octets_per_second) {
  if (!octets_per_second) return std::nullopt;
  return BitsPerSecond{*octets_per_second * 8.0};
}

}  // namespace

std::optional<double> InterfaceRecord::per_second(Counter counter) const noexcept {
  const CounterDelta delta = deltas[counter];
  const auto span = delta.elapsed.count() != 0 ? delta.elapsed : elapsed;
  if (!makes_rate(delta.quality) || !delta.value || span.count() <= 0) return std::nullopt;
  return static_cast<double>(*delta.value) / std::chrono::duration<double>(span).count();
}

std::optional<BitsPerSecond> InterfaceRecord::in_rate() const noexcept {
  return bits_per_second(per_second(Counter::in_octets));
}
std::optional<BitsPerSecond> InterfaceRecord::out_rate() const noexcept {
  return bits_per_second(per_second(Counter::out_octets));
}

Quality InterfaceRecord::quality() const noexcept {
  const Quality in = deltas[Counter::in_octets].quality;
  const Quality out = deltas[Counter::out_octets].quality;
  return badness(out) > badness(in) ? out : in;
}

std::string_view to_string(CycleOutcome outcome) noexcept {
  switch (outcome) {
    case CycleOutcome::complete:
      return "complete";
    case CycleOutcome::partial:
      return "partial";
    case CycleOutcome::failed:
      return "failed";
  }
  return "failed";
}

}  // namespace octopoll
