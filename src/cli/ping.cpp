#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/ping_summary.hpp"
#include "cli/signals.hpp"
#include "octopoll/core/dscp.hpp"
#include "octopoll/core/duration.hpp"
#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/icmp/prober.hpp"
#include "octopoll/latency/round_trips.hpp"
#include "octopoll/poll/resolver.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;
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
     {"octopoll ping -C 3 -M -b 1472 router1", "does a packet of 1500 octets get through whole?"},
     {"octopoll ping -C 50 -p 20ms -b 192 --dscp EF branch1", "what a voice call to there would meet"},
     {"octopoll ping -C 10 --format json router1", "loss, percentiles, jitter, a voice score and each round trip"}},
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

po::options_description options_of_ping();
Result<Settings> settings_from(const po::variables_map& arguments);
Result<> read_packets(const po::variables_map& arguments, Settings& settings);
Result<unsigned> number_option(const po::variables_map& arguments, const char* name, unsigned least, unsigned most);
PingExit code_for(const std::vector<PingHost>& hosts);
int code(PingExit value) { return static_cast<int>(value); }

/// Probes all hosts until each had its count, or until SIGINT or SIGTERM.
class PingRun {
 public:
  PingRun(EventLoop& loop, icmp::Prober& prober, const Settings& settings, std::vector<PingHost>& hosts);
  [[nodiscard]] Result<> run();

 private:
  void look_up(PingHost& host);
  void end_one();
  void schedule(PingHost& host);
  void probe(PingHost& host);
  void round_over(PingHost& host, std::uint32_t number, const icmp::EchoRound& round);
  void odd_answer(const PingHost& host, std::uint32_t number, const icmp::EchoAnswer& answer);
  void tell(PingHost& host, const Error& error);
  void live_line(const PingHost& host, std::uint32_t number, std::optional<nanoseconds> round_trip);
  void stop_early();

  EventLoop& loop_;
  icmp::Prober& prober_;
  const Settings& settings_;
  std::vector<PingHost>& hosts_;
  poll::Resolver resolver_;
  std::size_t name_width_;
  std::size_t unfinished_ = 0;
  bool stopping_ = false;
};

}  // namespace

int run_ping(int argc, char** argv) {
  po::options_description hidden;
  hidden.add_options()("target", po::value<std::vector<std::string>>(), "");
  po::positional_options_description positional;
  positional.add("target", -1);
  const auto arguments = parse_arguments(argc, argv, help, options_of_ping(), positional, hidden);
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
  std::vector<PingHost> hosts;
  for (const std::string& word : settings->targets) hosts.emplace_back().name = word;
  const auto ran = PingRun(**loop, **prober, *settings, hosts).run();
  if (!ran) {
    print_error("ping", ran.error());
    return code(PingExit::system_call);
  }
  if (settings->json) {
    using Json = nlohmann::ordered_json;
    fmt::print("{}\n", ping_json(hosts).dump(1, ' ', false, Json::error_handler_t::replace));
  } else {
    std::fflush(stdout);
    if (!settings->quiet) fmt::print(stderr, "\n");
    print_ping_summary(hosts, settings->count.has_value());
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    print_error("ping", Error{ErrorKind::io, "stdout did not take all of the output", {}});
    return code(PingExit::system_call);
  }
  return code(code_for(hosts));
}

namespace {

// --- Arguments ---

po::options_description options_of_ping() {
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  const auto number = [](const char* name) { return po::value<std::int64_t>()->value_name(name); };
  po::options_description options("Options");
  auto add = options.add_options();
  add("count,C", number("COUNT"), "probes a target (default: until Ctrl-C)");
  add("interval,p", text("T")->default_value("1s"), "between the probes of a target, at least 10ms");
  add("timeout,t", text("T")->default_value("1s"), "a probe without answer is then lost");
  add("payload,b", number("OCTETS")->default_value(icmp::EchoPlan{}.payload), "octets behind the ICMP header");
  add("ttl,H", number("N"), "routers on the way, at most: time to live, or hop limit");
  add("dscp", text("DSCP"), "which queue: 0 to 63, or a name such as EF, CS1, AF41");
  add("dont-fragment,M", po::bool_switch(), "packets go whole or not at all");
  add("source,S", text("ADDRESS"), "an address of this machine to send from");
  add("ipv4,4", po::bool_switch(), "IPv4 addresses of names alone");
  add("ipv6,6", po::bool_switch(), "IPv6 addresses of names alone");
  add("quiet,q", po::bool_switch(), "no line an answer");
  add("format", text("FORMAT")->default_value("table"), "table or json");
  return options;
}

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
  if (auto packets = read_packets(arguments, settings); !packets) return tl::make_unexpected(packets.error());
  for (const std::string& word : settings.targets) {
    if (const auto target = parse_target(word); !target) return tl::make_unexpected(target.error());
  }
  return settings;
}

/// What the packets are like.
Result<> read_packets(const po::variables_map& arguments, Settings& settings) {
  const auto payload = number_option(arguments, "payload", icmp::min_payload, icmp::max_payload);
  if (!payload) return tl::make_unexpected(payload.error());
  settings.probe.payload = *payload;
  if (arguments.count("ttl") != 0) {
    const auto ttl = number_option(arguments, "ttl", 1, 255);
    if (!ttl) return tl::make_unexpected(ttl.error());
    settings.probe.hop_limit = static_cast<std::uint8_t>(*ttl);
  }
  if (arguments.count("dscp") != 0) {
    const auto dscp = parse_dscp(arguments["dscp"].as<std::string>());
    if (!dscp) return fail(ErrorKind::usage, "--dscp: " + dscp.error().message, dscp.error().remedy);
    settings.probe.dscp = *dscp;
  }
  settings.probe.dont_fragment = arguments["dont-fragment"].as<bool>();
  if (arguments.count("source") == 0) return {};
  const auto& address = arguments["source"].as<std::string>();
  settings.probe.source = Endpoint::literal(address, 0);
  if (!settings.probe.source) {
    return fail(ErrorKind::usage, fmt::format("--source \"{}\" is no address", agent_text(address)),
                "give an address of this machine, as `ip address` shows them");
  }
  const bool ipv4 = settings.probe.source->family() == AF_INET;
  const AddressFamily family = ipv4 ? AddressFamily::ipv4 : AddressFamily::ipv6;
  if (settings.family != AddressFamily::any && settings.family != family) {
    return fail(ErrorKind::usage,
                fmt::format("--source {} is not of the family that {} asks for", address, ipv4 ? "-6" : "-4"),
                "leave one of them out");
  }
  settings.family = family;
  return {};
}

Result<unsigned> number_option(const po::variables_map& arguments, const char* name, unsigned least, unsigned most) {
  const auto number = arguments[name].as<std::int64_t>();
  if (number >= least && number <= most) return static_cast<unsigned>(number);
  return fail(ErrorKind::usage, fmt::format("--{} {} is out of range", name, number),
              fmt::format("give {} to {}", least, most));
}

PingExit code_for(const std::vector<PingHost>& hosts) {
  const auto unknown = [](const PingHost& host) { return !host.endpoint; };
  const auto silent = [](const PingHost& host) { return host.received == 0; };
  if (std::any_of(hosts.begin(), hosts.end(), unknown)) return PingExit::name_not_found;
  return std::any_of(hosts.begin(), hosts.end(), silent) ? PingExit::some_silent : PingExit::all_answered;
}

// --- The run ---

PingRun::PingRun(EventLoop& loop, icmp::Prober& prober, const Settings& settings, std::vector<PingHost>& hosts)
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
  const nanoseconds gap = std::min(target_gap, settings_.probe.spacing / static_cast<std::int64_t>(hosts_.size()));
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

void PingRun::round_over(PingHost& host, std::uint32_t number, const icmp::EchoRound& round) {
  host.in_flight.erase(number);
  host.errors += round.errors;
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
  if (complete) end_one();
}

void PingRun::live_line(const PingHost& host, std::uint32_t number, std::optional<nanoseconds> round_trip) {
  if (settings_.quiet || settings_.json) return;
  const std::string mean = host.received == 0 ? "NaN" : latency::milliseconds_text(host.mean());
  const std::string outcome =
      round_trip ? fmt::format("{} bytes, {} ms", settings_.probe.payload + 8, latency::milliseconds_text(*round_trip))
                 : std::string("timed out");
  fmt::print("{:<{}} : [{}], {} ({} avg, {}% loss)\n", host.name, name_width_, number, outcome, mean,
             host.loss_percent());
  std::fflush(stdout);  // live in a pipe as well
}

void PingRun::odd_answer(const PingHost& host, std::uint32_t number, const icmp::EchoAnswer& answer) {
  if (settings_.quiet || settings_.json) return;
  const char* what = answer.kind == icmp::EchoAnswer::Kind::duplicate ? "duplicate" : "late answer";
  fmt::print(stderr, "{} : {} for [{}], {} bytes, {} ms\n", host.name, what, number, settings_.probe.payload + 8,
             latency::milliseconds_text(answer.round_trip));
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

}  // namespace
}  // namespace octopoll::cli
