#include "octopoll/schedule/scheduler.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace octopoll::schedule {
namespace {

using std::chrono::nanoseconds;

void require_positive(nanoseconds interval) {
  if (interval.count() <= 0) throw std::invalid_argument("Scheduler: the interval must be positive");
}

template <class Entries>
auto& entry_of(Entries& entries, Id id) {
  const auto it = entries.find(id);
  if (it == entries.end()) throw std::invalid_argument("Scheduler: no such id");
  return it->second;
}

}  // namespace

void Scheduler::add(Id id, nanoseconds interval, std::uint64_t hash, BootTime now) {
  require_positive(interval);
  const auto [it, is_new] = entries_.try_emplace(id);
  if (!is_new) throw std::invalid_argument("Scheduler: the id is there already");
  Entry& entry = it->second;
  entry.interval = interval;
  entry.hash = hash;
  entry.next = first_at_or_after(now, entry);
  order_.insert({entry.next, id});
}

bool Scheduler::remove(Id id) {
  const auto it = entries_.find(id);
  if (it == entries_.end()) return false;
  order_.erase({it->second.next, id});
  entries_.erase(it);
  return true;
}

void Scheduler::change_interval(Id id, nanoseconds interval, BootTime now) {
  require_positive(interval);
  Entry& entry = entry_of(entries_, id);
  if (entry.interval == interval) return;
  order_.erase({entry.next, id});
  entry.interval = interval;
  entry.next = first_at_or_after(now, entry);
  order_.insert({entry.next, id});
}

std::vector<Turn> Scheduler::due(BootTime now, std::size_t most) {
  std::vector<Turn> turns;
  while (turns.size() < most && !order_.empty() && order_.begin()->when <= now) {
    // The set's own node goes back with the next time in it, so a turn costs no allocation.
    auto node = order_.extract(order_.begin());
    const Id id = node.value().id;
    Entry& entry = entry_of(entries_, id);
    const std::int64_t passed = (now - entry.next) / entry.interval;  // turns after the planned one that are due too
    const BootTime latest = entry.next + passed * entry.interval;
    const bool busy = entry.busy_since.has_value();
    for (TurnCounts* counts : {&entry.counts, &totals_}) {
      (busy ? counts->skipped : counts->missed) += static_cast<std::uint64_t>(passed) + (busy ? 1 : 0);
      if (!busy) ++counts->taken;
    }
    if (!busy) {
      entry.busy_since = now;
      turns.push_back(turn_of(id, entry, latest));
    }
    entry.next = latest + entry.interval;
    node.value().when = entry.next;
    order_.insert(std::move(node));
  }
  return turns;
}

void Scheduler::finished(Id id, BootTime now) {
  const auto it = entries_.find(id);
  if (it == entries_.end() || !it->second.busy_since) return;
  Entry& entry = it->second;
  entry.counts.longest = std::max(entry.counts.longest, now - *entry.busy_since);
  totals_.longest = std::max(totals_.longest, entry.counts.longest);
  entry.busy_since.reset();
}

std::optional<BootTime> Scheduler::next_due() const {
  if (order_.empty()) return std::nullopt;
  return order_.begin()->when;
}

TurnCounts Scheduler::counts(Id id) const { return entry_of(entries_, id).counts; }

BootTime Scheduler::first_at_or_after(BootTime now, const Entry& entry) const {
  const nanoseconds offset = offset_of(entry.hash, entry.interval);
  // The slot of the planned time is found where the offset is taken away from both.
  const PlannedTime latest = clocks_.to_wall(now) - offset;
  const PlannedTime start{slot_of(latest, entry.interval) * entry.interval};
  const BootTime planned = clocks_.to_boot(start + offset);
  return planned < now ? planned + entry.interval : planned;
}

Turn Scheduler::turn_of(Id id, const Entry& entry, BootTime planned) const {
  const PlannedTime wall = clocks_.to_wall(planned);
  return {id, slot_of(wall, entry.interval), planned, wall};
}

}  // namespace octopoll::schedule
