#pragma once
// Walking columns side by side, whatever the agent makes of it.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/snmp/engine.hpp"

namespace octopoll::snmp {

/// How much one device answers at once, as far as it has shown: what a walk starts from, and what it has learned when
/// it ends. Kept between walks it spares the device, and us, the sizes that failed before.
///
/// Rule: as long as nothing failed, each whole and quick answer adds some repetitions. No answer, an error or an empty
/// answer takes them down (25, 10, 1), then GETBULK, then columns; from then on each walk without trouble gives back
/// one. An answer that was cut takes them down to what came, which costs nothing to undo.
struct BulkProfile {
  static constexpr unsigned first_repetitions = 10;  ///< some agents die at 50 (Cisco N9000, Palo Alto)
  static constexpr std::size_t most_columns = 14;    ///< small buffers choke on long requests before long answers

  bool bulk = true;  ///< false: GETBULK is refused or never answered
  unsigned repetitions = first_repetitions;
  std::size_t columns = most_columns;  ///< side by side in one PDU
  /// Of the answers seen. Before any: a column's OID and a counter or a short string.
  double octets_per_variable = 34.0;
  std::string lowered;       ///< why less is asked for; empty: nothing failed
  unsigned quiet_walks = 0;  ///< without trouble since it was lowered

  /// Halves the repetitions that were asked for; at one, GETBULK is given up. False where that has happened already.
  /// For whoever finds out that whole answers were wrong ("rows missing").
  bool doubt(std::string_view why, unsigned asked);
};

/// What to walk and how gently.
struct WalkPlan {
  std::vector<Oid> columns;  ///< subtrees, walked in parallel, several to a PDU
  /// Upper bound; fewer are asked where answers would pass max_message_size. 1: by GETNEXT alone.
  unsigned max_repetitions = 25;
  unsigned max_message_size = 1472;  ///< octets an answer may have (RFC 3417 section 3.2 recommends 1472)
  std::size_t max_columns = BulkProfile::most_columns;  ///< side by side, whatever the profile says
  std::size_t max_variables = 4'000'000;                ///< an agent that never ends is stopped here
  BulkProfile profile{};                                ///< of an earlier walk of this device
};

/// How a walk ended. `notes` are oddities that cost nothing but a column's tail ("column 1.3.6...: OID not
/// increasing").
struct WalkEnd {
  std::optional<Error> error;  ///< set: what was found before is all there is; unset: complete
  std::vector<std::string> notes;
  Outcome outcome = Outcome::answered;  ///< of the request that ended it, where one did
  BulkProfile profile{};                ///< for the next walk of this device
  unsigned most_repetitions = 0;        ///< that an answered GETBULK asked for
  /// Columns that ended where the agent refused even a GETNEXT of them alone: the error is about these, all others are
  /// whole. Empty where the error ended the walk.
  std::vector<std::size_t> refused{};
};

/// One walk.
///
/// Strategy: GETBULK of all columns side by side, sized by the answers seen and by the profile. SNMPv1, and who
/// allows one repetition, walks by GETNEXT. Silence: a GETNEXT of one column tells whether the request was too much or
/// the device has gone; in the second case the walk ends with that, however many steps there would be left to try.
/// Ends: each column at its subtree's end, endOfMibView, noSuchName (v1), or an OID that comes a second time, which
/// would loop. Any other error to a GETNEXT of one column ends that column, and the walk is not whole: genErr and
/// tooBig may pass. OIDs that merely do not increase are taken, and noted. Source: RFC 3416 section 4.2.3 (a GETBULK
/// may be answered with fewer variables, even none; short is not the end). Thread: the loop's. Destroying it ends it
/// without calling back.
class Walk {
 public:
  using Found = std::function<void(std::size_t column, VarBind&&)>;
  using Done = std::function<void(WalkEnd&&)>;

  /// The session must outlive the walk. `done` is called once, never from inside this call; it may destroy the walk.
  [[nodiscard]] static std::unique_ptr<Walk> start(Session& session, WalkPlan plan, Found found, Done done);
  ~Walk();
  /// What it has learned so far.
  [[nodiscard]] const BulkProfile& profile() const noexcept;
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

 private:
  struct Impl;
  explicit Walk(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with the replies under way, which outlive a destroyed walk
};

}  // namespace octopoll::snmp
