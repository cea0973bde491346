#pragma once
// One row against its base.

#include "octopoll/core/cycle.hpp"
#include "octopoll/rates/device_history.hpp"
#include "octopoll/rates/elapsed.hpp"
#include "octopoll/rates/row_base.hpp"

namespace octopoll::rates {

/// Fills the record of a row without a base: `first` wherever it has a counter.
void first_record(InterfaceRecord& record, InterfaceSample&& sample, const JudgeSettings& settings);

/// What lies between the two readings of a row.
struct RowSpan {
  ReadingTime before, now;  ///< as old as the row may be by itself
  Elapsed elapsed;
  bool restarted = false;  ///< the agent
  bool leapt = false;      ///< its sysUpTime: leapt_ahead()
};

struct RowFindings {
  bool base_moved = false;     ///< it is of this reading
  bool speed_refuted = false;  ///< its octets have refuted its stated speed with this reading
  /// Its rate is such that looks would tell whether the row is reloaded apart, and none has yet.
  bool unproven = false;
};

/// Judges a row by the rules of DeviceHistory, fills its record and moves its base, but for the places of its times.
/// `span`: since the base was read; `uptime_before`: sysUpTime of the last answer that had the row.
RowFindings judge_row(InterfaceRecord& record, RowBase& base, const RowSpan& span,
                      std::optional<TimeTicks> uptime_before, InterfaceSample&& sample, const JudgeSettings& settings);

}  // namespace octopoll::rates
