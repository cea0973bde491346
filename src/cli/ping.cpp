#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/signals.hpp"
#include "octopoll/core/cycle.hpp"
#include "octopoll/core/duration.hpp"
#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/icmp/prober.hpp"
#include "octopoll/latency/round_trips.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;
using std::chrono::nanoseconds;

/// fping's, not ours: scripts know them.
enum class PingExit : int { all_answered = 0, some_silent = 1, name_not_found = 2, usage = 3, system_call = 4 };

const CommandHelp help{
    "octopoll ping TARGET... [-C COUNT] [options]",
    "Probes targets by ICMP echo. One line an answer goes to stdout, a summary of each target to stderr at the end.\n"
    "Without -C it runs until Ctrl-C. Needs no root where net.ipv4.ping_group_range admits the user.",
    {{"octopoll ping 192.0.2.1", "once a second until Ctrl-C"},
     {"octopoll ping -C 5 router1 router2 2001:db8::1", "five probes each, then the round trips of each one by one"},
     {"octopoll ping -q -C 20 --interval 200ms fe80::1%eth0", "the summary alone, of a link-local address"},
     {"octopoll ping -C 10 --format json router1", "loss, min/median/mean/max/deviation and each round trip in ms"}},
    "0 all targets answered, 1 some did not, 2 a name was not found, 3 bad arguments, 4 no socket allowed or another "
    "system call failed (fping's codes)"};

constexpr nanoseconds shortest_interval = std::chrono::milliseconds(10);
constexpr std::int64_t most_probes = 1'000'000;
/// Between the first probes of two targets, so that many of them make no burst.
constexpr nanoseconds target_gap = std::chrono::milliseconds(10);

struct Settings {
  std::vector<std::string> targets;
  std::optional<std::uint32_t> count;  ///< none: until Ctrl-C
  AddressFamily family = AddressFamily::any;
  bool quiet = false;
  bool json = false;
  icmp::EchoPlan probe;  ///< a round of one; `spacing` is the interval

  [[nodiscard]] bool keeps_each() const noexcept { return count.has_value() || json; }
};

/// A target and what became of its probes.
struct Host {
  std::string name;  ///< as written
  std::optional<Endpoint> endpoint;
  std::optional<Error> error;  ///< the latest
  BootTime due;
  std::uint32_t started = 0;
  std::map<std::uint32_t, icmp::Prober::RoundId> in_flight;
  std::uint64_t sent = 0, received = 0, duplicates = 0, late = 0;
  nanoseconds fastest = nanoseconds::max(), slowest{}, sum{};
  std::vector<std::optional<nanoseconds>> each;  ///< by probe, where Settings::keeps_each()

  [[nodiscard]] std::uint64_t loss_percent() const noexcept { return sent == 0 ? 0 : (sent - received) * 100 / sent; }
  [[nodiscard]] nanoseconds mean() const noexcept { return sum / static_cast<std::int64_t>(received); }
};

Result<Settings> settings_from(const po::variables_map& arguments);
std::vector<Host> resolve(const Settings& settings, const icmp::Prober& prober);
PingExit code_for(const std::vector<Host>& hosts);
void print_summary(const std::vector<Host>& hosts, const Settings& settings);
Json to_json(const std::vector<Host>& hosts);
int code(PingExit value) { return static_cast<int>(value); }

/// Probes all hosts until each had its count, or until SIGINT or SIGTERM.
class PingRun {
 public:
  PingRun(EventLoop& loop, icmp::Prober& prober, const Settings& settings, std::vector<Host>& hosts);
  [[nodiscard]] Result<> run();

 private:
  void schedule(Host& host);
  void probe(Host& host);
  void round_over(Host& host, std::uint32_t number, const icmp::EchoRound& round);
  void odd_answer(const Host& host, std::uint32_t number, const icmp::EchoAnswer& answer);
  void tell(Host& host, const Error& error);
  void live_line(const Host& host, std::uint32_t number, std::optional<nanoseconds> round_trip);
  void stop_early();

  EventLoop& loop_;
  icmp::Prober& prober_;
  const Settings& settings_;
  std::vector<Host>& hosts_;
  std::size_t name_width_;
  std::size_t unfinished_ = 0;
  bool stopping_ = false;
};

}  // namespace

int run_ping(int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("count,C", po::value<std::int64_t>()->value_name("COUNT"),
                        "probes a target (default: until Ctrl-C)")(
      "interval,p", po::value<std::string>()->value_name("T")->default_value("1s"),
      "between the probes of a target, at least 10ms")("timeout,t",
                                                       po::value<std::string>()->value_name("T")->default_value("1s"),
                                                       "a probe without answer is then lost")(
      "quiet,q", po::bool_switch(), "no line an answer")("ipv4,4", po::bool_switch(), "IPv4 addresses of names alone")(
      "ipv6,6", po::bool_switch(), "IPv6 addresses of names alone")(
      "format", po::value<std::string>()->value_name("FORMAT")->default_value("table"), "table or json");
  po::options_description hidden;
  hidden.add_options()("target", po::value<std::vector<std::string>>(), "");
  po::positional_options_description positional;
  positional.add("target", -1);
  const auto arguments = parse_arguments(argc, argv, help, options, positional, hidden);
  if (!arguments) return arguments.error() == ExitCode::done ? code(PingExit::all_answered) : code(PingExit::usage);
  const auto settings = settings_from(*arguments);
  if (!settings) {
    print_error("ping", settings.error());
    return code(PingExit::usage);
  }

  const auto loop = EventLoop::create();
  if (!loop) {
    print_error("ping", loop.error());
    return code(PingExit::system_call);
  }
  const auto prober = icmp::Prober::create(**loop);
  if (!prober) {
    print_error("ping", prober.error());
    return code(PingExit::system_call);
  }
  std::vector<Host> hosts = resolve(*settings, **prober);
  const auto ran = PingRun(**loop, **prober, *settings, hosts).run();
  if (!ran) {
    print_error("ping", ran.error());
    return code(PingExit::system_call);
  }
  if (settings->json) {
    fmt::print("{}\n", to_json(hosts).dump(1, ' ', false, Json::error_handler_t::replace));
  } else {
    print_summary(hosts, *settings);
  }
  return code(code_for(hosts));
}

namespace {

// --- Arguments ---

Result<Settings> settings_from(const po::variables_map& arguments) {
  Settings settings;
  if (arguments.count("target") == 0) {
    return fail(ErrorKind::usage, "no target given", "name one or more hosts, for example `octopoll ping 127.0.0.1`");
  }
  settings.targets = arguments["target"].as<std::vector<std::string>>();
  if (arguments.count("count") != 0) {
    const auto count = arguments["count"].as<std::int64_t>();
    if (count < 1 || count > most_probes) {
      return fail(ErrorKind::usage, fmt::format("-C {} is out of range", count),
                  fmt::format("give 1 to {}, or leave -C out to run until Ctrl-C", most_probes));
    }
    settings.count = static_cast<std::uint32_t>(count);
  }
  const bool ipv4 = arguments["ipv4"].as<bool>();
  const bool ipv6 = arguments["ipv6"].as<bool>();
  if (ipv4 && ipv6) return fail(ErrorKind::usage, "-4 and -6 exclude each other", "leave both out for any address");
  if (ipv4) settings.family = AddressFamily::ipv4;
  if (ipv6) settings.family = AddressFamily::ipv6;
  settings.quiet = arguments["quiet"].as<bool>();
  const auto format = parse_format(arguments["format"].as<std::string>());
  if (!format || *format == report::Format::csv) {
    return fail(ErrorKind::usage, fmt::format("unknown format \"{}\"", arguments["format"].as<std::string>()),
                "--format takes table or json");
  }
  settings.json = *format == report::Format::json;
  const auto interval = duration_option(arguments, "interval", shortest_interval);
  if (!interval) return tl::make_unexpected(interval.error());
  const auto timeout = duration_option(arguments, "timeout", std::chrono::milliseconds(1));
  if (!timeout) return tl::make_unexpected(timeout.error());
  settings.probe.count = 1;
  settings.probe.spacing = *interval;
  settings.probe.timeout = *timeout;
  for (const std::string& word : settings.targets) {
    if (const auto target = parse_target(word); !target) return tl::make_unexpected(target.error());
  }
  return settings;
}

/// Names are looked up here, before the loop runs: a slow name server must not hold up the probes of others.
std::vector<Host> resolve(const Settings& settings, const icmp::Prober& prober) {
  std::vector<Host> hosts;
  hosts.reserve(settings.targets.size());
  for (const std::string& word : settings.targets) {
    Host& host = hosts.emplace_back();
    host.name = word;
    auto target = parse_target(word);
    if (settings.family != AddressFamily::any) target->family = settings.family;
    const auto endpoints = resolve_blocking(*target);
    if (!endpoints) {
      host.error = endpoints.error();
      print_error("ping", endpoints.error());
      continue;
    }
    const auto usable = std::find_if(endpoints->begin(), endpoints->end(), [&prober](const Endpoint& endpoint) {
      return prober.socket_kind(endpoint.family()) != "none";
    });
    host.endpoint = usable == endpoints->end() ? endpoints->front() : *usable;
  }
  return hosts;
}

PingExit code_for(const std::vector<Host>& hosts) {
  const auto unknown = [](const Host& host) { return !host.endpoint; };
  const auto silent = [](const Host& host) { return host.received == 0; };
  if (std::any_of(hosts.begin(), hosts.end(), unknown)) return PingExit::name_not_found;
  return std::any_of(hosts.begin(), hosts.end(), silent) ? PingExit::some_silent : PingExit::all_answered;
}

// --- Printing ---

std::size_t name_width(const std::vector<Host>& hosts) {
  std::size_t width = 0;
  for (const Host& host : hosts) width = std::max(width, host.name.size());
  return width;
}

void print_summary(const std::vector<Host>& hosts, const Settings& settings) {
  const std::size_t width = name_width(hosts);
  std::fflush(stdout);
  if (!settings.quiet) fmt::print(stderr, "\n");
  if (settings.count) {
    for (const Host& host : hosts) {
      if (!host.endpoint) continue;
      fmt::print(stderr, "{:<{}} :", host.name, width);
      for (const auto& round_trip : host.each)
        fmt::print(stderr, " {}", round_trip ? latency::milliseconds_text(*round_trip) : "-");
      fmt::print(stderr, "\n");
    }
  }
  for (const Host& host : hosts) {
    if (!host.endpoint) continue;
    fmt::print(stderr, "{:<{}} : xmt/rcv/%loss = {}/{}/{}%", host.name, width, host.sent, host.received,
               host.loss_percent());
    if (host.received != 0) {
      fmt::print(stderr, ", min/avg/max = {}/{}/{}", latency::milliseconds_text(host.fastest),
                 latency::milliseconds_text(host.mean()), latency::milliseconds_text(host.slowest));
    }
    if (host.duplicates != 0) fmt::print(stderr, ", duplicates {}", host.duplicates);
    if (host.late != 0) fmt::print(stderr, ", late {}", host.late);
    fmt::print(stderr, "\n");
  }
}

double as_milliseconds(nanoseconds duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

Json round_trip_json(const Host& host) {
  std::vector<nanoseconds> answered;
  for (const auto& round_trip : host.each) {
    if (round_trip) answered.push_back(*round_trip);
  }
  const auto summary = latency::summarize(answered);
  if (!summary) return {};
  return {{"min", as_milliseconds(summary->min)},
          {"median", as_milliseconds(summary->median)},
          {"mean", as_milliseconds(summary->mean)},
          {"max", as_milliseconds(summary->max)},
          {"deviation", as_milliseconds(summary->deviation)}};
}

Json to_json(const std::vector<Host>& hosts) {
  Json array = Json::array();
  for (const Host& host : hosts) {
    Json each = Json::array();
    for (const auto& round_trip : host.each) each.push_back(round_trip ? Json(as_milliseconds(*round_trip)) : Json());
    Json object{{"target", host.name}};
    object["address"] = host.endpoint ? Json(host.endpoint->host_text()) : Json();
    object["sent"] = host.sent;
    object["received"] = host.received;
    // Of no probes nothing is known: neither that they were lost nor that they were not.
    object["loss"] =
        host.sent == 0 ? Json() : Json(1.0 - static_cast<double>(host.received) / static_cast<double>(host.sent));
    object["duplicates"] = host.duplicates;
    object["late"] = host.late;
    object["rtt_ms"] = round_trip_json(host);
    object["round_trips_ms"] = std::move(each);
    object["error"] = host.error ? Json(host.error->text()) : Json();
    array.push_back(std::move(object));
  }
  return array;
}

// --- The run ---

PingRun::PingRun(EventLoop& loop, icmp::Prober& prober, const Settings& settings, std::vector<Host>& hosts)
    : loop_(loop), prober_(prober), settings_(settings), hosts_(hosts), name_width_(name_width(hosts)) {}

Result<> PingRun::run() {
  // Ctrl-C is an event of the loop: what was measured until then is kept and summed up.
  const auto signals = Signals::watch(loop_, {SIGINT, SIGTERM}, [this](int) { stop_early(); });
  if (!signals) return tl::make_unexpected(signals.error());
  const nanoseconds gap = std::min(target_gap, settings_.probe.spacing / static_cast<std::int64_t>(hosts_.size()));
  BootTime due = BootClock::now();
  for (Host& host : hosts_) {
    if (!host.endpoint) continue;
    host.due = due;
    due += gap;
    ++unfinished_;
    schedule(host);
  }
  if (unfinished_ != 0) loop_.run();
  return {};
}

void PingRun::schedule(Host& host) {
  loop_.at(host.due, [this, &host] { probe(host); });
}

void PingRun::probe(Host& host) {
  if (stopping_) return;
  const std::uint32_t number = host.started++;
  if (settings_.keeps_each()) host.each.emplace_back();
  host.in_flight[number] = prober_.start(
      *host.endpoint, settings_.probe,
      [this, &host, number](const icmp::EchoRound& round) { round_over(host, number, round); },
      [this, &host, number](const icmp::EchoAnswer& answer) {
        if (answer.kind == icmp::EchoAnswer::Kind::duplicate) ++host.duplicates;
        if (answer.kind == icmp::EchoAnswer::Kind::late) ++host.late;
        if (answer.kind != icmp::EchoAnswer::Kind::in_time) odd_answer(host, number, answer);
      });
  if (settings_.count && host.started == *settings_.count) return;
  host.due = std::max(host.due, BootClock::now() - settings_.probe.spacing) + settings_.probe.spacing;
  schedule(host);
}

void PingRun::round_over(Host& host, std::uint32_t number, const icmp::EchoRound& round) {
  host.in_flight.erase(number);
  if (round.error) tell(host, *round.error);
  host.sent += round.sent;
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
  const bool complete = settings_.count && host.started == *settings_.count && host.in_flight.empty();
  if (complete && --unfinished_ == 0) loop_.stop();
}

void PingRun::live_line(const Host& host, std::uint32_t number, std::optional<nanoseconds> round_trip) {
  if (settings_.quiet || settings_.json) return;
  const std::string mean = host.received == 0 ? "NaN" : latency::milliseconds_text(host.mean());
  const std::string outcome =
      round_trip ? fmt::format("{} bytes, {} ms", settings_.probe.payload + 8, latency::milliseconds_text(*round_trip))
                 : std::string("timed out");
  fmt::print("{:<{}} : [{}], {} ({} avg, {}% loss)\n", host.name, name_width_, number, outcome, mean,
             host.loss_percent());
  std::fflush(stdout);  // live in a pipe as well
}

void PingRun::odd_answer(const Host& host, std::uint32_t number, const icmp::EchoAnswer& answer) {
  if (settings_.quiet || settings_.json) return;
  const char* what = answer.kind == icmp::EchoAnswer::Kind::duplicate ? "duplicate" : "late answer";
  fmt::print(stderr, "{} : {} for [{}], {} bytes, {} ms\n", host.name, what, number, settings_.probe.payload + 8,
             latency::milliseconds_text(answer.round_trip));
}

/// An error that each probe meets again is told once.
void PingRun::tell(Host& host, const Error& error) {
  const bool known = host.error && host.error->message == error.message;
  host.error = error;
  if (!known) print_error("ping", error);
}

void PingRun::stop_early() {
  stopping_ = true;
  for (Host& host : hosts_) {
    // Latest first, so that round_over() can take what was withdrawn off the end of the list. finish() takes the entry
    // out of the map.
    while (!host.in_flight.empty()) prober_.finish(host.in_flight.rbegin()->second);
  }
  loop_.stop();
}

}  // namespace
}  // namespace octopoll::cli
