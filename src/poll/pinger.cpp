#include "poll/pinger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "octopoll/core/duration.hpp"
#include "poll/look_up_times.hpp"

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;

/// The first that the packets can go to: of the source's family, where they have one.
std::optional<Endpoint> choose(const std::vector<Endpoint>& found, const std::optional<Endpoint>& source) {
  const auto fits = std::find_if(found.begin(), found.end(), [&source](const Endpoint& each) {
    return !source || each.family() == source->family();
  });
  return fits == found.end() ? std::nullopt : std::optional(*fits);
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
  Endpoint endpoint;
  LookUpTimes look_ups;
  std::optional<Error> look_up_error;  ///< of the last one, where it failed
  unsigned look_up_number = 0;         ///< what an earlier one finds is of another name
  std::uint64_t rounds = 0;
  std::map<std::uint64_t, Running> running;                    // by round number, until `done` was called
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // shared with callbacks, which outlive this

  Impl(Shared with, PingPlan what) : shared(with), plan(std::move(what)) {}

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
    if (look_ups.due(BootClock::now(), plan.dns_cache)) look_up();
    if (endpoint.valid()) return probe(number, round);
    if (!look_ups.under_way()) {
      round.record.error = look_up_error;
      return end(number, round);
    }
    // A name that hangs for many rounds leaves them behind one by one: they must not all begin when it comes.
    round.out_of_time = shared.loop.after(span, [this, number] { give_up(number); });
  }

  void give_up(std::uint64_t number) {
    Running& round = running.at(number);
    round.out_of_time = 0;
    round.record.error = Error{
        ErrorKind::resolve, fmt::format("{} was not resolved within {}", plan.target.host, format_duration(round.span)),
        "see whether the name servers of /etc/resolv.conf answer, or write the address"};
    end(number, round);
  }

  /// One at a time, however many rounds wait for it; a target whose address is known does not wait.
  void look_up() {
    look_ups.began();
    shared.resolver.resolve(plan.target, [this, still = alive, look_up = look_up_number](auto&& result) {
      if (!*still || look_up != look_up_number) return;
      if (const auto chosen = result ? choose(*result, plan.echo.source) : std::nullopt) {
        endpoint = *chosen;
        look_ups.succeeded(BootClock::now());
      } else if (result) {
        look_up_error = Error{ErrorKind::config,
                              fmt::format("{} has no address of the family of {}, its packets' source",
                                          plan.target.host, plan.echo.source->host_text()),
                              "give a source of the other family, or none"};
        endpoint = {};
        look_ups.failed(BootClock::now());
      } else {
        look_up_error = std::move(result.error());
        look_ups.failed(BootClock::now());
      }
      for (auto& [number, round] : running) {
        if (!waits_for_name(round)) continue;
        if (endpoint.valid()) {
          probe(number, round);
        } else {
          round.record.error = look_up_error;
          end(number, round);
        }
      }
    });
  }

  [[nodiscard]] static bool waits_for_name(const Running& round) { return round.sending == 0 && round.done; }

  [[nodiscard]] icmp::EchoPlan echo_plan() const {
    icmp::EchoPlan echo;
    echo.timeout = plan.echo.timeout;
    echo.payload = plan.echo.payload;
    echo.hop_limit = plan.echo.hop_limit;
    echo.dscp = plan.echo.dscp;
    echo.dont_fragment = plan.echo.dont_fragment;
    echo.source = plan.echo.source;
    return echo;
  }

  void probe(std::uint64_t number, Running& round) {
    shared.loop.cancel(std::exchange(round.out_of_time, 0));
    round.record.address = endpoint.host_text();
    icmp::EchoPlan echo = echo_plan();
    const std::chrono::nanoseconds closest = plan.echo.burst ? config::burst_spacing : config::least_echo_spacing;
    const std::int64_t in_all = std::clamp<std::int64_t>(round.span / closest, 1, plan.echo.count);
    echo.spacing = plan.echo.burst ? closest : round.span / in_all;
    // A round that waited for its name sends what still fits, at the same pace.
    const auto left = round.record.started + round.span - BootClock::now();
    echo.count = static_cast<unsigned>(std::clamp<std::int64_t>((left + echo.spacing / 2) / echo.spacing, 1, in_all));
    round.sending = shared.prober->start(endpoint, echo, [this, still = alive, number](icmp::EchoRound&& result) {
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
    });
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
      done(std::move(ended.mapped().record));
    });
  }
};

Pinger::Pinger(Shared shared, PingPlan plan) : impl_(std::make_unique<Impl>(shared, std::move(plan))) {}
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
  if (!(plan.target == impl_->plan.target) || plan.echo.source != impl_->plan.echo.source) {
    impl_->endpoint = {};
    impl_->look_ups = {};
    ++impl_->look_up_number;
  }
  impl_->plan = std::move(plan);
}

std::size_t Pinger::busy() const noexcept { return impl_->running.size(); }

}  // namespace octopoll::poll
