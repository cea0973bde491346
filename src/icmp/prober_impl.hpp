#pragma once
// The prober's insides, for the files that it is written in: prober.cpp (rounds, from start to end), prober_send.cpp
// (requests out) and prober_receive.cpp (answers and errors in).

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "icmp/batch_writer.hpp"
#include "icmp/echo_message.hpp"
#include "icmp/echo_socket.hpp"
#include "icmp/pacer.hpp"
#include "icmp/round.hpp"
#include "icmp/siphash.hpp"
#include "octopoll/icmp/prober.hpp"

namespace octopoll::icmp {

/// Reads in one go: many enough for a burst, few enough that a flood of foreign replies does not hold up the loop.
inline constexpr int reads_a_turn = 32;
/// Enough reads to empty the largest receive buffer once, whatever comes in meanwhile.
inline constexpr int reads_to_empty = 512;

/// All that belongs to one socket.
struct Wire {
  std::optional<EchoSocket> socket;
  std::optional<Endpoint> source;  ///< that it is bound to
  Error why_not;                   ///< where there is no socket
  std::uint16_t next_sequence = 0;
  /// The probe behind each 16-bit sequence on the wire: an ICMP error need not quote more than the ICMP header
  /// (RFC 792), so it may come without our tag. Empty before the first one is sent.
  std::vector<ProbeTag> by_sequence;
  std::uint16_t stamp_base = 0;        ///< sequence of the request whose send stamp has number 0
  std::uint32_t numbered = 0;          ///< requests sent since that one
  std::deque<RoundKey> outbox;         ///< rounds whose next probe is due
  unsigned unread_sends = 0;           ///< requests since the socket was last read
  BootTime emptied = BootTime::min();  ///< when the socket was last seen to hold no answer
};

struct Prober::Impl {
  Impl(EventLoop& event_loop, const SipKey& key) : loop(event_loop), seal(key) {}
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  EventLoop& loop;
  TagSeal seal;
  Wire ipv4, ipv6;
  std::deque<Wire> bound;  // a deque, since rounds point at them
  Pacer pacer;
  BatchWriter writer;
  std::vector<RoundKey> in_batch;    // whose probes are in the writer
  BatchReader reader, error_reader;  // two, since errors and stamps are read while replies are in hand
  bool reading = false;              // replies are in hand: another read would overwrite them
  EventLoop::HookId hook = 0;
  EventLoop::TimerId outbox_timer = 0;
  std::deque<Round> rounds;  // a deque, since a callback may start rounds while another is in hand
  std::vector<std::uint32_t> free_slots;
  std::uint32_t last_generation = 0;
  ProberStatistics statistics;

  Wire& wire_of(int family) noexcept { return family == AF_INET ? ipv4 : ipv6; }
  Wire& wire_for(const Endpoint& target, const EchoPlan& plan);
  Result<> open(Wire& wire, int family);
  template <class Visit>
  void for_each_wire(Visit visit) {
    visit(ipv4);
    visit(ipv6);
    // By number: a visit may end in a callback that starts a round from another source.
    for (std::size_t i = 0; i < bound.size(); ++i) visit(bound[i]);
  }

  std::uint32_t take_slot();
  Round* find(std::uint32_t slot, std::uint32_t generation) noexcept;
  void wake_at(std::uint32_t slot, BootTime when);
  void wake(std::uint32_t slot, std::uint32_t generation);

  void send_due();
  void send_due(Wire& wire);
  std::uint16_t fill_batch(Wire& wire, std::size_t most);
  std::size_t send_batch(Wire& wire, std::uint16_t first_sequence);
  void sent(const RoundKey& key, const ClockPair& asked);
  void refused(const RoundKey& key, BootTime now, int code, std::optional<std::uint32_t> mtu);
  void advance(Round& round, Probe probe, BootTime now);
  void settle(std::uint32_t slot);
  void end(std::uint32_t slot);
  void fade(std::uint32_t slot);
  void release(std::uint32_t slot);

  void readable(Wire& wire, std::uint32_t events);
  void read_replies(Wire& wire, int most_reads);
  std::optional<std::uint32_t> read_errors(Wire& wire);
  void take_stamps(const Wire& wire, std::span<const SendStamp> stamps);
  void accept(const EchoSocket& socket, const Arrival& arrival, const ClockPair& read);
  void count(Round& round, EchoAnswer::Kind kind);
  void answered(std::uint32_t slot);
  void note(const Wire& wire, const ErrorArrival& arrival);
};

}  // namespace octopoll::icmp
