#include "octopoll/report/errors.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <unordered_map>

#include "report/bins.hpp"
#include "report/parts.hpp"
#include "report/selection.hpp"
#include "report/traffic_parts.hpp"

namespace octopoll::report {
namespace {

using Deltas = PerCounter<std::optional<std::uint64_t>>;

/// A sum over deltas, of which the window's edges cut some.
struct Sum {
  std::uint64_t whole = 0;
  double cut = 0.0;
  void add(std::uint64_t delta, double share) {
    if (share >= 1.0) {
      whole += delta;
    } else {
      cut += static_cast<double>(delta) * share;
    }
  }
  [[nodiscard]] double value() const noexcept { return static_cast<double>(whole) + cut; }
  [[nodiscard]] std::uint64_t rounded() const noexcept { return whole + static_cast<std::uint64_t>(std::llround(cut)); }
};

struct LossSums {
  bool known = false;
  Sum lost;
  double seconds = 0.0;
  Sum lost_beside_packets;  // of deltas that know the packets as well
  Sum packets_beside;
  /// `packets`: all that came or were to go.
  void add(const std::optional<std::uint64_t>& delta, const std::optional<std::uint64_t>& packets, double its_seconds,
           double share);
  /// `counted`: the interface had true deltas, of this counter or of others.
  [[nodiscard]] LossCount count(double polled_seconds, bool counted) const;
};

struct DirectionSums {
  Sum packets;
  bool packets_known = false;
  LossSums errors, discards;
  void add(const Deltas& deltas, bool in, double seconds, double share);
  [[nodiscard]] DirectionErrors result(double polled_seconds, bool counted) const;
};

struct InterfaceSums {
  DirectionSums in, out;
  LossSums unknown_protocols;
  std::uint64_t flaps = 0;
  bool counted = false;  // some counter had a true delta
};

std::optional<std::uint64_t> of(const Deltas& deltas, Counter inbound, bool in) {
  return deltas.items[static_cast<std::size_t>(inbound) + (in ? 0U : 1U)];
}

bool is_known(const std::optional<std::uint64_t>& delta) noexcept { return delta.has_value(); }

/// All packets that came, or were to go.
std::optional<std::uint64_t> packets_of(const Deltas& deltas, bool in) {
  const auto unicast = of(deltas, Counter::in_ucast_pkts, in);
  if (!unicast) return std::nullopt;
  // Agents without ifXTable count multicast and broadcast in a column that is not read; nearly all packets are unicast.
  std::uint64_t packets = *unicast + of(deltas, Counter::in_multicast_pkts, in).value_or(0) +
                          of(deltas, Counter::in_broadcast_pkts, in).value_or(0);
  return packets;
}

/// With those that the packet counters leave out.
std::optional<std::uint64_t> all_packets_of(const Deltas& deltas, bool in) {
  auto packets = packets_of(deltas, in);
  if (!packets || !in) return packets;
  for (const Counter uncounted : {Counter::in_errors, Counter::in_discards, Counter::in_unknown_protos})
    *packets += deltas[uncounted].value_or(0);
  return packets;
}

void LossSums::add(const std::optional<std::uint64_t>& delta, const std::optional<std::uint64_t>& packets,
                   double its_seconds, double share) {
  if (!delta) return;
  known = true;
  lost.add(*delta, share);
  seconds += its_seconds;
  if (!packets) return;
  lost_beside_packets.add(*delta, share);
  packets_beside.add(*packets, share);
}

void DirectionSums::add(const Deltas& deltas, bool in, double seconds, double share) {
  if (const auto packets_told = packets_of(deltas, in)) {
    packets_known = true;
    packets.add(*packets_told, share);
  }
  const auto all_packets = all_packets_of(deltas, in);
  errors.add(of(deltas, Counter::in_errors, in), all_packets, seconds, share);
  discards.add(of(deltas, Counter::in_discards, in), all_packets, seconds, share);
}

LossCount LossSums::count(double polled_seconds, bool counted) const {
  LossCount count;
  // While others count, this one is not polled, or the agent has none.
  if (counted && seconds <= 0.0) return count;
  count.valid_share = std::min(seconds / polled_seconds, 1.0);
  if (!known) return count;
  count.packets = lost.rounded();
  if (seconds > 0.0) count.per_second = lost.value() / seconds;
  // What was lost while nobody knew the packets was packets, at least.
  const double unpaired = std::max(lost.value() - lost_beside_packets.value(), 0.0);
  if (packets_beside.value() > 0.0) count.ratio = lost.value() / (packets_beside.value() + unpaired);
  return count;
}

DirectionErrors DirectionSums::result(double polled_seconds, bool counted) const {
  DirectionErrors made;
  if (packets_known) made.packets = packets.rounded();
  made.errors = errors.count(polled_seconds, counted);
  made.discards = discards.count(polled_seconds, counted);
  return made;
}

Health health_of(const InterfaceErrors& one) {
  bool known = false;
  bool errors = false;
  bool discards = false;
  for (const DirectionErrors* direction : {&one.in, &one.out}) {
    known = known || direction->errors.ratio || direction->discards.ratio;
    errors = errors || direction->errors.ratio.value_or(0.0) > one.limits.errors;
    discards = discards || direction->discards.ratio.value_or(0.0) > one.limits.discards;
  }
  if (errors) return Health::errors;
  if (discards) return Health::discards;
  return known ? Health::ok : Health::unknown;
}

using SumsById = std::unordered_map<std::int64_t, InterfaceSums>;

Result<> add_samples(store::Reader& reader, const store::SampleQuery& query, const Span& polled, SumsById& sums) {
  return reader.for_each_counts(query, [&](const store::StoredCounts& counts) {
    const auto sum = sums.find(counts.interface_id);
    if (sum == sums.end()) return;
    const PreciseTime end(counts.read_at);
    if (counts.flapped && end > polled.begin && end <= polled.end) ++sum->second.flaps;
    const Span delta{end - counts.elapsed, end};
    const Span inside = intersection(delta, polled);
    if (delta.empty() || inside.empty()) return;
    const double share = inside.seconds() / delta.seconds();
    const auto& deltas = counts.deltas.items;
    sum->second.counted = sum->second.counted || std::any_of(deltas.begin(), deltas.end(), is_known);
    sum->second.in.add(counts.deltas, true, inside.seconds(), share);
    sum->second.out.add(counts.deltas, false, inside.seconds(), share);
    sum->second.unknown_protocols.add(counts.deltas[Counter::in_unknown_protos], all_packets_of(counts.deltas, true),
                                      inside.seconds(), share);
  });
}

/// All kinds of packets are one number there.
Deltas deltas_of(const store::StoredTraffic& traffic) {
  Deltas deltas;
  deltas[Counter::in_ucast_pkts] = traffic.in.packets;
  deltas[Counter::in_errors] = traffic.in.errors;
  deltas[Counter::in_discards] = traffic.in.discards;
  deltas[Counter::out_ucast_pkts] = traffic.out.packets;
  deltas[Counter::out_errors] = traffic.out.errors;
  deltas[Counter::out_discards] = traffic.out.discards;
  return deltas;
}

Result<> add_bins(store::Reader& reader, const store::SampleQuery& query, const store::StoredDevice& device,
                  const Span& window, SumsById& sums) {
  return reader.for_each_traffic(query, [&](const store::StoredTraffic& traffic) {
    const auto sum = sums.find(traffic.interface_id);
    const Span bin = known_span(traffic, device);
    const Span inside = intersection(bin, window);
    if (sum == sums.end() || bin.empty() || inside.empty()) return;
    const double share = inside.seconds() / bin.seconds();
    const auto seconds = [share](const store::StoredTraffic::Direction& direction) {
      return std::chrono::duration<double>(direction.covered).count() * share;
    };
    const Deltas deltas = deltas_of(traffic);
    sum->second.counted = sum->second.counted || traffic.in.covered.count() > 0 || traffic.out.covered.count() > 0;
    sum->second.in.add(deltas, true, seconds(traffic.in), share);
    sum->second.out.add(deltas, false, seconds(traffic.out), share);
  });
}

/// `summed`: as summed_window() says.
Result<> read_device(store::Reader& reader, const ErrorsQuery& query, const Selection& selection,
                     const store::StoredDevice& device, const std::optional<Span>& summed,
                     std::vector<InterfaceErrors>& found) {
  const Span polled = polled_in(query.window, device);
  if (polled.empty()) return {};
  const auto interfaces = interfaces_in(reader, query.window, device, selection);
  if (!interfaces) return tl::make_unexpected(interfaces.error());
  if (interfaces->empty()) return {};
  SumsById sums;
  for (const store::StoredInterface& one : *interfaces) sums.try_emplace(one.id);
  const auto samples = samples_of(device, interfaces->front().id, interfaces->back().id, summed.value_or(polled));
  auto read = summed ? add_bins(reader, samples, device, *summed, sums) : add_samples(reader, samples, polled, sums);
  if (!read) return read;
  const auto own = query.device_limits.find(device.name);
  for (const store::StoredInterface& one : *interfaces) {
    const InterfaceSums& sum = sums.at(one.id);
    InterfaceErrors made;
    made.device = device.name;
    made.interface = one.name;
    made.alias = one.alias;
    made.in = sum.in.result(polled.seconds(), sum.counted);
    made.out = sum.out.result(polled.seconds(), sum.counted);
    made.unknown_protocols = sum.unknown_protocols.count(polled.seconds(), sum.counted);
    if (!summed) made.flaps = sum.flaps;
    made.limits = own == query.device_limits.end() ? query.limits : own->second;
    made.health = health_of(made);
    found.push_back(std::move(made));
  }
  return {};
}

/// How many times the limits are exceeded by the worst of the ratios.
double excess(const InterfaceErrors& one) {
  double worst = -1.0;
  for (const DirectionErrors* direction : {&one.in, &one.out}) {
    const auto weigh = [&worst](const std::optional<double>& ratio, double limit) {
      // A limit of 0 is exceeded by anything.
      if (ratio) worst = std::max(worst, *ratio / std::max(limit, 1e-12));
    };
    weigh(direction->errors.ratio, one.limits.errors);
    weigh(direction->discards.ratio, one.limits.discards);
  }
  return worst;
}

}  // namespace

std::string_view to_string(Health health) noexcept {
  switch (health) {
    case Health::ok:
      return "ok";
    case Health::unknown:
      return "unknown";
    case Health::discards:
      return "discards";
    case Health::errors:
      return "errors";
  }
  return "unknown";
}

Result<> check(const ErrorsQuery& query) {
  if (auto sensible = check_window(query.window); !sensible) return sensible;
  const auto selection = Selection::compile(query.device_pattern, query.interface_pattern);
  if (!selection) return tl::make_unexpected(selection.error());
  return {};
}

Result<ErrorsReport> make_errors(store::Reader& reader, const ErrorsQuery& query) {
  if (auto sensible = check_window(query.window); !sensible) return tl::make_unexpected(sensible.error());
  const auto selection = Selection::compile(query.device_pattern, query.interface_pattern);
  if (!selection) return tl::make_unexpected(selection.error());
  const auto devices = reader.devices();
  if (!devices) return tl::make_unexpected(devices.error());
  // Samples say more, so they are read where they are there, however long the window is.
  constexpr std::chrono::seconds no_step{1};
  const auto summed = summed_window(reader, query.window, no_step);
  if (!summed) return tl::make_unexpected(summed.error());
  ErrorsReport report;
  report.window = query.window;
  report.by_sums = summed->has_value();
  for (const store::StoredDevice& device : *devices) {
    if (!selection->takes(device)) continue;
    auto read = read_device(reader, query, *selection, device, *summed, report.interfaces);
    if (!read) return tl::make_unexpected(read.error());
  }
  std::sort(report.interfaces.begin(), report.interfaces.end(), [](const InterfaceErrors& a, const InterfaceErrors& b) {
    const double of_a = excess(a), of_b = excess(b);
    if (of_a != of_b) return of_a > of_b;
    if (a.flaps != b.flaps) return a.flaps > b.flaps;
    return std::tie(a.device, a.interface) < std::tie(b.device, b.interface);
  });
  report.found = report.interfaces.size();
  if (query.top && *query.top < report.interfaces.size()) report.interfaces.resize(*query.top);
  return report;
}

}  // namespace octopoll::report
