#include "octopoll/store/rate_histogram.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace octopoll::store {
namespace {

// The buckets above 0 are cut out of a double's exponent and the four highest bits of its mantissa.
constexpr unsigned mantissa_bits = 52;
constexpr unsigned kept_bits = 4;
constexpr std::uint64_t lowest = (1023U - 16U) << kept_bits;  // of 2^-16, below any octet in a day
constexpr std::uint32_t last_bucket = rate_buckets - 1;

constexpr std::uint8_t format = 1;
constexpr std::uint64_t most_below = 7;
constexpr std::uint64_t most_count = 31;

// From the lowest bit: the bucket counted from the highest one down, the kind, the speed.
constexpr unsigned kind_at = 11;
constexpr unsigned speed_at = 13;
constexpr std::uint64_t bucket_mask = (1U << kind_at) - 1;

constexpr std::uint32_t bucket_of(std::uint64_t key) {
  return last_bucket - static_cast<std::uint32_t>(key & bucket_mask);
}

}  // namespace

std::uint32_t rate_bucket(double rate) noexcept {
  if (!(rate > 0.0)) return 0;
  const std::uint64_t place = std::bit_cast<std::uint64_t>(rate) >> (mantissa_bits - kept_bits);
  if (place <= lowest) return 1;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(place - lowest + 1, last_bucket));
}

double top_of_rate_bucket(std::uint32_t bucket) noexcept {
  if (bucket == 0) return 0.0;
  if (bucket >= last_bucket) return std::numeric_limits<double>::infinity();
  // Whoever reckons a rate in another order of operations may come out a few units in the last place higher.
  constexpr double room = 1.0 + 1e-9;
  return std::bit_cast<double>((lowest + bucket) << (mantissa_bits - kept_bits)) * room;
}

std::uint32_t bucket_of_rate(std::uint64_t octets, std::int64_t covered_us) noexcept {
  return rate_bucket(static_cast<double>(octets) * 8e6 / static_cast<double>(covered_us));
}

std::uint32_t bucket_of_share(double share) noexcept { return rate_bucket(share * share_unit); }

double top_of_share_bucket(std::uint32_t bucket) noexcept { return top_of_rate_bucket(bucket) / share_unit; }

void RateTally::add(const RateCount& count) {
  const std::uint64_t key = count.speed << speed_at | static_cast<std::uint64_t>(count.kind) << kind_at |
                            (last_bucket - std::min(count.bucket, last_bucket));
  counts_.push_back({key, count.bins});
}

// In the order of packing, each key once.
void RateTally::settle() {
  if (counts_.empty()) return;
  std::sort(counts_.begin(), counts_.end(), [](const Counted& a, const Counted& b) { return a.key < b.key; });
  std::size_t last = 0;
  for (std::size_t each = 1; each < counts_.size(); ++each) {
    if (counts_[each].key == counts_[last].key) {
      counts_[last].bins += counts_[each].bins;
    } else {
      counts_[++last] = counts_[each];
    }
  }
  counts_.resize(last + 1);
}

RateTally RateTally::rounded_up() {
  settle();
  RateTally rounded;
  for (auto first = counts_.begin(); first != counts_.end();) {
    std::uint32_t bins = 0;
    const auto end = std::find_if(first, counts_.end(),
                                  [first](const Counted& one) { return one.key >> kind_at != first->key >> kind_at; });
    for (auto one = first; one != end; ++one) bins += one->bins;
    const std::uint32_t above = bins / 20;
    auto rest = first;
    for (std::uint32_t seen = first->bins; seen <= above; seen += (++rest)->bins) {
    }
    if (above != 0) rounded.counts_.push_back({first->key, above});
    rounded.counts_.push_back({rest->key, bins - above});
    first = end;
  }
  return rounded;
}

RatePacker::RatePacker() : octets_(1, format) {}

void RatePacker::varint(std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) octets_.push_back(static_cast<std::uint8_t>(number | 0x80U));
  octets_.push_back(static_cast<std::uint8_t>(number));
}

void RatePacker::add(std::int64_t interface_id, RateTally& tally) {
  if (tally.empty()) return;
  tally.settle();
  const auto& counts = tally.counts_;
  varint(static_cast<std::uint64_t>(interface_id - std::max<std::int64_t>(last_id_, 0)));
  last_id_ = interface_id;
  std::uint64_t groups = 1;
  for (std::size_t each = 1; each < counts.size(); ++each)
    groups += counts[each].key >> speed_at == counts[each - 1].key >> speed_at ? 0 : 1;
  varint(groups);
  auto next = counts.begin();
  while (next != counts.end()) {
    const std::uint64_t speed = next->key >> speed_at;
    varint(speed);
    const std::uint64_t kinds = speed == rate_speed_varies ? 4 : 2;
    for (std::uint64_t kind = 0; kind < kinds; ++kind) {
      const std::uint64_t wanted = speed << (speed_at - kind_at) | kind;
      const auto end =
          std::find_if(next, counts.end(), [wanted](const auto& one) { return one.key >> kind_at != wanted; });
      varint(static_cast<std::uint64_t>(end - next));
      if (next == end) continue;
      std::uint64_t above = bucket_of(next->key) + 1;
      varint(above - 1);
      for (; next != end; ++next) {
        const std::uint64_t below = above - bucket_of(next->key);
        above -= below;
        const bool near = below <= most_below;
        const bool few = next->bins <= most_count;
        octets_.push_back(static_cast<std::uint8_t>((near ? below : 0) | (few ? next->bins << 3U : 0)));
        if (!near) varint(below);
        if (!few) varint(next->bins);
      }
    }
  }
}

RateUnpacker::RateUnpacker(std::span<const std::uint8_t> packed) noexcept
    : next_(packed.data()), end_(packed.data() + packed.size()), sane_(!packed.empty() && packed.front() == format) {
  if (sane_) ++next_;
}

}  // namespace octopoll::store
