#include "cli/ping_settings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/ping_targets.hpp"
#include "octopoll/core/dscp.hpp"
#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;
using std::chrono::nanoseconds;

constexpr nanoseconds shortest_interval = std::chrono::milliseconds(10);
constexpr std::int64_t most_probes = 1'000'000;
constexpr unsigned most_retries = 1000;

Result<> read_counts(const po::variables_map& arguments, PingSettings& settings);
Result<> read_family(const po::variables_map& arguments, PingSettings& settings);
Result<> read_times(const po::variables_map& arguments, PingSettings& settings);
Result<> read_packets(const po::variables_map& arguments, PingSettings& settings);
Result<unsigned> number_option(const po::variables_map& arguments, const char* name, unsigned least, unsigned most);
Result<nanoseconds> time_option(const po::variables_map& arguments, const char* name, nanoseconds least);

}  // namespace

po::options_description options_of_ping() {
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  const auto number = [](const char* name) { return po::value<std::int64_t>()->value_name(name); };
  po::options_description options("Options (times as 20ms, 1s; a bare number is milliseconds, as fping takes it)");
  auto add = options.add_options();
  add("count,C", number("COUNT"), "probes a target, and all round trips of each at the end (default: until Ctrl-C)");
  add("probes,c", number("COUNT"), "the same without that list");
  add("alive,a", po::bool_switch(), "say who is alive, and nothing else");
  add("unreachable,u", po::bool_switch(), "say who is not; with -a a verdict on each");
  add("retry,r", number("N")->default_value(3), "with -a, -u: further probes to who does not answer");
  add("backoff,B", po::value<double>()->value_name("F")->default_value(1.5, "1.5"),
      "with -r: each is waited for F times as long as the one before, 1 to 5");
  add("elapsed,e", po::bool_switch(), "with -a: the round trip too");
  add("file,f", text("FILE"), "targets from FILE, one a line; - is stdin");
  add("generate,g", po::bool_switch(), "targets are an IPv4 network, 192.0.2.0/24, or its first and last address");
  add("interval,p", text("T")->default_value("1s"), "between the probes of a target, at least 10ms");
  add("gap,i", text("T")->default_value("10ms"), "between the first probes of two targets, at most");
  add("timeout,t", text("T")->default_value("1s"), "a probe without answer is then lost");
  add("payload,b", number("OCTETS")->default_value(icmp::EchoPlan{}.payload), "octets behind the ICMP header");
  add("ttl,H", number("N"), "routers on the way, at most: time to live, or hop limit");
  add("dscp", text("DSCP"), "which queue: 0 to 63, or a name such as EF, CS1, AF41");
  add("dont-fragment,M", po::bool_switch(), "packets go whole or not at all");
  add("source,S", text("ADDRESS"), "an address of this machine to send from");
  add("ipv4,4", po::bool_switch(), "IPv4 addresses of names alone");
  add("ipv6,6", po::bool_switch(), "IPv6 addresses of names alone");
  add("addr,A", po::bool_switch(), "show addresses instead of names");
  add("timestamp,D", po::bool_switch(), "the time of day (unix seconds) before each line");
  add("quiet,q", po::bool_switch(), "no line an answer");
  add("stats,s", po::bool_switch(), "sums over all targets at the end");
  add("format", text("FORMAT")->default_value("table"), "table or json");
  return options;
}

Result<PingSettings> ping_settings_from(const po::variables_map& arguments) {
  PingSettings settings;
  settings.quiet = arguments["quiet"].as<bool>();
  settings.with_time = arguments["timestamp"].as<bool>();
  settings.with_elapsed = arguments["elapsed"].as<bool>();
  settings.with_addresses = arguments["addr"].as<bool>();
  settings.with_statistics = arguments["stats"].as<bool>();
  const auto format = parse_format(arguments["format"].as<std::string>());
  if (!format || *format == report::Format::csv) {
    return fail(ErrorKind::usage, fmt::format("unknown format \"{}\"", arguments["format"].as<std::string>()),
                "--format takes table or json");
  }
  settings.json = *format == report::Format::json;
  for (const auto read : {read_counts, read_family, read_times, read_packets}) {
    if (auto done = read(arguments, settings); !done) return tl::make_unexpected(done.error());
  }
  auto targets = ping_targets_from(arguments);
  if (!targets) return tl::make_unexpected(targets.error());
  settings.targets = std::move(*targets);
  return settings;
}

namespace {

Result<> read_counts(const po::variables_map& arguments, PingSettings& settings) {
  settings.tells_alive = arguments["alive"].as<bool>();
  settings.tells_unreachable = arguments["unreachable"].as<bool>();
  if (arguments.count("count") != 0 && arguments.count("probes") != 0) {
    return fail(ErrorKind::usage, "-C and -c exclude each other", "-C lists all round trips at the end, -c does not");
  }
  for (const auto& [name, letter] : {std::pair("count", "-C"), std::pair("probes", "-c")}) {
    if (arguments.count(name) == 0) continue;
    if (settings.judges()) {
      return fail(ErrorKind::usage, fmt::format("{} has no part in -a and -u, which stop at the first answer", letter),
                  "-r says how often those are tried that do not answer");
    }
    const auto count = arguments[name].as<std::int64_t>();
    if (count < 1 || count > most_probes) {
      return fail(ErrorKind::usage, fmt::format("{} {} is out of range", letter, count),
                  fmt::format("give 1 to {}, or leave {} out to run until Ctrl-C", most_probes, letter));
    }
    settings.count = static_cast<std::uint32_t>(count);
  }
  settings.lists_each = arguments.count("count") != 0;
  const auto retries = number_option(arguments, "retry", 0, most_retries);
  if (!retries) return tl::make_unexpected(retries.error());
  settings.attempts = *retries + 1;
  settings.backoff = arguments["backoff"].as<double>();
  if (!(settings.backoff >= 1.0 && settings.backoff <= 5.0)) {
    return fail(ErrorKind::usage, fmt::format("--backoff {} is out of range", settings.backoff), "give 1 to 5");
  }
  return {};
}

Result<> read_family(const po::variables_map& arguments, PingSettings& settings) {
  const bool ipv4 = arguments["ipv4"].as<bool>();
  const bool ipv6 = arguments["ipv6"].as<bool>();
  if (ipv4 && ipv6) return fail(ErrorKind::usage, "-4 and -6 exclude each other", "leave both out for any address");
  if (ipv4) settings.family = AddressFamily::ipv4;
  if (ipv6) settings.family = AddressFamily::ipv6;
  return {};
}

Result<> read_times(const po::variables_map& arguments, PingSettings& settings) {
  const auto interval = time_option(arguments, "interval", shortest_interval);
  if (!interval) return tl::make_unexpected(interval.error());
  const auto timeout = time_option(arguments, "timeout", std::chrono::milliseconds(1));
  if (!timeout) return tl::make_unexpected(timeout.error());
  const auto gap = time_option(arguments, "gap", nanoseconds(0));
  if (!gap) return tl::make_unexpected(gap.error());
  settings.probe.count = 1;
  settings.probe.spacing = *interval;
  settings.probe.timeout = *timeout;
  settings.gap = *gap;
  return {};
}

/// What the packets are like.
Result<> read_packets(const po::variables_map& arguments, PingSettings& settings) {
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

Result<nanoseconds> time_option(const po::variables_map& arguments, const char* name, nanoseconds least) {
  const auto& text = arguments[name].as<std::string>();
  const bool bare = !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
  if (!bare) return duration_option(arguments, name, least);
  const auto time = parse_duration(text + "ms");
  if (!time) return fail(ErrorKind::usage, fmt::format("--{}: {}", name, time.error().message), time.error().remedy);
  if (*time >= least) return time;
  return fail(ErrorKind::usage, fmt::format("--{} {} is too short: it is in milliseconds", name, text),
              fmt::format("give at least {}", format_duration(least)));
}

}  // namespace
}  // namespace octopoll::cli
