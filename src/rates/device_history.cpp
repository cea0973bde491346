#include "octopoll/rates/device_history.hpp"

#include <algorithm>
#include <utility>

#include "counter_rule.hpp"
#include "octopoll/rates/cache_learner.hpp"
#include "row_judge.hpp"

namespace octopoll::rates {
namespace {

RowReloads::Reading reading_of(const ReadingTime& time, const CounterReading& in, const CounterReading& out) noexcept {
  const std::uint64_t both = in.value * 0x9e37'79b9'7f4a'7c15ULL + out.value * 0xbf58'476d'1ce4'e5b9ULL;
  RowReloads::Reading reading;
  reading.asked = time.received - time.round_trip;
  reading.received = time.received;
  reading.print = static_cast<std::uint32_t>(both >> 32U);
  return reading;
}

RowReloads::Reading reading_of(const RowBase& base, const ReadingTime& read_at) noexcept {
  return reading_of(read_at, base.reading(Counter::in_octets), base.reading(Counter::out_octets));
}

RowReloads::Reading reading_of(const InterfaceSample& sample) noexcept {
  RowReloads::Reading reading =
      reading_of(sample.time, sample.counters[Counter::in_octets], sample.counters[Counter::out_octets]);
  reading.down = sample.oper_status && *sample.oper_status != status_up;
  return reading;
}

RowReloads::Reading first_reading(const InterfaceSample& sample) noexcept {
  RowReloads::Reading reading = reading_of(sample);
  reading.octets = sample.counters[Counter::in_octets].value + sample.counters[Counter::out_octets].value;
  reading.in = sample.time.sys_uptime ? std::chrono::nanoseconds(*sample.time.sys_uptime) : std::chrono::hours(1);
  return reading;
}

/// What went back tells nothing of what passed.
std::uint64_t octets_gained(const RowBase& base, const InterfaceSample& sample, Counter counter) noexcept {
  const CounterReading before = base.reading(counter);
  const CounterReading now = sample.counters[counter];
  if (!now.present() || before.bits != now.bits) return 0;
  const std::uint64_t gained = forward_distance(before, now);
  return gained >> (now.bits - 1U) == 0 ? gained : 0;
}

/// Without what the judgement refutes.
OctetsGained believed(OctetsGained gained, const InterfaceRecord& record) noexcept {
  const auto counted = [&record](Counter counter) {
    const Quality quality = record.deltas[counter].quality;
    return makes_rate(quality) || quality == Quality::stale;
  };
  if (!counted(Counter::in_octets)) gained.in = 0;
  if (!counted(Counter::out_octets)) gained.out = 0;
  return gained;
}

RowReloads::Reading next_reading(const RowBase& base, BootTime read_at, const InterfaceSample& sample) noexcept {
  RowReloads::Reading reading = reading_of(sample);
  reading.octets = octets_gained(base, sample, Counter::in_octets) + octets_gained(base, sample, Counter::out_octets);
  reading.in = sample.time.received - read_at;
  return reading;
}

}  // namespace

Judgement DeviceHistory::judge(DeviceSnapshot&& now, const JudgeSettings& settings) {
  Judgement judgement;
  judgement.restart = restart_since_last_cycle({now.read_at, {}, now.sys_uptime, now.engine_boots, now.engine_time});
  judgement.interfaces.reserve(now.interfaces.size());
  if (settings.tell_gained) judgement.gained.reserve(now.interfaces.size());
  rows_.begin_pass();
  BootTime newest = now.read_at;
  ClockSettings clock = settings.clock;
  const bool went_right = uptime_goes_right_;
  if (!now.interfaces.empty()) clock = clock_of(now.interfaces.front().time, clock);
  std::optional<RowSpan> last;  // rows that came in one answer, and did so the time before, have it in common
  for (InterfaceSample& sample : now.interfaces) {
    if (sample.time.sys_uptime && (!latest_ || sample.time.received >= latest_->received)) {
      latest_ = AgentClock::of(sample.time);
    }
    newest = std::max(newest, sample.time.received);
    InterfaceRecord& record = judgement.interfaces.emplace_back();
    RowBase* const known = rows_.find(sample.interface);
    const OctetsGained gained = settings.tell_gained ? gained_by(known, sample) : OctetsGained{};
    if (known == nullptr) {
      RowBase& base = append(sample, sample.time);
      if (settings.watch_rows) base.watch(RowReloads(first_reading(sample)));
      first_record(record, std::move(sample), settings);
    } else {
      watch_reloads(*known, sample, settings, judgement);
      const ReadingTime before = known->dated_base(times_[known->read_at()]);
      const ReadingTime after = known->dated(sample.time);
      if (!last || !(last->now == after) || !(last->before == before)) {
        const bool restarted = row_restarted(before, after, judgement.restart);
        const bool leapt = !restarted && leapt_ahead(AgentClock::of(before), AgentClock::of(after), went_right);
        judgement.uptime_leapt = judgement.uptime_leapt || leapt;
        last = RowSpan{before, after, elapsed_between(before, after, clock), restarted, leapt};
      }
      const auto uptime_before = times_[known->answered_at()].sys_uptime;
      const RowFindings found = judge_row(record, *known, *last, uptime_before, std::move(sample), settings);
      known->set_answered_at(times_.move(known->answered_at(), record.sample.time));
      if (found.base_moved) known->set_read_at(times_.join(known->read_at(), known->answered_at()));
      if (settings.watch_rows) record.sample.time = known->dated(record.sample.time);
      if (found.speed_refuted) judgement.speeds_refuted.emplace_back(record.sample.interface.name());
      if (found.unproven) judgement.unproven.push_back(record.sample.interface.if_index());
    }
    if (settings.tell_gained) judgement.gained.push_back(believed(gained, record));
  }
  if (judgement.uptime_leapt) {
    uptime_since_.reset();
    uptime_goes_right_ = false;
  }
  rows_.end_pass();
  if (rows_.size() > judgement.interfaces.size()) forget(newest, settings.forget_after);
  return judgement;
}

void DeviceHistory::resume(std::vector<InterfaceSample>&& before, const AgentClock& clock, BootTime now) {
  clock_ = clock;
  begun_at_ = now;
  rows_.begin_pass();
  for (const InterfaceSample& sample : before) {
    if (sample.time.sys_uptime && (!latest_ || sample.time.received >= latest_->received)) {
      latest_ = AgentClock::of(sample.time);
    }
    // Whoever goes on from here has the row until then, though it has answered long ago.
    append(sample, {now, {}, sample.time.sys_uptime, {}});
  }
  rows_.end_pass();
}

RowBase& DeviceHistory::append(const InterfaceSample& sample, const ReadingTime& answered) {
  RowBase& base = rows_.append(RowBase(sample));
  base.set_read_at(times_.keep(sample.time));
  base.set_answered_at(times_.keep(answered));
  return base;
}

OctetsGained DeviceHistory::gained_by(const RowBase* known, const InterfaceSample& now) const {
  if (known == nullptr) return {};
  BootTime since = times_[known->read_at()].received;
  if (since < begun_at_ || (restarted_at_ && since < *restarted_at_)) return {};
  const BootTime received = now.time.received;
  if (const RowReloads* const watched = known->reloads()) {
    // What stood for longer was idle, and in no cache: what begins to flow is not spread over all of that time.
    const BootTime moved_by = watched->moved_by(received);
    if (received - moved_by <= doubted_silence) since = std::min(since, moved_by);
  }
  return {octets_gained(*known, now, Counter::in_octets), octets_gained(*known, now, Counter::out_octets),
          received - since};
}

void DeviceHistory::watch_reloads(RowBase& base, const InterfaceSample& now, const JudgeSettings& settings,
                                  Judgement& judgement) {
  if (!settings.watch_rows) return base.stop_watching();
  const ReadingTime read_at = times_[base.read_at()];
  RowReloads* watched = base.reloads();
  // A run before vouches for it, or it was not worth the watching until now.
  if (watched == nullptr) watched = &base.watch(RowReloads::vouched_for(reading_of(base, read_at)));
  watched->see(next_reading(base, read_at.received, now), settings.cache_period);
  if (watched->held_back()) judgement.held_back.push_back(now.interface.if_index());
}

std::optional<InterfaceRecord> DeviceHistory::gap(std::string_view name) {
  const RowBase* const known = rows_.find(name);
  if (known == nullptr) return std::nullopt;
  InterfaceRecord record;
  record.sample.interface = known->interface;
  for (const Counter counter : all_counters()) {
    const bool has = known->reading(counter).present();
    record.deltas.set_quality(counter, has ? Quality::gap : Quality::absent);
  }
  return record;
}

void DeviceHistory::doubt(std::string_view name) noexcept {
  if (RowBase* const known = rows_.find(name)) known->doubt_name();
}

void DeviceHistory::prove_fresh(std::string_view name) noexcept {
  if (RowBase* const known = rows_.look_for(name)) known->prove_fresh();
}

void DeviceHistory::limit_ages(std::chrono::nanoseconds bound) noexcept {
  times_.limit_ages(bound);
  rows_.for_each([bound](RowBase& row) { row.limit_age(bound); });
}

// How well the agent's clock goes, by the longest time that it can be compared with ours.
ClockSettings DeviceHistory::clock_of(const ReadingTime& now, const ClockSettings& given) {
  constexpr auto longest = std::chrono::hours(24);  // far below a turn of sysUpTime
  const bool restarted = uptime_since_ && restarted_at_ && *restarted_at_ > uptime_since_->received;
  if (restarted || (uptime_since_ && now.received - uptime_since_->received > longest)) uptime_since_.reset();
  ClockSettings clock = given;
  uptime_goes_right_ = false;
  if (uptime_since_) {
    const auto drift = uptime_drift_between(*uptime_since_, now, given);
    clock.uptime_drift = drift.value_or(given.uptime_drift);
    uptime_goes_right_ = drift && *drift < 0.1;
  }
  if (!uptime_since_ && now.sys_uptime) uptime_since_ = now;
  return clock;
}

// The verdict by what opens the cycle. A restart in the middle of the last cycle was told then, by its later rows.
Restart DeviceHistory::restart_since_last_cycle(const AgentClock& now) {
  const std::optional<AgentClock> before = std::exchange(clock_, now);
  if (!before) return Restart::unknown;
  const Restart verdict = restart_between(*before, now);
  if (verdict != Restart::yes) return verdict;
  const bool told =
      restarted_at_ && *restarted_at_ > before->received && latest_ && restart_between(*latest_, now) == Restart::no;
  if (told) return Restart::no;
  restarted_at_ = latest_start(*before, now);
  return Restart::yes;
}

// Rows of one cycle are not read at one moment, and partial polls leave rows out, so each row is also held against its
// own base: a restart known to lie between the two, or one that only this row's clock shows.
bool DeviceHistory::row_restarted(const ReadingTime& base, const ReadingTime& now, Restart& device) {
  if (restarted_at_ && base.received < *restarted_at_ && *restarted_at_ <= now.received) return true;
  const AgentClock before = AgentClock::of(base);
  const AgentClock after = AgentClock::of(now);
  if (restart_between(before, after) != Restart::yes) return false;
  const BootTime start = latest_start(before, after);
  if (!restarted_at_ || start > *restarted_at_) restarted_at_ = start;
  device = Restart::yes;
  return true;
}

void DeviceHistory::forget(BootTime now, std::chrono::nanoseconds after) {
  rows_.erase_if([&](const RowBase& row) {
    if (now - times_[row.answered_at()].received <= after) return false;
    times_.let_go(row.read_at());
    times_.let_go(row.answered_at());
    return true;
  });
}

}  // namespace octopoll::rates
