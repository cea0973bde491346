#include "cli/report_request.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iostream>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

#include "cli/command.hpp"
#include "cli/problems.hpp"
#include "octopoll/core/clock.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/report/damaged.hpp"
#include "octopoll/store/path.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;

struct NamedReport {
  std::string_view name;
  int (*run)(int argc, char** argv);
};
constexpr std::array<NamedReport, 2> named_reports{
    {{"availability", run_report_availability}, {"latency", run_report_latency}}};

std::string as_text(const ReportRequest& request, std::span<const store::DamagedBlock> damaged,
                    const Printers& printers) {
  switch (request.format) {
    case report::Format::table: {
      const auto style = request.style();
      report::Table table = printers.for_people(style.width);
      if (!damaged.empty()) table.notes.push_back(report::damaged_note(damaged));
      return report::to_text(table, style);
    }
    case report::Format::csv:
      return report::to_csv(printers.for_machines());
    case report::Format::json: {
      auto json = printers.json();
      json["damaged"] = report::damaged_json(damaged);
      return json.dump(1) + "\n";
    }
  }
  return {};
}

}  // namespace

std::optional<int> run_named_report(int argc, char** argv) {
  if (argc < 2) return std::nullopt;
  for (const NamedReport& report : named_reports) {
    if (report.name != argv[1]) continue;
    std::string name = fmt::format("{} {}", argv[0], argv[1]);
    std::vector<char*> words{name.data()};
    words.insert(words.end(), argv + 2, argv + argc);
    words.push_back(nullptr);
    return report.run(argc - 1, words.data());
  }
  return std::nullopt;
}

report::TextStyle ReportRequest::style() const {
  return output ? report::TextStyle{} : report::style_of(STDOUT_FILENO);
}

void tell_store(const ReportRequest& request) {
  std::cerr << fmt::format("octopoll report: store {}\n", agent_text(request.store.string()));
}

void add_report_options(po::options_description& options) {
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  options.add_options()                                                                              //
      ("db", text("FILE"), "the store (default: $OCTOPOLL_DB, else where `octopoll run` keeps it)")  //
      ("since", text("TIME")->default_value("24h"),
       "begin: 1h, 30d back from now, or 2026-01-31, 2026-01-31T12:00 local"
       " time, with Z at the end UTC")                                          //
      ("until", text("TIME"), "end, not included (default: now)")               //
      ("top", text("N"), "only the first N")                                    //
      ("format", text("FORMAT")->default_value("table"), "table, csv or json")  //
      ("output,o", text("FILE"), "write there, not to stdout");
}

Result<ReportRequest> report_request_from(const po::variables_map& arguments) {
  const auto given = [&arguments](const char* option) -> std::optional<std::string> {
    return arguments.count(option) == 0 ? std::nullopt : std::optional(arguments[option].as<std::string>());
  };
  const WallTime now = wall_now();
  const auto since = moment_from("--since", *given("since"), now);
  if (!since) return tl::make_unexpected(since.error());
  const auto until = given("until") ? moment_from("--until", *given("until"), now) : Result<WallTime>(now);
  if (!until) return tl::make_unexpected(until.error());
  const auto top = top_from(arguments);
  if (!top) return tl::make_unexpected(top.error());
  const auto format = parse_format(*given("format"));
  if (!format) return tl::make_unexpected(format.error());
  std::optional<config::Inventory> inventory;
  if (const auto config = given("config")) {
    auto loaded = config::load_inventory(*config);
    if (!loaded) {
      print_errors(loaded.error());
      return fail(ErrorKind::usage, "--config: the inventory is not right", "octopoll check -c FILE says the same");
    }
    inventory = std::move(*loaded);
  }
  const auto store = store::default_store_path(given("db"), inventory ? inventory->store : std::nullopt);
  if (!store) return tl::make_unexpected(store.error());
  ReportRequest request{{*since, *until}, *top, *format, *store, {}, std::move(inventory)};
  if (const auto output = given("output")) {
    request.output = *output;
    if (auto spared = spare_store(*request.output, *store); !spared) return tl::make_unexpected(spared.error());
  }
  return request;
}

Result<WallTime> moment_from(const char* option, const std::string& text, WallTime now) {
  auto moment = report::parse_moment(text, now);
  if (!moment)
    return fail(ErrorKind::usage, fmt::format("{}: {}", option, moment.error().message), moment.error().remedy);
  return moment;
}

Result<std::optional<std::size_t>> top_from(const po::variables_map& arguments) {
  if (arguments.count("top") == 0) return std::optional<std::size_t>{};
  const auto& digits = arguments["top"].as<std::string>();
  const bool number =
      !digits.empty() && digits.size() <= 9 && digits.find_first_not_of("0123456789") == std::string::npos;
  if (!number || std::stoul(digits) == 0) {
    return fail(ErrorKind::usage, fmt::format("--top \"{}\" is no number of rows", agent_text(digits)),
                "give a whole number from 1, for example --top 10");
  }
  return std::optional<std::size_t>(std::stoul(digits));
}

Result<> spare_store(const std::filesystem::path& output, const std::filesystem::path& store) {
  namespace fs = std::filesystem;
  for (const char* const beside : {"", "-wal", "-shm", "-journal", ".lock"}) {
    fs::path kept = store;
    kept += beside;
    std::error_code error;
    const bool same = fs::equivalent(output, kept, error);
    if (same || fs::weakly_canonical(output, error) == fs::weakly_canonical(kept, error)) {
      return fail(ErrorKind::usage, fmt::format("--output {} is a file of the store", agent_text(output.string())),
                  "name another one");
    }
  }
  return {};
}

Result<> write_out(const std::string& text, const std::optional<std::filesystem::path>& output) {
  if (!output) {
    std::cout << text << std::flush;
    if (!std::cout) return fail(ErrorKind::io, "stdout took not all of the report");
    return {};
  }
  std::ofstream file(*output, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) {
    return fail(ErrorKind::io, fmt::format("cannot write {}", agent_text(output->string())),
                "name a file in a directory that exists and may be written to");
  }
  return {};
}

Result<> print_whole(const ReportRequest& request, const store::Reader& reader, const Printers& printers) {
  const auto damaged = reader.damaged();
  if (auto written = write_out(as_text(request, damaged, printers), request.output); !written) return written;
  return report::check_whole(damaged, "in this report");
}

}  // namespace octopoll::cli
