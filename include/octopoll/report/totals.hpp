#pragma once
// The report `totals`: what each device carried, its interfaces summed, nothing counted twice.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "octopoll/core/result.hpp"
#include "octopoll/report/table.hpp"
#include "octopoll/report/time_window.hpp"
#include "octopoll/store/reader.hpp"

namespace octopoll::report {

/// Which interfaces are summed.
enum class Layers : std::uint8_t {
  lowest,  ///< those that no other counted one carries: ports, not the LAGs and VLANs on them
  all,     ///< whatever the patterns leave
};
/// Errors: usage, with the words there are.
[[nodiscard]] Result<Layers> layers_from(std::string_view word);

/// Which of these are summed, true or false for each. With Layers::lowest one is left out where the stack (pairs of
/// ids, higher and lower) has an interface of these below it, directly or not; one that no pair names, where its type
/// is that of something logical (LAG, VLAN, tunnel, bridge) and the device has others; and loopback. Source: RFC 2863
/// section 3.1.1, ifStackTable. Pure.
[[nodiscard]] std::vector<bool> summed(std::span<const store::StoredInterface> interfaces,
                                       std::span<const std::pair<std::int64_t, std::int64_t>> stack, Layers layers);

/// One direction of a device.
///
/// Unit:   bit/s. The total of a bin is the sum of its interfaces' averages in it, and known where all of them are that
///         were there by then; avg, max and p95 are those of the known bins, so none is too low for want of a part.
///         `octets`: all true deltas. `valid_share`: of the interfaces' time.
struct TotalUsage {
  std::optional<double> bps_avg, bps_max, bps_p95;
  std::optional<std::uint64_t> octets;
  double valid_share = 0.0;
  std::size_t bins = 0;  ///< that are known
};

struct DeviceTotal {
  std::string device;
  std::size_t interfaces = 0;  ///< summed
  std::size_t left_out = 0;    ///< of those that the patterns leave, since others carry them
  TotalUsage in;
  TotalUsage out;
};

struct TotalsQuery {
  TimeWindow window;
  std::chrono::seconds step{300};
  std::string device_pattern;     ///< RE2, found anywhere in the name; empty: all
  std::string interface_pattern;  ///< RE2, found anywhere in name or alias; empty: all
  std::string exclude_pattern;    ///< of interfaces, the same way; empty: none
  Layers layers = Layers::lowest;
  std::optional<std::size_t> top;
};

struct TotalsReport {
  TimeWindow window;
  std::chrono::seconds step{};
  std::size_t found = 0;             ///< devices before `top`
  std::vector<DeviceTotal> devices;  ///< the busiest first
};

/// Errors: usage (patterns, naming the option; the window, the step), store. Thread: that of `reader`.
[[nodiscard]] Result<> check(const TotalsQuery& query);
[[nodiscard]] Result<TotalsReport> make_totals(store::Reader& reader, const TotalsQuery& query);

[[nodiscard]] Table totals_for_people(const TotalsReport& report, std::size_t width = 0);
[[nodiscard]] Table totals_for_machines(const TotalsReport& report);
/// {"report": "totals", "since": ..., "devices": [...]}; fields are only ever added.
[[nodiscard]] nlohmann::ordered_json totals_json(const TotalsReport& report, const std::filesystem::path& store);

}  // namespace octopoll::report
