#pragma once
// The report `errors`: which interfaces lose packets, and which links flap.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/health.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/report/table.hpp"
#include "octopoll/report/time_window.hpp"
#include "octopoll/store/reader.hpp"

namespace octopoll::report {

/// One kind of lost packets in one direction.
///
/// Unit:   packets; `ratio` is the share of all packets that came or were to go, taken over the same deltas: inbound
/// the
///         packet counters leave out those with errors, the discarded and those of unknown protocols, which are added;
///         outbound they count them (RFC 2863, ifInUcastPkts and ifOutUcastPkts). Absent where no true delta lies in
///         the window, the ratio also where there were no packets. `valid_share`: time with a true delta by the time
///         that the device was polled; absent where only other counters of the interface had any.
struct LossCount {
  std::optional<std::uint64_t> packets;
  std::optional<double> ratio;
  std::optional<double> per_second;
  std::optional<double> valid_share;
};

struct DirectionErrors {
  std::optional<std::uint64_t> packets;  ///< unicast, multicast and broadcast
  LossCount errors;
  LossCount discards;
};

/// Whether its ratios are within the limits; `unknown` where none is known. Several may be true: `errors` comes first.
enum class Health : std::uint8_t { ok, unknown, discards, errors };
[[nodiscard]] std::string_view to_string(Health health) noexcept;

struct InterfaceErrors {
  std::string device;
  std::string interface;
  std::optional<std::string> alias;
  DirectionErrors in;
  DirectionErrors out;
  LossCount unknown_protocols;  ///< inbound: nothing here took them (RFC 2863, ifInUnknownProtos); no part of `health`
  std::optional<std::uint64_t> flaps;  ///< that only ifLastChange shows; nullopt: sums do not say
  HealthLimits limits;
  Health health = Health::unknown;
};

struct ErrorsQuery {
  TimeWindow window;
  std::string device_pattern;     ///< RE2, found anywhere in the name; empty: all
  std::string interface_pattern;  ///< RE2, found anywhere in name or alias; empty: all
  std::optional<std::size_t> top;
  HealthLimits limits;
  std::map<std::string, HealthLimits> device_limits;  ///< instead, by device
};

struct ErrorsReport {
  TimeWindow window;
  /// From sums of 5 minutes, for samples of the window are gone. They have neither flaps nor unknown protocols, and of
  /// the time that counts of errors and discards cover that which counts of octets do.
  bool by_sums = false;
  std::size_t found = 0;                    ///< interfaces before `top`
  std::vector<InterfaceErrors> interfaces;  ///< the sickest first
};

/// Errors: usage (patterns, naming the option; the window), store. Thread: that of `reader`.
[[nodiscard]] Result<> check(const ErrorsQuery& query);
[[nodiscard]] Result<ErrorsReport> make_errors(store::Reader& reader, const ErrorsQuery& query);

[[nodiscard]] Table errors_for_people(const ErrorsReport& report, std::size_t width = 0);
[[nodiscard]] Table errors_for_machines(const ErrorsReport& report);
/// {"report": "errors", "since": ..., "interfaces": [...]}; fields are only ever added.
[[nodiscard]] nlohmann::ordered_json errors_json(const ErrorsReport& report, const std::filesystem::path& store);

}  // namespace octopoll::report
