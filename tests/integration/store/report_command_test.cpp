// `octopoll report` as a person runs it: what goes where, and the exit codes.

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "octopoll/store/writer.hpp"
#include "support/binaries.hpp"
#include "support/run_command.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/make_record.hpp"

namespace octopoll::report {
namespace {

using namespace std::chrono_literals;

test::CommandResult report(std::vector<std::string> words, test::ChildOptions options = {}) {
  std::vector<std::string> argv{test::octopoll_binary().string(), "report"};
  argv.insert(argv.end(), words.begin(), words.end());
  options.env.emplace_back("TZ", "UTC0");
  return test::run_command(argv, options);
}

void fill(const std::filesystem::path& store) {
  auto writer = store::Writer::open(store).value();
  writer->take(
      test::share(test::make_cycle("sw1", 1, test::noon, {test::make_row({.name = "a", .quality = Quality::first})})));
  writer->take(test::share(test::make_cycle(
      "sw1", 2, test::noon + 60s, {test::make_row({.name = "a", .in_octets = 7'500'000, .out_octets = 75})})));
  REQUIRE(writer->close().records == 2);
}

TEST_CASE("the table goes to stdout, the store's path to stderr") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto result =
      report({"utilization", "--db", (dir / "x.db").string(), "--since", "2026-01-31", "--until", "2026-02-01"});
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK(result.out.substr(0, 6) == "Device");
  CHECK(result.out.find("1 Mb/s") != std::string::npos);
  CHECK(result.out.find("100.0 %") != std::string::npos);
  CHECK(result.out.find("95th percentile of 5m averages aligned to the clock (288 in the window)") !=
        std::string::npos);
  CHECK(result.err == "octopoll report: store " + (dir / "x.db").string() + "\n");
}

TEST_CASE("CSV and JSON say the same, byte for byte on every run") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const std::vector<std::string> common{"utilization", "--db",       (dir / "x.db").string(), "--since", "2026-01-31Z",
                                        "--until",     "2026-02-01Z"};
  auto words = common;
  words.insert(words.end(), {"--format", "csv", "-o", (dir / "out.csv").string()});
  const auto csv = report(words);
  INFO(csv.describe());
  CHECK(csv.exit_code() == 0);
  CHECK(csv.out.empty());
  CHECK(
      test::read_file(dir / "out.csv") ==
      "device,interface,alias,in_speed_bps,out_speed_bps,utilization_avg,utilization_max,utilization_p95,in_bps_avg,"
      "in_bps_max,in_bps_p95,out_bps_avg,out_bps_max,out_bps_p95,in_utilization_avg,in_utilization_max,"
      "in_utilization_p95,out_utilization_avg,out_utilization_max,out_utilization_p95,in_octets,out_octets,valid_share,"
      "in_valid_share,out_valid_share,in_bins,out_bins\n"
      "sw1,a,,1000000000,1000000000,0.001,0.001,0.001,1000000,1000000,1000000,10,10,10,0.001,0.001,0.001,1e-08,1e-08,"
      "1e-08,7500000,75,1,1,1,1,1\n");
  words = common;
  words.insert(words.end(), {"--format", "json"});
  const auto json = report(words);
  INFO(json.describe());
  CHECK(json.exit_code() == 0);
  CHECK(json.out.find("\"since\": \"2026-01-31T00:00:00Z\"") != std::string::npos);
  CHECK(json.out.find("\"in_octets\": 7500000") != std::string::npos);
}

TEST_CASE("nothing to show is said, and is no failure") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto result = report({"utilization", "--db", (dir / "x.db").string(), "--since", "2020-01-01Z", "--until",
                              "2020-01-02Z", "--format", "json"});
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK(result.out.find("\"interfaces\": []") != std::string::npos);
  CHECK(result.err.find("no interface was polled") != std::string::npos);
}

TEST_CASE("a store that is not there is exit 1, with the way to one") {
  const test::TempDir dir;
  const auto result = report({"utilization", "--db", (dir / "x.db").string()});
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK(result.out.empty());
  CHECK(result.err.find("octopoll run -c FILE") != std::string::npos);
}

TEST_CASE("the store may be named by the environment") {
  const test::TempDir dir;
  test::ChildOptions options;
  options.env.emplace_back("OCTOPOLL_DB", (dir / "none.db").string());
  const auto result = report({"utilization"}, options);
  CHECK(result.exit_code() == 1);
  CHECK(result.err.find((dir / "none.db").string()) != std::string::npos);
}

TEST_CASE("bad usage is exit 2, names the option, and needs no store") {
  struct BadUsage {
    std::vector<std::string> words;
    std::string named;
  };
  const auto bad = GENERATE(values<BadUsage>({
      {{}, "no report named"},
      {{"utilisation"}, "did you mean \"utilization\"?"},
      {{"events"}, "there is utilization"},
      {{"utilization", "--since", "yesterday"}, "--since: \"yesterday\" is no time"},
      {{"utilization", "--until", "2026-02-30"}, "--until: \"2026-02-30\""},
      {{"utilization", "--since", "1h", "--until", "2h"}, "is not after --since"},
      {{"utilization", "--device", "("}, "--device \"(\" is no regular expression"},
      {{"utilization", "--interface", "[z-a]"}, "--interface \"[z-a]\" is no regular expression"},
      {{"utilization", "--top", "0"}, "--top \"0\""},
      {{"utilization", "--top", "-3"}, "--top \"-3\""},
      {{"utilization", "--sort", "averge"}, "did you mean \"average\"?"},
      {{"utilization", "--step", "90"}, "--step"},
      {{"utilization", "--step", "1500ms"}, "--step 1500ms is not a whole number of seconds"},
      {{"utilization", "--format", "html"}, "--format takes table, csv or json"},
      {{"utilization", "--db", ""}, "--db"},
  }));
  test::ChildOptions options;
  options.env.emplace_back("OCTOPOLL_DB", "/nonexistent/x.db");
  const auto result = report(bad.words, options);
  INFO(result.describe());
  CHECK(result.exit_code() == 2);
  CHECK(result.out.empty());
  CHECK(result.err.find(bad.named) != std::string::npos);
}

TEST_CASE("a report that cannot be written where it should is a failure") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto result = report({"utilization", "--db", (dir / "x.db").string(), "-o", (dir / "no" / "x.txt").string()});
  CHECK(result.exit_code() == 1);
  CHECK(result.err.find("cannot write") != std::string::npos);
}

TEST_CASE("errors and totals are reports of the same store") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const std::vector<std::string> common{"--db",       (dir / "x.db").string(), "--since", "2026-01-31Z", "--until",
                                        "2026-02-01Z"};
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.end(), common.begin(), common.end());
    return report(words);
  };
  const auto errors = run({"errors"});
  INFO(errors.describe());
  CHECK(errors.exit_code() == 0);
  CHECK_THAT(errors.out, Catch::Contains("Health") && Catch::Contains("errors"));
  // One error in three packets and two lost ones: all is well where that is allowed.
  test::write_file(dir / "inventory.yaml",
                   "devices: [{name: sw1, address: 192.0.2.1, health: {errors: 100%, discards: 1}}]\n");
  const auto lenient = run({"errors", "-c", (dir / "inventory.yaml").string(), "--format", "csv"});
  CHECK_THAT(lenient.out, Catch::Contains("sw1,a,,ok,"));
  CHECK_THAT(run({"errors", "-c", (dir / "inventory.yaml").string(), "--max-errors", "1%", "--format", "csv"}).out,
             Catch::Contains("sw1,a,,errors,"));
  const auto totals = run({"totals"});
  INFO(totals.describe());
  CHECK(totals.exit_code() == 0);
  CHECK_THAT(totals.out, Catch::Contains("1 Mb/s") && Catch::Contains("100.0 %"));
  CHECK_THAT(run({"totals", "--format", "json"}).out, Catch::Contains("\"report\": \"totals\""));

  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"errors", "--sort", "p95"},
                                             {"utilization", "--layers", "all"},
                                             {"totals", "--layers", "some"},
                                             {"totals", "--exclude", "("},
                                             {"errors", "--max-errors", "2"},
                                             {"errors", "-c", "/nowhere.yaml"}}) {
    const auto refused = run(words);
    INFO(refused.describe());
    CHECK(refused.exit_code() == 2);
    CHECK(refused.out.empty());
  }
}

}  // namespace
}  // namespace octopoll::report
