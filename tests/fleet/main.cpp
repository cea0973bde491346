// octopoll-fleet: the test agent as a program.

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <boost/program_options.hpp>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <string>
#include <system_error>

#include "fleet/fleet.hpp"

namespace po = boost::program_options;

namespace {

constexpr int exit_usage = 2;
constexpr int exit_failed = 1;

po::options_description options();
void print_help(const po::options_description& known);
void load(fleet::Fleet& agents, const po::variables_map& given);
octopoll::Fd catch_signals();
void serve_until_told(fleet::Fleet& agents, const octopoll::Fd& signals, bool read_stdin);
bool run_lines(fleet::Fleet& agents, std::string& unfinished);
void say(const fleet::Json& line);

}  // namespace

int main(int argc, char** argv) {
  try {
    const po::options_description known = options();
    po::variables_map given;
    po::store(po::parse_command_line(argc, argv, known), given);
    po::notify(given);
    if (given.contains("help")) {
      print_help(known);
      return 0;
    }
    // Before any thread starts, so that all of them leave the signals to this one.
    const octopoll::Fd signals = catch_signals();
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);

    fleet::FleetOptions settings;
    settings.listen = {given["port"].as<std::uint16_t>(), given["listen"].as<std::string>()};
    settings.seed = given["seed"].as<std::uint64_t>();
    fleet::Fleet agents(std::move(settings));
    load(agents, given);
    agents.start();
    const auto devices = agents.command({{"devices", true}})["devices"].size();
    say({{"ready", true},
         {"port", agents.port()},
         {"ipv6", agents.has_ipv6()},
         {"devices", devices},
         {"pid", ::getpid()}});
    serve_until_told(agents, signals, !given.contains("no-stdin"));
    return 0;
  } catch (const po::error& error) {
    fmt::print(stderr, "octopoll-fleet: {}; see octopoll-fleet --help\n", error.what());
    return exit_usage;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "octopoll-fleet: {}; see octopoll-fleet --help\n", error.what());
    return exit_usage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "octopoll-fleet: {}\n", error.what());
    return exit_failed;
  }
}

namespace {

po::options_description options() {
  po::options_description known("options");
  known.add_options()                                                                                            //
      ("recordings", po::value<std::string>(), "play each *.snmprec of this folder; the community is its name")  //
      ("devices", po::value<std::size_t>(), "so many synthetic devices")                                         //
      ("interfaces", po::value<std::size_t>()->default_value(48), "with so many interfaces each")                //
      ("base", po::value<std::string>()->default_value("127.1.0.1"), "at addresses from this one on")            //
      ("community", po::value<std::string>()->default_value("public"), "of the synthetic devices")               //
      ("v3", po::value<std::string>(), "they speak SNMPv3 too: USER[:AUTH:PASSPHRASE[:PRIV:PASSPHRASE]]")        //
      ("scenario", po::value<std::string>(), "devices described in this JSON file")                              //
      ("port", po::value<std::uint16_t>()->default_value(0), "UDP port; 0: a free one")                          //
      ("listen", po::value<std::string>()->default_value(""), "listen at this address instead of loopback's")    //
      ("seed", po::value<std::uint64_t>()->default_value(1), "of what faults leave to chance")                   //
      ("no-stdin", "read no commands; the end of the input does not end it")                                     //
      ("help", "this text");
  return known;
}

void print_help(const po::options_description& known) {
  std::cout
      << "Plays many SNMP v1/v2c/v3 agents for tests, some of them faulty.\n\n"
         "  octopoll-fleet --recordings tests/data/recordings\n"
         "  octopoll-fleet --devices 1000 --interfaces 48 --base 127.1.0.1\n"
         "  octopoll-fleet --scenario devices.json --port 16100\n\n"
         "Prints one line of JSON with the port when it is ready. Commands are JSON objects on stdin, one a line,\n"
         "each answered by one line: see tests/fleet/control.hpp. Ends at the end of its input, on SIGTERM, or\n"
         "with its parent. Exit codes: 0 done, 1 failed, 2 bad usage.\n\n"
      << known << "\nfaults, for {\"device\": \"NAME\", \"set\": {\"FAULT\": VALUE}}; VALUE false switches it off:\n";
  for (const auto& fault : fleet::fault_help()) {
    std::cout << fmt::format("  {:<25} {:<34} {}\n", fault.name, fault.takes, fault.does);
  }
}

void load(fleet::Fleet& agents, const po::variables_map& given) {
  if (given.contains("recordings")) agents.add(fleet::load_recordings(given["recordings"].as<std::string>()));
  if (given.contains("devices")) {
    const auto base = fleet::Address::parse(given["base"].as<std::string>());
    if (!base) throw std::invalid_argument("--base: not an address: " + given["base"].as<std::string>());
    auto devices = fleet::make_devices(given["devices"].as<std::size_t>(), given["interfaces"].as<std::size_t>(), *base,
                                       given["community"].as<std::string>());
    if (given.contains("v3")) {
      const auto user = fleet::parse_user(given["v3"].as<std::string>());
      for (auto& device : devices) device.users.push_back(user);
    }
    agents.add(std::move(devices));
  }
  if (given.contains("scenario")) agents.add(fleet::load_scenario(given["scenario"].as<std::string>()));
  if (!given.contains("recordings") && !given.contains("devices") && !given.contains("scenario")) {
    throw std::invalid_argument("nothing to play: give --recordings, --devices or --scenario");
  }
}

octopoll::Fd catch_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, number);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  octopoll::Fd signals(::signalfd(-1, &set, SFD_CLOEXEC));
  if (!signals) throw std::system_error(errno, std::generic_category(), "signalfd");
  return signals;
}

void serve_until_told(fleet::Fleet& agents, const octopoll::Fd& signals, bool read_stdin) {
  std::string unfinished;
  for (;;) {
    std::array<pollfd, 2> waiting{{{signals.get(), POLLIN, 0}, {read_stdin ? STDIN_FILENO : -1, POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
    if (waiting[0].revents != 0) return;
    if (waiting[1].revents != 0 && !run_lines(agents, unfinished)) return;
  }
}

/// Runs the commands that have come in whole; false at the end of the input.
bool run_lines(fleet::Fleet& agents, std::string& unfinished) {
  std::array<char, 65'536> buffer{};
  const ssize_t n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (n == 0) return false;
  unfinished.append(buffer.data(), static_cast<std::size_t>(n));
  std::size_t start = 0;
  for (std::size_t end = 0; (end = unfinished.find('\n', start)) != std::string::npos; start = end + 1) {
    const std::string line = unfinished.substr(start, end - start);
    const fleet::Json command = fleet::Json::parse(line, nullptr, false);
    if (command.is_discarded()) {
      say({{"error", "not JSON: " + line}});
    } else {
      say(agents.command(command));
    }
  }
  unfinished.erase(0, start);
  return true;
}

void say(const fleet::Json& line) {
  std::cout << line.dump(-1, ' ', false, fleet::Json::error_handler_t::replace) << std::endl;
}

}  // namespace
