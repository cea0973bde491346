#include "fleet/control.hpp"

#include <stdexcept>

namespace fleet {
namespace {

std::vector<Device*> devices_meant(const Registry& registry, const std::string& name);
Json execute_on(Device& device, JsonFields& command, Instant now);
SyntheticModel& synthetic(Device& device);
Json counters_json(const Counters& counters);

}  // namespace

Json execute(Registry& registry, const FleetStats& stats, const Json& command, Instant now) {
  try {
    JsonFields fields(command, "command");
    std::optional<std::string> name;
    fields.take("device", name);
    if (!name) {
      const bool list = fields.find("devices") != nullptr;
      const bool counts = fields.find("stats") != nullptr;
      fields.finish();
      if (list == counts) throw std::invalid_argument("command: a device, \"devices\" or \"stats\" is expected");
      if (counts) return {{"ok", true}, {"stats", to_json(stats)}};
      Json names = Json::array();
      for (const auto& device : registry.devices()) names.push_back(device->name());
      return {{"ok", true}, {"devices", std::move(names)}};
    }
    Json reply;
    for (Device* device : devices_meant(registry, *name)) {
      JsonFields of_device(command, "command");
      static_cast<void>(of_device.find("device"));
      reply = execute_on(*device, of_device, now);
    }
    return reply;
  } catch (const std::exception& error) {
    return {{"error", error.what()}};
  }
}

Json to_json(const Truth& truth) {
  Json interfaces = Json::array();
  for (const auto& interface : truth.interfaces) {
    interfaces.push_back({{"name", interface.name},
                          {"if_index", interface.if_index},
                          {"oper_status", interface.oper_status},
                          {"counters", counters_json(interface.counters)},
                          {"shown", counters_json(interface.shown)}});
  }
  return {{"at_ns", truth.at.count()},
          {"sys_uptime", truth.sys_uptime},
          {"engine_boots", truth.engine_boots},
          {"interfaces", std::move(interfaces)}};
}

Json to_json(const DeviceStats& stats) {
  return {{"requests", stats.requests},
          {"answers", stats.answers},
          {"gets", stats.gets},
          {"get_nexts", stats.get_nexts},
          {"get_bulks", stats.get_bulks},
          {"sets", stats.sets},
          {"reports", stats.reports},
          {"bindings_asked", stats.bindings_asked},
          {"bindings_answered", stats.bindings_answered},
          {"octets_in", stats.octets_in},
          {"octets_out", stats.octets_out},
          {"largest_answer", stats.largest_answer},
          {"waiting", stats.waiting},
          {"max_waiting", stats.max_waiting}};
}

Json to_json(const FleetStats& stats) {
  return {{"received", stats.received},
          {"sent", stats.sent},
          {"malformed", stats.malformed},
          {"bad_versions", stats.bad_versions},
          {"bad_communities", stats.bad_communities},
          {"unanswered", stats.unanswered},
          {"send_failures", stats.send_failures}};
}

namespace {

std::vector<Device*> devices_meant(const Registry& registry, const std::string& name) {
  std::vector<Device*> meant;
  if (name == "*") {
    for (const auto& device : registry.devices()) meant.push_back(device.get());
  } else if (Device* device = registry.find(name)) {
    meant.push_back(device);
  } else {
    throw std::invalid_argument("no device is called \"" + name + "\"");
  }
  return meant;
}

Json execute_on(Device& device, JsonFields& command, Instant now) {
  const Json ok{{"ok", true}};
  if (const Json* faults = command.find("set")) {
    command.finish();
    device.change_faults(*faults, now);
    return ok;
  }
  for (const auto& [verb, silent] : {std::pair("kill", true), std::pair("revive", false)}) {
    if (command.find(verb) == nullptr) continue;
    command.finish();
    device.change_faults({{"silent", silent}}, now);
    return ok;
  }
  if (command.find("stats") != nullptr) {
    command.finish();
    return {{"ok", true}, {"stats", to_json(device.stats)}};
  }
  if (const Json* truth = command.find("truth")) {
    command.finish();
    std::int64_t at = now.count();
    if (truth->is_object()) {
      JsonFields when(*truth, "truth");
      when.take("at_ns", at);
      when.finish();
    }
    return {{"ok", true}, {"truth", to_json(synthetic(device).truth(Instant(at)))}};
  }
  if (const Json* reboot = command.find("reboot")) {
    command.finish();
    RebootOptions options;
    if (reboot->is_object()) {
      JsonFields fields(*reboot, "reboot");
      fields.take("renumber", options.renumber);
      fields.take("sys_uptime", options.sys_uptime);
      fields.finish();
    }
    synthetic(device).reboot(options, now);
    return ok;
  }
  if (const Json* interface = command.find("add_interface")) {
    command.finish();
    synthetic(device).add_interface(parse_interface(*interface, "add_interface"), now);
    return ok;
  }
  std::optional<std::string> removed;
  command.take("remove_interface", removed);
  if (removed) {
    command.finish();
    synthetic(device).remove_interface(*removed, now);
    return ok;
  }
  std::optional<std::string> changed;
  command.take("interface", changed);
  const Json* change = command.find("change");
  command.finish();
  if (!changed || change == nullptr) {
    throw std::invalid_argument(
        "command: one of set, kill, revive, truth, stats, reboot, add_interface, remove_interface, or interface with "
        "change is expected");
  }
  SyntheticModel& model = synthetic(device);
  model.change_interface(*changed, parse_interface_change(*change, model.interface(*changed), "change"), now);
  return ok;
}

SyntheticModel& synthetic(Device& device) {
  auto* model = dynamic_cast<SyntheticModel*>(&device.model());
  if (model == nullptr) throw std::invalid_argument(device.name() + " is a recording: it stands still");
  return *model;
}

Json counters_json(const Counters& counters) {
  Json json = Json::object();
  for (std::size_t i = 0; i < count_kinds; ++i) json[std::string(count_names[i])] = counters.items[i];
  return json;
}

}  // namespace
}  // namespace fleet
