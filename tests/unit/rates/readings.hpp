#pragma once
// Builders of readings for the tests of this room. The test owns the clock: time 0 is BootTime{}.

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "octopoll/core/interface.hpp"
#include "octopoll/rates/device_history.hpp"
#include "support/change_interface.hpp"

namespace octopoll::rates::test {

using namespace std::chrono_literals;
using octopoll::test::change_facts;
using octopoll::test::rename;
using std::chrono::nanoseconds;

inline constexpr nanoseconds step = 60s;
inline constexpr std::uint64_t two_to_32 = 4294967296ULL;

inline BootTime at(nanoseconds since_start) { return BootTime(since_start); }
inline TimeTicks ticks(nanoseconds time) { return TimeTicks(static_cast<std::uint32_t>(time / 10ms)); }

/// A row "eth0" of a fresh agent that came up 1,000 s before time 0.
inline InterfaceSample row(nanoseconds when) {
  InterfaceSample sample;
  InterfaceFacts facts;
  facts.if_index = IfIndex{1};
  facts.if_name = "eth0";
  facts.type = 6;
  facts.mtu = 1500;
  facts.speed_bps = 100'000'000;
  sample.interface = Interface("eth0", facts);
  sample.discontinuity_time = TimeTicks(0);
  sample.time.received = at(when);
  sample.time.round_trip = 1ms;
  sample.time.sys_uptime = ticks(when + 1000s);
  return sample;
}

inline InterfaceSample row(nanoseconds when, Counter counter, std::uint64_t value, std::uint8_t bits) {
  InterfaceSample sample = row(when);
  sample.counters.set(counter, {value, bits});
  return sample;
}

inline DeviceSnapshot snapshot(std::vector<InterfaceSample> rows) {
  DeviceSnapshot device;
  device.read_at = rows.front().time.received;
  device.sys_uptime = rows.front().time.sys_uptime;
  device.interfaces = std::move(rows);
  return device;
}

/// Judges a cycle of one row and gives its record.
inline InterfaceRecord judge(DeviceHistory& history, InterfaceSample sample, const JudgeSettings& settings = {}) {
  return std::move(history.judge(snapshot({std::move(sample)}), settings).interfaces.front());
}

}  // namespace octopoll::rates::test
