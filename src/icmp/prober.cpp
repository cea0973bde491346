#include "octopoll/icmp/prober.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <limits>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "icmp/batch_writer.hpp"
#include "icmp/echo_message.hpp"
#include "icmp/echo_socket.hpp"
#include "icmp/icmp_error.hpp"
#include "icmp/pacer.hpp"
#include "icmp/round_trip.hpp"
#include "icmp/siphash.hpp"

namespace octopoll::icmp {
namespace {

using std::chrono::nanoseconds;

/// How soon a request is tried again that found the send buffer or the interface's queue full.
constexpr nanoseconds busy_pause = std::chrono::milliseconds(5);
/// How long a round that is over may be kept for its late answers.
constexpr nanoseconds longest_record = std::chrono::minutes(1);
/// Reads in one go: many enough for a burst, few enough that a flood of foreign replies does not hold up the loop.
constexpr int reads_a_turn = 32;
/// Enough reads to empty the largest receive buffer once, whatever comes in meanwhile.
constexpr int reads_to_empty = 512;
/// Near targets answer while further requests go out: unread, their answers and the stamps of the requests would
/// overflow the receive buffer (a hundred of both do where net.core.rmem_max is 208 KiB) and count as lost.
constexpr unsigned sends_between_reads = 64;
/// Batches in one go, before the loop attends to others.
constexpr int batches_a_turn = 4;
/// Probes that are due in the same millisecond leave by one system call.
constexpr nanoseconds due_grid = std::chrono::milliseconds(1);
/// Rounds that are so fast keep their exact pace.
constexpr nanoseconds exact_spacing = 10 * due_grid;
/// A pending error on the shared socket fails the next request, and the next ICMP error may be there at once.
constexpr int send_attempts = 4;

struct Probe {
  enum class State : std::uint8_t { waiting, in_time, late, refused, not_sent, withdrawn };
  ClockPair sent;
  nanoseconds round_trip{};
  State state = State::waiting;
  bool stamped = false;  ///< `sent` is by the kernel's stamp
};

struct Wire;

struct Round {
  enum class Phase : std::uint8_t { free, running, over };
  std::uint32_t generation = 0;
  Phase phase = Phase::free;
  Endpoint target;
  EchoPlan plan;
  Wire* wire = nullptr;  ///< by which its probes go
  Prober::Done done;
  Prober::Watch watch;
  BootTime due;                        ///< of the next probe
  bool paced = false;                  ///< has its part in the pacer's rate
  std::optional<BootTime> busy_since;  ///< the next probe is due, and the kernel has had no room for it since
  std::vector<Probe> probes;           ///< those sent so far
  std::size_t waiting = 0;             ///< how many of them have neither an answer nor a failure
  std::uint32_t duplicates = 0;
  std::uint32_t late = 0;
  std::uint32_t errors = 0;
  std::optional<EchoError> first_error;
  std::optional<Error> error;
  EventLoop::TimerId timer = 0;
  BootTime forget_at;  ///< of one that is over

  [[nodiscard]] bool all_sent() const noexcept { return probes.size() >= plan.count; }
  /// When the last probe that still waits is lost.
  [[nodiscard]] BootTime deadline() const noexcept {
    const auto last = std::find_if(probes.rbegin(), probes.rend(),
                                   [](const Probe& probe) { return probe.state == Probe::State::waiting; });
    return last == probes.rend() ? BootTime::min() : last->sent.boot + plan.timeout;
  }
};

/// Names a round for as long as it is on record.
struct RoundKey {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
};

/// All that belongs to one socket.
struct Wire {
  std::optional<EchoSocket> socket;
  std::optional<Endpoint> source;  ///< that it is bound to
  Error why_not;                   ///< where there is no socket
  std::uint16_t next_sequence = 0;
  /// The probe behind each 16-bit sequence on the wire: an ICMP error need not quote more than the ICMP header
  /// (RFC 792), so it may come without our tag.
  std::vector<ProbeTag> by_sequence;
  std::uint16_t stamp_base = 0;        ///< sequence of the request whose send stamp has number 0
  std::uint32_t numbered = 0;          ///< requests sent since that one
  std::deque<RoundKey> outbox;         ///< rounds whose next probe is due
  unsigned unread_sends = 0;           ///< requests since the socket was last read
  BootTime emptied = BootTime::min();  ///< when the socket was last seen to hold no answer
};

/// To the unspecified address or a multicast group the answers come from addresses that were not asked.
bool is_one_host(const Endpoint& target) noexcept {
  if (target.family() == AF_INET) {
    const auto address = ntohl(reinterpret_cast<const sockaddr_in*>(target.address())->sin_addr.s_addr);
    return address != INADDR_ANY && !IN_MULTICAST(address);
  }
  const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(target.address())->sin6_addr;
  return !IN6_IS_ADDR_UNSPECIFIED(&address) && !IN6_IS_ADDR_MULTICAST(&address);
}

std::optional<Error> refusal(const Endpoint& target, const EchoPlan& plan) {
  const auto refuse = [&target](std::string_view what, std::string remedy) {
    return Error{ErrorKind::usage, fmt::format("{}: {}", target.host_text(), what), std::move(remedy)};
  };
  if (target.family() != AF_INET && target.family() != AF_INET6) {
    return refuse("the target is neither an IPv4 nor an IPv6 address", {});
  }
  if (!is_one_host(target)) {
    return refuse("no address of one host", "name the hosts themselves: others than the target would answer");
  }
  if (plan.count == 0) return refuse("a round of no probes measures nothing", "set a count of at least 1");
  if (plan.timeout <= nanoseconds(0) || plan.spacing <= nanoseconds(0)) {
    return refuse("spacing and timeout must be longer than nothing", "set both to at least 1ms");
  }
  if (plan.payload < min_payload || plan.payload > max_payload) {
    return refuse(fmt::format("a payload of {} octets is not possible", plan.payload),
                  fmt::format("set it to {} to {} octets", min_payload, max_payload));
  }
  if (plan.hop_limit == 0) return refuse("a hop limit of 0 reaches nobody", "set it to 1 to 255");
  if (plan.dscp > max_dscp) {
    return refuse(fmt::format("there is no DSCP {}", *plan.dscp), fmt::format("set it to 0 to {}", max_dscp));
  }
  if (plan.source && plan.source->family() != target.family()) {
    return refuse(fmt::format("{} cannot be the source of probes to another address family", plan.source->host_text()),
                  "give a source address of the target's family");
  }
  return std::nullopt;
}

/// The kernel names the link of a link-local address even where the target left it open.
bool same_host(const Endpoint& seen, const Endpoint& target) {
  if (seen.with_port(0) == target) return true;
  if (seen.family() != AF_INET6 || target.family() != AF_INET6) return false;
  const auto& seen6 = *reinterpret_cast<const sockaddr_in6*>(seen.address());
  const auto& target6 = *reinterpret_cast<const sockaddr_in6*>(target.address());
  return target6.sin6_scope_id == 0 && IN6_ARE_ADDR_EQUAL(&seen6.sin6_addr, &target6.sin6_addr);
}

/// The send buffer or the interface's queue is full: no loss, only later.
bool no_room(int code) noexcept { return code == EAGAIN || code == ENOBUFS || code == ENOMEM; }

BootTime on_grid(BootTime due, nanoseconds spacing) noexcept {
  if (spacing < exact_spacing) return due;
  const nanoseconds since_boot = due.time_since_epoch();
  return BootTime((since_boot + due_grid - nanoseconds(1)) / due_grid * due_grid);
}

Prober::RoundId round_id(std::uint32_t slot, std::uint32_t generation) noexcept {
  return (std::uint64_t{generation} << 32) | slot;
}

EchoRound result_of(Round& round) {
  EchoRound result;
  for (std::uint32_t sequence = 0; sequence < round.probes.size(); ++sequence) {
    const Probe& probe = round.probes[sequence];
    if (probe.state == Probe::State::not_sent) ++result.not_sent;
    if (probe.state != Probe::State::not_sent && probe.state != Probe::State::withdrawn) ++result.sent;
    if (probe.state != Probe::State::in_time) continue;
    result.round_trips.push_back(probe.round_trip);
    result.sequences.push_back(sequence);
  }
  result.received = static_cast<std::uint32_t>(result.round_trips.size());
  result.duplicates = round.duplicates;
  result.late = round.late;
  result.errors = round.errors;
  result.first_error = std::move(round.first_error);
  result.error = std::move(round.error);
  return result;
}

}  // namespace

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
  static void withdraw(Round& round) noexcept;
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

Result<std::unique_ptr<Prober>> Prober::create(EventLoop& loop) {
  SipKey key{};
  if (::getrandom(key.data(), sizeof key, 0) != static_cast<ssize_t>(sizeof key)) {
    return fail(ErrorKind::io, fmt::format("getrandom: {}", std::generic_category().message(errno)));
  }
  auto impl = std::make_unique<Impl>(loop, key);
  const auto opened4 = impl->open(impl->ipv4, AF_INET);
  const auto opened6 = impl->open(impl->ipv6, AF_INET6);
  if (!opened4 && !opened6) {
    const bool refused6 = opened6.error().kind == ErrorKind::permission;
    return tl::make_unexpected(refused6 && opened4.error().kind != ErrorKind::permission ? opened6.error()
                                                                                         : opened4.error());
  }
  impl->hook = loop.before_wait([self = impl.get()] { self->send_due(); });
  return std::unique_ptr<Prober>(new Prober(std::move(impl)));
}

Prober::Prober(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Prober::~Prober() = default;

Prober::RoundId Prober::start(const Endpoint& target, const EchoPlan& plan, Done done, Watch watch) {
  const std::uint32_t slot = impl_->take_slot();
  Round& round = impl_->rounds[slot];
  round.target = target.with_port(0);
  round.plan = plan;
  round.done = std::move(done);
  round.watch = std::move(watch);
  round.due = BootClock::now();
  round.error = refusal(target, plan);
  if (!round.error) {
    round.wire = &impl_->wire_for(target, plan);
    if (!round.wire->socket) round.error = round.wire->why_not;
  }
  if (round.error) {
    round.plan.count = 0;  // over at its first turn, with nothing sent
  } else {
    round.probes.reserve(std::min(plan.count, 1024U));
    round.paced = true;
    impl_->pacer.add(plan.spacing);
  }
  impl_->wake_at(slot, round.due);
  return round_id(slot, round.generation);
}

void Prober::finish(RoundId id) {
  const auto slot = static_cast<std::uint32_t>(id & 0xffffffffU);
  const auto generation = static_cast<std::uint32_t>(id >> 32);
  const auto running = [&] {
    const Round* round = impl_->find(slot, generation);
    return round != nullptr && round->phase == Round::Phase::running;
  };
  if (!running()) return;
  // Answers that lie in the socket came before the end. Whoever hears of them may end the round meanwhile.
  if (impl_->rounds[slot].waiting != 0 && !impl_->reading) {
    impl_->read_replies(*impl_->rounds[slot].wire, reads_to_empty);
    if (!running()) return;
  }
  impl_->withdraw(impl_->rounds[slot]);
  impl_->end(slot);
}

ProberStatistics Prober::statistics() const noexcept {
  ProberStatistics all = impl_->statistics;
  impl_->for_each_wire([&all](const Wire& wire) {
    if (wire.socket) all.overflowed += wire.socket->overflowed();
  });
  return all;
}

std::string Prober::socket_kind(int family) const {
  const auto& socket = impl_->wire_of(family).socket;
  if (!socket) return "none";
  return socket->kind() == EchoSocket::Kind::datagram ? "datagram" : "raw";
}

Prober::Impl::~Impl() {
  loop.remove_hook(hook);
  if (outbox_timer != 0) loop.cancel(outbox_timer);
  for (const Round& round : rounds) {
    if (round.timer != 0) loop.cancel(round.timer);
  }
  for_each_wire([this](const Wire& wire) {
    if (wire.socket) loop.unwatch(wire.socket->fd());
  });
}

/// IPv6 datagram sockets ignore the source that goes along with a message, and so need to be bound to it: one for each
/// source, kept for all who ask for it.
Wire& Prober::Impl::wire_for(const Endpoint& target, const EchoPlan& plan) {
  Wire& shared = wire_of(target.family());
  if (!plan.source || target.family() != AF_INET6 || !shared.socket ||
      shared.socket->kind() != EchoSocket::Kind::datagram) {
    return shared;
  }
  const Endpoint source = plan.source->with_port(0);
  const auto known = std::find_if(bound.begin(), bound.end(), [&](const Wire& wire) { return wire.source == source; });
  if (known != bound.end()) return *known;
  Wire& wire = bound.emplace_back();
  wire.source = source;
  if (open(wire, AF_INET6)) return wire;
  // Not this machine's, or not yet. The kernel then refuses each probe that names it, and the next round tries again.
  bound.pop_back();
  return shared;
}

Result<> Prober::Impl::open(Wire& wire, int family) {
  auto socket = EchoSocket::open(family, wire.source);
  if (!socket) {
    wire.why_not = socket.error();
    return tl::make_unexpected(std::move(socket).error());
  }
  const auto watched =
      loop.watch(socket->fd(), EPOLLIN, [this, &wire](std::uint32_t events) { readable(wire, events); });
  if (!watched) {
    wire.why_not = watched.error();
    return watched;
  }
  wire.socket = std::move(*socket);
  wire.by_sequence.resize(std::size_t{1} << 16);
  return {};
}

std::uint32_t Prober::Impl::take_slot() {
  std::uint32_t slot = 0;
  if (free_slots.empty()) {
    slot = static_cast<std::uint32_t>(rounds.size());
    rounds.emplace_back();
  } else {
    slot = free_slots.back();
    free_slots.pop_back();
  }
  Round& round = rounds[slot];
  if (++last_generation == 0) ++last_generation;  // a slot that was never taken has 0
  round.generation = last_generation;
  round.phase = Round::Phase::running;
  return slot;
}

Round* Prober::Impl::find(std::uint32_t slot, std::uint32_t generation) noexcept {
  if (slot >= rounds.size()) return nullptr;
  Round& round = rounds[slot];
  return round.generation == generation && round.phase != Round::Phase::free ? &round : nullptr;
}

void Prober::Impl::wake_at(std::uint32_t slot, BootTime when) {
  Round& round = rounds[slot];
  if (round.timer != 0) loop.cancel(round.timer);
  round.timer = loop.at(when, [this, slot, generation = round.generation] { wake(slot, generation); });
}

/// One timer a round does all: it says what is due, and looks for losses only where the round might end by them.
void Prober::Impl::wake(std::uint32_t slot, std::uint32_t generation) {
  Round* round = find(slot, generation);
  if (round == nullptr) return;
  round->timer = 0;
  if (round->phase == Round::Phase::over) return fade(slot);
  if (round->all_sent() || round->due > BootClock::now()) return settle(slot);
  round->wire->outbox.push_back({slot, generation});
}

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

/// Ends the round if nothing more can come of it, else sets its timer.
void Prober::Impl::settle(std::uint32_t slot) {
  Round& round = rounds[slot];
  if (!round.all_sent()) return wake_at(slot, on_grid(round.due, round.plan.spacing));
  if (round.waiting == 0) return end(slot);
  const BootTime deadline = round.deadline();
  if (BootClock::now() < deadline) return wake_at(slot, deadline);
  // Where the loop was late, an answer that was in time may lie in the socket: the kernel's stamp will tell.
  Wire& wire = *round.wire;
  const std::uint32_t generation = round.generation;
  if (wire.emptied < deadline) read_replies(wire, reads_to_empty);
  if (round.generation == generation && round.phase == Round::Phase::running) end(slot);
}

/// Takes back the probes of which nothing is known yet: neither answered, nor lost for sure. Lost are those of which no
/// answer was in the socket after their timeout.
void Prober::Impl::withdraw(Round& round) noexcept {
  for (Probe& probe : round.probes) {
    if (probe.state != Probe::State::waiting) continue;
    const bool lost = round.wire->emptied >= probe.sent.boot + round.plan.timeout;
    if (!lost) probe.state = Probe::State::withdrawn;
  }
}

void Prober::Impl::end(std::uint32_t slot) {
  Round& round = rounds[slot];
  const Done done = std::exchange(round.done, {});
  const nanoseconds least =
      std::clamp(std::max(round.plan.spacing, round.plan.timeout), nanoseconds(0), longest_record);
  EchoRound result = result_of(round);
  round.phase = Round::Phase::over;
  const BootTime now = BootClock::now();
  round.forget_at = now + std::clamp(round.plan.remember, least, longest_record);
  wake_at(slot, now + least);
  if (done) done(std::move(result));
}

/// A round that is over gives back its part in the rate first, and its record in the end.
void Prober::Impl::fade(std::uint32_t slot) {
  Round& round = rounds[slot];
  // Not sooner: the rate must not fall while the rounds that were started with this one still wait for their turn.
  if (std::exchange(round.paced, false)) pacer.remove(round.plan.spacing);
  if (BootClock::now() < round.forget_at) return wake_at(slot, round.forget_at);
  release(slot);
}

void Prober::Impl::release(std::uint32_t slot) {
  Round& round = rounds[slot];
  // The probes' memory goes with the record: a slot that once had a long round would keep it for ever.
  const std::uint32_t generation = round.generation;
  round = Round{};
  round.generation = generation;
  free_slots.push_back(slot);
}

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
  // Raw sockets hear the answers to every ping of this machine: the identifier sorts most of them out for nothing.
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

/// With one probe less to wait for, a round whose requests are all out may end now, or sooner than it thought.
void Prober::Impl::answered(std::uint32_t slot) {
  Round& round = rounds[slot];
  if (!round.all_sent()) return;
  if (round.waiting == 0) return end(slot);
  wake_at(slot, std::max(round.deadline(), BootClock::now()));
}

void Prober::Impl::note(const Wire& wire, const ErrorArrival& arrival) {
  const int family = wire.socket->family();
  if (!concerns_delivery(family, arrival.error.type)) return;
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
