#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>

#include "cli/command.hpp"
#include "cli/problems.hpp"
#include "cli/report_request.hpp"
#include "octopoll/config/inventory.hpp"
#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/report/errors.hpp"
#include "octopoll/report/table.hpp"
#include "octopoll/report/time_window.hpp"
#include "octopoll/report/totals.hpp"
#include "octopoll/report/utilization.hpp"
#include "octopoll/store/reader.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;

const CommandHelp help{
    "octopoll report utilization|errors|totals|latency|availability [options]",
    "Reads the store that `octopoll run` fills, also while it runs. `utilization` shows per interface average, "
    "maximum\n"
    "and 95th percentile of in and out, with the share of the time that true deltas cover. `errors` shows errors and\n"
    "discards by packet, the verdict on each interface's health, and links that went and came between two polls. "
    "`totals`\n"
    "sums the interfaces of each device, those left out that others carry (LAGs, VLANs; by ifStackTable where there is "
    "one).",
    {{"octopoll report utilization", "the last 24 hours, the fullest link first"},
     {"octopoll report latency --help", "loss, round trips, jitter and the worst hours of what is pinged"},
     {"octopoll report availability --help", "how long each device was up, down, or reachable in part"},
     {"octopoll report utilization --since 30d --top 10 --sort p95", "the ten busiest of the last 30 days"},
     {"octopoll report utilization --since 2026-01-01Z --until 2026-02-01Z --format csv -o january.csv",
      "a calendar month in UTC, for billing"},
     {"octopoll report utilization --device '^core' --interface 'uplink|Gi0/1$'", "some of the links"},
     {"octopoll report errors --since 7d -c inventory.yaml", "the sickest first, by the limits of the inventory"},
     {"octopoll report totals --since 30d --exclude '^mgmt'", "what each device carried"}},
    "0 done (also with nothing to show), 1 the store, or a part of it, cannot be read, 2 bad usage, 3 internal error"};

/// What the command line asks for.
struct Request : ReportRequest {
  std::variant<report::UtilizationQuery, report::ErrorsQuery, report::TotalsQuery> query;
};

po::options_description options_of_report();
Result<Request> request_from(const po::variables_map& arguments);
Result<> print_query(const Request& request);

}  // namespace

int run_report(int argc, char** argv) {
  if (const auto code = run_named_report(argc, argv)) return *code;
  po::positional_options_description positional;
  positional.add("report", 1);
  po::options_description hidden;
  hidden.add_options()("report", po::value<std::string>(), "");
  const auto arguments = parse_arguments(argc, argv, help, options_of_report(), positional, hidden);
  if (!arguments) return exit_code(arguments.error());
  return print_report(request_from(*arguments), print_query);
}

namespace {

/// Reports of this file first, then those that have their own.
constexpr std::array<std::string_view, 5> reports{"utilization", "errors", "totals", "latency", "availability"};
constexpr std::size_t reports_here = 3;

/// Options that only some reports have.
struct OwnOption {
  const char* name;
  std::array<std::string_view, 2> reports;
};
constexpr std::array<OwnOption, 7> own_options{{{"sort", {"utilization"}},
                                                {"step", {"utilization", "totals"}},
                                                {"exclude", {"totals"}},
                                                {"layers", {"totals"}},
                                                {"config", {"errors"}},
                                                {"max-errors", {"errors"}},
                                                {"max-discards", {"errors"}}}};

po::options_description options_of_report() {
  po::options_description options("Options");
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  const std::string sort_help = "one of " + report::utilization_orders() + "; the largest first, of valid the smallest";
  add_report_options(options);
  options.add_options()                                                                                             //
      ("device", text("RE")->default_value(""), "only devices whose name has this regular expression (RE2) in it")  //
      ("interface", text("RE")->default_value(""), "only interfaces whose name or alias has it in it")              //
      ("exclude", text("RE")->default_value(""), "totals: without interfaces whose name or alias has it in it")     //
      ("layers", text("WORD")->default_value("lowest"),
       "totals: lowest (ports, not the LAGs and VLANs on them) or all")  //
      ("max-errors", text("SHARE"),
       "errors: a larger share of packets with errors is sick (default: 0.01%)")                //
      ("max-discards", text("SHARE"), "errors: the same of discarded packets (default: 0.1%)")  //
      ("config,c", text("FILE"),
       "errors: take each device's limits from `health` in this inventory, and its `store`")  //
      ("sort", text("KEY")->default_value("utilization"), sort_help.c_str())                  //
      ("step", text("TIME")->default_value("5m"), "length of the averages of which the 95th percentile is taken");
  return options;
}

/// What the reports of this file have in common.
struct Common {
  report::TimeWindow window;
  std::string device;
  std::string interface;
  std::optional<std::size_t> top;
};

Result<> check_name(const po::variables_map& arguments);
Result<> check_own_options(const po::variables_map& arguments);
template <class Query>
Result<> ask(Request& request, Result<Query>&& query);
Result<report::UtilizationQuery> utilization_from(const po::variables_map& arguments, const Common& common);
Result<report::ErrorsQuery> errors_from(const po::variables_map& arguments, const Common& common,
                                        const std::optional<config::Inventory>& inventory);
Result<report::TotalsQuery> totals_from(const po::variables_map& arguments, const Common& common);
Result<std::chrono::seconds> step_from(const std::string& text);

Result<Request> request_from(const po::variables_map& arguments) {
  if (auto named = check_name(arguments); !named) return tl::make_unexpected(named.error());
  if (auto own = check_own_options(arguments); !own) return tl::make_unexpected(own.error());
  const auto text = [&arguments](const char* option) { return arguments[option].as<std::string>(); };
  auto common_request = report_request_from(arguments);
  if (!common_request) return tl::make_unexpected(common_request.error());
  Request request{std::move(*common_request), {}};
  const Common common{request.window, text("device"), text("interface"), request.top};
  const std::string name = text("report");
  Result<> made = name == "errors"   ? ask(request, errors_from(arguments, common, request.inventory))
                  : name == "totals" ? ask(request, totals_from(arguments, common))
                                     : ask(request, utilization_from(arguments, common));
  if (!made) return tl::make_unexpected(made.error());
  return request;
}

template <class Query>
Result<> ask(Request& request, Result<Query>&& query) {
  if (!query) return tl::make_unexpected(query.error());
  if (auto sensible = report::check(*query); !sensible) return sensible;
  request.query = std::move(*query);
  return {};
}

Result<report::UtilizationQuery> utilization_from(const po::variables_map& arguments, const Common& common) {
  const auto order = report::utilization_order_from(arguments["sort"].as<std::string>());
  if (!order) return tl::make_unexpected(order.error());
  const auto step = step_from(arguments["step"].as<std::string>());
  if (!step) return tl::make_unexpected(step.error());
  return report::UtilizationQuery{common.window, *step, common.device, common.interface, *order, common.top};
}

Result<report::TotalsQuery> totals_from(const po::variables_map& arguments, const Common& common) {
  const auto layers = report::layers_from(arguments["layers"].as<std::string>());
  if (!layers) return tl::make_unexpected(layers.error());
  const auto step = step_from(arguments["step"].as<std::string>());
  if (!step) return tl::make_unexpected(step.error());
  return report::TotalsQuery{
      common.window, *step,     common.device, common.interface, arguments["exclude"].as<std::string>(),
      *layers,       common.top};
}

/// What the command line says beats the inventory.
Result<report::ErrorsQuery> errors_from(const po::variables_map& arguments, const Common& common,
                                        const std::optional<config::Inventory>& inventory) {
  report::ErrorsQuery query{common.window, common.device, common.interface, common.top, {}, {}};
  if (inventory) {
    for (const config::Device& device : inventory->devices) query.device_limits[device.name] = device.health;
  }
  const auto limit = [&](const char* option, double HealthLimits::*member) -> Result<> {
    if (arguments.count(option) == 0) return {};
    const auto ratio = parse_ratio(arguments[option].as<std::string>());
    if (!ratio) {
      return fail(ErrorKind::usage, fmt::format("--{}: {}", option, ratio.error().message), ratio.error().remedy);
    }
    query.limits.*member = *ratio;
    for (auto& [device, limits] : query.device_limits) limits.*member = *ratio;
    return {};
  };
  if (auto taken = limit("max-errors", &HealthLimits::errors); !taken) return tl::make_unexpected(taken.error());
  if (auto taken = limit("max-discards", &HealthLimits::discards); !taken) return tl::make_unexpected(taken.error());
  return query;
}

Result<> check_name(const po::variables_map& arguments) {
  const std::string known = fmt::format("there is {}", fmt::join(reports, ", "));
  if (arguments.count("report") == 0) {
    return fail(ErrorKind::usage, "no report named", known + "; for example: octopoll report utilization");
  }
  const auto& name = arguments["report"].as<std::string>();
  const auto known_at = std::find(reports.begin(), reports.end(), name);
  if (known_at < reports.begin() + reports_here) return {};
  if (known_at != reports.end()) {
    return fail(ErrorKind::usage, fmt::format("the report's name is not in its place: {}", name),
                fmt::format("write it first: octopoll report {} [options]", name));
  }
  const auto near = nearest(name, reports);
  return fail(ErrorKind::usage, fmt::format("there is no report \"{}\"", agent_text(name)),
              near ? fmt::format("did you mean \"{}\"?", *near) : known);
}

Result<> check_own_options(const po::variables_map& arguments) {
  const auto& name = arguments["report"].as<std::string>();
  for (const OwnOption& option : own_options) {
    if (arguments.count(option.name) == 0 || arguments[option.name].defaulted()) continue;
    if (std::find(option.reports.begin(), option.reports.end(), name) != option.reports.end()) continue;
    if (option.name == std::string_view("sort")) {
      return fail(ErrorKind::usage,
                  fmt::format("the report {} has one order alone, {}", name,
                              name == "errors" ? "the sickest first" : "the busiest first"),
                  "leave out --sort; utilization, latency and availability have it");
    }
    return fail(ErrorKind::usage, fmt::format("the report {} has no --{}", name, option.name),
                fmt::format("it belongs to octopoll report {}", option.reports.front()));
  }
  return {};
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

template <class Query>
void tell_if_empty(std::size_t found, const Query& query) {
  if (found != 0) return;
  std::string narrowed;
  const auto add = [&narrowed](const std::string& pattern, std::string_view option) {
    if (pattern.empty()) return;
    if (!narrowed.empty()) narrowed += " and ";
    narrowed += option;
  };
  add(query.device_pattern, "--device");
  add(query.interface_pattern, "--interface");
  if constexpr (requires { query.exclude_pattern; }) add(query.exclude_pattern, "--exclude");
  std::cerr << fmt::format("octopoll report: no interface was polled from {} to {}{}\n",
                           report::local_text(query.window.since), report::local_text(query.window.until),
                           narrowed.empty()
                               ? "; --since reaches further back"
                               : fmt::format(" that {} left over; look at what it says, or at --since", narrowed));
}

Result<> print_query(const Request& request, store::Reader& reader, const report::UtilizationQuery& query) {
  const auto made = report::make_utilization(reader, query);
  if (!made) return tl::make_unexpected(made.error());
  tell_if_empty(made->interfaces.size(), query);
  return print_whole(request, reader,
                     {[&](std::size_t width) { return report::utilization_for_people(*made, width); },
                      [&] { return report::utilization_for_machines(*made); },
                      [&] { return report::utilization_json(*made, request.store); }});
}

Result<> print_query(const Request& request, store::Reader& reader, const report::ErrorsQuery& query) {
  const auto made = report::make_errors(reader, query);
  if (!made) return tl::make_unexpected(made.error());
  tell_if_empty(made->interfaces.size(), query);
  return print_whole(
      request, reader,
      {[&](std::size_t width) { return report::errors_for_people(*made, width); },
       [&] { return report::errors_for_machines(*made); }, [&] { return report::errors_json(*made, request.store); }});
}

Result<> print_query(const Request& request, store::Reader& reader, const report::TotalsQuery& query) {
  const auto made = report::make_totals(reader, query);
  if (!made) return tl::make_unexpected(made.error());
  tell_if_empty(made->devices.size(), query);
  return print_whole(
      request, reader,
      {[&](std::size_t width) { return report::totals_for_people(*made, width); },
       [&] { return report::totals_for_machines(*made); }, [&] { return report::totals_json(*made, request.store); }});
}

Result<> print_query(const Request& request) {
  auto reader = store::Reader::open(request.store);
  if (!reader) return tl::make_unexpected(reader.error());
  return std::visit([&](const auto& query) { return print_query(request, **reader, query); }, request.query);
}

}  // namespace
}  // namespace octopoll::cli
