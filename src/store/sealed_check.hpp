#pragma once
// Whether all blocks of sealed rows are what they were.

#include <functional>
#include <string>

#include "database.hpp"
#include "sealed_block.hpp"

namespace octopoll::store {

/// Unpacks every block and calls `met` for each that is not whole, with what is wrong with it. Asks `goes_on` now and
/// then: false where it said so and the check was stopped. A store of a version that had no blocks is whole. Errors:
/// store.
[[nodiscard]] Result<bool> check_blocks(Database& database,
                                        const std::function<void(const SealedIdentity& which, std::string fault)>& met,
                                        const std::function<bool()>& goes_on);

}  // namespace octopoll::store
