// Answers in, and what the kernel says of requests: when they left, and what came back instead.

#include <sys/epoll.h>

#include <chrono>
#include <limits>
#include <utility>

#include "icmp/icmp_error.hpp"
#include "icmp/prober_impl.hpp"

namespace octopoll::icmp {
namespace {

using std::chrono::nanoseconds;

/// The kernel names the link of a link-local address even where the target left it open.
bool same_host(const Endpoint& seen, const Endpoint& target) {
  if (seen.with_port(0) == target) return true;
  if (seen.family() != AF_INET6 || target.family() != AF_INET6) return false;
  const auto& seen6 = *reinterpret_cast<const sockaddr_in6*>(seen.address());
  const auto& target6 = *reinterpret_cast<const sockaddr_in6*>(target.address());
  return target6.sin6_scope_id == 0 && IN6_ARE_ADDR_EQUAL(&seen6.sin6_addr, &target6.sin6_addr);
}

}  // namespace

void Prober::Impl::readable(Wire& wire, std::uint32_t events) {
  if ((events & EPOLLIN) != 0) {
    read_replies(wire, reads_a_turn);
  } else if ((events & EPOLLERR) != 0) {
    read_errors(wire);
  }
}

void Prober::Impl::read_replies(Wire& wire, int most_reads) {
  reading = true;
  wire.unread_sends = 0;
  for (int i = 0; i < most_reads; ++i) {
    const BootTime before = BootClock::now();
    const auto arrivals = reader.replies(*wire.socket);
    // A request's stamp is there before its answer can be, so that now none is missing.
    read_errors(wire);
    if (arrivals.empty()) {
      wire.emptied = before;
      break;
    }
    const ClockPair read = ClockPair::now();
    for (const Arrival& arrival : arrivals) accept(*wire.socket, arrival, read);
    if (arrivals.size() < BatchReader::batch && most_reads == reads_a_turn) break;
  }
  reading = false;
}

/// What the kernel says about our requests: when they left, and what came back instead of an answer. Returns the MTU
/// that the last one was too large for, if any was.
std::optional<std::uint32_t> Prober::Impl::read_errors(Wire& wire) {
  std::optional<std::uint32_t> refused_by_mtu;
  bool pending = false;
  for (int i = 0; i < reads_a_turn; ++i) {
    const auto errors = error_reader.errors(*wire.socket);
    if (!errors.stamps.empty()) take_stamps(wire, errors.stamps);
    for (const ErrorArrival& arrival : errors.arrivals) note(wire, arrival);
    if (errors.refused_by_mtu) refused_by_mtu = errors.refused_by_mtu;
    pending = pending || !errors.arrivals.empty();
    if (errors.complete) break;
  }
  if (pending) wire.socket->clear_pending_error();
  return refused_by_mtu;
}

void Prober::Impl::take_stamps(const Wire& wire, std::span<const SendStamp> stamps) {
  const ClockPair read = ClockPair::now();
  for (const SendStamp& stamp : stamps) {
    // One from before the numbers began anew: a request waited long for its way out of this machine.
    const std::uint32_t behind = wire.numbered - 1 - stamp.number;
    if (wire.numbered == 0 || behind > std::numeric_limits<std::uint16_t>::max()) continue;
    const ProbeTag& tag = wire.by_sequence[static_cast<std::uint16_t>(wire.stamp_base + stamp.number)];
    Round* round = find(tag.slot, tag.generation);
    if (round == nullptr || tag.sequence >= round->probes.size()) continue;
    Probe& probe = round->probes[tag.sequence];
    // Its own stamp comes first: what an old one with the same number says later is of another request.
    if (probe.state != Probe::State::waiting || probe.stamped) continue;
    const ClockPair asked = std::exchange(probe.sent, sent_at(probe.sent, stamp.at, read));
    probe.stamped = probe.sent.boot != asked.boot;
  }
}

void Prober::Impl::accept(const EchoSocket& socket, const Arrival& arrival, const ClockPair& read) {
  const auto reply = parse_echo(arrival.octets);
  if (!reply || reply->type != echo_reply_type(socket.family())) return;
  // What came to a raw socket before its filter was set.
  const auto tag = socket.owns(reply->id) ? seal.read(reply->payload) : std::nullopt;
  Round* round = tag ? find(tag->slot, tag->generation) : nullptr;
  if (round == nullptr || tag->sequence >= round->probes.size() || !same_host(arrival.from, round->target)) {
    ++statistics.foreign;
    return;
  }
  const std::uint32_t generation = round->generation;
  const bool running = round->phase == Round::Phase::running;
  Probe& probe = round->probes[tag->sequence];
  const nanoseconds took = round_trip(probe.sent, arrival.received, read);
  EchoAnswer::Kind kind = EchoAnswer::Kind::duplicate;
  if (probe.state == Probe::State::waiting || probe.state == Probe::State::withdrawn) {
    const bool in_time = running && took <= round->plan.timeout;
    kind = in_time ? EchoAnswer::Kind::in_time : EchoAnswer::Kind::late;
    if (running) --round->waiting;
    probe.state = in_time ? Probe::State::in_time : Probe::State::late;
    probe.round_trip = took;
  }
  count(*round, kind);
  if (round->watch) round->watch({kind, tag->sequence, took});
  // The callback may have finished the round.
  const bool unfinished = round->generation == generation && round->phase == Round::Phase::running;
  if (unfinished && kind != EchoAnswer::Kind::duplicate) answered(tag->slot);
}

void Prober::Impl::count(Round& round, EchoAnswer::Kind kind) {
  switch (kind) {
    case EchoAnswer::Kind::in_time:
      ++statistics.received;
      break;
    case EchoAnswer::Kind::late:
      ++statistics.late;
      ++round.late;
      break;
    case EchoAnswer::Kind::duplicate:
      ++statistics.duplicates;
      ++round.duplicates;
      break;
  }
}

void Prober::Impl::note(const Wire& wire, const ErrorArrival& arrival) {
  const int family = wire.socket->family();
  if (!concerns_delivery(family, arrival.error.type) || wire.by_sequence.empty()) return;
  const auto request = parse_echo(arrival.quoted);
  if (!request || request->type != echo_request_type(family) || !wire.socket->owns(request->id)) return;
  const bool cut_short = request->payload.size() < min_payload;
  const std::optional<ProbeTag> tag = cut_short ? wire.by_sequence[request->sequence] : seal.read(request->payload);
  Round* round = tag ? find(tag->slot, tag->generation) : nullptr;
  if (round == nullptr || !same_host(arrival.error.destination, round->target)) return;
  ++statistics.errors;
  ++round->errors;
  const IcmpError& said = arrival.error;
  if (!round->first_error) round->first_error = EchoError{said.type, said.code, said.offender, tag->sequence, said.mtu};
  if (!round->error) round->error = error_of(said);
}

}  // namespace octopoll::icmp
