#include "report/traffic_parts.hpp"

#include "octopoll/core/quality.hpp"
#include "report/selection.hpp"

namespace octopoll::report {
namespace {

double seconds_of(std::chrono::microseconds time) { return std::chrono::duration<double>(time).count(); }

std::optional<TrafficPart> part_of(const Span& window, PreciseTime end,
                                   const store::StoredSample::Direction& direction) {
  const Span delta{end - direction.elapsed, end};
  if (!makes_rate(direction.quality) || !direction.octets || delta.empty()) return std::nullopt;
  const Span inside = intersection(delta, window);
  if (inside.empty()) return std::nullopt;
  TrafficPart part;
  part.octets = *direction.octets;
  part.share = inside.seconds() / delta.seconds();
  part.seconds = inside.seconds();
  part.span = inside;
  part.bps = part.bps_max = static_cast<double>(part.octets) * 8.0 / delta.seconds();
  if (const auto& share = direction.utilization) part.utilization = {*share, *share, part.seconds, 1.0};
  return part;
}

std::optional<TrafficPart> part_of(const Span& window, const BinGrid& grid, const Span& bin,
                                   const store::StoredTraffic::Direction& direction) {
  const Span inside = intersection(bin, window);
  const double covered = seconds_of(direction.covered);
  if (inside.empty() || covered <= 0.0) return std::nullopt;
  TrafficPart part;
  part.octets = direction.octets;
  part.share = inside.seconds() / bin.seconds();
  part.seconds = covered * part.share;
  // When within a sum its traffic was is not known: steps of the device's first minutes do not cut it.
  part.span = intersection(inside, grid.whole());
  part.known = covered / bin.seconds();
  part.bps = static_cast<double>(part.octets) * 8.0 / covered;
  part.bps_max = direction.bps_max;
  const double known = seconds_of(direction.utilization_covered);
  if (known > 0.0) {
    part.utilization = {direction.utilization, direction.utilization_max, known * part.share, known / bin.seconds()};
  }
  return part;
}

}  // namespace

Span known_span(const store::StoredTraffic& traffic, const store::StoredDevice& device) noexcept {
  const Span bin{PreciseTime(traffic.begin), PreciseTime(traffic.begin + traffic.length)};
  const PreciseTime last = PreciseTime(device.last_poll);
  return last > bin.begin && last < bin.end ? Span{bin.begin, last} : bin;
}

Result<std::optional<Span>> summed_window(store::Reader& reader, const TimeWindow& window, std::chrono::seconds step) {
  const auto by_sums = reader.prefers_sums(window.since, window.until, step);
  if (!by_sums) return tl::make_unexpected(by_sums.error());
  return *by_sums ? std::optional(span_of(window)) : std::nullopt;
}

Result<> for_each_part(store::Reader& reader, const store::StoredDevice& device,
                       std::span<const store::StoredInterface> interfaces, const Span& polled,
                       const std::optional<Span>& summed, const BinGrid& grid,
                       const std::function<void(const InterfaceTraffic&)>& callback) {
  const auto query = samples_of(device, interfaces.front().id, interfaces.back().id, summed.value_or(polled));
  if (!summed) {
    return reader.for_each_sample(query, [&](const store::StoredSample& sample) {
      const PreciseTime end = PreciseTime(sample.read_at);
      callback({sample.interface_id, part_of(polled, end, sample.in), part_of(polled, end, sample.out)});
    });
  }
  return reader.for_each_traffic(query, [&](const store::StoredTraffic& traffic) {
    const Span bin = known_span(traffic, device);
    callback({traffic.interface_id, part_of(*summed, grid, bin, traffic.in), part_of(*summed, grid, bin, traffic.out)});
  });
}

}  // namespace octopoll::report
