#include "octopoll/poll/poller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "octopoll/core/log.hpp"
#include "octopoll/schedule/scheduler.hpp"
#include "poll/engine_ids.hpp"
#include "poll/pinger.hpp"

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;

/// Up to here an inventory is small: asking all of it at once is no burst that a network notices.
constexpr std::size_t small_inventory = 64;

/// A cycle ends before the device's next turn begins.
std::chrono::nanoseconds cycle_budget(std::chrono::nanoseconds interval) {
  return std::max<std::chrono::nanoseconds>(interval * 19 / 20, 50ms);
}

/// A snapshot pair of a caching agent needs a gap of more than its period, or both may show the same values.
std::chrono::nanoseconds gap_for(std::chrono::nanoseconds gap, std::chrono::nanoseconds cache_period) {
  // An agent's own word, so bounded: beyond a minute its deltas are honestly `stale`.
  return std::max(gap, std::min<std::chrono::nanoseconds>(cache_period, 1min) + 1s);
}

schedule::ClockPair clocks_now() {
  const auto wall = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  return {BootClock::now(), wall};
}

}  // namespace

struct Poller::Impl {
  /// A device or a probe: something with turns. A device is polled and pinged in the same turn.
  struct Entry {
    std::string name;
    std::chrono::nanoseconds interval{};
    std::unique_ptr<DevicePoller> device;  ///< null for a probe
    std::unique_ptr<Pinger> pinger;        ///< null where it was never pinged
    bool pinged = false;
    std::size_t under_way = 0;   ///< of the device: 0 or 1
    std::uint64_t failures = 0;  ///< cycles in a row
    bool removed = false;
  };

  Shared shared;
  config::Inventory inventory;
  std::vector<Sink*> sinks;
  PollerOptions options;
  PollerStatistics statistics;
  schedule::Scheduler scheduler{clocks_now()};
  std::unordered_map<schedule::Id, std::unique_ptr<Entry>> entries;
  std::map<std::string, schedule::Id> device_ids, probe_ids;
  EngineIds engine_ids;
  schedule::Id last_id = 0;
  EventLoop::TimerId wake_timer = 0;
  EventLoop::TimerId patience_timer = 0;
  std::vector<EventLoop::TimerId> second_round_timers;
  bool scheduling = false;
  bool stopping = false;
  std::size_t pending_once = 0;
  std::function<void()> once_done;
  std::function<void()> stop_done;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // shared with posted calls, which outlive this

  Impl(Shared with, config::Inventory what, std::vector<Sink*> where, PollerOptions how)
      : shared(with), inventory(std::move(what)), sinks(std::move(where)), options(std::move(how)) {
    for (const config::Device& device : inventory.devices) add_device(device);
    for (const config::Probe& probe : inventory.probes) add_probe(probe);
  }

  template <class F>
  void later(F f) {
    shared.loop.post([still = alive, f = std::move(f)] {
      if (*still) f();
    });
  }

  // ---- who there is ----

  [[nodiscard]] PingPlan ping_plan(const config::Device& device) const {
    return {device.name, true, device.address, device.interval, inventory.ping.timeout, inventory.ping.count};
  }
  [[nodiscard]] static PingPlan ping_plan(const config::Probe& probe) {
    return {probe.name, false, Target{probe.host, 0, probe.family}, probe.interval, probe.timeout, probe.count};
  }

  Entry& add_entry(std::map<std::string, schedule::Id>& ids, const std::string& name,
                   std::chrono::nanoseconds interval) {
    const schedule::Id id = ++last_id;
    ids[name] = id;
    auto entry = std::make_unique<Entry>();
    entry->name = name;
    entry->interval = interval;
    if (scheduling) scheduler.add(id, interval, schedule::spread_hash(name), BootClock::now());
    return *(entries[id] = std::move(entry));
  }

  void add_device(const config::Device& device) {
    Entry& entry = add_entry(device_ids, device.name, device.interval);
    const auto last = options.last_poll_numbers.find(device.name);
    entry.device =
        std::make_unique<DevicePoller>(shared, device, last == options.last_poll_numbers.end() ? 0 : last->second);
    set_pinging(entry, device.ping, ping_plan(device));
  }

  void add_probe(const config::Probe& probe) {
    Entry& entry = add_entry(probe_ids, probe.name, probe.interval);
    set_pinging(entry, true, ping_plan(probe));
  }

  void set_pinging(Entry& entry, bool wanted, PingPlan plan) {
    entry.pinged = wanted && shared.prober != nullptr;
    if (!entry.pinged) {
      if (entry.pinger) entry.pinger->finish_now();
    } else if (entry.pinger) {
      entry.pinger->reconfigure(std::move(plan));
    } else {
      entry.pinger = std::make_unique<Pinger>(shared, std::move(plan));
    }
  }

  // ---- turns ----

  void take_turns() {
    for (const schedule::Turn& turn : scheduler.due(BootClock::now())) {
      Entry& entry = *entries.at(turn.id);
      if (entry.pinged) start_ping(entry, entry.interval);
      if (!entry.device) {
        scheduler.finished(turn.id, BootClock::now());
      } else if (entry.under_way > 0) {  // still in its extra first turn
        ++statistics.skipped;
        scheduler.finished(turn.id, BootClock::now());
      } else {
        start_device(turn.id, entry, request_of(entry, turn.slot), {});
      }
    }
    arm();
  }

  [[nodiscard]] CycleRequest request_of(const Entry& entry, std::int64_t slot) const {
    return {slot, options.date_snapshots, cycle_budget(entry.interval)};
  }

  void run() {
    scheduling = true;
    for (const auto& [id, entry] : entries)
      scheduler.add(id, entry->interval, schedule::spread_hash(entry->name), BootClock::now());
    if (entries.size() <= small_inventory) {
      for (const auto& [id, entry] : entries) {
        if (entry->pinged) start_ping(*entry, entry->interval);
        if (entry->device) start_device(id, *entry, request_of(*entry, slot_before_first(*entry)), {});
      }
    }
    arm();
  }

  void arm() {
    shared.loop.cancel(std::exchange(wake_timer, 0));
    if (stopping || !scheduling) return;
    if (const auto next = scheduler.next_due()) {
      wake_timer = shared.loop.at(*next, [this] {
        wake_timer = 0;
        take_turns();
      });
    }
  }

  void start_device(schedule::Id id, Entry& entry, const CycleRequest& request,
                    std::function<void(const DeviceCycle&)> then) {
    ++entry.under_way;
    entry.device->start(request, [this, id, &entry, then = std::move(then)](DeviceCycle&& cycle) {
      --entry.under_way;
      ++statistics.cycles;
      ++(cycle.outcome == CycleOutcome::complete  ? statistics.complete
         : cycle.outcome == CycleOutcome::partial ? statistics.partial
                                                  : statistics.failed);
      // A device that a reload has removed was forgotten.
      if (!entry.removed) {
        const auto told = engine_ids.see(entry.name, cycle.address, entry.device->engine_id());
        if (told) log::warning("{}", *told);
      }
      const auto record = std::make_shared<const Record>(std::move(cycle));
      for (Sink* sink : sinks) sink->take(record);
      if (scheduling) tell_changes(entry, std::get<DeviceCycle>(*record));
      if (scheduling) scheduler.finished(id, BootClock::now());
      if (then) then(std::get<DeviceCycle>(*record));
      settle(id);
    });
  }

  /// Says once that a device fails, and once that it answers again.
  static void tell_changes(Entry& entry, const DeviceCycle& cycle) {
    if (cycle.outcome == CycleOutcome::failed && cycle.error) {
      if (entry.failures++ == 0) log::warning("{}", cycle.error->text());
    } else if (cycle.outcome == CycleOutcome::complete && entry.failures > 0) {
      log::info("{}: answers again after {} failed cycles", entry.name, std::exchange(entry.failures, 0));
    }
  }

  void start_ping(Entry& entry, std::chrono::nanoseconds span) {
    entry.pinger->start(span, [this, &entry](PingRound&& round) {
      ++statistics.ping_rounds;
      const auto record = std::make_shared<const Record>(std::move(round));
      for (Sink* sink : sinks) sink->take(record);
      if (!scheduling) end_once_part();
      settle(entry);
    });
  }

  [[nodiscard]] static bool idle(const Entry& entry) {
    return entry.under_way == 0 && (!entry.pinger || entry.pinger->busy() == 0);
  }

  /// After something of this entry ended: drops it if it was removed meanwhile, and looks whether a stop is complete.
  void settle(schedule::Id id) {
    if (const auto found = entries.find(id); found != entries.end()) settle(*found->second);
  }
  void settle(const Entry& entry) {
    // Out of the entry's own callback, which is still running.
    if (entry.removed && idle(entry)) {
      later([this] {
        std::erase_if(entries, [](const auto& each) { return each.second->removed && idle(*each.second); });
      });
    }
    if (stopping) look_whether_stopped();
  }

  // ---- once ----

  void run_once(std::chrono::nanoseconds gap, std::function<void()> done) {
    once_done = std::move(done);
    pending_once = 1;  // this call's own, so that it cannot end before all were started
    for (auto& [id, entry] : entries) {
      if (entry->pinged) {
        ++pending_once;
        start_ping(*entry, gap);
      }
      if (entry->device) {
        ++pending_once;
        start_first(id, *entry, gap);
      }
    }
    later([this] { end_once_part(); });
  }

  /// Of a cycle outside the schedule: turns of `span`.
  [[nodiscard]] static std::int64_t slot_now(std::chrono::nanoseconds span) {
    return schedule::slot_of(std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now()),
                             span);
  }

  /// The slot whose turn came before we started: the extra first cycle belongs to it, so that no two cycles of a run
  /// share one.
  [[nodiscard]] static std::int64_t slot_before_first(const Entry& entry) {
    const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
    return schedule::slot_of(now - schedule::offset_of(schedule::spread_hash(entry.name), entry.interval),
                             entry.interval);
  }

  void start_first(schedule::Id id, Entry& entry, std::chrono::nanoseconds gap) {
    start_device(id, entry, {slot_now(gap), true, 60s}, [this, id, &entry, gap](const DeviceCycle& first) {
      if (stopping) return end_once_part();
      // From the end of the first cycle, which is where its counters were read: a slow device's discovery may take
      // longer than the gap.
      const BootTime when = first.started + first.duration + gap_for(gap, first.cache_period);
      second_round_timers.push_back(shared.loop.at(when, [this, id, &entry, gap] {
        start_device(id, entry, {slot_now(gap), true, 60s}, [this](const DeviceCycle&) { end_once_part(); });
      }));
    });
  }

  void end_once_part() {
    if (pending_once == 0 || --pending_once > 0 || !once_done) return;
    const auto callback = std::exchange(once_done, nullptr);
    callback();
  }

  // ---- stop ----

  void stop(std::function<void()> done) {
    stop_done = std::move(done);
    stopping = true;
    shared.loop.cancel(std::exchange(wake_timer, 0));
    for (const EventLoop::TimerId timer : second_round_timers) shared.loop.cancel(timer);
    // Echo probes of a round that has hours to go are not waited for.
    for (auto& [id, entry] : entries) {
      if (entry->pinger) entry->pinger->finish_now();
    }
    patience_timer = shared.loop.after(options.patience, [this] {
      patience_timer = 0;
      for (auto& [id, entry] : entries) {
        if (entry->device) entry->device->finish_now();
      }
    });
    later([this] { look_whether_stopped(); });
  }

  void look_whether_stopped() {
    if (!stop_done || !std::all_of(entries.begin(), entries.end(), [](const auto& each) { return idle(*each.second); }))
      return;
    shared.loop.cancel(std::exchange(patience_timer, 0));
    shared.loop.post(std::exchange(stop_done, nullptr));
  }

  // ---- reload ----

  void reload(config::Inventory next) {
    inventory = std::move(next);
    drop_missing(device_ids, inventory.devices);
    drop_missing(probe_ids, inventory.probes);
    for (const config::Device& device : inventory.devices) {
      const auto found = device_ids.find(device.name);
      if (found == device_ids.end()) {
        add_device(device);
        continue;
      }
      Entry& entry = *entries.at(found->second);
      change_interval(found->second, entry, device.interval);
      entry.device->reconfigure(device);
      set_pinging(entry, device.ping, ping_plan(device));
    }
    for (const config::Probe& probe : inventory.probes) {
      const auto found = probe_ids.find(probe.name);
      if (found == probe_ids.end()) {
        add_probe(probe);
        continue;
      }
      Entry& entry = *entries.at(found->second);
      change_interval(found->second, entry, probe.interval);
      set_pinging(entry, true, ping_plan(probe));
    }
    arm();
  }

  template <class Items>
  void drop_missing(std::map<std::string, schedule::Id>& ids, const Items& items) {
    for (auto each = ids.begin(); each != ids.end();) {
      const bool stays =
          std::any_of(items.begin(), items.end(), [&](const auto& item) { return item.name == each->first; });
      if (stays) {
        ++each;
        continue;
      }
      Entry& entry = *entries.at(each->second);
      entry.removed = true;
      engine_ids.forget(entry.name);
      scheduler.remove(each->second);
      entry.pinged = false;
      if (entry.pinger) entry.pinger->finish_now();
      // Should it come back with a later reload, its numbers go on.
      if (entry.device) options.last_poll_numbers[entry.name] = entry.device->poll_number();
      settle(entry);
      each = ids.erase(each);
    }
  }

  void change_interval(schedule::Id id, Entry& entry, std::chrono::nanoseconds interval) {
    entry.interval = interval;
    if (scheduling) scheduler.change_interval(id, interval, BootClock::now());
  }
};

Poller::Poller(Shared shared, config::Inventory inventory, std::vector<Sink*> sinks, PollerOptions options)
    : impl_(std::make_unique<Impl>(shared, std::move(inventory), std::move(sinks), std::move(options))) {}

Poller::~Poller() {
  *impl_->alive = false;
  impl_->shared.loop.cancel(impl_->wake_timer);
  impl_->shared.loop.cancel(impl_->patience_timer);
  for (const EventLoop::TimerId timer : impl_->second_round_timers) impl_->shared.loop.cancel(timer);
}

void Poller::run() { impl_->run(); }

void Poller::run_once(std::chrono::nanoseconds gap, std::function<void()> done) {
  impl_->run_once(gap, std::move(done));
}
void Poller::stop(std::function<void()> done) { impl_->stop(std::move(done)); }
void Poller::reload(config::Inventory inventory) { impl_->reload(std::move(inventory)); }
const PollerStatistics& Poller::statistics() const noexcept { return impl_->statistics; }

std::size_t Poller::busy() const noexcept {
  return static_cast<std::size_t>(std::count_if(impl_->entries.begin(), impl_->entries.end(),
                                                [](const auto& each) { return each.second->under_way > 0; }));
}
std::size_t Poller::devices() const noexcept { return impl_->device_ids.size(); }

}  // namespace octopoll::poll
