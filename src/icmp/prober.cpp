#include "octopoll/icmp/prober.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "icmp/plan_check.hpp"
#include "icmp/prober_impl.hpp"

namespace octopoll::icmp {
namespace {

using std::chrono::nanoseconds;

/// How long a round that is over may be kept for its late answers.
constexpr nanoseconds longest_record = std::chrono::minutes(1);
/// Probes that are due in the same millisecond leave by one system call.
constexpr nanoseconds due_grid = std::chrono::milliseconds(1);
/// Rounds that are so fast keep their exact pace.
constexpr nanoseconds exact_spacing = 10 * due_grid;

BootTime on_grid(BootTime due, nanoseconds spacing) noexcept {
  if (spacing < exact_spacing) return due;
  const nanoseconds since_boot = due.time_since_epoch();
  return BootTime((since_boot + due_grid - nanoseconds(1)) / due_grid * due_grid);
}

Prober::RoundId round_id(std::uint32_t slot, std::uint32_t generation) noexcept {
  return (std::uint64_t{generation} << 32) | slot;
}

}  // namespace

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
  round.error = check_plan(target, plan);
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
  Round& round = impl_->rounds[slot];
  if (round.waiting != 0) withdraw(round, round.wire->emptied);
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

/// With one probe less to wait for, a round whose requests are all out may end now, or sooner than it thought.
void Prober::Impl::answered(std::uint32_t slot) {
  Round& round = rounds[slot];
  if (!round.all_sent()) return;
  if (round.waiting == 0) return end(slot);
  wake_at(slot, std::max(round.deadline(), BootClock::now()));
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

}  // namespace octopoll::icmp
