#include "cli/interface_inventory.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::cli {
namespace {

using ifmib::Column;
using ifmib::Row;
using nlohmann::ordered_json;

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

std::optional<std::string> readable(const std::optional<std::string>& octets) {
  return octets ? std::optional(agent_text(*octets)) : std::nullopt;
}

/// The wire's types by the names of SNMPv2-SMI (RFC 2578 section 7.1).
std::string_view smi_word(snmp::Type type) {
  return type == snmp::Type::integer ? std::string_view("Integer32") : snmp::to_string(type);
}

ordered_json device_json(const ifmib::Scalars& scalars) {
  ordered_json raw = ordered_json::object();
  const auto note_raw = [&raw](const char* name, const std::optional<std::string>& octets) {
    if (octets && needs_raw(*octets)) raw[name] = to_hex(*octets);
  };
  note_raw("sysName", scalars.sys_name);
  note_raw("sysDescr", scalars.sys_descr);
  note_raw("sysContact", scalars.sys_contact);
  note_raw("sysLocation", scalars.sys_location);
  return {{"sysName", or_null(readable(scalars.sys_name))},
          {"sysDescr", or_null(readable(scalars.sys_descr))},
          {"sysObjectID", or_null(scalars.sys_object_id)},
          {"sysUpTime", or_null(scalars.sys_uptime)},
          {"sysContact", or_null(readable(scalars.sys_contact))},
          {"sysLocation", or_null(readable(scalars.sys_location))},
          {"ifNumber", or_null(scalars.if_number)},
          {"raw", raw}};
}

std::optional<std::string> status_word(const Row& row, Column column) {
  const snmp::Value* value = row.find(column);
  const auto number = value == nullptr ? std::nullopt : value->as_signed();
  return number ? std::optional(to_string(IfStatus{*number})) : std::nullopt;
}

/// The columns whose type is worth a word when it is not the MIB's: what the row below was made of.
constexpr std::array<Column, 21> typed_columns{Column::if_type,
                                               Column::if_mtu,
                                               Column::if_speed,
                                               Column::if_admin_status,
                                               Column::if_oper_status,
                                               Column::if_in_octets,
                                               Column::if_in_ucast_pkts,
                                               Column::if_in_discards,
                                               Column::if_in_errors,
                                               Column::if_out_octets,
                                               Column::if_out_ucast_pkts,
                                               Column::if_out_discards,
                                               Column::if_out_errors,
                                               Column::if_hc_in_octets,
                                               Column::if_hc_in_ucast_pkts,
                                               Column::if_hc_out_octets,
                                               Column::if_hc_out_ucast_pkts,
                                               Column::if_high_speed,
                                               Column::if_descr,
                                               Column::if_name,
                                               Column::if_alias};

/// The value that a counter shows, and the width of the column it came from: the 64-bit one where the row has it.
struct Shown {
  std::optional<std::uint64_t> value;
  int bits = 0;
};
Shown shown(const Row& row, Counter counter) {
  const auto columns = ifmib::columns_of(counter);
  if (columns.wide) {
    if (const auto wide = row.number(*columns.wide)) return {wide, 64};
  }
  if (const auto narrow = row.number(columns.narrow)) return {narrow, 32};
  return {};
}

ordered_json interface_json(std::uint32_t index, const Row& row) {
  const InterfaceFacts facts = ifmib::facts_of(index, row);
  const ifmib::InterfaceName name = ifmib::name_of(row);
  ordered_json out;
  out["ifIndex"] = index;
  out["name"] = or_null(name.text);
  out["name_source"] = name.source == NameSource::if_name ? ordered_json("ifName")
                       : name.source == NameSource::descr ? ordered_json("ifDescr")
                                                          : ordered_json(nullptr);
  out["if_name"] = or_null(facts.if_name);
  out["descr"] = or_null(facts.descr);
  out["alias"] = or_null(facts.alias);
  out["type"] = or_null(facts.type);
  out["mtu"] = or_null(facts.mtu);
  out["speed_bps"] = or_null(facts.speed_bps);
  out["speed_source"] =
      facts.speed_source == SpeedSource::none ? ordered_json(nullptr) : ordered_json(to_string(facts.speed_source));
  out["phys_address"] = or_null(facts.phys_address);
  out["admin_status"] = or_null(status_word(row, Column::if_admin_status));
  out["oper_status"] = or_null(status_word(row, Column::if_oper_status));
  const int octets_width = shown(row, Counter::in_octets).bits;
  out["octets_width"] = octets_width == 0 ? ordered_json(nullptr) : ordered_json(octets_width);
  ordered_json bits = ordered_json::object();
  for (const Counter counter :
       {Counter::in_octets, Counter::out_octets, Counter::in_ucast_pkts, Counter::out_ucast_pkts, Counter::in_errors,
        Counter::out_errors, Counter::in_discards, Counter::out_discards}) {
    const Shown value = shown(row, counter);
    const std::string word(to_string(counter));
    out[word] = or_null(value.value);
    if (ifmib::columns_of(counter).wide && value.bits != 0) bits[word] = value.bits;
  }
  out["bits"] = std::move(bits);
  ordered_json wire_types = ordered_json::object();
  for (const Column column : typed_columns) {
    const snmp::Value* value = row.find(column);
    if (value == nullptr || value->type() == ifmib::mib_type(column)) continue;
    wire_types[std::string(ifmib::to_string(column))] = smi_word(value->type());
  }
  out["wire_types"] = std::move(wire_types);
  ordered_json tables = ordered_json::array();
  if (row.in(ifmib::Table::if_table)) tables.push_back("ifTable");
  if (row.in(ifmib::Table::if_x_table)) tables.push_back("ifXTable");
  out["tables"] = std::move(tables);
  ordered_json raw = ordered_json::object();
  for (const auto& [key, column] :
       {std::pair{"if_name", Column::if_name}, {"descr", Column::if_descr}, {"alias", Column::if_alias}}) {
    const std::string* octets = row.octets(column);
    if (octets != nullptr && needs_raw(*octets)) raw[key] = to_hex(*octets);
  }
  out["raw"] = std::move(raw);
  return out;
}

report::Cell text_cell(const std::optional<std::string>& text) {
  return text ? report::Cell{*text, {}} : report::Cell{};
}

report::Cell count_cell(const std::optional<std::uint64_t>& count) {
  return count ? report::Cell{*count, format_count(*count)} : report::Cell{};
}

}  // namespace

ordered_json inventory_json(const ifmib::Scalars& scalars, const ifmib::Rows& rows) {
  ordered_json interfaces = ordered_json::array();
  for (const auto& [index, row] : rows) interfaces.push_back(interface_json(index, row));
  return {{"device", device_json(scalars)}, {"interfaces", std::move(interfaces)}};
}

report::Table inventory_table(const ifmib::Rows& rows) {
  using report::Align;
  report::Table table;
  table.columns = {{"if_index", "index", Align::right},
                   {"name", "interface"},
                   {"alias", "alias"},
                   {"admin_status", "admin"},
                   {"oper_status", "oper"},
                   {"speed_bps", "speed", Align::right},
                   {"in_octets", "in octets", Align::right},
                   {"out_octets", "out octets", Align::right},
                   {"in_errors", "in err", Align::right},
                   {"out_errors", "out err", Align::right},
                   {"in_discards", "in disc", Align::right},
                   {"out_discards", "out disc", Align::right}};
  for (const auto& [index, row] : rows) {
    const InterfaceFacts facts = ifmib::facts_of(index, row);
    const auto name = ifmib::name_of(row).text;
    std::vector<report::Cell> cells;
    cells.push_back({std::uint64_t{index}, {}});
    cells.push_back(name ? report::Cell{*name, {}} : report::Cell{{}, fmt::format("#{}", index)});
    cells.push_back(facts.alias && facts.alias->empty() ? report::Cell{std::string(), " "} : text_cell(facts.alias));
    cells.push_back(text_cell(status_word(row, Column::if_admin_status)));
    cells.push_back(text_cell(status_word(row, Column::if_oper_status)));
    const bool speed_known = facts.speed_bps.value_or(0) != 0;
    cells.push_back(facts.speed_bps ? report::Cell{*facts.speed_bps, speed_known ? format_speed(*facts.speed_bps) : "-"}
                                    : report::Cell{});
    for (const Counter counter : {Counter::in_octets, Counter::out_octets, Counter::in_errors, Counter::out_errors,
                                  Counter::in_discards, Counter::out_discards}) {
      cells.push_back(count_cell(shown(row, counter).value));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::string device_heading(const std::string& target, const ifmib::Scalars& scalars) {
  std::string heading = fmt::format("{} ({})", one_line(readable(scalars.sys_name).value_or("")), target);
  if (scalars.sys_name.value_or("").empty()) heading = target;
  if (scalars.sys_uptime) {
    const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(TimeTicks(*scalars.sys_uptime));
    heading += fmt::format(", up {}", format_duration(uptime));
  }
  heading += "\n";
  if (const auto descr = readable(scalars.sys_descr); descr && !is_blank(*descr)) heading += one_line(*descr) + "\n";
  return heading + "\n";
}

}  // namespace octopoll::cli
