#pragma once
// One row against its base.

#include "octopoll/core/cycle.hpp"
#include "octopoll/rates/device_history.hpp"
#include "octopoll/rates/row_base.hpp"

namespace octopoll::rates {

/// Fills the record of a row without a base: `first` wherever it has a counter.
void first_record(InterfaceRecord& record, InterfaceSample&& sample, const JudgeSettings& settings);

/// Judges a row by the rules of DeviceHistory, fills its record and moves its base; `restarted`: the agent did, between
/// the two. True where its octets have refuted its stated speed with this reading.
bool judge_row(InterfaceRecord& record, RowBase& base, bool restarted, InterfaceSample&& sample,
               const JudgeSettings& settings);

}  // namespace octopoll::rates
