#include "workload.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

namespace po = boost::program_options;

namespace bench {
namespace {

constexpr int exit_usage = 2;
constexpr std::uint32_t most_in_flight = 4096;

[[noreturn]] void refuse(const std::string& why) {
  fmt::print(stderr, "{}; see --help\n", why);
  std::exit(exit_usage);
}

/// "1ms", "250us", "2s".
std::chrono::nanoseconds parse_duration(const std::string& text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const std::string unit = text.substr(digits);
  if (digits == 0 || digits > 9) refuse("not a duration: " + text);
  const long long number = std::stoll(text.substr(0, digits));
  if (unit == "us") return std::chrono::microseconds(number);
  if (unit == "ms") return std::chrono::milliseconds(number);
  if (unit == "s") return std::chrono::seconds(number);
  refuse("not a duration with us, ms or s: " + text);
}

std::chrono::microseconds as_duration(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

/// kB resident at most. Not getrusage's ru_maxrss: that one begins with the memory of whoever started this process.
long most_memory() {
  std::ifstream status("/proc/self/status");
  std::string word;
  long kilobytes = 0;
  while (status >> word) {
    if (word == "VmHWM:") status >> kilobytes;
  }
  return kilobytes;
}

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

const std::array<std::vector<std::uint32_t>, column_count>& columns() {
  static const auto all = [] {
    const std::vector<std::uint32_t> if_entry{1, 3, 6, 1, 2, 1, 2, 2, 1};
    const std::vector<std::uint32_t> if_x_entry{1, 3, 6, 1, 2, 1, 31, 1, 1, 1};
    std::array<std::vector<std::uint32_t>, column_count> made;
    std::size_t next = 0;
    // RFC 2863: ifHCInOctets, ifHCOutOctets, unicast and broadcast packets of both directions.
    for (const std::uint32_t column : {6U, 10U, 7U, 11U, 9U, 13U}) {
      made[next] = if_x_entry;
      made[next++].push_back(column);
    }
    // ifInErrors, ifOutErrors, ifInDiscards, ifOutDiscards, ifOperStatus.
    for (const std::uint32_t column : {14U, 20U, 13U, 19U, 8U}) {
      made[next] = if_entry;
      made[next++].push_back(column);
    }
    return made;
  }();
  return all;
}

std::optional<Workload> parse_workload(int argc, char** argv, const char* about, bool has_v3) {
  Workload workload;
  std::string base;
  std::string gather;
  std::string timeout;
  po::options_description known("options");
  known.add_options()  //
      ("base", po::value(&base)->default_value("127.1.0.1"),
       "address of the first device, as octopoll-fleet has it")                                                      //
      ("port", po::value(&workload.port)->default_value(16100), "UDP port of all of them")                           //
      ("community", po::value(&workload.community)->default_value("public"), "of all of them")                       //
      ("devices", po::value(&workload.devices)->default_value(1000), "how many, at addresses that go up by one")     //
      ("interfaces", po::value(&workload.interfaces)->default_value(48), "of each; ifIndex 1 and up")                //
      ("rows", po::value(&workload.rows)->default_value(6), "interfaces to a request; with 6 answers stay in 1472")  //
      ("cycles", po::value(&workload.cycles)->default_value(1), "measured cycles over all devices")                  //
      ("warm-up", po::value(&workload.warm_up)->default_value(1), "cycles before them")                              //
      ("window", po::value(&workload.window)->default_value(0),
       "requests in flight over all devices; 0: what the receive buffer holds")  //
      ("rcvbuf", po::value(&workload.receive_buffer)->default_value(0),
       "receive buffer to ask for, in octets; 0: 8 MiB; 106496 is the stock one")                                     //
      ("gather", po::value(&gather)->default_value("0ms"), "pause before each read, so that it brings more answers")  //
      ("timeout", po::value(&timeout)->default_value("1s"), "after which a request is sent again")                    //
      ("help", "this text");
  if (has_v3) {
    known.add_options()("v3", po::value(&workload.security),
                        "SNMPv3 authPriv instead: USER:AUTH-PROTOCOL:PASSPHRASE:PRIV-PROTOCOL:PASSPHRASE");
  }
  try {
    po::variables_map given;
    po::store(po::parse_command_line(argc, argv, known), given);
    po::notify(given);
    if (given.contains("help")) {
      std::cout << about << "\n\n" << known;
      return std::nullopt;
    }
  } catch (const po::error& error) {
    refuse(error.what());
  }
  in_addr address{};
  if (::inet_pton(AF_INET, base.c_str(), &address) != 1) refuse("--base: not an IPv4 address: " + base);
  workload.base = ntohl(address.s_addr);
  workload.gather = parse_duration(gather);
  workload.timeout = parse_duration(timeout);
  for (const std::uint32_t number : {workload.devices, workload.interfaces, workload.rows, workload.cycles}) {
    if (number == 0) refuse("--devices, --interfaces, --rows and --cycles are at least 1");
  }
  if (workload.window > 0xffff) refuse("--window is at most 65535");
  return workload;
}

void RequestOrder::begin_cycle() {
  std::fill(asked_.begin(), asked_.end(), 0);
  released_.clear();
  begun_ = 0;
}

std::optional<RequestOrder::Next> RequestOrder::next() {
  for (;;) {
    std::uint32_t device = 0;
    if (!released_.empty()) {
      device = released_.back();
      released_.pop_back();
    } else if (begun_ < workload_.devices * most_outstanding) {
      device = begun_++ / most_outstanding;
    } else {
      return std::nullopt;
    }
    if (asked_[device] < workload_.requests_a_cycle()) return Next{device, asked_[device]++};
  }
}

Usage Usage::now() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return {as_duration(used.ru_utime), as_duration(used.ru_stime), std::chrono::steady_clock::now()};
}

int granted_receive_buffer(int fd) {
  int granted = 0;
  socklen_t size = sizeof granted;
  ::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &size);
  return granted;
}

std::uint32_t answers_held(int granted) noexcept {
  // A datagram of up to 1472 octets over loopback is charged 2,304 (its 2 KiB of data and its sk_buff); what comes from
  // a network card may be charged a whole page.
  constexpr int charged = 4096;
  return static_cast<std::uint32_t>(std::clamp(granted / charged, 1, static_cast<int>(most_in_flight)));
}

void print_result(const std::string& client, const Workload& workload, const Tally& tally, const Usage& warm,
                  const Usage& end, nlohmann::ordered_json more) {
  const double user = seconds(end.user - warm.user);
  const double system = seconds(end.system - warm.system);
  const auto polls = static_cast<double>(tally.interface_polls);
  nlohmann::ordered_json line{
      {"client", client},
      {"devices", workload.devices},
      {"interfaces", workload.interfaces},
      {"rows", workload.rows},
      {"cycles", workload.cycles},
      {"cpu_seconds", user + system},
      {"user_seconds", user},
      {"system_seconds", system},
      {"warm_up_cpu_seconds", seconds(warm.user + warm.system)},
      {"wall", seconds(end.at - warm.at)},
      {"interface_polls", tally.interface_polls},
      {"cpu_seconds_per_million", polls > 0 ? (user + system) / polls * 1e6 : 0},
      {"pdus", tally.pdus},
      {"pdus_per_device_and_cycle", static_cast<double>(tally.pdus) / workload.devices / workload.cycles},
      {"answers", tally.answers},
      {"lost", tally.lost},
      {"failed", tally.failed},
      {"wrong", tally.wrong},
      {"max_rss_kb", most_memory()}};
  if (tally.largest_answer > 0) line["largest_answer"] = tally.largest_answer;
  if (tally.reads > 0) line["answers_a_read"] = static_cast<double>(tally.answers) / static_cast<double>(tally.reads);
  line.update(more);
  std::cout << line.dump() << std::endl;
}

}  // namespace bench
