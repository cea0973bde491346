#pragma once
// Why a name is not known, and which one was meant.

#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/result.hpp"

namespace octopoll::snmp {

/// "IF-MIB" of "IF-MIB::ifDescr" and of "IF-MIB:ifDescr"; empty where no module is named. A colon further on belongs to
/// an index, as in ifRcvAddressStatus.2."0:1b".
[[nodiscard]] std::string_view module_prefix(std::string_view text);

/// The error for a name that the tree does not have. `own_modules` are proposed for a misspelt module.
[[nodiscard]] Error explain_unknown_name(const std::string& text, const std::vector<std::string>& own_modules);

}  // namespace octopoll::snmp
