#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/asking_line.hpp"
#include "cli/command.hpp"
#include "cli/reach.hpp"
#include "cli/signals.hpp"
#include "cli/snmp_options.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/doctor/examination.hpp"
#include "octopoll/poll/resolver.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;
using doctor::Examination;
using doctor::Finding;
using doctor::Severity;
using Json = nlohmann::ordered_json;

CommandHelp help() {
  return {
      "octopoll doctor TARGET... [options]",
      fmt::format(
          "Examines agents: versions, both forms of AES-192 and AES-256 keys, clock, cache, order of objects, "
          "bulk and\n"
          "message sizes, row indexes, names, types, speeds, 64-bit counters, foreign answers; with several "
          "TARGETs also\n"
          "engine ids that are there twice. Each line says ok, note (octopoll copes) or problem, and what it "
          "means; then\n"
          "come a verdict and what the inventory needs for the agent.\n"
          "\n"
          "All are ordinary reads, one at a time: up to {} requests an agent; beside these the interface tables, "
          "once whole\n"
          "and once in seven columns, which are hundreds more where an agent takes few objects at once; and "
          "repeats where an\n"
          "answer stays out. The last line says how many it were.",
          doctor::request_bound()),
      {{"octopoll doctor 192.0.2.1", "with the community public; v2c and v1 are both tried"},
       {"octopoll doctor 192.0.2.1 192.0.2.2 -c file:/etc/octopoll/community",
        "two, and whether they share an engine id"},
       {"octopoll doctor 192.0.2.1 -u alice -l authPriv -a SHA-256 -A '${AUTH}' -x AES-256 -X '${PRIV}' --format json",
        "SNMPv3, for a script"}},
      "0 healthy or with notes, 1 no answer or problems, 2 bad usage, 3 internal error"};
}

struct Arguments {
  std::vector<Target> targets;
  SnmpArguments snmp;
  report::Format format = report::Format::table;
};

Result<Arguments> read(const po::variables_map& variables) {
  Arguments arguments;
  if (variables.count("target") == 0) return fail(ErrorKind::usage, "no TARGET given", "octopoll doctor 192.0.2.1");
  for (const std::string& text : variables["target"].as<std::vector<std::string>>()) {
    auto target = parse_target(text);
    if (!target) return tl::make_unexpected(target.error());
    arguments.targets.push_back(std::move(*target));
  }
  auto snmp = snmp_arguments(variables);
  if (!snmp) return tl::make_unexpected(snmp.error());
  arguments.snmp = std::move(*snmp);
  const auto format = parse_format(variables["format"].as<std::string>());
  if (!format || *format == report::Format::csv)
    return fail(ErrorKind::usage, "unknown format for doctor", "--format takes table or json");
  arguments.format = *format;
  return arguments;
}

Examination unresolved(const Target& target, const Error& error) {
  Examination examination;
  examination.target = to_string(target);
  examination.findings.push_back({"address", Severity::problem, error.message, error.remedy});
  return examination;
}

/// The first of the target's addresses that answers anything, else the first of all.
Examination examine(snmp::Interview& interview, const Target& target, const SnmpArguments& snmp) {
  auto endpoints = resolve_blocking(target);
  if (!endpoints) return unresolved(target, endpoints.error());
  poll::prefer_ipv4(*endpoints);
  AskingLine progress(interview, fmt::format("examining {}", to_string(target)));
  const auto say = [&](std::string_view what) {
    progress.show(fmt::format("examining {}: {}", to_string(target), what));
  };
  Examination first;
  for (std::size_t i = 0; i < endpoints->size(); ++i) {
    Examination examination = doctor::examine(interview, {target, session_options(target, (*endpoints)[i], snmp)}, say);
    if (examination.traffic.responses != 0 || endpoints->size() == 1) return examination;
    if (i == 0) first = std::move(examination);
  }
  return first;
}

std::string verdict_of(const Examination& examination) {
  std::size_t notes = 0;
  std::size_t problems = 0;
  for (const Finding& finding : examination.findings) {
    if (finding.severity == Severity::note) ++notes;
    if (finding.severity == Severity::problem) ++problems;
  }
  if (problems != 0) return fmt::format("{}, {}", format_counted(problems, "problem"), format_counted(notes, "note"));
  if (notes != 0) return fmt::format("fit to be polled, {}", format_counted(notes, "note"));
  return "fit to be polled";
}

/// Only of an agent whose tables were asked for: what refused us has nothing to say of the inventory.
bool has_fragment(const Examination& examination) {
  return std::any_of(examination.findings.begin(), examination.findings.end(),
                     [](const Finding& finding) { return finding.check == "tables"; });
}

void print(const Examination& examination) {
  std::cout << agent_text(examination.target);
  if (examination.sys_name) std::cout << fmt::format(" ({})", one_line(*examination.sys_name));
  std::cout << "\n";
  if (examination.sys_descr) std::cout << one_line(*examination.sys_descr) << "\n";
  std::cout << "\n";
  for (const Finding& finding : examination.findings) {
    std::cout << fmt::format("{:<8} {:<13} {}\n", to_string(finding.severity), finding.check,
                             one_line(finding.measured));
    if (!finding.meaning.empty()) std::cout << fmt::format("{:23}{}\n", "", one_line(finding.meaning));
  }
  std::cout << fmt::format("\nverdict: {}\n", verdict_of(examination));
  if (has_fragment(examination)) {
    std::cout << "\n# for the inventory; the secrets come from the environment, or are file:PATH\n"
              << doctor::inventory_fragment(examination);
  }
  const snmp::Traffic& cost = examination.traffic;
  std::cout << fmt::format("\n# sent {} requests ({}), received {} answers ({})\n", format_count(cost.requests),
                           format_octets(cost.octets_sent), format_count(cost.responses),
                           format_octets(cost.octets_received));
}

Json json_of(const Examination& examination) {
  Json findings = Json::array();
  for (const Finding& finding : examination.findings) {
    findings.push_back({{"check", finding.check},
                        {"severity", to_string(finding.severity)},
                        {"measured", finding.measured},
                        {"meaning", finding.meaning}});
  }
  const snmp::Traffic& cost = examination.traffic;
  Json json{{"target", examination.target},
            {"endpoint", examination.endpoint},
            {"sys_name", examination.sys_name ? Json(*examination.sys_name) : Json()},
            {"engine_id", examination.engine_id.empty() ? Json() : Json(examination.engine_id)},
            {"severity", to_string(examination.worst())},
            {"verdict", verdict_of(examination)}};
  json["findings"] = std::move(findings);
  json["inventory"] = has_fragment(examination) ? Json(doctor::inventory_fragment(examination)) : Json();
  json["requests"] = cost.requests;
  json["responses"] = cost.responses;
  json["octets_sent"] = cost.octets_sent;
  json["octets_received"] = cost.octets_received;
  return json;
}

}  // namespace

int run_doctor(int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("format", po::value<std::string>()->default_value("table")->value_name("table|json"),
                        "how to print");
  options.add(snmp_options()).add(odd_agent_options());
  po::options_description hidden;
  hidden.add_options()("target", po::value<std::vector<std::string>>(), "");
  po::positional_options_description positional;
  positional.add("target", -1);

  const auto variables = parse_arguments(argc, argv, help(), options, positional, hidden);
  blank_secrets(argc, argv);
  if (!variables) return exit_code(variables.error());
  const auto arguments = read(*variables);
  if (!arguments) {
    print_error("doctor", arguments.error());
    return exit_code(exit_code_for(arguments.error()));
  }
  auto interview = snmp::Interview::create();
  if (!interview) {
    print_error("doctor", interview.error());
    return exit_code(exit_code_for(interview.error()));
  }
  const auto signals = Signals::watch((*interview)->loop(), {SIGINT, SIGTERM}, [&](int) { (*interview)->interrupt(); });
  if (!signals) {
    print_error("doctor", signals.error());
    return exit_code(ExitCode::internal);
  }
  std::vector<Examination> examinations;
  for (const Target& target : arguments->targets) {
    examinations.push_back(examine(**interview, target, arguments->snmp));
    if (!(*interview)->interrupted()) continue;
    print_error("doctor", {ErrorKind::partial, "interrupted", {}});
    return exit_code(ExitCode::some_failed);
  }
  doctor::compare_engine_ids(examinations);
  Severity worst = Severity::ok;
  Json agents = Json::array();
  for (const Examination& examination : examinations) {
    worst = std::max(worst, examination.worst());
    if (arguments->format == report::Format::json) {
      agents.push_back(json_of(examination));
    } else {
      if (&examination != &examinations.front()) std::cout << "\n";
      print(examination);
    }
  }
  if (arguments->format == report::Format::json) {
    Json json{{"severity", to_string(worst)}};
    json["agents"] = std::move(agents);
    std::cout << json.dump(1, ' ', false, Json::error_handler_t::replace) << "\n";
  }
  return exit_code(worst == Severity::problem ? ExitCode::some_failed : ExitCode::done);
}

}  // namespace octopoll::cli
