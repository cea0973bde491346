#pragma once
// What rows of a copied store refer to, and was lost.

#include <string>
#include <vector>

#include "database.hpp"

namespace octopoll::store {

/// Gives devices and interfaces of which nothing but the number is left a row with that number and a name that says so,
/// and a device's newest poll that is lost a failed one: no number of what is lost is given to anything new, so that
/// nobody's rows become another's, and what is left can be asked for. Samples of polls that are lost are taken out, for
/// nobody knows when they were. Adds a line for each kind to `lost`. `to` has the newest schema. Errors: store.
[[nodiscard]] Result<> mend_links(Database& to, std::vector<std::string>& lost);

}  // namespace octopoll::store
