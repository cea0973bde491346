// Requests out: what is due, as fast as the pacer lets it, by batches.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "icmp/icmp_error.hpp"
#include "icmp/prober_impl.hpp"

namespace octopoll::icmp {
namespace {

using std::chrono::nanoseconds;

/// How soon a request is tried again that found the send buffer or the interface's queue full.
constexpr nanoseconds busy_pause = std::chrono::milliseconds(5);
/// Near targets answer while further requests go out: unread, their answers and the stamps of the requests would
/// overflow the receive buffer (a hundred of both do where net.core.rmem_max is 208 KiB) and count as lost.
constexpr unsigned sends_between_reads = 64;
/// Batches in one go, before the loop attends to others.
constexpr int batches_a_turn = 4;
/// A pending error on the shared socket fails the next request, and the next ICMP error may be there at once.
constexpr int send_attempts = 4;

/// The send buffer or the interface's queue is full: no loss, only later.
bool no_room(int code) noexcept { return code == EAGAIN || code == ENOBUFS || code == ENOMEM; }

}  // namespace

/// Sends what is due and may leave. Once a turn of the loop, before it waits: what came due in one turn leaves
/// together.
void Prober::Impl::send_due() {
  bool more = false;
  for_each_wire([&](Wire& wire) {
    send_due(wire);
    more = more || !wire.outbox.empty();
  });
  if (!more || outbox_timer != 0) return;
  outbox_timer = loop.at(pacer.next(BootClock::now()), [this] { outbox_timer = 0; });
}

void Prober::Impl::send_due(Wire& wire) {
  for (int i = 0; i < batches_a_turn && !wire.outbox.empty(); ++i) {
    const std::size_t allowed = pacer.allowance(BootClock::now());
    if (allowed == 0) return;
    const std::uint16_t first_sequence = fill_batch(wire, std::min(allowed, BatchWriter::batch));
    if (writer.size() == 0) continue;
    pacer.spend(send_batch(wire, first_sequence));
    if (wire.unread_sends >= sends_between_reads) read_replies(wire, reads_a_turn);
    for (std::size_t k = 0; k < in_batch.size(); ++k) {
      const Round* round = find(in_batch[k].slot, in_batch[k].generation);
      if (round != nullptr && round->phase == Round::Phase::running) settle(in_batch[k].slot);
    }
  }
}

/// Takes rounds out of the outbox, as many as may be fragmented, or must not be, in one go. Returns the sequence of the
/// first message; the others follow one by one.
std::uint16_t Prober::Impl::fill_batch(Wire& wire, std::size_t most) {
  writer.clear();
  in_batch.clear();
  if (wire.by_sequence.empty()) wire.by_sequence.resize(std::size_t{1} << 16);
  const std::uint16_t first_sequence = wire.next_sequence;
  bool dont_fragment = false;
  while (!wire.outbox.empty() && writer.size() < most) {
    const RoundKey key = wire.outbox.front();
    const Round* round = find(key.slot, key.generation);
    const bool running = round != nullptr && round->phase == Round::Phase::running;
    if (running && writer.size() != 0 && round->plan.dont_fragment != dont_fragment) break;
    wire.outbox.pop_front();
    if (!running) continue;
    dont_fragment = round->plan.dont_fragment;
    const ProbeTag tag{key.slot, key.generation, static_cast<std::uint32_t>(round->probes.size())};
    const std::uint16_t sequence = wire.next_sequence++;
    wire.by_sequence[sequence] = tag;
    const auto message = writer.add(round->target, round->plan);
    seal.write(tag, message.subspan(header_octets));
    write_request_header(round->target.family(), wire.socket->id(), sequence, message);
    in_batch.push_back(key);
  }
  wire.socket->set_dont_fragment(dont_fragment);
  return first_sequence;
}

/// Returns how many the kernel took: what it refused reaches no network, and so is no part of the pace.
std::size_t Prober::Impl::send_batch(Wire& wire, std::uint16_t first_sequence) {
  std::size_t taken_in_all = 0;
  std::size_t first = 0;
  int attempts = 0;
  while (first < writer.size()) {
    const ClockPair asked = ClockPair::now();
    const auto [taken, failed] = writer.send(*wire.socket, first);
    if (failed == 0) {
      for (std::size_t i = first; i < first + taken; ++i) sent(in_batch[i], asked);
      wire.unread_sends += static_cast<unsigned>(taken);
      wire.numbered += static_cast<std::uint32_t>(taken);
      first += taken;
      taken_in_all += taken;
      attempts = 0;
      continue;
    }
    // Taking off what is pending tells whether this was the error of somebody else's probe.
    const auto mtu = read_errors(wire);
    if (no_room(failed) || ++attempts >= send_attempts) {
      refused(in_batch[first], asked.boot, failed, mtu);
      ++first;
      attempts = 0;
    }
    // Some kernels count a request that they refuse, and so would be a number ahead from here on.
    wire.socket->restart_send_stamps();
    wire.stamp_base = static_cast<std::uint16_t>(first_sequence + first);
    wire.numbered = 0;
  }
  return taken_in_all;
}

void Prober::Impl::sent(const RoundKey& key, const ClockPair& asked) {
  Round& round = rounds[key.slot];
  ++statistics.sent;
  ++round.waiting;
  Probe probe;
  probe.sent = asked;
  advance(round, probe, asked.boot);
}

void Prober::Impl::refused(const RoundKey& key, BootTime now, int code, std::optional<std::uint32_t> mtu) {
  Round& round = rounds[key.slot];
  if (no_room(code)) {
    if (!round.busy_since) round.busy_since = now;
    if (now - *round.busy_since < round.plan.timeout) {
      round.due = now + busy_pause;
      return;
    }
  }
  // Of a probe that found no room here nothing is known of the network.
  ++(no_room(code) ? statistics.not_sent : statistics.errors);
  if (!round.error) round.error = send_error(round.target, round.plan.source, code, mtu);
  Probe probe;
  probe.sent.boot = now;
  probe.state = no_room(code) ? Probe::State::not_sent : Probe::State::refused;
  advance(round, probe, now);
}

void Prober::Impl::advance(Round& round, Probe probe, BootTime now) {
  round.busy_since.reset();
  const bool first = round.probes.empty();
  round.probes.push_back(probe);
  round.due += round.plan.spacing;
  // Rounds that were started together keep the distance that the pacer gave them. A loop that fell behind skips, it
  // never catches up in a burst.
  if (first || round.due < now) round.due = now + round.plan.spacing;
}

}  // namespace octopoll::icmp
