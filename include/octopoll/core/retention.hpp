#pragma once
// How long a store keeps what it has.

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

namespace octopoll {

/// nullopt: for ever. No level is kept shorter than `least_kept`: sums are made of what is below them, and a restart
/// goes on from the newest samples.
struct Retention {
  std::optional<std::chrono::seconds> samples = std::chrono::hours(7 * 24);  ///< of interfaces, one a poll
  /// Sums of 5 minutes; with them polls and rounds of pings, which say what could be reached.
  std::optional<std::chrono::seconds> five_minutes = std::chrono::hours(90 * 24);
  std::optional<std::chrono::seconds> hours = std::chrono::hours(730 * 24);  ///< sums of interfaces and of pings
  std::optional<std::chrono::seconds> days;

  friend bool operator==(const Retention&, const Retention&) = default;
};
inline constexpr std::chrono::seconds least_kept = std::chrono::hours(48);

/// What people write: the levels by name, and for a level the word that stands for no end.
struct RetentionLevel {
  std::string_view name;
  std::optional<std::chrono::seconds> Retention::*keep;
};
inline constexpr std::array<RetentionLevel, 4> retention_levels{{{"samples", &Retention::samples},
                                                                 {"five_minutes", &Retention::five_minutes},
                                                                 {"hours", &Retention::hours},
                                                                 {"days", &Retention::days}}};
inline constexpr std::string_view kept_for_ever = "forever";

}  // namespace octopoll
