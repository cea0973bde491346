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
#include "report/rate_bounds.hpp"
#include "report/selection.hpp"
#include "report/traffic_parts.hpp"

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

  void add(const BinGrid& grid, const std::optional<TrafficPart>& part);
  [[nodiscard]] DirectionUsage usage(double polled_seconds) const;
};

struct InterfaceSums {
  DirectionSums in;
  DirectionSums out;
};

using Interfaces = std::span<const store::StoredInterface>;

/// `summed`: as summed_window() says.
Result<> read_device(store::Reader& reader, const UtilizationQuery& query, const Selection& selection,
                     const store::StoredDevice& device, const std::optional<Span>& summed,
                     std::vector<InterfaceUsage>& usages);
Result<> read_interfaces(store::Reader& reader, const store::StoredDevice& device, Interfaces interfaces,
                         const Span& polled, const std::optional<Span>& summed, const BinGrid& grid,
                         std::vector<InterfaceUsage>& usages);
void sort(std::vector<InterfaceUsage>& usages, UtilizationOrder order);

/// Whether the first ones can be found by histograms of rates.
bool bounds_help(const UtilizationQuery& query, const std::optional<Span>& summed);
/// The report by these; false where they say so little that all is better read at once.
Result<bool> read_leaders(store::Reader& reader, const UtilizationQuery& query, const Selection& selection,
                          std::span<const store::StoredDevice> devices, const std::optional<Span>& summed,
                          UtilizationReport& report);

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
  const auto summed = summed_window(reader, query.window, query.step);
  if (!summed) return tl::make_unexpected(summed.error());

  UtilizationReport report;
  report.window = query.window;
  report.step = query.step;
  report.bins = BinGrid({PreciseTime(query.window.since), PreciseTime(query.window.until)}, query.step).size();
  if (bounds_help(query, *summed)) {
    const auto made = read_leaders(reader, query, *selection, *devices, *summed, report);
    if (!made) return tl::make_unexpected(made.error());
    if (*made) return report;
  }
  for (const store::StoredDevice& device : *devices) {
    if (!selection->takes(device)) continue;
    auto read = read_device(reader, query, *selection, device, *summed, report.interfaces);
    if (!read) return tl::make_unexpected(read.error());
  }
  sort(report.interfaces, query.order);
  report.read = report.found = report.interfaces.size();
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
                     const store::StoredDevice& device, const std::optional<Span>& summed,
                     std::vector<InterfaceUsage>& usages) {
  const Span polled = polled_in(query.window, device);
  if (polled.empty()) return {};
  const auto laid = bins_over(polled, query.step, most_bins);
  if (!laid) return tl::make_unexpected(laid.error());
  const BinGrid& grid = *laid;
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
  auto read = for_each_part(reader, device, interfaces, polled, summed, grid, [&](const InterfaceTraffic& traffic) {
    const auto of = sums.find(traffic.interface_id);  // ids between may be those that the pattern leaves out
    if (of == sums.end()) return;
    of->second.in.add(grid, traffic.in);
    of->second.out.add(grid, traffic.out);
  });
  if (!read) return read;

  for (const store::StoredInterface& one : interfaces) {
    const InterfaceSums& sum = sums.at(one.id);
    usages.push_back({device.name, one.name, one.alias, one.in_speed_bps, one.out_speed_bps,
                      sum.in.usage(polled.seconds()), sum.out.usage(polled.seconds())});
  }
  return {};
}

void DirectionSums::add(const BinGrid& grid, const std::optional<TrafficPart>& part) {
  if (!part) return;
  if (part->share == 1.0) {
    whole_octets += part->octets;
  } else {
    cut_octets += static_cast<double>(part->octets) * part->share;
  }
  seconds += part->seconds;
  bps_max = std::max(bps_max, part->bps_max);
  bps.add(grid, part->span, part->bps, part->known);
  if (!part->utilization) return;
  utilization_seconds += part->utilization->average * part->utilization->seconds;
  seconds_of_utilization += part->utilization->seconds;
  utilization_max = std::max(utilization_max, part->utilization->max);
  utilization.add(grid, part->span, part->utilization->average, part->utilization->known);
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

/// What an interface is sorted by: as it is, or as it may be at best.
struct Rank {
  double key, rate;
  const std::string& device;
  const std::string& interface;
};
Rank rank_of(const InterfaceUsage& usage, UtilizationOrder order) {
  const double rate = order == UtilizationOrder::name ? 0.0 : usage.bps_p95().value_or(-1.0);
  return {key_of(usage, order), rate, usage.device, usage.interface};
}
bool comes_before(const Rank& a, const Rank& b) {
  if (a.key != b.key) return a.key > b.key;
  if (a.rate != b.rate) return a.rate > b.rate;
  return std::tie(a.device, a.interface) < std::tie(b.device, b.interface);
}

void sort(std::vector<InterfaceUsage>& usages, UtilizationOrder order) {
  std::sort(usages.begin(), usages.end(), [order](const InterfaceUsage& a, const InterfaceUsage& b) {
    return comes_before(rank_of(a, order), rank_of(b, order));
  });
}

bool bounds_help(const UtilizationQuery& query, const std::optional<Span>& summed) {
  const bool by_percentile = query.order == UtilizationOrder::utilization || query.order == UtilizationOrder::p95;
  return query.top && by_percentile && summed && query.step == std::chrono::minutes(5);
}

/// A device's interfaces, and what they may be at best.
struct Candidates {
  const store::StoredDevice* device;
  std::vector<store::StoredInterface> interfaces;
  std::vector<RateBound> rounded;  ///< by rounded histograms
  std::vector<RateBound> whole;    ///< by whole ones, once those were read

  [[nodiscard]] Rank rank(std::size_t place, bool by_rounded, UtilizationOrder order) const {
    const RateBound& bound = (by_rounded ? rounded : whole)[place];
    return {order == UtilizationOrder::p95 ? bound.bps : bound.utilization, bound.bps, device->name,
            interfaces[place].name};
  }
};

/// One of them, as it stood in the queue.
struct Candidate {
  std::size_t of, place;
  bool rounded;
};

Result<std::vector<Candidates>> candidates_in(store::Reader& reader, RateBounds& bounds, const UtilizationQuery& query,
                                              const Selection& selection,
                                              std::span<const store::StoredDevice> devices) {
  std::vector<Candidates> candidates;
  for (const store::StoredDevice& device : devices) {
    const Span polled = polled_in(query.window, device);
    if (!selection.takes(device) || polled.empty()) continue;
    const auto grid = bins_over(polled, query.step, most_bins);
    if (!grid) return tl::make_unexpected(grid.error());
    auto interfaces = interfaces_in(reader, query.window, device, selection);
    if (!interfaces) return tl::make_unexpected(interfaces.error());
    auto bound = bounds.of(reader, device, *interfaces, *grid, store::RateDetail::rounded);
    if (!bound) return tl::make_unexpected(bound.error());
    candidates.push_back({&device, std::move(*interfaces), std::move(*bound), {}});
  }
  return candidates;
}

// The one that may come first at best is looked at next: at its device's whole histograms, then at every 5 minutes of
// it. What is worse at best than the last one that is wanted need not be read, nor what comes behind it.
Result<bool> read_leaders(store::Reader& reader, const UtilizationQuery& query, const Selection& selection,
                          std::span<const store::StoredDevice> devices, const std::optional<Span>& summed,
                          UtilizationReport& report) {
  RateBounds bounds(query.order == UtilizationOrder::utilization);
  auto candidates = candidates_in(reader, bounds, query, selection, devices);
  if (!candidates) return tl::make_unexpected(candidates.error());
  const auto rank = [&](const Candidate& one) {
    return (*candidates)[one.of].rank(one.place, one.rounded, query.order);
  };
  const auto comes_later = [&](const Candidate& a, const Candidate& b) { return comes_before(rank(b), rank(a)); };
  std::vector<Candidate> queue;
  std::size_t unbounded = 0;
  for (std::size_t of = 0; of < candidates->size(); ++of) {
    for (std::size_t place = 0; place < (*candidates)[of].interfaces.size(); ++place) {
      queue.push_back({of, place, true});
      unbounded += std::isinf(rank(queue.back()).key) ? 1 : 0;
    }
  }
  // Each by itself they take up to three times as long as a device's together.
  if (2 * unbounded > queue.size() || *query.top >= queue.size()) return false;
  report.found = queue.size();

  std::make_heap(queue.begin(), queue.end(), comes_later);
  const auto put = [&](const Candidate& one) {
    queue.push_back(one);
    std::push_heap(queue.begin(), queue.end(), comes_later);
  };
  std::vector<InterfaceUsage>& first = report.interfaces;
  while (!queue.empty() && *query.top != 0) {
    const Candidate next = queue.front();
    std::pop_heap(queue.begin(), queue.end(), comes_later);
    queue.pop_back();
    Candidates& of = (*candidates)[next.of];
    if (first.size() == *query.top && comes_before(rank_of(first.back(), query.order), rank(next))) break;
    const Span polled = polled_in(query.window, *of.device);
    const BinGrid grid(polled, query.step);
    if (next.rounded && of.whole.empty()) {
      auto whole = bounds.of(reader, *of.device, of.interfaces, grid, store::RateDetail::whole);
      if (!whole) return tl::make_unexpected(whole.error());
      of.whole = std::move(*whole);
    }
    if (next.rounded) {
      put({next.of, next.place, false});
      continue;
    }
    auto read = read_interfaces(reader, *of.device, {&of.interfaces[next.place], 1}, polled, summed, grid, first);
    if (!read) return tl::make_unexpected(read.error());
    ++report.read;
    sort(first, query.order);
    if (first.size() > *query.top) first.pop_back();
  }
  return true;
}

}  // namespace
}  // namespace octopoll::report
