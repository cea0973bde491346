#pragma once
// What two readings of the interface tables say of an agent. Pure: no I/O.

#include <vector>

#include "octopoll/doctor/examination.hpp"
#include "octopoll/ifmib/row.hpp"

namespace octopoll::doctor {

/// ifTable and ifXTable have the same rows, or one's are the other's plus a constant: joined by the reading with
/// `joined_by`, or left as they are where nothing proved that they belong together.
[[nodiscard]] Finding judge_indexes(const ifmib::Rows& rows, std::optional<std::uint32_t> if_number,
                                    std::optional<std::int64_t> joined_by);
/// 64-bit counters: there, and alive between the two readings.
[[nodiscard]] Finding judge_wide_counters(const ifmib::Rows& first, const ifmib::Rows& second);
/// ifSpeed and ifHighSpeed agree. Where ifSpeed is surely wrong, `profile` gets what is right.
[[nodiscard]] Finding judge_speeds(const ifmib::Rows& rows, Profile& profile);
/// Names are there, each once, and text.
[[nodiscard]] Finding judge_names(const ifmib::Rows& rows);
/// Columns have the types of the MIB.
[[nodiscard]] Finding judge_types(const ifmib::Rows& rows);

}  // namespace octopoll::doctor
