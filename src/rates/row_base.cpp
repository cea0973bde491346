#include "octopoll/rates/row_base.hpp"

#include <algorithm>
#include <utility>

namespace octopoll::rates {
namespace {

/// An agent that lost its counters for a moment may show the same zero a few times before they are back; one whose
/// counters go on from there has new ones.
constexpr int patience = 6;
constexpr int lost_by_standing = 1;
constexpr int lost_by_moving = 3;

constexpr std::uint32_t all_of_them = (1U << counter_count) - 1;

}  // namespace

RowBase::RowBase(const InterfaceSample& sample)
    : interface(sample.interface),
      discontinuity_time_(sample.discontinuity_time.value_or(TimeTicks{})),
      has_discontinuity_time_(sample.discontinuity_time.has_value()) {
  set_link(link_state_of(sample));
  for (const Counter counter : all_counters()) set(counter, sample.counters[counter]);
}

void RowBase::begin_anew(const InterfaceSample& sample) {
  RowBase fresh(sample);
  fresh.read_at_ = read_at_;
  fresh.answered_at_ = answered_at_;
  if (const RowReloads* const watched = reloads()) fresh.watch(*watched);
  *this = std::move(fresh);
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

LinkState RowBase::link(std::optional<TimeTicks> uptime) const noexcept {
  LinkState state;
  state.uptime = uptime;
  if (has_last_change_) state.last_change = last_change_;
  if (has_oper_status_) state.oper_status = IfStatus{oper_status_};
  return state;
}

void RowBase::set_link(const LinkState& state) noexcept {
  const std::int64_t status = state.oper_status.value_or(IfStatus{}).code;
  has_last_change_ = state.last_change.has_value();
  has_oper_status_ = state.oper_status && static_cast<std::int8_t>(status) == status;
  last_change_ = state.last_change.value_or(TimeTicks{});
  oper_status_ = has_oper_status_ ? static_cast<std::int8_t>(status) : 0;
}

bool RowBase::same_link(const InterfaceSample& now) const noexcept {
  return now.last_change.has_value() == has_last_change_ && now.last_change.value_or(TimeTicks{}) == last_change_ &&
         now.oper_status.has_value() == has_oper_status_ && now.oper_status.value_or(IfStatus{}).code == oper_status_;
}

void RowBase::prove_fresh() noexcept {
  proven_fresh_ = true;
  if (RowReloads* const watched = reloads()) watched->prove();
}

RowReloads& RowBase::watch(const RowReloads& reloads) { return aside().reloads.emplace(reloads); }

void RowBase::stop_watching() noexcept {
  if (!aside_) return;
  aside_->reloads.reset();
  if (!aside_->rare) aside_.reset();
}

RowBase::Rare& RowBase::rare() {
  OwnCopy<Rare>& rare = aside().rare;
  return rare ? *rare : rare.emplace();
}

void RowBase::set_high(std::size_t at, std::uint32_t high) {
  rare().high[at] = high;
  tall_ = true;
}

void RowBase::set(Counter counter, const CounterReading& reading) {
  move(counter, reading.value);
  const std::uint32_t others = all_of_them & ~bit_of(counter);
  present_ = ((present_ & others) | (reading.present() ? bit_of(counter) : 0)) & all_of_them;
  wide_ = ((wide_ & others) | (reading.bits == 64 ? bit_of(counter) : 0)) & all_of_them;
}

PerCounter<std::uint64_t> RowBase::values() const noexcept {
  PerCounter<std::uint64_t> all;
  std::copy(octets_.begin(), octets_.end(), all.items.begin());
  for (std::size_t at = 0; at < short_counters; ++at) all.items[octet_counters + at] = low_value(at);
  if (tall_) {
    for (const Counter counter : all_counters()) all[counter] = value(counter);
  }
  return all;
}

void RowBase::move_all(const PerCounter<std::uint64_t>& values) {
  std::copy_n(values.items.begin(), octet_counters, octets_.begin());
  for (std::size_t at = 0; at < short_counters; ++at) set_short(at, values.items[octet_counters + at]);
}

void RowBase::drop(Counter counter) {
  set(counter, {});
  end_doubts(counter);
}

void RowBase::doubt(Counter counter, const CounterReading& old, const ReadingTime& when, Strange why) {
  rare().doubts.push_back({counter, old, when, why, 0});
  doubted_ = true;
}

const RowBase::Doubt* RowBase::next_doubt(Counter counter, const Doubt* after) const noexcept {
  if (!doubted_) return nullptr;
  // They were added in the order of their time.
  const std::vector<Doubt>& doubts = aside_->rare->doubts;
  const Doubt* each = after == nullptr ? doubts.data() + doubts.size() : after;
  while (each != doubts.data()) {
    if ((--each)->counter == counter) return each;
  }
  return nullptr;
}

template <class Condition>
void RowBase::erase_doubts(Condition&& condition) noexcept {
  if (!doubted_) return;
  std::erase_if(doubts(), std::forward<Condition>(condition));
  doubted_ = !doubts().empty();
}

void RowBase::age_doubts(Counter counter, bool moved) noexcept {
  erase_doubts([counter, moved](Doubt& doubt) {
    if (doubt.counter != counter) return false;
    doubt.age += moved ? lost_by_moving : lost_by_standing;
    if (doubt.why == Strange::still) return moved;
    return doubt.why == Strange::wrap || doubt.age >= patience;
  });
}

void RowBase::end_doubts(Counter counter) noexcept {
  erase_doubts([counter](const Doubt& doubt) { return doubt.counter == counter; });
}

void RowBase::limit_age(std::chrono::nanoseconds bound) noexcept {
  if (!doubted_) return;
  for (Doubt& doubt : doubts()) doubt.time.age_bound = std::min(doubt.time.age_bound, bound);
}

void RowBase::doubt_wrap(Counter counter) noexcept {
  if (!doubted_) return;
  for (Doubt& doubt : doubts()) {
    if (doubt.counter == counter && doubt.why == Strange::wrap) doubt.why = Strange::value;
  }
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
