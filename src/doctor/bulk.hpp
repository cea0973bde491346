#pragma once
// Whether GETBULK says what GETNEXT says, and how large an answer may be.

#include <vector>

#include "octopoll/doctor/examination.hpp"
#include "octopoll/ifmib/row.hpp"

namespace octopoll::doctor {

/// Names in the order in which GETNEXT gives them, from ifDescr on, one a request.
struct NextWalk {
  std::vector<snmp::Oid> names;
  bool to_the_end = false;  ///< of what the agent has
  bool increasing = true;
  bool loops = false;
  std::optional<Error> error;
};
inline constexpr unsigned longest_next_walk = 100;
[[nodiscard]] NextWalk walk_by_get_next(snmp::Interview& interview, snmp::Session& session);
[[nodiscard]] Finding judge_order(const NextWalk& walk);

/// Asks for 10, 25, 50 and 100 repetitions and compares. Where fewer than the default of 25 are answered rightly,
/// `profile` gets how many.
[[nodiscard]] Finding try_bulk_sizes(snmp::Interview& interview, snmp::Session& session, const NextWalk& walk,
                                     Profile& profile);
inline constexpr unsigned bulk_requests = 8;

/// Asks for known objects with ever smaller answers until one comes; `profile` gets the size where it is below the
/// default of 1,472 octets. Where an answer has fewer objects than were asked for, or not even 484 octets come, it gets
/// how many objects the agent answers at once.
[[nodiscard]] Finding try_message_sizes(snmp::Interview& interview, snmp::Session& session, const ifmib::Rows& rows,
                                        Profile& profile);
inline constexpr unsigned message_requests = 10;

}  // namespace octopoll::doctor
