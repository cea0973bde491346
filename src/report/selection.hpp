#pragma once
// Which devices and interfaces a report is about, and when they were polled.

#include <re2/re2.h>
#include <memory>
#include <string>
#include <vector>

#include "octopoll/core/result.hpp"
#include "octopoll/report/time_window.hpp"
#include "octopoll/store/reader.hpp"
#include "report/bins.hpp"

namespace octopoll::report {

/// Patterns of the options, compiled once.
class Selection {
 public:
  /// Found anywhere in a device's name, and in an interface's name or alias; empty: all. `exclude`: of interfaces,
  /// empty: none. Errors: usage, naming the option.
  [[nodiscard]] static Result<Selection> compile(const std::string& device, const std::string& interface,
                                                 const std::string& exclude = {});

  [[nodiscard]] bool takes(const store::StoredDevice& device) const;
  [[nodiscard]] bool takes(const store::StoredInterface& interface) const;

 private:
  std::unique_ptr<re2::RE2> device_;     // null: all
  std::unique_ptr<re2::RE2> interface_;  // likewise
  std::unique_ptr<re2::RE2> exclude_;    // null: none
};

[[nodiscard]] Span span_of(const TimeWindow& window) noexcept;
/// The part of the window in which the device was polled.
[[nodiscard]] Span polled_in(const TimeWindow& window, const store::StoredDevice& device);

/// The device's interfaces that are selected and were there in the window.
[[nodiscard]] Result<std::vector<store::StoredInterface>> interfaces_in(store::Reader& reader, const TimeWindow& window,
                                                                        const store::StoredDevice& device,
                                                                        const Selection& selection);

/// Samples of these interfaces, whose ids are in order, that overlap `polled`; there may be those of ids between.
[[nodiscard]] store::SampleQuery samples_of(const store::StoredDevice& device, std::int64_t first, std::int64_t last,
                                            const Span& polled);

}  // namespace octopoll::report
