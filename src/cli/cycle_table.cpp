#include "cli/cycle_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/latency/round_trips.hpp"

namespace octopoll::cli {
namespace {

using nlohmann::ordered_json;
using report::Align;
using report::Cell;

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

std::optional<double> number(const std::optional<BitsPerSecond>& rate) {
  return rate ? std::optional(rate->value) : std::nullopt;
}

Cell rate_cell(const std::optional<double>& bits_per_second) {
  return bits_per_second ? Cell{*bits_per_second, format_bits_per_second(*bits_per_second)} : Cell{};
}

Cell percent_cell(const std::optional<double>& share) {
  return share ? Cell{*share * 100.0, fmt::format("{:.2f}", *share * 100.0)} : Cell{};
}

Cell status_cell(const std::optional<IfStatus>& status) { return status ? Cell{to_string(*status), {}} : Cell{}; }

Cell per_second_cell(const std::optional<double>& rate) {
  return rate ? Cell{*rate, *rate == 0.0 ? "0" : fmt::format("{:.3g}", *rate)} : Cell{};
}

double milliseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// Why there is no share of the link although there is a rate; empty where there is one, or no rate.
std::string_view no_utilization(const InterfaceRecord& record) {
  if (!record.in_rate() && !record.out_rate()) return {};
  if (record.in_utilization || record.out_utilization) return {};
  if (record.sample.interface.type() == if_type_software_loopback) return "loopback has no speed";
  if (record.sample.interface.speed_bps().value_or(0) == 0) return "the agent states no speed";
  if (!record.speed_exceeded) return "the stated speed is no link's";
  return "the rate is above the stated speed";
}

/// When a device of which a row is `stale` makes its rates; empty where none is.
std::string when_rates_come(const DeviceCycle& cycle) {
  const bool stale = std::any_of(cycle.interfaces.begin(), cycle.interfaces.end(),
                                 [](const InterfaceRecord& record) { return record.quality() == Quality::stale; });
  if (!stale) return {};
  if (cycle.cache_known && cycle.cache_period.count() > 0) {
    return fmt::format("stale: {} shows counters that are up to {} old, so a rate takes {}: watch it for longer",
                       cycle.device, format_measured(cycle.cache_period), format_measured(10 * cycle.cache_period));
  }
  if (cycle.cache_known) return {};
  return fmt::format(
      "stale: {} may hold its counters back for some seconds: rates come once three polls in a row have seen them"
      " move, or after 35s: watch it for longer",
      cycle.device);
}

void add_row(report::Table& table, const DeviceCycle& cycle, const InterfaceRecord& record, bool with_device) {
  const InterfaceSample& sample = record.sample;
  std::vector<Cell> cells;
  if (with_device) cells.push_back({cycle.device, {}});
  cells.push_back({std::string(sample.interface.name()), {}});
  const auto alias = sample.interface.alias();
  cells.push_back(alias ? Cell{std::string(*alias), alias->empty() ? " " : ""} : Cell{});
  cells.push_back(status_cell(sample.admin_status));
  cells.push_back(status_cell(sample.oper_status));
  cells.push_back(record.in_speed_bps ? Cell{*record.in_speed_bps, format_speed(*record.in_speed_bps)} : Cell{});
  cells.push_back(rate_cell(number(record.in_rate())));
  cells.push_back(rate_cell(number(record.out_rate())));
  cells.push_back(percent_cell(record.in_utilization));
  cells.push_back(percent_cell(record.out_utilization));
  cells.push_back(per_second_cell(record.per_second(Counter::in_errors)));
  cells.push_back(per_second_cell(record.per_second(Counter::out_errors)));
  cells.push_back(per_second_cell(record.per_second(Counter::in_discards)));
  cells.push_back(per_second_cell(record.per_second(Counter::out_discards)));
  cells.push_back({std::string(to_string(record.quality())), {}});
  table.rows.push_back(std::move(cells));
}

ordered_json interface_json(const InterfaceRecord& record) {
  const InterfaceSample& sample = record.sample;
  ordered_json out{
      {"name", sample.interface.name()},
      {"if_index", sample.interface.if_index().value},
      {"alias", or_null(sample.interface.alias())},
      {"admin_status", sample.admin_status ? ordered_json(to_string(*sample.admin_status)) : ordered_json(nullptr)},
      {"oper_status", sample.oper_status ? ordered_json(to_string(*sample.oper_status)) : ordered_json(nullptr)},
      {"in_speed_bps", or_null(record.in_speed_bps)},
      {"out_speed_bps", or_null(record.out_speed_bps)},
      {"quality", to_string(record.quality())},
      {"elapsed_seconds", std::chrono::duration<double>(record.elapsed).count()},
      {"time_error", record.time_error},
      {"in_bps", or_null(number(record.in_rate()))},
      {"out_bps", or_null(number(record.out_rate()))},
      {"in_utilization", or_null(record.in_utilization)},
      {"out_utilization", or_null(record.out_utilization)}};
  ordered_json counters = ordered_json::object();
  for (const Counter counter : all_counters()) {
    const CounterReading reading = sample.counters[counter];
    const CounterDelta delta = record.deltas[counter];
    counters[std::string(to_string(counter))] = {
        {"value", reading.present() ? ordered_json(reading.value) : ordered_json(nullptr)},
        {"delta", or_null(delta.value)},
        {"per_second", or_null(record.per_second(counter))},
        {"quality", to_string(delta.quality)}};
  }
  out["counters"] = std::move(counters);
  return out;
}

ordered_json ping_json(const PingRound& round) {
  const auto summary = latency::summarize(round.round_trips);
  const auto time = [&](std::chrono::nanoseconds latency::RoundTripSummary::*member) {
    return summary ? ordered_json(milliseconds((*summary).*member)) : ordered_json(nullptr);
  };
  return {{"target", round.target},
          {"address", round.address},
          {"sent", round.sent},
          {"received", round.received},
          {"loss", round.sent == 0 ? ordered_json(nullptr) : ordered_json(round.loss())},
          {"rtt_min_ms", time(&latency::RoundTripSummary::min)},
          {"rtt_mean_ms", time(&latency::RoundTripSummary::mean)},
          {"rtt_median_ms", time(&latency::RoundTripSummary::median)},
          {"rtt_max_ms", time(&latency::RoundTripSummary::max)},
          {"error", round.error ? ordered_json(round.error->message) : ordered_json(nullptr)}};
}

}  // namespace

void LatestRecords::take(const RecordPtr& record) {
  if (const auto* cycle = std::get_if<DeviceCycle>(record.get())) {
    // One that was cut short by our own stop does not hide the one before.
    const bool cut_short = cycle->error && cycle->error->kind == ErrorKind::partial;
    if (!cut_short || !cycles_.contains(cycle->device)) cycles_[cycle->device] = record;
  } else {
    add(std::get<PingRound>(*record));
  }
}

void LatestRecords::add(const PingRound& round) {
  const auto [found, is_new] = pings_.try_emplace(round.target, round);
  if (is_new) return;
  PingRound& sum = found->second;
  sum.address = round.address;
  sum.sent += round.sent;
  sum.received += round.received;
  sum.duplicates += round.duplicates;
  sum.late += round.late;
  sum.round_trips.insert(sum.round_trips.end(), round.round_trips.begin(), round.round_trips.end());
  if (sum.round_trips.size() > most_round_trips) {
    sum.round_trips.erase(sum.round_trips.begin(),
                          sum.round_trips.end() - static_cast<std::ptrdiff_t>(most_round_trips));
  }
  if (round.error) sum.error = round.error;
}

report::Table interface_rates_table(const LatestRecords& latest, const std::vector<std::string>& devices) {
  const bool with_device = devices.size() > 1;
  report::Table table;
  if (with_device) table.columns.push_back({"device", "device"});
  for (report::Column column : {report::Column{"interface", "interface"},
                                {"alias", "alias"},
                                {"admin_status", "admin"},
                                {"oper_status", "oper"},
                                {"speed_bps", "speed", Align::right},
                                {"in_bps", "in", Align::right},
                                {"out_bps", "out", Align::right},
                                {"in_percent", "in %", Align::right},
                                {"out_percent", "out %", Align::right},
                                {"in_errors_per_second", "in err/s", Align::right},
                                {"out_errors_per_second", "out err/s", Align::right},
                                {"in_discards_per_second", "in disc/s", Align::right},
                                {"out_discards_per_second", "out disc/s", Align::right},
                                {"quality", "quality"}}) {
    table.columns.push_back(std::move(column));
  }
  std::map<std::string_view, std::vector<std::string>> reasons;
  for (const std::string& device : devices) {
    const auto found = latest.cycles().find(device);
    if (found == latest.cycles().end()) {
      table.notes.push_back(fmt::format("{}: not polled", device));
      continue;
    }
    const auto& cycle = std::get<DeviceCycle>(*found->second);
    for (const InterfaceRecord& record : cycle.interfaces) {
      add_row(table, cycle, record, with_device);
      if (const auto reason = no_utilization(record); !reason.empty()) {
        const std::string name(record.sample.interface.name());
        reasons[reason].push_back(with_device ? fmt::format("{} {}", device, name) : name);
      }
    }
    if (auto when = when_rates_come(cycle); !when.empty()) table.notes.push_back(std::move(when));
    if (cycle.outcome != CycleOutcome::complete && cycle.error) {
      table.notes.push_back(fmt::format("{}: {}", to_string(cycle.outcome), cycle.error->text()));
    } else if (cycle.outcome == CycleOutcome::complete && cycle.interfaces.empty()) {
      table.notes.push_back(
          fmt::format("{}: it shows no interface tables, or the rules of the inventory keep none", device));
    }
  }
  for (auto& [reason, names] : reasons) {
    constexpr std::size_t most_named = 8;
    const std::size_t more = names.size() > most_named ? names.size() - most_named : 0;
    names.resize(names.size() - more);
    table.notes.push_back(fmt::format("% is -: {} ({}{})", reason, fmt::join(names, ", "),
                                      more == 0 ? "" : fmt::format(" and {} more", more)));
  }
  return table;
}

report::Table latency_table(const LatestRecords& latest) {
  report::Table table;
  table.columns = {{"target", "target"},
                   {"address", "address"},
                   {"sent", "sent", Align::right},
                   {"received", "received", Align::right},
                   {"loss_percent", "loss %", Align::right},
                   {"rtt_min_ms", "min ms", Align::right},
                   {"rtt_median_ms", "median ms", Align::right},
                   {"rtt_max_ms", "max ms", Align::right}};
  for (const auto& [target, round] : latest.pings()) {
    const auto summary = latency::summarize(round.round_trips);
    const auto time = [&](std::chrono::nanoseconds latency::RoundTripSummary::*member) {
      return summary ? Cell{milliseconds((*summary).*member), fmt::format("{:.3f}", milliseconds((*summary).*member))}
                     : Cell{};
    };
    table.rows.push_back(
        {{target, {}},
         {round.address, {}},
         {std::uint64_t{round.sent}, {}},
         {std::uint64_t{round.received}, {}},
         round.sent == 0 ? Cell{} : Cell{round.loss() * 100.0, fmt::format("{:.0f}", round.loss() * 100.0)},
         time(&latency::RoundTripSummary::min),
         time(&latency::RoundTripSummary::median),
         time(&latency::RoundTripSummary::max)});
    if (round.error) table.notes.push_back(fmt::format("{}: {}", target, round.error->text()));
  }
  return table;
}

ordered_json latest_json(const LatestRecords& latest, const std::vector<std::string>& devices) {
  ordered_json out{{"devices", ordered_json::array()}, {"pings", ordered_json::array()}};
  for (const std::string& device : devices) {
    const auto found = latest.cycles().find(device);
    if (found == latest.cycles().end()) {
      out["devices"].push_back({{"device", device}, {"outcome", nullptr}, {"interfaces", ordered_json::array()}});
      continue;
    }
    const auto& cycle = std::get<DeviceCycle>(*found->second);
    ordered_json interfaces = ordered_json::array();
    for (const InterfaceRecord& record : cycle.interfaces) interfaces.push_back(interface_json(record));
    out["devices"].push_back(
        {{"device", device},
         {"address", cycle.address},
         {"outcome", to_string(cycle.outcome)},
         {"error_kind", cycle.error ? ordered_json(to_string(cycle.error->kind)) : ordered_json(nullptr)},
         {"error", cycle.error ? ordered_json(cycle.error->message) : ordered_json(nullptr)},
         {"remedy", cycle.error ? ordered_json(cycle.error->remedy) : ordered_json(nullptr)},
         {"sys_name", or_null(cycle.facts->sys_name)},
         {"poll_number", cycle.poll_number},
         {"duration_ms", milliseconds(cycle.duration)},
         {"cache_period_seconds", std::chrono::duration<double>(cycle.cache_period).count()},
         {"requests", cycle.cost.requests},
         {"responses", cycle.cost.responses},
         {"retries", cycle.cost.retries},
         {"octets_sent", cycle.cost.octets_sent},
         {"octets_received", cycle.cost.octets_received},
         {"interfaces", std::move(interfaces)}});
  }
  for (const auto& [target, round] : latest.pings()) out["pings"].push_back(ping_json(round));
  return out;
}

}  // namespace octopoll::cli
