#include "last_readings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "latest_readings.hpp"
#include "statements.hpp"

namespace octopoll::store {
namespace {

using std::chrono::microseconds;

/// A poller forgets what it has not read for so long.
constexpr std::chrono::hours remembered{1};
/// read_after_ms is a whole number of them.
constexpr microseconds rounding{500};

/// When the readings of one text were made.
struct Moment {
  BootTime started;
  microseconds uncertain{};
};

struct Base {
  KeptReading reading;
  Moment moment;
};
using Bases = std::unordered_map<std::int64_t, Base>;  // by the interface's id

constexpr std::string_view devices_sql =
    "SELECT d.id, d.name, ifnull(l.address, ''), ifnull(l.view, ''), l.boot, l.started_at, l.booted_us,"
    " l.clock_after_us, p.sys_uptime, l.engine_boots, l.engine_time, p.cache_period_ms, l.uncertain_us, l.readings,"
    " b.booted_us, b.uncertain_us, b.readings, ifnull(l.cache_known, 0)"
    " FROM device_latest l JOIN devices d ON d.id = l.device_id JOIN polls p ON p.id = l.poll_id"
    " LEFT JOIN base_lines b ON b.device_id = l.device_id"
    " WHERE l.boot <> '' AND l.booted_us IS NOT NULL AND l.clock_after_us IS NOT NULL AND l.uncertain_us IS NOT NULL";
constexpr std::string_view older_sql =
    "SELECT o.reading, o.booted_us, o.uncertain_us FROM older_readings o JOIN interfaces i ON i.id = o.interface_id"
    " WHERE i.device_id = ? AND o.boot = ? AND o.booted_us > ? AND o.address = ? AND o.uncertain_us IS NOT NULL";
constexpr std::string_view interfaces_sql =
    "SELECT id, name, if_index, if_name, descr, alias, type, mtu, phys_address, speed_bps, speed_source"
    " FROM interfaces WHERE device_id = ? ORDER BY if_index, id";

BootTime boot_time(std::int64_t us) { return BootTime(microseconds(us)); }

std::optional<std::uint32_t> maybe_32(const Statement& row, int column) {
  const auto value = row.maybe_unsigned(column);
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}

std::optional<std::int64_t> maybe_integer(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.integer(column));
}

LastReadings clocks_of(const Statement& row) {
  LastReadings last;
  last.address = row.text(2);
  last.view = row.text(3);
  last.boot = row.text(4);
  last.started_at = WallTime(std::chrono::milliseconds(row.integer(5)));
  last.started = boot_time(row.integer(6));
  last.clock_read_at = last.started + microseconds(row.integer(7));
  if (const auto uptime = maybe_32(row, 8)) last.sys_uptime = TimeTicks(*uptime);
  last.engine_boots = maybe_32(row, 9);
  last.engine_time = maybe_32(row, 10);
  last.cache_period =
      std::chrono::round<std::chrono::nanoseconds>(std::chrono::duration<double, std::milli>(row.real(11)));
  last.cache_known = row.integer(17) != 0;
  return last;
}

/// The newest readings, and where those made no delta yet, what they are held against.
bool add_bases(const Statement& row, BootTime started, Bases& bases) {
  const Moment newest{started, microseconds(row.integer(12))};
  if (!read_readings(row.text(13), [&](const KeptReading& one) { bases[one.interface_id] = {one, newest}; }))
    return false;
  if (row.is_null(16)) return true;
  const Moment held{boot_time(row.integer(14)), microseconds(row.integer(15))};
  return read_readings(row.text(16), [&](const KeptReading& one) {
    const auto known = bases.find(one.interface_id);
    if (known != bases.end() && known->second.reading.stale && !one.stale) known->second = {one, held};
  });
}

Result<> add_older(Statement& older, std::int64_t device_id, const LastReadings& last, Bases& bases) {
  const auto since = std::chrono::floor<microseconds>(last.started.time_since_epoch() - remembered);
  const auto take = [&]() -> Result<> {
    const Moment moment{boot_time(older.integer(1)), microseconds(older.integer(2))};
    static_cast<void>(read_readings(fmt::format("[{}]", older.text(0)), [&](const KeptReading& reading) {
      bases.emplace(reading.interface_id, Base{reading, moment});
    }));
    return {};
  };
  return each_row(older, take, device_id, last.boot, since.count(), last.address);
}

Interface interface_of(const Statement& row) {
  InterfaceFacts facts;
  facts.if_index = IfIndex{static_cast<decltype(facts.if_index.value)>(row.integer(2))};
  facts.if_name = row.maybe_text(3);
  facts.descr = row.maybe_text(4);
  facts.alias = row.maybe_text(5);
  facts.type = maybe_integer(row, 6);
  facts.mtu = maybe_integer(row, 7);
  facts.phys_address = row.maybe_text(8);
  facts.speed_bps = row.maybe_unsigned(9);
  for (const SpeedSource source : {SpeedSource::if_speed, SpeedSource::if_high_speed, SpeedSource::override_rule}) {
    if (row.text(10) == to_string(source)) facts.speed_source = source;
  }
  return Interface(row.text(1), facts);
}

InterfaceSample sample_of(const Base& base, Interface interface) {
  const KeptReading& reading = base.reading;
  InterfaceSample sample;
  sample.interface = std::move(interface);
  sample.admin_status = reading.admin_status;
  sample.oper_status = reading.oper_status;
  sample.last_change = reading.last_change;
  sample.discontinuity_time = reading.discontinuity_time;
  sample.time.received = base.moment.started + reading.read_after;
  sample.time.sys_uptime = reading.sys_uptime;
  sample.time.age_bound = base.moment.uncertain + rounding;
  sample.counters = reading.counters;
  // Which of the two base lines such a counter goes on from, only the next reading would have told.
  for (const Counter counter : all_counters()) {
    if ((reading.doubted & bit_of(counter)) != 0) sample.counters.set(counter, {});
  }
  return sample;
}

Result<> add_interfaces(Statement& interfaces, std::int64_t device_id, const Bases& bases, LastReadings& last) {
  last.interfaces.reserve(bases.size());
  const auto take = [&]() -> Result<> {
    const auto base = bases.find(interfaces.integer(0));
    if (base != bases.end()) last.interfaces.push_back(sample_of(base->second, interface_of(interfaces)));
    return {};
  };
  return each_row(interfaces, take, device_id);
}

}  // namespace

Result<std::map<std::string, LastReadings>> read_last_readings(Database& database) {
  auto devices = database.prepare(devices_sql);
  if (!devices) return tl::make_unexpected(devices.error());
  auto older = database.prepare(older_sql);
  if (!older) return tl::make_unexpected(older.error());
  auto interfaces = database.prepare(interfaces_sql);
  if (!interfaces) return tl::make_unexpected(interfaces.error());
  std::map<std::string, LastReadings> all;
  Bases bases;
  for (;;) {
    const auto row = devices->next();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return all;
    const std::int64_t id = devices->integer(0);
    LastReadings last = clocks_of(*devices);
    bases.clear();
    if (!add_bases(*devices, last.started, bases)) continue;
    if (auto added = add_older(*older, id, last, bases); !added) return tl::make_unexpected(added.error());
    if (auto added = add_interfaces(*interfaces, id, bases, last); !added) return tl::make_unexpected(added.error());
    all.emplace(devices->text(1), std::move(last));
  }
}

}  // namespace octopoll::store
