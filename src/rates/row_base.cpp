#include "octopoll/rates/row_base.hpp"

#include <algorithm>

namespace octopoll::rates {
namespace {

void assign(std::uint16_t& mask, std::uint16_t bit, bool on) noexcept {
  mask = static_cast<std::uint16_t>(on ? mask | bit : mask & ~bit);
}

}  // namespace

RowBase::RowBase(const InterfaceSample& sample)
    : interface(sample.interface),
      time(sample.time),
      seen(sample.time.received),
      discontinuity_time(sample.discontinuity_time) {
  for (const Counter counter : all_counters()) set(counter, sample.counters[counter]);
}

void RowBase::set(Counter counter, const CounterReading& reading) noexcept {
  values_[place(counter)] = reading.value;
  assign(present_, bit(counter), reading.present());
  assign(wide_, bit(counter), reading.bits == 64);
}

void RowBase::drop(Counter counter) noexcept {
  set(counter, {});
  (void)settle(counter);
}

void RowBase::doubt(Counter counter, const CounterReading& old, const ReadingTime& when) {
  doubts_.push_back({counter, old, when});
}

std::optional<RowBase::Doubt> RowBase::settle(Counter counter) noexcept {
  const auto it =
      std::find_if(doubts_.begin(), doubts_.end(), [counter](const Doubt& doubt) { return doubt.counter == counter; });
  if (it == doubts_.end()) return std::nullopt;
  const Doubt doubt = *it;
  doubts_.erase(it);
  return doubt;
}

}  // namespace octopoll::rates
