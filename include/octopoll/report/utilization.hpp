#pragma once
// The report `utilization`: how full each link was.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/result.hpp"
#include "octopoll/report/table.hpp"
#include "octopoll/report/time_window.hpp"
#include "octopoll/store/reader.hpp"

namespace octopoll::report {

/// One direction of an interface in the window.
///
/// Unit:   bit/s; utilisation as a share of the link's speed at the time (0.25 is 25 %), not clamped. Absent where no
///         delta of quality ok or wrapped lies in the window, utilisation also where the speed was never known.
///         - avg: all octets by all the time that they took; gaps are left out, not taken for zero.
///         - max: the highest rate of a single sample.
///         - p95: of the averages over bins of `step`, aligned to the clock, by nearest rank: the floor(n / 20) highest
///           of the n bins that are known are dropped, the next is it.
/// A delta that straddles the window's edge counts by the share of its time that lies inside.
struct DirectionUsage {
  std::optional<double> bps_avg, bps_max, bps_p95;
  std::optional<double> utilization_avg, utilization_max, utilization_p95;
  std::optional<std::uint64_t> octets;
  /// Time with a valid delta by the time that the device was polled in the window, gaps of octopoll itself included;
  /// nullopt where it was not polled.
  std::optional<double> valid_share;
  std::size_t bins = 0;  ///< that p95 was taken of

  [[nodiscard]] bool known() const noexcept { return bps_avg.has_value(); }
};

struct InterfaceUsage {
  std::string device;
  std::string interface;
  std::optional<std::string> alias;
  std::optional<std::uint64_t> in_speed_bps;  ///< as last known
  std::optional<std::uint64_t> out_speed_bps;
  DirectionUsage in;
  DirectionUsage out;

  [[nodiscard]] bool known() const noexcept { return in.known() || out.known(); }
  /// The headline of a full-duplex link: the busier direction, each percentile taken by itself first.
  [[nodiscard]] std::optional<double> utilization_avg() const noexcept;
  [[nodiscard]] std::optional<double> utilization_max() const noexcept;
  [[nodiscard]] std::optional<double> utilization_p95() const noexcept;
  [[nodiscard]] std::optional<double> bps_p95() const noexcept;
  /// The worse direction's.
  [[nodiscard]] std::optional<double> valid_share() const noexcept;
};

enum class UtilizationOrder : std::uint8_t { utilization, p95, average, maximum, octets, valid, name };
/// Errors: usage, with the words there are.
[[nodiscard]] Result<UtilizationOrder> utilization_order_from(std::string_view word);
/// "utilization, p95, ..." for help and errors.
[[nodiscard]] std::string utilization_orders();

struct UtilizationQuery {
  TimeWindow window;
  std::chrono::seconds step{300};
  std::string device_pattern;     ///< RE2, found anywhere in the name; empty: all
  std::string interface_pattern;  ///< RE2, found anywhere in name or alias; empty: all
  UtilizationOrder order = UtilizationOrder::utilization;
  std::optional<std::size_t> top;
};

/// The report as values; printers are below.
struct UtilizationReport {
  TimeWindow window;
  std::chrono::seconds step{};
  std::size_t bins = 0;   ///< of `step` that the window touches
  std::size_t found = 0;  ///< interfaces before `top`
  std::size_t read = 0;   ///< of them those whose every 5 minutes were read: with `top`, where that suffices, few
  std::vector<InterfaceUsage> interfaces;
};

/// What make_utilization() would refuse of a query before it looks into a store. Errors: usage.
[[nodiscard]] Result<> check(const UtilizationQuery& query);

/// Reads a store once, a device at a time, a bounded number of its interfaces at a time. The first `top` of an order by
/// a percentile over 5 minutes are found by what the store's histograms say that others cannot have; the report is the
/// same, digit by digit.
/// Errors: usage (patterns, naming the option; a window or step that makes no sense), store.
/// Thread: that of `reader`.
[[nodiscard]] Result<UtilizationReport> make_utilization(store::Reader& reader, const UtilizationQuery& query);

/// For a terminal, with notes on the method and on what is missing. `width` as in TextStyle: where the lines would be
/// longer, the least telling columns are left out, and a note says so.
[[nodiscard]] Table utilization_for_people(const UtilizationReport& report, std::size_t width = 0);
/// For CSV and JSON: every number.
[[nodiscard]] Table utilization_for_machines(const UtilizationReport& report);
/// {"report": "utilization", "since": ..., "interfaces": [...]}; fields are only ever added.
[[nodiscard]] nlohmann::ordered_json utilization_json(const UtilizationReport& report,
                                                      const std::filesystem::path& store);

}  // namespace octopoll::report
