#pragma once
// `octopoll check --plan`: what polling an inventory costs.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "octopoll/config/inventory.hpp"
#include "octopoll/poll/cycle_cost.hpp"
#include "octopoll/report/table.hpp"

namespace octopoll::cli {

/// What is known of one device's cycles, and from where.
struct PlannedDevice {
  enum class Source : std::uint8_t { unknown, store, probe, assumed };
  const config::Device* device = nullptr;
  Source source = Source::unknown;
  std::size_t polls = 0;  ///< that a stored cost is the median of
  std::optional<poll::CycleCost> cost;
  std::optional<Error> error;  ///< why a probe has none
};

/// That it is polled at, as far as is known: `interval: auto` may be shorter than what the inventory says.
[[nodiscard]] std::chrono::nanoseconds interval_of(const PlannedDevice& planned) noexcept;

struct PlanOptions {
  std::optional<std::filesystem::path> db;  ///< instead of the inventory's store
  bool probe = false;                       ///< ask the devices that the store does not know
  std::size_t assume = 48;                  ///< interfaces of a device of which nothing else is known; 0: it stays so
};

/// In the order of the inventory. Errors: io (no sockets), usage (no place for a store). A store that is not there
/// knows no device.
[[nodiscard]] Result<std::vector<PlannedDevice>> plan_costs(const config::Inventory& inventory,
                                                            const PlanOptions& options);

[[nodiscard]] report::Table plan_table(const std::vector<PlannedDevice>& plan);
[[nodiscard]] nlohmann::ordered_json plan_json(const std::vector<PlannedDevice>& plan);

}  // namespace octopoll::cli
