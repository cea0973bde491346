#include "counter_rule.hpp"

namespace octopoll::rates {
namespace {

constexpr double two_to_32 = 4294967296.0;
constexpr double smallest_packet_octets = 20.0;  // an IPv4 header alone, whatever the link puts around it
constexpr double fastest_link_bps = 10e12;
constexpr double speed_margin = 1.05;

CounterDelta without_value(Quality quality) noexcept { return {std::nullopt, quality, {}}; }
CounterDelta with_value(std::uint64_t value, Quality quality) noexcept { return {value, quality, {}}; }

// True where, for all we know, the counter came round once more than its two readings tell.
bool may_hide_a_wrap(CounterKind kind, std::uint64_t delta, const CounterLimits& limits) noexcept {
  const bool frames_fit = limits.by_frames && static_cast<double>(delta) <= *limits.by_frames;
  if (frames_fit && *limits.by_frames < two_to_32) return false;
  if (limits.by_speed) return *limits.by_speed * (1.0 + limits.time_error) >= two_to_32;
  // Without a speed nothing bounds an octet counter; the frames at least can show that a wrap had room.
  return kind == CounterKind::octets && frames_fit;
}

CounterDelta judge_forward(CounterKind kind, std::uint64_t delta, CounterLimits limits) noexcept {
  if (kind == CounterKind::events) return with_value(delta, Quality::ok);
  // A delta above the stated speed proves the speed wrong, so nothing may be concluded from it.
  if (!within_speed(delta, limits)) limits.by_speed.reset();
  return may_hide_a_wrap(kind, delta, limits) ? without_value(Quality::ambiguous) : with_value(delta, Quality::ok);
}

CounterDelta judge_backward(CounterKind kind, std::uint64_t delta, const CounterLimits& limits) noexcept {
  const bool bounded = limits.by_speed || (limits.by_frames && static_cast<double>(delta) <= *limits.by_frames);
  if (!bounded || may_hide_a_wrap(kind, delta, limits)) return without_value(Quality::ambiguous);
  return within_speed(delta, limits) ? with_value(delta, Quality::wrapped) : without_value(Quality::implausible);
}

}  // namespace

CounterDelta judge_step(CounterKind kind, const CounterReading& before, const CounterReading& now,
                        const CounterLimits& limits) noexcept {
  const bool backward = now.value < before.value;
  // RFC 2578 section 7.1.10: Counter64 is for what would wrap a Counter32 within an hour; 2^64 octets take 46 years
  // at 100 Gb/s. One that went back started again.
  if (now.bits == 64 && backward) return without_value(Quality::reset);
  const std::uint64_t delta = forward_distance(before, now);
  if (static_cast<double>(delta) > limits.by_physics) return without_value(Quality::implausible);
  if (now.bits == 64) return with_value(delta, Quality::ok);
  return backward ? judge_backward(kind, delta, limits) : judge_forward(kind, delta, limits);
}

CounterDelta choose_story(const CounterDelta& recent, const CounterLimits& recent_limits, CounterDelta old,
                          const CounterLimits& old_limits, std::chrono::nanoseconds old_span) noexcept {
  if (!makes_rate(old.quality)) return recent;
  old.elapsed = old_span;
  if (!makes_rate(recent.quality)) return old;
  const bool recent_fits = within_speed(*recent.value, recent_limits);
  if (recent_fits != within_speed(*old.value, old_limits)) return recent_fits ? recent : old;
  // Going forward needs less explanation than a wrap.
  if (recent.quality != old.quality) return recent.quality == Quality::ok ? recent : old;
  return without_value(Quality::ambiguous);
}

bool within_speed(std::uint64_t delta, const CounterLimits& limits) noexcept {
  return !limits.by_speed || static_cast<double>(delta) <= speed_margin * *limits.by_speed;
}

CounterLimits limits_of(CounterKind kind, std::optional<std::uint64_t> speed_bps, std::chrono::nanoseconds span,
                        double time_error) noexcept {
  const double unit_bits = 8.0 * (kind == CounterKind::octets ? 1.0 : smallest_packet_octets);
  const double seconds = std::chrono::duration<double>(span).count();
  CounterLimits limits;
  if (speed_bps) limits.by_speed = static_cast<double>(*speed_bps) / unit_bits * seconds;
  limits.time_error = time_error;
  limits.by_physics = fastest_link_bps / unit_bits * seconds;
  return limits;
}

}  // namespace octopoll::rates
