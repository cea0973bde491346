#include "cli/ping_run.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/command.hpp"
#include "cli/signals.hpp"
#include "octopoll/latency/round_trips.hpp"

namespace octopoll::cli {
namespace {

using std::chrono::nanoseconds;

Error wrong_family(const std::string& name, AddressFamily family, const std::optional<Endpoint>& source) {
  const bool ipv4 = family == AddressFamily::ipv4;
  std::string message = fmt::format("{} is an {} address", name, ipv4 ? "IPv4" : "IPv6");
  if (source) {
    return {ErrorKind::resolve, fmt::format("{}, and cannot be probed from {}", message, source->host_text()),
            "give a source address of the same family, or none"};
  }
  return {ErrorKind::resolve, std::move(message), fmt::format("leave {} out", ipv4 ? "-6" : "-4")};
}

}  // namespace

PingRun::PingRun(EventLoop& loop, icmp::Prober& prober, const PingSettings& settings, std::vector<PingHost>& hosts)
    : loop_(loop),
      prober_(prober),
      settings_(settings),
      hosts_(hosts),
      resolver_(loop),
      name_width_(name_width(hosts)) {}

Result<> PingRun::run() {
  // Ctrl-C is an event of the loop: what was measured until then is kept and summed up.
  const auto signals = Signals::watch(loop_, {SIGINT, SIGTERM}, [this](int) { stop_early(); });
  if (!signals) return tl::make_unexpected(signals.error());
  const nanoseconds gap = std::min(settings_.gap, settings_.probe.spacing / static_cast<std::int64_t>(hosts_.size()));
  BootTime due = BootClock::now();
  for (PingHost& host : hosts_) {
    host.due = due;
    due += gap;
    ++unfinished_;
    look_up(host);
  }
  loop_.run();
  return {};
}

/// Beside the loop: a slow name server must not hold up the probes of others.
void PingRun::look_up(PingHost& host) {
  auto target = parse_target(host.name);
  if (settings_.family != AddressFamily::any) target->family = settings_.family;
  if (const auto literal = Endpoint::literal(target->host, 0)) {
    const AddressFamily family = literal->family() == AF_INET ? AddressFamily::ipv4 : AddressFamily::ipv6;
    if (target->family != AddressFamily::any && target->family != family) {
      // Not from within run(), whose loop is to end when all have.
      loop_.post([this, &host, family] {
        tell(host, wrong_family(host.name, family, settings_.probe.source));
        end_one();
      });
      return;
    }
  }
  resolver_.resolve(*target, [this, &host](Result<std::vector<Endpoint>>&& endpoints) {
    if (stopping_) return;
    if (!endpoints) {
      tell(host, endpoints.error());
      end_one();
      return;
    }
    const auto usable = std::find_if(endpoints->begin(), endpoints->end(), [this](const Endpoint& endpoint) {
      return prober_.socket_kind(endpoint.family()) != "none";
    });
    host.endpoint = usable == endpoints->end() ? endpoints->front() : *usable;
    if (settings_.with_addresses) {
      host.shown = host.endpoint->host_text();
      name_width_ = std::max(name_width_, host.shown.size());
    }
    host.due = std::max(host.due, BootClock::now());
    schedule(host);
  });
}

void PingRun::end_one() {
  if (--unfinished_ == 0) loop_.stop();
}

void PingRun::schedule(PingHost& host) {
  loop_.at(host.due, [this, &host] { probe(host); });
}

void PingRun::probe(PingHost& host) {
  if (stopping_) return;
  icmp::EchoPlan plan = settings_.probe;
  if (settings_.judges()) plan.timeout = timeout_of_attempt(host.started);
  const std::uint32_t number = host.started++;
  if (settings_.keeps_each()) host.each.emplace_back();
  host.in_flight[number] = prober_.start(
      *host.endpoint, plan, [this, &host, number](const icmp::EchoRound& round) { round_over(host, number, round); },
      [this, &host, number](const icmp::EchoAnswer& answer) {
        if (answer.kind == icmp::EchoAnswer::Kind::duplicate) ++host.duplicates;
        if (answer.kind == icmp::EchoAnswer::Kind::late) ++host.late;
        if (answer.kind != icmp::EchoAnswer::Kind::in_time) odd_answer(host, number, answer);
      });
  if (settings_.judges() || (settings_.count && host.started == *settings_.count)) return;
  host.due = std::max(host.due, BootClock::now() - settings_.probe.spacing) + settings_.probe.spacing;
  schedule(host);
}

nanoseconds PingRun::timeout_of_attempt(std::uint32_t number) const {
  constexpr double longest = 3600e9;
  const double timeout =
      static_cast<double>(settings_.probe.timeout.count()) * std::pow(settings_.backoff, static_cast<double>(number));
  return std::max(settings_.probe.timeout, nanoseconds(static_cast<std::int64_t>(std::min(timeout, longest))));
}

void PingRun::round_over(PingHost& host, std::uint32_t number, const icmp::EchoRound& round) {
  host.in_flight.erase(number);
  host.errors += round.errors;
  if (round.error) tell(host, *round.error);
  host.sent += round.sent;
  host.not_sent += round.not_sent;
  if (round.received != 0) {
    const nanoseconds took = round.round_trips.front();
    ++host.received;
    host.fastest = std::min(host.fastest, took);
    host.slowest = std::max(host.slowest, took);
    host.sum += took;
    if (settings_.keeps_each()) host.each[number] = took;
    live_line(host, number, took);
  } else if (round.sent != 0) {
    live_line(host, number, std::nullopt);
  } else if (settings_.keeps_each() && number + 1 == host.each.size() && !round.error) {
    host.each.pop_back();  // withdrawn by Ctrl-C before its time was over
  }
  if (settings_.judges()) return judge(host);
  const bool complete = settings_.count && host.started == *settings_.count && host.in_flight.empty();
  if (complete) end_one();
}

void PingRun::judge(PingHost& host) {
  if (stopping_) return;
  const bool alive = host.received != 0;
  if (!alive && host.started < settings_.attempts) return probe(host);
  const bool told = alive ? settings_.tells_alive : settings_.tells_unreachable;
  if (told && !settings_.json) {
    const bool both = settings_.tells_alive && settings_.tells_unreachable;
    const std::string verdict = !both ? "" : alive ? " is alive" : " is unreachable";
    const std::string elapsed = alive && settings_.with_elapsed
                                    ? fmt::format(" ({} ms)", latency::milliseconds_text(host.fastest))
                                    : std::string();
    fmt::print("{}{}{}{}\n", time_of_day(), host.shown, verdict, elapsed);
    std::fflush(stdout);  // live in a pipe as well
  }
  end_one();
}

/// With -D. As fping writes it.
std::string PingRun::time_of_day() const {
  if (!settings_.with_time) return {};
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  return fmt::format("[{:.5f}] ", now.count());
}

void PingRun::live_line(const PingHost& host, std::uint32_t number, std::optional<nanoseconds> round_trip) {
  if (settings_.quiet || settings_.json || settings_.judges()) return;
  const std::string mean = host.received == 0 ? "NaN" : latency::milliseconds_text(host.mean());
  const std::string outcome =
      round_trip ? fmt::format("{} bytes, {} ms", settings_.probe.payload + 8, latency::milliseconds_text(*round_trip))
                 : std::string("timed out");
  fmt::print("{}{:<{}} : [{}], {} ({} avg, {}% loss)\n", time_of_day(), host.shown, name_width_, number, outcome, mean,
             host.loss_percent());
  std::fflush(stdout);  // live in a pipe as well
}

void PingRun::odd_answer(const PingHost& host, std::uint32_t number, const icmp::EchoAnswer& answer) {
  if (settings_.quiet || settings_.json || settings_.judges()) return;
  const char* what = answer.kind == icmp::EchoAnswer::Kind::duplicate ? "duplicate" : "late answer";
  fmt::print(stderr, "{}{} : {} for [{}], {} bytes, {} ms\n", time_of_day(), host.shown, what, number,
             settings_.probe.payload + 8, latency::milliseconds_text(answer.round_trip));
}

/// An error that each probe meets again is told once.
void PingRun::tell(PingHost& host, const Error& error) {
  const bool known = host.error && host.error->message == error.message;
  host.error = error;
  if (!known) print_error("ping", error);
}

void PingRun::stop_early() {
  stopping_ = true;
  for (PingHost& host : hosts_) {
    // Latest first, so that round_over() can take what was withdrawn off the end of the list. finish() takes the entry
    // out of the map.
    while (!host.in_flight.empty()) prober_.finish(host.in_flight.rbegin()->second);
    if (!host.endpoint && !host.error) {
      tell(host, {ErrorKind::resolve, fmt::format("{} was not resolved before the end", host.name), {}});
    }
  }
  loop_.stop();
}

}  // namespace octopoll::cli
