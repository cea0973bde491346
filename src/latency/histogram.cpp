#include "octopoll/latency/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace octopoll::latency {
namespace {

using std::chrono::nanoseconds;

constexpr double buckets_a_doubling = 16.0;
constexpr double first_ns = 1000.0;

double begin_ns(double bucket) noexcept { return first_ns * std::exp2(bucket / buckets_a_doubling); }

}  // namespace

Histogram::Bucket Histogram::bucket_of(nanoseconds round_trip) noexcept {
  const double ns = static_cast<double>(round_trip.count());
  if (ns <= first_ns) return 0;
  auto bucket = static_cast<Bucket>(buckets_a_doubling * std::log2(ns / first_ns));
  // The logarithm of a value on the edge may come out on either side of it.
  if (round_trip >= begin_of(static_cast<Bucket>(bucket + 1))) ++bucket;
  if (bucket > 0 && round_trip < begin_of(bucket)) --bucket;
  return bucket;
}

nanoseconds Histogram::begin_of(Bucket bucket) noexcept { return nanoseconds(std::llround(begin_ns(bucket))); }
nanoseconds Histogram::middle_of(Bucket bucket) noexcept { return nanoseconds(std::llround(begin_ns(bucket + 0.5))); }

void Histogram::add(Bucket bucket, std::uint64_t count) {
  if (count == 0) return;
  buckets_[bucket] += count;
  count_ += count;
}

std::optional<nanoseconds> Histogram::percentile(unsigned percent) const {
  if (count_ == 0) return std::nullopt;
  const std::uint64_t rank = std::max<std::uint64_t>((count_ * percent + 99) / 100, 1);
  std::uint64_t seen = 0;
  for (const auto& [bucket, count] : buckets_) {
    seen += count;
    if (seen >= rank) return middle_of(bucket);
  }
  return middle_of(buckets_.rbegin()->first);
}

}  // namespace octopoll::latency
