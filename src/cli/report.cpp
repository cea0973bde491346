#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/command.hpp"
#include "cli/report_request.hpp"
#include "octopoll/core/clock.hpp"
#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/report/table.hpp"
#include "octopoll/report/time_window.hpp"
#include "octopoll/report/utilization.hpp"
#include "octopoll/store/path.hpp"
#include "octopoll/store/reader.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;

const CommandHelp help{
    "octopoll report utilization|latency|availability [options]",
    "Reads the store that `octopoll run` fills, also while it runs. `utilization` shows per interface average, "
    "maximum\n"
    "and 95th percentile of in and out, with the share of the time that true deltas cover.",
    {{"octopoll report utilization", "the last 24 hours, the fullest link first"},
     {"octopoll report latency --help", "loss, round trips, jitter and the worst hours of what is pinged"},
     {"octopoll report availability --help", "how long each device was up, down, or reachable in part"},
     {"octopoll report utilization --since 30d --top 10 --sort p95", "the ten busiest of the last 30 days"},
     {"octopoll report utilization --since 2026-01-01Z --until 2026-02-01Z --format csv -o january.csv",
      "a calendar month in UTC, for billing"},
     {"octopoll report utilization --device '^core' --interface 'uplink|Gi0/1$'", "some of the links"}},
    "0 done (also with nothing to show), 1 the store cannot be read, 2 bad usage, 3 internal error"};

/// What the command line asks for.
struct Request {
  report::UtilizationQuery query;
  report::Format format = report::Format::table;
  std::filesystem::path store;
  std::optional<std::filesystem::path> output;
};

po::options_description options_of_report();
Result<Request> request_from(const po::variables_map& arguments);
Result<> print_utilization(const Request& request);

}  // namespace

int run_report(int argc, char** argv) {
  if (const auto code = run_named_report(argc, argv)) return *code;
  po::positional_options_description positional;
  positional.add("report", 1);
  po::options_description hidden;
  hidden.add_options()("report", po::value<std::string>(), "");
  const auto arguments = parse_arguments(argc, argv, help, options_of_report(), positional, hidden);
  if (!arguments) return exit_code(arguments.error());
  const auto request = request_from(*arguments);
  if (!request) {
    print_error("report", request.error());
    return exit_code(exit_code_for(request.error()));
  }
  std::cerr << fmt::format("octopoll report: store {}\n", agent_text(request->store.string()));
  if (auto printed = print_utilization(*request); !printed) {
    print_error("report", printed.error());
    return exit_code(exit_code_for(printed.error()));
  }
  return exit_code(ExitCode::done);
}

namespace {

constexpr std::array<std::string_view, 3> reports{"utilization", "latency", "availability"};

po::options_description options_of_report() {
  po::options_description options("Options");
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  const std::string sort_help = "one of " + report::utilization_orders() + "; the largest first, of valid the smallest";
  options.add_options()                                                                              //
      ("db", text("FILE"), "the store (default: $OCTOPOLL_DB, else where `octopoll run` keeps it)")  //
      ("since", text("TIME")->default_value("24h"),
       "begin: 1h, 30d back from now, or 2026-01-31, 2026-01-31T12:00 local"
       " time, with Z at the end UTC")                                                                              //
      ("until", text("TIME"), "end, not included (default: now)")                                                   //
      ("device", text("RE")->default_value(""), "only devices whose name has this regular expression (RE2) in it")  //
      ("interface", text("RE")->default_value(""), "only interfaces whose name or alias has it in it")              //
      ("top", text("N"), "only the first N")                                                                        //
      ("sort", text("KEY")->default_value("utilization"), sort_help.c_str())                                        //
      ("step", text("TIME")->default_value("5m"), "length of the averages of which the 95th percentile is taken")   //
      ("format", text("FORMAT")->default_value("table"), "table, csv or json")                                      //
      ("output,o", text("FILE"), "write there, not to stdout");
  return options;
}

Result<> check_name(const po::variables_map& arguments);
Result<std::chrono::seconds> step_from(const std::string& text);

Result<Request> request_from(const po::variables_map& arguments) {
  if (auto named = check_name(arguments); !named) return tl::make_unexpected(named.error());
  const auto text = [&arguments](const char* option) { return arguments[option].as<std::string>(); };
  const auto given = [&arguments](const char* option) -> std::optional<std::string> {
    return arguments.count(option) == 0 ? std::nullopt : std::optional(arguments[option].as<std::string>());
  };
  const WallTime now = wall_now();
  const auto since = moment_from("--since", text("since"), now);
  if (!since) return tl::make_unexpected(since.error());
  const auto until = given("until") ? moment_from("--until", *given("until"), now) : Result<WallTime>(now);
  if (!until) return tl::make_unexpected(until.error());
  const auto top = top_from(arguments);
  if (!top) return tl::make_unexpected(top.error());
  const auto order = report::utilization_order_from(text("sort"));
  if (!order) return tl::make_unexpected(order.error());
  const auto step = step_from(text("step"));
  if (!step) return tl::make_unexpected(step.error());
  const auto format = parse_format(text("format"));
  if (!format) return tl::make_unexpected(format.error());
  const auto store = given("db") ? store::default_store_path(*given("db")) : store::default_store_path();
  if (!store) return tl::make_unexpected(store.error());

  Request request{{{*since, *until}, *step, text("device"), text("interface"), *order, *top}, *format, *store, {}};
  if (const auto output = given("output")) request.output = *output;
  if (auto sensible = report::check(request.query); !sensible) return tl::make_unexpected(sensible.error());
  return request;
}

Result<> check_name(const po::variables_map& arguments) {
  const std::string known = fmt::format("there is {}", fmt::join(reports, ", "));
  if (arguments.count("report") == 0) {
    return fail(ErrorKind::usage, "no report named", known + "; for example: octopoll report utilization");
  }
  const auto& name = arguments["report"].as<std::string>();
  if (name == reports.front()) return {};
  if (std::find(reports.begin(), reports.end(), name) != reports.end()) {
    return fail(ErrorKind::usage, fmt::format("the report's name is not in its place: {}", name),
                fmt::format("write it first: octopoll report {} [options]", name));
  }
  const auto near = nearest(name, reports);
  return fail(ErrorKind::usage, fmt::format("there is no report \"{}\"", agent_text(name)),
              near ? fmt::format("did you mean \"{}\"?", *near) : known);
}

Result<std::chrono::seconds> step_from(const std::string& text) {
  const auto step = parse_duration(text);
  if (!step) return fail(ErrorKind::usage, "--step: " + step.error().message, step.error().remedy);
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(*step);
  if (whole != *step || whole < std::chrono::seconds(1)) {
    return fail(ErrorKind::usage, fmt::format("--step {} is not a whole number of seconds", agent_text(text)),
                "the usual step is 5m");
  }
  return whole;
}

std::string as_text(const report::UtilizationReport& made, const Request& request);

Result<> print_utilization(const Request& request) {
  auto reader = store::Reader::open(request.store);
  if (!reader) return tl::make_unexpected(reader.error());
  const auto made = report::make_utilization(**reader, request.query);
  if (!made) return tl::make_unexpected(made.error());
  if (made->interfaces.empty()) {
    std::cerr << fmt::format("octopoll report: no interface was polled from {} to {}{}\n",
                             report::local_text(made->window.since), report::local_text(made->window.until),
                             request.query.device_pattern.empty() && request.query.interface_pattern.empty()
                                 ? "; --since reaches further back"
                                 : " that --device and --interface leave; check them, or --since");
  }
  return write_out(as_text(*made, request), request.output);
}

std::string as_text(const report::UtilizationReport& made, const Request& request) {
  switch (request.format) {
    case report::Format::table: {
      const auto style = request.output ? report::TextStyle{} : report::style_of(STDOUT_FILENO);
      return report::to_text(report::utilization_for_people(made, style.width), style);
    }
    case report::Format::csv:
      return report::to_csv(report::utilization_for_machines(made));
    case report::Format::json:
      return report::utilization_json(made, request.store).dump(1) + "\n";
  }
  return {};
}

}  // namespace
}  // namespace octopoll::cli
