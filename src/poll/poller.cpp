#include "octopoll/poll/poller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "octopoll/core/log.hpp"
#include "octopoll/core/patience.hpp"
#include "octopoll/core/shared_moment.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/poll/cycle_cost.hpp"
#include "octopoll/schedule/grain.hpp"
#include "octopoll/schedule/scheduler.hpp"
#include "poll/engine_ids.hpp"
#include "poll/pinger.hpp"
#include "poll/table_queue.hpp"

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;

/// Up to here an inventory is small: asking all of it at once is no burst that a network notices.
constexpr std::size_t small_inventory = 64;

/// A snapshot pair of a caching agent needs a gap of more than its period, or both may show the same values.
std::chrono::nanoseconds gap_for(std::chrono::nanoseconds gap, std::chrono::nanoseconds cache_period) {
  // An agent's own word, so bounded: beyond a minute its deltas are honestly `stale`.
  return std::max(gap, std::min<std::chrono::nanoseconds>(cache_period, 1min) + 1s);
}

/// After a sleep, or a loop that stood still, all devices are due at once. They are started a share at a time, so that
/// all of them have had their turn after a quarter of the time that they are normally spread over.
constexpr std::chrono::milliseconds least_between_shares = 50ms;
constexpr double catch_up_speed = 4.0;
constexpr std::size_t smallest_share = 8;

double frequency(std::chrono::nanoseconds interval) { return 1.0 / std::chrono::duration<double>(interval).count(); }

/// Between the poll that begins and the first one in turn. Two snapshots of an agent that caches unsaid may be a whole
/// period apart where its answers are not, so a first delta over a second or two would be a spike.
std::chrono::nanoseconds least_first_gap(std::chrono::nanoseconds interval) {
  return std::min<std::chrono::nanoseconds>(interval / 2, 1min);
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
    std::unique_ptr<Pinger> pinger;        ///< null where it was never pinged; follows the device
    bool pinged = false;
    std::optional<BootTime> extra_turn;  ///< when it was polled out of turn, to begin with, or by the run before
    bool unmeasured = false;             ///< the last round sent nothing, and it was told
    std::size_t under_way = 0;           ///< of the device: 0 or 1
    std::uint64_t failures = 0;          ///< cycles in a row
    std::uint64_t timeouts = 0, retries = 0;
    PollCost last_cost;
    std::size_t last_interfaces = 0;
    std::chrono::nanoseconds last_duration{};
    bool removed = false;
  };

  Shared shared;
  TableQueue table_queue{shared.loop};
  std::vector<Sink*> sinks;
  PollerOptions options;
  PollerStatistics statistics;
  std::uint64_t skipped_in_first_turn = 0;  ///< of which the scheduler knows nothing
  const BootTime began = BootClock::now();
  schedule::Scheduler scheduler{clocks_now()};
  std::unordered_map<schedule::Id, std::unique_ptr<Entry>> entries;
  std::map<std::string, schedule::Id> device_ids, probe_ids;
  EngineIds engine_ids;
  schedule::Id last_id = 0;
  double turns_per_second = 0.0;  ///< of all entries, when nothing is behind
  EventLoop::TimerId wake_timer = 0;
  EventLoop::TimerId patience_timer = 0;
  std::vector<EventLoop::TimerId> second_round_timers;
  bool scheduling = false;
  bool stopping = false;
  std::size_t pending_once = 0;
  std::size_t not_polled_twice = 0;
  std::function<void()> once_done;
  std::function<void()> stop_done;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // shared with posted calls, which outlive this

  Impl(Shared with, config::Inventory inventory, std::vector<Sink*> where, PollerOptions how)
      : shared(with), sinks(std::move(where)), options(std::move(how)) {
    shared.table_queue = &table_queue;
    for (config::Device& device : inventory.devices) add_device(std::move(device));
    for (const config::Probe& probe : inventory.probes) add_probe(probe);
    options.last_readings.clear();  // of devices that nobody polls any more
  }

  template <class F>
  void later(F f) {
    shared.loop.post([still = alive, f = std::move(f)] {
      if (*still) f();
    });
  }

  // ---- who there is ----

  [[nodiscard]] static PingPlan ping_plan(const config::Device& device) {
    return {device.name, true, device.address, device.interval, *device.echo, device.dns_cache};
  }
  [[nodiscard]] static PingPlan ping_plan(const config::Probe& probe) {
    return {probe.name, false, Target{probe.host, 0, probe.family}, probe.interval, probe.echo, probe.dns_cache};
  }

  Entry& add_entry(std::map<std::string, schedule::Id>& ids, const std::string& name,
                   std::chrono::nanoseconds interval) {
    const schedule::Id id = ++last_id;
    ids[name] = id;
    auto entry = std::make_unique<Entry>();
    entry->name = name;
    entry->interval = interval;
    turns_per_second += frequency(interval);
    if (scheduling) scheduler.add(id, interval, schedule::spread_hash(name), BootClock::now());
    return *(entries[id] = std::move(entry));
  }

  void add_device(config::Device device) {
    Entry& entry = add_entry(device_ids, device.name, device.interval);
    const auto last = options.last_poll_numbers.find(device.name);
    std::optional<LastReadings> readings;
    if (auto kept = options.last_readings.extract(device.name)) {
      if (kept.mapped().boot == boot_name()) entry.extra_turn = newest_of(kept.mapped());
      readings = std::move(kept.mapped());
    }
    const bool ping = device.ping;
    PingPlan plan = ping_plan(device);
    entry.device = std::make_unique<DevicePoller>(
        shared, std::move(device), last == options.last_poll_numbers.end() ? 0 : last->second, std::move(readings));
    set_pinging(entry, ping, std::move(plan));
  }

  void add_probe(const config::Probe& probe) {
    Entry& entry = add_entry(probe_ids, probe.name, probe.interval);
    set_pinging(entry, true, ping_plan(probe));
  }

  void set_pinging(Entry& entry, bool wanted, PingPlan plan) {
    entry.pinged = wanted && (shared.prober != nullptr || shared.no_prober != nullptr);
    if (!entry.pinged) {
      if (entry.pinger) entry.pinger->finish_now();
    } else if (entry.pinger) {
      entry.pinger->reconfigure(std::move(plan));
    } else {
      KnownAddresses* const addresses = entry.device ? &entry.device->addresses() : nullptr;
      entry.pinger = std::make_unique<Pinger>(shared, std::move(plan), addresses);
    }
  }

  // ---- turns ----

  void take_turns() {
    const std::size_t most = share();
    const auto turns = scheduler.due(BootClock::now(), most);
    for (const schedule::Turn& turn : turns) {
      Entry& entry = *entries.at(turn.id);
      if (!entry.device) {
        scheduler.finished(turn.id, BootClock::now());
      } else if (entry.under_way > 0) {  // still in its extra first turn
        ++skipped_in_first_turn;
        scheduler.finished(turn.id, BootClock::now());
      } else if (polled_of_late(entry)) {
        scheduler.finished(turn.id, BootClock::now());
      } else {
        start_device(turn.id, entry, request_of(entry, turn.slot), {});
      }
      // After the poll, which says at what address.
      if (entry.pinged) start_ping(entry, entry.interval, turn.slot);
    }
    statistics.skipped = scheduler.totals().skipped + skipped_in_first_turn;
    statistics.missed = scheduler.totals().missed;
    if (turns.size() == most) {
      arm_at(BootClock::now() + between_shares());
    } else {
      arm();
    }
  }

  /// So that its turn is left out: its first delta would be too short.
  [[nodiscard]] static bool polled_of_late(const Entry& entry) {
    // A moment to come is none of this clock, as of a store that was put back.
    if (!entry.extra_turn || *entry.extra_turn > BootClock::now()) return false;
    return BootClock::now() - *entry.extra_turn < least_first_gap(entry.interval);
  }

  [[nodiscard]] static BootTime newest_of(const LastReadings& last) {
    BootTime newest = last.clock_read_at;
    for (const InterfaceSample& sample : last.interfaces) newest = std::max(newest, sample.time.received);
    return newest;
  }

  /// Turns that are due within this time are taken together.
  [[nodiscard]] std::chrono::milliseconds grain() const { return schedule::grain_for(turns_per_second); }

  [[nodiscard]] std::chrono::milliseconds between_shares() const { return std::max(grain() / 2, least_between_shares); }
  /// The turns that may be started at once: twice those of one grain at least.
  [[nodiscard]] std::size_t share() const {
    const double seconds = std::chrono::duration<double>(between_shares()).count();
    return std::max(smallest_share, static_cast<std::size_t>(catch_up_speed * turns_per_second * seconds));
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
        if (entry->device && !polled_of_late(*entry)) {
          entry->extra_turn = BootClock::now();
          start_device(id, *entry, request_of(*entry, slot_before_first(*entry)), {});
        }
        if (entry->pinged) start_ping(*entry, entry->interval, slot_before_first(*entry));
      }
    }
    arm();
  }

  /// For the next turn, at a moment that is still to come.
  void arm() {
    const auto next = scheduler.next_due();
    arm_at(next ? std::optional(shared_moment(std::max(*next, BootClock::now() + BootClock::duration(1)), grain()))
                : std::nullopt);
  }
  void arm_at(std::optional<BootTime> when) {
    shared.loop.cancel(std::exchange(wake_timer, 0));
    if (stopping || !scheduling || !when) return;
    wake_timer = shared.loop.at(*when, [this] {
      wake_timer = 0;
      take_turns();
    });
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
      note_cost(entry, cycle);
      const auto record = std::make_shared<const Record>(std::move(cycle));
      for (Sink* sink : sinks) sink->take(record);
      if (scheduling) tell_changes(entry, std::get<DeviceCycle>(*record));
      const bool sooner = scheduling && !entry.removed && follow_interval(id, entry);
      if (scheduling) scheduler.finished(id, BootClock::now());
      if (sooner) arm();
      if (then) then(std::get<DeviceCycle>(*record));
      settle(id);
    });
  }

  static void note_cost(Entry& entry, const DeviceCycle& cycle) {
    entry.timeouts += cycle.cost.timeouts;
    entry.retries += cycle.cost.retries;
    entry.last_cost = cycle.cost;
    entry.last_interfaces = cycle.interfaces.size();
    entry.last_duration = cycle.duration;
    if (log::level() < log::Level::debug) return;
    log::debug("{}: {}: {}, {} in {}", entry.name, to_string(cycle.outcome), cost_text(cycle.cost),
               format_counted(cycle.interfaces.size(), "interface"), span_text(cycle.duration));
  }

  /// Says once that a device fails, and once that it answers again; and of each restart of an agent.
  static void tell_changes(Entry& entry, const DeviceCycle& cycle) {
    if (cycle.rebooted) {
      const auto up = cycle.sys_uptime ? fmt::format(", {} ago by its sysUpTime", span_text(*cycle.sys_uptime)) : "";
      log::info("{}: its agent restarted{}", entry.name, up);
    }
    if (cycle.outcome == CycleOutcome::failed && cycle.error) {
      if (entry.failures++ == 0) log::warning("{}", cycle.error->text());
    } else if (cycle.outcome != CycleOutcome::failed && entry.failures > 0) {
      log::info("{}: answers again after {}", entry.name,
                format_counted(std::exchange(entry.failures, 0), "failed cycle"));
    }
  }

  /// Says once that nothing can be sent to a target, and once that it can again. Of a device whose name has no address
  /// its cycles tell.
  void tell_unmeasured(Entry& entry, const PingRound& round) const {
    if (shared.prober == nullptr) return;  // of all of them alike, and told at the start
    const bool unmeasured = round.sent == 0 && round.error && round.error->kind != ErrorKind::partial;
    if (unmeasured == entry.unmeasured) return;
    entry.unmeasured = unmeasured;
    if (!unmeasured) return log::info("{}: latency is measured again", entry.name);
    if (entry.device && round.error->kind == ErrorKind::resolve) return;
    log::warning("{}: no latency is measured: {}", entry.name, round.error->text());
  }

  void start_ping(Entry& entry, std::chrono::nanoseconds span, std::int64_t slot) {
    entry.pinger->start(span, slot, [this, &entry](PingRound&& round) {
      if (shared.prober != nullptr) ++statistics.ping_rounds;  // others measure nothing
      if (scheduling) tell_unmeasured(entry, round);
      // One that was cut off before it had measured anything is no word on the target: as the last one it would hide
      // those before it, and a device that answers nothing but echoes would be "down".
      const bool cut_off = (stopping || !entry.pinged) && round.sent == 0 && !round.error;
      if (!cut_off) {
        const auto record = std::make_shared<const Record>(std::move(round));
        for (Sink* sink : sinks) sink->take(record);
      }
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
      if (entry->device) {
        ++pending_once;
        ++not_polled_twice;
        start_first(id, *entry, gap);
      }
      if (entry->pinged) {
        ++pending_once;
        start_ping(*entry, gap, slot_now(gap));
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
        start_device(id, entry, {slot_now(gap), true, 60s}, [this](const DeviceCycle& second) {
          const bool cut_short = stopping && second.error && second.error->kind == ErrorKind::partial;
          if (!cut_short) --not_polled_twice;
          end_once_part();
        });
      }));
    });
  }

  void end_once_part() {
    if (pending_once == 0 || --pending_once > 0 || !once_done) return;
    const auto callback = std::exchange(once_done, nullptr);
    callback();
  }

  // ---- figures ----

  [[nodiscard]] Figures take_figures() {
    Figures figures;
    figures.running = BootClock::now() - began;
    figures.devices = device_ids.size();
    figures.probes = probe_ids.size();
    figures.polls = statistics;
    figures.traffic = shared.engine.traffic();
    figures.in_flight = shared.engine.in_flight();
    if (shared.prober != nullptr) figures.echoes = shared.prober->statistics();
    figures.lag = shared.loop.take_lag();
    figures.lag_in_all = shared.loop.lag();
    std::vector<const Entry*> all;
    for (const auto& [id, entry] : entries) {
      if (entry->under_way > 0) ++figures.busy;
      if (entry->device && !entry->removed) all.push_back(entry.get());
    }
    for (const auto& [name, id] : device_ids) {
      if (entries.at(id)->failures == 0) continue;
      ++figures.failing;
      if (figures.failing_names.size() < most_devices_told) figures.failing_names.push_back(name);
    }
    for (const Entry* entry : worst(all, [](const Entry& e) { return e.timeouts; }))
      figures.silent.push_back({entry->name, entry->timeouts, entry->retries, entry->failures > 0});
    for (const Entry* entry : worst(all, [](const Entry& e) { return octets_of(e.last_cost); }))
      figures.expensive.push_back({entry->name, entry->last_cost, entry->last_interfaces, entry->last_duration});
    return figures;
  }

  [[nodiscard]] static std::uint64_t octets_of(const PollCost& cost) noexcept {
    return cost.octets_sent + cost.octets_received;
  }

  /// Those with the most of what `measure` says, without those that have none of it; by name where they have the same.
  template <class Measure>
  [[nodiscard]] static std::vector<const Entry*> worst(const std::vector<const Entry*>& all, Measure measure) {
    std::vector<const Entry*> top(std::min(all.size(), most_devices_told));
    const auto more = [&measure](const Entry* a, const Entry* b) {
      const auto of_a = measure(*a), of_b = measure(*b);
      return of_a != of_b ? of_a > of_b : a->name < b->name;
    };
    std::partial_sort_copy(all.begin(), all.end(), top.begin(), top.end(), more);
    std::erase_if(top, [&measure](const Entry* entry) { return measure(*entry) == 0; });
    return top;
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

  void reload(config::Inventory inventory) {
    drop_missing(device_ids, inventory.devices);
    drop_missing(probe_ids, inventory.probes);
    for (config::Device& device : inventory.devices) {
      const auto found = device_ids.find(device.name);
      if (found == device_ids.end()) {
        add_device(std::move(device));
        continue;
      }
      Entry& entry = *entries.at(found->second);
      // What `auto` found is found again in the next cycle.
      const bool keeps = device.interval_auto && entry.interval < device.interval;
      change_interval(found->second, entry, keeps ? entry.interval : device.interval);
      set_pinging(entry, device.ping, ping_plan(device));
      entry.device->reconfigure(std::move(device));
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
    std::unordered_set<std::string_view> named;
    for (const auto& item : items) named.insert(item.name);
    for (auto each = ids.begin(); each != ids.end();) {
      if (named.contains(each->first)) {
        ++each;
        continue;
      }
      Entry& entry = *entries.at(each->second);
      entry.removed = true;
      engine_ids.forget(entry.name);
      scheduler.remove(each->second);
      turns_per_second -= frequency(entry.interval);
      entry.pinged = false;
      if (entry.pinger) entry.pinger->finish_now();
      // Should it come back with a later reload, its numbers go on.
      if (entry.device) options.last_poll_numbers[entry.name] = entry.device->poll_number();
      settle(entry);
      each = ids.erase(each);
    }
  }

  /// With `interval: auto`, once the device's counters are known. True where its next turn is at another time now.
  bool follow_interval(schedule::Id id, Entry& entry) {
    const std::chrono::nanoseconds wanted = entry.device->interval();
    if (wanted == entry.interval) return false;
    change_interval(id, entry, wanted);
    if (entry.pinged) entry.pinger->change_interval(wanted);
    return true;
  }

  void change_interval(schedule::Id id, Entry& entry, std::chrono::nanoseconds interval) {
    turns_per_second += frequency(interval) - frequency(entry.interval);
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
Figures Poller::take_figures() { return impl_->take_figures(); }

std::size_t Poller::busy() const noexcept {
  return static_cast<std::size_t>(std::count_if(impl_->entries.begin(), impl_->entries.end(),
                                                [](const auto& each) { return each.second->under_way > 0; }));
}
std::size_t Poller::not_polled_twice() const noexcept { return impl_->not_polled_twice; }
std::size_t Poller::devices() const noexcept { return impl_->device_ids.size(); }

}  // namespace octopoll::poll
