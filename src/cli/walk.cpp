#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/asking_line.hpp"
#include "cli/command.hpp"
#include "cli/interface_inventory.hpp"
#include "cli/reach.hpp"
#include "cli/snmp_options.hpp"
#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/ifmib/interview.hpp"
#include "octopoll/poll/resolver.hpp"
#include "octopoll/snmp/names.hpp"
#include "octopoll/snmp/walk.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;
using report::Format;

const CommandHelp help{
    "octopoll walk TARGET [OID...] [options]",
    "Asks one device. Without OID: its interfaces, as a table. With OIDs or names: what snmpwalk would show.\n"
    "TARGET is [udp:|udp6:]HOST[:PORT]; IPv6 addresses with a port stand in brackets.",
    {{"octopoll walk 192.0.2.1", "the interfaces, by SNMP v2c with the community public"},
     {"octopoll walk switch.example.net -c file:/etc/octopoll/community --format json", "for a script"},
     {"octopoll walk '[2001:db8::1]:1161' -u alice -l authPriv -a SHA-256 -A '${AUTH}' -x AES -X '${PRIV}'", "SNMPv3"},
     {"octopoll walk 192.0.2.1 ifOperStatus sysUpTime.0", "names from the MIBs, or OIDs in numbers"}},
};

struct Arguments {
  Target target;
  std::vector<std::string> oids;
  SnmpArguments snmp;
  Format format = Format::table;
  snmp::FormatOptions output;
};

Result<Arguments> read(const po::variables_map& variables) {
  Arguments arguments;
  if (variables.count("target") == 0) return fail(ErrorKind::usage, "no TARGET given", "octopoll walk 192.0.2.1");
  auto target = parse_target(variables["target"].as<std::string>());
  if (!target) return tl::make_unexpected(target.error());
  arguments.target = std::move(*target);
  if (variables.count("oid") != 0) arguments.oids = variables["oid"].as<std::vector<std::string>>();
  auto snmp = snmp_arguments(variables);
  if (!snmp) return tl::make_unexpected(snmp.error());
  arguments.snmp = std::move(*snmp);
  const auto format = parse_format(variables["format"].as<std::string>());
  if (!format) return tl::make_unexpected(format.error());
  arguments.format = *format;
  auto output = snmp::FormatOptions::parse(variables["output"].as<std::string>());
  if (!output) return tl::make_unexpected(output.error());
  arguments.output = std::move(*output);
  return arguments;
}

/// One device, asked step by step.
class Asker {
 public:
  explicit Asker(const Arguments& arguments) : arguments_(arguments) {}

  Result<> start() {
    auto interview = snmp::Interview::create();
    if (!interview) return tl::make_unexpected(interview.error());
    interview_ = std::move(*interview);
    auto endpoints = resolve_blocking(arguments_.target);
    if (!endpoints) return tl::make_unexpected(endpoints.error());
    endpoints_ = std::move(*endpoints);
    poll::prefer_ipv4(endpoints_);
    return open(0);
  }

  /// The scalars; tries each address of the name in turn until one answers.
  Result<ifmib::Scalars> scalars() {
    for (std::size_t i = 0;; ++i) {
      ifmib::ReadLimits limits = limits_of_reads();
      limits.stranger = i + 1 == endpoints_.size();
      auto [scalars, end] = ifmib::read_scalars(*interview_, *session_, ifmib::ScalarSet::all, limits);
      const bool refused = end.error && end.error->kind == ErrorKind::auth;
      if (end.outcome == snmp::Outcome::answered && !refused) return scalars;
      const bool nobody = end.outcome == snmp::Outcome::timed_out || end.outcome == snmp::Outcome::unreachable;
      if (nobody && i + 1 < endpoints_.size()) {
        if (auto opened = open(i + 1); !opened) return tl::make_unexpected(opened.error());
        continue;
      }
      if (end.outcome == snmp::Outcome::timed_out) add_echo(interview_->loop(), endpoints_.back(), *end.error);
      return tl::make_unexpected(std::move(*end.error));
    }
  }

  [[nodiscard]] snmp::Interview& interview() noexcept { return *interview_; }

  std::pair<ifmib::Rows, ifmib::ReadEnd> tables(std::optional<std::uint32_t> if_number) {
    ifmib::ReadLimits limits = limits_of_reads();
    limits.if_number = if_number;
    return ifmib::read_tables(*interview_, *session_, ifmib::harmless_columns(), limits);
  }

  /// All below `root`, or the object itself where nothing is below it.
  std::optional<Error> walk(const snmp::Oid& root, const std::function<void(const snmp::VarBind&)>& show) {
    std::size_t found = 0;
    snmp::WalkPlan plan;
    plan.columns = {root};
    snmp::WalkEnd result = interview_->walk(*session_, std::move(plan), [&](std::size_t, snmp::VarBind&& variable) {
      ++found;
      show(variable);
    });
    for (const std::string& note : result.notes) std::cerr << fmt::format("octopoll walk: {}\n", note);
    if (!result.error && found == 0) return get(root, show);
    return result.error;
  }

 private:
  Result<> open(std::size_t which) {
    session_.reset();
    snmp::SessionOptions options = session_options(arguments_.target, endpoints_[which], arguments_.snmp);
    options.max_outstanding = snmp::SessionOptions().max_outstanding;  // both tables at once
    auto session = interview_->open(std::move(options));
    if (!session) return tl::make_unexpected(session.error());
    session_ = std::move(*session);
    gets_ = {};
    return {};
  }

  ifmib::ReadLimits limits_of_reads() {
    ifmib::ReadLimits limits;
    limits.gets = &gets_;
    return limits;
  }

  std::optional<Error> get(const snmp::Oid& oid, const std::function<void(const snmp::VarBind&)>& show) {
    const snmp::Reply reply = interview_->get(*session_, {oid});
    if (reply.good()) {
      for (const snmp::VarBind& variable : reply.variables) show(variable);
      return std::nullopt;
    }
    if (reply.error_status != snmp::ErrorStatus::no_such_name) return session_->explain(reply);
    // snmpwalk prints nothing here: SNMPv1 has no value that says so.
    std::cerr << fmt::format("octopoll walk: {}: not there (noSuchName)\n", oid.to_string());
    return std::nullopt;
  }

  const Arguments& arguments_;
  std::unique_ptr<snmp::Interview> interview_;
  std::vector<Endpoint> endpoints_;
  std::unique_ptr<snmp::Session> session_;
  snmp::GetProfile gets_;  ///< of this address
};

/// Rows whose ifHC*Octets say nothing: shown as they are here, and passed over when rates are made.
std::size_t dead_wide_octets(const ifmib::Rows& rows) {
  return static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), [](const auto& each) {
    const auto is_dead = [&row = each.second](Counter counter) {
      const auto wide = ifmib::columns_of(counter).wide;
      return wide && row.number(*wide) && ifmib::column_for(row, counter) != wide;
    };
    return is_dead(Counter::in_octets) || is_dead(Counter::out_octets);
  }));
}

int show_interfaces(Asker& asker, const Arguments& arguments) {
  std::optional<AskingLine> progress(std::in_place, asker.interview(),
                                     fmt::format("reading {}", to_string(arguments.target)));
  const auto scalars = asker.scalars();
  if (!scalars) {
    progress.reset();
    print_error("walk", scalars.error());
    return exit_code(exit_code_for(scalars.error()));
  }
  const auto [rows, end] = asker.tables(scalars->if_number);
  progress.reset();
  for (const std::string& note : end.notes) std::cerr << fmt::format("octopoll walk: {}\n", note);
  if (end.ifx_offset)
    std::cerr << fmt::format("octopoll walk: ifXTable's indexes are ifTable's {:+}: joined\n", *end.ifx_offset);
  if (arguments.format == Format::json) {
    std::cout << inventory_json(*scalars, rows).dump(1) << "\n";
  } else {
    if (arguments.format == Format::table) std::cout << device_heading(to_string(arguments.target), *scalars);
    report::Table table = inventory_table(rows);
    if (const std::size_t dead = dead_wide_octets(rows); dead != 0)
      table.notes.push_back(
          fmt::format("{}: the 64-bit octets stand still while those of 32 bits count; run takes those of 32 bits.",
                      format_counted(dead, "interface")));
    if (rows.empty())
      table.notes.push_back("This device has no interface tables (ifTable, ifXTable), or hides them from this user.");
    print_table(table, arguments.format);
  }
  const std::optional<Error>& error = end.error ? end.error : end.lacking;
  if (!error) return exit_code(ExitCode::done);
  print_error("walk", {error->kind, error->message + "; the table is not complete", error->remedy});
  return exit_code(ExitCode::some_failed);
}

int show_oids(Asker& asker, const Arguments& arguments) {
  const auto names = snmp::Names::load();
  if (!names) {
    print_error("walk", names.error());
    return exit_code(exit_code_for(names.error()));
  }
  std::vector<snmp::Oid> roots;
  for (const std::string& text : arguments.oids) {
    auto oid = (*names)->resolve(text);
    if (!oid) {
      print_error("walk", oid.error());
      return exit_code(ExitCode::usage);
    }
    roots.push_back(std::move(*oid));
  }
  if (const auto scalars = asker.scalars(); !scalars) {
    print_error("walk", scalars.error());
    return exit_code(exit_code_for(scalars.error()));
  }
  ordered_json array = ordered_json::array();
  report::Table table;
  table.columns = {{"name", "name"}, {"oid", "oid"}, {"type", "type"}, {"value", "value"}, {"label", "label"}};
  const auto show = [&](const snmp::VarBind& variable) {
    if (arguments.format == Format::table) {
      std::cout << (*names)->format(variable, arguments.output) << "\n";
      return;
    }
    const snmp::NamedValue value = (*names)->describe(variable);
    const auto optional_text = [](const std::optional<std::string>& text) {
      return report::Cell{text ? report::Value(*text) : report::Value(), {}};
    };
    table.rows.push_back(
        {{value.name, {}}, {value.oid, {}}, {value.type, {}}, {value.text, {}}, optional_text(value.label)});
  };
  int code = exit_code(ExitCode::done);
  for (const snmp::Oid& root : roots) {
    if (const auto error = asker.walk(root, show)) {
      print_error("walk", *error);
      code = exit_code(ExitCode::some_failed);
      break;
    }
  }
  if (arguments.format != Format::table) print_table(table, arguments.format);
  return code;
}

}  // namespace

int run_walk(int argc, char** argv) {
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("format", po::value<std::string>()->default_value("table")->value_name("table|json|csv"), "how to print")
      ("output,O", po::value<std::string>()->default_value("")->value_name("LETTERS"), "with OIDs: how names and values look, as snmpwalk's -O (n numeric, q quick, ...)");
  options.add(snmp_options()).add(odd_agent_options());
  po::options_description hidden;
  hidden.add_options()("target", po::value<std::string>(), "")("oid", po::value<std::vector<std::string>>(), "");
  // clang-format on
  po::positional_options_description positional;
  positional.add("target", 1).add("oid", -1);

  const auto variables = parse_arguments(argc, argv, help, options, positional, hidden);
  blank_secrets(argc, argv);
  if (!variables) return exit_code(variables.error());
  const auto arguments = read(*variables);
  if (!arguments) {
    print_error("walk", arguments.error());
    return exit_code(exit_code_for(arguments.error()));
  }
  Asker asker(*arguments);
  if (const auto started = asker.start(); !started) {
    print_error("walk", started.error());
    return exit_code(exit_code_for(started.error()));
  }
  return arguments->oids.empty() ? show_interfaces(asker, *arguments) : show_oids(asker, *arguments);
}

}  // namespace octopoll::cli
