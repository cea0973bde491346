#pragma once
// Who an interface is, across renumbering. Pure: no I/O.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "octopoll/ifmib/row.hpp"

namespace octopoll::ifmib {

/// The identity of each row: ifName, else ifDescr, else "#<ifIndex>"; unique within the device.
///
/// A name on two rows belongs to the one that `before` had under it, unless that is down and one that was not there
/// before is not (Net-SNMP keeps a re-created interface's old row, down and frozen, beside the new one); else to one
/// that is not down, else to the lowest ifIndex. The others are "name#<ifIndex>", with the number once more where
/// another interface is really called that.
///
/// `before`: the identities of the cycle before, empty on the first.
///
/// Source: RFC 2863 section 3.1.5 (ifIndex may change when the agent restarts), ifName may be shared by rows.
[[nodiscard]] std::map<std::uint32_t, std::string> identify(const Rows& rows,
                                                            const std::map<std::uint32_t, std::string>& before);

/// Names of `names` that may mean another interface than `before`: they sit at an ifIndex that had another name, or
/// more than one row has them and they moved. Their counters cannot be held against those of before. A name that moves
/// to a new ifIndex alone is the same interface renumbered.
[[nodiscard]] std::vector<std::string> moved_in_doubt(const Rows& rows,
                                                      const std::map<std::uint32_t, std::string>& names,
                                                      const std::map<std::uint32_t, std::string>& before);

}  // namespace octopoll::ifmib
