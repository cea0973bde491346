#pragma once
// A bin of 5 minutes as the histograms of rates count it. Pure.

#include "octopoll/store/rate_histogram.hpp"
#include "traffic_bin.hpp"

namespace octopoll::store {

/// Adds the rates of both directions; their shares of the link, too, where its speed changed within the bin.
void count_rates(const TrafficBin& bin, RateTally& tally);

}  // namespace octopoll::store
