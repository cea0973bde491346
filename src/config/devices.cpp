#include "config/devices.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "config/values.hpp"

namespace octopoll::config {
namespace {

constexpr std::string_view sources_form = "write `answers_from: [192.0.2.7]`";
constexpr std::string_view device_form = "write an address, or {name: NAME, address: HOST}";

std::vector<std::string_view> with_settings(std::initializer_list<std::string_view> own) {
  std::vector<std::string_view> keys(own);
  const auto settings = SettingsReader::keys();
  keys.insert(keys.end(), settings.begin(), settings.end());
  return keys;
}

/// A port in the address itself, which shows by what the default does to the result.
bool names_port(const std::string& address) { return parse_target(address, 1)->port == parse_target(address, 2)->port; }

/// What is as with the device before is there once.
template <class T>
void share(SharedValue<T>& value, const SharedValue<T>& other) {
  if (value == other) value = other;
}

}  // namespace

void DeviceReader::read_defaults(const Node& node) {
  if (!expect_map(node, "`defaults`", "write `defaults: {interval: 60s}`", problems_)) return;
  for (const Entry& entry : node.entries) {
    if (!settings_.read(entry, 0, defaults_)) unknown_key(entry, "`defaults`", SettingsReader::keys(), problems_);
  }
}

void DeviceReader::read_groups(const Node& node) {
  if (!expect_map(node, "`groups`", "write `groups: {NAME: {devices: [192.0.2.1]}}`", problems_)) return;
  for (const Entry& group : node.entries) read_group(group);
}

void DeviceReader::read_group(const Entry& group) {
  static const std::vector<std::string_view> keys = with_settings({"devices"});
  if (!expect_map(*group.value, "a group", "write `NAME: {devices: [192.0.2.1]}`", problems_)) return;
  Settings own;
  const Entry* devices = nullptr;
  bool misspelt = false;
  for (const Entry& entry : group.value->entries) {
    if (entry.key == "devices") {
      devices = &entry;
    } else if (!settings_.read(entry, 1, own)) {
      misspelt = unknown_key(entry, "a group", keys, problems_) == "devices" || misspelt;
    }
  }
  if (devices == nullptr && misspelt) return;
  if (devices == nullptr) {
    problems_.add(group.place, fmt::format("group {} has no `devices`", quote(group.key)),
                  "add them, or delete the group");
    return;
  }
  read_list(*devices->value, overlay(defaults_, own));
}

void DeviceReader::read_list(const Node& node, const Settings& inherited) {
  if (!expect_list(node, "`devices`", "write each device on a line of its own behind `- `; [] for none", problems_))
    return;
  for (const Node* item : node.items) read_device(*item, inherited);
}

void DeviceReader::read_device(const Node& node, const Settings& inherited) {
  static const std::vector<std::string_view> keys = with_settings({"name", "address", "answers_from"});
  if (node.kind == Node::Kind::scalar) {
    if (read_text(node, "a device", problems_) && expect_no_variable(node, problems_))
      add_device({}, node, {}, inherited, node.place);
    return;
  }
  if (!expect_map(node, "a device", device_form, problems_)) return;
  Device device;
  Settings own;
  Place name_place = node.place;
  const Entry* address = nullptr;
  const Entry* answers_from = nullptr;
  bool misspelt = false;
  for (const Entry& entry : node.entries) {
    if (entry.key == "name") {
      name_place = entry.value->place;
      if (const auto name = read_text(entry, problems_)) device.name = *name;
    } else if (entry.key == "address") {
      address = &entry;
    } else if (entry.key == "answers_from") {
      answers_from = &entry;
    } else if (!settings_.read(entry, 2, own)) {
      // An IPv6 prefix that ends in a colon reads as a key without a value: then that is the whole trouble.
      const bool lone = entry.value->kind == Node::Kind::null;
      misspelt = unknown_key(entry, "a device", keys, problems_) == "address" || lone || misspelt;
    }
  }
  if (address == nullptr && misspelt) return;
  if (address == nullptr) {
    problems_.add(node.place, "this device has no `address`", std::string(device_form));
  } else if (read_text(*address, problems_) && expect_no_variable(*address->value, problems_)) {
    add_device(std::move(device), *address->value, own, inherited, name_place);
    if (answers_from != nullptr) read_sources(*answers_from->value, devices_.back());
  }
}

void DeviceReader::add_device(Device device, const Node& address, const Settings& own, const Settings& inherited,
                              Place name_place) {
  const Settings settings = overlay(inherited, own);
  const auto port = static_cast<std::uint16_t>(settings.port ? settings.port->value : Target{}.port);
  const auto target = parse_target(address.text, port);
  if (!target) {
    problems_.add(address.place, target.error().message, remedy_of(target.error()));
  } else {
    if (own.port && target->port != port && names_port(address.text)) {
      problems_.add(own.port->place,
                    fmt::format("the address has port {} already, and `port` says {}", target->port, port), "keep one");
    }
    device.address = *target;
    if (device.name.empty()) device.name = target->host;
  }
  if (!device.name.empty()) names_.claim(device.name, "device", name_place);
  device.interfaces = rules_.none();
  apply(settings, auths_, device, problems_);
  patience_.look(settings, device);
  if (!devices_.empty()) {
    share(device.echo, devices_.back().echo);
    share(device.tags, devices_.back().tags);
  }
  devices_.push_back(std::move(device));
}

/// Literals, since a name that is looked up would let whoever answers for it speak for the device.
void DeviceReader::read_sources(const Node& node, Device& device) {
  if (!expect_list(node, "`answers_from`", sources_form, problems_)) return;
  for (const Node* item : node.items) {
    if (!read_text(*item, "an address of `answers_from`", problems_)) continue;
    const auto target = parse_target(item->text, device.address.port);
    const auto endpoint = target ? Endpoint::literal(target->host, target->port) : std::nullopt;
    if (endpoint) {
      device.answers_from.push_back(*endpoint);
    } else {
      problems_.add(item->place, fmt::format("{} is no address that an answer could come from", quote(item->text)),
                    std::string(sources_form));
    }
  }
}

}  // namespace octopoll::config
