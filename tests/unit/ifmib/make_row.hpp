#pragma once
// Rows for the tests of this room, a cell at a time.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include "octopoll/ifmib/row.hpp"

namespace octopoll::ifmib::test {

using Cell = std::pair<Column, snmp::Value>;

inline Row make_row(std::initializer_list<Cell> cells) {
  Row row;
  for (const auto& [column, value] : cells) row.set(column, value);
  return row;
}

inline snmp::Value text(std::string octets) { return snmp::Value::octet_string(std::move(octets)); }
inline snmp::Value number(std::int64_t value) { return snmp::Value::integer(value); }

}  // namespace octopoll::ifmib::test
