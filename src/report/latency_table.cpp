// The latency report as rows, for people and for machines.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "octopoll/core/text.hpp"
#include "octopoll/report/latency.hpp"
#include "report/cells.hpp"
#include "report/parts.hpp"

namespace octopoll::report {
namespace {

using latency::RoundTripSummary;
using std::chrono::nanoseconds;

/// Those that go first where the terminal is narrow.
constexpr std::array<std::string_view, 11> least_telling{
    "address",    "rtt_p5_ms", "rtt_deviation_ms",  "rtt_mean_ms",     "rtt_p99_ms", "voice_r",
    "rtt_min_ms", "sent",      "worst_hour_p95_ms", "worst_hour_loss", "worst_hour"};

Cell part(const std::optional<RoundTripSummary>& summary, nanoseconds RoundTripSummary::*member);
/// In the order of the columns: from the smallest to the deviation.
void append_round_trips(std::vector<Cell>& row, const std::optional<RoundTripSummary>& summary);
std::vector<std::string> notes_of(const LatencyReport& report, bool voice);
nlohmann::ordered_json unmeasured_json(const std::vector<UnmeasuredTarget>& targets);
nlohmann::ordered_json hours_json(const std::vector<LatencyHour>& hours);
nlohmann::ordered_json smoke_json(const std::vector<SmokeHour>& hours);

/// Of those that one reason keeps from being measured, so many are named.
constexpr std::size_t named_in_a_note = 5;

}  // namespace

Table latency_for_people(const LatencyReport& report, std::size_t width, bool voice) {
  Table table;
  table.columns = {{"target", "Target", Align::left},
                   {"address", "Address", Align::left},
                   {"sent", "Sent", Align::right},
                   {"loss", "Loss", Align::right},
                   {"rtt_min_ms", "min ms", Align::right},
                   {"rtt_p5_ms", "p5", Align::right},
                   {"rtt_median_ms", "median", Align::right},
                   {"rtt_mean_ms", "mean", Align::right},
                   {"rtt_p95_ms", "p95", Align::right},
                   {"rtt_p99_ms", "p99", Align::right},
                   {"rtt_max_ms", "max", Align::right},
                   {"rtt_deviation_ms", "sdev", Align::right},
                   {"delay_variation_ms", "Jitter", Align::right}};
  if (voice) {
    table.columns.push_back({"voice_mos", "MOS", Align::right});
    table.columns.push_back({"voice_r", "R", Align::right});
  }
  table.columns.push_back({"worst_hour", "Worst hour", Align::right});
  table.columns.push_back({"worst_hour_loss", "loss", Align::right});
  table.columns.push_back({"worst_hour_p95_ms", "p95", Align::right});
  for (const TargetLatency& target : report.targets) {
    std::vector<Cell> row{{target.target, {}},
                          text_cell(target.address),
                          {target.echoes.sent, format_count(target.echoes.sent)},
                          percent_cell(target.echoes.loss(), 2)};
    append_round_trips(row, target.round_trips);
    row.push_back(milliseconds_cell(target.jitter.delay_variation()));
    if (voice) {
      const auto& score = target.voice;
      row.push_back(score ? Cell{score->mos, fmt::format("{:.2f}", score->mos)} : Cell{});
      row.push_back(score ? Cell{score->r, fmt::format("{:.1f}", score->r)} : Cell{});
    }
    const LatencyHour* hour = target.worst_hours.empty() ? nullptr : &target.worst_hours.front();
    row.push_back(hour ? Cell{utc_text(hour->begin), local_hour_text(hour->begin)} : Cell{});
    row.push_back(hour ? percent_cell(hour->echoes.loss(), 2) : Cell{});
    row.push_back(hour ? part(hour->round_trips, &RoundTripSummary::p95) : Cell{});
    table.rows.push_back(std::move(row));
  }
  const bool dropped = drop_columns(table, width, least_telling);
  table.notes = notes_of(report, voice);
  if (dropped) table.notes.emplace_back("Columns that do not fit are left out; --format csv has them all.");
  return table;
}

Table latency_for_machines(const LatencyReport& report) {
  Table table;
  for (const char* key : {"target", "is_device", "address"}) table.columns.push_back({key, key, Align::left});
  for (const char* key : {"rounds",
                          "sent",
                          "received",
                          "loss",
                          "duplicates",
                          "late",
                          "errors",
                          "rtt_min_ms",
                          "rtt_p5_ms",
                          "rtt_median_ms",
                          "rtt_mean_ms",
                          "rtt_p95_ms",
                          "rtt_p99_ms",
                          "rtt_max_ms",
                          "rtt_deviation_ms",
                          "delay_variation_ms",
                          "smoothed_jitter_ms",
                          "voice_mos",
                          "voice_r",
                          "worst_hour",
                          "worst_hour_loss",
                          "worst_hour_p95_ms"}) {
    table.columns.push_back({key, key, Align::right});
  }
  for (const TargetLatency& target : report.targets) {
    const auto& score = target.voice;
    const LatencyHour* hour = target.worst_hours.empty() ? nullptr : &target.worst_hours.front();
    std::vector<Cell> row{{target.target, {}},
                          {target.is_device, {}},
                          text_cell(target.address),
                          {target.rounds, {}},
                          {target.echoes.sent, {}},
                          {target.echoes.received, {}},
                          number_cell(target.echoes.loss()),
                          {target.duplicates, {}},
                          {target.late, {}},
                          {target.errors, {}}};
    append_round_trips(row, target.round_trips);
    row.push_back(milliseconds_cell(target.jitter.delay_variation()));
    row.push_back(milliseconds_cell(target.jitter.smoothed()));
    row.push_back(score ? Cell{score->mos, {}} : Cell{});
    row.push_back(score ? Cell{score->r, {}} : Cell{});
    row.push_back(hour ? Cell{utc_text(hour->begin), {}} : Cell{});
    row.push_back(hour ? number_cell(hour->echoes.loss()) : Cell{});
    row.push_back(hour ? part(hour->round_trips, &RoundTripSummary::p95) : Cell{});
    table.rows.push_back(std::move(row));
  }
  return table;
}

nlohmann::ordered_json latency_json(const LatencyReport& report, const std::filesystem::path& store) {
  nlohmann::ordered_json targets = to_json(latency_for_machines(report));
  for (std::size_t i = 0; i < report.targets.size(); ++i) {
    for (const char* key : {"worst_hour", "worst_hour_loss", "worst_hour_p95_ms"}) targets[i].erase(key);
    targets[i]["worst_hours"] = hours_json(report.targets[i].worst_hours);
    if (!report.targets[i].smoke.empty()) targets[i]["hours"] = smoke_json(report.targets[i].smoke);
  }
  return {{"report", "latency"},
          {"since", utc_text(report.window.since)},
          {"until", utc_text(report.window.until)},
          {"db", agent_text(store.string())},
          {"targets_found", report.found},
          {"targets", std::move(targets)},
          {"unmeasured", unmeasured_json(report.unmeasured)}};
}

namespace {

Cell part(const std::optional<RoundTripSummary>& summary, nanoseconds RoundTripSummary::*member) {
  return milliseconds_cell(summary ? std::optional((*summary).*member) : std::nullopt);
}

void append_round_trips(std::vector<Cell>& row, const std::optional<RoundTripSummary>& summary) {
  for (const auto member :
       {&RoundTripSummary::min, &RoundTripSummary::p5, &RoundTripSummary::median, &RoundTripSummary::mean,
        &RoundTripSummary::p95, &RoundTripSummary::p99, &RoundTripSummary::max, &RoundTripSummary::deviation}) {
    row.push_back(part(summary, member));
  }
}

/// "Not measured: b (3 of 60 rounds), c: no IPv4 ICMP socket is allowed to this user", a line a reason.
void add_unmeasured(const std::vector<UnmeasuredTarget>& targets, std::vector<std::string>& notes) {
  std::map<std::string_view, std::vector<const UnmeasuredTarget*>> by_reason;
  for (const UnmeasuredTarget& target : targets) by_reason[target.reason].push_back(&target);
  for (const auto& [reason, all] : by_reason) {
    std::string names;
    for (std::size_t i = 0; i < std::min(all.size(), named_in_a_note); ++i) {
      const UnmeasuredTarget& target = *all[i];
      names += (i == 0 ? "" : ", ") + one_line(agent_text(target.target));
      if (target.measured == 0) continue;
      names += fmt::format(" ({} of {} rounds)", target.not_measured, target.not_measured + target.measured);
    }
    if (all.size() > named_in_a_note) names += fmt::format(" and {} more", all.size() - named_in_a_note);
    notes.push_back(fmt::format("Not measured: {}: {}", names, one_line(agent_text(reason))));
  }
}

std::vector<std::string> notes_of(const LatencyReport& report, bool voice) {
  std::vector<std::string> notes;
  add_unmeasured(report.unmeasured, notes);
  if (report.found == 0) return notes;
  notes.push_back(fmt::format(
      "{} to {}, rounds that began in it. Round trips in ms; p5, p95, p99: percentiles by nearest rank, exact, of all"
      " round trips of the window. Lost requests have none.",
      local_text(report.window.since), local_text(report.window.until)));
  notes.emplace_back(
      "Jitter: RFC 3393 delay variation, the mean |difference| of an answered request and the next answered one of its"
      " round.");
  if (voice) {
    notes.emplace_back(
        "MOS, R: what a G.711 call would be like by the simplified E-model (ITU-T G.107), taking half the round trip as"
        " the way there; an estimate for comparing paths.");
  }
  if (report.targets.size() < report.found) {
    notes.push_back(shown_of(report.targets.size(), report.found, "targets"));
  }
  return notes;
}

nlohmann::ordered_json unmeasured_json(const std::vector<UnmeasuredTarget>& targets) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const UnmeasuredTarget& target : targets) {
    array.push_back({{"target", agent_text(target.target)},
                     {"is_device", target.is_device},
                     {"not_measured_rounds", target.not_measured},
                     {"measured_rounds", target.measured},
                     {"reason", agent_text(target.reason)}});
  }
  return array;
}

nlohmann::ordered_json hours_json(const std::vector<LatencyHour>& hours) {
  const auto ms = [](const std::optional<RoundTripSummary>& summary, nanoseconds RoundTripSummary::*member) {
    return summary ? nlohmann::ordered_json(std::chrono::duration<double, std::milli>((*summary).*member).count())
                   : nlohmann::ordered_json();
  };
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const LatencyHour& hour : hours) {
    array.push_back({{"begin", utc_text(hour.begin)},
                     {"sent", hour.echoes.sent},
                     {"received", hour.echoes.received},
                     {"loss", hour.echoes.loss() ? nlohmann::ordered_json(*hour.echoes.loss()) : nullptr},
                     {"rtt_median_ms", ms(hour.round_trips, &RoundTripSummary::median)},
                     {"rtt_p95_ms", ms(hour.round_trips, &RoundTripSummary::p95)},
                     {"rtt_max_ms", ms(hour.round_trips, &RoundTripSummary::max)}});
  }
  return array;
}

nlohmann::ordered_json smoke_json(const std::vector<SmokeHour>& hours) {
  using latency::Histogram;
  const auto ms = [](nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); };
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const SmokeHour& hour : hours) {
    nlohmann::ordered_json buckets = nlohmann::ordered_json::array();
    for (const auto& [bucket, count] : hour.distribution.buckets()) {
      buckets.push_back({{"from_ms", ms(Histogram::begin_of(bucket))},
                         {"to_ms", ms(Histogram::begin_of(static_cast<Histogram::Bucket>(bucket + 1)))},
                         {"count", count}});
    }
    array.push_back({{"begin", utc_text(hour.begin)},
                     {"sent", hour.echoes.sent},
                     {"received", hour.echoes.received},
                     {"distribution", std::move(buckets)}});
  }
  return array;
}

}  // namespace
}  // namespace octopoll::report
