#pragma once
// What a series of round trips says: place, spread and jitter.

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace octopoll::latency {

/// How much round trips differ from one probe to the next, taken in one at a time in order of sending.
///
/// Two numbers, as two RFCs define them:
/// - delay_variation(): RFC 3393. The selection function (section 2.5) takes each received probe and the next one that
///   was received, lost ones between them left out; of the differences it is the mean of the absolute values.
/// - smoothed(): RFC 3550 section 6.4.1. J += (|D| - J) / 16 over the same pairs, from 0: it needs some tens of probes
///   to arrive, and then follows the latest.
/// Both are defined there for one-way transit, which echo cannot see: here a transit is a round trip.
/// Unit:   nanoseconds. Errors: none; of fewer than two round trips there is no jitter.
/// Thread: any.
class Jitter {
 public:
  void add(std::chrono::nanoseconds round_trip) noexcept;
  /// What comes next makes no pair with what was before: another round.
  void part() noexcept { before_.reset(); }

  [[nodiscard]] std::size_t pairs() const noexcept { return pairs_; }
  [[nodiscard]] std::optional<std::chrono::nanoseconds> delay_variation() const noexcept;
  [[nodiscard]] std::optional<std::chrono::nanoseconds> smoothed() const noexcept;

 private:
  std::optional<std::chrono::nanoseconds> before_;
  std::size_t pairs_ = 0;
  double sum_ = 0.0;
  double smoothed_ = 0.0;
};

/// The value at nearest rank: the smallest of `sorted` (ascending, not empty) that at least `percent` % of them do not
/// exceed, hence one that was measured. `percent` from 1 to 100.
[[nodiscard]] std::chrono::nanoseconds percentile(std::span<const std::chrono::nanoseconds> sorted, unsigned percent);

/// Lost probes have no round trip (RFC 2681 section 2.4: undefined, not large), so none of these knows of loss.
struct RoundTripSummary {
  std::chrono::nanoseconds min{}, p5{}, median{}, mean{}, p95{}, p99{}, max{};  ///< percentiles by nearest rank
  std::chrono::nanoseconds deviation{};                                         ///< population standard deviation
};

/// Of round trips in any order; nullopt of none. The median of an even number is the mean of the two in the middle.
[[nodiscard]] std::optional<RoundTripSummary> summarize(std::span<const std::chrono::nanoseconds> round_trips);

/// Without the unit: "0.123", "1.23", "12.3", "123", as fping writes them.
[[nodiscard]] std::string milliseconds_text(std::chrono::nanoseconds time);

/// The jitter of one round; `round_trips` in order of sending.
[[nodiscard]] Jitter jitter_of(std::span<const std::chrono::nanoseconds> round_trips) noexcept;

}  // namespace octopoll::latency
