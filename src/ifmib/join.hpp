#pragma once
// Which row of ifXTable belongs to which row of ifTable. Pure: no I/O.

#include <cstdint>
#include <optional>

#include "octopoll/ifmib/row.hpp"

namespace octopoll::ifmib {

/// What ifXTable's indexes have beyond ifTable's, where an agent numbers it by a constant offset (UniFi US-8: 1000001..
/// beside 1..). RFC 2863 gives both tables the same index, so this wants proof: as many rows in each table, one
/// difference throughout, and rows that belong together by their names or by the low 32 bits of their octet counters.
/// Where an index is in both tables (2.. beside 1..), rows of one index must not belong together by either as well.
/// Nothing where any of it is missing or a name says otherwise: two halves of a row are better than a wrong one.
[[nodiscard]] std::optional<std::int64_t> ifx_offset(const Rows& rows);

/// Puts the cells of ifXTable into the rows of ifTable and notes where they came from (Row::x_index).
void join_tables(Rows& rows, std::int64_t offset);

}  // namespace octopoll::ifmib
