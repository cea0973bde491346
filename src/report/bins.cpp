#include "report/bins.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::report {
namespace {

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return a % b < 0 ? quotient - 1 : quotient;
}

}  // namespace

Span intersection(const Span& a, const Span& b) noexcept {
  return {std::max(a.begin, b.begin), std::min(a.end, b.end)};
}

BinGrid::BinGrid(const Span& window, std::chrono::seconds step) : step_(step) {
  if (window.empty()) return;
  first_ = floor_divide(window.begin.time_since_epoch().count(), step_.count());
  const std::int64_t last = floor_divide(window.end.time_since_epoch().count() - 1, step_.count());
  size_ = static_cast<std::size_t>(last - first_ + 1);
}

std::int64_t BinGrid::index_of(PreciseTime time) const noexcept {
  return floor_divide(time.time_since_epoch().count(), step_.count()) - first_;
}

Result<BinGrid> bins_over(const Span& window, std::chrono::seconds step, std::size_t most) {
  BinGrid grid(window, step);
  if (grid.size() <= most) return grid;
  return fail(ErrorKind::usage,
              fmt::format("--step {} cuts the window into {} bins, {} is the most", format_duration(step),
                          format_count(grid.size()), format_count(most)),
              "take a longer step or a shorter window");
}

Span BinGrid::bin(std::int64_t index) const noexcept {
  const PreciseTime begin((first_ + index) * step_);
  return {begin, begin + step_};
}

void BinnedSeries::add(const BinGrid& grid, const Span& span, double rate, double known) {
  if (span.empty()) return;
  if (bins_.empty()) bins_.resize(grid.size());
  const std::int64_t last = grid.index_of(span.end - Microseconds(1));
  for (std::int64_t index = grid.index_of(span.begin); index <= last; ++index) {
    const double seconds = intersection(span, grid.bin(index)).seconds() * known;
    Bin& bin = bins_[static_cast<std::size_t>(index)];
    bin.amount += rate * seconds;
    bin.covered += seconds;
  }
}

std::vector<double> BinnedSeries::averages() const {
  std::vector<double> averages;
  for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
    if (const auto known = average(bin)) averages.push_back(*known);
  }
  return averages;
}

std::optional<double> BinnedSeries::average(std::size_t bin) const noexcept {
  if (bin >= bins_.size() || bins_[bin].covered <= 0.0) return std::nullopt;
  return bins_[bin].amount / bins_[bin].covered;
}

std::optional<double> percentile_95(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  const std::size_t dropped = values.size() / 20;
  const auto rank = values.begin() + static_cast<std::ptrdiff_t>(values.size() - 1 - dropped);
  std::nth_element(values.begin(), rank, values.end());
  return *rank;
}

}  // namespace octopoll::report
