#include <fmt/format.h>

#include <iostream>
#include <string>

#include "cli/command.hpp"
#include "cli/report_request.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/report/availability.hpp"
#include "octopoll/store/reader.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;

const CommandHelp help{
    "octopoll report availability [options]",
    "How long each device could be reached, by what, and how it is now. The states: up (answers all that it is "
    "asked),\n"
    "icmp_only (its agent is silent or refuses), snmp_only (echo is filtered or lost), down, unknown (nobody asked).",
    {{"octopoll report availability", "the last 24 hours, the least reachable first"},
     {"octopoll report availability --sort state --since 10m", "what is down now, and since when"},
     {"octopoll report availability --since 2026-01-01 --until 2026-02-01 --format csv -o january.csv", "a month"}},
    "0 done (also with nothing to show), 1 the store, or a part of it, cannot be read, 2 bad usage, 3 internal error"};

struct Request : ReportRequest {
  report::AvailabilityQuery query;
};

Result<Request> request_from(const po::variables_map& arguments) {
  const auto common = report_request_from(arguments);
  if (!common) return tl::make_unexpected(common.error());
  const auto order = report::availability_order_from(arguments["sort"].as<std::string>());
  if (!order) return tl::make_unexpected(order.error());
  Request request{*common, {}};
  request.query.window = common->window;
  request.query.device_pattern = arguments["device"].as<std::string>();
  request.query.order = *order;
  request.query.top = common->top;
  if (auto sensible = report::check(request.query); !sensible) return tl::make_unexpected(sensible.error());
  return request;
}

Result<> print(const Request& request) {
  auto reader = store::Reader::open(request.store);
  if (!reader) return tl::make_unexpected(reader.error());
  const auto made = report::make_availability(**reader, request.query);
  if (!made) return tl::make_unexpected(made.error());
  if (made->devices.empty()) {
    std::cerr << fmt::format("octopoll report: no device was polled from {} to {}{}\n",
                             report::local_text(made->window.since), report::local_text(made->window.until),
                             request.query.device_pattern.empty() ? "; --since reaches further back"
                                                                  : " that --device leaves; check it, or --since");
  }
  return print_whole(request, **reader,
                     {[&](std::size_t width) { return report::availability_for_people(*made, width); },
                      [&] { return report::availability_for_machines(*made); },
                      [&] { return report::availability_json(*made, request.store); }});
}

}  // namespace

int run_report_availability(int argc, char** argv) {
  po::options_description options("Options");
  add_report_options(options);
  const std::string sort_help = "one of " + report::availability_orders() + "; the worst first";
  options.add_options()  //
      ("device", po::value<std::string>()->value_name("RE")->default_value(""),
       "only devices whose name has this regular expression (RE2) in it")  //
      ("sort", po::value<std::string>()->value_name("KEY")->default_value("worst"), sort_help.c_str());
  const auto arguments = parse_arguments(argc, argv, help, options);
  if (!arguments) return exit_code(arguments.error());
  return print_report(request_from(*arguments), print);
}

}  // namespace octopoll::cli
