#pragma once
// Reading known objects, many to a PDU, without losing all for one that is missing.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "octopoll/core/interface.hpp"
#include "octopoll/snmp/engine.hpp"

namespace octopoll::snmp {

/// Objects that must come in one PDU, since they date each other: a row's counters, its discontinuity time.
struct GetGroup {
  std::vector<Oid> names;
  std::size_t answer_octets = 0;  ///< what the values are expected to take, names not counted
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
};

struct MultiGetPlan {
  std::vector<GetGroup> groups;
  unsigned max_message_size = 1472;
  bool with_uptime = true;  ///< sysUpTime.0 leads every PDU
  bool probe = false;       ///< as in Request
  /// The agent has answered just now: silence may mean that a PDU is too large for it.
  bool known_alive = false;
};

struct MultiGetEnd {
  std::optional<Error> error;           ///< the first that cost a group; the other groups were still asked
  std::size_t unanswered = 0;           ///< groups without an answer
  Outcome outcome = Outcome::answered;  ///< of the first request that was not answered
  /// Set where a PDU was too large for the agent: the max_message_size that it could answer.
  std::optional<unsigned> message_size;
};

/// Reads all groups, as many to a PDU as fit max_message_size, all PDUs at once within the session's limit.
///
/// tooBig, other errors, an answer that was cut short and silence to a large PDU: it is asked again in two halves, at
/// last object by object. noSuchName (v1 has no other way to say "absent") takes that object out and asks again. An
/// object that the agent refuses when asked for alone is absent. A first request that is not answered ends it at once:
/// there is nobody there. Thread: the loop's. Destroying it ends it without calling back.
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
