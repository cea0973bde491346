#pragma once
// The span of wall time that a report is about.

#include <string>
#include <string_view>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll::report {

/// Half-open: `since` belongs to it, `until` does not, so that windows laid end to end count everything once.
struct TimeWindow {
  WallTime since;
  WallTime until;
};

/// A moment as people write it: a duration back from `now` (`1h`, `30d`), or a date: `2026-01-31`, `2026-01-31T12:00`,
/// `2026-01-31T12:00:30`, each local unless it ends in `Z` (UTC). A date alone is its midnight.
/// Errors: usage, with the forms that are understood; dates that do not exist.
/// Thread: any that does not race with setenv("TZ").
/// Source: ISO 8601, calendar dates in extended form.
[[nodiscard]] Result<WallTime> parse_moment(std::string_view text, WallTime now);

/// "2026-01-31T12:00:00Z", as in JSON; milliseconds only where there are some.
[[nodiscard]] std::string utc_text(WallTime time);
/// "2026-01-31 13:00:00 CET", for people here.
[[nodiscard]] std::string local_text(WallTime time);
/// "2026-01-31 13:00", of an hour; "2026-10-25 02:00 CET" where the clocks here show that twice.
[[nodiscard]] std::string local_hour_text(WallTime begin);

}  // namespace octopoll::report
