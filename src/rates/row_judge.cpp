#include "row_judge.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "counter_rule.hpp"
#include "octopoll/rates/cache_learner.hpp"

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
  // One that says "at least" bounds nothing (RFC 2863, ifSpeed), and no utilisation divides by it.
  if (speeds.in != 0U && !is_saturated_speed(*speeds.in)) record.in_speed_bps = speeds.in;
  if (speeds.out != 0U && !is_saturated_speed(*speeds.out)) record.out_speed_bps = speeds.out;
}

// A name that sits at another ifIndex than before is the same interface renumbered (RFC 2863 section 3.1.5 allows that
// only over a restart, agents do it at will), unless the row came to its state after the base was read: then it was
// created again, and its counters with it. Net-SNMP does not move ifCounterDiscontinuityTime for that.
bool created_again(const RowBase& base, const ReadingTime& before, const InterfaceSample& now) noexcept {
  if (base.interface.if_index() == now.interface.if_index() || !now.last_change) return false;
  if (!before.sys_uptime || !now.time.sys_uptime) return false;
  // All three are stamps of one clock that counts modulo 2^32.
  const std::uint32_t since_base = now.time.sys_uptime->count() - before.sys_uptime->count();
  const std::uint32_t changed = now.last_change->count() - before.sys_uptime->count();
  return changed != 0 && changed <= since_base;
}

// What ends all of a row's base lines at once.
std::optional<Quality> break_of(const RowBase& base, const RowSpan& span, const InterfaceSample& now) noexcept {
  if (span.restarted) return Quality::reboot;
  const bool another = span.leapt || base.moved_in_doubt() || created_again(base, span.before, now);
  if (another || base.discontinuity_time() != now.discontinuity_time) return Quality::discontinuity;
  return std::nullopt;
}

void mark_break(InterfaceRecord& record, const RowBase& base, Quality reason) {
  for (const Counter counter : all_counters()) {
    Quality quality = Quality::absent;
    if (record.sample.counters[counter].present()) {
      quality = base.reading(counter).present() ? reason : Quality::first;
    }
    record.deltas.set_quality(counter, quality);
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
    record.deltas.set_quality(counter, why_not.value_or(Quality::stale));
  }
}

constexpr double framing = 14 + 4 + 2 * 4;          // Ethernet header, FCS, two VLAN tags
constexpr double largest_packet = 65535 + framing;  // RFC 791, and what offloads hand over as one frame

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
    const CounterDelta delta = record.deltas[counter];
    // One from an older base counts more frames than this span had, so it bounds them too.
    if (!makes_rate(delta.quality)) return std::nullopt;
    frames += static_cast<double>(*delta.value);
  }
  return frames;
}

/// Drivers read octets and packets one after the other, and frames come between.
constexpr std::uint64_t counted_apart = 16;

/// More octets than the frames of the base, and one that was just coming in, can hold, were each of so many octets: the
/// direction's frames were not all counted there.
bool frames_were_missing(const RowBase& base, double frame_octets, bool in) noexcept {
  double frames = 1.0;
  for (const Counter counter : all_counters()) {
    if (inbound(counter) == in && !counts_octets(counter)) frames += static_cast<double>(base.reading(counter).value);
  }
  const auto octets = static_cast<double>(base.reading(in ? Counter::in_octets : Counter::out_octets).value);
  return octets > frames * frame_octets;
}

/// The same whatever ifMtu says.
double largest_of_all(const std::optional<double>& largest_frame) noexcept {
  return std::max(largest_packet, largest_frame.value_or(0.0));
}

// Without ifXTable multicast and broadcast packets are not told apart (ifInNUcastPkts is deprecated, and not asked).
std::optional<double> likely_frames(const InterfaceRecord& record, bool in) noexcept {
  using enum Counter;
  constexpr double uncounted_a_second = 1000.0;
  const auto not_counted = [&](Counter counter) { return record.deltas[counter].quality == Quality::absent; };
  const CounterDelta unicast = record.deltas[in ? in_ucast_pkts : out_ucast_pkts];
  if (!makes_rate(unicast.quality) || !not_counted(in ? in_multicast_pkts : out_multicast_pkts) ||
      !not_counted(in ? in_broadcast_pkts : out_broadcast_pkts)) {
    return std::nullopt;
  }
  const double seconds = std::chrono::duration<double>(record.elapsed).count();
  return 2.0 * static_cast<double>(*unicast.value) + uncounted_a_second * seconds;
}

// What these frames can hold. Some devices forward in hardware and count frames in software: where there have been more
// octets than all frames together can hold, these are no measure.
void bound_by_frames(CounterLimits& limits, const InterfaceRecord& record, const RowBase& base, bool in) noexcept {
  const auto frames = frames_of(record, in);
  const auto frame = largest_frame(record.sample.interface);
  if (!frames) {
    const auto likely = likely_frames(record, in);
    if (likely && frame) limits.by_likely_frames = *likely * *frame;
    return;
  }
  if (frame && !base.useless(RowBase::Measure::frames, in)) limits.by_frames = *frames * *frame;
  const double largest = largest_of_all(frame);
  if (base.useless(RowBase::Measure::largest_frames, in) || frames_were_missing(base, largest, in)) return;
  limits.by_packets = (*frames + static_cast<double>(counted_apart)) * largest;
}

std::optional<std::uint64_t> speed_of(const InterfaceRecord& record, Counter counter) noexcept {
  return inbound(counter) ? record.in_speed_bps : record.out_speed_bps;
}

// How the counter came to its new reading if it continues an older base.
Story old_story(const RowBase::Doubt& doubt, const InterfaceRecord& record, const ReadingTime& now,
                const ClockSettings& clock) {
  const Elapsed span = elapsed_between(doubt.time, now, clock);
  const CounterKind kind = kind_of(doubt.counter);
  Story story;
  story.limits = limits_of(kind, speed_of(record, doubt.counter), span.time, span.relative_error);
  story.delta = judge_step(kind, doubt.old, record.sample.counters[doubt.counter], story.limits);
  if (makes_rate(story.delta.quality)) story.delta.elapsed = span.time;
  return story;
}

// What came was no contradiction in itself: the row's other counters had no room for it. So a reading that goes on from
// there has no use for the base before.
bool refuted_by_others(RowBase::Strange why) noexcept {
  return why == RowBase::Strange::packets || why == RowBase::Strange::frames;
}

// Which base the new reading continues: that of the last reading, or one that was pushed aside.
CounterDelta settle_doubts(const Story& recent, RowBase& base, Counter counter, const InterfaceRecord& record,
                           const ReadingTime& now, const ClockSettings& clock) {
  const std::uint64_t step = forward_distance(base.reading(counter), record.sample.counters[counter]);
  const bool beyond = beyond_packets(step, recent.limits);
  CounterDelta chosen = recent.delta;
  bool something_possible = recent.possible();
  // No story is told by a speed that this very step shows to be wrong.
  const bool speed_is_wrong = recent.delta.quality == Quality::ambiguous && refutes_speed(step, recent.limits);
  for (const auto* doubt = speed_is_wrong ? nullptr : base.next_doubt(counter, nullptr); doubt != nullptr;
       doubt = base.next_doubt(counter, doubt)) {
    const Story old = old_story(*doubt, record, now, clock);
    // It would need still more octets than those that the frames of the last step could not hold.
    if (beyond && old.delta.value.value_or(0) > step) continue;
    if (doubt->why == RowBase::Strange::still) {
      // What passed while it stood may be in this step: it is whole since then alone. Without packets it may stand;
      // what comes after that is of its own span if its frames can hold it.
      const bool of_its_own = doubt->age > 0 && hold(recent.limits.by_frames, step);
      if (step != 0 && !of_its_own) chosen = old.delta;
      something_possible = true;
    } else if (doubt->why == RowBase::Strange::wrap) {
      if (!something_possible && old.possible()) chosen = {std::nullopt, Quality::ambiguous, {}};
    } else if (doubt->age == 0 && !(refuted_by_others(doubt->why) && makes_rate(chosen.quality))) {
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

/// More octets than the frames of this span can hold, or frames that were there before: the base had octets that only
/// they can have held. Both by the row's largest frame, unless octets have refuted it.
bool beyond_own_frames(const InterfaceRecord& record, const RowBase& base, Counter counter) noexcept {
  const bool in = inbound(counter);
  const std::uint64_t now = record.sample.counters[counter].value;
  const auto frame = largest_frame(record.sample.interface);
  const bool bounded = frame && !base.useless(RowBase::Measure::frames, in);
  if (counts_octets(counter)) {
    const auto frames = bounded ? frames_of(record, in) : std::nullopt;
    return frames && static_cast<double>(now) > (*frames + static_cast<double>(counted_apart)) * *frame;
  }
  if (kind_of(counter) != CounterKind::frames) return false;
  // A few may be the first of their kind on a link whose largest frame nobody has put to the test.
  return frames_were_missing(base, bounded && now > counted_apart ? *frame : largest_of_all(frame), in);
}

/// A counter that leaves zero may not have counted before: what it shows then was not counted since.
///
/// Net-SNMP shows 0 unicast packets for three seconds after its start, beside octets that are right, and then all there
/// ever were. Others show zeros until a driver has answered, or now and then. The first shows in the base itself, as
/// octets without frames; the others where the link could not have carried that much, or the frames of the span not
/// have held it. A speed or an MTU that is stated too low costs the first delta of an interface that starts at 0, no
/// other.
bool leaves_no_count(const InterfaceRecord& record, const RowBase& base, Counter counter, const CounterLimits& limits) {
  const std::uint64_t now = record.sample.counters[counter].value;
  if (base.reading(counter).value != 0 || now == 0 || base.next_doubt(counter, nullptr) != nullptr) return false;
  if (limits.by_speed && static_cast<double>(now) > speed_margin * (1.0 + limits.time_error) * *limits.by_speed) {
    return true;
  }
  return beyond_own_frames(record, base, counter);
}

// Judges one counter and moves its base. `limits`: of the record's span. False where the base was no count.
bool judge_counter(InterfaceRecord& record, RowBase& base, Counter counter, const CounterLimits& limits,
                   const RowSpan& span, const ClockSettings& clock) {
  const CounterReading before = base.reading(counter);
  const CounterReading now = record.sample.counters[counter];
  if (const auto why_not = incomparable(before, now)) {
    record.deltas.set_quality(counter, *why_not);
    base.drop(counter);
    base.set(counter, now);
    return true;
  }
  if (leaves_no_count(record, base, counter, limits)) {
    record.deltas.set_quality(counter, Quality::implausible);
    base.set(counter, now);
    return false;
  }
  CounterDelta delta = judge_step(kind_of(counter), before, now, limits);
  if (base.doubted()) delta = settle_doubts({delta, limits}, base, counter, record, span.now, clock);
  record.deltas.set(counter, delta);
  if (const auto why = strange(before, now, delta, limits)) base.doubt(counter, before, span.before, *why);
  base.set(counter, now);
  return true;
}

CounterLimits limits_of(const InterfaceRecord& record, Counter counter) noexcept {
  return limits_of(kind_of(counter), speed_of(record, counter), record.elapsed, record.time_error);
}

/// What a step of octets says of the stated speed.
struct Load {
  bool above = false;  ///< more passed than it lets through, though how many nobody can tell
  bool whole = true;   ///< they are all that passed: 64 bits, or no room for another turn
};
struct Loads {
  Load in, out;
};

bool judge_octets(InterfaceRecord& record, RowBase& base, bool in, const RowSpan& span, const ClockSettings& clock,
                  Load& load) {
  const Counter counter = in ? Counter::in_octets : Counter::out_octets;
  CounterLimits limits = limits_of(record, counter);
  bound_by_frames(limits, record, base, in);
  const CounterReading before = base.reading(counter);
  const CounterReading now = record.sample.counters[counter];
  const auto* const doubt = base.next_doubt(counter, nullptr);
  const bool doubted = doubt != nullptr;
  const std::uint64_t at_least = forward_distance(before, now);
  // The last step's frames are too few for it, or have room for the step before it, too.
  const auto no_measure = [&] {
    return beyond_packets(at_least, limits) || hold(limits.by_packets, now.value - doubt->old.value);
  };
  if (doubted && doubt->why == RowBase::Strange::frames && doubt->age == 0 && now.value >= before.value &&
      no_measure()) {
    // What the frames contradicted goes on: they are not what the octets are made of, or are counted later.
    base.find_useless(RowBase::Measure::largest_frames, in);
    limits.by_packets.reset();
  }
  const bool base_counted = judge_counter(record, base, counter, limits, span, clock);
  const Quality quality = record.deltas[counter].quality;
  const bool moved = makes_rate(quality) || quality == Quality::ambiguous;
  load.whole = now.bits == 64 || exclude_turn(limits.by_frames, at_least);
  const double certainly = speed_margin * (1.0 + limits.time_error) * limits.by_speed.value_or(0.0);
  load.above = quality == Quality::ambiguous && limits.by_speed && static_cast<double>(at_least) > certainly &&
               judge_step(CounterKind::octets, before, now, limits).quality == Quality::ambiguous;
  // A step from a reading that was pushed aside is none of this span.
  const bool of_this_step = !doubted || (makes_rate(quality) && record.deltas[counter].elapsed.count() == 0);
  if (limits.by_frames && moved && of_this_step && static_cast<double>(at_least) > *limits.by_frames) {
    base.find_useless(RowBase::Measure::frames, in);
  }
  return base_counted;
}

constexpr std::array<Counter, 3> frame_counters(bool in) noexcept {
  using enum Counter;
  if (in) return {in_ucast_pkts, in_multicast_pkts, in_broadcast_pkts};
  return {out_ucast_pkts, out_multicast_pkts, out_broadcast_pkts};
}

constexpr std::int64_t if_type_ethernet = 6;  // ethernetCsmacd of IANAifType-MIB
/// ifInOctets counts "framing characters" (RFC 2863), so each frame has its header in it, were it without content.
constexpr std::uint64_t ethernet_header = 14;
constexpr std::uint64_t ethernet_on_wire = 84;  // the smallest frame, preamble, and the gap (IEEE 802.3 section 4.4.2)

/// Packets that no octets are to be expected of.
std::uint64_t not_sent(const InterfaceRecord& record, bool in) noexcept {
  if (in) return 0;
  return record.deltas[Counter::out_discards].value.value_or(0) + record.deltas[Counter::out_errors].value.value_or(0);
}

/// What a counter gained since the reading before this one, as far as it is known.
std::uint64_t of_this_span(const CounterDelta& delta) noexcept {
  return delta.elapsed.count() == 0 ? delta.value.value_or(0) : 0;
}

/// The most frames that a direction can have carried; nullopt where nothing tells.
///
/// Links without such a header have one octet a frame at the least: PPP leaves its header away, tunnels count what they
/// carry. Octets that stand at 0 are not counted at all and bound nothing: an agent that does not count them should
/// have no instance (RFC 3416 section 4.2.1), but many show 0 on VLANs and switched virtual interfaces. Outbound,
/// packets are those that were to be sent, "including those that were discarded or not sent" (RFC 2863,
/// ifOutUcastPkts), and octets those that were.
std::optional<double> most_frames(const InterfaceRecord& record, bool in) noexcept {
  const Counter octets = in ? Counter::in_octets : Counter::out_octets;
  const CounterReading shown = record.sample.counters[octets];
  const CounterDelta delta = record.deltas[octets];
  const auto speed = speed_of(record, octets);
  const bool ethernet = record.sample.interface.type() == if_type_ethernet;
  std::optional<double> most;
  // Without a speed, octets of 32 bits may have come round unseen.
  if (makes_rate(delta.quality) && shown.value != 0 && (shown.bits == 64 || speed)) {
    const std::uint64_t counted = *delta.value / (ethernet ? ethernet_header : 1);
    most = static_cast<double>(counted + counted_apart);
  }
  const auto rate = record.per_second(octets);
  if (ethernet && speed && (!rate || *rate * 8.0 <= static_cast<double>(*speed))) {
    const double seconds = std::chrono::duration<double>(record.elapsed).count() * (1.0 + record.time_error);
    const double of_wire = static_cast<double>(*speed) * seconds / (8.0 * ethernet_on_wire);
    most = std::min(most.value_or(of_wire * speed_margin), of_wire * speed_margin);
  }
  if (most) *most += static_cast<double>(not_sent(record, in));
  return most;
}

bool waits_for_packets(const RowBase& base, Counter counter) noexcept {
  const auto* const doubt = base.next_doubt(counter, nullptr);
  return doubt != nullptr && doubt->why == RowBase::Strange::packets;
}

/// The reading that this one came to by its delta.
CounterReading stepped_back(const CounterReading& now, std::uint64_t delta) noexcept {
  const std::uint64_t before = now.value - delta;
  return {now.bits == 32 ? static_cast<std::uint32_t>(before) : before, now.bits};
}

/// Refutes frames that there was no room for: the largest of the three counts first, until the others fit.
void judge_frames(InterfaceRecord& record, RowBase& base, const RowSpan& span, bool in) {
  const auto most = base.useless(RowBase::Measure::octets, in) ? std::nullopt : most_frames(record, in);
  if (!most) return;
  const auto counters = frame_counters(in);
  const auto gained = [&](Counter counter) { return static_cast<double>(of_this_span(record.deltas[counter])); };
  double frames = 0.0;
  for (const Counter counter : counters) frames += gained(counter);
  if (frames <= *most) return;
  const bool again =
      std::any_of(counters.begin(), counters.end(), [&](Counter counter) { return waits_for_packets(base, counter); });
  if (again) {
    // A base line that was wrong shows once: these are more for another reason (octets that another layer counts, or a
    // speed that is not the link's).
    base.find_useless(RowBase::Measure::octets, in);
    for (const Counter counter : counters) base.end_doubts(counter);
    return;
  }
  while (frames > *most) {
    const Counter largest = *std::max_element(counters.begin(), counters.end(),
                                              [&](Counter a, Counter b) { return gained(a) < gained(b); });
    const CounterReading before = stepped_back(record.sample.counters[largest], *record.deltas[largest].value);
    frames -= gained(largest);
    record.deltas.set(largest, {std::nullopt, Quality::implausible, {}});
    base.doubt(largest, before, span.before, RowBase::Strange::packets);
  }
}

/// The frames of this span in one direction, as far as they are known.
struct Frames {
  std::uint64_t count = 0;
  bool all = true;  ///< all three counters have a delta
};

Frames frames_told(const InterfaceRecord& record, bool in) noexcept {
  Frames frames;
  for (const Counter counter : frame_counters(in)) {
    const auto delta = record.deltas[counter].value;
    frames.count += delta.value_or(0);
    frames.all = frames.all && delta;
  }
  return frames;
}

/// The octets of this span that need no look at its frames: these hold as many, or are not all known.
std::uint64_t surely_held(const Frames& frames) noexcept {
  constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
  return frames.all && frames.count < all >> 24U ? (frames.count + counted_apart) * 65'535 : all;
}

/// Whether judge_frames() has anything to look at; nearly always not. `most_octets`: that the link can carry.
bool frames_in_question(const Frames& frames, const CounterDelta& octets, std::uint64_t most_octets) noexcept {
  constexpr auto surely_on_wire = static_cast<std::uint64_t>(ethernet_on_wire / speed_margin);
  return frames.count * ethernet_header > octets.value.value_or(0) || frames.count * surely_on_wire > most_octets;
}

bool sends_nothing(const std::optional<IfStatus>& status) noexcept {
  constexpr IfStatus not_present{6}, lower_layer_down{7};
  return status == status_down || status == not_present || status == lower_layer_down;
}

/// Nearly always not.
constexpr bool may_stand_still(const Frames& frames, std::uint64_t octets, std::uint64_t gained) noexcept {
  return gained == 0 && octets != 0 && frames.count > counted_apart;
}

/// Octets that stand where they stood although their direction counted packets, by more than come between two registers
/// that are read one after the other. Octets at 0 are not counted at all, and on a link that is down packets may be
/// counted that nobody sends, unless these octets have stood like that while it was up.
bool stand_still(const InterfaceRecord& record, const RowBase& base, bool in, const Frames& frames) noexcept {
  const Counter octets = in ? Counter::in_octets : Counter::out_octets;
  const CounterReading now = record.sample.counters[octets];
  const CounterReading before = base.reading(octets);
  if (now.bits != before.bits || !may_stand_still(frames, now.value, now.value - before.value)) return false;
  const auto* const doubt = base.next_doubt(octets, nullptr);
  // Packets may be counted later than their octets.
  if (base.useless(RowBase::Measure::largest_frames, in)) return false;
  if (doubt != nullptr && doubt->why == RowBase::Strange::frames) return false;
  const bool stood_before = doubt != nullptr && doubt->why == RowBase::Strange::still;
  if (!in && !stood_before && sends_nothing(record.sample.oper_status)) return false;
  std::uint64_t carried = 0;
  for (const Counter counter : frame_counters(in)) carried += of_this_span(record.deltas[counter]);
  return carried > counted_apart + not_sent(record, in);
}

/// Octets that stand_still() are no count. They go on from the reading before they stood, whenever they do.
void refute_still(InterfaceRecord& record, RowBase& base, Counter octets, const RowSpan& span) {
  record.deltas.set(octets, {std::nullopt, Quality::implausible, {}});
  const auto* const doubt = base.next_doubt(octets, nullptr);
  if (doubt != nullptr && doubt->why == RowBase::Strange::still) return;
  // An older one would be gone on from as if no time had passed since.
  base.end_doubts(octets);
  base.doubt(octets, base.reading(octets), span.before, RowBase::Strange::still);
}

/// Forward by less than `bound`, and not from a zero that may have been no count.
constexpr bool went_plainly(std::uint64_t before, std::uint64_t now, std::uint64_t bound) noexcept {
  return now >= before && now - before < bound && (before != 0 || now == 0);
}

/// What nearly every counter of nearly every cycle is: not there, as before; or forward, with a base that nobody
/// doubts, and of 64 bits or a count of events. The rules of judge_step() come to the same there, and cost several
/// times as much.
bool judge_plain(InterfaceRecord& record, RowBase& base, Counter counter, std::uint64_t physics) {
  const CounterReading now = record.sample.counters[counter];
  const CounterReading before = base.reading(counter);
  if (!now.present() && !before.present()) {
    record.deltas.set_quality(counter, Quality::absent);
    return true;
  }
  if (!now.present() || now.bits != before.bits || base.doubted()) return false;
  if (now.bits != 64 && kind_of(counter) != CounterKind::events) return false;
  if (!went_plainly(before.value, now.value, physics)) return false;
  record.deltas.set_value(counter, now.value - before.value);
  record.deltas.set_quality(counter, Quality::ok);
  base.move(counter, now.value);
  return true;
}

/// What a direction's octets must stay below to be judged by nothing but that they went forward. `most`: that the link
/// can carry; of 64 bits they need no bound within that, but where they may have been read torn.
std::uint64_t plain_octets(std::uint64_t most, const Frames& frames) noexcept {
  return std::min({most, surely_held(frames), whole_turn});
}

/// What the link can carry in each direction, of octets.
struct MostOctets {
  std::uint64_t in, out;
};

/// The same as judge_plain() of all counters of a row, which nearly every row is. False where it is not: then nothing
/// is judged.
bool judge_plain_row(InterfaceRecord& record, RowBase& base, std::uint64_t physics, const MostOctets& most) {
  const RowReadings& now = record.sample.counters;
  if (base.doubted() || !base.same_counters(now)) return false;
  constexpr std::uint32_t before_events = bit_of(Counter::in_errors) - 1;
  if ((now.present() & ~now.wide() & before_events) != 0) return false;
  const PerCounter<std::uint64_t> before = base.values();
  PerCounter<std::uint64_t> gained;
  for (const Counter counter : all_counters()) {
    if (!went_plainly(before[counter], now.values()[counter], physics)) return false;
    gained[counter] = now.values()[counter] - before[counter];
  }
  for (const bool in : {true, false}) {
    Frames frames;
    for (const Counter counter : frame_counters(in)) {
      frames.count += gained[counter];
      frames.all = frames.all && (now.present() & bit_of(counter)) != 0;
    }
    const Counter octets = in ? Counter::in_octets : Counter::out_octets;
    if (gained[octets] >= plain_octets(in ? most.in : most.out, frames)) return false;
    if (may_stand_still(frames, now.values()[octets], gained[octets])) return false;
  }
  record.deltas.set_all(now.present(), gained);
  base.move_all(now.values());
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
/// (agents without sysUpTime do so unsaid), and a wrap would invent nearly a whole turn. Of those that are `uncounted`
/// it is known that they only began to count.
void doubt_wraps(InterfaceRecord& record, RowBase& base, const PerCounter<bool>& uncounted) noexcept {
  const auto broken = [&](Counter counter) {
    const Quality quality = record.deltas[counter].quality;
    return quality == Quality::reset || (quality == Quality::implausible && !uncounted[counter]);
  };
  const auto counters = all_counters();
  if (std::none_of(counters.begin(), counters.end(), broken)) return;
  for (const Counter counter : counters) {
    const CounterDelta delta = record.deltas[counter];
    if (delta.quality != Quality::wrapped || delta.elapsed.count() != 0) continue;
    record.deltas.set(counter, {std::nullopt, Quality::ambiguous, {}});
    base.doubt_wrap(counter);
  }
}

/// Beside a counter of 64 bits that went back, others may have begun anew with it and be beyond where they were already
/// (counters that were cleared; RFC 2863 has one ifCounterDiscontinuityTime for all of a row): those that need no more
/// than this span to have come from 0 to where they are.
void doubt_small(InterfaceRecord& record, RowBase& base) noexcept {
  const auto back = [&](Counter counter) { return record.deltas[counter].quality == Quality::reset; };
  const auto counters = all_counters();
  if (std::none_of(counters.begin(), counters.end(), back)) return;
  for (const Counter counter : counters) {
    const CounterDelta delta = record.deltas[counter];
    const CounterReading now = record.sample.counters[counter];
    if (!makes_rate(delta.quality) || delta.elapsed.count() != 0 || now.value == 0) continue;
    const CounterLimits limits = limits_of(record, counter);
    if (static_cast<double>(now.value) > limits.by_physics || !within_speed(now.value, limits)) continue;
    record.deltas.set(counter, {std::nullopt, Quality::ambiguous, {}});
    base.end_doubts(counter);
  }
}

/// What left zero beside a counter of its row whose zero was no count was not counted before, either: they came in one
/// answer. Unless it is packets alone, which agents come to know of later than of all the rest.
void refute_zeros(InterfaceRecord& record, RowBase& base, const PerCounter<bool>& uncounted) noexcept {
  const bool row_in_doubt = uncounted[Counter::in_octets] || uncounted[Counter::out_octets];
  std::array<bool, 2> in_doubt{row_in_doubt, row_in_doubt};  // out, in
  for (const Counter counter : all_counters()) in_doubt[inbound(counter) ? 1 : 0] |= uncounted[counter];
  for (const Counter counter : all_counters()) {
    const CounterDelta delta = record.deltas[counter];
    const std::uint64_t now = record.sample.counters[counter].value;
    if (!in_doubt[inbound(counter) ? 1 : 0] || now == 0 || delta.elapsed.count() != 0 || delta.value != now) continue;
    record.deltas.set(counter, {std::nullopt, Quality::implausible, {}});
    base.end_doubts(counter);
  }
}

/// The reading before this one; nullopt where there was none to compare with.
std::optional<CounterReading> reading_before(const InterfaceRecord& record, const RowBase& base, Counter counter) {
  const CounterDelta delta = record.deltas[counter];
  if (const auto* const doubt = base.next_doubt(counter, nullptr); doubt != nullptr && doubt->age == 0) {
    return doubt->old;
  }
  if (!delta.value || delta.elapsed.count() != 0) return std::nullopt;
  return stepped_back(record.sample.counters[counter], *delta.value);
}

/// Whether the counter goes on, within what its link can carry, where another one was.
bool goes_on_from(const CounterReading& other, const InterfaceRecord& record, Counter counter) noexcept {
  const CounterReading now = record.sample.counters[counter];
  if (now.bits != other.bits || now.value < other.value) return false;
  const CounterLimits limits = limits_of(record, counter);
  return static_cast<double>(now.value - other.value) <= limits.by_physics &&
         within_speed(now.value - other.value, limits);
}

/// Two directions of which each goes on where the other one was, and one of them back: the answer may have taken in for
/// out.
void doubt_exchanged(InterfaceRecord& record, RowBase& base, const RowSpan& span) {
  const auto refute = [&](Counter counter, const CounterReading& before) {
    const Quality quality = record.deltas[counter].quality;
    if (!makes_rate(quality)) return;
    if (quality == Quality::ok) base.doubt(counter, before, span.before, RowBase::Strange::value);
    base.doubt_wrap(counter);
    record.deltas.set(counter, {std::nullopt, Quality::ambiguous, {}});
  };
  for (unsigned i = 0; i + 1 < counter_count; i += 2) {
    const auto in = static_cast<Counter>(i), out = static_cast<Counter>(i + 1);
    const auto in_before = reading_before(record, base, in), out_before = reading_before(record, base, out);
    if (!in_before || !out_before) continue;
    const bool back =
        record.sample.counters[in].value < in_before->value || record.sample.counters[out].value < out_before->value;
    if (!back || !goes_on_from(*out_before, record, in) || !goes_on_from(*in_before, record, out)) continue;
    refute(in, *in_before);
    refute(out, *out_before);
  }
}

/// Looks at the frames of each direction where that may refute some.
void judge_frames_in_question(InterfaceRecord& record, RowBase& base, const RowSpan& span, const MostOctets& most) {
  if (frames_in_question(frames_told(record, true), record.deltas[Counter::in_octets], most.in))
    judge_frames(record, base, span, true);
  if (frames_in_question(frames_told(record, false), record.deltas[Counter::out_octets], most.out))
    judge_frames(record, base, span, false);
}

/// One after the other, as some of them are not plain.
Loads judge_each(InterfaceRecord& record, RowBase& base, const RowSpan& span, const ClockSettings& clock,
                 std::uint64_t physics, const MostOctets& most) {
  Loads loads;
  bool all_plain = true;
  PerCounter<bool> uncounted;  // the base was no count
  for (const Counter counter : all_counters()) {
    if (counts_octets(counter) || judge_plain(record, base, counter, physics)) continue;
    uncounted[counter] = !judge_counter(record, base, counter, limits_of(record, counter), span, clock);
    all_plain = false;
  }
  // Octets come last: the packets of the same span bound them.
  const Frames in_frames = frames_told(record, true);
  const Frames out_frames = frames_told(record, false);
  const bool in_still = stand_still(record, base, true, in_frames);
  const bool out_still = stand_still(record, base, false, out_frames);
  if (in_still) {
    record.deltas.set(Counter::in_octets, {0, Quality::ok, {}});  // for what is held against them
  } else if (!judge_plain(record, base, Counter::in_octets, plain_octets(most.in, in_frames))) {
    uncounted[Counter::in_octets] = !judge_octets(record, base, true, span, clock, loads.in);
    all_plain = false;
  }
  if (out_still) {
    record.deltas.set(Counter::out_octets, {0, Quality::ok, {}});
  } else if (!judge_plain(record, base, Counter::out_octets, plain_octets(most.out, out_frames))) {
    uncounted[Counter::out_octets] = !judge_octets(record, base, false, span, clock, loads.out);
    all_plain = false;
  }
  if (!all_plain) {
    doubt_exchanged(record, base, span);
    doubt_wraps(record, base, uncounted);
    doubt_small(record, base);
    refute_zeros(record, base, uncounted);
  }
  judge_frames_in_question(record, base, span, most);
  if (in_still) refute_still(record, base, Counter::in_octets, span);
  if (out_still) refute_still(record, base, Counter::out_octets, span);
  return loads;
}

Loads judge_counters(InterfaceRecord& record, RowBase& base, const RowSpan& span, const ClockSettings& clock) {
  const std::uint64_t physics = least_physics(record.elapsed);
  const double seconds = std::chrono::duration<double>(record.elapsed).count();
  const std::uint64_t most_in = most_octets(record.in_speed_bps, seconds, physics);
  const std::uint64_t most_out =
      record.out_speed_bps == record.in_speed_bps ? most_in : most_octets(record.out_speed_bps, seconds, physics);
  const MostOctets most{most_in, most_out};
  if (!judge_plain_row(record, base, physics, most)) return judge_each(record, base, span, clock, physics, most);
  judge_frames_in_question(record, base, span, most);
  return {};
}

/// What RowBase knows a pair of speeds by; never 0.
std::uint32_t mix(const InterfaceRecord& record) noexcept {
  const std::uint64_t both = record.in_speed_bps.value_or(0) * 31 + record.out_speed_bps.value_or(0);
  return static_cast<std::uint32_t>((both * 0x9e37'79b9'7f4a'7c15ULL) >> 36U) | 1U;
}

/// A speed that these octets have refuted bounds nothing, and no utilisation divides by it.
void leave_out_refuted(InterfaceRecord& record, RowBase& base, std::uint32_t speeds) noexcept {
  base.forget_loads_of_other(speeds);
  const bool in = base.speed_refuted(true), out = base.speed_refuted(false);
  record.speed_exceeded = in || out;
  // One speed of both ways that is wrong for one of them shows no turns of 32 bits of the other, either.
  const bool both = record.speed_exceeded && record.in_speed_bps == record.out_speed_bps;
  const auto& counters = record.sample.counters;
  if (in || (both && counters[Counter::in_octets].bits == 32)) record.in_speed_bps.reset();
  if (out || (both && counters[Counter::out_octets].bits == 32)) record.out_speed_bps.reset();
}

/// Puts one direction's rate against its speed. A rate that is above the speed for certain, whatever the error of its
/// time, proves the speed wrong: a share of it would be no share. True where that refutes the speed from here on.
/// `speeds`: as they were stated; 0 while nobody needed to know, and then still as the record has them.
bool put_against_speed(InterfaceRecord& record, RowBase& base, bool in, const Load& load, std::uint32_t& speeds) {
  std::optional<std::uint64_t>& speed = in ? record.in_speed_bps : record.out_speed_bps;
  const auto rate = record.per_second(in ? Counter::in_octets : Counter::out_octets);
  if (!speed || (!rate && !load.above)) return false;
  const double share = rate.value_or(0.0) * 8.0 / static_cast<double>(*speed);
  const bool exceeded = load.above || share > 1.0 + record.time_error;
  const bool above = load.above || share > speed_margin * (1.0 + record.time_error);
  bool refuted = false;
  // What may lack whole turns is no sign that the speed is right.
  if (above || (load.whole && (exceeded || base.ever_above()))) {
    if (speeds == 0) speeds = mix(record);
    // Spans of a full link whose agent caches, unknown to us, are above its speed and below it by turns.
    refuted = base.note_load(in, above, speeds);
  }
  if (exceeded) {
    record.speed_exceeded = true;
    speed.reset();
  } else {
    (in ? record.in_utilization : record.out_utilization) = share;
  }
  return refuted;
}

/// What nothing has shown of the readings' ages, as a share of the delta's time.
double unseen_share(const InterfaceRecord& record, bool unproven, const JudgeSettings& settings) noexcept {
  std::chrono::nanoseconds unseen = settings.unseen_age;
  if (unproven) unseen = std::max(unseen, std::min(settings.unproven_age, record.elapsed));
  return std::chrono::duration<double>(unseen) / std::chrono::duration<double>(record.elapsed);
}

bool is_unproven(const InterfaceRecord& record, const RowBase& base, const JudgeSettings& settings) noexcept {
  if (base.proven_fresh() || settings.unproven_age.count() == 0) return false;
  const double in = record.per_second(Counter::in_octets).value_or(0.0);
  const double out = record.per_second(Counter::out_octets).value_or(0.0);
  constexpr double least_shown = 0.5;  // of what passed: a cache may have held back the rest
  return std::max(in, out) >= least_shown * busy_octets_per_second;
}

}  // namespace

void first_record(InterfaceRecord& record, InterfaceSample&& sample, const JudgeSettings& settings) {
  start_record(record, std::move(sample), settings);
  mark_break(record, RowBase{}, Quality::first);
}

namespace {

RowFindings judge_started(InterfaceRecord& record, RowBase& base, const RowSpan& span,
                          std::optional<TimeTicks> uptime_before, const JudgeSettings& settings) {
  std::uint32_t speeds = 0;
  if (base.ever_above()) {
    speeds = mix(record);
    leave_out_refuted(record, base, speeds);
  }
  const InterfaceSample& now = record.sample;
  const Elapsed& elapsed = span.elapsed;
  record.elapsed = std::max(elapsed.time, std::chrono::nanoseconds(0));
  record.time_error = elapsed.relative_error;
  if (!base.same_link(now)) {
    const bool same_agent = !span.restarted && !span.leapt;
    const bool same_row = same_agent && !base.moved_in_doubt() && base.interface.if_index() == now.interface.if_index();
    if (same_row) record.flapped_at = flap_between(base.link(uptime_before), link_state_of(now));
    base.set_link(link_state_of(now));
  }
  if (const auto reason = break_of(base, span, now)) {
    mark_break(record, base, *reason);
    base.begin_anew(now);
    if (base.reloads() != nullptr) base.reloads()->make_base();
    if (base.reloads() != nullptr && *reason == Quality::reboot) base.reloads()->forget_proof();
    return {true};
  }
  if (elapsed.time.count() <= 0 || elapsed.relative_error > settings.max_time_error) {
    mark_stale(record, base);
    return {};
  }
  const Loads loads = judge_counters(record, base, span, settings.clock);
  if (base.reloads() != nullptr) base.reloads()->make_base();
  // Discovery makes new blocks, and the old ones are freed when nobody holds them.
  if (!base.interface.same_block(now.interface)) base.interface = now.interface;
  const bool in_refuted = put_against_speed(record, base, true, loads.in, speeds);
  const bool out_refuted = put_against_speed(record, base, false, loads.out, speeds);
  const RowFindings found{true, in_refuted || out_refuted, is_unproven(record, base, settings)};
  record.time_error += unseen_share(record, found.unproven, settings);
  return found;
}

}  // namespace

RowFindings judge_row(InterfaceRecord& record, RowBase& base, const RowSpan& span,
                      std::optional<TimeTicks> uptime_before, InterfaceSample&& sample, const JudgeSettings& settings) {
  start_record(record, std::move(sample), settings);
  return judge_started(record, base, span, uptime_before, settings);
}

}  // namespace octopoll::rates
