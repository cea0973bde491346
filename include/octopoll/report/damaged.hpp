#pragma once
// What of the store a report could not read.

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "octopoll/core/result.hpp"
#include "octopoll/store/damaged_block.hpp"

namespace octopoll::report {

/// A note below a table for people; stderr names them.
[[nodiscard]] std::string damaged_note(std::span<const store::DamagedBlock> damaged);
/// [{"rows": "samples", "device": ..., "interface": ..., "since": ..., "until": ..., "fault": ...}], empty where all
/// was read; fields are only ever added.
[[nodiscard]] nlohmann::ordered_json damaged_json(std::span<const store::DamagedBlock> damaged);

/// How a command ends that has shown all the rest: names the blocks, or the first of many, and what to do. `where`: "in
/// this report". Errors: store, unless there is none.
[[nodiscard]] Result<> check_whole(std::span<const store::DamagedBlock> damaged, std::string_view where);

}  // namespace octopoll::report
