#pragma once
// What every subcommand is made of: its help, its options, its exit code.

#include <boost/program_options.hpp>
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "octopoll/core/result.hpp"
#include "octopoll/report/table.hpp"

namespace octopoll::cli {

/// The codes of every subcommand but `ping` (which has fping's), printed in each --help.
enum class ExitCode : int { done = 0, some_failed = 1, usage = 2, internal = 3 };

/// What --help teaches beside the options.
struct CommandHelp {
  std::string usage;                                          ///< "octopoll check -c FILE [options]"
  std::string summary;                                        ///< what it does, one or two sentences
  std::vector<std::pair<std::string, std::string>> examples;  ///< command, what it is for
  std::string exit_codes = "0 done, 1 some devices failed, 2 bad usage or configuration, 3 internal error";
};

/// A subcommand. `run` gets argv from its own name on and returns the exit code of the process.
struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(int argc, char** argv);
  int internal_error = 3;  ///< what it returns after an exception, which is a bug
};
[[nodiscard]] std::span<const Command> commands();

/// What main() does: picks the subcommand, or answers --help and --version. Returns the process's exit code.
[[nodiscard]] int dispatch(int argc, char** argv);

// One file a subcommand.
int run_check(int argc, char** argv);
int run_db(int argc, char** argv);
int run_doctor(int argc, char** argv);
int run_local(int argc, char** argv);
int run_ping(int argc, char** argv);
int run_record(int argc, char** argv);
int run_report(int argc, char** argv);
int run_run(int argc, char** argv);
int run_walk(int argc, char** argv);

/// Parses argv against `options` and `hidden` (not in the help: what stands behind `positional`). `--help` is added and
/// answered on stdout. Returns the variables, or the exit code to leave with: bad usage is told on stderr with the way
/// to --help.
[[nodiscard]] tl::expected<boost::program_options::variables_map, ExitCode> parse_arguments(
    int argc, char** argv, const CommandHelp& help, boost::program_options::options_description options,
    const boost::program_options::positional_options_description& positional = {},
    const boost::program_options::options_description& hidden = {});

/// "octopoll check: message" and the remedy on a line of its own, on stderr.
void print_error(std::string_view command, const Error& error);
[[nodiscard]] int exit_code(ExitCode code) noexcept;
/// usage and config errors are 2, ours is 3, all others 1.
[[nodiscard]] ExitCode exit_code_for(const Error& error) noexcept;

/// The duration that stands behind --NAME. Errors: usage, where it is none, or shorter than `least`.
[[nodiscard]] Result<std::chrono::nanoseconds> duration_option(const boost::program_options::variables_map& variables,
                                                               const char* name, std::chrono::nanoseconds least);
/// `--format table|csv|json`. Errors: usage.
[[nodiscard]] Result<report::Format> parse_format(const std::string& word);
/// Prints a table to stdout in the format asked for.
void print_table(const report::Table& table, report::Format format);

}  // namespace octopoll::cli
