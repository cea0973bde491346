// `octopoll report latency` and `availability` as a person runs them: what goes where, and the exit codes.

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "octopoll/store/writer.hpp"
#include "support/binaries.hpp"
#include "support/run_command.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/make_record.hpp"

using namespace octopoll;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

test::CommandResult report(std::vector<std::string> words, test::ChildOptions options = {}) {
  std::vector<std::string> argv{test::octopoll_binary().string(), "report"};
  argv.insert(argv.end(), words.begin(), words.end());
  options.env.emplace_back("TZ", "UTC0");
  return test::run_command(argv, options);
}

/// A probe with a bad hour, and a device that answers echo alone.
void fill(const std::filesystem::path& store) {
  auto writer = store::Writer::open(store).value();
  for (int minute = 0; minute < 120; minute += 10) {
    PingRound round;
    round.target = "resolver";
    round.address = "192.0.2.53";
    round.started_at = test::noon + minute * 1min;
    round.interval = 60s;
    round.sent = 10;
    const bool bad = minute == 70;
    round.received = bad ? 5 : 10;
    round.round_trips.assign(round.received, bad ? 80ms : 20ms);
    writer->take(test::share(round));
    round.target = "sw1";
    round.is_device = true;
    writer->take(test::share(round));
    DeviceCycle cycle = test::make_cycle("sw1", static_cast<std::uint64_t>(minute / 10 + 1), round.started_at, {});
    cycle.outcome = CycleOutcome::failed;
    cycle.error = Error{ErrorKind::timeout, "sw1: no answer", {}};
    cycle.interval = 10min;
    writer->take(test::share(std::move(cycle)));
  }
  REQUIRE(writer->close().records == 36);
}

std::vector<std::string> on(const test::TempDir& dir, std::vector<std::string> words) {
  words.insert(words.end(),
               {"--db", (dir / "x.db").string(), "--since", "2026-01-31T12:00Z", "--until", "2026-01-31T14:00Z"});
  return words;
}

}  // namespace

TEST_CASE("report latency prints a table to stdout and the store's path to stderr", "[report]") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto result = report(on(dir, {"latency", "--device", "resolver", "--voice"}));
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK(result.err == "octopoll report: store " + (dir / "x.db").string() + "\n");
  CHECK(result.out.substr(0, result.out.find(", rounds")) ==
        "Target    Address     Sent    Loss  min ms    p5  median  mean   p95   p99   max  sdev  Jitter   MOS     R  "
        "      Worst hour    loss   p95\n"
        "resolver  192.0.2.53   120  4.17 %    20.0  20.0    20.0  22.6  20.0  80.0  80.0  12.2   0.000  3.98  78.9  "
        "2026-01-31 13:00  8.33 %  80.0\n"
        "\n2026-01-31 12:00:00 UTC to 2026-01-31 14:00:00 UTC");
}

TEST_CASE("report latency as CSV and JSON", "[report]") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto csv = report(on(dir, {"latency", "--format", "csv", "-o", (dir / "out.csv").string(), "--sort", "name"}));
  INFO(csv.describe());
  CHECK(csv.exit_code() == 0);
  CHECK(csv.out.empty());
  const std::string text = test::read_file(dir / "out.csv");
  CHECK(text.substr(0, text.find('\n')) ==
        "target,is_device,address,rounds,sent,received,loss,duplicates,late,errors,rtt_min_ms,rtt_p5_ms,rtt_median_ms,"
        "rtt_mean_ms,rtt_p95_ms,rtt_p99_ms,rtt_max_ms,rtt_deviation_ms,delay_variation_ms,smoothed_jitter_ms,"
        "voice_mos,voice_r,worst_hour,worst_hour_loss,worst_hour_p95_ms");
  CHECK(text.find("\nresolver,false,192.0.2.53,12,120,115,") != std::string::npos);

  const auto smoke = report(on(dir, {"latency", "--smoke", "--device", "resolver"}));
  INFO(smoke.describe());
  CHECK(smoke.exit_code() == 0);
  CHECK(smoke.out.find("\nresolver (192.0.2.53)\n") != std::string::npos);
  CHECK(smoke.out.find("2026-01-31 13:00     8.33 %  |@") != std::string::npos);

  const auto made = report(on(dir, {"latency", "--format", "json", "--top", "1"}));
  INFO(made.describe());
  REQUIRE(made.exit_code() == 0);
  const json parsed = json::parse(made.out);
  CHECK(parsed["targets_found"] == 2);
  REQUIRE(parsed["targets"].size() == 1);
  REQUIRE(parsed["targets"][0]["worst_hours"].size() == 2);
  CHECK(parsed["targets"][0]["worst_hours"][0]["begin"] == "2026-01-31T13:00:00Z");
  CHECK(parsed["targets"][0]["worst_hours"][0]["received"] == 55);
}

TEST_CASE("report availability says how long and since when", "[report]") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto result = report(on(dir, {"availability", "--format", "json"}));
  INFO(result.describe());
  REQUIRE(result.exit_code() == 0);
  const json parsed = json::parse(result.out);
  REQUIRE(parsed["devices"].size() == 1);
  const json& device = parsed["devices"][0];
  CHECK(device["device"] == "sw1");
  CHECK(device["snmp_share"] == 0.0);
  CHECK(device["icmp_share"] == 1.0);
  CHECK(device["down_seconds"].get<double>() + device["icmp_only_seconds"].get<double>() == 7200.0);

  const auto table = report(on(dir, {"availability"}));
  CHECK(table.exit_code() == 0);
  CHECK(table.out.substr(0, 15) == "Device  State  ");
}

TEST_CASE("a report of pings with nothing to show says so, and is no failure", "[report]") {
  const test::TempDir dir;
  REQUIRE(store::Writer::open(dir / "x.db"));
  for (const std::string name : {"latency", "availability"}) {
    const auto empty = report({name, "--db", (dir / "x.db").string(), "--format", "json"});
    INFO(empty.describe());
    CHECK(empty.exit_code() == 0);
    CHECK(json::parse(empty.out)["report"] == name);
    CHECK(empty.err.find("; --since reaches further back") != std::string::npos);
    const auto none_left = report({name, "--db", (dir / "x.db").string(), "--device", "x"});
    CHECK(none_left.exit_code() == 0);
    CHECK(none_left.err.find("that --device leaves; check it, or --since") != std::string::npos);
  }
}

TEST_CASE("reports of pings: a store that is not there is exit 1, with the way to one", "[report]") {
  const test::TempDir dir;
  for (const std::string name : {"latency", "availability"}) {
    const auto result = report({name, "--db", (dir / "none.db").string()});
    INFO(result.describe());
    CHECK(result.exit_code() == 1);
    CHECK(result.out.empty());
    CHECK(result.err.find("octopoll run -c FILE") != std::string::npos);
  }
}

TEST_CASE("reports of pings: bad usage is exit 2, names the option, and needs no store", "[report]") {
  const auto [words, named] = GENERATE(table<std::vector<std::string>, std::string>({
      {{"latency", "--since", "yesterday"}, "--since: \"yesterday\" is no time"},
      {{"latency", "--since", "1h", "--until", "2h"}, "is not after --since"},
      {{"latency", "--device", "("}, "--device \"(\" is no regular expression"},
      {{"latency", "--top", "0"}, "--top \"0\""},
      {{"latency", "--sort", "los"}, "did you mean \"loss\"?"},
      {{"latency", "--smoke", "--format", "csv"}, "--smoke is no table that CSV could hold"},
      {{"latency", "--format", "html"}, "--format takes table, csv or json"},
      {{"latency", "--interface", "x"}, "octopoll report latency: unrecognised option '--interface'"},
      {{"latency", "extra"}, "octopoll report latency"},
      {{"latency", "--db", ""}, "--db"},
      {{"availability", "--sort", "wurst"}, "did you mean \"worst\"?"},
      {{"availability", "--device", "["}, "--device \"[\" is no regular expression"},
      {{"availability", "--voice"}, "octopoll report availability: unrecognised option '--voice'"},
      {{"--since", "1h", "latency"}, "write it first: octopoll report latency"},
      {{"latncy"}, "did you mean \"latency\"?"},
  }));
  test::ChildOptions options;
  options.env.emplace_back("OCTOPOLL_DB", "/nonexistent/x.db");
  const auto result = report(words, options);
  INFO(result.describe());
  CHECK(result.exit_code() == 2);
  CHECK(result.out.empty());
  CHECK(result.err.find(named) != std::string::npos);
}

TEST_CASE("the help of each report teaches by examples", "[report]") {
  for (const std::string name : {"latency", "availability"}) {
    const auto result = report({name, "--help"});
    CHECK(result.exit_code() == 0);
    CHECK(result.out.find("octopoll report " + name + " --s") != std::string::npos);
    CHECK(result.out.find("Exit codes") != std::string::npos);
  }
}
