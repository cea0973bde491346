#include "report/rate_bounds.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>

#include "report/selection.hpp"

namespace octopoll::report {
namespace {

using store::RateCount;
using store::RateKind;

constexpr double unbounded = std::numeric_limits<double>::infinity();
constexpr double no_rate = -1.0;
constexpr std::chrono::seconds bin_length{300};

/// Bins of an interface's gaps that are read rather than let it be read in full.
constexpr std::uint64_t most_read = 600;

/// What of a histogram may lie in the window: of each kind the highest `most`, of which all but `outside` surely do.
class Cut {
 public:
  Cut(std::uint64_t inside, std::uint64_t whole) : inside_(inside), outside_(whole - inside) {}

  struct Part {
    std::uint64_t most, least;
  };
  /// Of each interface, speed and kind from the highest bucket down.
  Part take(std::int64_t id, const RateCount& count) {
    if (id != id_ || count.speed != speed_ || count.kind != kind_) {
      id_ = id;
      speed_ = count.speed;
      kind_ = count.kind;
      most_left_ = inside_;
      outside_left_ = outside_;
    }
    const std::uint64_t most = std::min<std::uint64_t>(count.bins, most_left_);
    const std::uint64_t out = std::min<std::uint64_t>(count.bins, outside_left_);
    most_left_ -= most;
    outside_left_ -= out;
    return {most, count.bins - out};
  }

 private:
  std::uint64_t inside_, outside_;
  std::int64_t id_ = -1;
  std::uint64_t speed_ = 0;
  RateKind kind_ = RateKind::in;
  std::uint64_t most_left_ = 0, outside_left_ = 0;
};

double mbps_of(std::uint64_t speed) { return static_cast<double>(speed - store::rate_speed_first) * 1e6; }

}  // namespace

Result<std::vector<RateBound>> RateBounds::of(store::Reader& reader, const store::StoredDevice& device,
                                              std::span<const store::StoredInterface> interfaces, const BinGrid& grid,
                                              store::RateDetail detail) {
  asked_ = interfaces;
  // Most buckets are never counted in; to clear them all for each device would cost more than to count.
  for (std::size_t place = 0; place < interfaces_.size(); ++place) {
    for (std::size_t way = 0; way < 2; ++way)
      std::fill_n(counts_of(place, way), interfaces_[place].ways[way].highest + 1, 0);
  }
  interfaces_.assign(interfaces.size(), {});
  if (counts_.size() < interfaces.size() * 2 * store::rate_buckets)
    counts_.assign(interfaces.size() * 2 * store::rate_buckets, 0);
  const auto sane = count(reader, device, grid, detail, false);
  if (!sane) return tl::make_unexpected(sane.error());
  std::vector<RateBound> bounds(interfaces.size(), {unbounded, unbounded});
  if (!*sane) return bounds;
  if (shares_ && std::any_of(interfaces_.begin(), interfaces_.end(), [](const Interface& one) { return one.mixed; })) {
    if (const auto counted = count(reader, device, grid, detail, true); !counted)
      return tl::make_unexpected(counted.error());
  }
  for (std::size_t place = 0; place < interfaces.size(); ++place) {
    bounds[place] = bound_of(place);
    if ((bounds[place].bps != unbounded && bounds[place].utilization != unbounded) || gap_bins_ > most_read) continue;
    if (auto read = read_rest(reader, device, grid, place); !read) return tl::make_unexpected(read.error());
    bounds[place] = bound_of(place);
  }
  return bounds;
}

// First the rates of all; then the shares of those whose speed changed, for which rates say too little. False where a
// histogram is damaged.
Result<bool> RateBounds::count(store::Reader& reader, const store::StoredDevice& device, const BinGrid& grid,
                               store::RateDetail detail, bool mixed) {
  const Span all = grid.whole();
  gaps_.clear();
  gap_bins_ = 0;
  bool sane = true;
  std::vector<Span> known;
  const auto take = [&](const store::StoredRates& rates) {
    const Span span{PreciseTime(rates.begin), PreciseTime(rates.begin + rates.length)};
    const Span inside = intersection(span, all);
    if (inside.empty() || !sane) return;
    known.push_back(inside);
    Cut cut(static_cast<std::uint64_t>((inside.end - inside.begin) / bin_length),
            static_cast<std::uint64_t>(rates.length / bin_length));
    std::size_t place = 0;
    sane = store::RateUnpacker(rates.packed).for_each([&](std::int64_t id, const RateCount& one) {
      while (place < asked_.size() && asked_[place].id < id) ++place;
      if (place == asked_.size() || asked_[place].id != id) return;
      Interface& interface = interfaces_[place];
      const bool is_share = one.kind == RateKind::in_share || one.kind == RateKind::out_share;
      const std::size_t way = one.kind == RateKind::in || one.kind == RateKind::in_share ? 0 : 1;
      Way& to = interface.ways[way];
      if (!mixed) {
        if (is_share) return;
        interface.mixed =
            interface.mixed || one.speed == store::rate_speed_varies || (interface.any && interface.speed != one.speed);
        interface.any = true;
        interface.speed = one.speed;
        const auto [most, least] = cut.take(id, one);
        counts_of(place, way)[one.bucket] += static_cast<std::uint32_t>(most);
        to.highest = std::max(to.highest, one.bucket);
        to.counted += most;
        to.least += least;
        return;
      }
      if (!interface.mixed || one.speed == store::rate_speed_unknown) return;
      if (is_share != (one.speed == store::rate_speed_varies)) return;
      const auto [most, least] = cut.take(id, one);
      const double top = is_share ? store::top_of_share_bucket(one.bucket)
                                  : store::top_of_rate_bucket(one.bucket) / mbps_of(one.speed);
      if (most != 0) to.shares.push_back({top, most});
      to.least_shares += least;
    });
  };
  auto read = reader.for_each_rates(device.id, std::chrono::floor<std::chrono::milliseconds>(all.begin),
                                    std::chrono::ceil<std::chrono::milliseconds>(all.end), detail, take);
  if (!read) return tl::make_unexpected(read.error());
  PreciseTime until = all.begin;
  const auto add_gap = [&](PreciseTime end) {
    if (end > until) gaps_.push_back({until, end});
  };
  for (const Span& span : known) {
    add_gap(span.begin);
    until = span.end;
  }
  add_gap(all.end);
  for (const Span& gap : gaps_) gap_bins_ += static_cast<std::uint64_t>((gap.end - gap.begin) / bin_length);
  return sane;
}

Result<> RateBounds::read_rest(store::Reader& reader, const store::StoredDevice& device, const BinGrid& grid,
                               std::size_t place) {
  Interface& interface = interfaces_[place];
  const std::int64_t id = asked_[place].id;
  for (const Span& gap : gaps_) {
    WallTime last = WallTime::min();
    auto read = reader.for_each_traffic(samples_of(device, id, id, gap), [&](const store::StoredTraffic& traffic) {
      const std::int64_t index = grid.index_of(PreciseTime(traffic.begin));
      if (traffic.interface_id != id || index < 0 || index >= static_cast<std::int64_t>(grid.size())) return;
      // A bin in two parts has an average between theirs. Where a clock was set back the open part comes after later
      // bins, and one too few is counted, which leaves a bound.
      const std::uint64_t another = traffic.begin > last ? 1 : 0;
      last = std::max(last, traffic.begin);
      for (const auto& [way, direction] :
           {std::pair{&interface.ways[0], &traffic.in}, {&interface.ways[1], &traffic.out}}) {
        if (direction->covered.count() <= 0) continue;
        const std::uint32_t bucket = store::bucket_of_rate(direction->octets, direction->covered.count());
        way->rates.push_back({store::top_of_rate_bucket(bucket), 1});
        way->least_read += another;
        if (direction->utilization_covered.count() <= 0) continue;
        way->shares.push_back({store::top_of_share_bucket(store::bucket_of_share(direction->utilization)), 1});
        way->least_shares += another;
      }
    });
    if (!read) return read;
  }
  interface.read = true;
  return {};
}

namespace {

/// The highest value that may be left when of at least `least` values a twentieth, rounded down, are dropped: `next`
/// gives them with how many there are, from the highest one down; `unknown` come before.
template <class Next>
double left_of(std::uint64_t least, std::uint64_t unknown, Next&& next) {
  std::uint64_t drop = least / 20;
  if (drop < unknown) return unbounded;
  drop -= unknown;
  for (double rate = no_rate; std::uint64_t bins = next(rate);) {
    if (drop < bins) return rate;
    drop -= bins;
  }
  return no_rate;
}

}  // namespace

double RateBounds::rates_of(std::size_t place, std::size_t way) const {
  const Interface& interface = interfaces_[place];
  const Way& of = interface.ways[way];
  std::vector<Value> read = of.rates;
  std::sort(read.begin(), read.end(), [](const Value& a, const Value& b) { return a.rate > b.rate; });
  const std::uint32_t* counts = counts_.data() + (2 * place + way) * store::rate_buckets;
  auto bucket = static_cast<std::int64_t>(of.counted == 0 ? 0 : of.highest + 1);
  std::size_t at = 0;
  const auto next = [&](double& rate) -> std::uint64_t {
    while (bucket > 0 && counts[bucket - 1] == 0) --bucket;
    const double counted = bucket > 0 ? store::top_of_rate_bucket(static_cast<std::uint32_t>(bucket - 1)) : no_rate;
    if (at < read.size() && read[at].rate >= counted) {
      rate = read[at].rate;
      return read[at++].bins;
    }
    if (bucket == 0) return 0;
    rate = counted;
    return counts[--bucket];
  };
  return left_of(of.least + of.least_read, interface.read ? 0 : gap_bins_, next);
}

double RateBounds::shares_of(std::size_t place, std::size_t way) const {
  const Interface& interface = interfaces_[place];
  const Way& of = interface.ways[way];
  std::vector<Value> shares = of.shares;
  std::uint64_t least = of.least_shares;
  if (!interface.mixed && interface.any && interface.speed >= store::rate_speed_first) {
    const double unit = mbps_of(interface.speed);
    const std::uint32_t* counts = counts_.data() + (2 * place + way) * store::rate_buckets;
    for (std::uint32_t bucket = 0; of.counted != 0 && bucket <= of.highest; ++bucket) {
      if (counts[bucket] != 0) shares.push_back({store::top_of_rate_bucket(bucket) / unit, counts[bucket]});
    }
    least += of.least;
  }
  std::sort(shares.begin(), shares.end(), [](const Value& a, const Value& b) { return a.rate > b.rate; });
  auto at = shares.begin();
  return left_of(least, interface.read ? 0 : gap_bins_, [&](double& rate) -> std::uint64_t {
    if (at == shares.end()) return 0;
    rate = at->rate;
    return (at++)->bins;
  });
}

RateBound RateBounds::bound_of(std::size_t place) const {
  RateBound bound{std::max(rates_of(place, 0), rates_of(place, 1)), 0.0};
  if (!shares_) return bound;
  const Interface& interface = interfaces_[place];
  const bool simple = !interface.read && !interface.mixed && interface.any;
  if (!simple) {
    bound.utilization = std::max(shares_of(place, 0), shares_of(place, 1));
  } else if (interface.speed < store::rate_speed_first) {
    bound.utilization = gap_bins_ == 0 ? no_rate : unbounded;
  } else {
    bound.utilization = bound.bps < 0.0 ? no_rate : bound.bps / mbps_of(interface.speed);
  }
  return bound;
}

}  // namespace octopoll::report
