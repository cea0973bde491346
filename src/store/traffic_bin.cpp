#include "traffic_bin.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace octopoll::store {
namespace {

constexpr std::uint64_t bits_in_a_mbit = 1'000'000;
constexpr std::uint64_t most_32 = std::numeric_limits<std::uint32_t>::max();

__extension__ using Wide = unsigned __int128;

void sum(std::optional<std::uint64_t>& known, const std::optional<std::uint64_t>& more) noexcept {
  if (more) known = known.value_or(0) + *more;
}

template <class... Numbers>
std::optional<std::uint64_t> sum_of(const Numbers&... numbers) noexcept {
  std::optional<std::uint64_t> all;
  (sum(all, numbers), ...);
  return all;
}

/// Mbit/s, where that is the whole truth of both directions; 0: unknown in both.
std::optional<std::uint32_t> steady_mbps(const TrafficShare& share) noexcept {
  const std::uint64_t in = share.directions[0].speed_bps;
  const std::uint64_t mbps = in / bits_in_a_mbit;
  if (in != share.directions[1].speed_bps || in % bits_in_a_mbit != 0 || mbps >= most_32 - 1) return std::nullopt;
  return static_cast<std::uint32_t>(mbps);
}

/// Of octets that came at one speed.
UtilizationSum at_speed(double octets, std::int64_t covered_us, double bps_max, double speed_bps) noexcept {
  if (speed_bps <= 0.0 || covered_us == 0) return {};
  return {octets * 8e6 / speed_bps, covered_us, bps_max / speed_bps};
}
UtilizationSum at_speed(const TrafficShare::Direction& share) noexcept {
  return at_speed(static_cast<double>(share.octets), share.covered_us, share.bps, static_cast<double>(share.speed_bps));
}

enum class Toward : std::uint8_t { more, less };
/// Of more it says no less: the peak of some rates is the furthest of theirs. Unit: bit/s.
double peak_of(double bps, Toward toward) noexcept {
  if (bps < (1 << peak_bits)) return std::round(bps);
  int exponent = 0;
  static_cast<void>(std::frexp(bps, &exponent));
  // What a double is off by is no reason for another step.
  constexpr double noise = 1e-12;
  const double scaled = std::ldexp(bps, peak_bits - exponent);
  const double steps = toward == Toward::more ? std::ceil(scaled * (1 - noise)) : std::floor(scaled * (1 + noise));
  return std::ldexp(steps, exponent - peak_bits);
}

std::int64_t by_steps(std::int64_t covered_us) noexcept {
  return (covered_us + covered_step_us / 2) / covered_step_us * covered_step_us;
}

struct Part {
  std::int64_t from, to, span;
  [[nodiscard]] bool empty() const noexcept { return to <= from; }
  [[nodiscard]] std::uint64_t of(std::uint64_t whole) const noexcept {
    return until_part(whole, to, span) - until_part(whole, from, span);
  }
};
Part part_in(std::int64_t end_us, std::int64_t span_us, std::int64_t bin) noexcept {
  const std::int64_t begin_us = end_us - span_us;
  return {std::max(begin_us, bin * bin_us) - begin_us, std::min(end_us, (bin + 1) * bin_us) - begin_us, span_us};
}

}  // namespace

std::uint64_t until_part(std::uint64_t whole, std::int64_t part, std::int64_t span) noexcept {
  if (part == span) return whole;
  return static_cast<std::uint64_t>(Wide{whole} * static_cast<std::uint64_t>(part) / static_cast<std::uint64_t>(span));
}

std::int64_t TrafficSample::first_bin() const noexcept {
  return bin_of(end_us - std::max({span_us, directions[0].span_us, directions[1].span_us, std::int64_t{1}}));
}

std::int64_t TrafficSample::last_bin() const noexcept { return bin_of(end_us - 1); }

TrafficSample traffic_of(const InterfaceRecord& row, std::int64_t read_at_ms) noexcept {
  const auto shared = [](std::chrono::nanoseconds span) {
    const std::int64_t us = std::chrono::round<std::chrono::microseconds>(span).count();
    return us <= longest_shared_us ? us : 0;
  };
  TrafficSample sample;
  sample.end_us = read_at_ms * 1000;
  sample.span_us = shared(row.elapsed);
  const auto& deltas = row.deltas;
  for (const std::size_t way : {std::size_t{0}, std::size_t{1}}) {
    TrafficSample::Direction& direction = sample.directions[way];
    const auto of = [&deltas, way](Counter in) {
      return deltas[static_cast<Counter>(static_cast<std::size_t>(in) + way)];
    };
    const CounterDelta octets = of(Counter::in_octets);
    if (octets.value && makes_rate(octets.quality)) {
      direction.octets = *octets.value;
      direction.span_us = octets.elapsed.count() == 0 ? sample.span_us : shared(octets.elapsed);
    }
    direction.speed_bps = (way == 0 ? row.in_speed_bps : row.out_speed_bps).value_or(0);
    direction.packets = sum_of(of(Counter::in_ucast_pkts).value, of(Counter::in_multicast_pkts).value,
                               of(Counter::in_broadcast_pkts).value);
    direction.errors = of(Counter::in_errors).value;
    direction.discards = of(Counter::in_discards).value;
  }
  return sample;
}

TrafficShare share_of(const TrafficSample& sample, std::int64_t bin) noexcept {
  TrafficShare share;
  const Part others = part_in(sample.end_us, sample.span_us, bin);
  for (std::size_t way = 0; way < share.directions.size(); ++way) {
    const TrafficSample::Direction& from = sample.directions[way];
    TrafficShare::Direction& to = share.directions[way];
    to.speed_bps = from.speed_bps;
    const Part octets = part_in(sample.end_us, from.span_us, bin);
    if (!octets.empty()) {
      to.octets = octets.of(from.octets);
      to.covered_us = octets.to - octets.from;
      to.bps = from.bps();
    }
    if (others.empty()) continue;
    if (from.packets) to.packets = others.of(*from.packets);
    if (from.errors) to.errors = others.of(*from.errors);
    if (from.discards) to.discards = others.of(*from.discards);
  }
  return share;
}

bool TrafficShare::says_nothing() const noexcept {
  return std::all_of(directions.begin(), directions.end(), [](const Direction& one) {
    return one.covered_us == 0 && !one.packets && !one.errors && !one.discards;
  });
}

void UtilizationSum::add(const UtilizationSum& other) noexcept {
  share_us += other.share_us;
  covered_us += other.covered_us;
  max = std::max(max, other.max);
}

std::optional<UtilizationSum> TrafficBin::utilization(std::size_t direction) const noexcept {
  const Direction& of = directions[direction];
  const UtilizationSum sum = speed == Speed::steady
                                 ? at_speed(static_cast<double>(of.octets), of.covered_us, of.bps_max, speed_mbps * 1e6)
                                 : of.utilization;
  return sum.covered_us == 0 ? std::nullopt : std::optional(sum);
}

// From here on the speed is not one number any more.
void TrafficBin::unsettle() noexcept {
  for (std::size_t way = 0; way < directions.size(); ++way) {
    directions[way].utilization = utilization(way).value_or(UtilizationSum{});
  }
  speed = Speed::changing;
}

void TrafficBin::add(const TrafficShare& share) noexcept {
  if (share.says_nothing()) return;
  TrafficBin one;
  const auto mbps = steady_mbps(share);
  one.speed = !mbps ? Speed::changing : *mbps == 0 ? Speed::unknown : Speed::steady;
  one.speed_mbps = mbps.value_or(0);
  for (std::size_t way = 0; way < directions.size(); ++way) {
    const TrafficShare::Direction& from = share.directions[way];
    one.directions[way] = {
        from.octets,  from.covered_us, from.bps,     from.bps, mbps ? UtilizationSum{} : at_speed(from),
        from.packets, from.errors,     from.discards};
  }
  add(one);
}

void TrafficBin::add(const TrafficBin& other) noexcept {
  if (other.empty()) return;
  if (empty()) {
    *this = other;
    return;
  }
  if (speed == Speed::changing || speed != other.speed || speed_mbps != other.speed_mbps) {
    TrafficBin more = other;
    more.unsettle();
    unsettle();
    for (std::size_t way = 0; way < directions.size(); ++way) {
      directions[way].utilization.add(more.directions[way].utilization);
    }
  }
  for (std::size_t way = 0; way < directions.size(); ++way) {
    const Direction& from = other.directions[way];
    Direction& to = directions[way];
    if (from.covered_us > 0) {
      to.bps_max = std::max(to.bps_max, from.bps_max);
      to.bps_min = to.covered_us > 0 ? std::min(to.bps_min, from.bps_min) : from.bps_min;
    }
    to.octets += from.octets;
    to.covered_us += from.covered_us;
    sum(to.packets, from.packets);
    sum(to.errors, from.errors);
    sum(to.discards, from.discards);
  }
}

TrafficBin TrafficBin::as_row() const noexcept {
  TrafficBin row = *this;
  for (Direction& direction : row.directions) {
    if (direction.covered_us >= least_covered_by_steps_us) {
      direction.covered_us = by_steps(direction.covered_us);
      // Of a rate that stands still that alone would put the average beyond both.
      const double average = static_cast<double>(direction.octets) * 8e6 / static_cast<double>(direction.covered_us);
      direction.bps_max = std::max(direction.bps_max, average);
      direction.bps_min = std::min(direction.bps_min, average);
    }
    direction.bps_max = peak_of(direction.bps_max, Toward::more);
    direction.bps_min = peak_of(direction.bps_min, Toward::less);
  }
  return row;
}

namespace {

// Bits of OpenBin::State::known, to be moved by three for the other direction.
constexpr std::uint32_t knows_packets = 1;
constexpr std::uint32_t knows_errors = 2;
constexpr std::uint32_t knows_discards = 4;
constexpr std::size_t bits_a_direction = 3;

constexpr std::uint64_t most_48 = (std::uint64_t{1} << 48U) - 1;

template <class Sum>
bool has_room(Sum sum, std::uint64_t more) noexcept {
  return more <= std::uint64_t{std::numeric_limits<Sum>::max()} - sum;
}

// 71 minutes of overlapping spans, packets of 14 million a second.
bool has_room(const TrafficBin& bin, const TrafficShare& share) noexcept {
  for (std::size_t way = 0; way < bin.directions.size(); ++way) {
    const TrafficBin::Direction& here = bin.directions[way];
    const TrafficShare::Direction& more = share.directions[way];
    const auto fits = [](std::uint64_t sum, std::uint64_t one) { return sum <= most_32 && one <= most_32 - sum; };
    if (!fits(static_cast<std::uint64_t>(here.covered_us), static_cast<std::uint64_t>(more.covered_us))) return false;
    if (!fits(here.packets.value_or(0), more.packets.value_or(0))) return false;
    if (!fits(here.errors.value_or(0), more.errors.value_or(0))) return false;
    if (!fits(here.discards.value_or(0), more.discards.value_or(0))) return false;
  }
  return true;
}

}  // namespace

static_assert(sizeof(OpenBin) == 60, "there is one an interface");

void OpenBin::start(std::int64_t bin) noexcept {
  *this = {};
  state_.bin = static_cast<std::uint32_t>(bin) & 0x3ff'ffffU;
}

bool OpenBin::add(const TrafficShare& share) {
  if (share.says_nothing()) return true;
  if (has_room_here(share)) {
    add_here(share);
    return true;
  }
  TrafficBin* bin = elsewhere();
  if (!has_room(bin == nullptr ? whole() : *bin, share)) return false;
  if (bin == nullptr) {
    bin = std::make_unique<TrafficBin>(whole()).release();
    static_assert(sizeof sums_.octets_low == sizeof bin);
    sums_.octets_low = std::bit_cast<Both>(bin);
    state_.speed = is_elsewhere;
  }
  bin->add(share);
  return true;
}

bool OpenBin::has_room_here(const TrafficShare& share) const noexcept {
  if (state_.speed == is_elsewhere) return false;
  const auto mbps = steady_mbps(share);
  if (!mbps || (state_.speed != *mbps && !empty())) return false;
  return sums_.has_room(0, share.directions[0]) && sums_.has_room(1, share.directions[1]);
}

bool OpenBin::Sums::has_room(std::size_t way, const TrafficShare::Direction& more) const noexcept {
  using store::has_room;
  return more.octets <= most_48 - octets(way) &&
         has_room(covered_us[way], static_cast<std::uint64_t>(more.covered_us)) &&
         has_room(packets[way], more.packets.value_or(0)) && has_room(errors[way], more.errors.value_or(0)) &&
         has_room(discards[way], more.discards.value_or(0));
}

void OpenBin::add_here(const TrafficShare& share) noexcept {
  state_.speed = *steady_mbps(share);
  std::uint32_t known = state_.known;
  for (std::size_t way = 0; way < share.directions.size(); ++way) {
    const TrafficShare::Direction& more = share.directions[way];
    sums_.add(way, more);
    const std::uint32_t knows =
        (more.packets ? knows_packets : 0U) | (more.errors ? knows_errors : 0U) | (more.discards ? knows_discards : 0U);
    known |= knows << way * bits_a_direction;
  }
  state_.known = known & 0x3fU;
}

// The peak of a row of some rates is the furthest of their peaks of a row, so these will do.
void OpenBin::Sums::add(std::size_t way, const TrafficShare::Direction& more) noexcept {
  if (more.covered_us > 0) {
    float& highest = bps_max[way];
    float& lowest = bps_min[way];
    if (more.bps > double{highest}) highest = static_cast<float>(peak_of(more.bps, Toward::more));
    if (covered_us[way] == 0 || more.bps < double{lowest}) lowest = static_cast<float>(peak_of(more.bps, Toward::less));
    const std::uint64_t all = octets(way) + more.octets;
    octets_low[way] = static_cast<std::uint32_t>(all & most_32);
    octets_high[way] = static_cast<std::uint16_t>(all >> 32U);
    covered_us[way] += static_cast<std::uint32_t>(more.covered_us);
  }
  const auto take = [](auto& sum, const std::optional<std::uint64_t>& one) {
    sum = static_cast<std::decay_t<decltype(sum)>>(sum + one.value_or(0));
  };
  take(packets[way], more.packets);
  take(errors[way], more.errors);
  take(discards[way], more.discards);
}

TrafficBin OpenBin::whole() const noexcept {
  TrafficBin bin;
  if (empty()) return bin;
  if (const TrafficBin* all = elsewhere()) return *all;
  bin.speed = state_.speed == 0 ? TrafficBin::Speed::unknown : TrafficBin::Speed::steady;
  bin.speed_mbps = state_.speed;
  for (std::size_t way = 0; way < bin.directions.size(); ++way) {
    TrafficBin::Direction& to = bin.directions[way];
    to.octets = sums_.octets(way);
    to.covered_us = sums_.covered_us[way];
    to.bps_max = sums_.bps_max[way];
    to.bps_min = sums_.bps_min[way];
    const std::uint32_t known = state_.known >> way * bits_a_direction;
    if ((known & knows_packets) != 0) to.packets = sums_.packets[way];
    if ((known & knows_errors) != 0) to.errors = sums_.errors[way];
    if ((known & knows_discards) != 0) to.discards = sums_.discards[way];
  }
  return bin;
}

}  // namespace octopoll::store
