#include "cli/check_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "cli/command.hpp"
#include "cli/progress_line.hpp"
#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/store/path.hpp"
#include "octopoll/store/reader.hpp"

namespace octopoll::cli {
namespace {

using Source = PlannedDevice::Source;

/// Of a device that nobody has asked: across a campus or a town.
constexpr auto assumed_round_trip = std::chrono::milliseconds(10);

std::string_view word_of(Source source) noexcept {
  switch (source) {
    case Source::store:
      return "store";
    case Source::probe:
      return "probe";
    case Source::assumed:
      return "assumed";
    case Source::unknown:
      break;
  }
  return "unknown";
}

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

Result<> take_wraps(PlannedDevice& planned, store::Reader& reader) {
  const auto narrow = reader.narrow_interfaces(planned.device->name);
  if (!narrow) return tl::make_unexpected(narrow.error());
  poll::WrapRisk risk;
  for (const store::NarrowInterface& one : *narrow) {
    if (poll::wraps_in(one.speed_bps) > planned.device->interval) continue;
    ++risk.interfaces;
    if (one.speed_bps <= risk.speed_bps) continue;
    risk.speed_bps = one.speed_bps;
    risk.fastest = one.name;
  }
  if (risk.interfaces == 0) return {};
  risk.wraps_in = poll::wraps_in(risk.speed_bps);
  planned.cost->wraps = std::move(risk);
  return {};
}

Result<> take_stored(std::vector<PlannedDevice>& plan, const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  auto reader = store::Reader::open(path);
  if (!reader) return tl::make_unexpected(reader.error());
  for (PlannedDevice& planned : plan) {
    const auto stored = (*reader)->typical_cost(planned.device->name);
    if (!stored) return tl::make_unexpected(stored.error());
    if (!*stored) continue;
    const store::TypicalCost& cost = **stored;
    planned.source = Source::store;
    planned.polls = cost.polls;
    planned.cost =
        poll::CycleCost{cost.interfaces, cost.requests, cost.octets_sent, cost.octets_received, cost.duration};
    if (auto taken = take_wraps(planned, **reader); !taken) return taken;
  }
  return {};
}

Result<> probe_unknown(std::vector<PlannedDevice>& plan) {
  auto interview = snmp::Interview::create();
  if (!interview) return tl::make_unexpected(interview.error());
  ProgressLine progress;
  for (PlannedDevice& planned : plan) {
    if (planned.cost) continue;
    progress.show([&] { return fmt::format("asking {}", planned.device->name); });
    planned.source = Source::probe;
    auto cost = poll::probe_cost(**interview, *planned.device);
    if (cost) {
      planned.cost = *cost;
    } else {
      planned.error = cost.error();
    }
  }
  return {};
}

poll::TotalCost total_of(const std::vector<PlannedDevice>& plan) {
  poll::TotalCost total;
  for (const PlannedDevice& planned : plan) {
    if (planned.cost) poll::add(total, *planned.cost, interval_of(planned));
  }
  return total;
}

std::size_t count_of(const std::vector<PlannedDevice>& plan, Source source) {
  return static_cast<std::size_t>(
      std::count_if(plan.begin(), plan.end(), [source](const auto& planned) { return planned.source == source; }));
}

std::size_t unknown_in(const std::vector<PlannedDevice>& plan) {
  return static_cast<std::size_t>(
      std::count_if(plan.begin(), plan.end(), [](const PlannedDevice& planned) { return !planned.cost; }));
}

std::vector<report::Cell> row_of(const PlannedDevice& planned) {
  const config::Device& device = *planned.device;
  const std::string_view source = planned.error ? "no answer" : word_of(planned.source);
  std::vector<report::Cell> row{{device.name, {}}, {std::string(source), {}}};
  if (!planned.cost) {
    row.insert(row.end(), {{}, {}, {}, {}, {}, {format_duration(device.interval), {}}, {}});
    return row;
  }
  const poll::CycleCost& cost = *planned.cost;
  const double share = poll::share_of_interval(cost, interval_of(planned));
  row.insert(row.end(), {{std::uint64_t{cost.interfaces}, {}},
                         {cost.requests, {}},
                         {cost.octets_sent, format_count(cost.octets_sent)},
                         {cost.octets_received, format_count(cost.octets_received)},
                         {seconds(cost.duration), fmt::format("{:.3f}", seconds(cost.duration))},
                         {format_duration(interval_of(planned)), {}},
                         {share, fmt::format("{:.2f} %", share * 100)}});
  return row;
}

}  // namespace

std::chrono::nanoseconds interval_of(const PlannedDevice& planned) noexcept {
  return poll::effective_interval(*planned.device, planned.cost ? planned.cost->wraps : std::nullopt);
}

Result<std::vector<PlannedDevice>> plan_costs(const config::Inventory& inventory, const PlanOptions& options) {
  std::vector<PlannedDevice> plan;
  for (const config::Device& device : inventory.devices) {
    PlannedDevice planned;
    planned.device = &device;
    plan.push_back(planned);
  }
  const auto path = store::default_store_path(options.db, inventory.store);
  if (!path) return tl::make_unexpected(path.error());
  std::cerr << fmt::format("octopoll check: store: {}\n", agent_text(path->string()));
  if (auto taken = take_stored(plan, *path); !taken) {
    if (options.db) return tl::make_unexpected(taken.error());
    print_error("check", taken.error());  // nobody named it, and a plan can be made without
  }
  if (options.probe) {
    if (auto probed = probe_unknown(plan); !probed) return tl::make_unexpected(probed.error());
  }
  for (PlannedDevice& planned : plan) {
    if (planned.cost || planned.error || options.assume == 0) continue;
    planned.source = Source::assumed;
    planned.cost = poll::assumed_cost(*planned.device, options.assume, assumed_round_trip);
  }
  // What is known may be from before the device had this bound.
  for (PlannedDevice& planned : plan) {
    if (!planned.cost) continue;
    planned.cost->duration =
        std::max(planned.cost->duration, poll::governed_duration(planned.cost->requests, *planned.device));
  }
  return plan;
}

report::Table plan_table(const std::vector<PlannedDevice>& plan) {
  using report::Align;
  report::Table table;
  table.columns = {{"device", "Device"},
                   {"source", "Known from"},
                   {"interfaces", "Interfaces", Align::right},
                   {"requests", "PDUs a cycle", Align::right},
                   {"octets_sent", "Octets sent", Align::right},
                   {"octets_received", "Octets received", Align::right},
                   {"seconds", "Seconds", Align::right},
                   {"interval", "Interval", Align::right},
                   {"share", "Share of it", Align::right}};
  for (const PlannedDevice& planned : plan) table.rows.push_back(row_of(planned));
  const poll::TotalCost total = total_of(plan);
  table.notes.push_back(fmt::format("{:.2f} PDUs/s; {} to the devices, {} from them", total.requests_per_second,
                                    format_bits_per_second(total.bits_per_second_out),
                                    format_bits_per_second(total.bits_per_second_in)));
  if (const std::size_t assumed = count_of(plan, Source::assumed); assumed != 0) {
    const auto known =
        std::find_if(plan.begin(), plan.end(), [](const auto& planned) { return planned.source == Source::assumed; });
    table.notes.push_back(
        fmt::format("Assumed for {}: {} with the counters that the inventory wants and a round trip of {}. --assume N "
                    "says how many interfaces, "
                    "--probe asks.",
                    format_counted(assumed, "device"), format_counted(known->cost->interfaces, "interface"),
                    format_duration(assumed_round_trip)));
  }
  if (const std::size_t unknown = unknown_in(plan); unknown != 0 && count_of(plan, Source::probe) != 0) {
    table.notes.push_back(fmt::format("Without {}, which did not answer.",
                                      unknown == 1 ? "one device" : fmt::format("{} devices", unknown)));
  } else if (unknown != 0) {
    table.notes.push_back(
        fmt::format("Without {}: the inventory does not say how many interfaces a device has. --probe asks those that "
                    "the store does not know.",
                    unknown == 1 ? "one device" : fmt::format("{} devices", unknown)));
  }
  return table;
}

nlohmann::ordered_json plan_json(const std::vector<PlannedDevice>& plan) {
  nlohmann::ordered_json devices = nlohmann::ordered_json::array();
  for (const PlannedDevice& planned : plan) {
    nlohmann::ordered_json device{{"name", planned.device->name}, {"source", word_of(planned.source)}};
    device["interval_s"] = seconds(interval_of(planned));
    if (planned.cost) {
      device["polls"] = planned.polls;
      device["interfaces"] = planned.cost->interfaces;
      device["requests"] = planned.cost->requests;
      device["octets_sent"] = planned.cost->octets_sent;
      device["octets_received"] = planned.cost->octets_received;
      device["seconds"] = seconds(planned.cost->duration);
      if (planned.cost->requests_with_tables) device["requests_with_tables"] = *planned.cost->requests_with_tables;
      device["share_of_interval"] = poll::share_of_interval(*planned.cost, interval_of(planned));
      if (const auto& wraps = planned.cost->wraps) {
        device["wraps"] = {{"interfaces", wraps->interfaces},
                           {"fastest", wraps->fastest},
                           {"speed_bps", wraps->speed_bps},
                           {"wraps_in_s", seconds(wraps->wraps_in)},
                           {"needs_interval_s", seconds(wraps->needs())}};
      }
    }
    if (planned.error) device["error"] = planned.error->text();
    devices.push_back(std::move(device));
  }
  const poll::TotalCost total = total_of(plan);
  nlohmann::ordered_json json{{"requests_per_second", total.requests_per_second},
                              {"bits_per_second_out", total.bits_per_second_out},
                              {"bits_per_second_in", total.bits_per_second_in},
                              {"devices_unknown", unknown_in(plan)}};
  json["devices"] = std::move(devices);
  return json;
}

}  // namespace octopoll::cli
