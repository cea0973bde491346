#include "poll/pinger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;

constexpr auto names_stay_fresh = 5min;
/// Closer probes measure the queue they make, and look like a flood.
constexpr auto closest_spacing = 100ms;

}  // namespace

struct Pinger::Impl {
  struct Running {
    PingRound record;
    std::chrono::nanoseconds span{};
    Done done;
    icmp::Prober::RoundId sending = 0;  ///< 0: waits for the name, or has ended
  };

  Shared shared;
  PingPlan plan;
  Endpoint endpoint;
  BootTime resolved_at;
  bool resolving = false;
  unsigned look_up_number = 0;  ///< what an earlier one finds is of another name
  std::uint64_t rounds = 0;
  std::map<std::uint64_t, Running> running;                    // by round number, until `done` was called
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // shared with callbacks, which outlive this

  Impl(Shared with, PingPlan what) : shared(with), plan(std::move(what)) {}

  void start(std::chrono::nanoseconds span, Done done) {
    const std::uint64_t number = ++rounds;
    Running& round = running[number];
    round.span = span;
    round.done = std::move(done);
    round.record.target = plan.name;
    round.record.is_device = plan.is_device;
    round.record.round_number = number;
    round.record.started_at = wall_now();
    round.record.started = BootClock::now();
    round.record.interval = plan.interval;
    if (!endpoint.valid() || BootClock::now() - resolved_at >= names_stay_fresh) look_up();
    if (endpoint.valid()) probe(number, round);
  }

  /// One at a time, however many rounds wait for it; a target whose address is known does not wait.
  void look_up() {
    if (std::exchange(resolving, true)) return;
    shared.resolver.resolve(plan.target, [this, still = alive, look_up = look_up_number](auto&& result) {
      if (!*still || look_up != look_up_number) return;
      resolving = false;
      if (result) {
        endpoint = result->front();
        resolved_at = BootClock::now();
      }
      for (auto& [number, round] : running) {
        if (!waits_for_name(round)) continue;
        if (endpoint.valid()) {
          probe(number, round);
        } else {
          round.record.error = result.error();
          end(number, round);
        }
      }
    });
  }

  [[nodiscard]] static bool waits_for_name(const Running& round) { return round.sending == 0 && round.done; }

  void probe(std::uint64_t number, Running& round) {
    round.record.address = endpoint.host_text();
    icmp::EchoPlan echo;
    echo.count = static_cast<unsigned>(std::clamp<std::int64_t>(round.span / closest_spacing, 1, plan.count));
    echo.spacing = round.span / echo.count;
    echo.timeout = plan.timeout;
    round.sending = shared.prober->start(endpoint, echo, [this, still = alive, number](icmp::EchoRound&& result) {
      if (!*still) return;
      Running& ended = running.at(number);
      ended.record.sent = result.sent;
      ended.record.received = result.received;
      ended.record.duplicates = result.duplicates;
      ended.record.late = result.late;
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
    if (round.sending != 0) impl_->shared.prober->finish(round.sending);
  }
}

void Pinger::start(std::chrono::nanoseconds span, Done done) { impl_->start(span, std::move(done)); }

void Pinger::finish_now() { impl_->finish_now(); }

void Pinger::reconfigure(PingPlan plan) {
  if (!(plan.target == impl_->plan.target)) {
    impl_->endpoint = {};
    impl_->resolving = false;
    ++impl_->look_up_number;
  }
  impl_->plan = std::move(plan);
}

std::size_t Pinger::busy() const noexcept { return impl_->running.size(); }

}  // namespace octopoll::poll
