#pragma once
// Cycles and ping rounds as the poller would hand them over, made from what a test cares about.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "octopoll/core/cycle.hpp"
#include "support/change_interface.hpp"

namespace octopoll::test {

using std::chrono::seconds;

/// What one row of a cycle says; speeds in bit/s, 0 for unknown.
struct RowSpec {
  std::string name = "a";
  std::uint32_t if_index = 1;
  std::uint64_t in_octets = 0;
  std::uint64_t out_octets = 0;
  std::chrono::nanoseconds elapsed = seconds(60);
  Quality quality = Quality::ok;
  std::uint64_t speed_bps = 1'000'000'000;
};

inline InterfaceRecord make_row(const RowSpec& spec) {
  InterfaceRecord row;
  InterfaceFacts facts;
  facts.if_index = IfIndex{spec.if_index};
  facts.if_name = spec.name;
  facts.type = 6;
  row.sample.admin_status = status_up;
  row.sample.oper_status = status_up;
  row.elapsed = spec.elapsed;
  if (spec.speed_bps != 0) {
    facts.speed_bps = spec.speed_bps;
    facts.speed_source = SpeedSource::if_high_speed;
    row.in_speed_bps = spec.speed_bps;
    row.out_speed_bps = spec.speed_bps;
  }
  row.sample.interface = Interface(spec.name, facts);
  for (const Counter counter : all_counters()) {
    row.sample.counters.set(counter, CounterReading{1000, 64});
    row.deltas.set_quality(counter, spec.quality);
    if (makes_rate(spec.quality)) row.deltas.set_value(counter, 1);
  }
  if (makes_rate(spec.quality)) {
    row.deltas.set_value(Counter::in_unknown_protos, 0);
    row.deltas.set_value(Counter::in_octets, spec.in_octets);
    row.deltas.set_value(Counter::out_octets, spec.out_octets);
    if (spec.speed_bps != 0) {
      row.in_utilization = row.in_rate()->value / static_cast<double>(spec.speed_bps);
      row.out_utilization = row.out_rate()->value / static_cast<double>(spec.speed_bps);
    }
  }
  return row;
}

inline DeviceCycle make_cycle(std::string device, std::uint64_t poll_number, WallTime started_at,
                              std::vector<InterfaceRecord> rows) {
  DeviceCycle cycle;
  cycle.device = std::move(device);
  cycle.address = "192.0.2.1:161";
  cycle.poll_number = poll_number;
  cycle.slot = std::chrono::floor<seconds>(started_at.time_since_epoch()).count() / 60;
  cycle.interval = seconds(60);
  cycle.started_at = started_at;
  cycle.started = BootTime(std::chrono::hours(1));
  cycle.outcome = CycleOutcome::complete;
  cycle.facts.own().sys_name = "core switch";
  cycle.interfaces = std::move(rows);
  for (InterfaceRecord& row : cycle.interfaces) row.sample.time.received = cycle.started;
  return cycle;
}

inline RecordPtr share(DeviceCycle cycle) { return std::make_shared<const Record>(std::move(cycle)); }
inline RecordPtr share(PingRound round) { return std::make_shared<const Record>(std::move(round)); }

/// 2026-01-31T12:00:00Z, a multiple of five minutes.
inline constexpr WallTime noon{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + std::chrono::hours(12)};

}  // namespace octopoll::test
