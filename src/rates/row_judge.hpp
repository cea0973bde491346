#pragma once
// One row against its base.

#include "octopoll/core/cycle.hpp"
#include "octopoll/rates/device_history.hpp"
#include "octopoll/rates/row_base.hpp"

namespace octopoll::rates {

/// The record of a row without a base: `first` wherever it has a counter.
[[nodiscard]] InterfaceRecord first_record(InterfaceSample&& sample, const JudgeSettings& settings);

/// Judges a row by the rules of DeviceHistory and moves its base; `restarted`: the agent did, between the two.
[[nodiscard]] InterfaceRecord judge_row(RowBase& base, bool restarted, InterfaceSample&& sample,
                                        const JudgeSettings& settings);

}  // namespace octopoll::rates
