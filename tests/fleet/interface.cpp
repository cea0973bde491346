#include "fleet/interface.hpp"

namespace fleet {

std::uint64_t Interface::count(Count kind, Instant at) const noexcept {
  constexpr std::int32_t up = 1;
  if (spec_.oper_status != up || at <= since_) return base_[kind];
  return base_[kind] + gained(spec_.traffic, kind, at - since_);
}

Counters Interface::counters(Instant at) const noexcept {
  Counters all;
  for (std::size_t i = 0; i < count_kinds; ++i) all.items[i] = count(static_cast<Count>(i), at);
  return all;
}

void Interface::set_traffic(const Traffic& traffic, Instant now) {
  settle(now);
  spec_.traffic = traffic;
}

void Interface::set_oper_status(std::int32_t status, Instant now) {
  settle(now);
  spec_.oper_status = status;
}

void Interface::set_counter(Count kind, std::uint64_t value, Instant now) {
  settle(now);
  base_[kind] = value;
}

void Interface::clear_counters(Instant now) {
  base_ = {};
  since_ = now;
}

void Interface::settle(Instant now) {
  base_ = counters(now);
  since_ = now;
}

}  // namespace fleet
