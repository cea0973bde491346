#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/command.hpp"
#include "cli/report_request.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/report/latency.hpp"
#include "octopoll/store/reader.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;

const CommandHelp help{
    "octopoll report latency [options]",
    "Loss and round trips of what `octopoll run` pings, devices and probes: minimum, median, mean, maximum, standard\n"
    "deviation, percentiles (exact, of all round trips that the store keeps), jitter, and the worst hours.",
    {{"octopoll report latency", "the last 24 hours, the most loss first"},
     {"octopoll report latency --since 7d --sort p95 --top 10", "the ten slowest of a week"},
     {"octopoll report latency --smoke --since 3d --device '^core1$'", "how its round trips were spread, hour by hour"},
     {"octopoll report latency --voice --device '^branch'", "what a voice call to the branches would be like"},
     {"octopoll report latency --since 2026-01-31T08:00 --until 2026-01-31T18:00 --format json", "a working day"}},
    "0 done (also with nothing to show), 1 the store cannot be read, 2 bad usage, 3 internal error"};

struct Request : ReportRequest {
  report::LatencyQuery query;
  bool voice = false;
};

Result<Request> request_from(const po::variables_map& arguments) {
  const auto common = report_request_from(arguments);
  if (!common) return tl::make_unexpected(common.error());
  const auto order = report::latency_order_from(arguments["sort"].as<std::string>());
  if (!order) return tl::make_unexpected(order.error());
  Request request{*common, {}};
  request.voice = arguments["voice"].as<bool>();
  request.query.window = common->window;
  request.query.target_pattern = arguments["device"].as<std::string>();
  request.query.order = *order;
  request.query.top = common->top;
  request.query.smoke = arguments["smoke"].as<bool>();
  if (request.query.smoke && common->format == report::Format::csv) {
    return fail(ErrorKind::usage, "--smoke is no table that CSV could hold", "use --format json, or leave --smoke out");
  }
  if (auto sensible = report::check(request.query); !sensible) return tl::make_unexpected(sensible.error());
  return request;
}

std::string as_text(const report::LatencyReport& made, const Request& request) {
  switch (request.format) {
    case report::Format::table: {
      const report::TextStyle style = request.style();
      return report::to_text(report::latency_for_people(made, style.width, request.voice), style) +
             report::latency_smoke(made, style.width);
    }
    case report::Format::csv:
      return report::to_csv(report::latency_for_machines(made));
    case report::Format::json:
      return report::latency_json(made, request.store).dump(1) + "\n";
  }
  return {};
}

Result<> print(const Request& request) {
  auto reader = store::Reader::open(request.store);
  if (!reader) return tl::make_unexpected(reader.error());
  const auto made = report::make_latency(**reader, request.query);
  if (!made) return tl::make_unexpected(made.error());
  if (made->targets.empty() && made->unmeasured.empty()) {
    std::cerr << fmt::format("octopoll report: nothing was pinged from {} to {}{}\n",
                             report::local_text(made->window.since), report::local_text(made->window.until),
                             request.query.target_pattern.empty() ? "; --since reaches further back"
                                                                  : " that --device leaves; check it, or --since");
  }
  return write_out(as_text(*made, request), request.output);
}

}  // namespace

int run_report_latency(int argc, char** argv) {
  po::options_description options("Options");
  add_report_options(options);
  const std::string sort_help = "one of " + report::latency_orders() + "; the worst first";
  options.add_options()  //
      ("device", po::value<std::string>()->value_name("RE")->default_value(""),
       "only devices and probes whose name has this regular expression (RE2) in it")                   //
      ("sort", po::value<std::string>()->value_name("KEY")->default_value("loss"), sort_help.c_str())  //
      ("smoke", po::bool_switch(), "also how round trips were spread, hour by hour (not in CSV)")(
          "voice", po::bool_switch(),
          "also MOS and R: how a G.711 call would sound, by the simplified E-model of ITU-T G.107 (CSV and JSON have"
          " them always)");
  const auto arguments = parse_arguments(argc, argv, help, options);
  if (!arguments) return exit_code(arguments.error());
  return print_report(request_from(*arguments), print);
}

}  // namespace octopoll::cli
