#pragma once
// Answers that Net-SNMP does not read whole, for the sake of what it can read.

#include <net-snmp/net-snmp-config.h>
// The library's headers need the line above first.
#include <net-snmp/net-snmp-includes.h>

#include <cstddef>
#include <optional>
#include <string_view>

namespace octopoll::snmp {

/// Reads a Response-PDU (RFC 3416 section 3) that snmp_pdu_parse() refuses, variable by variable: one bad value costs
/// itself alone, and becomes NULL. What stands behind a variable without a sound frame is lost.
///
/// Returns how many variables could not be read. nullopt where that is all of them, or where the frame of the PDU
/// itself is not sound; then `pdu` has none.
[[nodiscard]] std::optional<std::size_t> parse_leniently(netsnmp_pdu& pdu, std::string_view octets);

}  // namespace octopoll::snmp
