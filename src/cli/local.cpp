#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.hpp"
#include "cli/polling_house.hpp"
#include "cli/signals.hpp"
#include "cli/snmp_options.hpp"
#include "octopoll/core/duration.hpp"
#include "octopoll/core/log.hpp"
#include "octopoll/local/agent.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;
using namespace std::chrono_literals;

const CommandHelp help{
    "octopoll local [options]",
    "Watches this machine through its own snmpd: the system's where it shows the interface tables, else a private one "
    "that\n"
    "lives only as long as this command. Ends with the table of interfaces and latency; Ctrl-C ends it earlier.",
    {{"octopoll local", "ten seconds of this machine"},
     {"octopoll local --interval 1s --duration 1m", "a minute, a line of the store for each second"},
     {"octopoll local --snmpd system -c file:/etc/snmp/community", "only the system's snmpd, with its community"}},
};

struct Arguments {
  local::AgentChoice choice = local::AgentChoice::automatic;
  std::chrono::nanoseconds interval{}, duration{};
  std::optional<std::filesystem::path> db;
  report::Format format = report::Format::table;
  SnmpArguments snmp;
};

Result<Arguments> read(const po::variables_map& variables) {
  Arguments arguments;
  const auto& snmpd = variables["snmpd"].as<std::string>();
  if (snmpd == "system") {
    arguments.choice = local::AgentChoice::system;
  } else if (snmpd == "private") {
    arguments.choice = local::AgentChoice::private_one;
  } else if (snmpd != "auto") {
    return fail(ErrorKind::usage, fmt::format("--snmpd does not take \"{}\"", snmpd),
                "--snmpd takes auto, system or private");
  }
  const auto interval = duration_option(variables, "interval", 100ms);
  if (!interval) return tl::make_unexpected(interval.error());
  const auto duration = duration_option(variables, "duration", 1s);
  if (!duration) return tl::make_unexpected(duration.error());
  if (*duration < *interval)
    return fail(ErrorKind::usage, "--duration is shorter than --interval: there would be no second poll and no rate",
                fmt::format("--duration {}", format_duration(*interval * 3)));
  arguments.interval = *interval;
  arguments.duration = *duration;
  if (variables.count("db") != 0) arguments.db = variables["db"].as<std::string>();
  const auto format = parse_format(variables["format"].as<std::string>());
  if (!format) return tl::make_unexpected(format.error());
  arguments.format = *format;
  auto snmp = snmp_arguments(variables);
  if (!snmp) return tl::make_unexpected(snmp.error());
  arguments.snmp = std::move(*snmp);
  return arguments;
}

/// The system's snmpd reloads its counters every 3 s; closer polls would only wait for it.
constexpr auto least_interval_of_system = 4s;

/// An inventory of this machine alone.
config::Inventory inventory_of(const local::Agent& agent, const Arguments& arguments) {
  config::Device device;
  device.name = local::machine_name();
  device.address = agent.target;
  device.auth = agent.credentials;
  device.interval = agent.owned ? arguments.interval
                                : std::max<std::chrono::nanoseconds>(arguments.interval, least_interval_of_system);
  device.timeout = arguments.snmp.timeout;
  device.retries = arguments.snmp.retries;
  device.interfaces = std::make_shared<config::InterfaceRules>();
  // The rounds are as long as the polls' interval, but a table after ten seconds wants more than one probe in it.
  device.echo.own().count = 10;
  config::Inventory inventory;
  inventory.devices.push_back(std::move(device));
  return inventory;
}

int show(PollingHouse& house, const Arguments& arguments, const std::string& device) {
  const LatestRecords& latest = house.latest();
  if (arguments.format == report::Format::json) {
    std::cout << latest_json(latest, {device}).dump(1) << "\n";
  } else {
    print_table(interface_rates_table(latest, {device}), arguments.format);
    if (arguments.format == report::Format::table && !latest.pings().empty()) {
      std::cout << "\n";
      print_table(latency_table(latest), arguments.format);
    }
  }
  const auto found = latest.cycles().find(device);
  if (found == latest.cycles().end()) return exit_code(ExitCode::some_failed);
  const auto& cycle = std::get<DeviceCycle>(*found->second);
  if (cycle.outcome == CycleOutcome::failed && cycle.error) print_error("local", *cycle.error);
  return exit_code(cycle.outcome == CycleOutcome::failed ? ExitCode::some_failed : ExitCode::done);
}

}  // namespace

int run_local(int argc, char** argv) {
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("snmpd", po::value<std::string>()->default_value("auto")->value_name("auto|system|private"), "which agent to ask")
      ("interval", po::value<std::string>()->default_value("2s")->value_name("T"), "between two polls")
      ("duration", po::value<std::string>()->default_value("10s")->value_name("T"), "how long to watch")
      ("db", po::value<std::string>()->value_name("FILE"), "the store")
      ("format", po::value<std::string>()->default_value("table")->value_name("table|csv|json"), "how to print at the end");
  // clang-format on
  options.add(snmp_options());
  const auto variables = parse_arguments(argc, argv, help, options);
  blank_secrets(argc, argv);
  if (!variables) return exit_code(variables.error());
  const auto arguments = read(*variables);
  if (!arguments) {
    print_error("local", arguments.error());
    return exit_code(exit_code_for(arguments.error()));
  }
  auto agent = local::find_agent(arguments->choice, arguments->snmp.credentials);
  if (!agent) {
    print_error("local", agent.error());
    return exit_code(exit_code_for(agent.error()));
  }
  for (const std::string& line : agent->notes) log::info("{}", line);

  HouseOptions house_options;
  house_options.db = arguments->db;
  house_options.keep_latest = true;
  house_options.poller.date_snapshots = true;
  if (!agent->owned) house_options.poller.patience = least_interval_of_system;
  auto inventory = inventory_of(*agent, *arguments);
  const std::string device = inventory.devices.front().name;
  auto house = PollingHouse::open(std::move(inventory), std::move(house_options));
  if (!house) {
    print_error("local", house.error());
    return exit_code(exit_code_for(house.error()));
  }
  const auto signals = Signals::watch((*house)->loop(), {SIGINT, SIGTERM, SIGHUP, SIGUSR1}, [&house](int number) {
    if (number == SIGUSR1) return (*house)->say_figures();
    (*house)->stop();
  });
  if (!signals) {
    print_error("local", signals.error());
    return exit_code(ExitCode::internal);
  }
  (*house)->loop().after(arguments->duration, [&house] { (*house)->stop(); });
  (*house)->poller().run();
  (*house)->run();
  const int code = show(**house, *arguments, device);
  const bool kept = (*house)->close();
  if (arguments->format == report::Format::table) {
    const std::string path = (*house)->store_path().string();
    std::cout << fmt::format("\nThe data is in {}; next: octopoll report utilization --since 1h{}\n", path,
                             arguments->db ? " --db " + path : "");
  }
  return kept ? code : exit_code(ExitCode::some_failed);
}

}  // namespace octopoll::cli
