#pragma once
// What `walk` shows of a device's interfaces: one model of rows, three looks.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "octopoll/ifmib/reader.hpp"
#include "octopoll/report/table.hpp"

namespace octopoll::cli {

/// One object with `device` and `interfaces`; null is "the device does not have it". Fields are only ever added.
[[nodiscard]] nlohmann::ordered_json inventory_json(const ifmib::Scalars& scalars, const ifmib::Rows& rows);
[[nodiscard]] report::Table inventory_table(const ifmib::Rows& rows);
/// The lines above the table: who this is and for how long it has been up.
[[nodiscard]] std::string device_heading(const std::string& target, const ifmib::Scalars& scalars);

}  // namespace octopoll::cli
