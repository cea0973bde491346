#pragma once
// Between the library's PDUs and ours.

#include <net-snmp/net-snmp-config.h>
// The library's headers need the line above first.
#include <net-snmp/net-snmp-includes.h>

#include <vector>

#include "octopoll/core/credentials.hpp"
#include "octopoll/snmp/engine.hpp"

namespace octopoll::snmp {

/// A PDU to send; the library's to free. Null when out of memory or where a value cannot be encoded.
[[nodiscard]] netsnmp_pdu* to_pdu(const Request& request, SnmpVersion version);
/// A name with a NULL value, as requests have them.
void add_name(netsnmp_pdu& pdu, const Oid& name);

[[nodiscard]] std::vector<VarBind> to_varbinds(const netsnmp_variable_list* variables);
[[nodiscard]] Value to_value(const netsnmp_variable_list& variable);

}  // namespace octopoll::snmp
