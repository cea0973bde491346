#pragma once
// Durations as people write them.

#include <chrono>
#include <string>
#include <string_view>

#include "octopoll/core/result.hpp"

namespace octopoll {

/// `500ms`, `10s`, `5m`, `24h`, `30d`, also `1h30m` and `1.5s`. A bare number is refused: it has no unit.
/// Errors: ErrorKind::usage, with the forms that are understood.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// The shortest exact form that parse_duration reads back, for example "1m30s".
[[nodiscard]] std::string format_duration(std::chrono::nanoseconds duration);

/// Of a time that was measured, as exact as people read it: to the millisecond below 1 s, to tenths
/// below a minute, else to the second.
[[nodiscard]] std::string format_measured(std::chrono::nanoseconds duration);

}  // namespace octopoll
