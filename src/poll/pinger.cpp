#include "poll/pinger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "octopoll/core/duration.hpp"
#include "poll/echo_plan.hpp"

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;

/// Longer than this no answer is waited for, not even to be counted as late.
constexpr std::chrono::nanoseconds longest_memory = 1min;

/// Where the packets can go to: of the source's family, where they have one; the address that is asked anyway, if it
/// is.
std::optional<Endpoint> choose(const KnownAddresses& known, const std::optional<Endpoint>& source) {
  const auto fits = [&source](const Endpoint& each) { return !source || each.family() == source->family(); };
  if (fits(known.current())) return known.current();
  const auto all = known.all();
  const auto other = std::find_if(all.begin(), all.end(), fits);
  return other == all.end() ? std::nullopt : std::optional(*other);
}

}  // namespace

struct Pinger::Impl {
  struct Running {
    PingRound record;
    std::chrono::nanoseconds span{};
    Done done;
    icmp::Prober::RoundId sending = 0;   ///< 0: waits for the name, or has ended
    EventLoop::TimerId out_of_time = 0;  ///< of one that waits for the name
  };

  Shared shared;
  PingPlan plan;
  std::optional<KnownAddresses> own;  ///< of one that follows no device
  KnownAddresses& addresses;
  std::uint32_t late = 0, duplicates = 0;  ///< since the last round was handed on, of rounds before
  std::uint64_t rounds = 0;
  std::map<std::uint64_t, Running> running;                    // by round number, until `done` was called
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // shared with callbacks, which outlive this

  Impl(Shared with, PingPlan what, KnownAddresses* device)
      : shared(with), plan(std::move(what)), addresses(device != nullptr ? *device : own.emplace(with.resolver)) {
    addresses.follow([this, still = alive] {
      if (*still) looked_up();
    });
  }

  void start(std::chrono::nanoseconds span, std::int64_t slot, Done done) {
    const std::uint64_t number = ++rounds;
    Running& round = running[number];
    round.span = span;
    round.done = std::move(done);
    round.record.target = plan.name;
    round.record.is_device = plan.is_device;
    round.record.round_number = number;
    round.record.slot = slot;
    round.record.started_at = wall_now();
    round.record.started = BootClock::now();
    round.record.interval = plan.interval;
    if (shared.prober == nullptr) {
      if (shared.no_prober != nullptr) round.record.error = *shared.no_prober;
      return end(number, round);
    }
    if (own) own->look_up(plan.target, plan.dns_cache, [] {});
    adopt();
    if (addresses.count() == 0 && addresses.looking_up()) {
      // A name that hangs for many rounds leaves them behind one by one: they must not all begin when it comes.
      round.out_of_time = shared.loop.after(span, [this, number] { give_up(number); });
      return;
    }
    probe_or_fail(number, round);
  }

  /// A device's poller takes over what it finds itself, between two cycles; where it has no address yet, this does not
  /// wait for its turn.
  void adopt() {
    if (own || addresses.count() == 0) static_cast<void>(addresses.adopt());
  }

  void looked_up() {
    adopt();
    for (auto& [number, round] : running) {
      if (waits_for_name(round)) probe_or_fail(number, round);
    }
  }

  void probe_or_fail(std::uint64_t number, Running& round) {
    if (const auto chosen = choose(addresses, plan.echo.source); chosen && chosen->valid()) {
      return probe(number, round, *chosen);
    }
    round.record.error = addresses.error();
    if (addresses.count() != 0) {
      round.record.error = Error{ErrorKind::config,
                                 fmt::format("{} has no address of the family of {}, its packets' source",
                                             plan.target.host, plan.echo.source->host_text()),
                                 "give a source of the other family, or none"};
    }
    end(number, round);
  }

  void give_up(std::uint64_t number) {
    Running& round = running.at(number);
    round.out_of_time = 0;
    round.record.error = Error{
        ErrorKind::resolve, fmt::format("{} was not resolved within {}", plan.target.host, format_duration(round.span)),
        "see whether the name servers of /etc/resolv.conf answer, or write the address"};
    end(number, round);
  }

  [[nodiscard]] static bool waits_for_name(const Running& round) { return round.sending == 0 && round.done; }

  void probe(std::uint64_t number, Running& round, const Endpoint& endpoint) {
    shared.loop.cancel(std::exchange(round.out_of_time, 0));
    round.record.address = endpoint.host_text();
    icmp::EchoPlan echo = echo_plan_of(plan.echo);
    const std::chrono::nanoseconds closest = plan.echo.burst ? config::burst_spacing : config::least_echo_spacing;
    const std::int64_t in_all = std::clamp<std::int64_t>(round.span / closest, 1, plan.echo.count);
    echo.spacing = plan.echo.burst ? closest : round.span / in_all;
    // A round that waited for its name sends what still fits, at the same pace.
    const auto left = round.record.started + round.span - BootClock::now();
    echo.count = static_cast<unsigned>(std::clamp<std::int64_t>((left + echo.spacing / 2) / echo.spacing, 1, in_all));
    echo.remember = std::min<std::chrono::nanoseconds>(plan.interval, longest_memory);
    const auto done = [this, still = alive, number](icmp::EchoRound&& result) {
      if (!*still) return;
      Running& ended = running.at(number);
      ended.record.sent = result.sent;
      ended.record.received = result.received;
      ended.record.duplicates = result.duplicates;
      ended.record.late = result.late;
      ended.record.errors = result.errors;
      ended.record.round_trips = std::move(result.round_trips);
      ended.record.error = std::move(result.error);
      end(number, ended);
    };
    const auto watch = [this, still = alive, number](const icmp::EchoAnswer& answer) {
      if (*still) straggled(number, answer);
    };
    round.sending = shared.prober->start(endpoint, echo, done, watch);
  }

  /// A burst is over long before its interval: what comes back meanwhile is part of the picture too.
  void straggled(std::uint64_t number, const icmp::EchoAnswer& answer) {
    const auto of = running.find(number);
    if (of != running.end() && of->second.sending != 0) return;  // counted by the prober
    if (answer.kind == icmp::EchoAnswer::Kind::late) ++late;
    if (answer.kind == icmp::EchoAnswer::Kind::duplicate) ++duplicates;
  }

  void finish_now() {
    for (auto& [number, round] : running) {
      if (round.sending != 0) {
        shared.prober->finish(round.sending);
      } else if (waits_for_name(round)) {
        round.record.error =
            Error{ErrorKind::partial, fmt::format("{} was not resolved before the end", plan.target.host), {}};
        end(number, round);
      }
    }
  }

  /// Out of whatever callback this is, for `done` may destroy the pinger.
  void end(std::uint64_t number, Running& round) {
    round.sending = 0;
    shared.loop.cancel(std::exchange(round.out_of_time, 0));
    shared.loop.post([this, still = alive, number, done = std::exchange(round.done, nullptr)] {
      if (!*still) return;
      auto ended = running.extract(number);
      ended.mapped().record.late += std::exchange(late, 0);
      ended.mapped().record.duplicates += std::exchange(duplicates, 0);
      done(std::move(ended.mapped().record));
    });
  }
};

Pinger::Pinger(Shared shared, PingPlan plan, KnownAddresses* device)
    : impl_(std::make_unique<Impl>(shared, std::move(plan), device)) {}
Pinger::~Pinger() {
  *impl_->alive = false;
  for (const auto& [number, round] : impl_->running) {
    impl_->shared.loop.cancel(round.out_of_time);
    if (round.sending != 0) impl_->shared.prober->finish(round.sending);
  }
}

void Pinger::start(std::chrono::nanoseconds span, std::int64_t slot, Done done) {
  impl_->start(span, slot, std::move(done));
}

void Pinger::finish_now() { impl_->finish_now(); }

void Pinger::reconfigure(PingPlan plan) {
  if (impl_->own && !(plan.target == impl_->plan.target)) impl_->own->forget();
  impl_->plan = std::move(plan);
}

void Pinger::change_interval(std::chrono::nanoseconds interval) noexcept { impl_->plan.interval = interval; }

std::size_t Pinger::busy() const noexcept { return impl_->running.size(); }

}  // namespace octopoll::poll
