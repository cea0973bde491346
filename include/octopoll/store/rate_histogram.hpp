#pragma once
// How often each of a device's interfaces had which rate, over bins of 5 minutes. Pure.
//
// A percentile of a month is bounded by what its days say here, so that a report need read in full only the interfaces
// that may come first. Rates are counted in buckets, none more than a sixteenth of its lower end wide; those of
// different speeds apart, since the share of the link follows from rate and speed.
//
//     packed        octet 1, the format; then the interfaces, in ascending order:
//     an interface  varint its id less the one before; varint how many groups, in ascending order of their speeds
//     a group       varint speed: 0 not known, 1 not the same in both directions or within a bin, else 2 + Mbit/s;
//                   counts of in, of out; at speed 1 those of the shares of the link, too, times 2^30
//     counts        varint how many buckets; where there are any, varint the highest; then from that one down
//     a bucket      octet: how far below the one before (the first: 1) in 3 bits, and 8 times its count; where one has
//                   no room it is 0, and a varint follows: of the distance, then of the count

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace octopoll::store {

/// What is counted of an interface.
enum class RateKind : std::uint8_t { in, out, in_share, out_share };

inline constexpr std::uint32_t rate_buckets = 1025;
/// Of a rate, or of share_unit times a share of the link. 0 has a bucket to itself.
[[nodiscard]] std::uint32_t rate_bucket(double rate) noexcept;
/// No rate of that bucket is above it.
[[nodiscard]] double top_of_rate_bucket(std::uint32_t bucket) noexcept;
inline constexpr double share_unit = 1U << 30U;

/// Of a bin. Whoever counts bins and whoever bounds what was not counted must come to the same bucket.
[[nodiscard]] std::uint32_t bucket_of_rate(std::uint64_t octets, std::int64_t covered_us) noexcept;
[[nodiscard]] std::uint32_t bucket_of_share(double share) noexcept;
[[nodiscard]] double top_of_share_bucket(std::uint32_t bucket) noexcept;

inline constexpr std::uint64_t rate_speed_unknown = 0;
inline constexpr std::uint64_t rate_speed_varies = 1;
inline constexpr std::uint64_t rate_speed_first = 2;  ///< and Mbit/s

/// How many bins of 5 minutes had a rate of a bucket.
struct RateCount {
  std::uint64_t speed = rate_speed_unknown;
  RateKind kind = RateKind::in;
  std::uint32_t bucket = 0;
  std::uint32_t bins = 0;
};

/// What is counted of one interface, in any order.
class RateTally {
 public:
  void add(const RateCount& count);
  [[nodiscard]] bool empty() const noexcept { return counts_.empty(); }
  void clear() noexcept { counts_.clear(); }
  /// Of each kind at most two buckets, no rate lower than it is here: a twentieth, rounded down, as the highest one,
  /// the rest as the highest of the rest. A percentile is bounded by it nearly as well, and it takes next to nothing.
  [[nodiscard]] RateTally rounded_up();

 private:
  friend class RatePacker;
  struct Counted {
    std::uint64_t key;  // speed, kind and bucket, in the order in which they are packed
    std::uint32_t bins;
  };
  void settle();
  std::vector<Counted> counts_;
};

/// Makes the octets of one device.
class RatePacker {
 public:
  RatePacker();
  /// Of an interface whose id is above all before.
  void add(std::int64_t interface_id, RateTally& tally);
  [[nodiscard]] std::span<const std::uint8_t> packed() const noexcept { return octets_; }

 private:
  void varint(std::uint64_t number);
  std::vector<std::uint8_t> octets_;
  std::int64_t last_id_ = -1;
};

/// Reads what RatePacker has made; each step is false where the octets are not of that form.
class RateUnpacker {
 public:
  explicit RateUnpacker(std::span<const std::uint8_t> packed) noexcept;

  /// Calls `take(interface_id, count)` for each count, of each kind from the highest bucket down. False: what came so
  /// far is not to be trusted either.
  template <class Take>
  [[nodiscard]] bool for_each(Take&& take) {
    std::uint64_t id = 0;
    for (bool first = true; sane_ && next_ != end_; first = false) {
      const std::uint64_t more = varint();
      if (!first && more == 0) return false;
      id += more;
      const std::uint64_t groups = varint();
      if (id > most_id || groups > most_groups) return false;
      for (std::uint64_t group = 0; sane_ && group < groups; ++group) {
        RateCount count;
        count.speed = varint();
        const int kinds = count.speed == rate_speed_varies ? 4 : 2;
        for (int kind = 0; sane_ && kind < kinds; ++kind) {
          count.kind = static_cast<RateKind>(kind);
          if (!counts(static_cast<std::int64_t>(id), count, take)) return false;
        }
      }
    }
    return sane_;
  }

 private:
  static constexpr std::uint64_t most_id = (std::uint64_t{1} << 24U) - 1;
  static constexpr std::uint64_t most_groups = 4096;
  static constexpr std::uint64_t most_bins = 1U << 20U;

  template <class Take>
  [[nodiscard]] bool counts(std::int64_t id, RateCount& count, Take&& take) {
    const std::uint64_t buckets = varint();
    if (buckets == 0) return sane_;
    std::uint64_t bucket = varint() + 1;
    for (std::uint64_t each = 0; each < buckets; ++each) {
      if (!sane_ || next_ == end_) return false;
      const std::uint8_t both = *next_++;
      std::uint64_t below = both & 7U;
      if (below == 0) below = varint();
      std::uint64_t bins = both >> 3U;
      if (bins == 0) bins = varint();
      if (!sane_ || below == 0 || below > bucket || bins == 0 || bins > most_bins) return false;
      bucket -= below;
      if (bucket >= rate_buckets) return false;
      count.bucket = static_cast<std::uint32_t>(bucket);
      count.bins = static_cast<std::uint32_t>(bins);
      take(id, static_cast<const RateCount&>(count));
    }
    return true;
  }
  [[nodiscard]] std::uint64_t varint() noexcept {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && next_ != end_; shift += 7) {
      const std::uint8_t octet = *next_++;
      number |= static_cast<std::uint64_t>(octet & 0x7FU) << shift;
      if ((octet & 0x80U) == 0) return number;
    }
    sane_ = false;
    return 0;
  }

  const std::uint8_t* next_;
  const std::uint8_t* end_;
  bool sane_;
};

}  // namespace octopoll::store
