// The report of errors as rows, for people and for machines.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "octopoll/core/text.hpp"
#include "octopoll/report/errors.hpp"
#include "report/cells.hpp"
#include "report/parts.hpp"

namespace octopoll::report {
namespace {

constexpr std::array<std::string_view, 8> least_telling{
    "in_unknown_protos", "out_packets",  "in_packets", "alias",
    "in_discards",       "out_discards", "in_errors",  "out_errors"};

Cell health_cell(Health health) { return {std::string(to_string(health)), {}}; }

/// Of the worst of the counters that are polled; not all agents have the one of unknown protocols.
std::optional<double> valid_share(const InterfaceErrors& one) {
  std::optional<double> worst;
  for (const DirectionErrors* direction : {&one.in, &one.out}) {
    for (const LossCount* loss : {&direction->errors, &direction->discards}) {
      if (loss->valid_share) worst = std::min(*loss->valid_share, worst.value_or(1.0));
    }
  }
  return worst;
}

}  // namespace

Table errors_for_people(const ErrorsReport& report, std::size_t width) {
  Table table;
  table.columns = {{"device", "Device", Align::left},
                   {"interface", "Interface", Align::left},
                   {"alias", "Alias", Align::left},
                   {"health", "Health", Align::left},
                   {"in_packets", "In packets", Align::right},
                   {"in_errors", "errors", Align::right},
                   {"in_error_ratio", "ratio", Align::right},
                   {"in_discards", "discards", Align::right},
                   {"in_discard_ratio", "ratio", Align::right},
                   {"in_unknown_protos", "unknown", Align::right},
                   {"out_packets", "Out packets", Align::right},
                   {"out_errors", "errors", Align::right},
                   {"out_error_ratio", "ratio", Align::right},
                   {"out_discards", "discards", Align::right},
                   {"out_discard_ratio", "ratio", Align::right},
                   {"flaps", "Flaps", Align::right},
                   {"valid_share", "Valid", Align::right}};
  for (const InterfaceErrors& one : report.interfaces) {
    std::vector<Cell> row{name_cell(one.device), name_cell(one.interface), name_cell(one.alias),
                          health_cell(one.health)};
    for (const DirectionErrors* direction : {&one.in, &one.out}) {
      row.insert(row.end(), {amount_cell(direction->packets), amount_cell(direction->errors.packets),
                             ratio_cell(direction->errors.ratio), amount_cell(direction->discards.packets),
                             ratio_cell(direction->discards.ratio)});
      if (direction == &one.in) row.push_back(amount_cell(one.unknown_protocols.packets));
    }
    row.push_back(amount_cell(one.flaps));
    row.push_back(percent_cell(valid_share(one), 1));
    table.rows.push_back(std::move(row));
  }
  const bool all = !drop_columns(table, width, least_telling);
  if (report.found == 0) return table;
  table.notes.push_back(
      fmt::format("{} to {}. Ratios are of all packets of the direction. Unknown: of protocols that nothing there "
                  "takes. Health: too many errors, or discards, for the limits"
                  " (--max-errors, --max-discards, `health` in the inventory).",
                  local_text(report.window.since), local_text(report.window.until)));
  table.notes.emplace_back(
      "Flaps: links that went and came between two polls. Valid: share of the polled time that true deltas of errors "
      "and discards cover; the rest is left out, not taken for zero.");
  if (report.by_sums) {
    table.notes.emplace_back(
        "Samples of this time are gone: these are sums of 5 minutes, which know neither flaps nor unknown protocols; "
        "valid is the time that deltas of octets cover.");
  }
  if (report.interfaces.size() < report.found) {
    table.notes.push_back(shown_of(report.interfaces.size(), report.found, "interfaces"));
  }
  if (!all) table.notes.emplace_back("Columns that do not fit are left out; --format csv has them all.");
  return table;
}

Table errors_for_machines(const ErrorsReport& report) {
  Table table;
  for (const char* key : {"device", "interface", "alias", "health"}) table.columns.push_back({key, key, Align::left});
  for (const char* direction : {"in", "out"}) {
    table.columns.push_back({fmt::format("{}_packets", direction), {}, Align::right});
    for (const auto& [kind, kinds] : {std::pair("error", "errors"), std::pair("discard", "discards")}) {
      table.columns.push_back({fmt::format("{}_{}", direction, kinds), {}, Align::right});
      table.columns.push_back({fmt::format("{}_{}_ratio", direction, kind), {}, Align::right});
      table.columns.push_back({fmt::format("{}_{}_per_second", direction, kinds), {}, Align::right});
      table.columns.push_back({fmt::format("{}_{}_valid_share", direction, kinds), {}, Align::right});
    }
  }
  for (const char* key : {"flaps", "max_error_ratio", "max_discard_ratio", "in_unknown_protos",
                          "in_unknown_protos_ratio", "in_unknown_protos_per_second", "in_unknown_protos_valid_share"})
    table.columns.push_back({key, key, Align::right});
  for (const InterfaceErrors& one : report.interfaces) {
    std::vector<Cell> row{name_cell(one.device), name_cell(one.interface), name_cell(one.alias),
                          health_cell(one.health)};
    for (const DirectionErrors* direction : {&one.in, &one.out}) {
      row.push_back(count_cell(direction->packets));
      for (const LossCount* loss : {&direction->errors, &direction->discards}) {
        row.insert(row.end(), {count_cell(loss->packets), number_cell(loss->ratio), number_cell(loss->per_second),
                               number_cell(loss->valid_share)});
      }
    }
    const LossCount& unknown = one.unknown_protocols;
    row.insert(row.end(), {count_cell(one.flaps), number_cell(one.limits.errors), number_cell(one.limits.discards),
                           count_cell(unknown.packets), number_cell(unknown.ratio), number_cell(unknown.per_second),
                           number_cell(unknown.valid_share)});
    table.rows.push_back(std::move(row));
  }
  return table;
}

nlohmann::ordered_json errors_json(const ErrorsReport& report, const std::filesystem::path& store) {
  return {{"report", "errors"},
          {"since", utc_text(report.window.since)},
          {"until", utc_text(report.window.until)},
          {"db", agent_text(store.string())},
          {"from", report.by_sums ? "sums of 5 minutes" : "samples"},
          {"interfaces_found", report.found},
          {"interfaces", to_json(errors_for_machines(report))}};
}

}  // namespace octopoll::report
