#include "row_judge.hpp"

#include <algorithm>
#include <utility>

#include "counter_rule.hpp"

namespace octopoll::rates {
namespace {

constexpr bool inbound(Counter counter) noexcept { return static_cast<unsigned>(counter) % 2 == 0; }

Speeds stated_speeds(const Interface& interface) noexcept {
  const auto stated = link_speed(interface);
  return {stated, stated};
}

void start_record(InterfaceRecord& record, InterfaceSample&& sample, const JudgeSettings& settings) {
  record.sample = std::move(sample);
  if (record.sample.interface.type() == if_type_software_loopback) return;
  const Speeds speeds = settings.speeds ? settings.speeds(record.sample) : stated_speeds(record.sample.interface);
  if (speeds.in != 0U) record.in_speed_bps = speeds.in;
  if (speeds.out != 0U) record.out_speed_bps = speeds.out;
}

// A name that sits at another ifIndex than before is the same interface renumbered (RFC 2863 section 3.1.5 allows that
// only over a restart, agents do it at will), unless the row came to its state after the base was read: then it was
// created again, and its counters with it. Net-SNMP does not move ifCounterDiscontinuityTime for that.
bool created_again(const RowBase& base, const InterfaceSample& now) noexcept {
  if (base.interface.if_index() == now.interface.if_index() || !now.last_change) return false;
  if (!base.time.sys_uptime || !now.time.sys_uptime) return false;
  // All three are stamps of one clock that counts modulo 2^32.
  const std::uint32_t since_base = now.time.sys_uptime->count() - base.time.sys_uptime->count();
  const std::uint32_t changed = now.last_change->count() - base.time.sys_uptime->count();
  return changed != 0 && changed <= since_base;
}

// What ends all of a row's base lines at once.
std::optional<Quality> break_of(const RowBase& base, bool restarted, const InterfaceSample& now) noexcept {
  if (restarted) return Quality::reboot;
  const bool another = base.moved_in_doubt || created_again(base, now);
  if (another || base.discontinuity_time != now.discontinuity_time) return Quality::discontinuity;
  return std::nullopt;
}

void mark_break(InterfaceRecord& record, const RowBase& base, Quality reason) {
  for (const Counter counter : all_counters()) {
    Quality& quality = record.deltas[counter].quality;
    if (!record.sample.counters[counter].present()) {
      quality = Quality::absent;
    } else {
      quality = base.reading(counter).present() ? reason : Quality::first;
    }
  }
}

// The rules that need no arithmetic: nullopt where the two readings can be compared.
std::optional<Quality> incomparable(const CounterReading& before, const CounterReading& now) noexcept {
  if (!now.present()) return Quality::absent;
  if (!before.present() || before.bits != now.bits) return Quality::first;
  return std::nullopt;
}

// The base is kept, so a counter that cannot be compared with it loses its own: the row has one reading time, and the
// counter starts when the base next moves.
void mark_stale(InterfaceRecord& record, RowBase& base) {
  for (const Counter counter : all_counters()) {
    const auto why_not = incomparable(base.reading(counter), record.sample.counters[counter]);
    if (why_not) base.drop(counter);
    record.deltas[counter].quality = why_not.value_or(Quality::stale);
  }
}

constexpr double framing = 14 + 4 + 2 * 4;  // Ethernet header, FCS, two VLAN tags

// The largest frame of a row, in octets with their framing; nullopt where anything may be.
std::optional<double> largest_frame(const Interface& interface) noexcept {
  constexpr double jumbo = 9216 + 18;
  const std::int64_t mtu = interface.mtu().value_or(0);
  const bool credible = mtu >= 68 && mtu <= 65535;  // RFC 791 section 3.2: every IP link carries 68 octets
  // Linux gives "lo" an MTU of 65,536 and really fills it.
  const bool loopback = interface.type() == if_type_software_loopback;
  if (loopback && mtu < 68) return std::nullopt;
  if (credible || loopback) return static_cast<double>(mtu) + framing;
  return jumbo;
}

// The frames of this span. Inbound, ifInOctets counts frames with errors and discards too, which the packet counters
// leave out (RFC 2863, ifInOctets and ifInUcastPkts).
std::optional<double> frames_of(const InterfaceRecord& record, bool in) noexcept {
  double frames = 0.0;
  for (const Counter counter : all_counters()) {
    const CounterKind kind = kind_of(counter);
    if (inbound(counter) != in || kind == CounterKind::octets) continue;
    if (kind == CounterKind::events && (!in || !record.sample.counters[counter].present())) continue;
    const CounterDelta& delta = record.deltas[counter];
    // One from an older base counts more frames than this span had, so it bounds them too.
    if (!makes_rate(delta.quality)) return std::nullopt;
    frames += static_cast<double>(*delta.value);
  }
  return frames;
}

// What these frames can hold. Where none passed, their counters are taken for dead: some devices forward in hardware
// and count frames in software.
void bound_by_frames(CounterLimits& limits, const InterfaceRecord& record, const RowBase& base, bool in) noexcept {
  constexpr double largest_packet = 65535 + framing;  // RFC 791, and what offloads hand over as one frame
  const auto frames = frames_of(record, in);
  if (!frames) return;
  const auto frame = largest_frame(record.sample.interface);
  const bool refuted = in ? base.in_frames_refuted : base.out_frames_refuted;
  const bool useless = in ? base.in_frames_useless : base.out_frames_useless;
  if (frame && !refuted) limits.by_frames = *frames * *frame;
  if (*frames > 0 && !useless) limits.by_packets = *frames * std::max(largest_packet, frame.value_or(0.0));
}

std::optional<std::uint64_t> speed_of(const InterfaceRecord& record, Counter counter) noexcept {
  return inbound(counter) ? record.in_speed_bps : record.out_speed_bps;
}

// How the counter came to its new reading if it continues an older base.
Story old_story(const RowBase::Doubt& doubt, const InterfaceRecord& record, const ClockSettings& clock) {
  const Elapsed span = elapsed_between(doubt.time, record.sample.time, clock);
  const CounterKind kind = kind_of(doubt.counter);
  Story story;
  story.limits = limits_of(kind, speed_of(record, doubt.counter), span.time, span.relative_error);
  story.delta = judge_step(kind, doubt.old, record.sample.counters[doubt.counter], story.limits);
  if (makes_rate(story.delta.quality)) story.delta.elapsed = span.time;
  return story;
}

// Which base the new reading continues: that of the last reading, or one that was pushed aside.
CounterDelta settle_doubts(const Story& recent, RowBase& base, Counter counter, const InterfaceRecord& record,
                           const ClockSettings& clock) {
  CounterDelta chosen = recent.delta;
  bool something_possible = recent.possible();
  for (const auto* doubt = base.next_doubt(counter, nullptr); doubt != nullptr;
       doubt = base.next_doubt(counter, doubt)) {
    const Story old = old_story(*doubt, record, clock);
    if (doubt->why == RowBase::Strange::wrap) {
      if (!something_possible && old.possible()) chosen = {std::nullopt, Quality::ambiguous, {}};
    } else if (doubt->age == 0) {
      chosen = choose_story(recent, old);
      something_possible = something_possible || old.possible();
    } else if (const auto leap = leap_back(chosen, old, something_possible)) {
      chosen = *leap;
    }
  }
  const bool went_on = chosen.elapsed.count() == 0 && chosen.quality != Quality::ambiguous;
  if (went_on) {
    base.age_doubts(counter, chosen.value.value_or(1) != 0);
  } else {
    base.end_doubts(counter);
  }
  return chosen;
}

std::optional<RowBase::Strange> strange(const CounterReading& before, const CounterReading& now,
                                        const CounterDelta& delta, const CounterLimits& limits) noexcept {
  using enum RowBase::Strange;
  const bool back = now.value < before.value;
  if (delta.quality == Quality::wrapped && delta.elapsed.count() == 0) return wrap;
  if (delta.quality == Quality::reset || (delta.quality == Quality::ambiguous && back)) return value;
  if (delta.quality != Quality::implausible) return std::nullopt;
  const bool by_frames =
      limits.by_packets && !back && static_cast<double>(now.value - before.value) <= limits.by_physics;
  return by_frames ? frames : value;
}

// Judges one counter and moves its base. `limits`: of the record's span.
void judge_counter(InterfaceRecord& record, RowBase& base, Counter counter, const CounterLimits& limits,
                   const ClockSettings& clock) {
  const CounterReading before = base.reading(counter);
  const CounterReading& now = record.sample.counters[counter];
  CounterDelta& delta = record.deltas[counter];
  if (const auto why_not = incomparable(before, now)) {
    delta.quality = *why_not;
    base.drop(counter);
    base.set(counter, now);
    return;
  }
  delta = judge_step(kind_of(counter), before, now, limits);
  if (base.doubted()) delta = settle_doubts({delta, limits}, base, counter, record, clock);
  if (const auto why = strange(before, now, delta, limits)) base.doubt(counter, before, base.time, *why);
  base.set(counter, now);
}

CounterLimits limits_of(const InterfaceRecord& record, Counter counter) noexcept {
  return limits_of(kind_of(counter), speed_of(record, counter), record.elapsed, record.time_error);
}

void judge_octets(InterfaceRecord& record, RowBase& base, bool in, const ClockSettings& clock) {
  const Counter counter = in ? Counter::in_octets : Counter::out_octets;
  CounterLimits limits = limits_of(record, counter);
  bound_by_frames(limits, record, base, in);
  const CounterReading before = base.reading(counter);
  const CounterReading& now = record.sample.counters[counter];
  const auto* const doubt = base.next_doubt(counter, nullptr);
  if (doubt != nullptr && doubt->why == RowBase::Strange::frames && doubt->age == 0 && now.value >= before.value) {
    // What the frames contradicted goes on: they are not what the octets are made of.
    (in ? base.in_frames_useless : base.out_frames_useless) = true;
    limits.by_packets.reset();
  }
  const std::uint64_t at_least = forward_distance(before, now);
  judge_counter(record, base, counter, limits, clock);
  const Quality quality = record.deltas[counter].quality;
  const bool moved = makes_rate(quality) || quality == Quality::ambiguous;
  if (limits.by_frames && moved && static_cast<double>(at_least) > *limits.by_frames) {
    (in ? base.in_frames_refuted : base.out_frames_refuted) = true;
  }
}

/// What nearly every counter of nearly every cycle is: not there, as before; or forward, with a base that nobody
/// doubts, and of 64 bits or a count of events. The rules of judge_step() come to the same there, and cost several
/// times as much.
bool judge_plain(InterfaceRecord& record, RowBase& base, Counter counter, std::uint64_t physics) noexcept {
  const CounterReading& now = record.sample.counters[counter];
  const CounterReading before = base.reading(counter);
  if (!now.present() && !before.present()) {
    record.deltas[counter].quality = Quality::absent;
    return true;
  }
  if (!now.present() || now.bits != before.bits || now.value < before.value || base.doubted()) return false;
  if (now.bits != 64 && kind_of(counter) != CounterKind::events) return false;
  const std::uint64_t delta = now.value - before.value;
  if (delta >= physics) return false;
  record.deltas[counter].value = delta;
  record.deltas[counter].quality = Quality::ok;
  base.move(counter, now.value);
  return true;
}

/// Below this no counter has gone faster than anything can: that of the largest units, rounded down.
std::uint64_t least_physics(std::chrono::nanoseconds elapsed) noexcept {
  const CounterLimits limits = limits_of(CounterKind::events, std::nullopt, elapsed, 0.0);
  constexpr double largest = 9e18;
  return static_cast<std::uint64_t>(std::min(limits.by_physics, largest));
}

/// What the link can carry, rounded down; where nobody knows, all there can be.
std::uint64_t most_octets(std::optional<std::uint64_t> speed_bps, double seconds, std::uint64_t physics) noexcept {
  if (!speed_bps) return physics;
  const double octets = static_cast<double>(*speed_bps) * seconds / 8.0;
  return octets < static_cast<double>(physics) ? static_cast<std::uint64_t>(octets) : physics;
}

/// A counter that went back beside another one of its row that did so without a wrap: all of them may have restarted
/// (agents without sysUpTime do so unsaid), and a wrap would invent nearly a whole turn.
void doubt_wraps(InterfaceRecord& record, RowBase& base) noexcept {
  const auto& deltas = record.deltas.items;
  const bool broken = std::any_of(deltas.begin(), deltas.end(), [](const CounterDelta& delta) {
    return delta.quality == Quality::reset || delta.quality == Quality::implausible;
  });
  if (!broken) return;
  for (const Counter counter : all_counters()) {
    CounterDelta& delta = record.deltas[counter];
    if (delta.quality != Quality::wrapped || delta.elapsed.count() != 0) continue;
    delta = {std::nullopt, Quality::ambiguous, {}};
    base.doubt_wrap(counter);
  }
}

void judge_counters(InterfaceRecord& record, RowBase& base, const ClockSettings& clock) {
  const std::uint64_t physics = least_physics(record.elapsed);
  const double seconds = std::chrono::duration<double>(record.elapsed).count();
  bool all_plain = true;
  for (const Counter counter : all_counters()) {
    if (counts_octets(counter) || judge_plain(record, base, counter, physics)) continue;
    judge_counter(record, base, counter, limits_of(record, counter), clock);
    all_plain = false;
  }
  // Octets come last: the packets of the same span bound them. Those of 64 bits need no bound within the link's speed.
  const std::uint64_t most_in = most_octets(record.in_speed_bps, seconds, physics);
  const std::uint64_t most_out =
      record.out_speed_bps == record.in_speed_bps ? most_in : most_octets(record.out_speed_bps, seconds, physics);
  if (!judge_plain(record, base, Counter::in_octets, most_in)) {
    judge_octets(record, base, true, clock);
    all_plain = false;
  }
  if (!judge_plain(record, base, Counter::out_octets, most_out)) {
    judge_octets(record, base, false, clock);
    all_plain = false;
  }
  if (!all_plain) doubt_wraps(record, base);
}

/// What RowBase knows a pair of speeds by; never 0.
std::uint32_t mix(const InterfaceRecord& record) noexcept {
  const std::uint64_t both = record.in_speed_bps.value_or(0) * 31 + record.out_speed_bps.value_or(0);
  return static_cast<std::uint32_t>((both * 0x9e37'79b9'7f4a'7c15ULL) >> 36U) | 1U;
}

/// A speed that these octets have refuted bounds nothing, and no utilisation divides by it.
void leave_out_refuted(InterfaceRecord& record, RowBase& base, std::uint32_t speeds) noexcept {
  base.forget_loads_of_other(speeds);
  if (base.speed_refuted(true)) record.in_speed_bps.reset();
  if (base.speed_refuted(false)) record.out_speed_bps.reset();
  record.speed_exceeded = base.speed_refuted(true) || base.speed_refuted(false);
}

/// Puts one direction's rate against its speed. A rate that is above the speed for certain, whatever the error of its
/// time, proves the speed wrong: a share of it would be no share. True where that refutes the speed from here on.
/// `speeds`: as they were stated; 0 while nobody needed to know, and then still as the record has them.
bool put_against_speed(InterfaceRecord& record, RowBase& base, bool in, std::uint32_t& speeds) {
  std::optional<std::uint64_t>& speed = in ? record.in_speed_bps : record.out_speed_bps;
  const auto rate = record.per_second(in ? Counter::in_octets : Counter::out_octets);
  if (!rate || !speed) return false;
  const double share = *rate * 8.0 / static_cast<double>(*speed);
  const bool exceeded = share > 1.0 + record.time_error;
  bool refuted = false;
  if (exceeded || base.ever_above()) {
    if (speeds == 0) speeds = mix(record);
    // Spans of a full link whose agent caches, unknown to us, are above its speed and below it by turns.
    refuted = base.note_load(in, share > speed_margin * (1.0 + record.time_error), speeds);
  }
  if (exceeded) {
    record.speed_exceeded = true;
    speed.reset();
  } else if (!is_saturated_speed(*speed)) {
    (in ? record.in_utilization : record.out_utilization) = share;
  }
  return refuted;
}

/// It has bounded what the octets can be, and is no more than that.
void leave_out_saturated(InterfaceRecord& record) noexcept {
  if (record.in_speed_bps && is_saturated_speed(*record.in_speed_bps)) record.in_speed_bps.reset();
  if (record.out_speed_bps && is_saturated_speed(*record.out_speed_bps)) record.out_speed_bps.reset();
}

}  // namespace

void first_record(InterfaceRecord& record, InterfaceSample&& sample, const JudgeSettings& settings) {
  start_record(record, std::move(sample), settings);
  mark_break(record, RowBase{}, Quality::first);
  leave_out_saturated(record);
}

namespace {

bool judge_started(InterfaceRecord& record, RowBase& base, const RowSpan& span, const JudgeSettings& settings) {
  std::uint32_t speeds = 0;
  if (base.ever_above()) {
    speeds = mix(record);
    leave_out_refuted(record, base, speeds);
  }
  const InterfaceSample& now = record.sample;
  const Elapsed& elapsed = span.elapsed;
  const bool restarted = span.restarted;
  record.elapsed = std::max(elapsed.time, std::chrono::nanoseconds(0));
  record.time_error = elapsed.relative_error;
  base.seen = now.time.received;
  if (now.last_change != base.link.last_change || now.oper_status != base.link.oper_status) {
    const bool same_row = !restarted && !base.moved_in_doubt && base.interface.if_index() == now.interface.if_index();
    if (same_row) record.flapped_at = flap_between(base.link, link_state_of(now));
    base.link = link_state_of(now);
  } else {
    base.link.uptime = now.time.sys_uptime;
  }
  if (const auto reason = break_of(base, restarted, now)) {
    mark_break(record, base, *reason);
    base = RowBase(now);
    return false;
  }
  if (elapsed.time.count() <= 0 || elapsed.relative_error > settings.max_time_error) {
    mark_stale(record, base);
    return false;
  }
  judge_counters(record, base, settings.clock);
  base.time = now.time;
  // Discovery makes new blocks, and the old ones are freed when nobody holds them.
  if (!base.interface.same_block(now.interface)) base.interface = now.interface;
  const bool in_refuted = put_against_speed(record, base, true, speeds);
  return put_against_speed(record, base, false, speeds) || in_refuted;
}

}  // namespace

bool judge_row(InterfaceRecord& record, RowBase& base, const RowSpan& span, InterfaceSample&& sample,
               const JudgeSettings& settings) {
  start_record(record, std::move(sample), settings);
  const bool refuted = judge_started(record, base, span, settings);
  leave_out_saturated(record);
  return refuted;
}

}  // namespace octopoll::rates
