#pragma once
// The raw readings of a cycle as the JSON of device_latest.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/cycle.hpp"

namespace octopoll::store {

/// One array of the text, unpacked.
struct KeptReading {
  std::int64_t interface_id = 0;
  std::chrono::milliseconds read_after{};
  std::optional<IfStatus> admin_status;
  std::optional<IfStatus> oper_status;
  std::optional<TimeTicks> sys_uptime;
  std::optional<TimeTicks> last_change;
  std::optional<TimeTicks> discontinuity_time;
  RowReadings counters;
  /// A bit a counter: its delta contradicted its base line (reset, implausible, ambiguous).
  std::uint32_t doubted = 0;
  bool stale = false;  ///< it made no delta, for its time was too uncertain: its base line is older
};

/// Writes into memory that it keeps: no allocation a cycle.
class LatestReadings {
 public:
  /// An array an interface that was read: its id, read_after_ms, admin and oper status, sysUpTime, ifLastChange,
  /// discontinuity time, flags, the counters. Absent is null; numbers from 2^63 on look negative, as SQLite's integers
  /// are signed. The flags: a bit for each counter that came with 32 bits, 2^16 times one for each that is doubted, and
  /// 2^30 where the row is stale. The text stays until the next call.
  [[nodiscard]] std::string_view write(const DeviceCycle& cycle, const std::vector<std::int64_t>& interface_ids);

 private:
  std::string text_;
};

/// What write() wrote, and what versions before it did; false where the text is not of that kind. `take` is called for
/// each array until then.
[[nodiscard]] bool read_readings(std::string_view text, const std::function<void(const KeptReading&)>& take);

/// Gaps of a partial cycle have none.
[[nodiscard]] inline bool was_read(const InterfaceSample& sample) noexcept {
  return sample.time.received != BootTime{};
}
[[nodiscard]] bool is_stale(const InterfaceRecord& row) noexcept;

}  // namespace octopoll::store
