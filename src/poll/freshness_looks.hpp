#pragma once
// Asks an agent a few times in quick succession, beside its cycles, whether it answers fresh.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/cycle.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/ifmib/reader.hpp"
#include "octopoll/rates/device_history.hpp"
#include "octopoll/rates/freshness_prover.hpp"
#include "octopoll/snmp/engine.hpp"

namespace octopoll::poll {

/// Looks at one device: what a FreshnessProver wants to see, when the device bears it.
///
/// Whom. In each eighth of the table a row that is held back, else a busy one that was never proven, else the busiest,
/// by what passed since it moved before: line cards have ifIndexes of their own, and each may be reloaded apart, as any
/// row may. A device on which nothing moves is not asked.
///
/// When. After a cycle that was whole, met no timeout and took a small part of its interval; for the first time after
/// the second one, again after a restart of the agent, and then so rarely that an hour has no more than
/// most_looks_an_hour; once an hour when all busy rows are proven. While a cycle is under way nothing is asked.
///
/// What. One GET of up to eight counters, one at a time, without a retry. An error ends it, and so do a few of them
/// that met silence or took far longer than others.
///
/// Shape: one a device; what a proof needs is held while it is under way. Thread: the loop's.
class FreshnessLooks {
 public:
  using Told = std::function<void(const rates::Freshness&)>;
  static constexpr unsigned most_looks_an_hour = 40;
  static constexpr std::size_t rows_looked_at = 8;

  /// `told`: of each finding, never from inside a call of this.
  FreshnessLooks(EventLoop& loop, Told told);
  ~FreshnessLooks();
  FreshnessLooks(const FreshnessLooks&) = delete;
  FreshnessLooks& operator=(const FreshnessLooks&) = delete;

  /// What a cycle has left to look at. All are borrowed for the call, but the session, which must outlive what comes
  /// until pause().
  struct Ended {
    snmp::Session& session;
    const DeviceCycle& cycle;
    const rates::Judgement& judged;  ///< of its rows, which are in the cycle; `gained` where that was wanted
    const std::vector<ifmib::RowPlan>& plans;
    /// Of a pair of cycles, which has to do with what there is: what passed is reckoned from sysUpTime.
    bool in_pair = false;
    std::chrono::nanoseconds least_between{};   ///< from look to look
    std::size_t most_objects = rows_looked_at;  ///< that the agent answers at once
  };
  void resume(const Ended& ended);
  /// Whether it will want to know what the rows of the cycle under way have gained.
  [[nodiscard]] bool wants_gained() const { return !campaign_ && BootClock::now() >= due_; }
  /// A cycle begins, or the session goes: what is under way is not waited for.
  void pause();
  /// Another agent, or one that has restarted: nothing is known of it.
  void forget();
  /// What is known may not hold any more.
  void doubt();

  /// What the looks have shown by now, though they may not be through.
  struct Shown {
    bool stood_still = false;          ///< one of the rows, for too long
    std::vector<std::string> fresh{};  ///< names of interfaces that moved whenever they were asked
  };
  [[nodiscard]] Shown shown() const;

  /// How many were asked since this was called last.
  [[nodiscard]] std::uint32_t take_count() noexcept { return std::exchange(looks_asked_, 0); }
  /// No reading is older than that; nullopt: not known.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> bound() const noexcept { return bound_; }

 private:
  struct Choice {
    const ifmib::RowPlan* plan = nullptr;
    Counter counter{};
    bool held_back = false;
    bool unproven = false;  ///< and not looked at in vain
    double octets_per_second = 0.0;
    [[nodiscard]] bool better_than(const Choice& other) const noexcept {
      return std::tie(held_back, unproven, octets_per_second) >
             std::tie(other.held_back, other.unproven, other.octets_per_second);
    }
  };
  struct Campaign {
    rates::FreshnessProver prover;
    std::vector<snmp::Oid> names;
    std::vector<std::string> interfaces;
    std::chrono::nanoseconds least_between;
    bool in_pair = false;
    std::optional<std::chrono::nanoseconds> shortest_trip{};
    unsigned troubles = 0;  ///< looks that showed the device, or the way to it, to be overloaded
  };

  void begin(const Ended& ended);
  [[nodiscard]] std::vector<Choice> choose(const Ended& ended);
  void arm(BootTime soonest);
  void ask();
  void take(const snmp::Reply& reply);
  void end();
  void put_off(unsigned looks);

  EventLoop& loop_;
  Told told_;
  std::unique_ptr<Campaign> campaign_;
  Shown last_;                        ///< by the campaign before; of a pair of cycles the second one asks for it
  bool more_ = false;                 ///< busy rows that were not proven and not chosen
  std::vector<IfIndex> tried_;        ///< some that were, until none is left
  snmp::Session* session_ = nullptr;  ///< null while paused
  BootTime asked_;
  std::uint32_t looks_asked_ = 0;
  EventLoop::TimerId timer_ = 0;
  std::optional<std::chrono::nanoseconds> bound_;
  BootTime due_ = BootTime::min();        ///< the next campaign, not earlier
  BootTime doubt_due_ = BootTime::min();  ///< the same where what is known is doubted
  /// Of the request under way: answers to others find another number. Shared with them, which may outlive this.
  std::shared_ptr<std::uint64_t> request_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace octopoll::poll
