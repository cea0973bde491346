#include "recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <new>
#include <utility>

#include "octopoll/latency/round_trips.hpp"
#include "poll_blocks.hpp"
#include "round_trips_text.hpp"
#include "sample_exceptions.hpp"
#include "statements.hpp"
#include "unix_time.hpp"

namespace octopoll::store {
namespace {

constexpr std::string_view insert_poll_sql =
    "INSERT INTO polls (id, device_id, poll_number, slot, started_at, duration_ms, interval_ms, outcome, error_kind,"
    " error, rebooted, sys_uptime, cache_period_ms, requests, responses, retries, octets_sent, octets_received)"
    " VALUES (1 + max(ifnull((SELECT max(id) FROM polls), 0), ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (device_id, poll_number) DO NOTHING";
// The newest poll of a device is no sealed one, and the last id is that of a poll; but in a store that has lost pages.
constexpr std::string_view last_poll_number_sql =
    "SELECT max(number) FROM (SELECT max(poll_number) AS number FROM polls WHERE device_id = {0}"
    " UNION ALL SELECT max(last_number) FROM sealed_polls WHERE device_id = {0})";
constexpr std::string_view last_taken_id_sql =
    "SELECT max(id) FROM (SELECT 0 AS id UNION ALL SELECT max(last_id) FROM sealed_polls"
    " UNION ALL SELECT max(id) >> 24 FROM sample_rows UNION ALL SELECT max(poll_id) FROM kept_from)";
constexpr std::string_view insert_device_sql = "INSERT INTO devices (name, first_polled) VALUES (?, ?)";
constexpr std::string_view update_device_sql =
    "UPDATE devices SET address = coalesce(nullif(?1, ''), address), sys_name = coalesce(?2, sys_name),"
    " sys_descr = coalesce(?3, sys_descr), sys_object_id = coalesce(?4, sys_object_id),"
    " sys_location = coalesce(?5, sys_location), sys_contact = coalesce(?6, sys_contact),"
    " first_seen = coalesce(first_seen, ?7) WHERE id = ?8";
constexpr std::string_view insert_interface_sql =
    "INSERT INTO interfaces (device_id, name, if_index, speed_source, first_seen) VALUES (?, ?, ?, 'none', ?)";
constexpr std::string_view update_interface_sql =
    "UPDATE interfaces SET if_index = ?, if_name = ?, descr = ?, alias = ?, type = ?, mtu = ?, phys_address = ?,"
    " speed_bps = ?, speed_source = ?, in_speed_bps = ?, out_speed_bps = ? WHERE id = ?";
// OR FAIL: a cycle that is refused half-way is undone by its transaction or savepoint, so the statement needs no
// journal of its own.
constexpr std::string_view insert_samples_sql = "INSERT OR FAIL INTO sample_rows SELECT * FROM cycle_rows";
constexpr std::string_view insert_exceptions_sql =
    "INSERT INTO sample_exceptions (id, in_speed_bps, out_speed_bps, in_elapsed_us, out_elapsed_us, admin_status,"
    " oper_status, exceptions, in_ucast_pkts, out_ucast_pkts, in_multicast_pkts, out_multicast_pkts, in_broadcast_pkts,"
    " out_broadcast_pkts, in_errors, out_errors, in_discards, out_discards, in_unknown_protos, flapped_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view set_aside_sql =
    "INSERT OR REPLACE INTO older_readings (interface_id, poll_id, started_at, reading, boot, booted_us, uncertain_us,"
    " address) SELECT r.value ->> 0, l.poll_id, l.started_at, r.value, l.boot, l.booted_us, l.uncertain_us, l.address"
    " FROM device_latest l, json_each(l.readings) r"
    " WHERE l.device_id = ?1 AND r.value ->> 0 NOT IN (SELECT value ->> 0 FROM json_each(?2))";
constexpr std::string_view take_back_sql =
    "DELETE FROM older_readings WHERE interface_id IN (SELECT value ->> 0 FROM json_each(?))";
constexpr std::string_view put_latest_sql =
    "INSERT INTO device_latest (device_id, poll_id, started_at, last_seen, readings, boot, booted_us, clock_after_us,"
    " engine_boots, engine_time, uncertain_us, view, address, cache_known)"
    " VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
    " ON CONFLICT (device_id) DO UPDATE SET poll_id = ?2, started_at = ?3, last_seen = ?3, readings = ?4, boot = ?5,"
    " booted_us = ?6, clock_after_us = ?7, engine_boots = ?8, engine_time = ?9, uncertain_us = ?10, view = ?11,"
    " address = ?12, cache_known = ?13";
constexpr std::string_view hold_base_sql =
    "INSERT INTO base_lines (device_id, booted_us, uncertain_us, readings)"
    " SELECT device_id, booted_us, uncertain_us, readings FROM device_latest WHERE device_id = ?1 AND boot = ?2"
    " ON CONFLICT DO NOTHING";
// With a name of a clock: only if they are of another one.
constexpr std::string_view drop_base_sql =
    "DELETE FROM base_lines WHERE device_id = ?1 AND (?2 IS NULL OR NOT EXISTS"
    " (SELECT 1 FROM device_latest l WHERE l.device_id = ?1 AND l.boot = ?2))";
constexpr std::string_view put_seen_sql =
    "INSERT INTO device_latest (device_id, last_seen, readings) VALUES (?1, ?2, '[]')"
    " ON CONFLICT (device_id) DO UPDATE SET last_seen = ?2";
constexpr std::string_view clear_stack_sql =
    "DELETE FROM interface_stack WHERE higher_id IN (SELECT id FROM interfaces WHERE device_id = ?)";
constexpr std::string_view insert_stack_sql =
    "INSERT OR IGNORE INTO interface_stack (higher_id, lower_id) SELECT h.id, l.id FROM interfaces h, interfaces l"
    " WHERE h.device_id = ?1 AND h.name = ?2 AND l.device_id = ?1 AND l.name = ?3";
constexpr std::string_view upsert_target_sql =
    "INSERT INTO ping_targets (name, is_device, address) VALUES (?1, ?2, nullif(?3, ''))"
    " ON CONFLICT (name) DO UPDATE SET is_device = ?2, address = coalesce(nullif(?3, ''), address) RETURNING id";
constexpr std::string_view insert_round_sql =
    "INSERT INTO ping_rounds (target_id, round, started_at, interval_ms, sent, received, duplicates, late, rtt_min_us,"
    " rtt_mean_us, rtt_median_us, rtt_max_us, rtt_deviation_us, rtts_us, error_kind, error, slot, errors, rtt_p5_us,"
    " rtt_p95_us, delay_variation_us, smoothed_jitter_us)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (target_id, started_at, round) DO NOTHING";

std::int64_t whole_us(std::chrono::nanoseconds time) {
  return std::chrono::round<std::chrono::microseconds>(time).count();
}
double milliseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }
double microseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::micro>(time).count(); }
std::optional<std::uint32_t> ticks(const std::optional<TimeTicks>& time);
std::optional<std::string_view> kind_of(const std::optional<Error>& error);
std::optional<std::string> text_of(const std::optional<Error>& error);
bool says_more(const DeviceFacts& facts, const DeviceFacts& known);
SharedValue<DeviceFacts> all_of(const SharedValue<DeviceFacts>& facts, const SharedValue<DeviceFacts>& known);
bool has_poll(const std::optional<SealedBlock>& block, std::uint64_t poll_number);
std::int64_t read_at_ms(const DeviceCycle& cycle, const InterfaceSample& sample);
std::int64_t newest_bin_of(const DeviceCycle& cycle);
std::int64_t uncertain_us(const DeviceCycle& cycle);

}  // namespace

Result<Recorder> Recorder::create(Database& database) {
  auto rows = CycleRows::attach(database);
  if (!rows) return tl::make_unexpected(rows.error());
  auto hours = PingHours::create(database);
  if (!hours) return tl::make_unexpected(hours.error());
  const std::string last_poll_number = fmt::format(last_poll_number_sql, "?1");
  const std::array<std::string_view, 23> sql = {
      "SELECT id FROM devices WHERE name = ?",
      insert_device_sql,
      update_device_sql,
      "UPDATE devices SET address = coalesce(nullif(?, ''), address) WHERE id = ?",
      last_poll_number,
      insert_poll_sql,
      "SELECT id, if_index FROM interfaces WHERE device_id = ? AND name = ?",
      insert_interface_sql,
      update_interface_sql,
      "INSERT INTO interface_moves (interface_id, moved_at, from_if_index, to_if_index) VALUES (?, ?, ?, ?)",
      insert_samples_sql,
      insert_exceptions_sql,
      set_aside_sql,
      take_back_sql,
      put_latest_sql,
      put_seen_sql,
      hold_base_sql,
      drop_base_sql,
      clear_stack_sql,
      insert_stack_sql,
      upsert_target_sql,
      insert_round_sql,
      "SELECT begins_at FROM sealed_polls WHERE device_id = ?1 AND first_number <= ?2 AND last_number >= ?2",
  };
  auto statements = prepare_all<Statements>(database, sql);
  if (!statements) return tl::make_unexpected(statements.error());
  auto rollups = Rollups::create(database);
  if (!rollups) return tl::make_unexpected(rollups.error());
  auto polls = BlockReader::create_for_writer(database, blocks_of_polls);
  if (!polls) return tl::make_unexpected(polls.error());
  const auto last_taken_id = database.integer(last_taken_id_sql);
  if (!last_taken_id) return tl::make_unexpected(last_taken_id.error());
  return Recorder(std::move(*rows), std::move(*hours), std::move(*statements), std::move(*polls), std::move(*rollups),
                  *last_taken_id);
}

Result<Recorded> Recorder::store(const Record& record) {
  return std::visit([this](const auto& one) { return store(one); }, record);
}

void Recorder::forget() {
  devices_.clear();
  hours_.forget();
  left_open_checked_at_.reset();
  rollups_.forget();
}

Result<Recorded> Recorder::store(const DeviceCycle& cycle) {
  now_ = cycle.started_at;
  const auto device = device_of(cycle.device, cycle.started_at);
  if (!device) return tl::make_unexpected(device.error());

  const auto sealed = is_sealed(**device, cycle.poll_number);
  if (!sealed) return tl::make_unexpected(sealed.error());
  if (*sealed) return Recorded{0, true};
  // To the microsecond: what is below is noise, which a sealed poll would have to keep.
  Statement& insert = statements_.insert_poll;
  const auto inserted =
      insert.run(last_taken_id_, (*device)->id, cycle.poll_number, cycle.slot, unix_ms(cycle.started_at),
                 milliseconds(std::chrono::round<std::chrono::microseconds>(cycle.duration)),
                 milliseconds(cycle.interval), to_string(cycle.outcome), kind_of(cycle.error), text_of(cycle.error),
                 cycle.rebooted, ticks(cycle.sys_uptime), milliseconds(cycle.cache_period), cycle.cost.requests,
                 cycle.cost.responses, cycle.cost.retries, cycle.cost.octets_sent, cycle.cost.octets_received);
  if (!inserted) return tl::make_unexpected(inserted.error());
  if (insert.changes() == 0) return Recorded{0, true};
  const std::int64_t poll_id = insert.last_insert_id();

  auto& last = (*device)->last_poll_number;
  const Context context{cycle, **device, poll_id, !last || cycle.poll_number > *last};
  if (context.newest) last = cycle.poll_number;
  if (auto stored = store_device(context); !stored) return tl::make_unexpected(stored.error());
  if (auto stored = store_interfaces(context); !stored) return tl::make_unexpected(stored.error());
  return Recorded{cycle.interfaces.size(), false};
}

// Never one that is newer than all others. What a damaged block has nobody knows: a poll within its numbers counts as
// one of it, for its samples are in sums already.
Result<bool> Recorder::is_sealed(const DeviceEntry& device, std::uint64_t poll_number) {
  if (!device.last_poll_number || poll_number > *device.last_poll_number) return false;
  std::vector<std::int64_t> begins;
  Statement& blocks = statements_.blocks_of_poll;
  auto found = each_row(
      blocks,
      [&]() -> Result<> {
        begins.push_back(blocks.integer(0));
        return {};
      },
      device.id, poll_number);
  if (!found) return tl::make_unexpected(found.error());
  for (const std::int64_t begins_at : begins) {
    try {
      const auto read = sealed_polls_.read(sealed_polls, begins_at, device.id);
      if (!read) return tl::make_unexpected(read.error());
      if (!*read || has_poll(**read, poll_number)) return true;
    } catch (const std::bad_alloc&) {
      return out_of_memory(sealed_polls, device.id, begins_at);
    }
  }
  return false;
}

Result<Recorder::DeviceEntry*> Recorder::device_of(const std::string& name, WallTime first_polled) {
  if (const auto known = devices_.find(name); known != devices_.end()) return &known->second;

  DeviceEntry entry;
  Statement& known_id = statements_.device_id;
  const auto found = known_id.first(name);
  if (found && *found) entry.id = known_id.integer(0);
  known_id.reset();
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) {
    Statement& insert = statements_.insert_device;
    if (auto inserted = insert.run(name, unix_ms(first_polled)); !inserted)
      return tl::make_unexpected(inserted.error());
    entry.id = insert.last_insert_id();
  }

  Statement& newest = statements_.last_poll_number;
  const auto number = newest.first(entry.id);
  if (number && *number) entry.last_poll_number = newest.maybe_unsigned(0);
  newest.reset();
  if (!number) return tl::make_unexpected(number.error());
  entry.rollups.id = entry.id;
  if (auto restored = rollups_.restore(entry.rollups); !restored) return tl::make_unexpected(restored.error());
  return &devices_.emplace(name, std::move(entry)).first->second;
}

// A failed cycle says nothing new of the device but where it was looked for, and a partial one may lack the answer that
// had the system group: what was known stays. Mostly nothing is new, and nothing is written.
Result<> Recorder::store_device(const Context& context) {
  if (!context.newest) return {};
  const DeviceCycle& cycle = context.cycle;
  DeviceEntry& device = context.device;
  const bool moved = !cycle.address.empty() && device.address != cycle.address;
  if (cycle.outcome == CycleOutcome::failed) {
    if (!moved) return {};
    if (auto touched = statements_.touch_device.run(cycle.address, device.id); !touched) return touched;
  } else {
    const DeviceFacts& facts = *cycle.facts;
    const bool known = cycle.facts.same_block(device.facts) || !says_more(facts, *device.facts);
    if (!moved && device.facts_known && known) return {};
    auto updated =
        statements_.update_device.run(cycle.address, facts.sys_name, facts.sys_descr, facts.sys_object_id,
                                      facts.sys_location, facts.sys_contact, unix_ms(cycle.started_at), device.id);
    if (!updated) return updated;
    device.facts_known = true;
    device.facts = all_of(cycle.facts, device.facts);
  }
  if (moved) device.address = cycle.address;
  return {};
}

Result<> Recorder::store_interfaces(const Context& context) {
  const DeviceCycle& cycle = context.cycle;
  DeviceEntry& device = context.device;
  interface_ids_.clear();
  std::size_t read = 0, as_before = 0;
  const std::int64_t newest_bin = newest_bin_of(cycle);
  const std::uint32_t latest = next_latest(device);
  device.interfaces.begin_pass();
  for (const InterfaceRecord& record : cycle.interfaces) {
    const auto entry = interface_of(context, record);
    if (!entry) return tl::make_unexpected(entry.error());
    interface_ids_.push_back((*entry)->id);
    const TrafficSample traffic = traffic_of(record, read_at_ms(cycle, record.sample));
    const auto summed = context.newest
                            ? rollups_.add(device.rollups, (*entry)->traffic, (*entry)->id, traffic, newest_bin)
                            : rollups_.add_late(device.rollups, (*entry)->id, traffic);
    if (!summed) return summed;
    if (!context.newest || !was_read(record.sample)) continue;
    ++read;
    if ((*entry)->latest == device.latest) ++as_before;
    (*entry)->latest = latest & 0x3U;
  }
  device.interfaces.end_pass();
  if (auto noted = rollups_.note_put_off(device.rollups, context.poll_id); !noted) return noted;
  if (context.newest && device.rollups.open_bin != newest_bin) {
    if (auto moved = move_on(context, newest_bin); !moved) return moved;
  }

  if (auto stored = store_samples(context); !stored) return stored;
  if (auto stored = store_stack(context); !stored) return stored;
  if (!context.newest || (cycle.outcome == CycleOutcome::failed && cycle.interfaces.empty())) return {};
  const bool looked_into = device.latest != 0;
  return store_latest(context, read, looked_into && as_before == device.latest_rows && as_before == read);
}

Result<> Recorder::move_on(const Context& context, std::int64_t newest_bin) {
  Result<> closed;
  context.device.interfaces.for_each([&](InterfaceEntry& entry) {
    if (closed) closed = rollups_.close(context.device.rollups, entry.traffic, entry.id, newest_bin);
  });
  if (!closed) return closed;
  return rollups_.move(context.device.rollups, newest_bin, context.cycle.poll_number);
}

Result<> Recorder::tend() {
  if (auto settled = settle_left_open(); !settled) return settled;
  return rollups_.catch_up(std::chrono::floor<std::chrono::seconds>(now_).time_since_epoch().count());
}

// What is not polled any more moves on by no cycle of its own.
Result<> Recorder::settle_left_open() {
  constexpr std::chrono::hours silence{2};  // longer than the usual intervals; a slower device is opened again
  constexpr std::chrono::minutes pause{10};
  if (left_open_checked_at_ && std::chrono::abs(now_ - *left_open_checked_at_) < pause) return {};
  const auto names = rollups_.left_open(bin_of(unix_ms(now_ - silence) * 1000));
  if (!names) return tl::make_unexpected(names.error());
  if (names->empty()) left_open_checked_at_ = now_;  // else there may be more than these
  for (const std::string& name : *names) {
    const auto device = device_of(name, now_);
    if (!device) return tl::make_unexpected(device.error());
    Rollups::Device& sums = (*device)->rollups;
    Result<> closed;
    (*device)->interfaces.for_each([&](InterfaceEntry& entry) {
      if (closed) closed = rollups_.close(sums, entry.traffic, entry.id, Rollups::no_bin);
    });
    if (!closed) return closed;
    if (auto settled = rollups_.settle(sums); !settled) return settled;
  }
  return {};
}

Result<> Recorder::store_samples(const Context& context) {
  const std::vector<InterfaceRecord>& rows = context.cycle.interfaces;
  if (rows.empty()) return {};
  rows_->show(context.cycle, context.poll_id, interface_ids_);
  if (auto inserted = statements_.insert_samples.run(); !inserted) return inserted;
  for (std::size_t place = 0; place < rows.size(); ++place) {
    if (!has_exceptions(rows[place])) continue;
    const SampleExceptions told = exceptions_of(rows[place]);
    const auto& delta = told.deltas;
    auto inserted = statements_.insert_exceptions.run(
        sample_id(context.poll_id, interface_ids_[place]), told.in_speed_bps, told.out_speed_bps, told.in_elapsed_us,
        told.out_elapsed_us, told.admin_status, told.oper_status, told.exceptions, delta[Counter::in_ucast_pkts],
        delta[Counter::out_ucast_pkts], delta[Counter::in_multicast_pkts], delta[Counter::out_multicast_pkts],
        delta[Counter::in_broadcast_pkts], delta[Counter::out_broadcast_pkts], delta[Counter::in_errors],
        delta[Counter::out_errors], delta[Counter::in_discards], delta[Counter::out_discards],
        delta[Counter::in_unknown_protos], told.flapped_at);
    if (!inserted) return inserted;
  }
  return {};
}

// Read once an hour or so, and mostly what it was.
Result<> Recorder::store_stack(const Context& context) {
  if (!context.newest || !context.cycle.stack || context.device.stack == context.cycle.stack) return {};
  // The interfaces of a partial cycle are not all in the file, and a pair is of two that are.
  if (context.cycle.outcome != CycleOutcome::complete) return {};
  if (auto cleared = statements_.clear_stack.run(context.device.id); !cleared) return cleared;
  for (const StackedInterfaces& pair : *context.cycle.stack) {
    if (auto stored = statements_.insert_stack.run(context.device.id, pair.higher, pair.lower); !stored) return stored;
  }
  context.device.stack = context.cycle.stack;
  return {};
}

// The device's text is written anew each time. What its last one had of interfaces that this cycle lacks goes aside
// first, and what lay aside of interfaces that are back goes.
Result<> Recorder::store_latest(const Context& context, std::size_t read, bool same_interfaces) {
  DeviceEntry& device = context.device;
  const DeviceCycle& cycle = context.cycle;
  const std::int64_t started_at = unix_ms(cycle.started_at);
  if (read == 0) return statements_.put_seen.run(device.id, started_at);
  const std::string_view readings = readings_.write(cycle, interface_ids_);
  if (!same_interfaces) {
    if (auto stored = statements_.set_aside.run(device.id, readings); !stored) return stored;
    if (auto stored = statements_.take_back.run(readings); !stored) return stored;
  }
  if (auto stored = store_base(context); !stored) return stored;
  const std::optional<std::int64_t> clock_after =
      cycle.clock_read_at < cycle.started ? std::nullopt : std::optional(whole_us(cycle.clock_read_at - cycle.started));
  auto stored = statements_.put_latest.run(device.id, context.poll_id, started_at, readings, boot_,
                                           whole_us(cycle.started.time_since_epoch()), clock_after, cycle.engine_boots,
                                           cycle.engine_time, uncertain_us(cycle), cycle.view, cycle.address,
                                           std::int64_t{cycle.cache_known});
  if (!stored) return stored;
  device.latest = next_latest(device);
  device.latest_rows = static_cast<std::uint32_t>(read);
  if (same_interfaces) return {};
  device.interfaces.for_each([&](InterfaceEntry& entry) {
    if (entry.latest != device.latest) entry.latest = 0;
  });
  return {};
}

// The first of some stale cycles leaves the readings before it as base lines, and the first one that makes deltas takes
// them away. Where only some rows are stale, theirs cannot be told from the others': then the newest readings are taken
// for base lines, and what came before them is in no delta if the poller stops just here.
Result<> Recorder::store_base(const Context& context) {
  const auto& rows = context.cycle.interfaces;
  const bool stale = std::all_of(rows.begin(), rows.end(),
                                 [](const InterfaceRecord& row) { return is_stale(row) || !was_read(row.sample); });
  std::optional<bool>& has_base = context.device.has_base;
  if (has_base == stale) return {};
  if (!has_base || !stale) {
    const auto but_of = stale ? std::optional<std::string_view>(boot_) : std::nullopt;
    if (auto dropped = statements_.drop_base.run(context.device.id, but_of); !dropped) return dropped;
  }
  if (stale) {
    if (auto held = statements_.hold_base.run(context.device.id, boot_); !held) return held;
  }
  has_base = stale;
  return {};
}

// What is known of a row's interface. Its facts are written only when they are not those in the file.
Result<Recorder::InterfaceEntry*> Recorder::interface_of(const Context& context, const InterfaceRecord& record) {
  const Interface& interface = record.sample.interface;
  InterfaceEntry* entry = context.device.interfaces.find(interface);
  bool inserted = false;
  if (entry == nullptr) {
    const auto made = find_or_insert(context, interface, inserted);
    if (!made) return tl::make_unexpected(made.error());
    entry = *made;
  }
  const SpeedPair speeds{record.in_speed_bps.value_or(0), record.out_speed_bps.value_or(0)};
  const bool same = entry->interface == interface && has_speeds(context.device, *entry, speeds);
  // Discovery makes new blocks, and the old ones are freed when nobody holds them.
  if (same && !entry->interface.same_block(interface)) entry->interface = interface;
  if (same || !(context.newest || inserted)) return entry;

  if (auto noted = note_move(context, entry->id, entry->interface.if_index().value, interface); !noted)
    return tl::make_unexpected(noted.error());
  auto updated = statements_.update_interface.run(
      interface.if_index().value, interface.if_name(), interface.descr(), interface.alias(), interface.type(),
      interface.mtu(), interface.phys_address(), interface.speed_bps(), to_string(interface.speed_source()),
      record.in_speed_bps, record.out_speed_bps, entry->id);
  if (!updated) return tl::make_unexpected(updated.error());
  entry->interface = interface;
  keep_speeds(context.device, *entry, speeds);
  return entry;
}

Recorder::Speeds Recorder::sort_of(const SpeedPair& speeds, const Interface& interface) noexcept {
  if (speeds.in_bps != speeds.out_bps) return Speeds::odd;
  if (speeds.in_bps == 0) return Speeds::none;
  return speeds.in_bps == link_speed(interface) ? Speeds::stated : Speeds::odd;
}

bool Recorder::has_speeds(const DeviceEntry& device, const InterfaceEntry& entry, const SpeedPair& speeds) {
  if (entry.speeds != sort_of(speeds, entry.interface)) return false;
  if (entry.speeds != Speeds::odd) return true;
  const auto known = device.odd_speeds->find(entry.id);
  return known != device.odd_speeds->end() && known->second == speeds;
}

void Recorder::keep_speeds(DeviceEntry& device, InterfaceEntry& entry, const SpeedPair& speeds) {
  if (entry.speeds == Speeds::odd) device.odd_speeds->erase(entry.id);
  entry.speeds = sort_of(speeds, entry.interface);
  if (entry.speeds != Speeds::odd) return;
  if (!device.odd_speeds) device.odd_speeds.emplace();
  device.odd_speeds->emplace(std::uint32_t{entry.id}, speeds);
}

Result<Recorder::InterfaceEntry*> Recorder::find_or_insert(const Context& context, const Interface& interface,
                                                           bool& inserted) {
  InterfaceEntry entry;
  entry.interface = interface;
  Statement& known_id = statements_.interface_id;
  const auto found = known_id.first(context.device.id, interface.name());
  std::int64_t if_index = 0, id = 0;
  if (found && *found) {
    id = known_id.integer(0);
    if_index = known_id.integer(1);
  }
  known_id.reset();
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) {
    Statement& insert = statements_.insert_interface;
    auto stored =
        insert.run(context.device.id, interface.name(), interface.if_index().value, unix_ms(context.cycle.started_at));
    if (!stored) return tl::make_unexpected(stored.error());
    id = insert.last_insert_id();
    inserted = true;
  }
  // One that the key of a row has no room for is refused with its rows.
  entry.id = static_cast<std::uint32_t>(std::clamp<std::int64_t>(id, 0, most_interfaces)) & 0x1ff'ffffU;
  if (inserted) return &context.device.interfaces.append(std::move(entry));
  if (auto noted = note_move(context, entry.id, if_index, interface); !noted) return tl::make_unexpected(noted.error());
  entry.traffic = Rollups::take_restored(context.device.rollups, entry.id);
  return &context.device.interfaces.append(std::move(entry));
}

Result<> Recorder::note_move(const Context& context, std::int64_t id, std::int64_t from, const Interface& interface) {
  const std::int64_t to = interface.if_index().value;
  if (from == to || !context.newest) return {};
  return statements_.insert_move.run(id, unix_ms(context.cycle.started_at), from, to);
}

Result<Recorded> Recorder::store(const PingRound& round) {
  now_ = round.started_at;
  Statement& upsert = statements_.upsert_target;
  const auto target = upsert.first(round.target, round.is_device, round.address);
  const std::int64_t target_id = target && *target ? upsert.integer(0) : 0;
  upsert.reset();
  if (!target) return tl::make_unexpected(target.error());

  const auto summary = latency::summarize(round.round_trips);
  const latency::Jitter jitter = latency::jitter_of(round.round_trips);
  const auto part = [&summary](std::chrono::nanoseconds latency::RoundTripSummary::*member) -> std::optional<double> {
    return summary ? std::optional(microseconds((*summary).*member)) : std::nullopt;
  };
  const auto maybe = [](const std::optional<std::chrono::nanoseconds>& time) -> std::optional<double> {
    return time ? std::optional(microseconds(*time)) : std::nullopt;
  };
  using Summary = latency::RoundTripSummary;
  auto stored = statements_.insert_round.run(
      target_id, round.round_number, unix_ms(round.started_at), milliseconds(round.interval), round.sent,
      round.received, round.duplicates, round.late, part(&Summary::min), part(&Summary::mean), part(&Summary::median),
      part(&Summary::max), part(&Summary::deviation), write_round_trips(round.round_trips), kind_of(round.error),
      text_of(round.error), round.slot, round.errors, part(&Summary::p5), part(&Summary::p95),
      maybe(jitter.delay_variation()), maybe(jitter.smoothed()));
  if (!stored) return tl::make_unexpected(stored.error());
  if (statements_.insert_round.changes() == 0) return Recorded{0, true};
  auto rolled = hours_.note(target_id, round.started_at);
  if (!rolled) return tl::make_unexpected(rolled.error());
  return Recorded{1, false};
}

Result<std::map<std::string, std::uint64_t>> read_last_poll_numbers(Database& database) {
  auto statement =
      database.prepare(fmt::format("SELECT name, number FROM (SELECT name, ({}) AS number FROM devices)"
                                   " WHERE number IS NOT NULL",
                                   fmt::format(last_poll_number_sql, "devices.id")));
  if (!statement) return tl::make_unexpected(statement.error());
  std::map<std::string, std::uint64_t> numbers;
  for (;;) {
    const auto row = statement->next();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return numbers;
    numbers.emplace(statement->text(0), statement->unsigned_integer(1));
  }
}

namespace {

std::optional<std::uint32_t> ticks(const std::optional<TimeTicks>& time) {
  return time ? std::optional(time->count()) : std::nullopt;
}

std::optional<std::string_view> kind_of(const std::optional<Error>& error) {
  return error ? std::optional(to_string(error->kind)) : std::nullopt;
}

std::optional<std::string> text_of(const std::optional<Error>& error) {
  return error ? std::optional(error->message) : std::nullopt;
}

constexpr std::array facts_of_a_device = {&DeviceFacts::sys_name, &DeviceFacts::sys_descr, &DeviceFacts::sys_object_id,
                                          &DeviceFacts::sys_contact, &DeviceFacts::sys_location};

bool says_more(const DeviceFacts& facts, const DeviceFacts& known) {
  return std::any_of(facts_of_a_device.begin(), facts_of_a_device.end(),
                     [&](auto fact) { return facts.*fact && facts.*fact != known.*fact; });
}

// Mostly what the poller has of them, which then is there once.
SharedValue<DeviceFacts> all_of(const SharedValue<DeviceFacts>& facts, const SharedValue<DeviceFacts>& known) {
  DeviceFacts all = *facts;
  for (const auto fact : facts_of_a_device) {
    if (!(all.*fact)) all.*fact = (*known).*fact;
  }
  if (all == *facts) return facts;
  return all;
}

bool has_poll(const std::optional<SealedBlock>& block, std::uint64_t poll_number) {
  if (!block || block->rows.rows == 0) return false;
  const SealedValues& numbers = block->rows.columns[poll_place::number];
  for (std::size_t row = 0; row < block->rows.rows; ++row) {
    if (std::bit_cast<std::uint64_t>(numbers.number(row)) == poll_number) return true;
  }
  return false;
}

std::int64_t read_at_ms(const DeviceCycle& cycle, const InterfaceSample& sample) {
  return unix_ms(cycle.started_at) + read_after_ms(cycle, sample);
}

// Of the worst row, for the few microseconds that it is too much for others: a number a device, not one a row.
std::int64_t uncertain_us(const DeviceCycle& cycle) {
  std::chrono::nanoseconds most{};
  for (const InterfaceRecord& row : cycle.interfaces)
    most = std::max(most, row.sample.time.round_trip + row.sample.time.age_bound);
  return whole_us(most);
}

std::int64_t newest_bin_of(const DeviceCycle& cycle) {
  InterfaceSample latest;
  for (const InterfaceRecord& row : cycle.interfaces)
    latest.time.received = std::max(latest.time.received, row.sample.time.received);
  return bin_of(read_at_ms(cycle, latest) * 1000 - 1);
}

}  // namespace
}  // namespace octopoll::store
