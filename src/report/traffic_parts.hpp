#pragma once
// What the store knows of interfaces' traffic in a window, from samples or from sums of 5 minutes.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "octopoll/core/result.hpp"
#include "octopoll/report/time_window.hpp"
#include "octopoll/store/reader.hpp"
#include "report/bins.hpp"

namespace octopoll::report {

/// One direction of a sample, or of a sum, as far as it lies in the window.
struct TrafficPart {
  struct Utilization {
    double average = 0.0;
    double max = 0.0;
    double seconds = 0.0;  ///< in which the speed was known
    double known = 1.0;    ///< the share of `span` that they are
  };
  std::uint64_t octets = 0;  ///< of all of it, also of what lies without
  double share = 1.0;        ///< of it that lies within, by time
  double seconds = 0.0;      ///< within, that true deltas cover
  Span span;                 ///< where those are
  double known = 1.0;        ///< the share of `span` that they are
  double bps = 0.0;          ///< in `seconds`
  double bps_max = 0.0;      ///< of a single sample
  std::optional<Utilization> utilization;
};
/// Where nothing true is known of a direction it is absent.
struct InterfaceTraffic {
  std::int64_t interface_id = 0;
  std::optional<TrafficPart> in, out;
};

/// Of a sum's time, what may be known: the device's last bin ends with its last reading, for nothing is behind that.
[[nodiscard]] Span known_span(const store::StoredTraffic& traffic, const store::StoredDevice& device) noexcept;

/// The window of the sums that are to be read in place of samples; nullopt: samples are. Errors: store.
[[nodiscard]] Result<std::optional<Span>> summed_window(store::Reader& reader, const TimeWindow& window,
                                                        std::chrono::seconds step);

/// Hands out all parts of a device's `interfaces`, whose ids are in order; there may be those of ids between. `polled`:
/// of the window, when the device was; `grid`: over that. Errors: store.
[[nodiscard]] Result<> for_each_part(store::Reader& reader, const store::StoredDevice& device,
                                     std::span<const store::StoredInterface> interfaces, const Span& polled,
                                     const std::optional<Span>& summed, const BinGrid& grid,
                                     const std::function<void(const InterfaceTraffic&)>& callback);

}  // namespace octopoll::report
