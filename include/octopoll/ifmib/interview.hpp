#pragma once
// The reads of reader.hpp for who asks one device one thing after the other.

#include <span>
#include <utility>

#include "octopoll/ifmib/reader.hpp"
#include "octopoll/snmp/interview.hpp"

namespace octopoll::ifmib {

/// What came, and how the read ended. Interrupted: neither. Blocks.
[[nodiscard]] std::pair<Scalars, ReadEnd> read_scalars(snmp::Interview& interview, snmp::Session& session,
                                                       ScalarSet set, const ReadLimits& limits);
[[nodiscard]] std::pair<Rows, ReadEnd> read_tables(snmp::Interview& interview, snmp::Session& session,
                                                   std::span<const Column> columns, const ReadLimits& limits);

}  // namespace octopoll::ifmib
