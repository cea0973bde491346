#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "cli/command.hpp"
#include "cli/cycle_table.hpp"
#include "cli/polling_house.hpp"
#include "cli/problems.hpp"
#include "cli/reloader.hpp"
#include "cli/signals.hpp"
#include "octopoll/config/inventory.hpp"
#include "octopoll/core/log.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;
using namespace std::chrono_literals;

const CommandHelp help{
    "octopoll run -c FILE [options]",
    "Polls the inventory day and night, until SIGINT or SIGTERM. Each device has its turn once an interval.\n"
    "SIGHUP reads the file again and keeps the old one if the new is wrong. SIGUSR1 says on stderr what was done so "
    "far:\n"
    "cycles, PDUs, timeouts, the devices that are silent and those that cost most, how late the loop is.\n"
    "With --once each device is polled twice and the rates shown.",
    {{"octopoll run -c inventory.yaml --once", "does it work? two polls of every device, then the table"},
     {"octopoll run -c /etc/octopoll/octopoll.yaml", "the daemon; the store is named on stderr"},
     {"octopoll run -c inventory.yaml --once --gap 5s --format json", "for a script"},
     {"systemctl kill -s USR1 octopoll", "figures of the daemon, in its journal"}},
    "0 done, 1 some devices failed (--once), 2 bad usage or configuration, also a store that cannot be used,\n"
    "3 internal error, also records that could not be stored before the end",
};

struct Arguments {
  std::filesystem::path file;
  std::optional<std::filesystem::path> db;
  bool once = false;
  bool verbose = false;
  std::chrono::nanoseconds gap{};
  std::optional<std::chrono::nanoseconds> duration;
  report::Format format = report::Format::table;
};

Result<Arguments> read(const po::variables_map& variables) {
  Arguments arguments;
  if (variables.count("config") == 0) return fail(ErrorKind::usage, "no inventory given", "octopoll run -c FILE");
  arguments.file = variables["config"].as<std::string>();
  if (variables.count("db") != 0) arguments.db = variables["db"].as<std::string>();
  arguments.once = variables["once"].as<bool>();
  arguments.verbose = variables["verbose"].as<bool>();
  for (const char* option : {"gap", "format"}) {
    if (arguments.once || variables[option].defaulted()) continue;
    return fail(ErrorKind::usage, fmt::format("--{} belongs to --once", option),
                "without it octopoll run polls until it is stopped, and prints no table");
  }
  const auto gap = duration_option(variables, "gap", 1ns);
  if (!gap) return tl::make_unexpected(gap.error());
  arguments.gap = *gap;
  if (variables.count("duration") != 0) {
    const auto duration = duration_option(variables, "duration", 1ns);
    if (!duration) return tl::make_unexpected(duration.error());
    arguments.duration = *duration;
  }
  const auto format = parse_format(variables["format"].as<std::string>());
  if (!format) return tl::make_unexpected(format.error());
  arguments.format = *format;
  return arguments;
}

/// Says on a terminal how far `--once` has come; silent in a pipe.
class Progress {
 public:
  Progress(PollingHouse& house, std::size_t cycles) : house_(house), cycles_(cycles) {
    if (isatty(STDERR_FILENO) != 0) show();
  }
  ~Progress() {
    house_.loop().cancel(timer_);
    if (shown_) std::cerr << "\r\033[K" << std::flush;
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void show() {
    const auto& statistics = house_.poller().statistics();
    std::cerr << fmt::format("\r\033[Kpolling: {} of {} cycles, {} devices under way, {} failed", statistics.cycles,
                             cycles_, house_.poller().busy(), statistics.failed)
              << std::flush;
    shown_ = true;
    timer_ = house_.loop().after(200ms, [this] { show(); });
  }
  PollingHouse& house_;
  std::size_t cycles_;
  EventLoop::TimerId timer_ = 0;
  bool shown_ = false;
};

void show_result(const LatestRecords& latest, const std::vector<std::string>& devices, report::Format format) {
  if (format == report::Format::json) {
    std::cout << latest_json(latest, devices).dump(1) << "\n";
    return;
  }
  print_table(interface_rates_table(latest, devices), format);
  if (format == report::Format::table && !latest.pings().empty()) {
    std::cout << "\n";
    print_table(latency_table(latest), format);
  }
}

int run_once(PollingHouse& house, const Arguments& arguments, const std::vector<std::string>& devices) {
  LatestRecords& latest = house.latest();
  {
    const Progress progress(house, devices.size() * 2);
    house.poller().run_once(arguments.gap, [&house] { house.stop(); });
    house.run();
  }
  show_result(latest, devices, arguments.format);
  const std::size_t missing = house.poller().not_polled_twice();
  bool all_good = missing == 0;
  for (const std::string& device : devices) {
    const auto found = latest.cycles().find(device);
    if (found == latest.cycles().end()) continue;
    const auto& cycle = std::get<DeviceCycle>(*found->second);
    if (cycle.outcome == CycleOutcome::complete) continue;
    all_good = false;
    const bool cut_short = missing > 0 && cycle.error && cycle.error->kind == ErrorKind::partial;
    if (cycle.error && !cut_short) print_error("run", *cycle.error);
  }
  if (missing > 0) {
    print_error("run", {ErrorKind::partial,
                        fmt::format("stopped before the end: {} of {} not polled twice", format_count(missing),
                                    format_counted(devices.size(), "device was", "devices were")),
                        {}});
  }
  return exit_code(all_good ? ExitCode::done : ExitCode::some_failed);
}

/// Whether both lead to one file, however they are spelled.
bool is_same(const std::optional<std::filesystem::path>& a, const std::optional<std::filesystem::path>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  std::error_code problem;
  const auto first = std::filesystem::weakly_canonical(*a, problem);
  const auto second = problem ? *b : std::filesystem::weakly_canonical(*b, problem);
  return problem ? *a == *b : first == second;
}

/// What came of a reload.
void take_over(PollingHouse& house, const std::filesystem::path& file,
               const std::optional<std::filesystem::path>& store, Reloader::Loaded&& next) {
  if (!next) {
    print_errors(next.error());
    return log::error("{} has errors, so the inventory that was read before stays", file.string());
  }
  print_warnings(next->warnings);
  log::info("{} was read again: {}, {}", file.string(), format_counted(next->devices.size(), "device"),
            format_counted(next->probes.size(), "probe"));
  if (!is_same(next->store, store)) log::warning("the store stays {} until a restart", house.store_path().string());
  house.keep(next->retention);
  house.poller().reload(std::move(*next));
}

}  // namespace

int run_run(int argc, char** argv) {
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("config,c", po::value<std::string>()->value_name("FILE"), "the inventory; `octopoll check -c FILE` explains it")
      ("db", po::value<std::string>()->value_name("FILE"), "the store, instead of the inventory's")
      ("once", po::bool_switch(), "poll each device twice, show the table, end")
      ("gap", po::value<std::string>()->default_value("10s")->value_name("T"), "with --once: between the two polls")
      ("format", po::value<std::string>()->default_value("table")->value_name("table|csv|json"), "with --once: how to print")
      ("duration", po::value<std::string>()->value_name("T"), "end by itself after this time")
      ("verbose,v", po::bool_switch(), "say what each cycle cost: PDUs, octets, interfaces, seconds");
  // clang-format on
  const auto variables = parse_arguments(argc, argv, help, options);
  if (!variables) return exit_code(variables.error());
  const auto arguments = read(*variables);
  if (!arguments) {
    print_error("run", arguments.error());
    return exit_code(exit_code_for(arguments.error()));
  }
  if (arguments->verbose) log::set_level(log::Level::debug);
  // From the start: a signal that comes while the file is read is not to end the daemon.
  Signals::block({SIGHUP, SIGUSR1});
  // Whoever reads its log may go; polling goes on. A table of --once is for a reader who is there.
  if (!arguments->once) ::signal(SIGPIPE, SIG_IGN);
  auto inventory = config::load_inventory(arguments->file);
  if (!inventory) {
    print_errors(inventory.error());
    return exit_code(ExitCode::usage);
  }
  print_warnings(inventory->warnings);

  std::vector<std::string> devices;
  for (const config::Device& device : inventory->devices) devices.push_back(device.name);
  const auto store = inventory->store;
  HouseOptions house_options;
  house_options.db = arguments->db;
  house_options.keep_latest = arguments->once;
  auto house = PollingHouse::open(std::move(*inventory), std::move(house_options));
  if (!house) {
    print_error("run", house.error());
    // Nothing was polled, so this is no device's failure.
    return exit_code(house.error().kind == ErrorKind::internal ? ExitCode::internal : ExitCode::usage);
  }
  Reloader reloader((*house)->loop(), [file = arguments->file] { return config::load_inventory(file); },
                    [&](Reloader::Loaded&& next) { take_over(**house, arguments->file, store, std::move(next)); });
  const auto signals = Signals::watch((*house)->loop(), {SIGINT, SIGTERM, SIGHUP, SIGUSR1}, [&](int number) {
    if (number == SIGUSR1) return (*house)->say_figures();
    if (number != SIGHUP) return (*house)->stop();
    if (arguments->once) return log::warning("SIGHUP: with --once the file is not read again");
    reloader.request();
  });
  if (!signals) {
    print_error("run", signals.error());
    return exit_code(ExitCode::internal);
  }
  if (arguments->duration) (*house)->loop().after(*arguments->duration, [&house] { (*house)->stop(); });
  if (arguments->once) {
    const int code = run_once(**house, *arguments, devices);
    return (*house)->close() ? code : exit_code(ExitCode::internal);
  }
  const std::string probes = (*house)->probes() == 0 ? "" : " and " + format_counted((*house)->probes(), "probe");
  log::info("polling {}{}; SIGTERM ends, SIGHUP reads {} again, SIGUSR1 tells figures",
            format_counted((*house)->poller().devices(), "device"), probes, arguments->file.string());
  (*house)->poller().run();
  (*house)->run();
  return exit_code((*house)->close() ? ExitCode::done : ExitCode::internal);
}

}  // namespace octopoll::cli
