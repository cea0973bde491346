// The report of totals as rows, for people and for machines.

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/report/totals.hpp"
#include "report/cells.hpp"
#include "report/parts.hpp"

namespace octopoll::report {
namespace {

constexpr std::array<std::string_view, 4> least_telling{"in_octets", "out_octets", "in_bps_avg", "out_bps_avg"};

}  // namespace

Table totals_for_people(const TotalsReport& report, std::size_t width) {
  Table table;
  table.columns = {{"device", "Device", Align::left},         {"interfaces", "Interfaces", Align::right},
                   {"left_out", "Left out", Align::right},    {"in_bps_p95", "In p95", Align::right},
                   {"in_bps_avg", "avg", Align::right},       {"in_bps_max", "max", Align::right},
                   {"in_octets", "In", Align::right},         {"in_valid_share", "Valid", Align::right},
                   {"out_bps_p95", "Out p95", Align::right},  {"out_bps_avg", "avg", Align::right},
                   {"out_bps_max", "max", Align::right},      {"out_octets", "Out", Align::right},
                   {"out_valid_share", "Valid", Align::right}};
  for (const DeviceTotal& total : report.devices) {
    std::vector<Cell> row{name_cell(total.device), amount_cell(total.interfaces), amount_cell(total.left_out)};
    for (const TotalUsage* usage : {&total.in, &total.out}) {
      row.insert(row.end(), {rate_cell(usage->bps_p95), rate_cell(usage->bps_avg), rate_cell(usage->bps_max),
                             octets_cell(usage->octets), percent_cell(usage->valid_share, 1)});
    }
    table.rows.push_back(std::move(row));
  }
  const bool all = !drop_columns(table, width, least_telling);
  if (report.found == 0) return table;
  table.notes.push_back(fmt::format(
      "{} to {}. Each figure is of sums of all interfaces over {}; such a sum is known where each of them is.",
      local_text(report.window.since), local_text(report.window.until), format_duration(report.step)));
  table.notes.emplace_back(
      "Left out: interfaces that others carry (a LAG or VLAN on ports that are summed) and loopback; --layers all sums "
      "them, too. Valid: share of the interfaces' time that true deltas cover.");
  if (report.devices.size() < report.found)
    table.notes.push_back(shown_of(report.devices.size(), report.found, "devices"));
  if (!all) table.notes.emplace_back("Columns that do not fit are left out; --format csv has them all.");
  return table;
}

Table totals_for_machines(const TotalsReport& report) {
  Table table;
  table.columns = {{"device", {}, Align::left}, {"interfaces", {}, Align::right}, {"left_out", {}, Align::right}};
  for (const char* direction : {"in", "out"}) {
    for (const char* key : {"bps_avg", "bps_max", "bps_p95", "octets", "valid_share", "bins"}) {
      table.columns.push_back({fmt::format("{}_{}", direction, key), {}, Align::right});
    }
  }
  for (const DeviceTotal& total : report.devices) {
    std::vector<Cell> row{name_cell(total.device), count_cell(total.interfaces), count_cell(total.left_out)};
    for (const TotalUsage* usage : {&total.in, &total.out}) {
      row.insert(row.end(), {number_cell(usage->bps_avg), number_cell(usage->bps_max), number_cell(usage->bps_p95),
                             count_cell(usage->octets), number_cell(usage->valid_share), count_cell(usage->bins)});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

nlohmann::ordered_json totals_json(const TotalsReport& report, const std::filesystem::path& store) {
  return {{"report", "totals"},
          {"since", utc_text(report.window.since)},
          {"until", utc_text(report.window.until)},
          {"step_seconds", report.step.count()},
          {"db", agent_text(store.string())},
          {"devices_found", report.found},
          {"devices", to_json(totals_for_machines(report))}};
}

}  // namespace octopoll::report
