#pragma once
// What may be set for devices: in `defaults`, in a group, at a device; the nearest wins.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/auths.hpp"
#include "config/echo.hpp"
#include "config/problems.hpp"
#include "config/rules_reader.hpp"
#include "config/values.hpp"
#include "config/yaml_tree.hpp"
#include "octopoll/config/inventory.hpp"

namespace octopoll::config {

/// A setting, where it was written, and how near to the device.
template <class T>
struct Setting {
  T value{};
  Place place;
  int level = 0;  ///< 0 `defaults`, 1 group, 2 device
};

struct Settings {
  std::optional<Setting<std::string>> auth;
  std::optional<Setting<std::chrono::nanoseconds>> interval;
  bool interval_auto = false;  ///< of that interval
  std::optional<Setting<std::chrono::nanoseconds>> timeout;
  std::optional<Setting<unsigned>> retries;
  std::optional<Setting<unsigned>> port;
  std::optional<Setting<unsigned>> max_outstanding;
  std::optional<Setting<unsigned>> max_requests_per_second;
  std::optional<Setting<unsigned>> max_repetitions;
  std::optional<Setting<unsigned>> max_message_size;
  std::optional<Setting<unsigned>> max_variables;
  std::optional<Setting<bool>> short_request_ids;
  std::optional<Setting<CounterSet>> counters;
  std::optional<Setting<bool>> ping;
  std::optional<Setting<double>> max_errors;
  std::optional<Setting<double>> max_discards;
  EchoParts echo;                                    ///< how, if so
  std::shared_ptr<const InterfaceRules> interfaces;  ///< null where not set
  std::map<std::string, std::string> tags;
  bool times_unreadable = false;  ///< `interval` or `timeout` has a problem already, so they are not compared
};

/// `near` where it says something, else `far`; tags of both, `near` winning; interfaces whole from one of them.
[[nodiscard]] Settings overlay(const Settings& far, const Settings& near);

/// Puts the settings over the device's defaults, and checks those that depend on each other.
void apply(const Settings& settings, const Auths& auths, Device& device, Problems& problems);

/// Reads the keys of one level.
class SettingsReader {
 public:
  SettingsReader(const Auths& auths, RulesReader& rules, Problems& problems)
      : auths_(auths), rules_(rules), problems_(problems) {}

  /// False where `entry` is no setting.
  [[nodiscard]] bool read(const Entry& entry, int level, Settings& settings) const;
  [[nodiscard]] static std::span<const std::string_view> keys() noexcept;

 private:
  void read_auth(const Entry& entry, int level, Settings& settings) const;
  void read_time(std::optional<Setting<std::chrono::nanoseconds>>& into, const Entry& entry, DurationRange range,
                 int level, Settings& settings) const;
  void read_interval(const Entry& entry, int level, Settings& settings) const;
  void read_health(const Entry& entry, int level, Settings& settings) const;
  void read_ping(const Entry& entry, int level, Settings& settings) const;
  void read_counters(const Entry& entry, int level, Settings& settings) const;
  void read_tags(const Entry& entry, Settings& settings) const;

  const Auths& auths_;
  RulesReader& rules_;
  Problems& problems_;
};

}  // namespace octopoll::config
