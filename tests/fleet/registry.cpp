#include "fleet/registry.hpp"

#include <stdexcept>

namespace fleet {
namespace {

/// Address (or none), port (or none) and community in one string, made without allocating for the usual lengths.
void write_key(std::string& key, const Address* address, std::uint16_t port, std::string_view community) {
  key.assign(1, address != nullptr ? 'a' : '*');
  if (address != nullptr) key.append(reinterpret_cast<const char*>(address->octets.data()), address->octets.size());
  key += static_cast<char>(static_cast<unsigned char>(port >> 8));
  key += static_cast<char>(static_cast<unsigned char>(port & 0xff));
  key += community;
}

}  // namespace

Device& Registry::add(DeviceSpec spec, Instant now) {
  Place place = spec.place;
  if (place.community.empty()) place.community = spec.name;
  std::string key;
  write_key(key, place.address ? &*place.address : nullptr, place.port, place.community);
  if (by_name_.contains(spec.name)) throw std::invalid_argument("two devices are called " + spec.name);
  if (const auto there = by_place_.find(key); there != by_place_.end()) {
    throw std::invalid_argument(
        fmt::format("{} and {} have the same address, port and community", there->second->name(), spec.name));
  }
  std::string engine_key;
  write_key(engine_key, place.address ? &*place.address : nullptr, place.port, {});
  if (const auto there = by_engine_.find(engine_key); !spec.users.empty() && there != by_engine_.end()) {
    throw std::invalid_argument(
        fmt::format("{} and {} speak SNMPv3 at the same address and port", there->second->name(), spec.name));
  }
  std::unique_ptr<Model> model;
  if (spec.recording) {
    model = std::make_unique<RecordedModel>(std::move(spec.recording), spec.name);
  } else {
    model = std::make_unique<SyntheticModel>(spec.name, std::move(spec.synthetic), layouts_, now);
  }
  auto device = std::make_unique<Device>(spec.name, place, std::move(model));
  device->set_max_message_size(spec.max_message_size);
  device->set_users(spec.users);
  device->change_faults(spec.faults, now);

  some_have_ports_ = some_have_ports_ || place.port != 0;
  some_have_addresses_ = some_have_addresses_ || place.address;
  by_name_.emplace(spec.name, device.get());
  by_place_.emplace(std::move(key), device.get());
  if (device->usm() != nullptr) by_engine_.emplace(std::move(engine_key), device.get());
  devices_.push_back(std::move(device));
  return *devices_.back();
}

Device* Registry::find(const Index& index, const Address& address, std::uint16_t port,
                       std::string_view community) const {
  thread_local std::string key;
  const auto look = [&](const Address* at, std::uint16_t on) -> Device* {
    write_key(key, at, on, community);
    const auto found = index.find(std::string_view(key));
    return found == index.end() ? nullptr : found->second;
  };
  Device* device = nullptr;
  if (some_have_addresses_ && some_have_ports_) device = look(&address, port);
  if (device == nullptr && some_have_addresses_) device = look(&address, 0);
  if (!everywhere && !address.is_loopback()) return device;
  if (device == nullptr && some_have_ports_) device = look(nullptr, port);
  if (device == nullptr) device = look(nullptr, 0);
  return device;
}

Device* Registry::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

}  // namespace fleet
