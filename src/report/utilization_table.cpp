// The utilization report as rows, for people and for machines.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/report/utilization.hpp"
#include "report/cells.hpp"
#include "report/parts.hpp"

namespace octopoll::report {
namespace {

Cell speed_cell(const InterfaceUsage& usage);
std::vector<std::string> notes_of(const UtilizationReport& report);

constexpr std::array<std::string_view, 8> least_telling{
    "in_octets", "out_octets", "utilization_avg", "in_bps_avg", "out_bps_avg", "utilization_max", "alias", "speed_bps"};

}  // namespace

Table utilization_for_people(const UtilizationReport& report, std::size_t width) {
  Table table;
  table.columns = {{"device", "Device", Align::left},
                   {"interface", "Interface", Align::left},
                   {"alias", "Alias", Align::left},
                   {"speed_bps", "Speed", Align::right},
                   {"utilization_p95", "Util p95", Align::right},
                   {"utilization_avg", "avg", Align::right},
                   {"utilization_max", "max", Align::right},
                   {"in_bps_p95", "In p95", Align::right},
                   {"in_bps_avg", "avg", Align::right},
                   {"in_bps_max", "max", Align::right},
                   {"out_bps_p95", "Out p95", Align::right},
                   {"out_bps_avg", "avg", Align::right},
                   {"out_bps_max", "max", Align::right},
                   {"in_octets", "In", Align::right},
                   {"out_octets", "Out", Align::right},
                   {"valid_share", "Valid", Align::right}};
  for (const InterfaceUsage& usage : report.interfaces) {
    table.rows.push_back({name_cell(usage.device), name_cell(usage.interface), name_cell(usage.alias),
                          speed_cell(usage), percent_cell(usage.utilization_p95(), 2),
                          percent_cell(usage.utilization_avg(), 2), percent_cell(usage.utilization_max(), 2),
                          rate_cell(usage.in.bps_p95), rate_cell(usage.in.bps_avg), rate_cell(usage.in.bps_max),
                          rate_cell(usage.out.bps_p95), rate_cell(usage.out.bps_avg), rate_cell(usage.out.bps_max),
                          octets_cell(usage.in.octets), octets_cell(usage.out.octets),
                          percent_cell(usage.valid_share(), 1)});
  }
  const bool all = !drop_columns(table, width, least_telling);
  table.notes = notes_of(report);
  if (!all) table.notes.emplace_back("Columns that do not fit are left out; --format csv has them all.");
  return table;
}

Table utilization_for_machines(const UtilizationReport& report) {
  Table table;
  for (const char* key : {"device", "interface", "alias"}) table.columns.push_back({key, key, Align::left});
  for (const char* key : {"in_speed_bps",
                          "out_speed_bps",
                          "utilization_avg",
                          "utilization_max",
                          "utilization_p95",
                          "in_bps_avg",
                          "in_bps_max",
                          "in_bps_p95",
                          "out_bps_avg",
                          "out_bps_max",
                          "out_bps_p95",
                          "in_utilization_avg",
                          "in_utilization_max",
                          "in_utilization_p95",
                          "out_utilization_avg",
                          "out_utilization_max",
                          "out_utilization_p95",
                          "in_octets",
                          "out_octets",
                          "valid_share",
                          "in_valid_share",
                          "out_valid_share",
                          "in_bins",
                          "out_bins"}) {
    table.columns.push_back({key, key, Align::right});
  }
  for (const InterfaceUsage& usage : report.interfaces) {
    const DirectionUsage& in = usage.in;
    const DirectionUsage& out = usage.out;
    table.rows.push_back({name_cell(usage.device),
                          name_cell(usage.interface),
                          name_cell(usage.alias),
                          count_cell(usage.in_speed_bps),
                          count_cell(usage.out_speed_bps),
                          number_cell(usage.utilization_avg()),
                          number_cell(usage.utilization_max()),
                          number_cell(usage.utilization_p95()),
                          number_cell(in.bps_avg),
                          number_cell(in.bps_max),
                          number_cell(in.bps_p95),
                          number_cell(out.bps_avg),
                          number_cell(out.bps_max),
                          number_cell(out.bps_p95),
                          number_cell(in.utilization_avg),
                          number_cell(in.utilization_max),
                          number_cell(in.utilization_p95),
                          number_cell(out.utilization_avg),
                          number_cell(out.utilization_max),
                          number_cell(out.utilization_p95),
                          count_cell(in.octets),
                          count_cell(out.octets),
                          number_cell(usage.valid_share()),
                          number_cell(in.valid_share),
                          number_cell(out.valid_share),
                          count_cell(in.bins),
                          count_cell(out.bins)});
  }
  return table;
}

nlohmann::ordered_json utilization_json(const UtilizationReport& report, const std::filesystem::path& store) {
  return {{"report", "utilization"},
          {"since", utc_text(report.window.since)},
          {"until", utc_text(report.window.until)},
          {"step_seconds", report.step.count()},
          {"bins", report.bins},
          {"db", agent_text(store.string())},
          {"interfaces_found", report.found},
          {"interfaces", to_json(utilization_for_machines(report))}};
}

namespace {

Cell speed_cell(const InterfaceUsage& usage) {
  const auto text = [](const std::optional<std::uint64_t>& speed) {
    return speed ? format_speed(*speed) : std::string{"-"};
  };
  if (usage.in_speed_bps == usage.out_speed_bps) return {{}, text(usage.in_speed_bps)};
  return {{}, text(usage.in_speed_bps) + "/" + text(usage.out_speed_bps)};
}

std::vector<std::string> notes_of(const UtilizationReport& report) {
  std::vector<std::string> notes;
  if (report.found == 0) return notes;
  notes.push_back(
      fmt::format("{} to {}. p95: 95th percentile of {} averages aligned to the clock ({} in the window), in and"
                  " out by themselves; Util: the busier direction.",
                  local_text(report.window.since), local_text(report.window.until), format_duration(report.step),
                  format_count(report.bins)));
  notes.emplace_back(
      "Valid: share of the polled time that true deltas cover; the rest (gaps, restarts, stale counters) is left out,"
      " not taken for zero.");
  const auto unknown = std::count_if(report.interfaces.begin(), report.interfaces.end(),
                                     [](const InterfaceUsage& usage) { return !usage.known(); });
  if (unknown != 0) {
    notes.push_back(fmt::format(
        "{} with \"-\" {} no valid delta in this window; v_interface_rates in the store says why"
        " (in_quality, out_quality). Of an agent that is new here they are stale until three polls in a row have seen"
        " its counters move, for 35 s at the most; of one that caches, until a delta is ten times as long as its "
        "cache.",
        unknown == 1 ? "1 interface" : fmt::format("{} interfaces", unknown), unknown == 1 ? "has" : "have"));
  }
  if (report.interfaces.size() < report.found) {
    notes.push_back(shown_of(report.interfaces.size(), report.found, "interfaces"));
  }
  return notes;
}

}  // namespace
}  // namespace octopoll::report
