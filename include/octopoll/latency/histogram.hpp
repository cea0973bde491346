#pragma once
// The distribution of many round trips in little room.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

namespace octopoll::latency {

/// Counts by buckets of equal ratio, sixteen to a doubling, from 1 us on: bucket b holds from 2^(b/16) us to below
/// 2^((b+1)/16) us, so that its middle is within 2.2 % of all that is in it. What is below 1 us is in bucket 0.
///
/// Shape: value type; takes room for the buckets that hold something, some tens in an hour of one target.
class Histogram {
 public:
  using Bucket = std::uint16_t;

  [[nodiscard]] static Bucket bucket_of(std::chrono::nanoseconds round_trip) noexcept;
  /// Where the bucket begins, to the nanosecond.
  [[nodiscard]] static std::chrono::nanoseconds begin_of(Bucket bucket) noexcept;
  /// The geometric middle.
  [[nodiscard]] static std::chrono::nanoseconds middle_of(Bucket bucket) noexcept;

  void add(std::chrono::nanoseconds round_trip) { add(bucket_of(round_trip), 1); }
  void add(Bucket bucket, std::uint64_t count);
  [[nodiscard]] const std::map<Bucket, std::uint64_t>& buckets() const noexcept { return buckets_; }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// By nearest rank, the middle of the bucket that holds it; `percent` from 1 to 100. nullopt of none.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> percentile(unsigned percent) const;

 private:
  std::map<Bucket, std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
};

}  // namespace octopoll::latency
