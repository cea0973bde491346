#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "cli/command.hpp"
#include "cli/progress_line.hpp"
#include "cli/reach.hpp"
#include "cli/signals.hpp"
#include "cli/snmp_options.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/recording/anonymize.hpp"
#include "octopoll/recording/output_file.hpp"
#include "octopoll/recording/recording.hpp"
#include "octopoll/snmp/names.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;

const CommandHelp help{
    "octopoll record TARGET [-o FILE] [--anonymize] [options]",
    "Writes what an agent says of itself and its interfaces to one file (snmpsim's .snmprec: OID|TAG|VALUE), so that "
    "a\n"
    "bug report can be played again: octopoll-fleet --recordings DIRECTORY, with the file's name as community.\n"
    "Reads system, ifTable, ifXTable, ifStackTable, dot3Stats, the snmpEngine group and Net-SNMP's nsCacheTimeout; "
    "one\n"
    "request at a time, ordinary reads. The file appears at the end, also where the agent fell silent on the way (exit "
    "1:\n"
    "what it gave until then is a bug report too), and is never overwritten unasked.\n"
    "\n"
    "--anonymize gives other names to sysName, sysContact, sysLocation, ifAlias, serial numbers, asset tags, and\n"
    "other numbers to MAC addresses (the vendor's half stays) and IP addresses, the same for the same; tables whose\n"
    "indexes are addresses or users, command lines and paths are left out. Interface names, counters, types and "
    "sysDescr stay: they are the bug. Read "
    "the\n"
    "file before you send it, above all where --oid or --all brought objects that octopoll does not know.",
    {{"octopoll record 192.0.2.1", "writes 192.0.2.1.snmprec, readable by you alone"},
     {"octopoll record switch.example.net -c file:community --anonymize -o bug.snmprec", "for a bug report"},
     {"octopoll record 192.0.2.1 --oid 1.3.6.1.2.1.47 --oid 1.0.8802", "ENTITY-MIB and LLDP as well"},
     {"octopoll record 192.0.2.1 --all -o - | gzip > all.snmprec.gz",
      "everything below 1.3.6.1 but the configuration of SNMP itself"}},
    "0 done, 1 no answer or not all of it, 2 bad usage, 3 internal error"};

struct Arguments {
  Target target;
  SnmpArguments snmp;
  recording::Plan plan;
  std::vector<std::string> oids;
  std::filesystem::path file;  ///< empty: stdout
  bool force = false;
  bool anonymize = false;
};

/// "192.0.2.1.snmprec", "switch.example.net-1161.snmprec": of characters that need no quotes anywhere, and such that
/// the test agent's community, which is the file's name, is one word.
std::string file_name_of(const Target& target) {
  std::string name = target.host;
  if (target.port != 161) name += fmt::format("-{}", target.port);
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
  };
  std::replace_if(name.begin(), name.end(), std::not_fn(plain), '-');
  return name + ".snmprec";
}

Result<Arguments> read(const po::variables_map& variables) {
  Arguments arguments;
  if (variables.count("target") == 0) return fail(ErrorKind::usage, "no TARGET given", "octopoll record 192.0.2.1");
  auto target = parse_target(variables["target"].as<std::string>());
  if (!target) return tl::make_unexpected(target.error());
  arguments.target = std::move(*target);
  auto snmp = snmp_arguments(variables);
  if (!snmp) return tl::make_unexpected(snmp.error());
  arguments.snmp = std::move(*snmp);
  if (variables.count("oid") != 0) arguments.oids = variables["oid"].as<std::vector<std::string>>();
  arguments.plan.everything = variables["all"].as<bool>();
  arguments.force = variables["force"].as<bool>();
  arguments.anonymize = variables["anonymize"].as<bool>();
  arguments.file = file_name_of(arguments.target);
  if (variables.count("file") != 0) {
    const auto file = variables["file"].as<std::string>();
    if (file.empty()) return fail(ErrorKind::usage, "-o is given no file", "-o FILE, or -o - for stdout");
    arguments.file = file == "-" ? "" : file;
  }
  return arguments;
}

/// Names are looked up in the MIBs only where there are some, for reading those takes a moment.
Result<> resolve_oids(Arguments& arguments) {
  std::unique_ptr<snmp::Names> names;
  for (const std::string& text : arguments.oids) {
    if (auto oid = snmp::Oid::parse(text)) {
      arguments.plan.more.push_back(std::move(*oid));
      continue;
    }
    if (!names) {
      auto loaded = snmp::Names::load();
      if (!loaded) return tl::make_unexpected(loaded.error());
      names = std::move(*loaded);
    }
    auto oid = names->resolve(text);
    if (!oid) return tl::make_unexpected(oid.error());
    arguments.plan.more.push_back(std::move(*oid));
  }
  return {};
}

void say(const std::string& text) { std::cerr << "octopoll record: " << text << "\n"; }

void make_anonymous(recording::Objects& objects, const Arguments& arguments) {
  const recording::Anonymized done = recording::anonymize(objects);
  say(fmt::format("made anonymous: {} texts, {} addresses, {} other values; {} objects left out",
                  format_count(done.texts), format_count(done.addresses), format_count(done.others),
                  format_count(done.left_out)));
  if (arguments.plan.everything || !arguments.plan.more.empty()) {
    say("--oid and --all bring objects that octopoll does not know: look through the file before you send it");
  }
}

int record_to(const Arguments& arguments, std::optional<recording::OutputFile> file) {
  auto interview = snmp::Interview::create();
  if (!interview) {
    print_error("record", interview.error());
    return exit_code(exit_code_for(interview.error()));
  }
  const auto signals = Signals::watch((*interview)->loop(), {SIGINT, SIGTERM}, [&](int) { (*interview)->interrupt(); });
  if (!signals) {
    print_error("record", signals.error());
    return exit_code(ExitCode::internal);
  }
  const auto session = reach(**interview, arguments.target, arguments.snmp);
  if (!session) {
    print_error("record", session.error());
    return exit_code(exit_code_for(session.error()));
  }
  recording::Recording recording;
  {
    ProgressLine progress;
    recording = recording::record(**interview, **session, arguments.plan, [&](std::size_t objects) {
      progress.show([&] { return fmt::format("recording: {} objects", format_count(objects)); });
    });
  }
  for (const std::string& note : recording.notes) say(note);
  const std::size_t found = recording.objects.size();
  if (found != 0) {
    if (arguments.anonymize) make_anonymous(recording.objects, arguments);
    const std::string text = recording::to_snmprec(recording.objects);
    if (!file) {
      std::cout << text << std::flush;
    } else if (const auto written = file->commit(text); !written) {
      print_error("record", written.error());
      return exit_code(exit_code_for(written.error()));
    } else {
      say(fmt::format("{} objects in {}", format_count(recording.objects.size()), agent_text(file->path().string())));
    }
  }
  if (!recording.error && found != 0) return exit_code(ExitCode::done);
  if (!recording.error) {
    recording.error =
        Error{ErrorKind::agent, fmt::format("{}: it shows nothing to record", to_string(arguments.target)),
              "does the community, or the user, have a view of the interface tables?"};
  } else {
    recording.error->message += found == 0 ? "; nothing was recorded" : "; the recording is not complete";
  }
  print_error("record", *recording.error);
  return exit_code(ExitCode::some_failed);
}

}  // namespace

int run_record(int argc, char** argv) {
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("file,o", po::value<std::string>()->value_name("FILE"), "where to; - is stdout (TARGET.snmprec in this directory)")
      ("force", po::bool_switch(), "overwrite the file")
      ("anonymize", po::bool_switch(), "other names and addresses; the file is then readable by all")
      ("oid", po::value<std::vector<std::string>>()->value_name("OID"), "another subtree or object, by number or name; may be given often")
      ("all", po::bool_switch(), "all that there is below 1.3.6.1");
  options.add(snmp_options());
  po::options_description hidden;
  hidden.add_options()("target", po::value<std::string>(), "");
  // clang-format on
  po::positional_options_description positional;
  positional.add("target", 1);

  const auto variables = parse_arguments(argc, argv, help, options, positional, hidden);
  blank_secrets(argc, argv);
  if (!variables) return exit_code(variables.error());
  auto arguments = read(*variables);
  if (!arguments) {
    print_error("record", arguments.error());
    return exit_code(exit_code_for(arguments.error()));
  }
  if (const auto resolved = resolve_oids(*arguments); !resolved) {
    print_error("record", resolved.error());
    return exit_code(exit_code_for(resolved.error()));
  }
  if (arguments->file.empty()) return record_to(*arguments, std::nullopt);
  auto file = recording::OutputFile::create(arguments->file, {arguments->force, !arguments->anonymize});
  if (!file) {
    print_error("record", file.error());
    return exit_code(exit_code_for(file.error()));
  }
  return record_to(*arguments, std::move(*file));
}

}  // namespace octopoll::cli
