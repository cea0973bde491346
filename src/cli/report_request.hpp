#pragma once
// What all reports are asked: which store, which span of time, how printed and where to.

#include <boost/program_options.hpp>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/command.hpp"
#include "octopoll/config/inventory.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/report/table.hpp"
#include "octopoll/report/time_window.hpp"
#include "octopoll/store/reader.hpp"

namespace octopoll::cli {

/// Reports with a file of their own. The words of argv begin with "report latency", one word, as errors name it.
int run_report_availability(int argc, char** argv);
int run_report_latency(int argc, char** argv);
/// The exit code where argv[1] names one of these, else nullopt.
[[nodiscard]] std::optional<int> run_named_report(int argc, char** argv);

struct ReportRequest {
  report::TimeWindow window;
  std::optional<std::size_t> top;
  report::Format format = report::Format::table;
  std::filesystem::path store;
  std::optional<std::filesystem::path> output;
  std::optional<config::Inventory> inventory;  ///< of --config, where a report takes it

  /// Of a terminal that the report goes to.
  [[nodiscard]] report::TextStyle style() const;
};

/// --db, --since, --until, --top, --format, --output. Errors: usage.
void add_report_options(boost::program_options::options_description& options);
[[nodiscard]] Result<ReportRequest> report_request_from(const boost::program_options::variables_map& arguments);

/// A moment as --since and --until take it. Errors: usage, naming the option.
[[nodiscard]] Result<WallTime> moment_from(const char* option, const std::string& text, WallTime now);
/// --top. Errors: usage.
[[nodiscard]] Result<std::optional<std::size_t>> top_from(const boost::program_options::variables_map& arguments);
/// Which store is read, to stderr.
void tell_store(const ReportRequest& request);
/// Says which store it is, and prints: what all reports do once their command line is read. Returns the exit code.
template <class Request>
[[nodiscard]] int print_report(const Result<Request>& request, Result<> (*print)(const Request&)) {
  const auto code_of = [](const Error& error) {
    print_error("report", error);
    return exit_code(exit_code_for(error));
  };
  if (!request) return code_of(request.error());
  tell_store(*request);
  const Result<> printed = print(*request);
  return printed ? exit_code(ExitCode::done) : code_of(printed.error());
}
/// How one report is printed.
struct Printers {
  std::function<report::Table(std::size_t width)> for_people;
  std::function<report::Table()> for_machines;
  std::function<nlohmann::ordered_json()> json;
};
/// Prints it as was asked, with what the reader met that is damaged: that ends no report, but is said, and is an error
/// then. Errors: io, store.
[[nodiscard]] Result<> print_whole(const ReportRequest& request, const store::Reader& reader, const Printers& printers);
/// Refuses an output that would overwrite the store or what SQLite and octopoll keep beside it. Errors: usage.
[[nodiscard]] Result<> spare_store(const std::filesystem::path& output, const std::filesystem::path& store);
/// To stdout, or to the file. Errors: io.
[[nodiscard]] Result<> write_out(const std::string& text, const std::optional<std::filesystem::path>& output);

}  // namespace octopoll::cli
