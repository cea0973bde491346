// The availability report as rows, for people and for machines.

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/report/availability.hpp"
#include "report/cells.hpp"
#include "report/parts.hpp"

namespace octopoll::report {
namespace {

using latency::Availability;
using latency::Reachability;
using std::chrono::milliseconds;

constexpr std::array<std::string_view, 4> least_telling{"changes", "unknown", "since", "icmp"};

double seconds(milliseconds time) { return std::chrono::duration<double>(time).count(); }
Cell time_cell(const Availability& availability, Reachability state);
std::vector<std::string> notes_of(const AvailabilityReport& report);

}  // namespace

Table availability_for_people(const AvailabilityReport& report, std::size_t width) {
  Table table;
  table.columns = {{"device", "Device", Align::left},
                   {"state", "State", Align::left},
                   {"since", "Since", Align::left},
                   {"reachable", "Reachable", Align::right},
                   {"icmp", "ICMP", Align::right},
                   {"snmp", "SNMP", Align::right},
                   {"up", "Up", Align::right},
                   {"icmp_only", "ICMP only", Align::right},
                   {"snmp_only", "SNMP only", Align::right},
                   {"down", "Down", Align::right},
                   {"unknown", "Unknown", Align::right},
                   {"changes", "Changes", Align::right}};
  for (const DeviceAvailability& one : report.devices) {
    const Availability& made = one.availability;
    table.rows.push_back({{one.device, {}},
                          {std::string(to_string(made.state)), {}},
                          {utc_text(made.since), local_text(made.since)},
                          percent_cell(made.reachable_share(), 3),
                          percent_cell(made.icmp.share(), 3),
                          percent_cell(made.snmp.share(), 3),
                          time_cell(made, Reachability::up),
                          time_cell(made, Reachability::icmp_only),
                          time_cell(made, Reachability::snmp_only),
                          time_cell(made, Reachability::down),
                          time_cell(made, Reachability::unknown),
                          {std::uint64_t{made.changes}, {}}});
  }
  const bool dropped = drop_columns(table, width, least_telling);
  table.notes = notes_of(report);
  if (dropped) table.notes.emplace_back("Columns that do not fit are left out; --format csv has them all.");
  return table;
}

Table availability_for_machines(const AvailabilityReport& report) {
  Table table;
  for (const char* key : {"device", "state", "since"}) table.columns.push_back({key, key, Align::left});
  for (const char* key : {"reachable_share", "icmp_share", "snmp_share", "changes"}) {
    table.columns.push_back({key, key, Align::right});
  }
  for (const Reachability state : latency::all_reachabilities) {
    const std::string key = fmt::format("{}_seconds", to_string(state));
    table.columns.push_back({key, key, Align::right});
  }
  for (const DeviceAvailability& one : report.devices) {
    const Availability& made = one.availability;
    auto& row = table.rows.emplace_back();
    row.push_back({one.device, {}});
    row.push_back({std::string(to_string(made.state)), {}});
    row.push_back({utc_text(made.since), {}});
    for (const auto& share : {made.reachable_share(), made.icmp.share(), made.snmp.share()})
      row.push_back(number_cell(share));
    row.push_back(count_cell(made.changes));
    for (const Reachability state : latency::all_reachabilities) row.push_back(number_cell(seconds(made.in(state))));
  }
  return table;
}

nlohmann::ordered_json availability_json(const AvailabilityReport& report, const std::filesystem::path& store) {
  return {{"report", "availability"},
          {"since", utc_text(report.window.since)},
          {"until", utc_text(report.window.until)},
          {"db", agent_text(store.string())},
          {"devices_found", report.found},
          {"devices", to_json(availability_for_machines(report))}};
}

namespace {

Cell time_cell(const Availability& availability, Reachability state) {
  const milliseconds time = availability.in(state);
  if (time.count() == 0) return {0.0, "0"};
  const auto rounded = std::chrono::round<std::chrono::seconds>(time);
  return {seconds(time), format_duration(rounded.count() == 0 ? time : milliseconds(rounded))};
}

std::vector<std::string> notes_of(const AvailabilityReport& report) {
  std::vector<std::string> notes;
  if (report.found == 0) return notes;
  notes.push_back(
      fmt::format("{} to {}. up: answers all that it is asked; icmp_only: its agent is silent or refuses; snmp_only:"
                  " echo requests or their answers are lost on the way, or filtered; down: silent.",
                  local_text(report.window.since), local_text(report.window.until)));
  notes.emplace_back(
      "Reachable: by either, as a share of the time that is known. Unknown: nothing was asked then. ICMP and SNMP:"
      " each by itself; a device with `ping: false` is judged by SNMP alone.");
  if (report.devices.size() < report.found) {
    notes.push_back(shown_of(report.devices.size(), report.found, "devices"));
  }
  return notes;
}

}  // namespace
}  // namespace octopoll::report
