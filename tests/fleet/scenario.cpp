#include "fleet/scenario.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace fleet {
namespace {

std::vector<DeviceSpec> parse_device(const Json& json, const std::filesystem::path& directory,
                                     const std::string& where);
void take_synthetic(JsonFields& fields, SyntheticSpec& spec);
void take_interface(JsonFields& fields, InterfaceSpec& spec);
void take_traffic(JsonFields& fields, Traffic& traffic);
std::chrono::milliseconds take_milliseconds(JsonFields& fields, const char* name);
std::vector<std::pair<Count, std::uint64_t>> parse_counters(const Json& json, const std::string& where);
void complete(InterfaceSpec& spec);
Address advanced(Address address, std::size_t by);

}  // namespace

std::vector<DeviceSpec> parse_scenario(const Json& scenario, const std::filesystem::path& directory) {
  JsonFields fields(scenario, "scenario");
  const Json* devices = fields.find("devices");
  fields.finish();
  if (devices == nullptr || !devices->is_array()) throw std::invalid_argument("scenario.devices: an array is expected");
  std::vector<DeviceSpec> all;
  for (std::size_t i = 0; i < devices->size(); ++i) {
    auto some = parse_device((*devices)[i], directory, fmt::format("scenario.devices[{}]", i));
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

std::vector<DeviceSpec> load_scenario(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read the scenario " + file.string());
  try {
    return parse_scenario(Json::parse(in), file.parent_path());
  } catch (const Json::exception& error) {
    throw std::runtime_error(file.string() + ": " + error.what());
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error(file.string() + ": " + error.what());
  }
}

std::vector<DeviceSpec> load_recordings(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".snmprec") files.push_back(entry.path());
  }
  if (files.empty()) throw std::runtime_error("no *.snmprec in " + directory.string());
  std::sort(files.begin(), files.end());
  std::vector<DeviceSpec> devices;
  for (const auto& file : files) {
    DeviceSpec& device = devices.emplace_back();
    device.name = file.stem().string();
    device.recording = load_recording(file);
  }
  return devices;
}

std::vector<DeviceSpec> make_devices(std::size_t count, std::size_t interfaces, const Address& base,
                                     const std::string& community) {
  std::vector<DeviceSpec> devices;
  InterfaceSpec pattern;
  pattern.traffic.in_bps = 300'000'000;
  pattern.traffic.out_bps = 100'000'000;
  for (std::size_t i = 0; i < count; ++i) {
    DeviceSpec& device = devices.emplace_back();
    device.name = fmt::format("device-{}", i + 1);
    device.place = {community, advanced(base, i), 0};
    device.synthetic.interfaces = make_interfaces(interfaces, pattern);
  }
  return devices;
}

std::vector<InterfaceSpec> make_interfaces(std::size_t count, const InterfaceSpec& pattern) {
  std::vector<InterfaceSpec> interfaces;
  interfaces.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    InterfaceSpec& interface = interfaces.emplace_back(pattern);
    interface.if_index = static_cast<std::uint32_t>(i + 1);
    complete(interface);
  }
  return interfaces;
}

InterfaceSpec parse_interface(const Json& json, const std::string& where) {
  JsonFields fields(json, where);
  InterfaceSpec spec;
  fields.take("if_index", spec.if_index);
  take_interface(fields, spec);
  fields.finish();
  complete(spec);
  return spec;
}

InterfaceChange parse_interface_change(const Json& json, const InterfaceSpec& now, const std::string& where) {
  JsonFields fields(json, where);
  InterfaceChange change;
  fields.take("name", change.name);
  fields.take("descr", change.descr);
  fields.take("alias", change.alias);
  fields.take("speed_bps", change.speed_bps);
  fields.take("mtu", change.mtu);
  fields.take("admin_status", change.admin_status);
  fields.take("oper_status", change.oper_status);
  fields.take("if_index", change.if_index);
  fields.take("discontinuity", change.discontinuity);
  if (const Json* counters = fields.find("counters"))
    change.counters = parse_counters(*counters, fields.path("counters"));
  if (const Json* traffic = fields.find("traffic")) {
    JsonFields flow(*traffic, fields.path("traffic"));
    change.traffic = now.traffic;
    take_traffic(flow, *change.traffic);
    flow.finish();
  }
  fields.finish();
  return change;
}

namespace {

std::vector<DeviceSpec> parse_device(const Json& json, const std::filesystem::path& directory,
                                     const std::string& where) {
  JsonFields fields(json, where);
  DeviceSpec spec;
  fields.take("name", spec.name);
  if (spec.name.empty()) throw std::invalid_argument(where + ": a name is expected");
  fields.take("community", spec.place.community);
  fields.take("port", spec.place.port);
  fields.take("max_message_size", spec.max_message_size);
  std::string address;
  fields.take("address", address);
  if (!address.empty()) {
    spec.place.address = Address::parse(address);
    if (!spec.place.address) throw std::invalid_argument(fields.path("address") + ": not an address: " + address);
  }
  if (const Json* faults = fields.find("faults")) {
    Faults checked;
    apply(checked, *faults);
    spec.faults = *faults;
  }
  if (const Json* users = fields.find("users")) {
    if (!users->is_array()) throw std::invalid_argument(fields.path("users") + ": an array is expected");
    for (const Json& user : *users) {
      if (!user.is_string()) throw std::invalid_argument(fields.path("users") + ": strings are expected");
      spec.users.push_back(parse_user(user.get<std::string>()));
    }
  }
  std::string recording;
  fields.take("recording", recording);
  if (recording.empty()) {
    take_synthetic(fields, spec.synthetic);
  } else {
    spec.recording = load_recording(directory / recording);
  }
  std::size_t count = 1;
  fields.take("count", count);
  const bool numbered = json.contains("count");
  fields.finish();

  std::vector<DeviceSpec> devices(count, spec);
  for (std::size_t i = 0; numbered && i < count; ++i) {
    devices[i].name = fmt::format("{}-{}", spec.name, i + 1);
    if (spec.place.address) devices[i].place.address = advanced(*spec.place.address, i);
  }
  return devices;
}

void take_synthetic(JsonFields& fields, SyntheticSpec& spec) {
  fields.take("sys_descr", spec.sys_descr);
  fields.take("sys_contact", spec.sys_contact);
  fields.take("sys_location", spec.sys_location);
  fields.take("ifx_table", spec.ifx_table);
  fields.take("counters_64", spec.counters_64);
  spec.cache_period = take_milliseconds(fields, "cache_period_ms");
  fields.take("advertise_cache_period", spec.advertise_cache_period);
  fields.take("sys_uptime", spec.sys_uptime);
  fields.take("clock_drift_ppm", spec.clock_drift_ppm);
  fields.take("engine_boots", spec.engine_boots);
  fields.take("engine_time", spec.engine_time);
  const Json* interfaces = fields.find("interfaces");
  if (interfaces == nullptr) return;
  if (interfaces->is_array()) {
    for (std::size_t i = 0; i < interfaces->size(); ++i) {
      Json item = (*interfaces)[i];
      // Where the ifIndex does not matter the place in the list is as good as any.
      if (item.is_object() && !item.contains("if_index")) item["if_index"] = i + 1;
      spec.interfaces.push_back(parse_interface(item, fmt::format("{}[{}]", fields.path("interfaces"), i)));
    }
    return;
  }
  JsonFields pattern_fields(*interfaces, fields.path("interfaces"));
  std::uint32_t count = 1;
  InterfaceSpec pattern;
  pattern_fields.take("count", count);
  take_interface(pattern_fields, pattern);
  pattern_fields.finish();
  spec.interfaces = make_interfaces(count, pattern);
}

std::chrono::milliseconds take_milliseconds(JsonFields& fields, const char* name) {
  std::uint32_t milliseconds = 0;
  fields.take(name, milliseconds);
  return std::chrono::milliseconds(milliseconds);
}

void take_interface(JsonFields& fields, InterfaceSpec& spec) {
  fields.take("name", spec.name);
  fields.take("descr", spec.descr);
  fields.take("alias", spec.alias);
  fields.take("type", spec.type);
  fields.take("mtu", spec.mtu);
  fields.take("speed_bps", spec.speed_bps);
  fields.take("if_speed", spec.if_speed);
  fields.take("if_high_speed", spec.if_high_speed);
  fields.take("admin_status", spec.admin_status);
  fields.take("oper_status", spec.oper_status);
  spec.cache_period = take_milliseconds(fields, "cache_period_ms");
  spec.cache_phase = take_milliseconds(fields, "cache_phase_ms");
  take_traffic(fields, spec.traffic);
  if (const Json* start = fields.find("start")) {
    for (const auto& [count, value] : parse_counters(*start, fields.path("start"))) spec.start[count] = value;
  }
}

void take_traffic(JsonFields& fields, Traffic& traffic) {
  fields.take("in_bps", traffic.in_bps);
  fields.take("out_bps", traffic.out_bps);
  fields.take("packet_octets", traffic.packet_octets);
  fields.take("multicast_permille", traffic.multicast_permille);
  fields.take("broadcast_permille", traffic.broadcast_permille);
  fields.take("in_errors_per_1000_s", traffic.in_errors_per_1000_s);
  fields.take("out_errors_per_1000_s", traffic.out_errors_per_1000_s);
  fields.take("in_discards_per_1000_s", traffic.in_discards_per_1000_s);
  fields.take("out_discards_per_1000_s", traffic.out_discards_per_1000_s);
  fields.take("in_unknown_protos_per_1000_s", traffic.in_unknown_protos_per_1000_s);
  if (traffic.packet_octets == 0)
    throw std::invalid_argument(fields.path("packet_octets") + ": more than 0 is expected");
  if (std::uint64_t{traffic.multicast_permille} + traffic.broadcast_permille > 1000) {
    throw std::invalid_argument(fields.where() + ": multicast and broadcast are more than all packets");
  }
}

std::vector<std::pair<Count, std::uint64_t>> parse_counters(const Json& json, const std::string& where) {
  JsonFields fields(json, where);
  std::vector<std::pair<Count, std::uint64_t>> counters;
  for (std::size_t i = 0; i < count_kinds; ++i) {
    std::optional<std::uint64_t> value;
    fields.take(count_names[i], value);
    if (value) counters.emplace_back(static_cast<Count>(i), *value);
  }
  fields.finish();
  return counters;
}

void complete(InterfaceSpec& spec) {
  if (spec.name.empty()) spec.name = fmt::format("eth{}", spec.if_index);
  if (spec.descr.empty()) spec.descr = spec.name;
  if (spec.phys_address.empty()) {
    // Locally administered, and another one for each ifIndex.
    spec.phys_address = {'\x02', '\x00'};
    for (int shift = 24; shift >= 0; shift -= 8) {
      spec.phys_address += static_cast<char>(static_cast<unsigned char>(spec.if_index >> shift & 0xff));
    }
  }
}

Address advanced(Address address, std::size_t by) {
  for (std::size_t i = address.octets.size(); by > 0 && i-- > 0;) {
    by += address.octets[i];
    address.octets[i] = static_cast<std::uint8_t>(by & 0xff);
    by >>= 8;
  }
  return address;
}

}  // namespace
}  // namespace fleet
