#include "octopoll/rates/row_base.hpp"

#include <algorithm>

namespace octopoll::rates {
namespace {

/// An agent that lost its counters for a moment may show the same zero a few times before they are back; one whose
/// counters go on from there has new ones.
constexpr int patience = 6;
constexpr int lost_by_standing = 1;
constexpr int lost_by_moving = 3;

void assign(std::uint16_t& mask, std::uint16_t bit, bool on) noexcept {
  mask = static_cast<std::uint16_t>(on ? mask | bit : mask & ~bit);
}

}  // namespace

RowBase::RowBase(const InterfaceSample& sample)
    : interface(sample.interface),
      time(sample.time),
      has_discontinuity_time_(sample.discontinuity_time.has_value()),
      discontinuity_time_(sample.discontinuity_time.value_or(TimeTicks{})) {
  see(sample.time.received);
  set_link(link_state_of(sample));
  for (const Counter counter : all_counters()) set(counter, sample.counters[counter]);
}

LinkState link_state_of(const InterfaceSample& sample) noexcept {
  return {sample.time.sys_uptime, sample.last_change, sample.oper_status};
}

std::optional<TimeTicks> flap_between(const LinkState& before, const LinkState& now) noexcept {
  if (!before.uptime || !now.uptime || !now.last_change || now.last_change->count() == 0) return std::nullopt;
  if (!before.oper_status || before.oper_status != now.oper_status) return std::nullopt;
  // All are stamps of one clock that counts modulo 2^32.
  const std::uint32_t since_before = now.uptime->count() - before.uptime->count();
  const std::uint32_t changed = now.last_change->count() - before.uptime->count();
  if (changed == 0 || changed > since_before) return std::nullopt;
  constexpr std::uint32_t of_one_answer = 10;
  const bool is_now = since_before - changed <= of_one_answer;
  const bool was_now = before.last_change && before.uptime->count() - before.last_change->count() <= of_one_answer;
  return is_now && was_now ? std::nullopt : now.last_change;
}

LinkState RowBase::link() const noexcept {
  LinkState state;
  if (has_uptime_) state.uptime = link_uptime_;
  if (has_last_change_) state.last_change = last_change_;
  if (has_oper_status_) state.oper_status = IfStatus{oper_status_};
  return state;
}

void RowBase::set_link(const LinkState& state) noexcept {
  const std::int64_t status = state.oper_status.value_or(IfStatus{}).code;
  oper_status_ = static_cast<std::int8_t>(status);
  has_uptime_ = state.uptime.has_value();
  has_last_change_ = state.last_change.has_value();
  has_oper_status_ = state.oper_status && oper_status_ == status;
  link_uptime_ = state.uptime.value_or(TimeTicks{});
  last_change_ = state.last_change.value_or(TimeTicks{});
  if (!has_oper_status_) oper_status_ = 0;
}

bool RowBase::keeps_link(const InterfaceSample& now) noexcept {
  const bool same_change =
      now.last_change.has_value() == has_last_change_ && now.last_change.value_or(TimeTicks{}) == last_change_;
  const bool same_status =
      now.oper_status.has_value() == has_oper_status_ && now.oper_status.value_or(IfStatus{}).code == oper_status_;
  if (!same_change || !same_status) return false;
  has_uptime_ = now.time.sys_uptime.has_value();
  link_uptime_ = now.time.sys_uptime.value_or(TimeTicks{});
  return true;
}

RowBase::Rare& RowBase::rare() { return rare_ ? *rare_ : rare_.emplace(); }

void RowBase::set_high(std::size_t event, std::uint32_t half) { rare().high[event] = half; }

void RowBase::set(Counter counter, const CounterReading& reading) {
  move(counter, reading.value);
  assign(present_, bit(counter), reading.present());
  assign(wide_, bit(counter), reading.bits == 64);
}

void RowBase::drop(Counter counter) {
  set(counter, {});
  end_doubts(counter);
}

void RowBase::doubt(Counter counter, const CounterReading& old, const ReadingTime& when, Strange why) {
  rare().doubts.push_back({counter, old, when, why, 0});
}

const RowBase::Doubt* RowBase::next_doubt(Counter counter, const Doubt* after) const noexcept {
  if (rare_ == nullptr) return nullptr;
  // They were added in the order of their time.
  const std::vector<Doubt>& doubts = rare_->doubts;
  const Doubt* each = after == nullptr ? doubts.data() + doubts.size() : after;
  while (each != doubts.data()) {
    if ((--each)->counter == counter) return each;
  }
  return nullptr;
}

void RowBase::age_doubts(Counter counter, bool moved) noexcept {
  if (!doubted()) return;
  std::erase_if(rare_->doubts, [counter, moved](Doubt& doubt) {
    if (doubt.counter != counter) return false;
    doubt.age += moved ? lost_by_moving : lost_by_standing;
    return doubt.why == Strange::wrap || doubt.age >= patience;
  });
}

void RowBase::limit_age(std::chrono::nanoseconds bound) noexcept {
  time.age_bound = std::min(time.age_bound, bound);
  if (!doubted()) return;
  for (Doubt& doubt : rare_->doubts) doubt.time.age_bound = std::min(doubt.time.age_bound, bound);
}

void RowBase::doubt_wrap(Counter counter) noexcept {
  if (!doubted()) return;
  for (Doubt& doubt : rare_->doubts) {
    if (doubt.counter == counter && doubt.why == Strange::wrap) doubt.why = Strange::value;
  }
}

void RowBase::end_doubts(Counter counter) noexcept {
  if (!doubted()) return;
  std::erase_if(rare_->doubts, [counter](const Doubt& doubt) { return doubt.counter == counter; });
}

bool RowBase::note_load(bool in, bool above, std::uint32_t speeds) noexcept {
  forget_loads_of_other(speeds);
  if (speed_refuted(in)) return false;
  const std::uint32_t spans = above ? (in ? above_.in : above_.out) + 1U : 0U;
  above_.of = speeds & 0xfff'ffffU;
  if (in) {
    above_.in = spans & 3U;
  } else {
    above_.out = spans & 3U;
  }
  return spans == spans_that_refute;
}

void RowBase::forget_loads_of_other(std::uint32_t speeds) noexcept {
  if (above_.of != (speeds & 0xfff'ffffU)) above_ = {0, 0, 0};
}

}  // namespace octopoll::rates
