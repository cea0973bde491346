#pragma once
// Round trips as the store writes them: JSON, so that any SQLite tool may look into them.

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/latency/histogram.hpp"

namespace octopoll::store {

/// "[812.345,90.100]": microseconds in order of sending, to the nanosecond, without blanks.
[[nodiscard]] std::string write_round_trips(std::span<const std::chrono::nanoseconds> round_trips);
/// False where `json` is not of that form.
[[nodiscard]] bool read_round_trips(std::string_view json, std::vector<std::chrono::nanoseconds>& round_trips);

/// {"155":12,"156":3}: counts by bucket.
[[nodiscard]] std::string write_histogram(const latency::Histogram& histogram);
/// nullopt where `json` is not of that form.
[[nodiscard]] std::optional<latency::Histogram> read_histogram(std::string_view json);

}  // namespace octopoll::store
