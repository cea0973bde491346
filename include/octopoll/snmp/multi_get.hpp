#pragma once
// Reading known objects, many to a PDU, without losing all for one that is missing.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "octopoll/core/interface.hpp"
#include "octopoll/snmp/engine.hpp"
#include "octopoll/snmp/get_profile.hpp"

namespace octopoll::snmp {

/// Objects that must come in one PDU, since they date each other: a row's counters, its discontinuity time.
struct GetGroup {
  std::vector<Oid> names;
  std::size_t answer_octets = 0;  ///< what the values are expected to take, names not counted
  /// Of the names the one that travels in each PDU, where the agent takes too few objects at once for the group: as
  /// long as it says the same, what came belongs together.
  std::optional<std::size_t> dating{};
};

/// What came of one group. `values` is as long as `names`: an absent object is one of the SNMP exceptions.
struct GroupAnswer {
  std::size_t group = 0;
  std::vector<Value> values;
  std::optional<std::uint32_t> sys_uptime;  ///< of the same PDU, hundredths of a second
  BootTime received;
  std::chrono::nanoseconds round_trip{};
  /// Between the first and the last of its PDUs, where the agent's messages are too small for the group; else 0.
  std::chrono::nanoseconds spread{};
  bool torn = false;  ///< its PDUs do not belong together: what dates them changed in between, or sysUpTime fell
};

struct MultiGetPlan {
  std::vector<GetGroup> groups;
  unsigned max_message_size = 1472;
  bool with_uptime = true;  ///< sysUpTime.0 leads every PDU
  /// The agent has answered just now: silence may mean that a PDU is too large for it.
  bool known_alive = false;
  /// What the agent has shown of sizes: begins with it, and adds to it. May be null; else it must outlive the MultiGet.
  GetProfile* profile = nullptr;
};

struct MultiGetEnd {
  std::optional<Error> error;           ///< the first that cost a group; the other groups were still asked
  std::size_t unanswered = 0;           ///< groups without an answer
  Outcome outcome = Outcome::answered;  ///< of the first request that was not answered
};

/// Whether a request of that time has met silence for longer than one timeout, however the requests are spaced.
[[nodiscard]] bool waited_for(const Session& session, BootTime sent) noexcept;

/// Reads all groups, as many to a PDU as fit max_message_size and the profile, all PDUs at once within the session's
/// limit.
///
/// tooBig, other errors and silence to a large PDU: it is asked again in smaller ones, at last object by object. Before
/// silence counts for size, or for an object, sysUpTime alone is asked for: where that is not answered either, the
/// device has gone, and the read ends. What an answer leaves out is asked for again, and where it comes then, the agent
/// is asked for so few objects from then on. noSuchName (v1 has no other way to say "absent") takes that object out and
/// asks again. An object that the agent refuses when asked for alone is absent. A first request that is not answered
/// ends it at once: there is nobody there. Thread: the loop's. Destroying it ends it without calling back; a PDU that
/// has met silence for longer than a timeout by then counts as too large, as far as nothing speaks against it.
class MultiGet {
 public:
  using Answered = std::function<void(GroupAnswer&&)>;
  using Done = std::function<void(MultiGetEnd&&)>;

  /// `done` is called once, never from inside this call; it may destroy this.
  [[nodiscard]] static std::unique_ptr<MultiGet> start(Session& session, MultiGetPlan plan, Answered answered,
                                                       Done done);
  ~MultiGet();
  MultiGet(const MultiGet&) = delete;
  MultiGet& operator=(const MultiGet&) = delete;

 private:
  struct Impl;
  explicit MultiGet(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with the replies under way, which outlive a destroyed MultiGet
};

}  // namespace octopoll::snmp
