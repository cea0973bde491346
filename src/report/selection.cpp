#include "report/selection.hpp"

#include <fmt/format.h>

#include "octopoll/core/text.hpp"

namespace octopoll::report {
namespace {

Result<std::unique_ptr<re2::RE2>> compile_one(std::string_view option, const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_unique<re2::RE2>(pattern, options);
  if (!compiled->ok()) {
    return fail(ErrorKind::usage,
                fmt::format("{} \"{}\" is no regular expression: {}", option, agent_text(pattern), compiled->error()),
                "the syntax is RE2's (https://github.com/google/re2/wiki/Syntax); a dot or bracket to be taken as it is"
                " needs a backslash");
  }
  return compiled;
}

bool found_in(const store::StoredInterface& interface, const re2::RE2& pattern) {
  return re2::RE2::PartialMatch(interface.name, pattern) ||
         (interface.alias && re2::RE2::PartialMatch(*interface.alias, pattern));
}

}  // namespace

Result<Selection> Selection::compile(const std::string& device, const std::string& interface,
                                     const std::string& exclude) {
  Selection selection;
  auto devices = compile_one("--device", device);
  if (!devices) return tl::make_unexpected(devices.error());
  selection.device_ = std::move(*devices);
  auto interfaces = compile_one("--interface", interface);
  if (!interfaces) return tl::make_unexpected(interfaces.error());
  selection.interface_ = std::move(*interfaces);
  if (exclude.empty()) return selection;
  auto excluded = compile_one("--exclude", exclude);
  if (!excluded) return tl::make_unexpected(excluded.error());
  selection.exclude_ = std::move(*excluded);
  return selection;
}

bool Selection::takes(const store::StoredDevice& device) const { return re2::RE2::PartialMatch(device.name, *device_); }

bool Selection::takes(const store::StoredInterface& interface) const {
  return found_in(interface, *interface_) && !(exclude_ && found_in(interface, *exclude_));
}

Result<> check(const TimeWindow& window) {
  if (window.until > window.since) return {};
  return fail(ErrorKind::usage,
              fmt::format("--until ({}) is not after --since ({})", utc_text(window.until), utc_text(window.since)),
              "both are moments; a duration such as 1h counts back from now");
}

Span polled_in(const TimeWindow& window, const store::StoredDevice& device) {
  return intersection({PreciseTime(window.since), PreciseTime(window.until)},
                      {PreciseTime(device.first_poll), PreciseTime(device.last_poll)});
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
