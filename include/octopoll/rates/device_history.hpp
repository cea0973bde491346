#pragma once
// Two readings in, one honest delta out, or the reason why not: one device over its cycles.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/cycle.hpp"
#include "octopoll/core/interface.hpp"
#include "octopoll/core/interface_list.hpp"
#include "octopoll/rates/elapsed.hpp"
#include "octopoll/rates/reading_times.hpp"
#include "octopoll/rates/restart.hpp"
#include "octopoll/rates/row_base.hpp"

namespace octopoll::rates {

/// The speeds to judge and divide by. Unit: bit/s. Unknown is nullopt; 0 is read as unknown (RFC 2863, ifSpeed: an
/// interface without a concept of bandwidth reports zero).
struct Speeds {
  std::optional<std::uint64_t> in;
  std::optional<std::uint64_t> out;
};

struct JudgeSettings {
  /// A delta whose time is less certain than this makes no rate: 10 %, and a little for clocks that are not exact. An
  /// agent that shows the same for 3 s may be asked every 30 s.
  double max_time_error = 0.101;
  /// What a delta states beside that: how old a reading may have been though nothing has shown it.
  std::chrono::nanoseconds unseen_age{};
  /// The same, as far as the delta spans it, of a busy row that was not proven to be fresh: others prove nothing of it,
  /// for rows may be reloaded apart.
  std::chrono::nanoseconds unproven_age{};
  /// Whether rows are watched for being reloaded apart (RowReloads): an agent that does not say how it caches, read
  /// more often than such a row can be told from an idle one.
  bool watch_rows = false;
  /// Whether `gained` is told.
  bool tell_gained = false;
  /// What is known of the agent as a whole: the age_bound of each reading has it in it.
  std::chrono::nanoseconds cache_period{};
  ClockSettings clock;
  /// The effective speeds of a row, after the inventory's override; empty: link_speed() both ways.
  /// A softwareLoopback(24) has no speed, whatever this says.
  std::function<Speeds(const InterfaceSample&)> speeds;
  /// An interface that was not read for longer is forgotten, so that names which come and go take no memory for ever.
  std::chrono::nanoseconds forget_after = std::chrono::hours(1);
};

/// What the octet counters of a row have gained since its base, whatever that is worth as a rate, and the time since
/// then; of a row that is watched, since it moved before that, as far as a cache can hold it back. A counter of 32 bits
/// that gained 2^31 or more, or that the judgement refutes, has gained 0. `span` is negative where nobody knows: of a
/// new row, of an agent that has restarted since, or of a base of another run.
struct OctetsGained {
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  std::chrono::nanoseconds span{-1};
};

/// One cycle, judged.
struct Judgement {
  std::vector<InterfaceRecord> interfaces;  ///< in the order of the snapshot
  Restart restart = Restart::unknown;       ///< `yes` once for each restart of the agent
  bool uptime_leapt = false;                ///< leapt_ahead(): rows have a `discontinuity` for it
  /// Names of interfaces whose octets have been above the stated speed by more than 5 % for three deltas in a row, told
  /// once: from here on that speed is unknown, until another one is stated.
  std::vector<std::string> speeds_refuted;
  /// Rows that stand still though they were busy, or have not shown yet that nothing was held back: worth a look.
  std::vector<IfIndex> held_back;
  std::vector<OctetsGained> gained;  ///< of each of `interfaces`, where that was asked for
  /// Busy rows that were not proven to be fresh, where `unproven_age` says that it matters: worth a look, too.
  std::vector<IfIndex> unproven;
};

/// The base lines of one device's interfaces.
///
/// Shape:  value type; about 120 octets an interface. judge() allocates the vectors it returns, and more only where the
///         rows are not those of the cycle before.
/// Errors: none; what cannot be known has a quality that says so.
/// Thread: any, one at a time.
/// Source: RFC 2578 sections 7.1.6 and 7.1.10 (counters have no start value; a Counter64 does not wrap in practice),
///         RFC 2863 section 3.1.5 and ifCounterDiscontinuityTime, RFC 3418 (sysUpTime).
///
/// Each counter of each row gets the first of these that is true:
///  1. `absent`: the row does not have it now. Its base is dropped.
///  2. `first`: it had no base.
///  3. `reboot`: the agent restarted since the base was read. All of the row starts anew.
///  4. `discontinuity`: ifCounterDiscontinuityTime differs (coming or going counts), the name moved to another ifIndex
///     whose ifLastChange is later than the base: the interface was created again, doubt() was called for the name, or
///     sysUpTime leapt_ahead().
///     All of the row starts anew.
///  5. `first`: its width changed; a 32-bit and a 64-bit column are two counters.
///  6. `stale`: no time passed, or the time is less certain than max_time_error. The base is KEPT: the same octets
///     come with a later and longer delta whose relative error is small enough, so sums stay whole. The record's
///     `elapsed` is the time since that kept base, and grows until then.
///  7. 64 bits: `reset` where it went back; `implausible` above 10 Tb/s, and of octets what is more than the row's own
///     frames of the span could hold if each were 64 KiB, unless that was so twice in a row, or of all that both have
///     counted; else `ok`. Beside one that is `reset` others of its row that may have come from 0 since are
///     `ambiguous`: ifCounterDiscontinuityTime is of the row, and not all agents move it. So is one beside its twin of
///     the other direction that went back, where each goes on from the other's base: they may have changed places.
///  8. 32 bits: `ambiguous` where the stated speed allows a whole turn in the time between, unless this row's unicast,
///     multicast and broadcast packets x largest frame leave no room for one. Else `ok` forward, and backward
///     `wrapped` within 1.05 x speed, `implausible` above it. Without a speed, backward is `wrapped` only if the
///     frames leave no room for a whole turn; forward is `ok` only then (by twice the unicast packets and 1,000 a
///     second where the others are not counted). A counter that did not move is `ok`, and frames that bear out what the
///     speed does not refute the speed. Octets are bounded by the frames as those of 64 bits, so one that goes back a
///     little is no wrap. Packets of 32 bits are bounded by the speed in packets of 20 octets; errors and discards are
///     `ok` forward. `wrapped` beside a counter of the row that went back without a wrap is `ambiguous`.
///  9. `implausible` too, whatever the width, is a counter that leaves exactly 0 faster than the stated speed allows,
///     octets that leave it by more than the frames of the same span and 16 could hold (ifMtu + 26 each, unless that
///     was refuted), or packets that leave 0 where the base had more octets than its frames could hold (likewise; where
///     16 leave it or less, were each 64 KiB): the 0 was no count, nor was that of the direction's other counters that
///     leave it with this one, and where it was the octets', that of the row's. The base moves on, and the 0 is not
///     gone back to. A row of zeros that is left both ways within the speed, octets and packets alike, is a new
///     interface.
/// 10. `implausible` are packets for which the octets of the same span have no room (Ethernet: 14 octets a frame, else
///     one; octets that stand at 0 are not counted, and bound nothing), or an Ethernet no time (84 octets a frame on
///     the wire), unless they have been like that before.
/// 11. `implausible` are octets that stand where they stood, at another number than 0, while their direction counted
///     more than 16 packets (without those that were not sent): a counter that is frozen, however long. More than 16,
///     for octets and packets are read one after the other. When they move again the delta has the time since they
///     stood, unless a span without packets, in which they may stand, came between and its own frames have room for it.
///     So an agent that tells octets later than packets costs one delta, and one that tells them sooner as well. It
///     says nothing where frames are no measure of octets (7), nor of the way out of a link that is down, whose packets
///     nobody sends.
///
/// After `reset`, `implausible` and a step back that is `ambiguous`, two bases are held until the next reading shows
/// which one it continues; a delta from the older one has its own `elapsed`. Where it could continue either, it is
/// `ambiguous`: no guess is made. The older base is held on for a few readings that stand still, or one that moves, for
/// agents that garble several readings in a row: a leap back to it is no traffic.
///
/// Limits. The largest frame is ifMtu + 26, so for the packet bound the agent's word on its MTU is taken until octets
/// refute it (RFC 2863 leaves to the media what a frame is). A 32-bit counter that was garbled into something a wrap
/// explains is taken for a wrap. Several readings that were garbled alike look like standing still: their deltas of 0
/// are told, and the delta that leads back spans them.
class DeviceHistory {
 public:
  /// Judges a cycle and makes its readings the new bases. Takes the rows out of `now`; its other fields stay.
  /// Rows known before and missing in `now` keep their bases until `forget_after`.
  [[nodiscard]] Judgement judge(DeviceSnapshot&& now, const JudgeSettings& settings);

  /// Begins at what another history had read, nothing being known here yet. The times in `before` are of our clock;
  /// rows that the agent still has are remembered from `now` on. `clock`: the agent's, as it was then.
  void resume(std::vector<InterfaceSample>&& before, const AgentClock& clock, BootTime now);

  /// The record of an interface that this cycle did not read (partial poll): every counter known of it is `gap`, the
  /// others `absent`; the bases stay, so the next delta spans the gap. nullopt where the name is not known. Best asked
  /// right after judge(), in the order of the rows.
  [[nodiscard]] std::optional<InterfaceRecord> gap(std::string_view name);

  /// The name may mean another interface from here on: its next delta is a `discontinuity`. Unknown names are passed
  /// over.
  void doubt(std::string_view name) noexcept;

  /// The interface was seen to answer fresh. Unknown names are passed over.
  void prove_fresh(std::string_view name) noexcept;

  /// No reading so far was older than that, when it came, whatever its age_bound said.
  void limit_ages(std::chrono::nanoseconds bound) noexcept;

  /// Interfaces remembered.
  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }

 private:
  [[nodiscard]] ClockSettings clock_of(const ReadingTime& now, const ClockSettings& given);
  [[nodiscard]] Restart restart_since_last_cycle(const AgentClock& now);
  /// `answered`: as if that had been its last answer.
  RowBase& append(const InterfaceSample& sample, const ReadingTime& answered);
  [[nodiscard]] OctetsGained gained_by(const RowBase* known, const InterfaceSample& now) const;
  void watch_reloads(RowBase& base, const InterfaceSample& now, const JudgeSettings& settings, Judgement& judgement);
  [[nodiscard]] bool row_restarted(const ReadingTime& base, const ReadingTime& now, Restart& device);
  void forget(BootTime now, std::chrono::nanoseconds after);

  InterfaceList<RowBase> rows_;
  ReadingTimes times_;                       // of `rows_`, each of which uses two places
  std::optional<AgentClock> clock_;          // of the last cycle's beginning
  BootTime begun_at_ = BootTime::min();      // of resume()
  std::optional<AgentClock> latest_;         // of its newest row
  std::optional<BootTime> restarted_at_;     // the last restart, not earlier than it was
  std::optional<ReadingTime> uptime_since_;  // the reading that the agent's clock is compared with
  bool uptime_goes_right_ = false;           // by that
};

}  // namespace octopoll::rates
