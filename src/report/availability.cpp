#include "octopoll/report/availability.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "report/parts.hpp"

namespace octopoll::report {
namespace {

constexpr std::array<std::string_view, 3> order_words{"worst", "state", "name"};
static_assert(order_words.size() == static_cast<std::size_t>(AvailabilityOrder::name) + 1);

void sort(std::vector<DeviceAvailability>& devices, AvailabilityOrder order);

}  // namespace

Result<AvailabilityOrder> availability_order_from(std::string_view word) {
  const auto place = place_of_order(word, order_words);
  if (!place) return tl::make_unexpected(place.error());
  return static_cast<AvailabilityOrder>(*place);
}

std::string availability_orders() { return list_of(order_words); }

Result<> check(const AvailabilityQuery& query) {
  if (auto sensible = check_window(query.window); !sensible) return sensible;
  const auto pattern = compile_pattern("--device", query.device_pattern);
  if (!pattern) return tl::make_unexpected(pattern.error());
  return {};
}

Result<AvailabilityReport> make_availability(store::Reader& reader, const AvailabilityQuery& query) {
  if (auto sensible = check_window(query.window); !sensible) return tl::make_unexpected(sensible.error());
  const auto pattern = compile_pattern("--device", query.device_pattern);
  if (!pattern) return tl::make_unexpected(pattern.error());
  const auto devices = reader.devices();
  if (!devices) return tl::make_unexpected(devices.error());
  const auto targets = reader.ping_targets();
  if (!targets) return tl::make_unexpected(targets.error());
  std::map<std::string_view, std::int64_t> pinged;
  for (const store::StoredTarget& target : *targets) {
    if (target.is_device) pinged.emplace(target.name, target.id);
  }

  AvailabilityReport report;
  report.window = query.window;
  for (const store::StoredDevice& device : *devices) {
    const WallTime since = std::max(query.window.since, device.first_poll);
    const WallTime until = query.window.until;
    if (!takes(*pattern, device.name) || since >= until) continue;
    const auto polls = reader.polls_answered(device.id, since, until);
    if (!polls) return tl::make_unexpected(polls.error());
    std::vector<latency::Observation> rounds;
    if (const auto target = pinged.find(device.name); target != pinged.end()) {
      auto read = reader.rounds_answered(target->second, since, until);
      if (!read) return tl::make_unexpected(read.error());
      rounds = std::move(*read);
    }
    report.devices.push_back({device.name, latency::availability_of(std::move(rounds), *polls, since, until)});
  }
  sort(report.devices, query.order);
  report.found = report.devices.size();
  if (query.top && *query.top < report.found) {
    report.devices.erase(report.devices.begin() + static_cast<std::ptrdiff_t>(*query.top), report.devices.end());
  }
  return report;
}

namespace {

int urgency(latency::Reachability state) {
  switch (state) {
    case latency::Reachability::down:
      return 0;
    case latency::Reachability::icmp_only:
      return 1;
    case latency::Reachability::snmp_only:
      return 2;
    case latency::Reachability::unknown:
      return 3;
    case latency::Reachability::up:
      return 4;
  }
  return 4;
}

// The least first: of the worst, devices that are alike in reachable time by how much of it both protocols answered.
void sort(std::vector<DeviceAvailability>& devices, AvailabilityOrder order) {
  const auto worst = [](const DeviceAvailability& one) {
    const latency::Availability& made = one.availability;
    return std::tuple(made.reachable_share().value_or(2.0), made.snmp.share().value_or(1.0),
                      made.icmp.share().value_or(1.0), std::string_view(one.device));
  };
  const auto state = [](const DeviceAvailability& one) {
    return std::tuple(urgency(one.availability.state), one.availability.since, std::string_view(one.device));
  };
  switch (order) {
    case AvailabilityOrder::worst:
      std::sort(devices.begin(), devices.end(), [&](const auto& a, const auto& b) { return worst(a) < worst(b); });
      return;
    case AvailabilityOrder::state:
      std::sort(devices.begin(), devices.end(), [&](const auto& a, const auto& b) { return state(a) < state(b); });
      return;
    case AvailabilityOrder::name:
      std::sort(devices.begin(), devices.end(), [](const auto& a, const auto& b) { return a.device < b.device; });
      return;
  }
}

}  // namespace
}  // namespace octopoll::report
