#pragma once
// Net-SNMP's printers for our values.

#include <string>
#include <string_view>

#include "octopoll/snmp/oid.hpp"
#include "octopoll/snmp/value.hpp"

namespace octopoll::snmp {

/// The letters of snmpwalk's -O that need no argument and say nothing but how to print.
inline constexpr std::string_view output_letters = "0abeEfnqQsStTuUvxX";

/// "IF-MIB::ifDescr.1", raw: octets of an index may be in it.
[[nodiscard]] std::string print_name(const Oid& oid);
/// The line of snmpwalk with these letters of -O, raw.
[[nodiscard]] std::string print_variable(const VarBind& variable, const std::string& letters);
/// Octets, IPv4 addresses, OIDs and numbers without name, type word and unit, after the MIB's DISPLAY-HINT; raw.
[[nodiscard]] std::string print_value(const VarBind& variable);

}  // namespace octopoll::snmp
