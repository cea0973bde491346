#include "octopoll/report/utilization.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <span>
#include <unordered_map>
#include <utility>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"
#include "report/bins.hpp"
#include "report/parts.hpp"
#include "report/selection.hpp"

namespace octopoll::report {
namespace {

// Four series of 16 octets a bin: a month of 5-minute bins takes 0.5 MiB an interface. Beyond the budget the interfaces
// of a device are read in several passes.
constexpr std::size_t octets_per_bin = 64;
constexpr std::size_t memory_budget = 128U << 20U;
constexpr std::size_t most_bins = memory_budget / octets_per_bin;

/// What is summed up of one direction while samples stream by.
struct DirectionSums {
  std::uint64_t whole_octets = 0;  // of deltas inside the window: exact
  double cut_octets = 0.0;         // of those that its edges cut
  double seconds = 0.0;
  double bps_max = 0.0;
  double utilization_seconds = 0.0;  // share times seconds
  double seconds_of_utilization = 0.0;
  double utilization_max = 0.0;
  BinnedSeries bps;
  BinnedSeries utilization;

  void add(const BinGrid& grid, const Span& window, const Span& delta, const store::StoredSample::Direction& direction);
  void add(const BinGrid& grid, const Span& window, const Span& bin, const store::StoredTraffic::Direction& direction);
  [[nodiscard]] DirectionUsage usage(double polled_seconds) const;
};

struct InterfaceSums {
  DirectionSums in;
  DirectionSums out;
};

using Interfaces = std::span<const store::StoredInterface>;

Result<> read_device(store::Reader& reader, const UtilizationQuery& query, const Selection& selection,
                     const store::StoredDevice& device, std::vector<InterfaceUsage>& usages);
/// `summed`: the window of sums of 5 minutes that are read in place of samples.
Result<> read_interfaces(store::Reader& reader, const store::StoredDevice& device, Interfaces interfaces,
                         const Span& polled, const std::optional<Span>& summed, const BinGrid& grid,
                         std::vector<InterfaceUsage>& usages);
void sort(std::vector<InterfaceUsage>& usages, UtilizationOrder order);

}  // namespace

Result<> check(const UtilizationQuery& query) {
  if (auto sensible = check_window(query.window); !sensible) return sensible;
  if (query.step < std::chrono::seconds(1)) {
    return fail(ErrorKind::usage, "--step is shorter than a second", "the usual step is 5m");
  }
  const auto selection = Selection::compile(query.device_pattern, query.interface_pattern);
  if (!selection) return tl::make_unexpected(selection.error());
  return {};
}

Result<UtilizationReport> make_utilization(store::Reader& reader, const UtilizationQuery& query) {
  if (auto sensible = check(query); !sensible) return tl::make_unexpected(sensible.error());
  const auto selection = Selection::compile(query.device_pattern, query.interface_pattern);
  if (!selection) return tl::make_unexpected(selection.error());
  const auto devices = reader.devices();
  if (!devices) return tl::make_unexpected(devices.error());

  UtilizationReport report;
  report.window = query.window;
  report.step = query.step;
  report.bins = BinGrid({PreciseTime(query.window.since), PreciseTime(query.window.until)}, query.step).size();
  for (const store::StoredDevice& device : *devices) {
    if (!selection->takes(device)) continue;
    auto read = read_device(reader, query, *selection, device, report.interfaces);
    if (!read) return tl::make_unexpected(read.error());
  }
  sort(report.interfaces, query.order);
  report.found = report.interfaces.size();
  if (query.top && *query.top < report.interfaces.size()) {
    report.interfaces.erase(report.interfaces.begin() + static_cast<std::ptrdiff_t>(*query.top),
                            report.interfaces.end());
  }
  return report;
}

namespace {

constexpr std::array<std::string_view, 7> order_words{"utilization", "p95",   "average", "maximum",
                                                      "octets",      "valid", "name"};
static_assert(order_words.size() == static_cast<std::size_t>(UtilizationOrder::name) + 1);

// The larger of what is known.
std::optional<double> larger(const std::optional<double>& a, const std::optional<double>& b) {
  if (a && b) return std::max(*a, *b);
  return a ? a : b;
}

}  // namespace

std::optional<double> InterfaceUsage::utilization_avg() const noexcept {
  return larger(in.utilization_avg, out.utilization_avg);
}
std::optional<double> InterfaceUsage::utilization_max() const noexcept {
  return larger(in.utilization_max, out.utilization_max);
}
std::optional<double> InterfaceUsage::utilization_p95() const noexcept {
  return larger(in.utilization_p95, out.utilization_p95);
}
std::optional<double> InterfaceUsage::bps_p95() const noexcept { return larger(in.bps_p95, out.bps_p95); }
std::optional<double> InterfaceUsage::valid_share() const noexcept {
  if (in.valid_share && out.valid_share) return std::min(*in.valid_share, *out.valid_share);
  return in.valid_share ? in.valid_share : out.valid_share;
}

Result<UtilizationOrder> utilization_order_from(std::string_view word) {
  const auto place = place_of_order(word, order_words);
  if (!place) return tl::make_unexpected(place.error());
  return static_cast<UtilizationOrder>(*place);
}

std::string utilization_orders() { return list_of(order_words); }

namespace {

Result<> read_device(store::Reader& reader, const UtilizationQuery& query, const Selection& selection,
                     const store::StoredDevice& device, std::vector<InterfaceUsage>& usages) {
  const Span polled = polled_in(query.window, device);
  if (polled.empty()) return {};
  const auto laid = bins_over(polled, query.step, most_bins);
  if (!laid) return tl::make_unexpected(laid.error());
  const BinGrid& grid = *laid;
  const auto by_sums = reader.prefers_sums(query.window.since, query.window.until, query.step);
  if (!by_sums) return tl::make_unexpected(by_sums.error());
  const auto summed = *by_sums ? std::optional(span_of(query.window)) : std::nullopt;
  const auto interfaces = interfaces_in(reader, query.window, device, selection);
  if (!interfaces) return tl::make_unexpected(interfaces.error());

  const std::size_t at_once = std::max<std::size_t>(1, most_bins / grid.size());
  const Interfaces all(*interfaces);
  for (std::size_t begin = 0; begin < all.size(); begin += at_once) {
    const auto some = all.subspan(begin, std::min(at_once, all.size() - begin));
    if (auto read = read_interfaces(reader, device, some, polled, summed, grid, usages); !read) return read;
  }
  return {};
}

Result<> read_interfaces(store::Reader& reader, const store::StoredDevice& device, Interfaces interfaces,
                         const Span& polled, const std::optional<Span>& summed, const BinGrid& grid,
                         std::vector<InterfaceUsage>& usages) {
  std::unordered_map<std::int64_t, InterfaceSums> sums;
  for (const store::StoredInterface& one : interfaces) sums.try_emplace(one.id);
  const auto query = samples_of(device, interfaces.front().id, interfaces.back().id, summed.value_or(polled));
  const auto add_traffic = [&](const store::StoredTraffic& traffic) {
    const auto of = sums.find(traffic.interface_id);  // ids between may be those that the pattern leaves out
    if (of == sums.end()) return;
    const Span bin = known_part(traffic, device);
    of->second.in.add(grid, *summed, bin, traffic.in);
    of->second.out.add(grid, *summed, bin, traffic.out);
  };
  const auto add_sample = [&](const store::StoredSample& sample) {
    const auto of = sums.find(sample.interface_id);
    if (of == sums.end()) return;
    const PreciseTime end = PreciseTime(sample.read_at);
    of->second.in.add(grid, polled, {end - sample.in.elapsed, end}, sample.in);
    of->second.out.add(grid, polled, {end - sample.out.elapsed, end}, sample.out);
  };
  auto read = summed ? reader.for_each_traffic(query, add_traffic) : reader.for_each_sample(query, add_sample);
  if (!read) return read;

  for (const store::StoredInterface& one : interfaces) {
    const InterfaceSums& sum = sums.at(one.id);
    usages.push_back({device.name, one.name, one.alias, one.in_speed_bps, one.out_speed_bps,
                      sum.in.usage(polled.seconds()), sum.out.usage(polled.seconds())});
  }
  return {};
}

void DirectionSums::add(const BinGrid& grid, const Span& window, const Span& delta,
                        const store::StoredSample::Direction& direction) {
  if (!makes_rate(direction.quality) || !direction.octets || delta.empty()) return;
  const Span inside = intersection(delta, window);
  if (inside.empty()) return;
  const double rate = static_cast<double>(*direction.octets) * 8.0 / delta.seconds();
  if (inside.begin == delta.begin && inside.end == delta.end) {
    whole_octets += *direction.octets;
  } else {
    cut_octets += static_cast<double>(*direction.octets) * inside.seconds() / delta.seconds();
  }
  seconds += inside.seconds();
  bps_max = std::max(bps_max, rate);
  bps.add(grid, inside, rate);
  if (!direction.utilization) return;
  utilization_seconds += *direction.utilization * inside.seconds();
  seconds_of_utilization += inside.seconds();
  utilization_max = std::max(utilization_max, *direction.utilization);
  utilization.add(grid, inside, *direction.utilization);
}

void DirectionSums::add(const BinGrid& grid, const Span& window, const Span& bin,
                        const store::StoredTraffic::Direction& direction) {
  const Span inside = intersection(bin, window);
  const double covered = std::chrono::duration<double>(direction.covered).count();
  if (inside.empty() || covered <= 0.0) return;
  const double share = inside.seconds() / bin.seconds();
  if (share == 1.0) {
    whole_octets += direction.octets;
  } else {
    cut_octets += static_cast<double>(direction.octets) * share;
  }
  seconds += covered * share;
  bps_max = std::max(bps_max, direction.bps_max);
  // When within a sum its traffic was is not known: steps of the device's first minutes do not cut it.
  const Span shown = intersection(inside, grid.whole());
  bps.add(grid, shown, static_cast<double>(direction.octets) * 8.0 / covered, covered / bin.seconds());
  const double known = std::chrono::duration<double>(direction.utilization_covered).count();
  if (known <= 0.0) return;
  utilization_seconds += direction.utilization * known * share;
  seconds_of_utilization += known * share;
  utilization_max = std::max(utilization_max, direction.utilization_max);
  utilization.add(grid, shown, direction.utilization, known / bin.seconds());
}

DirectionUsage DirectionSums::usage(double polled_seconds) const {
  DirectionUsage usage;
  // Deltas from older base lines may overlap others.
  usage.valid_share = std::min(seconds / polled_seconds, 1.0);
  if (seconds <= 0.0) return usage;
  std::vector<double> averages = bps.averages();
  usage.bins = averages.size();
  usage.octets = whole_octets + static_cast<std::uint64_t>(std::llround(cut_octets));
  usage.bps_avg = (static_cast<double>(whole_octets) + cut_octets) * 8.0 / seconds;
  usage.bps_max = bps_max;
  usage.bps_p95 = percentile_95(std::move(averages));
  if (seconds_of_utilization > 0.0) {
    usage.utilization_avg = utilization_seconds / seconds_of_utilization;
    usage.utilization_max = utilization_max;
    usage.utilization_p95 = percentile_95(utilization.averages());
  }
  return usage;
}

// What is unknown sorts behind all that is known.
double key_of(const InterfaceUsage& usage, UtilizationOrder order) {
  const auto octets = [](const DirectionUsage& direction) { return static_cast<double>(direction.octets.value_or(0)); };
  switch (order) {
    case UtilizationOrder::utilization:
      return usage.utilization_p95().value_or(-1.0);
    case UtilizationOrder::p95:
      return usage.bps_p95().value_or(-1.0);
    case UtilizationOrder::average:
      return larger(usage.in.bps_avg, usage.out.bps_avg).value_or(-1.0);
    case UtilizationOrder::maximum:
      return larger(usage.in.bps_max, usage.out.bps_max).value_or(-1.0);
    case UtilizationOrder::octets:
      return usage.known() ? octets(usage.in) + octets(usage.out) : -1.0;
    case UtilizationOrder::valid:  // the worst first: that is what one looks for
      return -usage.valid_share().value_or(0.0);
    case UtilizationOrder::name:
      return 0.0;
  }
  return 0.0;
}

void sort(std::vector<InterfaceUsage>& usages, UtilizationOrder order) {
  std::sort(usages.begin(), usages.end(), [order](const InterfaceUsage& a, const InterfaceUsage& b) {
    const double key_a = key_of(a, order);
    const double key_b = key_of(b, order);
    if (key_a != key_b) return key_a > key_b;
    const double rate_a = order == UtilizationOrder::name ? 0.0 : a.bps_p95().value_or(-1.0);
    const double rate_b = order == UtilizationOrder::name ? 0.0 : b.bps_p95().value_or(-1.0);
    if (rate_a != rate_b) return rate_a > rate_b;
    return std::tie(a.device, a.interface) < std::tie(b.device, b.interface);
  });
}

}  // namespace
}  // namespace octopoll::report
