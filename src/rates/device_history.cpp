#include "octopoll/rates/device_history.hpp"

#include <algorithm>
#include <utility>

#include "row_judge.hpp"

namespace octopoll::rates {
namespace {

/// Rows that came in one answer, and did so the time before, have one span between their readings.
struct KnownSpan {
  ReadingTime before, now;
  RowSpan span;
};

}  // namespace

Judgement DeviceHistory::judge(DeviceSnapshot&& now, const JudgeSettings& settings) {
  Judgement judgement;
  judgement.restart = restart_since_last_cycle({now.read_at, {}, now.sys_uptime, now.engine_boots, now.engine_time});
  judgement.interfaces.reserve(now.interfaces.size());
  rows_.begin_pass(now.interfaces.size());
  BootTime newest = now.read_at;
  ClockSettings clock = settings.clock;
  const bool went_right = uptime_goes_right_;
  if (!now.interfaces.empty()) clock = clock_of(now.interfaces.front().time, clock);
  std::optional<KnownSpan> last;
  for (InterfaceSample& sample : now.interfaces) {
    if (sample.time.sys_uptime && (!latest_ || sample.time.received >= latest_->received)) {
      latest_ = AgentClock::of(sample.time);
    }
    newest = std::max(newest, sample.time.received);
    InterfaceRecord& record = judgement.interfaces.emplace_back();
    RowBase* const known = rows_.find(sample.interface);
    if (known == nullptr) {
      rows_.append(RowBase(sample));
      first_record(record, std::move(sample), settings);
    } else {
      if (!last || !(last->now == sample.time) || !(last->before == known->time)) {
        const bool restarted = row_restarted(*known, sample.time, judgement.restart);
        const bool leapt =
            !restarted && leapt_ahead(AgentClock::of(known->time), AgentClock::of(sample.time), went_right);
        judgement.uptime_leapt = judgement.uptime_leapt || leapt;
        last =
            KnownSpan{known->time, sample.time, {elapsed_between(known->time, sample.time, clock), restarted, leapt}};
      }
      const bool refuted = judge_row(record, *known, last->span, std::move(sample), settings);
      if (refuted) judgement.speeds_refuted.emplace_back(record.sample.interface.name());
    }
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
  rows_.begin_pass(before.size());
  for (const InterfaceSample& sample : before) {
    if (sample.time.sys_uptime && (!latest_ || sample.time.received >= latest_->received)) {
      latest_ = AgentClock::of(sample.time);
    }
    rows_.append(RowBase(sample)).see(now);
  }
  rows_.end_pass();
}

std::optional<InterfaceRecord> DeviceHistory::gap(std::string_view name) {
  const RowBase* const known = rows_.find(name);
  if (known == nullptr) return std::nullopt;
  InterfaceRecord record;
  record.sample.interface = known->interface;
  for (const Counter counter : all_counters()) {
    const bool has = known->reading(counter).present();
    record.deltas[counter].quality = has ? Quality::gap : Quality::absent;
  }
  return record;
}

void DeviceHistory::doubt(std::string_view name) noexcept {
  if (RowBase* const known = rows_.find(name)) known->moved_in_doubt = true;
}

void DeviceHistory::limit_ages(std::chrono::nanoseconds bound) noexcept {
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
bool DeviceHistory::row_restarted(const RowBase& base, const ReadingTime& now, Restart& device) {
  if (restarted_at_ && base.time.received < *restarted_at_ && *restarted_at_ <= now.received) return true;
  const AgentClock before = AgentClock::of(base.time);
  const AgentClock after = AgentClock::of(now);
  if (restart_between(before, after) != Restart::yes) return false;
  const BootTime start = latest_start(before, after);
  if (!restarted_at_ || start > *restarted_at_) restarted_at_ = start;
  device = Restart::yes;
  return true;
}

void DeviceHistory::forget(BootTime now, std::chrono::nanoseconds after) {
  rows_.erase_if([&](const RowBase& row) { return now - row.seen() > after; });
}

}  // namespace octopoll::rates
