#pragma once
// Averages over bins of wall-clock time, and the 95th percentile of them: how traffic is billed.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll::report {

using Microseconds = std::chrono::microseconds;
using PreciseTime = std::chrono::sys_time<Microseconds>;

/// A half-open span of time.
struct Span {
  PreciseTime begin;
  PreciseTime end;
  [[nodiscard]] bool empty() const noexcept { return end <= begin; }
  [[nodiscard]] double seconds() const noexcept { return std::chrono::duration<double>(end - begin).count(); }
};
[[nodiscard]] Span intersection(const Span& a, const Span& b) noexcept;

/// The bins of `step` that a window touches, laid from the Unix epoch: with 5 minutes they begin at :00, :05, ... .
class BinGrid {
 public:
  BinGrid(const Span& window, std::chrono::seconds step);
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::int64_t index_of(PreciseTime time) const noexcept;  ///< of the bin that holds `time`, from 0
  [[nodiscard]] Span bin(std::int64_t index) const noexcept;
  [[nodiscard]] Span whole() const noexcept { return {bin(0).begin, bin(static_cast<std::int64_t>(size_)).begin}; }

 private:
  Microseconds step_;
  std::int64_t first_ = 0;
  std::size_t size_ = 0;
};

/// The grid of --step over a window. Errors: usage, where it has more than `most` bins.
[[nodiscard]] Result<BinGrid> bins_over(const Span& window, std::chrono::seconds step, std::size_t most);

/// One quantity over time, averaged per bin. A rate that holds over a span counts in each bin by the time it has there.
/// Takes 16 octets a bin, from the first add() on.
class BinnedSeries {
 public:
  /// `span` must lie in the window of `grid`. `known`: the share of the span that the rate is known of.
  void add(const BinGrid& grid, const Span& span, double rate, double known = 1.0);
  /// The average of each bin that anything is known of, in order of time. A bin that is known in part counts as known.
  [[nodiscard]] std::vector<double> averages() const;
  /// Of one bin; nullopt where nothing is known of it.
  [[nodiscard]] std::optional<double> average(std::size_t bin) const noexcept;
  /// Seconds of that bin that something is known of.
  [[nodiscard]] double covered(std::size_t bin) const noexcept { return bin < bins_.size() ? bins_[bin].covered : 0.0; }

 private:
  struct Bin {
    double amount = 0.0;   // rate times seconds
    double covered = 0.0;  // seconds
  };
  std::vector<Bin> bins_;
};

/// The 95th percentile by nearest rank, as transit is billed: of n values the floor(n / 20) largest are dropped, and
/// the next is it. nullopt of none.
[[nodiscard]] std::optional<double> percentile_95(std::vector<double> values);

}  // namespace octopoll::report
