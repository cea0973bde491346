#include "octopoll/report/totals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/interface.hpp"
#include "octopoll/core/text.hpp"
#include "report/bins.hpp"
#include "report/parts.hpp"
#include "report/selection.hpp"
#include "report/traffic_parts.hpp"

namespace octopoll::report {
namespace {

// Two series of 16 octets a bin and interface; beyond the budget the interfaces of a device are read in several passes.
constexpr std::size_t octets_per_bin = 32;
constexpr std::size_t memory_budget = 128U << 20U;
constexpr std::size_t most_bins = memory_budget / octets_per_bin;

using Interfaces = std::span<const store::StoredInterface>;
using Stack = std::span<const std::pair<std::int64_t, std::int64_t>>;

bool is_loopback(const store::StoredInterface& interface) { return interface.type == if_type_software_loopback; }

/// What one interface did in one direction.
struct Series {
  BinnedSeries rate;
  double octets = 0.0;
  double seconds = 0.0;
  void add(const BinGrid& grid, const std::optional<TrafficPart>& part) {
    if (!part) return;
    octets += static_cast<double>(part->octets) * part->share;
    seconds += part->seconds;
    rate.add(grid, part->span, part->bps, part->known);
  }
};

/// All interfaces of a device in one direction.
class DirectionTotal {
 public:
  explicit DirectionTotal(std::size_t bins)
      : sums_(bins, 0.0), seconds_of_(bins, 0.0), known_(bins, false), missing_(bins, false) {}

  /// `there`: bins that the interface was there in.
  void add(const Series& series, std::size_t first_bin) {
    octets_ += series.octets;
    seconds_ += series.seconds;
    for (std::size_t bin = 0; bin < sums_.size(); ++bin) {
      if (const auto known = series.rate.average(bin)) {
        sums_[bin] += *known;
        seconds_of_[bin] = std::max(seconds_of_[bin], series.rate.covered(bin));
        known_[bin] = true;
      } else if (bin >= first_bin) {
        missing_[bin] = true;
      }
    }
  }

  [[nodiscard]] TotalUsage usage(double interface_seconds) const {
    TotalUsage usage;
    usage.valid_share = interface_seconds > 0.0 ? std::min(seconds_ / interface_seconds, 1.0) : 0.0;
    if (seconds_ <= 0.0) return usage;
    usage.octets = static_cast<std::uint64_t>(std::llround(octets_));
    std::vector<double> known;
    double bits = 0.0, seconds = 0.0;
    for (std::size_t bin = 0; bin < sums_.size(); ++bin) {
      if (!known_[bin] || missing_[bin]) continue;
      known.push_back(sums_[bin]);
      // A bin that is known in part weighs by that part.
      bits += sums_[bin] * seconds_of_[bin];
      seconds += seconds_of_[bin];
    }
    usage.bins = known.size();
    if (known.empty()) return usage;
    usage.bps_avg = bits / seconds;
    usage.bps_max = *std::max_element(known.begin(), known.end());
    usage.bps_p95 = percentile_95(std::move(known));
    return usage;
  }

 private:
  std::vector<double> sums_;
  std::vector<double> seconds_of_;  // that are known of the bin, of the interface that is known best
  std::vector<bool> known_;         // of some interface
  std::vector<bool> missing_;       // of one that was there
  double octets_ = 0.0;
  double seconds_ = 0.0;
};

/// From when on an interface is missed where nothing is known of it: from its first reading, but those of the device's
/// first reading were there before, when it was silent.
PreciseTime there_since(const store::StoredInterface& one, WallTime first_reading, const Span& polled) {
  return one.first_seen <= first_reading ? polled.begin : std::max(PreciseTime(one.first_seen), polled.begin);
}

Result<> read_interfaces(store::Reader& reader, const store::StoredDevice& device, Interfaces interfaces,
                         WallTime first_reading, const Span& polled, const std::optional<Span>& summed,
                         const BinGrid& grid, DirectionTotal& in, DirectionTotal& out) {
  std::unordered_map<std::int64_t, std::pair<Series, Series>> series;
  for (const store::StoredInterface& one : interfaces) series.try_emplace(one.id);
  auto read = for_each_part(reader, device, interfaces, polled, summed, grid, [&](const InterfaceTraffic& traffic) {
    const auto found = series.find(traffic.interface_id);  // ids between may be those that are left out
    if (found == series.end()) return;
    found->second.first.add(grid, traffic.in);
    found->second.second.add(grid, traffic.out);
  });
  if (!read) return read;
  for (const store::StoredInterface& one : interfaces) {
    const PreciseTime since = there_since(one, first_reading, polled);
    const auto first_bin = static_cast<std::size_t>(std::max<std::int64_t>(grid.index_of(since), 0));
    in.add(series.at(one.id).first, first_bin);
    out.add(series.at(one.id).second, first_bin);
  }
  return {};
}

Result<> read_device(store::Reader& reader, const TotalsQuery& query, const Selection& selection,
                     const store::StoredDevice& device, const std::optional<Span>& from_sums,
                     std::vector<DeviceTotal>& totals) {
  const Span polled = polled_in(query.window, device);
  if (polled.empty()) return {};
  const auto laid = bins_over(polled, query.step, most_bins);
  if (!laid) return tl::make_unexpected(laid.error());
  const BinGrid& grid = *laid;
  auto interfaces = interfaces_in(reader, query.window, device, selection);
  if (!interfaces) return tl::make_unexpected(interfaces.error());
  const auto stack = reader.stack(device.id);
  if (!stack) return tl::make_unexpected(stack.error());
  const std::vector<bool> counted = summed(*interfaces, *stack, query.layers);
  if (interfaces->empty()) return {};
  const WallTime first_reading =
      std::min_element(interfaces->begin(), interfaces->end(), [](const auto& a, const auto& b) {
        return a.first_seen < b.first_seen;
      })->first_seen;
  std::vector<store::StoredInterface> chosen;
  for (std::size_t i = 0; i < interfaces->size(); ++i) {
    if (counted[i]) chosen.push_back(std::move((*interfaces)[i]));
  }
  if (chosen.empty()) return {};

  DirectionTotal in(grid.size());
  DirectionTotal out(grid.size());
  const std::size_t at_once = std::max<std::size_t>(1, most_bins / grid.size());
  const Interfaces all(chosen);
  for (std::size_t begin = 0; begin < all.size(); begin += at_once) {
    const auto some = all.subspan(begin, std::min(at_once, all.size() - begin));
    if (auto read = read_interfaces(reader, device, some, first_reading, polled, from_sums, grid, in, out); !read)
      return read;
  }
  double seconds = 0.0;
  for (const store::StoredInterface& one : chosen) {
    seconds += Span{there_since(one, first_reading, polled), polled.end}.seconds();
  }
  totals.push_back(
      {device.name, chosen.size(), interfaces->size() - chosen.size(), in.usage(seconds), out.usage(seconds)});
  return {};
}

double busiest(const DeviceTotal& total) {
  return std::max(total.in.bps_p95.value_or(-1.0), total.out.bps_p95.value_or(-1.0));
}

}  // namespace

Result<Layers> layers_from(std::string_view word) {
  if (word == "lowest") return Layers::lowest;
  if (word == "all") return Layers::all;
  return fail(ErrorKind::usage, fmt::format("--layers \"{}\" is not known", agent_text(word)),
              "lowest counts what no other interface carries, all counts every one");
}

std::vector<bool> summed(Interfaces interfaces, Stack stack, Layers layers) {
  std::vector<bool> counted(interfaces.size(), true);
  if (layers == Layers::all) return counted;
  std::map<std::int64_t, std::vector<std::int64_t>> below;
  std::set<std::int64_t> stacked;
  for (const auto& [higher, lower] : stack) {
    below[higher].push_back(lower);
    stacked.insert({higher, lower});
  }
  std::set<std::int64_t> here;
  for (const store::StoredInterface& one : interfaces) here.insert(one.id);
  const auto carried = [&](std::int64_t id) {
    std::set<std::int64_t> seen{id};  // an agent's stack may go in circles
    std::vector<std::int64_t> open{id};
    while (!open.empty()) {
      const auto lower = below.find(open.back());
      open.pop_back();
      if (lower == below.end()) continue;
      for (const std::int64_t each : lower->second) {
        if (!seen.insert(each).second) continue;
        if (here.contains(each)) return true;
        open.push_back(each);
      }
    }
    return false;
  };
  const bool has_ports = std::any_of(interfaces.begin(), interfaces.end(), [](const store::StoredInterface& one) {
    return !is_logical_if_type(one.type) && !is_loopback(one);
  });
  for (std::size_t i = 0; i < interfaces.size(); ++i) {
    const store::StoredInterface& one = interfaces[i];
    const bool logical = has_ports && !stacked.contains(one.id) && is_logical_if_type(one.type);
    counted[i] = !is_loopback(one) && !logical && !carried(one.id);
  }
  return counted;
}

Result<> check(const TotalsQuery& query) {
  if (auto sensible = check_window(query.window); !sensible) return sensible;
  if (query.step < std::chrono::seconds(1))
    return fail(ErrorKind::usage, "--step is shorter than a second", "the usual step is 5m");
  const auto selection = Selection::compile(query.device_pattern, query.interface_pattern, query.exclude_pattern);
  if (!selection) return tl::make_unexpected(selection.error());
  return {};
}

Result<TotalsReport> make_totals(store::Reader& reader, const TotalsQuery& query) {
  if (auto sensible = check(query); !sensible) return tl::make_unexpected(sensible.error());
  const auto selection = Selection::compile(query.device_pattern, query.interface_pattern, query.exclude_pattern);
  if (!selection) return tl::make_unexpected(selection.error());
  const auto devices = reader.devices();
  if (!devices) return tl::make_unexpected(devices.error());
  const auto from_sums = summed_window(reader, query.window, query.step);
  if (!from_sums) return tl::make_unexpected(from_sums.error());
  TotalsReport report;
  report.window = query.window;
  report.step = query.step;
  for (const store::StoredDevice& device : *devices) {
    if (!selection->takes(device)) continue;
    auto read = read_device(reader, query, *selection, device, *from_sums, report.devices);
    if (!read) return tl::make_unexpected(read.error());
  }
  std::sort(report.devices.begin(), report.devices.end(), [](const DeviceTotal& a, const DeviceTotal& b) {
    return std::tuple(-busiest(a), std::string_view(a.device)) < std::tuple(-busiest(b), std::string_view(b.device));
  });
  report.found = report.devices.size();
  if (query.top && *query.top < report.devices.size()) report.devices.resize(*query.top);
  return report;
}

}  // namespace octopoll::report
