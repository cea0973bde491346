#include "cli/command.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/version.hpp>
#include <clocale>
#include <iostream>
#include <nlohmann/json.hpp>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/core/version.hpp"
#include "octopoll/snmp/engine.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;

constexpr auto table = std::to_array<Command>({
    {"run", "poll the inventory day and night, or once with --once", run_run},
    {"walk", "ask one device, and show its interfaces or any OID", run_walk},
    {"report", "utilization, errors, totals, latency or availability from the store", run_report},
    {"local", "watch this machine through its own snmpd", run_local},
    {"ping", "probe targets by ICMP echo", run_ping, 4},  // fping's code for what it could not do
    {"doctor", "examine an agent: what it can, what it does wrong, what the inventory needs", run_doctor},
    {"record", "write an agent's objects to a file that can be played again", run_record},
    {"db", "care for the store: info, check, backup, export, prune, vacuum", run_db},
    {"check", "validate an inventory and show what would be polled", run_check},
});

void print_overview(std::ostream& out) {
  out << "octopoll polls network devices by SNMP: true interface rates, ICMP latency, reports.\n\n"
         "Start with\n"
         "  octopoll local                  this machine's interfaces, in a few seconds\n"
         "  octopoll walk 192.0.2.1         one device (SNMP v2c, community public)\n\n"
         "Commands\n";
  for (const Command& command : table) out << fmt::format("  {:<8} {}\n", command.name, command.summary);
  out << "\n`octopoll COMMAND --help` teaches by examples; `octopoll --version` names the libraries.\n"
         "Exit codes: 0 done, 1 some devices failed, 2 bad usage or configuration, 3 internal error.\n";
}

int unknown_command(std::string_view word) {
  std::array<std::string_view, table.size()> names{};
  std::transform(table.begin(), table.end(), names.begin(), [](const Command& command) { return command.name; });
  std::cerr << fmt::format("octopoll: unknown command \"{}\"\n", agent_text(word));
  if (const auto near = nearest(word, names)) std::cerr << fmt::format("  did you mean \"{}\"?\n", *near);
  std::cerr << "  `octopoll --help` lists the commands\n";
  return exit_code(ExitCode::usage);
}

void print_help(const CommandHelp& help, const po::options_description& options) {
  std::cout << "Usage: " << help.usage << "\n\n" << help.summary << "\n";
  if (!help.examples.empty()) {
    std::cout << "\nExamples\n";
    for (const auto& [command, purpose] : help.examples) std::cout << fmt::format("  {}\n      {}\n", command, purpose);
  }
  std::cout << "\n" << options << "\n";
  if (!help.exit_codes.empty()) std::cout << "Exit codes: " << help.exit_codes << "\n";
}

}  // namespace

std::span<const Command> commands() { return table; }

int dispatch(int argc, char** argv) {
  // So that wcwidth(3) knows the width of names that are not ASCII, whatever the locale of the caller; the rest of the
  // locale stays "C", as numbers are for scripts.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  if (argc < 2) {
    print_overview(std::cerr);
    return exit_code(ExitCode::usage);
  }
  const std::string_view word = argv[1];
  if (word == "--help" || word == "-h" || word == "help") {
    print_overview(std::cout);
    return exit_code(ExitCode::done);
  }
  if (word == "--version" || word == "-V") {
    std::cout << fmt::format("octopoll {}\nNet-SNMP {}, SQLite {}, Boost {}.{}.{}\n", version, snmp::library_version(),
                             sqlite3_libversion(), BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1'000,
                             BOOST_VERSION % 100);
    return exit_code(ExitCode::done);
  }
  for (const Command& command : table) {
    if (command.name != word) continue;
    try {
      const int code = command.run(argc - 1, argv + 1);
      std::cout.flush();
      if (std::cout) return code;
      std::cerr << fmt::format("octopoll {}: stdout did not take all of the output\n", word);
      return code != 0 ? code : exit_code(ExitCode::some_failed);
    } catch (const std::exception& bug) {
      std::cerr << fmt::format("octopoll {}: internal error: {}\n", word, bug.what());
      return command.internal_error;
    }
  }
  return unknown_command(word);
}

tl::expected<po::variables_map, ExitCode> parse_arguments(int argc, char** argv, const CommandHelp& help,
                                                          po::options_description options,
                                                          const po::positional_options_description& positional,
                                                          const po::options_description& hidden) {
  options.add_options()("help,h", "show this help");
  po::options_description all;
  all.add(options).add(hidden);
  po::variables_map variables;
  try {
    using namespace po::command_line_style;
    // No guessing of shortened long options: an option added later must not change what a script means.
    const auto style = static_cast<po::command_line_style::style_t>(unix_style & ~allow_guessing);
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).style(style).run(), variables);
    if (variables.count("help") != 0) {
      print_help(help, options);
      return tl::make_unexpected(ExitCode::done);
    }
    po::notify(variables);
  } catch (const po::unknown_option& unknown) {
    // Without its value: it may be a secret behind a mistyped --community.
    const std::string option = unknown.get_option_name();
    std::cerr << fmt::format("octopoll {}: unrecognised option '{}'\n  `octopoll {} --help` shows what it takes\n",
                             argv[0], option.substr(0, option.find('=')), argv[0]);
    return tl::make_unexpected(ExitCode::usage);
  } catch (const po::too_many_positional_options_error&) {
    std::cerr << fmt::format(
        "octopoll {}: there is a word too many that belongs to no option\n  {}; `octopoll {} --help` shows more\n",
        argv[0], help.usage, argv[0]);
    return tl::make_unexpected(ExitCode::usage);
  } catch (const po::error& error) {
    std::cerr << fmt::format("octopoll {}: {}\n  `octopoll {} --help` shows what it takes\n", argv[0], error.what(),
                             argv[0]);
    return tl::make_unexpected(ExitCode::usage);
  }
  return variables;
}

void print_error(std::string_view command, const Error& error) {
  std::cerr << fmt::format("octopoll {}: {}\n", command, error.message);
  if (!error.remedy.empty()) std::cerr << "  " << error.remedy << "\n";
}

int exit_code(ExitCode code) noexcept { return static_cast<int>(code); }

ExitCode exit_code_for(const Error& error) noexcept {
  switch (error.kind) {
    case ErrorKind::usage:
    case ErrorKind::config:
      return ExitCode::usage;
    case ErrorKind::internal:
      return ExitCode::internal;
    default:
      return ExitCode::some_failed;
  }
}

Result<std::chrono::nanoseconds> duration_option(const po::variables_map& variables, const char* name,
                                                 std::chrono::nanoseconds least) {
  const auto duration = parse_duration(variables[name].as<std::string>());
  if (!duration)
    return fail(ErrorKind::usage, fmt::format("--{}: {}", name, duration.error().message), duration.error().remedy);
  if (*duration < least) {
    return fail(ErrorKind::usage, fmt::format("--{} {} is too short", name, format_duration(*duration)),
                least == std::chrono::nanoseconds(1) ? "give more than nothing, for example 5m"
                                                     : fmt::format("give at least {}", format_duration(least)));
  }
  return duration;
}

Result<report::Format> parse_format(const std::string& word) {
  if (word == "table") return report::Format::table;
  if (word == "csv") return report::Format::csv;
  if (word == "json") return report::Format::json;
  return fail(ErrorKind::usage, fmt::format("unknown format \"{}\"", word), "--format takes table, csv or json");
}

void print_table(const report::Table& table_to_print, report::Format format) {
  switch (format) {
    case report::Format::table:
      std::cout << report::to_text(table_to_print, report::style_of(STDOUT_FILENO));
      break;
    case report::Format::csv:
      std::cout << report::to_csv(table_to_print);
      break;
    case report::Format::json:
      std::cout << report::to_json(table_to_print).dump(1) << "\n";
      break;
  }
}

}  // namespace octopoll::cli
