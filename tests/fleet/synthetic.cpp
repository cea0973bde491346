#include "fleet/synthetic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

namespace fleet {
namespace {

constexpr std::uint64_t saturated_speed = 4'294'967'295;  // RFC 2863, ifSpeed

Value counter32(std::uint64_t count) noexcept { return Value::unsigned_number(Tag::counter32, count & 0xffff'ffff); }
Value counter64(std::uint64_t count) noexcept { return Value::unsigned_number(Tag::counter64, count); }
Value gauge(std::uint64_t number) noexcept { return Value::unsigned_number(Tag::gauge32, number); }
Value ticks(std::uint32_t hundredths) noexcept { return Value::unsigned_number(Tag::time_ticks, hundredths); }

std::uint32_t if_speed(const InterfaceSpec& spec) noexcept {
  return spec.if_speed.value_or(static_cast<std::uint32_t>(std::min(spec.speed_bps, saturated_speed)));
}
std::uint32_t if_high_speed(const InterfaceSpec& spec) noexcept {
  return spec.if_high_speed.value_or(static_cast<std::uint32_t>((spec.speed_bps + 500'000) / 1'000'000));
}

std::vector<Layout::Instance> instances_of(const LayoutCache::Key& key);
void change_facts(InterfaceSpec& facts, const InterfaceChange& change);

}  // namespace

std::shared_ptr<const Layout> LayoutCache::get(const Key& key) {
  auto& known = layouts_[key];
  auto layout = known.lock();
  if (!layout) {
    layout = std::make_shared<const Layout>(instances_of(key));
    known = layout;
  }
  return layout;
}

SyntheticModel::SyntheticModel(std::string sys_name, SyntheticSpec spec, std::shared_ptr<LayoutCache> layouts,
                               Instant now)
    : sys_name_(std::move(sys_name)),
      spec_(std::move(spec)),
      layouts_(std::move(layouts)),
      boot_(now),
      engine_id_(make_engine_id(sys_name_)) {
  interfaces_.reserve(spec_.interfaces.size());
  for (auto& interface : spec_.interfaces) {
    require_valid(interface.if_index);
    interfaces_.emplace_back(std::move(interface), now);
  }
  spec_.interfaces = {};
  sort_and_lay_out();
}

Value SyntheticModel::value(Slot slot, Instant now) {
  switch (slot.object) {
    case Object::sys_descr:
      return Value::string(spec_.sys_descr);
    case Object::sys_object_id: {
      // 1.3.6.1.4.1.32473.1: the enterprise that RFC 5612 keeps for documentation.
      static constexpr std::array<std::uint8_t, 9> example{0x2b, 6, 1, 4, 1, 0x81, 0xfd, 0x59, 1};
      return Value::encoded(Tag::object_id, example);
    }
    case Object::sys_uptime:
      return ticks(uptime(now));
    case Object::sys_contact:
      return Value::string(spec_.sys_contact);
    case Object::sys_name:
      return Value::string(sys_name_);
    case Object::sys_location:
      return Value::string(spec_.sys_location);
    case Object::sys_services:
      return Value::integer(2);
    case Object::if_number:
      return Value::integer(static_cast<std::int64_t>(interfaces_.size()));
    case Object::if_table_last_change:
      return ticks(table_last_change_);
    case Object::if_table_cache_period:
      return Value::integer(std::chrono::duration_cast<std::chrono::seconds>(spec_.cache_period).count());
    case Object::engine_id:
      return Value::string(engine_id_);
    case Object::engine_boots:
      return Value::integer(spec_.engine_boots);
    case Object::engine_time:
      return Value::integer(engine(now).time);
    case Object::engine_max_message_size:
      return Value::integer(65507);
    default:
      return interface_value(slot, now);
  }
}

EngineFacts SyntheticModel::engine(Instant now) const {
  const auto running = std::chrono::duration_cast<std::chrono::seconds>(own_clock(now)).count();
  return {{reinterpret_cast<const std::uint8_t*>(engine_id_.data()), engine_id_.size()},
          spec_.engine_boots,
          spec_.engine_time + static_cast<std::uint32_t>(running)};
}

Value SyntheticModel::interface_value(Slot slot, Instant now) {
  const Interface& interface = interfaces_[slot.row];
  const InterfaceSpec& spec = interface.spec();
  const auto count = [&](Count kind) { return shown(slot.row, kind, now); };
  switch (slot.object) {
    case Object::if_index:
      return Value::integer(static_cast<std::int32_t>(spec.if_index));
    case Object::if_descr:
      return Value::string(spec.descr);
    case Object::if_type:
      return Value::integer(spec.type);
    case Object::if_mtu:
      return Value::integer(spec.mtu);
    case Object::if_speed:
      return gauge(if_speed(spec));
    case Object::if_phys_address:
      return Value::string(spec.phys_address);
    case Object::if_admin_status:
      return Value::integer(spec.admin_status);
    case Object::if_oper_status:
      return Value::integer(spec.oper_status);
    case Object::if_last_change:
      return ticks(interface.last_change);
    case Object::if_in_octets:
      return counter32(count(Count::in_octets));
    case Object::if_in_ucast_pkts:
      return counter32(count(Count::in_ucast_pkts));
    case Object::if_in_nucast_pkts:
      return counter32(count(Count::in_multicast_pkts) + count(Count::in_broadcast_pkts));
    case Object::if_in_discards:
      return counter32(count(Count::in_discards));
    case Object::if_in_errors:
      return counter32(count(Count::in_errors));
    case Object::if_in_unknown_protos:
      return counter32(count(Count::in_unknown_protos));
    case Object::if_out_octets:
      return counter32(count(Count::out_octets));
    case Object::if_out_ucast_pkts:
      return counter32(count(Count::out_ucast_pkts));
    case Object::if_out_nucast_pkts:
      return counter32(count(Count::out_multicast_pkts) + count(Count::out_broadcast_pkts));
    case Object::if_out_discards:
      return counter32(count(Count::out_discards));
    case Object::if_out_errors:
      return counter32(count(Count::out_errors));
    case Object::if_out_q_len:
      return gauge(0);
    case Object::if_name:
      return Value::string(spec.name);
    case Object::if_in_multicast_pkts:
      return counter32(count(Count::in_multicast_pkts));
    case Object::if_in_broadcast_pkts:
      return counter32(count(Count::in_broadcast_pkts));
    case Object::if_out_multicast_pkts:
      return counter32(count(Count::out_multicast_pkts));
    case Object::if_out_broadcast_pkts:
      return counter32(count(Count::out_broadcast_pkts));
    case Object::if_hc_in_octets:
      return counter64(count(Count::in_octets));
    case Object::if_hc_in_ucast_pkts:
      return counter64(count(Count::in_ucast_pkts));
    case Object::if_hc_in_multicast_pkts:
      return counter64(count(Count::in_multicast_pkts));
    case Object::if_hc_in_broadcast_pkts:
      return counter64(count(Count::in_broadcast_pkts));
    case Object::if_hc_out_octets:
      return counter64(count(Count::out_octets));
    case Object::if_hc_out_ucast_pkts:
      return counter64(count(Count::out_ucast_pkts));
    case Object::if_hc_out_multicast_pkts:
      return counter64(count(Count::out_multicast_pkts));
    case Object::if_hc_out_broadcast_pkts:
      return counter64(count(Count::out_broadcast_pkts));
    case Object::if_link_up_down_trap_enable:
      return Value::integer(2);
    case Object::if_high_speed:
      return gauge(if_high_speed(spec));
    case Object::if_promiscuous_mode:
      return Value::integer(2);
    case Object::if_connector_present:
      return Value::integer(1);
    case Object::if_alias:
      return Value::string(spec.alias);
    case Object::if_counter_discontinuity_time:
      return ticks(interface.discontinuity_time);
    default:
      break;
  }
  throw std::logic_error("a synthetic device was asked for an object that its layout does not have");
}

Truth SyntheticModel::truth(Instant at) const {
  Truth truth{at, uptime(at), spec_.engine_boots, {}};
  for (std::size_t row = 0; row < interfaces_.size(); ++row) {
    const Interface& interface = interfaces_[row];
    if (at < interface.since()) {
      throw std::invalid_argument(
          fmt::format("the counters of {} before {} ns are not known any more: something changed",
                      interface.spec().name, interface.since().count()));
    }
    InterfaceTruth& seen = truth.interfaces.emplace_back();
    seen.name = interface.spec().name;
    seen.if_index = interface.if_index();
    seen.oper_status = interface.spec().oper_status;
    seen.counters = interface.counters(at);
    for (std::size_t i = 0; i < count_kinds; ++i) seen.shown.items[i] = shown(row, static_cast<Count>(i), at);
  }
  return truth;
}

void SyntheticModel::reboot(const RebootOptions& options, Instant now) {
  boot_ = now;
  held_.reset();
  spec_.sys_uptime = options.sys_uptime;
  spec_.engine_time = 0;
  ++spec_.engine_boots;
  table_last_change_ = 0;
  for (auto& interface : interfaces_) {
    interface.clear_counters(now);
    interface.last_change = 0;
    interface.discontinuity_time = 0;
  }
  if (options.renumber && interfaces_.size() > 1) {
    const std::uint32_t first = interfaces_.front().if_index();
    for (std::size_t i = 0; i + 1 < interfaces_.size(); ++i) interfaces_[i].set_if_index(interfaces_[i + 1].if_index());
    interfaces_.back().set_if_index(first);
    sort_and_lay_out();
  }
}

void SyntheticModel::add_interface(InterfaceSpec spec, Instant now) {
  require_free(spec.if_index);
  hold_snapshot(now);
  interfaces_.emplace_back(std::move(spec), now);
  interfaces_.back().last_change = uptime(now);
  interfaces_.back().discontinuity_time = uptime(now);
  rows_changed(now);
}

void SyntheticModel::remove_interface(std::string_view name, Instant now) {
  const std::size_t row = row_of(name);
  hold_snapshot(now);
  interfaces_.erase(interfaces_.begin() + static_cast<std::ptrdiff_t>(row));
  rows_changed(now);
}

void SyntheticModel::change_interface(std::string_view name, const InterfaceChange& change, Instant now) {
  const std::size_t row = row_of(name);
  if (change.if_index && *change.if_index != interfaces_[row].if_index()) require_free(*change.if_index);
  hold_snapshot(now);
  Interface& interface = interfaces_[row];
  change_facts(interface.facts(), change);
  if (change.oper_status && *change.oper_status != interface.spec().oper_status) {
    interface.set_oper_status(*change.oper_status, now);
    interface.last_change = uptime(now);
  }
  if (change.traffic) interface.set_traffic(*change.traffic, now);
  for (const auto& [count, value] : change.counters) interface.set_counter(count, value, now);
  if (change.discontinuity) interface.discontinuity_time = uptime(now);
  if (change.if_index) {
    interface.set_if_index(*change.if_index);
    rows_changed(now);
  }
}

const InterfaceSpec& SyntheticModel::interface(std::string_view name) const { return interfaces_[row_of(name)].spec(); }

std::uint32_t SyntheticModel::uptime(Instant at) const noexcept {
  constexpr std::int64_t nanoseconds_a_tick = 10'000'000;
  return spec_.sys_uptime + static_cast<std::uint32_t>(own_clock(at).count() / nanoseconds_a_tick);
}

std::chrono::nanoseconds SyntheticModel::own_clock(Instant at) const noexcept {
  const std::int64_t elapsed = (at - boot_).count();
  // Split, for elapsed times a million would not fit after three hours.
  constexpr std::int64_t million = 1'000'000;
  return std::chrono::nanoseconds(elapsed + elapsed / million * spec_.clock_drift_ppm +
                                  elapsed % million * spec_.clock_drift_ppm / million);
}

Instant SyntheticModel::snapshot_time(Instant at) const noexcept {
  if (spec_.cache_period.count() <= 0) return at;
  return at - (at - boot_) % spec_.cache_period;
}

Instant SyntheticModel::snapshot_time(std::size_t row, Instant at) const noexcept {
  const InterfaceSpec& spec = interfaces_[row].spec();
  if (spec.cache_period.count() <= 0) return snapshot_time(at);
  return std::max(interfaces_[row].since(), at - (at - boot_ + spec.cache_phase) % spec.cache_period);
}

std::uint64_t SyntheticModel::shown(std::size_t row, Count count, Instant at) const {
  const Interface& interface = interfaces_[row];
  const Instant taken = snapshot_time(row, at);
  if (held_ && taken <= held_->taken) {
    const auto kept = held_->by_if_index.find(interface.if_index());
    if (kept != held_->by_if_index.end()) return kept->second[count];
  }
  return interface.count(count, taken);
}

std::size_t SyntheticModel::row_of(std::string_view name) const {
  for (std::size_t row = 0; row < interfaces_.size(); ++row) {
    if (interfaces_[row].spec().name == name) return row;
  }
  throw std::invalid_argument(fmt::format("{} has no interface \"{}\"", sys_name_, name));
}

void SyntheticModel::require_valid(std::uint32_t if_index) const {
  if (if_index == 0 || if_index > 0x7fff'ffff) {
    throw std::invalid_argument(fmt::format("{}: ifIndex {} is not in 1..2147483647", sys_name_, if_index));
  }
}

void SyntheticModel::require_free(std::uint32_t if_index) const {
  require_valid(if_index);
  for (const auto& interface : interfaces_) {
    if (interface.if_index() == if_index) {
      throw std::invalid_argument(
          fmt::format("{}: ifIndex {} is that of interface \"{}\"", sys_name_, if_index, interface.spec().name));
    }
  }
}

void SyntheticModel::hold_snapshot(Instant now) {
  if (spec_.cache_period.count() <= 0) return;
  Held held{snapshot_time(now), {}};
  for (std::size_t row = 0; row < interfaces_.size(); ++row) {
    Counters& counters = held.by_if_index[interfaces_[row].if_index()];
    for (std::size_t i = 0; i < count_kinds; ++i) counters.items[i] = shown(row, static_cast<Count>(i), now);
  }
  held_ = std::move(held);
}

void SyntheticModel::rows_changed(Instant now) {
  table_last_change_ = uptime(now);
  sort_and_lay_out();
}

void SyntheticModel::sort_and_lay_out() {
  std::sort(interfaces_.begin(), interfaces_.end(),
            [](const Interface& a, const Interface& b) { return a.if_index() < b.if_index(); });
  const auto twice =
      std::adjacent_find(interfaces_.begin(), interfaces_.end(),
                         [](const Interface& a, const Interface& b) { return a.if_index() == b.if_index(); });
  if (twice != interfaces_.end()) {
    throw std::invalid_argument(fmt::format("{}: two interfaces have ifIndex {}", sys_name_, twice->if_index()));
  }
  LayoutCache::Key key{{}, spec_.ifx_table, spec_.counters_64, spec_.advertise_cache_period};
  key.if_indexes.reserve(interfaces_.size());
  for (const auto& interface : interfaces_) key.if_indexes.push_back(interface.if_index());
  layout_ = layouts_->get(key);
}

namespace {

std::vector<Layout::Instance> instances_of(const LayoutCache::Key& key) {
  std::vector<Layout::Instance> instances;
  for (const ObjectType& type : object_types()) {
    Oid name = type.oid;
    name.push_back(0);
    if (!type.is_column()) {
      if (type.object == Object::if_table_cache_period) {
        if (!key.cache_period) continue;
        name.back() = 2;  // the table's own OID is the index, and ends so
      }
      if (type.object == Object::if_table_last_change && !key.ifx_table) continue;
      instances.push_back({name, {type.object, 0}});
      continue;
    }
    if (type.group != Group::if_table && !key.ifx_table) continue;
    if (type.group == Group::if_x_table_64 && !key.counters_64) continue;
    for (std::uint32_t row = 0; row < key.if_indexes.size(); ++row) {
      name.back() = key.if_indexes[row];
      instances.push_back({name, {type.object, row}});
    }
  }
  return instances;
}

void change_facts(InterfaceSpec& facts, const InterfaceChange& change) {
  if (change.name) facts.name = *change.name;
  if (change.descr) facts.descr = *change.descr;
  if (change.alias) facts.alias = *change.alias;
  if (change.mtu) facts.mtu = *change.mtu;
  if (change.admin_status) facts.admin_status = *change.admin_status;
  if (change.speed_bps) facts.speed_bps = *change.speed_bps;
}

}  // namespace
}  // namespace fleet
