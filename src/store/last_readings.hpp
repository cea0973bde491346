#pragma once
// What was read of each device, for a poller that goes on from it.

#include <map>
#include <string>

#include "database.hpp"
#include "octopoll/core/last_readings.hpp"

namespace octopoll::store {

/// By the device's name. Left out is what has no time on a clock of which more is known than its label: readings from
/// before version 7 of the schema, and such as somebody else wrote. Errors: store.
[[nodiscard]] Result<std::map<std::string, LastReadings>> read_last_readings(Database& database);

}  // namespace octopoll::store
