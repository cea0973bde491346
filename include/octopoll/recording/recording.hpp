#pragma once
// A device's objects as one file that the test agent, or snmpsim, plays again.

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "octopoll/core/result.hpp"
#include "octopoll/snmp/interview.hpp"
#include "octopoll/snmp/oid.hpp"
#include "octopoll/snmp/value.hpp"

namespace octopoll::recording {

/// In the order of a walk, which is the order of the file.
using Objects = std::map<snmp::Oid, snmp::Value>;

/// What is read.
struct Plan {
  bool usual = true;            ///< what a bug report of an interface poller needs: see usual_subtrees()
  std::vector<snmp::Oid> more;  ///< further subtrees, or single objects
  bool everything = false;      ///< 1.3.6.1
  unsigned max_repetitions = 25;
};

struct Recording {
  Objects objects;
  std::vector<std::string> notes;  ///< oddities of the walks, which a sorted file does not show
  std::optional<Error> error;      ///< set: `objects` is what was found before
};

/// system, interfaces (ifTable column by column), ifMIB (likewise), dot3Stats, the snmpEngine group, Net-SNMP's
/// nsCacheTimeout of ifTable. Those in one list are walked side by side.
[[nodiscard]] std::vector<std::vector<snmp::Oid>> usual_subtrees();

/// The configuration of SNMP itself and command lines: left out unless a subtree of theirs is asked for by name.
[[nodiscard]] std::span<const snmp::Oid> secret_subtrees();

/// Reads one subtree after the other, one request at a time where the session allows no more. `progress` is told how
/// many objects there are so far. A device that stops answering ends it.
[[nodiscard]] Recording record(snmp::Interview& interview, snmp::Session& session, const Plan& plan,
                               const std::function<void(std::size_t objects)>& progress);

/// The file: one object a line, `OID|TAG|VALUE`, LF at each end, sorted by OID as numbers, no comments.
///
/// TAG is the number of the ASN.1 tag (2 INTEGER, 4 OCTET STRING, 5 NULL, 6 OBJECT IDENTIFIER, 64 IpAddress,
/// 65 Counter32, 66 Gauge32, 67 TimeTicks, 68 Opaque, 70 Counter64). An `x` after it says that VALUE is the content's
/// octets in hex: strings that are not plain printable ASCII or begin or end with a blank, and what its type cannot say
/// otherwise (an IpAddress that has not four octets). Source: snmpsim's documentation of its .snmprec files.
[[nodiscard]] std::string to_snmprec(const Objects& objects);

}  // namespace octopoll::recording
