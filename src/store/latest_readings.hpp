#pragma once
// The raw readings of a cycle as the JSON of device_latest.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/cycle.hpp"

namespace octopoll::store {

/// Writes into memory that it keeps: no allocation a cycle.
class LatestReadings {
 public:
  /// An array an interface: its id, read_after_ms, admin and oper status, sysUpTime, ifLastChange, discontinuity time,
  /// a bit for each counter that came with 32 bits, the counters. Absent is null; numbers from 2^63 on look negative,
  /// as SQLite's integers are signed. The text stays until the next call.
  [[nodiscard]] std::string_view write(const DeviceCycle& cycle, const std::vector<std::int64_t>& interface_ids);

 private:
  std::string text_;
};

}  // namespace octopoll::store
