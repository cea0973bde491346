// Smoke: how round trips were spread, hour by hour.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "octopoll/core/text.hpp"
#include "octopoll/report/latency.hpp"

namespace octopoll::report {
namespace {

using latency::Histogram;

constexpr std::string_view densities = ".:-=+*#%@";
constexpr std::size_t widest_scale = 100;
constexpr std::size_t narrowest_scale = 20;
constexpr std::size_t beside_label = 11;  // "  100.00 % "
constexpr std::size_t beside_scale = 29;  // "2026-01-31 12:00  100.00 %  |...|"

/// Columns for the buckets that any hour of a target has.
class Scale {
 public:
  Scale(const std::vector<SmokeHour>& hours, std::size_t room) {
    for (const SmokeHour& hour : hours) {
      const auto& buckets = hour.distribution.buckets();
      if (buckets.empty()) continue;
      first_ = std::min(first_, buckets.begin()->first);
      last_ = std::max(last_, buckets.rbegin()->first);
    }
    columns_ = empty() ? room : std::min<std::size_t>(room, last_ - first_ + 1U);
  }
  [[nodiscard]] bool empty() const noexcept { return first_ > last_; }
  [[nodiscard]] std::string axis() const;
  [[nodiscard]] std::string line(const Histogram& distribution) const;

 private:
  Histogram::Bucket first_ = std::numeric_limits<Histogram::Bucket>::max();
  Histogram::Bucket last_ = 0;
  std::size_t columns_ = 0;
};

}  // namespace

std::string latency_smoke(const LatencyReport& report, std::size_t width) {
  const std::size_t room =
      width == 0 ? widest_scale
                 : std::clamp(width > beside_scale ? width - beside_scale : 0, narrowest_scale, widest_scale);
  std::string out;
  for (const TargetLatency& target : report.targets) {
    if (target.smoke.empty()) continue;
    std::vector<std::string> labels;
    std::size_t label_width = 0;
    for (const SmokeHour& hour : target.smoke) {
      label_width = std::max(label_width, labels.emplace_back(local_hour_text(hour.begin)).size());
    }
    const Scale scale(target.smoke, room);
    out += fmt::format("\n{}{}\n{:<{}}{}\n", one_line(agent_text(target.target)),
                       target.address ? fmt::format(" ({})", *target.address) : "", "", label_width + beside_label,
                       scale.axis());
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const SmokeHour& hour = target.smoke[i];
      out += fmt::format("{:<{}}  {:>7.2f} %  |{}|\n", labels[i], label_width, hour.echoes.loss().value_or(0.0) * 100.0,
                         scale.line(hour.distribution));
    }
  }
  if (!out.empty()) {
    out += fmt::format("\nRound trips on a logarithmic scale; from {} to {} the more of the hour's.\n",
                       densities.front(), densities.back());
  }
  return out;
}

namespace {

std::string Scale::axis() const {
  if (empty()) return "no answer";
  const auto end = Histogram::begin_of(static_cast<Histogram::Bucket>(last_ + 1));
  const std::string from = latency::milliseconds_text(Histogram::begin_of(first_)) + " ms";
  const std::string to = latency::milliseconds_text(end) + " ms";
  const std::size_t used = from.size() + to.size();
  std::string axis = from + std::string(columns_ + 2 > used ? columns_ + 2 - used : 1, ' ') + to;
  // Between them what stands in the middle of a logarithmic scale, which nobody reckons at sight.
  const std::size_t place = columns_ / 2;
  const auto bucket = static_cast<Histogram::Bucket>(first_ + place * (last_ - first_ + 1U) / columns_);
  const std::string middle = latency::milliseconds_text(Histogram::begin_of(bucket));
  constexpr std::size_t apart = 3;
  const std::size_t begin = 3 + place;  // the first column of the scale stands under the fourth of this line
  if (begin >= from.size() + apart && begin + middle.size() + apart + to.size() <= axis.size()) {
    axis.replace(begin, middle.size(), middle);
  }
  return axis;
}

std::string Scale::line(const Histogram& distribution) const {
  std::vector<std::uint64_t> counts(columns_);
  for (const auto& [bucket, count] : distribution.buckets()) {
    counts[(bucket - first_) * columns_ / (last_ - first_ + 1U)] += count;
  }
  const std::uint64_t most = counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
  std::string text(columns_, ' ');
  for (std::size_t column = 0; column < columns_; ++column) {
    if (counts[column] == 0) continue;
    const double share = static_cast<double>(counts[column]) / static_cast<double>(most);
    text[column] = densities[static_cast<std::size_t>(std::ceil(share * static_cast<double>(densities.size()))) - 1];
  }
  return text;
}

}  // namespace
}  // namespace octopoll::report
