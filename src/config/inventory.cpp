#include "octopoll/config/inventory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "config/auths.hpp"
#include "config/devices.hpp"
#include "config/file_text.hpp"
#include "config/loader.hpp"
#include "config/names.hpp"
#include "config/probes.hpp"
#include "config/problems.hpp"
#include "config/values.hpp"
#include "config/yaml_tree.hpp"

namespace octopoll::config {
namespace {

constexpr std::array<std::string_view, 8> top_keys{"defaults", "auths", "groups", "devices",
                                                   "probes",   "store", "ping",   "dns_cache"};
constexpr DurationRange dns_cache_range{std::chrono::seconds(1), std::chrono::hours(24)};

const Entry* find(const Node& map, std::string_view key);
void read_inventory(const Node& root, Inventory& inventory, std::optional<Place>& literal_secret, Problems& problems);
std::optional<std::filesystem::path> read_store(const Entry& entry, const std::filesystem::path& folder,
                                                Problems& problems);

}  // namespace

std::string Problem::text() const { return fmt::format("{}:{}:{}: {}", file, line, column, message); }

tl::expected<Inventory, std::vector<Problem>> load_inventory(const std::filesystem::path& file) {
  const auto read = read_text_file(file);
  if (!read) {
    return tl::make_unexpected(std::vector<Problem>{{file.string(), 1, 1, read.error().message, read.error().remedy}});
  }
  return load_inventory_text(read->text, file, (read->mode & 04) != 0);
}

tl::expected<Inventory, std::vector<Problem>> load_inventory_text(std::string_view text,
                                                                  const std::filesystem::path& file,
                                                                  bool others_may_read) {
  Problems problems;
  Inventory inventory;
  inventory.file = file;
  std::optional<Place> literal_secret;
  const std::string_view content = without_bom(text);
  if (check_encoding(content, problems)) {
    if (const auto tree = parse_yaml(content, problems)) {
      read_inventory(*tree->root, inventory, literal_secret, problems);
    }
  }
  if (!problems.empty()) return tl::make_unexpected(problems.take(file.string(), content));

  if (literal_secret && others_may_read) {
    problems.add(*literal_secret, "this file holds secrets, and every user may read it",
                 fmt::format("`chmod o-r {}`, or write them as '${{VAR}}' or 'file:PATH'", file.string()));
    inventory.warnings = problems.take(file.string(), content);
  }
  return inventory;
}

namespace {

const Entry* find(const Node& map, std::string_view key) {
  for (const Entry& entry : map.entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

void read_inventory(const Node& root, Inventory& inventory, std::optional<Place>& literal_secret, Problems& problems) {
  if (!expect_map(root, "an inventory", "write `devices:`, and the devices below it", problems)) return;
  const std::filesystem::path folder = inventory.file.parent_path();
  // What others refer to comes first, wherever it stands.
  Auths auths;
  if (const Entry* entry = find(root, "auths")) auths = read_auths(*entry->value, folder, problems);
  literal_secret = auths.literal_secret;
  EchoParts ping;
  if (const Entry* entry = find(root, "ping")) ping = read_ping(*entry->value, problems);
  inventory.ping = settings_of(ping);
  if (const Entry* entry = find(root, "dns_cache")) {
    if (const auto time = read_duration(*entry, dns_cache_range, problems)) inventory.dns_cache = *time;
  }
  Names names(problems);
  DeviceReader devices(auths, names, problems);
  devices.set_ping(ping);
  if (const Entry* entry = find(root, "defaults")) devices.read_defaults(*entry->value);

  for (const Entry& entry : root.entries) {
    if (entry.key == "devices") {
      devices.read_devices(*entry.value);
    } else if (entry.key == "groups") {
      devices.read_groups(*entry.value);
    } else if (entry.key == "probes") {
      inventory.probes = read_probes(*entry.value, names, problems);
    } else if (entry.key == "store") {
      inventory.store = read_store(entry, folder, problems);
    } else if (std::find(top_keys.begin(), top_keys.end(), entry.key) == top_keys.end()) {
      unknown_key(entry, "an inventory", top_keys, problems);
    }
  }
  inventory.devices = devices.take_devices();
  for (Device& device : inventory.devices) device.dns_cache = inventory.dns_cache;
  for (Probe& probe : inventory.probes) probe.dns_cache = inventory.dns_cache;
  if (problems.empty() && inventory.devices.empty() && inventory.probes.empty()) {
    problems.add(root.place, "there is nothing to poll: no device and no probe",
                 "write at least `devices: [192.0.2.1]`");
  }
}

std::optional<std::filesystem::path> read_store(const Entry& entry, const std::filesystem::path& folder,
                                                Problems& problems) {
  static constexpr std::array<std::string_view, 1> keys{"path"};
  const Entry* path = &entry;
  if (entry.value->kind == Node::Kind::map) {
    path = nullptr;
    bool misspelt = false;
    for (const Entry& part : entry.value->entries) {
      if (part.key == "path") {
        path = &part;
      } else {
        misspelt = unknown_key(part, "`store`", keys, problems) == "path" || misspelt;
      }
    }
    if (path == nullptr && misspelt) return std::nullopt;
    if (path == nullptr) {
      problems.add(entry.value->place, "`store` has no `path`", "write `store: octopoll.db`");
      return std::nullopt;
    }
  }
  const auto text = read_text(*path, problems);
  if (!text) return std::nullopt;
  if (!expect_no_variable(*path->value, problems)) return std::nullopt;
  if (text->starts_with("~/")) {
    problems.add(path->value->place, fmt::format("{} is taken as it stands: `~` means nothing here", quote(*text)),
                 "write the whole path, or one relative to this file");
    return std::nullopt;
  }
  return folder / *text;
}

}  // namespace
}  // namespace octopoll::config
