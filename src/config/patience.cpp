#include "config/patience.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "config/values.hpp"
#include "octopoll/core/duration.hpp"
#include "octopoll/core/patience.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::config {
namespace {

/// Of the settings that make it, the one nearest to the device; nothing where all are defaults.
std::optional<Place> place_of(const Settings& settings) {
  std::optional<Place> nearest;
  int level = -1;
  const auto look = [&](const auto& setting) {
    if (!setting || setting->level <= level) return;
    nearest = setting->place;
    level = setting->level;
  };
  look(settings.timeout);
  look(settings.retries);
  look(settings.interval);
  return nearest;
}

std::string remedy_for(const Device& device, std::chrono::nanoseconds budget) {
  using std::chrono::milliseconds;
  const auto units = whole_patience(milliseconds(1), device.retries) / milliseconds(1);
  const auto fitting = std::chrono::floor<milliseconds>(budget / units);
  const milliseconds round = fitting >= milliseconds(100) ? fitting / 10 * 10 : fitting;
  return fmt::format("set {}{}or a longer `interval`",
                     round < timeout_range.least ? "" : fmt::format("`timeout: {}`, ", format_duration(round)),
                     device.retries == 0 ? "" : "fewer `retries` ");
}

}  // namespace

void PatienceCheck::look(const Settings& settings, const Device& device) {
  const auto whole = whole_patience(device.timeout, device.retries);
  const auto budget = cycle_budget(device.interval);
  const auto place = place_of(settings);
  if (whole <= budget || !place) return;
  Found& found = found_[*place];
  if (++found.devices > 1) return;
  found.first = device.name;
  found.what = fmt::format(
      "a request that nobody answers is waited for {} (timeout {}, {}{}), and a poll at the interval {} ends after {}",
      format_duration(whole), format_duration(device.timeout), format_counted(device.retries, "retry", "retries"),
      device.retries == 0   ? ""
      : device.retries == 1 ? ", the second wait twice as long"
                            : ", each wait twice the one before, up to 4 times the first",
      format_duration(device.interval), format_duration(budget));
  found.remedy = remedy_for(device, budget);
}

void PatienceCheck::tell(Problems& warnings) const {
  for (const auto& [place, found] : found_) {
    const std::string more = found.devices == 1 ? "" : fmt::format(" and {} more", found.devices - 1);
    warnings.add(place, fmt::format("{}{}: {}", quote(found.first), more, found.what), found.remedy);
  }
}

}  // namespace octopoll::config
