#pragma once
// Waits for the moment at which a caching agent shows other counters.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/core/interface.hpp"
#include "octopoll/ifmib/reader.hpp"
#include "octopoll/snmp/engine.hpp"

namespace octopoll::poll {

/// Reads some rows every 100 ms until one counter moves: then all that is read right afterwards is as old as the time
/// since the last look that had not moved, instead of as old as the cache may be.
///
/// Shape: one search, from its making on; destroying it ends it without calling back. What is borrowed must outlive it.
/// Thread: the loop's.
class MoveSearch {
 public:
  /// How old the counters are that are read now.
  using Done = std::function<void(std::chrono::nanoseconds age)>;

  /// `period`: of the cache; where nothing moves for longer, or the agent does not answer, it is the age. `done` is
  /// called once, never from inside this call; it may destroy the search.
  MoveSearch(EventLoop& loop, snmp::Session& session, const std::vector<ifmib::RowPlan>& plans,
             const ifmib::ReadLimits& limits, std::chrono::nanoseconds period, Done done);
  ~MoveSearch();
  MoveSearch(const MoveSearch&) = delete;
  MoveSearch& operator=(const MoveSearch&) = delete;

 private:
  void look();
  void take(BootTime asked, const ifmib::ReadEnd& read);
  void end(std::chrono::nanoseconds age);

  EventLoop& loop_;
  snmp::Session& session_;
  ifmib::ReadLimits limits_;
  std::chrono::nanoseconds period_;
  Done done_;
  std::vector<ifmib::RowPlan> plans_;
  std::vector<InterfaceSample> rows_;
  std::unique_ptr<ifmib::Reading> reading_;
  EventLoop::TimerId timer_ = 0;
  BootTime began_;
  BootTime unmoved_since_;  ///< the last look that showed the old counters was asked then
  std::uint64_t fingerprint_ = 0;
  bool looked_ = false;
};

}  // namespace octopoll::poll
