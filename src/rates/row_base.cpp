#include "octopoll/rates/row_base.hpp"

#include <algorithm>

namespace octopoll::rates {
namespace {

constexpr std::size_t place(Counter counter) noexcept { return static_cast<std::size_t>(counter); }
constexpr std::uint16_t bit(Counter counter) noexcept { return static_cast<std::uint16_t>(1U << place(counter)); }

void assign(std::uint16_t& mask, Counter counter, bool on) noexcept {
  mask = static_cast<std::uint16_t>(on ? mask | bit(counter) : mask & ~bit(counter));
}

}  // namespace

RowBase::RowBase(const InterfaceSample& sample)
    : interface(sample.interface),
      time(sample.time),
      seen(sample.time.received),
      discontinuity_time(sample.discontinuity_time) {
  for (const Counter counter : all_counters()) set(counter, sample.counters[counter]);
}

CounterReading RowBase::reading(Counter counter) const noexcept {
  if ((present_ & bit(counter)) == 0) return {};
  return {values_[place(counter)], static_cast<std::uint8_t>((wide_ & bit(counter)) != 0 ? 64 : 32)};
}

void RowBase::set(Counter counter, const CounterReading& reading) noexcept {
  values_[place(counter)] = reading.value;
  assign(present_, counter, reading.present());
  assign(wide_, counter, reading.bits == 64);
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
