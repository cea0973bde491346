// octopoll-echo-bench: what echo probes cost, and how true their round trips are while the loop is busy.
//
//   octopoll-echo-bench --targets 5000 --count 20 --spacing 1s
//   octopoll-echo-bench --targets 100 --spacing 100ms --load-port 16100 --load-devices 1000
//
// Probes `targets` addresses that go up by one from `base`, `count` times each, and prints one line of JSON: what was
// sent and answered, seconds of CPU (user and system) from the first request to the last answer, the share of that time
// in which the loop had something to do, and percentiles of all round trips in microseconds. With --load-port the same
// loop polls octopoll-fleet by SNMP as fast as it can meanwhile.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/icmp/prober.hpp"
#include "snmp_load.hpp"

namespace octopoll {
namespace {

namespace po = boost::program_options;
using std::chrono::nanoseconds;

struct Load {
  std::uint32_t base = 0;  ///< IPv4, host byte order
  std::uint32_t targets = 0;
  icmp::EchoPlan plan;
  std::uint32_t load_base = 0;
  std::uint16_t load_port = 0;  ///< 0: the loop has nothing else to do
  std::uint32_t load_devices = 0;
};

struct Outcome {
  std::uint64_t sent = 0, received = 0, late = 0, duplicates = 0;
  std::vector<nanoseconds> round_trips;
};

Endpoint address_of(std::uint32_t host_order) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host_order);
  return *Endpoint::from(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

std::uint32_t host_order(const std::string& text) {
  const auto endpoint = Endpoint::literal(text, 0);
  if (!endpoint || endpoint->family() != AF_INET) throw std::runtime_error(text + " is no IPv4 address");
  return ntohl(reinterpret_cast<const sockaddr_in*>(endpoint->address())->sin_addr.s_addr);
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// How long this thread had work to do: on a processor, or waiting for one (proc(5), schedstat).
nanoseconds wanted_to_run() {
  std::int64_t running = 0, waiting = 0;
  std::ifstream("/proc/thread-self/schedstat") >> running >> waiting;
  return nanoseconds(running + waiting);
}

template <class T>
T or_throw(Result<T>&& result) {
  if (!result) throw std::runtime_error(result.error().text());
  return std::move(*result);
}

nanoseconds percentile(const std::vector<nanoseconds>& sorted, double percent) {
  const double rank = percent / 100 * static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(rank + 0.5)];
}

Outcome probe_all(EventLoop& loop, icmp::Prober& prober, const Load& load) {
  Outcome outcome;
  outcome.round_trips.reserve(std::size_t{load.targets} * load.plan.count);
  std::uint32_t running = load.targets;
  for (std::uint32_t i = 0; i < load.targets; ++i) {
    prober.start(address_of(load.base + i), load.plan, [&](const icmp::EchoRound& round) {
      outcome.sent += round.sent;
      outcome.received += round.received;
      outcome.late += round.late;
      outcome.duplicates += round.duplicates;
      outcome.round_trips.insert(outcome.round_trips.end(), round.round_trips.begin(), round.round_trips.end());
      if (--running == 0) loop.stop();
    });
  }
  loop.run();
  std::sort(outcome.round_trips.begin(), outcome.round_trips.end());
  return outcome;
}

Load parse(int argc, char** argv) {
  po::options_description options("octopoll-echo-bench");
  Load load;
  std::string base, load_base, spacing, timeout;
  options.add_options()("base", po::value(&base)->default_value("127.2.0.1"), "the first target")(
      "targets", po::value(&load.targets)->default_value(5000), "how many addresses from there on")(
      "count", po::value(&load.plan.count)->default_value(20), "probes a target")(
      "spacing", po::value(&spacing)->default_value("1s"), "between the probes of a target")(
      "timeout", po::value(&timeout)->default_value("1s"), "a probe without answer is then lost")(
      "payload", po::value(&load.plan.payload)->default_value(56), "octets")(
      "load-base", po::value(&load_base)->default_value("127.1.0.1"), "the first agent")(
      "load-port", po::value(&load.load_port)->default_value(0), "of the agents; without it there is no load")(
      "load-devices", po::value(&load.load_devices)->default_value(1000), "agents");
  po::variables_map arguments;
  po::store(po::parse_command_line(argc, argv, options), arguments);
  po::notify(arguments);
  load.base = host_order(base);
  load.load_base = host_order(load_base);
  load.plan.spacing = or_throw(parse_duration(spacing));
  load.plan.timeout = or_throw(parse_duration(timeout));
  return load;
}

void run(int argc, char** argv) {
  const Load load = parse(argc, argv);
  const auto loop = or_throw(EventLoop::create());
  const auto prober = or_throw(icmp::Prober::create(*loop));
  std::optional<bench::SnmpLoad> snmp;
  if (load.load_port != 0) snmp.emplace(*loop, load.load_base, load.load_port, load.load_devices);
  const double before = cpu_seconds();
  const nanoseconds wanted_before = wanted_to_run();
  const auto began = std::chrono::steady_clock::now();
  const Outcome outcome = probe_all(*loop, *prober, load);
  const double cpu = cpu_seconds() - before;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const double wanted = std::chrono::duration<double>(wanted_to_run() - wanted_before).count();
  nlohmann::ordered_json line{{"socket", prober->socket_kind(AF_INET)},
                              {"targets", load.targets},
                              {"sent", outcome.sent},
                              {"received", outcome.received},
                              {"late", outcome.late},
                              {"duplicates", outcome.duplicates},
                              {"seconds", seconds},
                              {"cpu_seconds", cpu},
                              {"busy", wanted / seconds},
                              {"snmp_answers", snmp ? snmp->answers() : 0}};
  double sum = 0;
  for (const nanoseconds each : outcome.round_trips) sum += static_cast<double>(each.count()) / 1e3;
  if (!outcome.round_trips.empty()) {
    line["rtt_us"]["mean"] = sum / static_cast<double>(outcome.round_trips.size());
  }
  for (const double percent : {0.0, 5.0, 50.0, 95.0, 99.0, 100.0}) {
    if (outcome.round_trips.empty()) break;
    line["rtt_us"][fmt::format("p{}", percent)] =
        std::chrono::duration<double, std::micro>(percentile(outcome.round_trips, percent)).count();
  }
  std::cout << line.dump() << '\n';
}

}  // namespace
}  // namespace octopoll

int main(int argc, char** argv) {
  try {
    octopoll::run(argc, argv);
    return 0;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "octopoll-echo-bench: {}\n", failure.what());
    return 1;
  }
}
