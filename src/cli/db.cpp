#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/problems.hpp"
#include "cli/progress_line.hpp"
#include "cli/report_request.hpp"
#include "octopoll/config/inventory.hpp"
#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/report/damaged.hpp"
#include "octopoll/report/time_window.hpp"
#include "octopoll/store/care.hpp"
#include "octopoll/store/path.hpp"

namespace octopoll::cli {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;
using Json = nlohmann::ordered_json;
using Arguments = po::variables_map;

constexpr const char* db_exit_codes =
    "0 done, 1 it could not be done, or check found damage, 2 bad usage, 3 internal error";

/// What a task is asked with.
struct Asked {
  const Arguments& arguments;
  const fs::path& store;
  const std::optional<config::Inventory>& inventory;  ///< of -c
};

/// One of `octopoll db`: what it is called, what it teaches, what it takes, what it does.
struct Task {
  std::string_view name;
  std::string_view summary;
  CommandHelp (*help)();
  void (*add_options)(po::options_description&);
  const char* word;  ///< the option that a word without one belongs to; nullptr: none
  int (*run)(const Asked& asked);
};

volatile std::sig_atomic_t stop_wanted = 0;

/// Ctrl-C ends long work between two steps of it, and nothing half-done is left.
class StopOnSignal {
 public:
  StopOnSignal() {
    for (const int number : {SIGINT, SIGTERM}) std::signal(number, [](int) { stop_wanted = 1; });
  }
  ~StopOnSignal() {
    for (const int number : {SIGINT, SIGTERM}) std::signal(number, SIG_DFL);
  }
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
};

int fail_with(const Error& error) {
  print_error("db", error);
  return exit_code(exit_code_for(error));
}

/// Shows `what` with a percentage where there is one.
store::Progress progress_of(ProgressLine& line, std::string what) {
  return [&line, what = std::move(what)](std::int64_t done, std::int64_t total) {
    line.show(
        [&] { return total > 0 ? fmt::format("{}: {} %", what, 100 * done / total) : fmt::format("{} ...", what); });
    return stop_wanted == 0;
  };
}

// --- info ---

CommandHelp info_help() {
  return {"octopoll db info [-c FILE] [--db FILE] [--rows] [--format table|json]",
          "Shows which file the store is, how large, how far it goes back, and what of it is free to be used again.",
          {{"octopoll db info", "at a glance"},
           {"octopoll db info -c inventory.yaml", "the inventory's store, and how long it keeps what"},
           {"octopoll db info --rows", "counts rows and octets of each kind, for which it reads the whole file"}},
          db_exit_codes};
}
void add_info_options(po::options_description& options) {
  options.add_options()("config,c", po::value<std::string>()->value_name("FILE"),
                        "the inventory, to show how long it keeps what")("rows", po::bool_switch(),
                                                                         "count rows and octets of each kind")(
      "format", po::value<std::string>()->value_name("FORMAT")->default_value("table"), "table or json");
}

Json json_of(const store::StoreInfo& info, const fs::path& path) {
  Json result{{"store", path.string()},
              {"schema_version", info.schema_version},
              {"file_octets", info.file_octets},
              {"log_octets", info.log_octets},
              {"free_octets", info.free_octets},
              {"devices", info.devices},
              {"interfaces", info.interfaces},
              {"ping_targets", info.ping_targets},
              {"sums_due", info.sums_due},
              {"backlog", info.has_backlog},
              {"kept", Json::array()}};
  for (const store::KeptSpan& span : info.spans) {
    Json one{{"what", span.what},
             {"since", span.since ? Json(report::utc_text(*span.since)) : Json()},
             {"until", span.until ? Json(report::utc_text(*span.until)) : Json()}};
    if (span.rows) one["rows"] = *span.rows;
    if (span.octets) one["octets"] = *span.octets;
    result["kept"].push_back(std::move(one));
  }
  return result;
}

/// "samples 7d, five_minutes 90d, hours 730d, days forever": as the inventory has it.
std::string words_of(const Retention& retention) {
  std::string words;
  for (const RetentionLevel& level : retention_levels) {
    const auto& keep = retention.*level.keep;
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", level.name,
                         keep ? format_duration(*keep) : std::string(kept_for_ever));
  }
  return words;
}

int run_info(const Asked& asked) {
  const Arguments& arguments = asked.arguments;
  const auto format = parse_format(arguments["format"].as<std::string>());
  if (!format || *format == report::Format::csv)
    return fail_with({ErrorKind::usage, "unknown format for db info", "--format takes table or json"});
  const auto kept = asked.inventory ? std::optional(asked.inventory->retention) : std::nullopt;
  ProgressLine line;
  const auto info = store::store_info(asked.store, arguments["rows"].as<bool>(), progress_of(line, "counting"));
  if (!info) return fail_with(info.error());
  if (*format == report::Format::json) {
    Json result = json_of(*info, asked.store);
    for (const RetentionLevel& level : retention_levels) {
      if (!kept) continue;
      const auto& keep = (*kept).*level.keep;
      result["retention_s"][std::string(level.name)] = keep ? Json(keep->count()) : Json(nullptr);
    }
    std::cout << result.dump(1, ' ', false, Json::error_handler_t::replace) << "\n";
    return exit_code(ExitCode::done);
  }
  std::cout
      << fmt::format(
             "schema version  {}\nfile            {}, of which {} are free to be used again\nlog             {}\n",
             info->schema_version, format_octets(info->file_octets), format_octets(info->free_octets),
             format_octets(info->log_octets))
      << fmt::format("devices         {} with {} interfaces; {} targets of pings\n", info->devices, info->interfaces,
                     info->ping_targets);
  if (info->has_backlog)
    std::cout << "sums            samples of an older version are being summed up by octopoll run\n";
  std::cout << (kept ? fmt::format("kept            {}\n", words_of(*kept))
                     : "kept            as the inventory says (-c FILE shows it)\n")
            << "\n";
  for (const store::KeptSpan& span : info->spans) {
    std::string text = span.since ? fmt::format("{} to {}", report::local_text(*span.since),
                                                report::local_text(span.until.value_or(*span.since)))
                                  : "none";
    if (span.rows) text += fmt::format(", {} rows", format_count(static_cast<std::size_t>(*span.rows)));
    if (span.octets) text += fmt::format(" in {}", format_octets(static_cast<std::uint64_t>(*span.octets)));
    std::cout << fmt::format("{:<15} {}\n", span.what, text);
  }
  return exit_code(ExitCode::done);
}

// --- check ---

CommandHelp check_help() {
  return {
      "octopoll db check [--db FILE] [--quick]",
      "Reads the whole store and says what is damaged: pages, indexes, references, and by device, interface and days\n"
      "blocks of sealed rows. It may run beside octopoll run.",
      {{"octopoll db check", "everything"},
       {"octopoll db check --quick",
        "without comparing tables and indexes or unpacking sealed rows, in a fraction of the time"},
       {"octopoll db backup NEW --leave-out-damaged", "what helps where there is damage and no backup"}},
      db_exit_codes};
}
void add_check_options(po::options_description& options) {
  options.add_options()("quick", po::bool_switch(),
                        "leave out whether tables and indexes agree, and the blocks of sealed rows");
}
int run_check_task(const Asked& asked) {
  const Arguments& arguments = asked.arguments;
  ProgressLine line;
  const auto wrong = store::check_store(asked.store, arguments["quick"].as<bool>(), progress_of(line, "checking"));
  if (!wrong) return fail_with(wrong.error());
  for (const std::string& one : *wrong) std::cout << agent_text(one) << "\n";
  if (wrong->empty()) std::cout << "ok\n";
  return exit_code(wrong->empty() ? ExitCode::done : ExitCode::some_failed);
}

// --- backup ---

CommandHelp backup_help() {
  return {"octopoll db backup FILE [--leave-out-damaged] [--db FILE]",
          "Copies the store as it is at one moment to a file of its own, while octopoll run writes on. The copy is a\n"
          "store like any other, and is checked. A file that exists is not written over. Of a damaged store no copy\n"
          "is made, unless --leave-out-damaged asks for all that can be read of it.",
          {{"octopoll db backup /backup/octopoll-$(date +%F).db", "each night, from cron"},
           {"octopoll db backup rescued.db --leave-out-damaged", "what holds of a damaged store"},
           {"octopoll report utilization --db /backup/octopoll-2026-01-31.db --since 30d", "what it is good for"}},
          db_exit_codes};
}
void add_backup_options(po::options_description& options) {
  options.add_options()("to", po::value<std::string>()->value_name("FILE"), "the copy")(
      "leave-out-damaged", po::bool_switch(),
      "copy row by row, without what cannot be read: that is named on stderr"
      " and the exit code is 1");
}
int run_salvage(const fs::path& store, const fs::path& to, ProgressLine& line) {
  const auto lost = store::salvage_store(store, to, progress_of(line, "copying"));
  if (!lost) return fail_with(lost.error());
  if (lost->empty()) return exit_code(ExitCode::done);
  std::string named;
  for (const std::string& one : *lost) named += "\n  " + agent_text(one);
  return fail_with({ErrorKind::store,
                    fmt::format("{} has all of {} but what could not be read:{}", agent_text(to.string()),
                                agent_text(store.string()), named),
                    "a backup from before may have it: reports read that with --db"});
}
int run_backup(const Asked& asked) {
  const Arguments& arguments = asked.arguments;
  if (arguments.count("to") == 0)
    return fail_with({ErrorKind::usage, "no file given for the copy", "try octopoll db backup octopoll-copy.db"});
  const fs::path to = arguments["to"].as<std::string>();
  ProgressLine line;
  if (arguments["leave-out-damaged"].as<bool>()) return run_salvage(asked.store, to, line);
  if (auto done = store::back_up_store(asked.store, to, progress_of(line, "copying")); !done)
    return fail_with(done.error());
  return exit_code(ExitCode::done);
}

// --- prune ---

CommandHelp prune_help() {
  return {
      "octopoll db prune [-c FILE | --samples T --five-minutes T --hours T --days T] [--db FILE]",
      "Takes what is older than the store is to keep, counted back from its newest record (from now,\n"
      "where that is labelled later). octopoll run does that by\n"
      "itself, a little with each batch; this is for a store that nobody writes to. The file keeps its size, and its\n"
      "free pages are used again; octopoll db vacuum gives them back.",
      {{"octopoll db prune -c inventory.yaml", "as the inventory's `store: {retention: ...}` says"},
       {"octopoll db prune --samples 2d", "fewer days of samples, the rest as usual"},
       {"octopoll db prune --samples forever --five-minutes 400d", "at least 2d each, or forever"}},
      db_exit_codes};
}
void add_prune_options(po::options_description& options) {
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  options.add_options()("config,c", text("FILE"), "the inventory whose retention holds")(
      "samples", text("T"), "keep samples so long (7d)")("five-minutes", text("T"),
                                                         "sums of 5 minutes, polls and rounds of pings (90d)")(
      "hours", text("T"), "sums of hours (730d)")("days", text("T"), "sums of days (forever)");
}
Result<Retention> retention_from(const Arguments& arguments, Retention retention) {
  for (const RetentionLevel& level : retention_levels) {
    std::string option(level.name);
    std::replace(option.begin(), option.end(), '_', '-');
    if (arguments.count(option) == 0) continue;
    if (arguments[option].as<std::string>() == kept_for_ever) {
      retention.*level.keep = std::nullopt;
      continue;
    }
    auto time = duration_option(arguments, option.c_str(), least_kept);
    if (!time) {
      time.error().remedy +=
          fmt::format("{}or {}: without an end", time.error().remedy.empty() ? "" : ", ", kept_for_ever);
      return tl::make_unexpected(time.error());
    }
    retention.*level.keep = std::chrono::floor<std::chrono::seconds>(*time);
  }
  return retention;
}
int run_prune(const Asked& asked) {
  const Arguments& arguments = asked.arguments;
  const auto wanted = retention_from(arguments, asked.inventory ? asked.inventory->retention : Retention{});
  if (!wanted) return fail_with(wanted.error());
  ProgressLine line;
  const auto taken = store::prune_store(asked.store, *wanted, progress_of(line, "pruning"));
  if (!taken) return fail_with(taken.error());
  std::cout << fmt::format("{} rows taken\n", format_count(static_cast<std::size_t>(*taken)));
  return exit_code(ExitCode::done);
}

// --- vacuum ---

CommandHelp vacuum_help() {
  return {
      "octopoll db vacuum [--db FILE]",
      "Writes the store anew without its free pages, so that the file shrinks. Nobody may write to it meanwhile, and\n"
      "twice as much as it holds must be free beside it. Seldom needed: free pages are used again.",
      {{"octopoll db prune --samples 2d && octopoll db vacuum", "a smaller file after a shorter retention"}},
      db_exit_codes};
}
int run_vacuum(const Asked& asked) {
  ProgressLine line;
  const auto gained = store::vacuum_store(asked.store, progress_of(line, "writing anew"));
  if (!gained) return fail_with(gained.error());
  std::cout << fmt::format("{} smaller\n",
                           format_octets(static_cast<std::uint64_t>(std::max<std::int64_t>(*gained, 0))));
  return exit_code(ExitCode::done);
}

// --- export ---

std::string exportable_words() {
  std::string words;
  for (const store::Exportable& one : store::exportables()) words += fmt::format("\n  {:<8} {}", one.name, one.summary);
  return words;
}
CommandHelp export_help() {
  return {"octopoll db export WHAT [--since T] [--until T] [--device NAME] [--format csv|json] [-o FILE]",
          "Writes rows of the store as CSV, or as a JSON array with an object a line. WHAT is one of" +
              exportable_words() + "\nThe columns are those of the views in docs/store.md; NULL is empty in CSV.",
          {{"octopoll db export 5m --since 30d --device core1 -o core1.csv", "a month of one device"},
           {"octopoll db export 1h --since 2026-01-01 --until 2026-02-01 --format json", "January, to stdout"}},
          db_exit_codes};
}
void add_export_options(po::options_description& options) {
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  options.add_options()("what", text("WHAT"), "samples, 5m, 1h, 1d, polls or pings")(
      "since", text("TIME"), "begin: 1h, 30d back from now, or a date (default: all there is)")(
      "until", text("TIME"), "end, not included")("device", text("NAME"), "this device alone (of pings: target)")(
      "format", text("FORMAT")->default_value("csv"), "csv or json")("output,o", text("FILE"),
                                                                     "write there, not to stdout");
}

void write_csv(std::ostream& out, const store::ExportedValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) out << *whole;
  if (const auto* real = std::get_if<double>(&value)) out << fmt::format("{}", *real);
  if (const auto* text = std::get_if<std::string>(&value)) out << report::csv_field(*text);
}
Json json_of(const store::ExportedValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return nullptr;
}

Result<> write_rows(std::ostream& out, const fs::path& store, const store::ExportQuery& query, report::Format format) {
  std::vector<std::string> names;
  std::size_t rows = 0;
  const bool csv = format == report::Format::csv;
  const auto columns = [&](std::span<const std::string> all) {
    names.assign(all.begin(), all.end());
    if (!csv) out << "[";
    for (std::size_t i = 0; csv && i < names.size(); ++i) {
      if (i != 0) out << ',';
      out << report::csv_field(names[i]);
    }
    if (csv) out << "\n";
  };
  const auto row = [&](std::span<const store::ExportedValue> values) {
    if (csv) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (i != 0) out << ',';
        write_csv(out, values[i]);
      }
      out << "\n";
    } else {
      Json object = Json::object();
      for (std::size_t i = 0; i < values.size(); ++i) object[names[i]] = json_of(values[i]);
      out << (rows == 0 ? "\n" : ",\n") << object.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    ++rows;
    return out.good() && stop_wanted == 0;
  };
  const auto damaged = store::export_rows(store, query, columns, row);
  // What was written stays of use to a parser, whatever ended it.
  if (!csv && !names.empty()) out << "\n]\n";
  out.flush();
  if (!damaged) {
    Error error = damaged.error();
    error.message += fmt::format("; the export ended there, after {} rows", rows);
    if (error.remedy.empty()) error.remedy = "octopoll db check says more";
    return tl::make_unexpected(std::move(error));
  }
  if (stop_wanted != 0) return fail(ErrorKind::io, fmt::format("the export was stopped after {} rows", rows));
  if (!out) return fail(ErrorKind::io, "the output took not all of the export", "look for room where it goes");
  return report::check_whole(*damaged, "in this export");
}

int run_export(const Asked& asked) {
  const Arguments& arguments = asked.arguments;
  const auto given = [&arguments](const char* option) -> std::optional<std::string> {
    return arguments.count(option) == 0 ? std::nullopt : std::optional(arguments[option].as<std::string>());
  };
  store::ExportQuery query;
  for (const store::Exportable& one : store::exportables()) {
    if (given("what") == one.name) query.what = &one;
  }
  if (query.what == nullptr) {
    return fail_with({ErrorKind::usage,
                      given("what") ? fmt::format("\"{}\" is not known to db export", agent_text(*given("what")))
                                    : "db export is not told what to write",
                      "it writes samples, 5m, 1h, 1d, polls or pings"});
  }
  const auto format = parse_format(*given("format"));
  if (!format || *format == report::Format::table)
    return fail_with({ErrorKind::usage, "unknown format for db export", "--format takes csv or json"});
  const WallTime now = wall_now();
  for (const auto& [option, moment] : {std::pair{"since", &query.since}, std::pair{"until", &query.until}}) {
    if (!given(option)) continue;
    const auto parsed = moment_from(fmt::format("--{}", option).c_str(), *given(option), now);
    if (!parsed) return fail_with(parsed.error());
    *moment = *parsed;
  }
  if (query.since && query.until && *query.since >= *query.until) {
    return fail_with({ErrorKind::usage, "--since is not before --until", "swap them, or leave one out"});
  }
  query.subject = given("device");

  // Before the file is emptied: what was there is lost only to an export that can be made.
  if (const auto sensible = store::check_export(asked.store, query); !sensible) return fail_with(sensible.error());
  Result<> written;
  if (const auto output = given("output")) {
    if (const auto spared = spare_store(*output, asked.store); !spared) return fail_with(spared.error());
    std::ofstream file(*output, std::ios::binary | std::ios::trunc);
    if (!file) {
      return fail_with({ErrorKind::io, fmt::format("cannot write {}", agent_text(*output)),
                        "name a file in a directory that exists and may be written to"});
    }
    written = write_rows(file, asked.store, query, *format);
  } else {
    written = write_rows(std::cout, asked.store, query, *format);
  }
  return written ? exit_code(ExitCode::done) : fail_with(written.error());
}

// --- all of them ---

void add_nothing(po::options_description&) {}

constexpr auto tasks = std::to_array<Task>({
    {"info", "how large it is and how far it goes back", info_help, add_info_options, nullptr, run_info},
    {"check", "whether anything in it is damaged", check_help, add_check_options, nullptr, run_check_task},
    {"backup", "a copy of one moment, while octopoll run writes on", backup_help, add_backup_options, "to", run_backup},
    {"export", "rows as CSV or JSON", export_help, add_export_options, "what", run_export},
    {"prune", "take what is too old, where octopoll run does not", prune_help, add_prune_options, nullptr, run_prune},
    {"vacuum", "give free pages back to the file system", vacuum_help, add_nothing, nullptr, run_vacuum},
});

void print_overview(std::ostream& out) {
  out << "Usage: octopoll db TASK [options]\n\nCares for the store.\n\nTasks\n";
  for (const Task& task : tasks) out << fmt::format("  {:<8} {}\n", task.name, task.summary);
  out << "\n`octopoll db TASK --help` teaches by examples. The store is --db, else $OCTOPOLL_DB, else where octopoll "
         "run\n"
         "keeps it; info and prune also take the inventory's by -c FILE.\nExit codes: "
      << db_exit_codes << "\n";
}

int run_task(const Task& task, int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("db", po::value<std::string>()->value_name("FILE"),
                        "the store (default: $OCTOPOLL_DB, else where `octopoll run` keeps it)");
  po::options_description hidden;
  po::positional_options_description words;
  task.add_options(options);
  if (task.word != nullptr) words.add(task.word, 1);
  const auto arguments = parse_arguments(argc, argv, task.help(), options, words, hidden);
  if (!arguments) return exit_code(arguments.error());
  std::optional<fs::path> flag;
  if (arguments->count("db") != 0) flag = (*arguments)["db"].as<std::string>();
  std::optional<config::Inventory> inventory;
  if (arguments->count("config") != 0) {
    auto loaded = config::load_inventory((*arguments)["config"].as<std::string>());
    if (!loaded) {
      print_errors(loaded.error());
      return exit_code(ExitCode::usage);
    }
    inventory = std::move(*loaded);
  }
  const auto store = store::default_store_path(flag, inventory ? inventory->store : std::nullopt);
  if (!store) return fail_with(store.error());
  std::cerr << fmt::format("octopoll db: store {}\n", agent_text(store->string()));
  const StopOnSignal stop;
  return task.run({*arguments, *store, inventory});
}

}  // namespace

int run_db(int argc, char** argv) {
  const std::string_view word = argc < 2 ? std::string_view() : argv[1];
  if (word == "--help" || word == "-h" || word == "help") {
    print_overview(std::cout);
    return exit_code(ExitCode::done);
  }
  for (const Task& task : tasks) {
    if (task.name != word) continue;
    std::string name = fmt::format("{} {}", argv[0], argv[1]);
    std::vector<char*> rest{name.data()};
    rest.insert(rest.end(), argv + 2, argv + argc);
    rest.push_back(nullptr);
    return run_task(task, argc - 1, rest.data());
  }
  if (word.empty()) {
    print_overview(std::cerr);
    return exit_code(ExitCode::usage);
  }
  std::array<std::string_view, tasks.size()> names{};
  for (std::size_t i = 0; i < tasks.size(); ++i) names[i] = tasks[i].name;
  const auto near = nearest(word, names);
  print_error("db", {ErrorKind::usage, fmt::format("unknown task \"{}\"", agent_text(word)),
                     near ? fmt::format("did you mean \"{}\"? `octopoll db --help` lists them", *near)
                          : "`octopoll db --help` lists the tasks"});
  return exit_code(ExitCode::usage);
}

}  // namespace octopoll::cli
