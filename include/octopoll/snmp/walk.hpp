#pragma once
// Walking columns side by side, whatever the agent makes of it.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "octopoll/snmp/engine.hpp"

namespace octopoll::snmp {

/// What to walk and how gently.
struct WalkPlan {
  std::vector<Oid> columns;               ///< subtrees, walked in parallel, several to a PDU
  unsigned max_repetitions = 25;          ///< upper bound; fewer are asked where answers would pass max_message_size
  unsigned max_message_size = 1472;       ///< octets an answer may have (RFC 3417 section 3.2 recommends 1472)
  std::size_t max_variables = 4'000'000;  ///< an agent that never ends is stopped here
};

/// How a walk ended. `notes` are oddities that cost nothing but a column's tail ("column 1.3.6...: OID not
/// increasing").
struct WalkEnd {
  std::optional<Error> error;  ///< set: what was found before is all there is; unset: complete
  std::vector<std::string> notes;
};

/// One walk.
///
/// Strategy: GETBULK of all columns side by side, sized by the answers seen; fewer repetitions, fewer columns and at
/// last GETNEXT where the agent answers tooBig, genErr, nothing, or with no variables. SNMPv1 walks by GETNEXT.
/// Ends: each column at its subtree's end, endOfMibView, noSuchName (v1), or an OID that comes a second time, which
/// would loop. OIDs that merely do not increase are taken, and noted. Source: RFC 3416 section 4.2.3 (a GETBULK may be
/// answered with fewer variables, even none; short is not the end). Thread: the loop's. Destroying it ends it without
/// calling back.
class Walk {
 public:
  using Found = std::function<void(std::size_t column, VarBind&&)>;
  using Done = std::function<void(WalkEnd&&)>;

  /// The session must outlive the walk. `done` is called once, never from inside this call; it may destroy the walk.
  [[nodiscard]] static std::unique_ptr<Walk> start(Session& session, WalkPlan plan, Found found, Done done);
  ~Walk();
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

 private:
  struct Impl;
  explicit Walk(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with the replies under way, which outlive a destroyed walk
};

}  // namespace octopoll::snmp
