#include "report/selection.hpp"

#include "report/parts.hpp"

namespace octopoll::report {
namespace {

using Pattern = std::unique_ptr<re2::RE2>;

bool found_in(const store::StoredInterface& interface, const Pattern& pattern) {
  return takes(pattern, interface.name) || (interface.alias && takes(pattern, *interface.alias));
}

}  // namespace

Result<Selection> Selection::compile(const std::string& device, const std::string& interface,
                                     const std::string& exclude) {
  auto devices = compile_pattern("--device", device);
  if (!devices) return tl::make_unexpected(devices.error());
  auto interfaces = compile_pattern("--interface", interface);
  if (!interfaces) return tl::make_unexpected(interfaces.error());
  auto excluded = compile_pattern("--exclude", exclude);
  if (!excluded) return tl::make_unexpected(excluded.error());
  Selection selection;
  selection.device_ = std::move(*devices);
  selection.interface_ = std::move(*interfaces);
  selection.exclude_ = std::move(*excluded);
  return selection;
}

bool Selection::takes(const store::StoredDevice& device) const { return report::takes(device_, device.name); }

bool Selection::takes(const store::StoredInterface& interface) const {
  return found_in(interface, interface_) && !(exclude_ && found_in(interface, exclude_));
}

Span span_of(const TimeWindow& window) noexcept { return {PreciseTime(window.since), PreciseTime(window.until)}; }

Span polled_in(const TimeWindow& window, const store::StoredDevice& device) {
  return intersection(span_of(window), {PreciseTime(device.first_poll), PreciseTime(device.last_poll)});
}

Result<std::vector<store::StoredInterface>> interfaces_in(store::Reader& reader, const TimeWindow& window,
                                                          const store::StoredDevice& device,
                                                          const Selection& selection) {
  auto interfaces = reader.interfaces(device.id);
  if (!interfaces) return interfaces;
  std::erase_if(*interfaces, [&](const store::StoredInterface& one) {
    return !selection.takes(one) || one.first_seen >= window.until || one.last_seen < window.since;
  });
  return interfaces;
}

store::SampleQuery samples_of(const store::StoredDevice& device, std::int64_t first, std::int64_t last,
                              const Span& polled) {
  return {device.id, first, last, std::chrono::floor<std::chrono::milliseconds>(polled.begin),
          std::chrono::ceil<std::chrono::milliseconds>(polled.end)};
}

}  // namespace octopoll::report
