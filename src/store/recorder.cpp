#include "recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace octopoll::store {
namespace {

constexpr std::string_view insert_poll_sql =
    "INSERT INTO polls (device_id, poll_number, slot, started_at, duration_ms, interval_ms, outcome, error_kind, error,"
    " rebooted, sys_uptime, cache_period_ms, requests, responses, retries, octets_sent, octets_received)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (device_id, poll_number) DO NOTHING";
constexpr std::string_view insert_device_sql = "INSERT INTO devices (name) VALUES (?) RETURNING id";
constexpr std::string_view update_device_sql =
    "UPDATE devices SET address = coalesce(nullif(?1, ''), address), sys_name = coalesce(?2, sys_name),"
    " sys_descr = coalesce(?3, sys_descr), sys_object_id = coalesce(?4, sys_object_id),"
    " sys_location = coalesce(?5, sys_location), sys_contact = coalesce(?6, sys_contact),"
    " first_seen = coalesce(first_seen, ?7), last_seen = ?7 WHERE id = ?8";
constexpr std::string_view insert_interface_sql =
    "INSERT INTO interfaces (device_id, name, if_index, speed_source, first_seen) VALUES (?, ?, ?, 'none', ?) "
    "RETURNING id";
constexpr std::string_view update_interface_sql =
    "UPDATE interfaces SET if_index = ?, if_name = ?, descr = ?, alias = ?, type = ?, mtu = ?, phys_address = ?,"
    " speed_bps = ?, speed_source = ?, in_speed_bps = ?, out_speed_bps = ? WHERE id = ?";
constexpr std::string_view insert_sample_sql =
    "INSERT INTO samples (poll_id, interface_id, read_after_ms, elapsed_us, time_error, admin_status, oper_status,"
    " in_octets, out_octets, in_quality, out_quality, in_bps, out_bps, in_utilization, out_utilization,"
    " in_ucast_pkts, out_ucast_pkts, in_multicast_pkts, out_multicast_pkts, in_broadcast_pkts, out_broadcast_pkts,"
    " in_errors, out_errors, in_discards, out_discards, exceptions)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view update_latest_sql =
    "UPDATE interface_latest SET poll_id = ?2, read_at = ?3, sys_uptime = ?4, admin_status = ?5, oper_status = ?6,"
    " last_change = ?7, discontinuity_time = ?8, in_octets = ?9, out_octets = ?10, in_ucast_pkts = ?11,"
    " out_ucast_pkts = ?12, in_multicast_pkts = ?13, out_multicast_pkts = ?14, in_broadcast_pkts = ?15,"
    " out_broadcast_pkts = ?16, in_errors = ?17, out_errors = ?18, in_discards = ?19, out_discards = ?20,"
    " counters_32 = ?21 WHERE interface_id = ?1";
constexpr std::string_view insert_latest_sql =
    "INSERT INTO interface_latest (interface_id, poll_id, read_at, sys_uptime, admin_status, oper_status,"
    " last_change, discontinuity_time, in_octets, out_octets, in_ucast_pkts, out_ucast_pkts, in_multicast_pkts,"
    " out_multicast_pkts, in_broadcast_pkts, out_broadcast_pkts, in_errors, out_errors, in_discards, out_discards,"
    " counters_32) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view upsert_target_sql =
    "INSERT INTO ping_targets (name, is_device, address) VALUES (?1, ?2, nullif(?3, ''))"
    " ON CONFLICT (name) DO UPDATE SET is_device = ?2, address = coalesce(nullif(?3, ''), address) RETURNING id";
constexpr std::string_view insert_round_sql =
    "INSERT INTO ping_rounds (target_id, round, started_at, interval_ms, sent, received, duplicates, late, rtt_min_us,"
    " rtt_mean_us, rtt_median_us, rtt_max_us, rtt_deviation_us, rtts_us, error_kind, error)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (target_id, started_at, round) DO NOTHING";

std::int64_t unix_ms(WallTime time) { return time.time_since_epoch().count(); }
double milliseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }
double microseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::micro>(time).count(); }
std::optional<std::uint32_t> ticks(const std::optional<TimeTicks>& time);
std::optional<std::string> word(const std::optional<IfStatus>& status);
std::optional<double> bits_per_second(const std::optional<BitsPerSecond>& rate);
std::optional<std::string_view> kind_of(const std::optional<Error>& error);
std::optional<std::string> text_of(const std::optional<Error>& error);
std::int64_t read_after_ms(const DeviceCycle& cycle, const InterfaceSample& sample);
std::optional<std::string> exceptions_of(const PerCounter<CounterDelta>& deltas);
std::optional<std::string> counters_of_32_bits(const PerCounter<CounterReading>& counters);
std::string round_trips_json(const std::vector<std::chrono::nanoseconds>& round_trips);

}  // namespace

Result<Recorder> Recorder::create(Database& database) {
  const std::array<std::string_view, 14> sql = {
      "SELECT id FROM devices WHERE name = ?",
      insert_device_sql,
      update_device_sql,
      "UPDATE devices SET address = coalesce(nullif(?, ''), address) WHERE id = ?",
      "SELECT max(poll_number) FROM polls WHERE device_id = ?",
      insert_poll_sql,
      "SELECT id FROM interfaces WHERE device_id = ? AND name = ?",
      insert_interface_sql,
      update_interface_sql,
      insert_sample_sql,
      update_latest_sql,
      insert_latest_sql,
      upsert_target_sql,
      insert_round_sql,
  };
  std::vector<Statement> made;
  for (const std::string_view one : sql) {
    auto statement = database.prepare(one);
    if (!statement) return tl::make_unexpected(statement.error());
    made.push_back(std::move(*statement));
  }
  // Braced initialisers are evaluated in order, which is the order of the members and of the list above.
  auto next = std::make_move_iterator(made.begin());
  return Recorder(Statements{*next++, *next++, *next++, *next++, *next++, *next++, *next++, *next++, *next++, *next++,
                             *next++, *next++, *next++, *next++});
}

Result<Recorded> Recorder::store(const Record& record) {
  return std::visit([this](const auto& one) { return store(one); }, record);
}

void Recorder::forget() { devices_.clear(); }

Result<Recorded> Recorder::store(const DeviceCycle& cycle) {
  const auto device = device_of(cycle.device);
  if (!device) return tl::make_unexpected(device.error());

  Statement& insert = statements_.insert_poll;
  const auto inserted =
      insert.run((*device)->id, cycle.poll_number, cycle.slot, unix_ms(cycle.started_at), milliseconds(cycle.duration),
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
  InterfaceList<InterfaceEntry>& interfaces = (*device)->interfaces;
  interfaces.begin_pass(cycle.interfaces.size());
  for (const InterfaceRecord& record : cycle.interfaces) {
    if (auto stored = store_interface(context, record); !stored) return tl::make_unexpected(stored.error());
  }
  interfaces.end_pass();
  return Recorded{cycle.interfaces.size(), false};
}

Result<Recorder::DeviceEntry*> Recorder::device_of(const std::string& name) {
  if (const auto known = devices_.find(name); known != devices_.end()) return &known->second;

  DeviceEntry entry;
  Statement* source = &statements_.device_id;
  auto found = source->first(name);
  if (found && !*found) {
    source->reset();
    source = &statements_.insert_device;
    found = source->first(name);
  }
  if (found) entry.id = source->integer(0);
  source->reset();
  if (!found) return tl::make_unexpected(found.error());

  Statement& newest = statements_.last_poll_number;
  const auto number = newest.first(entry.id);
  if (number && *number) entry.last_poll_number = newest.maybe_unsigned(0);
  newest.reset();
  if (!number) return tl::make_unexpected(number.error());
  return &devices_.emplace(name, std::move(entry)).first->second;
}

// A failed cycle says nothing new of the device but where it was looked for, and a partial one may lack the answer that
// had the system group: what was known stays.
Result<> Recorder::store_device(const Context& context) {
  if (!context.newest) return {};
  const DeviceCycle& cycle = context.cycle;
  if (cycle.outcome == CycleOutcome::failed) return statements_.touch_device.run(cycle.address, context.device.id);
  const DeviceFacts& facts = cycle.facts;
  return statements_.update_device.run(cycle.address, facts.sys_name, facts.sys_descr, facts.sys_object_id,
                                       facts.sys_location, facts.sys_contact, unix_ms(cycle.started_at),
                                       context.device.id);
}

Result<> Recorder::store_interface(const Context& context, const InterfaceRecord& record) {
  const auto id = interface_of(context, record);
  if (!id) return tl::make_unexpected(id.error());
  if (auto stored = store_sample(context, *id, record); !stored) return stored;
  if (!context.newest) return {};
  return store_latest(context, *id, record);
}

// The id of a row's interface. Its facts are written only when they are not those in the file.
Result<std::int64_t> Recorder::interface_of(const Context& context, const InterfaceRecord& record) {
  const Interface& interface = record.sample.interface;
  InterfaceEntry* entry = context.device.interfaces.find(interface.name());
  bool inserted = false;
  if (entry == nullptr) {
    const auto made = find_or_insert(context, interface, inserted);
    if (!made) return tl::make_unexpected(made.error());
    entry = *made;
  }
  const std::uint64_t in_speed = record.in_speed_bps.value_or(0);
  const std::uint64_t out_speed = record.out_speed_bps.value_or(0);
  const bool same =
      entry->in_speed_bps == in_speed && entry->out_speed_bps == out_speed && entry->interface == interface;
  // Discovery makes new blocks, and the old ones are freed when nobody holds them.
  if (same && !entry->interface.same_block(interface)) entry->interface = interface;
  if (same || !(context.newest || inserted)) return entry->id;

  auto updated = statements_.update_interface.run(
      interface.if_index().value, interface.if_name(), interface.descr(), interface.alias(), interface.type(),
      interface.mtu(), interface.phys_address(), interface.speed_bps(), to_string(interface.speed_source()),
      record.in_speed_bps, record.out_speed_bps, entry->id);
  if (!updated) return tl::make_unexpected(updated.error());
  entry->interface = interface;
  entry->in_speed_bps = in_speed;
  entry->out_speed_bps = out_speed;
  return entry->id;
}

Result<Recorder::InterfaceEntry*> Recorder::find_or_insert(const Context& context, const Interface& interface,
                                                           bool& inserted) {
  Statement* source = &statements_.interface_id;
  auto found = source->first(context.device.id, interface.name());
  if (found && !*found) {
    source->reset();
    inserted = true;
    source = &statements_.insert_interface;
    found = source->first(context.device.id, interface.name(), interface.if_index().value,
                          unix_ms(context.cycle.started_at));
  }
  InterfaceEntry entry;
  entry.interface = interface;
  if (found) entry.id = source->integer(0);
  source->reset();
  if (!found) return tl::make_unexpected(found.error());
  return &context.device.interfaces.append(std::move(entry));
}

Result<> Recorder::store_sample(const Context& context, std::int64_t interface_id, const InterfaceRecord& record) {
  const auto delta = [&record](Counter counter) { return record.deltas[counter].value; };
  const auto quality = [&record](Counter counter) { return to_string(record.deltas[counter].quality); };
  const std::int64_t elapsed_us = std::chrono::round<std::chrono::microseconds>(record.elapsed).count();
  return statements_.insert_sample.run(
      context.poll_id, interface_id, read_after_ms(context.cycle, record.sample), elapsed_us, record.time_error,
      word(record.sample.admin_status), word(record.sample.oper_status), delta(Counter::in_octets),
      delta(Counter::out_octets), quality(Counter::in_octets), quality(Counter::out_octets),
      bits_per_second(record.in_rate()), bits_per_second(record.out_rate()), record.in_utilization,
      record.out_utilization, delta(Counter::in_ucast_pkts), delta(Counter::out_ucast_pkts),
      delta(Counter::in_multicast_pkts), delta(Counter::out_multicast_pkts), delta(Counter::in_broadcast_pkts),
      delta(Counter::out_broadcast_pkts), delta(Counter::in_errors), delta(Counter::out_errors),
      delta(Counter::in_discards), delta(Counter::out_discards), exceptions_of(record.deltas));
}

Result<> Recorder::store_latest(const Context& context, std::int64_t interface_id, const InterfaceRecord& record) {
  const InterfaceSample& sample = record.sample;
  const auto reading = [&sample](Counter counter) -> std::optional<std::uint64_t> {
    const CounterReading& one = sample.counters[counter];
    return one.present() ? std::optional(one.value) : std::nullopt;
  };
  const std::int64_t read_at = unix_ms(context.cycle.started_at) + read_after_ms(context.cycle, sample);
  const auto write = [&](Statement& statement) {
    return statement.run(interface_id, context.poll_id, read_at, ticks(sample.time.sys_uptime),
                         word(sample.admin_status), word(sample.oper_status), ticks(sample.last_change),
                         ticks(sample.discontinuity_time), reading(Counter::in_octets), reading(Counter::out_octets),
                         reading(Counter::in_ucast_pkts), reading(Counter::out_ucast_pkts),
                         reading(Counter::in_multicast_pkts), reading(Counter::out_multicast_pkts),
                         reading(Counter::in_broadcast_pkts), reading(Counter::out_broadcast_pkts),
                         reading(Counter::in_errors), reading(Counter::out_errors), reading(Counter::in_discards),
                         reading(Counter::out_discards), counters_of_32_bits(sample.counters));
  };
  // Nearly always the row is there and takes as much room as before, so it is changed where it is; a REPLACE would take
  // it out of its page first.
  if (auto updated = write(statements_.update_latest); !updated) return updated;
  if (statements_.update_latest.changes() != 0) return {};
  return write(statements_.insert_latest);
}

Result<Recorded> Recorder::store(const PingRound& round) {
  Statement& upsert = statements_.upsert_target;
  const auto target = upsert.first(round.target, round.is_device, round.address);
  const std::int64_t target_id = target && *target ? upsert.integer(0) : 0;
  upsert.reset();
  if (!target) return tl::make_unexpected(target.error());

  const auto summary = summarize(round.round_trips);
  const auto part = [&summary](std::chrono::nanoseconds RoundTripSummary::*member) -> std::optional<double> {
    return summary ? std::optional(microseconds((*summary).*member)) : std::nullopt;
  };
  auto stored = statements_.insert_round.run(
      target_id, round.round_number, unix_ms(round.started_at), milliseconds(round.interval), round.sent,
      round.received, round.duplicates, round.late, part(&RoundTripSummary::min), part(&RoundTripSummary::mean),
      part(&RoundTripSummary::median), part(&RoundTripSummary::max), part(&RoundTripSummary::deviation),
      round_trips_json(round.round_trips), kind_of(round.error), text_of(round.error));
  if (!stored) return tl::make_unexpected(stored.error());
  if (statements_.insert_round.changes() == 0) return Recorded{0, true};
  return Recorded{1, false};
}

Result<std::map<std::string, std::uint64_t>> read_last_poll_numbers(Database& database) {
  auto statement = database.prepare(
      "SELECT d.name, max(p.poll_number) FROM devices d JOIN polls p ON p.device_id = d.id GROUP BY d.id");
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

std::optional<std::string> word(const std::optional<IfStatus>& status) {
  return status ? std::optional(to_string(*status)) : std::nullopt;
}

std::optional<double> bits_per_second(const std::optional<BitsPerSecond>& rate) {
  return rate ? std::optional(rate->value) : std::nullopt;
}

std::optional<std::string_view> kind_of(const std::optional<Error>& error) {
  return error ? std::optional(to_string(error->kind)) : std::nullopt;
}

std::optional<std::string> text_of(const std::optional<Error>& error) {
  return error ? std::optional(error->message) : std::nullopt;
}

std::int64_t read_after_ms(const DeviceCycle& cycle, const InterfaceSample& sample) {
  // A row without a time of its own (never answered) counts as read when the cycle began.
  const auto after = std::chrono::round<std::chrono::milliseconds>(sample.time.received - cycle.started);
  return std::max<std::int64_t>(0, after.count());
}

std::optional<std::string> exceptions_of(const PerCounter<CounterDelta>& deltas) {
  std::string list;
  for (const Counter counter : all_counters()) {
    const Quality quality = deltas[counter].quality;
    if (counts_octets(counter) || quality == Quality::ok || quality == Quality::absent) continue;
    if (!list.empty()) list += ' ';
    list.append(to_string(counter)).append("=").append(to_string(quality));
  }
  return list.empty() ? std::nullopt : std::optional(std::move(list));
}

std::optional<std::string> counters_of_32_bits(const PerCounter<CounterReading>& counters) {
  std::string list;
  for (const Counter counter : all_counters()) {
    if (counters[counter].bits != 32) continue;
    if (!list.empty()) list += ' ';
    list += to_string(counter);
  }
  return list.empty() ? std::nullopt : std::optional(std::move(list));
}

std::string round_trips_json(const std::vector<std::chrono::nanoseconds>& round_trips) {
  std::string json = "[";
  for (const auto trip : round_trips) {
    if (json.size() > 1) json += ',';
    // Whole nanoseconds in microseconds: three decimals are exact.
    json += fmt::format("{}.{:03}", trip.count() / 1000, trip.count() % 1000);
  }
  return json += ']';
}

}  // namespace
}  // namespace octopoll::store
