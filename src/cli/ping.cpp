#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/ping_run.hpp"
#include "cli/ping_settings.hpp"
#include "cli/ping_summary.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/icmp/prober.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;

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
     {"octopoll ping -a -g 192.0.2.0/24", "who of a network is alive"},
     {"octopoll ping -u -r 1 -f sites.txt", "who of a list is not, each tried twice"},
     {"octopoll ping -C 10 --format json router1", "loss, percentiles, jitter, a voice score and each round trip"}},
    "0 all targets answered, 1 some did not, 2 a name was not found, 3 bad arguments, 4 no socket allowed or another "
    "system call failed (fping's codes)"};

PingExit code_for(const std::vector<PingHost>& hosts);
int code(PingExit value) { return static_cast<int>(value); }

}  // namespace

int run_ping(int argc, char** argv) {
  po::options_description hidden;
  hidden.add_options()("target", po::value<std::vector<std::string>>(), "");
  po::positional_options_description positional;
  positional.add("target", -1);
  const auto arguments = parse_arguments(argc, argv, help, options_of_ping(), positional, hidden);
  if (!arguments) return arguments.error() == ExitCode::done ? code(PingExit::all_answered) : code(PingExit::usage);
  const auto settings = ping_settings_from(*arguments);
  if (!settings) {
    print_error("ping", settings.error());
    return code(settings.error().kind == ErrorKind::usage ? PingExit::usage : PingExit::system_call);
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
  hosts.reserve(settings->targets.size());
  for (const std::string& word : settings->targets) hosts.push_back(PingHost::named(word));
  const BootTime began = BootClock::now();
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
    if (!settings->quiet && !settings->judges()) fmt::print(stderr, "\n");
    if (!settings->judges()) print_ping_summary(hosts, settings->lists_each);
    if (settings->with_statistics) print_ping_statistics(hosts, BootClock::now() - began);
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::cout.setstate(std::ios::badbit);  // whoever called tells of it
    return code(PingExit::system_call);
  }
  return code(code_for(hosts));
}

namespace {

PingExit code_for(const std::vector<PingHost>& hosts) {
  const auto unknown = [](const PingHost& host) { return !host.endpoint; };
  const auto silent = [](const PingHost& host) { return host.received == 0; };
  if (std::any_of(hosts.begin(), hosts.end(), unknown)) return PingExit::name_not_found;
  return std::any_of(hosts.begin(), hosts.end(), silent) ? PingExit::some_silent : PingExit::all_answered;
}

}  // namespace
}  // namespace octopoll::cli
