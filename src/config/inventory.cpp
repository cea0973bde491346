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
/// Places that only the whole file gives a meaning to.
struct Found {
  std::optional<Place> literal_secret;
  Place store;
};
void read_inventory(const Node& root, Inventory& inventory, Found& found, Problems& problems, Problems& warnings);
void read_store(const Entry& entry, const std::filesystem::path& folder, Inventory& inventory, Found& found,
                Problems& problems);
std::optional<std::filesystem::path> read_store_path(const Entry& entry, const std::filesystem::path& folder,
                                                     Problems& problems);
void read_retention(const Entry& entry, Retention& retention, Problems& problems);

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
  Problems warnings;
  Inventory inventory;
  inventory.file = file;
  Found found;
  const std::string_view content = without_bom(text);
  if (check_encoding(content, problems)) {
    if (const auto tree = parse_yaml(content, problems)) {
      read_inventory(*tree->root, inventory, found, problems, warnings);
    }
  }
  if (!problems.empty()) return tl::make_unexpected(problems.take(file.string(), content));

  problems.add(found.store, {});
  inventory.store_place = problems.take(file.string(), content).front();
  if (found.literal_secret && others_may_read) {
    warnings.add(*found.literal_secret, "this file holds secrets, and every user may read it",
                 fmt::format("`chmod o-r {}`, or write them as '${{VAR}}' or 'file:PATH'", file.string()));
  }
  inventory.warnings = warnings.take(file.string(), content);
  return inventory;
}

namespace {

const Entry* find(const Node& map, std::string_view key) {
  for (const Entry& entry : map.entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

void read_inventory(const Node& root, Inventory& inventory, Found& found, Problems& problems, Problems& warnings) {
  if (!expect_map(root, "an inventory", "write `devices:`, and the devices below it", problems)) return;
  const std::filesystem::path folder = inventory.file.parent_path();
  // What others refer to comes first, wherever it stands.
  Auths auths;
  if (const Entry* entry = find(root, "auths")) auths = read_auths(*entry->value, folder, problems);
  found.literal_secret = auths.literal_secret;
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
      read_store(entry, folder, inventory, found, problems);
    } else if (std::find(top_keys.begin(), top_keys.end(), entry.key) == top_keys.end()) {
      unknown_key(entry, "an inventory", top_keys, problems);
    }
  }
  devices.warn(warnings);
  inventory.devices = devices.take_devices();
  for (Device& device : inventory.devices) device.dns_cache = inventory.dns_cache;
  for (Probe& probe : inventory.probes) probe.dns_cache = inventory.dns_cache;
  if (problems.empty() && inventory.devices.empty() && inventory.probes.empty()) {
    problems.add(root.place, "there is nothing to poll: no device and no probe",
                 "write at least `devices: [192.0.2.1]`");
  }
}

void read_store(const Entry& entry, const std::filesystem::path& folder, Inventory& inventory, Found& found,
                Problems& problems) {
  static constexpr std::array<std::string_view, 2> keys{"path", "retention"};
  found.store = entry.value->place;
  if (entry.value->kind != Node::Kind::map) {
    inventory.store = read_store_path(entry, folder, problems);
    return;
  }
  bool says_something = false;
  for (const Entry& part : entry.value->entries) {
    if (part.key == "path") {
      found.store = part.value->place;
      inventory.store = read_store_path(part, folder, problems);
    } else if (part.key == "retention") {
      read_retention(part, inventory.retention, problems);
    } else if (!unknown_key(part, "`store`", keys, problems)) {
      continue;
    }
    says_something = true;
  }
  if (!says_something) problems.add(entry.value->place, "`store` has no `path`", "write `store: octopoll.db`");
}

void read_retention(const Entry& entry, Retention& retention, Problems& problems) {
  std::array<std::string_view, retention_levels.size()> keys;
  std::transform(retention_levels.begin(), retention_levels.end(), keys.begin(),
                 [](const RetentionLevel& level) { return level.name; });
  constexpr DurationRange range{least_kept, std::chrono::hours(100 * 365 * 24)};
  if (!expect_map(*entry.value, "`retention`", "write `retention: {samples: 7d, five_minutes: 90d}`", problems)) return;
  for (const Entry& part : entry.value->entries) {
    const auto* level = std::find_if(retention_levels.begin(), retention_levels.end(),
                                     [&](const RetentionLevel& one) { return one.name == part.key; });
    if (level == retention_levels.end()) {
      unknown_key(part, "`retention`", keys, problems);
    } else if (part.value->kind == Node::Kind::scalar && part.value->text == kept_for_ever) {
      retention.*level->keep = std::nullopt;
    } else if (const auto time = read_duration(part, range, problems)) {
      retention.*level->keep = std::chrono::floor<std::chrono::seconds>(*time);
    }
  }
}

std::optional<std::filesystem::path> read_store_path(const Entry& path, const std::filesystem::path& folder,
                                                     Problems& problems) {
  const auto text = read_text(path, problems);
  if (!text) return std::nullopt;
  if (!expect_no_variable(*path.value, problems)) return std::nullopt;
  if (text->starts_with("~/")) {
    problems.add(path.value->place, fmt::format("{} is taken as it stands: `~` means nothing here", quote(*text)),
                 "write the whole path, or one relative to this file");
    return std::nullopt;
  }
  return folder / *text;
}

}  // namespace
}  // namespace octopoll::config
