#include "octopoll/schedule/slot.hpp"

namespace octopoll::schedule {

std::int64_t slot_of(PlannedTime planned, std::chrono::nanoseconds interval) noexcept {
  const std::int64_t since_epoch = planned.time_since_epoch().count();
  const std::int64_t step = interval.count();
  return since_epoch / step - (since_epoch % step < 0 ? 1 : 0);
}

std::chrono::nanoseconds offset_of(std::uint64_t hash, std::chrono::nanoseconds interval) noexcept {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(interval.count())));
}

std::uint64_t spread_hash(std::string_view name) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31);
}

}  // namespace octopoll::schedule
