#pragma once
// The report `latency`: loss and round trips of each target.

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
#include "octopoll/latency/histogram.hpp"
#include "octopoll/latency/round_trips.hpp"
#include "octopoll/latency/voice.hpp"
#include "octopoll/report/table.hpp"
#include "octopoll/report/time_window.hpp"
#include "octopoll/store/reader.hpp"

namespace octopoll::report {

/// Echo requests and what came back. Loss is a share, 0.01 is 1 %; nullopt where nothing was sent.
struct EchoCounts {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;  ///< in time
  [[nodiscard]] std::optional<double> loss() const noexcept;
};

/// One hour of a target, from :00 to :00 UTC.
struct LatencyHour {
  WallTime begin;
  EchoCounts echoes;
  std::optional<latency::RoundTripSummary> round_trips;
};

/// One hour's distribution, for a smoke picture.
struct SmokeHour {
  WallTime begin;
  EchoCounts echoes;
  latency::Histogram distribution;
};

/// One target in the window: of the rounds that began in it.
///
/// All round trips of the window are kept in the store, and each number is reckoned of all of them together: a
/// percentile is the exact one by nearest rank, not a mean of the rounds' percentiles.
struct TargetLatency {
  std::string target;
  bool is_device = false;
  std::optional<std::string> address;  ///< as last probed
  std::uint64_t rounds = 0;            ///< that sent something
  EchoCounts echoes;
  std::uint64_t duplicates = 0, late = 0, errors = 0;
  std::optional<latency::RoundTripSummary> round_trips;
  /// Within rounds: the last probe of one and the first of the next make no pair.
  latency::Jitter jitter;
  /// Where round trips came back and there is a jitter.
  std::optional<latency::VoiceScore> voice;
  /// The most loss first, then the highest 95th percentile.
  std::vector<LatencyHour> worst_hours;
  /// Where it was asked for: all hours of the window, in order. An hour whose rounds are no longer in the store is
  /// shown as it was summed up; it is in none of the numbers above.
  std::vector<SmokeHour> smoke;
};

/// A target of which nothing could be sent in some of its rounds: no socket is allowed, its name has no address.
struct UnmeasuredTarget {
  std::string target;
  bool is_device = false;
  std::uint64_t not_measured = 0;  ///< rounds
  std::uint64_t measured = 0;      ///< rounds; 0: it is none of LatencyReport::targets
  std::string reason;              ///< of the latest
};

enum class LatencyOrder : std::uint8_t { loss, p95, median, jitter, voice, name };
/// Errors: usage, with the words there are.
[[nodiscard]] Result<LatencyOrder> latency_order_from(std::string_view word);
/// "loss, p95, ..." for help and errors.
[[nodiscard]] std::string latency_orders();

struct LatencyQuery {
  TimeWindow window;
  std::string target_pattern;  ///< RE2, found anywhere in the name; empty: all
  LatencyOrder order = LatencyOrder::loss;
  std::optional<std::size_t> top;
  std::size_t worst_hours = 3;  ///< of each target, at most
  bool smoke = false;
};

struct LatencyReport {
  TimeWindow window;
  std::size_t found = 0;  ///< targets before `top`
  std::vector<TargetLatency> targets;
  std::vector<UnmeasuredTarget> unmeasured;  ///< by name; all of them, whatever `top`
};

/// What make_latency() would refuse of a query before it looks into a store. Errors: usage.
[[nodiscard]] Result<> check(const LatencyQuery& query);

/// Reads a store once, a target at a time; takes 8 octets for each round trip of one target in the window.
/// Errors: usage (the pattern; a window that makes no sense), store.
/// Thread: that of `reader`.
[[nodiscard]] Result<LatencyReport> make_latency(store::Reader& reader, const LatencyQuery& query);

/// For a terminal, with notes on the method. `width` as in TextStyle: where the lines would be longer, the least
/// telling columns are left out, and a note says so. `voice`: with the voice score.
[[nodiscard]] Table latency_for_people(const LatencyReport& report, std::size_t width, bool voice);
/// For CSV: every number, with the worst hour of each target; without those that were never measured.
[[nodiscard]] Table latency_for_machines(const LatencyReport& report);
/// For a terminal: of each target a line an hour, its round trips on a logarithmic scale, the denser the more of them.
/// `width` as in TextStyle. Empty where no smoke was asked for.
[[nodiscard]] std::string latency_smoke(const LatencyReport& report, std::size_t width);
/// {"report": "latency", "since": ..., "targets": [...], "unmeasured": [...]}, with all worst hours; fields are only
/// ever added.
[[nodiscard]] nlohmann::ordered_json latency_json(const LatencyReport& report, const std::filesystem::path& store);

}  // namespace octopoll::report
