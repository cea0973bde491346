#include "counter_rule.hpp"

namespace octopoll::rates {
namespace {

constexpr auto two_to_32 = static_cast<double>(whole_turn);
constexpr double smallest_packet_octets = 20.0;  // an IPv4 header alone, whatever the link puts around it
constexpr double fastest_link_bps = 10e12;
/// Two stories that are closer than this are one to whoever reads the rate.
constexpr std::uint64_t agreeing_part = 1'000;
/// A step that goes this many times farther than the base line needs is a leap back to it rather than traffic.
constexpr std::uint64_t leap_factor = 100;

CounterDelta without_value(Quality quality) noexcept { return {std::nullopt, quality, {}}; }
CounterDelta with_value(std::uint64_t value, Quality quality) noexcept { return {value, quality, {}}; }

// True where, for all we know, the counter came round once more than its two readings tell.
bool may_hide_a_wrap(CounterKind kind, std::uint64_t delta, const CounterLimits& limits) noexcept {
  if (delta == 0) return false;  // whole turns, to the octet
  const bool frames_fit = hold(limits.by_frames, delta);
  if (frames_fit && *limits.by_frames < two_to_32) return false;
  if (limits.by_speed) return *limits.by_speed * (1.0 + limits.time_error) >= two_to_32;
  if (kind != CounterKind::octets) return false;
  // Without a speed it is for the frames to show that another turn had no room. Those that do not hold what is seen are
  // no measure of what is not.
  const auto& most = frames_fit ? limits.by_frames : limits.by_packets ? limits.by_packets : limits.by_likely_frames;
  return !exclude_turn(most, delta);
}

CounterDelta judge_forward(CounterKind kind, std::uint64_t delta, CounterLimits limits) noexcept {
  if (kind == CounterKind::events) return with_value(delta, Quality::ok);
  // A delta above the stated speed proves the speed wrong, so nothing may be concluded from it.
  if (!within_speed(delta, limits)) limits.by_speed.reset();
  return may_hide_a_wrap(kind, delta, limits) ? without_value(Quality::ambiguous) : with_value(delta, Quality::ok);
}

// Read in two halves, between which the lower one came round: 2^32 too many.
bool torn(std::uint64_t delta, const CounterLimits& limits) noexcept {
  const auto fits = [&](std::uint64_t octets) {
    const bool held = !limits.by_frames || hold(limits.by_frames, octets);
    return held && within_speed(octets, limits) && !beyond_packets(octets, limits);
  };
  return delta >= whole_turn && !fits(delta) && fits(delta - whole_turn);
}

CounterDelta judge_backward(CounterKind kind, std::uint64_t delta, const CounterLimits& limits) noexcept {
  // A step back by little is no wrap of nearly a whole turn, if next to nothing passed.
  if (delta > 1ULL << 31 && beyond_packets(delta, limits)) return without_value(Quality::implausible);
  // A wrap that the frames have room for and the speed has not: the speed may be wrong, or the reading.
  if (refutes_speed(delta, limits)) return without_value(Quality::ambiguous);
  const bool bounded = limits.by_speed || hold(limits.by_frames, delta);
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
  if (!backward && beyond_packets(delta, limits)) return without_value(Quality::implausible);
  if (now.bits == 64) return torn(delta, limits) ? without_value(Quality::implausible) : with_value(delta, Quality::ok);
  return backward ? judge_backward(kind, delta, limits) : judge_forward(kind, delta, limits);
}

CounterDelta choose_story(const Story& recent, const Story& old) noexcept {
  if (!makes_rate(old.delta.quality)) return recent.delta;
  if (!makes_rate(recent.delta.quality)) return old.delta;
  if (recent.possible() != old.possible()) return recent.possible() ? recent.delta : old.delta;
  // Going forward needs less explanation than a wrap.
  if (recent.delta.quality != old.delta.quality) return recent.delta.quality == Quality::ok ? recent.delta : old.delta;
  // The counter went back by next to nothing (sums over processors that are read one by one do): whatever it was, the
  // base line is right to all who look, and loses nothing.
  const std::uint64_t one = *recent.delta.value;
  const std::uint64_t other = *old.delta.value;
  if (one >= other && one - other <= other / agreeing_part) return old.delta;
  return without_value(Quality::ambiguous);
}

std::optional<CounterDelta> leap_back(const CounterDelta& recent, const Story& old, bool something_possible) noexcept {
  // By a wrap, a base of long ago explains nearly anything.
  if (!old.possible() || old.delta.quality != Quality::ok) return std::nullopt;
  if (!something_possible) return old.delta;
  if (!makes_rate(recent.quality) || *recent.value == 0) return std::nullopt;
  if (*old.delta.value > *recent.value / leap_factor) return std::nullopt;
  return without_value(Quality::ambiguous);
}

bool within_speed(std::uint64_t delta, const CounterLimits& limits) noexcept {
  return !limits.by_speed || static_cast<double>(delta) <= speed_margin * *limits.by_speed;
}

bool hold(const std::optional<double>& most, std::uint64_t octets) noexcept {
  return most && static_cast<double>(octets) <= *most;
}

bool beyond_packets(std::uint64_t delta, const CounterLimits& limits) noexcept {
  return limits.by_packets && !hold(limits.by_packets, delta);
}

bool refutes_speed(std::uint64_t delta, const CounterLimits& limits) noexcept {
  return !within_speed(delta, limits) && hold(limits.by_frames ? limits.by_frames : limits.by_likely_frames, delta);
}

bool exclude_turn(const std::optional<double>& most, std::uint64_t octets) noexcept {
  return hold(most, octets) && !hold(most, octets + whole_turn);
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
