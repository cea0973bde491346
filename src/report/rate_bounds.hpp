#pragma once
// What no interface's 95th percentile is above, from the histograms of rates that the store keeps.
//
// Of n values the floor(n / 20) highest are dropped and the next is the percentile. So it is no higher than what that
// leaves of values none of which is lower, where no value is missing and none is counted that may not be there. Of a
// day that the window cuts the highest may lie within, as many as it has bins there; of bins that are in no histogram
// each may have any rate, unless that alone would say nothing: then they are read.

#include <cstdint>
#include <span>
#include <vector>

#include "octopoll/store/rate_histogram.hpp"
#include "octopoll/store/reader.hpp"
#include "report/bins.hpp"

namespace octopoll::report {

/// Of the busier direction. Infinite: nothing is known; below 0: there is no rate.
struct RateBound {
  double bps = 0.0;
  double utilization = 0.0;
};

/// For the 5 minutes that for_each_part() tells of sums; reads a device at a time. Its memory is used again.
class RateBounds {
 public:
  /// `shares`: whether utilization is wanted, else it stays 0.
  explicit RateBounds(bool shares) : shares_(shares) {}
  /// Of `interfaces`, in ascending order of their ids, in the bins of `grid`. Errors: store.
  [[nodiscard]] Result<std::vector<RateBound>> of(store::Reader& reader, const store::StoredDevice& device,
                                                  std::span<const store::StoredInterface> interfaces,
                                                  const BinGrid& grid, store::RateDetail detail);

 private:
  struct Value {
    double rate;
    std::uint64_t bins;
  };
  /// One direction of an interface, beside its counts.
  struct Way {
    std::uint32_t highest = 0;     ///< bucket
    std::uint64_t counted = 0;     ///< in buckets
    std::uint64_t least = 0;       ///< of them surely in the window
    std::uint64_t least_read = 0;  ///< in bins that were read
    std::vector<Value> rates;      ///< of those
    std::vector<Value> shares;     ///< likewise, and all of an interface whose speed was not always the same
    std::uint64_t least_shares = 0;
  };
  struct Interface {
    std::uint64_t speed = 0;
    bool any = false;    ///< `speed` is of something
    bool mixed = false;  ///< other speeds, too
    bool read = false;   ///< what is in no histogram
    Way ways[2];
  };

  [[nodiscard]] Result<bool> count(store::Reader& reader, const store::StoredDevice& device, const BinGrid& grid,
                                   store::RateDetail detail, bool mixed);
  [[nodiscard]] Result<> read_rest(store::Reader& reader, const store::StoredDevice& device, const BinGrid& grid,
                                   std::size_t place);
  [[nodiscard]] RateBound bound_of(std::size_t place) const;
  [[nodiscard]] double rates_of(std::size_t place, std::size_t way) const;
  [[nodiscard]] double shares_of(std::size_t place, std::size_t way) const;
  [[nodiscard]] std::uint32_t* counts_of(std::size_t place, std::size_t way) {
    return counts_.data() + (2 * place + way) * store::rate_buckets;
  }

  bool shares_;
  std::span<const store::StoredInterface> asked_;
  std::vector<Interface> interfaces_;
  std::vector<std::uint32_t> counts_;  ///< by interface, direction and bucket
  std::vector<Span> gaps_;             ///< of the grid, that are in no histogram
  std::uint64_t gap_bins_ = 0;
};

}  // namespace octopoll::report
