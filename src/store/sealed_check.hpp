#pragma once
// Whether all blocks of sealed rows are what they were.

#include <functional>
#include <string>
#include <vector>

#include "database.hpp"

namespace octopoll::store {

/// Unpacks every block and adds to `wrong` a line for each that is not whole. Asks `goes_on` now and then: false where
/// it said so and the check was stopped. Errors: store.
[[nodiscard]] Result<bool> check_blocks(Database& database, std::vector<std::string>& wrong,
                                        const std::function<bool()>& goes_on);

}  // namespace octopoll::store
