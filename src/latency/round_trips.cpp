#include "octopoll/latency/round_trips.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace octopoll::latency {
namespace {

using std::chrono::nanoseconds;

double number(nanoseconds time) noexcept { return static_cast<double>(time.count()); }
nanoseconds rounded(double time) noexcept { return nanoseconds(std::llround(time)); }

}  // namespace

void Jitter::add(nanoseconds round_trip) noexcept {
  if (before_) {
    const double difference = std::abs(number(round_trip - *before_));
    sum_ += difference;
    smoothed_ += (difference - smoothed_) / 16.0;
    ++pairs_;
  }
  before_ = round_trip;
}

std::optional<nanoseconds> Jitter::delay_variation() const noexcept {
  if (pairs_ == 0) return std::nullopt;
  return rounded(sum_ / static_cast<double>(pairs_));
}

std::optional<nanoseconds> Jitter::smoothed() const noexcept {
  if (pairs_ == 0) return std::nullopt;
  return rounded(smoothed_);
}

nanoseconds percentile(std::span<const nanoseconds> sorted, unsigned percent) {
  const std::size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::optional<RoundTripSummary> summarize(std::span<const nanoseconds> round_trips) {
  if (round_trips.empty()) return std::nullopt;
  std::vector<nanoseconds> sorted(round_trips.begin(), round_trips.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t n = sorted.size();
  double sum = 0.0;
  for (const nanoseconds one : sorted) sum += number(one);
  const double mean = sum / static_cast<double>(n);
  double squares = 0.0;
  for (const nanoseconds one : sorted) squares += (number(one) - mean) * (number(one) - mean);
  RoundTripSummary summary;
  summary.min = sorted.front();
  summary.p5 = percentile(sorted, 5);
  summary.median = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  summary.mean = rounded(mean);
  summary.p95 = percentile(sorted, 95);
  summary.p99 = percentile(sorted, 99);
  summary.max = sorted.back();
  summary.deviation = rounded(std::sqrt(squares / static_cast<double>(n)));
  return summary;
}

std::string milliseconds_text(nanoseconds time) {
  const double ms = std::chrono::duration<double, std::milli>(time).count();
  if (ms < 1.0) return fmt::format("{:.3f}", ms);
  if (ms < 10.0) return fmt::format("{:.2f}", ms);
  if (ms < 100.0) return fmt::format("{:.1f}", ms);
  return fmt::format("{:.0f}", ms);
}

Jitter jitter_of(std::span<const nanoseconds> round_trips) noexcept {
  Jitter jitter;
  for (const nanoseconds one : round_trips) jitter.add(one);
  return jitter;
}

}  // namespace octopoll::latency
