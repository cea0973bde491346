#pragma once
// The report `availability`: how long each device could be reached, and by what.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/result.hpp"
#include "octopoll/latency/availability.hpp"
#include "octopoll/report/table.hpp"
#include "octopoll/report/time_window.hpp"
#include "octopoll/store/reader.hpp"

namespace octopoll::report {

struct DeviceAvailability {
  std::string device;
  latency::Availability availability;
};

/// `worst`: the least reachable first; `state`: those that are down now first, then the longest in their state.
enum class AvailabilityOrder : std::uint8_t { worst, state, name };
/// Errors: usage, with the words there are.
[[nodiscard]] Result<AvailabilityOrder> availability_order_from(std::string_view word);
/// "worst, state, name" for help and errors.
[[nodiscard]] std::string availability_orders();

struct AvailabilityQuery {
  TimeWindow window;
  std::string device_pattern;  ///< RE2, found anywhere in the name; empty: all
  AvailabilityOrder order = AvailabilityOrder::worst;
  std::optional<std::size_t> top;
};

struct AvailabilityReport {
  TimeWindow window;
  std::size_t found = 0;  ///< devices before `top`
  std::vector<DeviceAvailability> devices;
};

/// What make_availability() would refuse of a query before it looks into a store. Errors: usage.
[[nodiscard]] Result<> check(const AvailabilityQuery& query);

/// Reads a store once, a device at a time. A device counts from its first cycle on, if that is in the window.
/// Errors: usage (the pattern; a window that makes no sense), store.
/// Thread: that of `reader`.
[[nodiscard]] Result<AvailabilityReport> make_availability(store::Reader& reader, const AvailabilityQuery& query);

/// For a terminal, with notes on the method. `width` as in TextStyle.
[[nodiscard]] Table availability_for_people(const AvailabilityReport& report, std::size_t width);
/// For CSV and JSON: every number, times in seconds.
[[nodiscard]] Table availability_for_machines(const AvailabilityReport& report);
/// {"report": "availability", "since": ..., "devices": [...]}; fields are only ever added.
[[nodiscard]] nlohmann::ordered_json availability_json(const AvailabilityReport& report,
                                                       const std::filesystem::path& store);

}  // namespace octopoll::report
