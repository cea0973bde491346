#pragma once
// ICMP echo for many targets in one loop.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "octopoll/core/cycle.hpp"
#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll::icmp {

inline constexpr unsigned min_payload = 24;      ///< what tells a probe's answer from all others
inline constexpr unsigned max_payload = 65'507;  ///< RFC 791 section 3.1: 65,535 less the two headers
inline constexpr std::uint8_t max_dscp = 63;     ///< RFC 2474 section 3: six bits

/// One round: `count` echo requests, `spacing` apart, each lost after `timeout`. A loop that fell behind goes on at
/// the same spacing; it never sends a burst to catch up. The first request waits for its turn among those of all rounds
/// (see Prober), and those of spacings from 10 ms leave on the next full millisecond.
struct EchoPlan {
  unsigned count = 10;
  std::chrono::nanoseconds spacing = std::chrono::seconds(6);
  std::chrono::nanoseconds timeout = std::chrono::seconds(1);
  unsigned payload = 56;  ///< octets after the 8 of the ICMP header, min_payload to max_payload
  /// IPv4's time to live (RFC 791) or IPv6's hop limit (RFC 8200): 1 to 255 routers. None: the kernel's, mostly 64.
  std::optional<std::uint8_t> hop_limit{};
  /// The six bits of RFC 2474 that routers queue by, 0 to max_dscp; 46 is expedited forwarding. None: 0.
  std::optional<std::uint8_t> dscp{};
  /// Requests leave whole or not at all; without this they may be fragmented on the way (IPv4: no DF bit). Larger than
  /// the interface's MTU they are refused here (lost, with the reason in EchoRound::error); larger than the path's, the
  /// router that cannot pass them on says so (an ICMP error each). What this machine remembers of a path's MTU (RFC
  /// 1191) is not obeyed, so that each probe asks the path itself.
  bool dont_fragment = false;
  /// How long after its end the round is kept on record for late answers and duplicates; at least one spacing and one
  /// timeout, at most a minute.
  std::chrono::nanoseconds remember{};
  /// An address of this machine, of the target's family, to send from and so to be answered at; a link-local one has
  /// its interface. Its port is ignored. An address that is not (or no longer) this machine's refuses each probe.
  std::optional<Endpoint> source{};
};

/// An ICMP error about a probe, as the one who sent it put it. Source: RFC 792, RFC 4443 section 3.
struct EchoError {
  std::uint8_t type = 0;       ///< by the target's family: 3 is "unreachable" in ICMP, "time exceeded" in ICMPv6
  std::uint8_t code = 0;       ///< of that type
  Endpoint router;             ///< who says so: a router, the target or this machine; not valid where it is not known
  std::uint32_t sequence = 0;  ///< of the probe within its round, from 0
  std::optional<std::uint32_t> mtu{};  ///< octets that the next link takes, where the error is about that and says it
};

/// What a round brought. Times are the kernel's: from handing the request to the interface until the answer came in.
///
/// A probe that the kernel refused to send (no route, a firewall rule) counts as sent and lost, with the reason in
/// `error`: the target cannot be reached, and its loss must not read 0 %. Only where this process could not probe at
/// all (no socket for the family, a plan that makes no sense) `sent` is 0 beside the error: nothing was measured.
struct EchoRound {
  std::uint32_t sent = 0;
  std::uint32_t received = 0;  ///< in time, each probe at most once
  /// For which this machine had no room (send buffer, the interface's queue) for as long as the timeout; neither sent
  /// nor lost, for they say nothing of the network.
  std::uint32_t not_sent = 0;
  std::uint32_t duplicates = 0;  ///< further answers to a probe that had one
  std::uint32_t late = 0;        ///< first answers after the timeout, while the round was running: lost all the same
  /// ICMP errors about the round's probes; they neither make a probe lost nor take a loss away. Requests that the
  /// kernel refused are not among them.
  std::uint32_t errors = 0;
  std::optional<EchoError> first_error;               ///< of `errors`
  std::vector<std::chrono::nanoseconds> round_trips;  ///< of the received, in order of sending
  std::vector<std::uint32_t> sequences;               ///< of the same probes: which of the round they were, from 0
  std::optional<Error> error;                         ///< the first ICMP error or send failure of the round, in words
};

/// One answer, told as it comes in; for a live display.
struct EchoAnswer {
  enum class Kind : std::uint8_t { in_time, late, duplicate };
  Kind kind = Kind::in_time;
  std::uint32_t sequence = 0;  ///< of the probe within its round, from 0
  std::chrono::nanoseconds round_trip{};
};

/// Counts over the prober's life.
struct ProberStatistics {
  std::uint64_t sent = 0;        ///< requests that the kernel took
  std::uint64_t received = 0;    ///< answers in time
  std::uint64_t duplicates = 0;  ///< also those that came after their round was over
  std::uint64_t late = 0;        ///< as above
  std::uint64_t foreign = 0;     ///< echo replies that are no answer to a probe on record
  std::uint64_t errors = 0;      ///< ICMP errors about our probes, and requests that the kernel refused
  std::uint64_t not_sent = 0;    ///< requests that found no room in this machine's queues until it was too late
  /// Replies that found the receive buffer full: lost here, by a loop that did not come to read them, and not in the
  /// network. Without CAP_NET_ADMIN net.core.rmem_max bounds the buffer.
  std::uint64_t overflowed = 0;
};

/// Sends and matches echo requests over one socket an address family (and one for each source of IPv6 probes): ICMP
/// datagram sockets where the kernel allows (net.ipv4.ping_group_range), raw sockets with CAP_NET_RAW otherwise.
///
/// Matching: by a keyed cookie in the payload, since the kernel owns the identifier of datagram sockets and a 16-bit
/// sequence wraps. A reply without it, or from another address than the probe went to, is `foreign`. A round is kept
/// on record for a while after its end (EchoPlan::remember), so that late answers and duplicates are known for what
/// they are; what comes even later is foreign.
///
/// Loss is decided by time alone: an ICMP error is told in the round, and the probe is waited for all the same, for
/// such an error is easily forged.
/// Clocks: round trips are differences of the kernel's stamps at the interface (SO_TIMESTAMPING), so that neither a
/// busy loop nor a queue of this machine nor a neighbour's unknown link address shows as latency of the network. They
/// are stamps of the wall clock; where that was stepped meanwhile, or a stamp is missing, BootClock's measure (which
/// includes the loop's delay) takes their place.
///
/// Pacing: requests leave at no more than twice the rate that all running rounds ask for together, at least 1,000 a
/// second; rounds that are started at one moment are thereby spread over half a spacing, and stay so. Those that are
/// due in one millisecond leave by one system call. Cost: docs/performance.md; made for 20,000 targets on one loop.
///
/// Thread: the loop's. Callbacks run on it, from the loop (or finish()) and never from within start(); they may start
/// and finish rounds, but must not destroy the prober. Rounds that run when it is destroyed never call back.
///
/// Source: RFC 792 (echo), RFC 4443 section 4 (ICMPv6 echo), RFC 2681 (a lost probe has no round trip).
class Prober {
 public:
  using RoundId = std::uint64_t;  ///< 0 is never a round
  using Done = std::function<void(EchoRound)>;
  using Watch = std::function<void(const EchoAnswer&)>;

  /// Errors: permission where neither kind of socket is allowed for IPv4 nor IPv6; its remedy names both ways out.
  /// With one family alone it works, and probes of the other fail with that error in their round.
  [[nodiscard]] static Result<std::unique_ptr<Prober>> create(EventLoop& loop);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  /// Starts a round; `done` is called once, after the last answer or timeout. The endpoint's port is ignored.
  /// `watch`, if any, is told of each answer, also of those after `done` while the round is on record.
  RoundId start(const Endpoint& target, const EchoPlan& plan, Done done, Watch watch = {});
  /// Ends a round now, with the answers that lie in the socket: probes that have none and whose timeout has not come
  /// are not counted as sent; `done` is called from within. A round that is over, or never was, is left alone. From
  /// within a Watch the socket is not read again, and a probe whose answer may lie there is not counted as sent either.
  void finish(RoundId round);

  [[nodiscard]] ProberStatistics statistics() const noexcept;
  /// "datagram", "raw" or "none", for `--version`-like output and tests.
  [[nodiscard]] std::string socket_kind(int family) const;

 private:
  struct Impl;
  explicit Prober(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace octopoll::icmp
