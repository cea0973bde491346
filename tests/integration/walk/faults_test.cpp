// Walks of agents that each have one named fault.

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "fleet/fleet.hpp"
#include "support/binaries.hpp"
#include "walk_command.hpp"

using namespace octopoll::test;
using nlohmann::json;

namespace {

/// One device "d" with `count` interfaces eth1, eth2, ...
struct Agent {
  fleet::Fleet fleet;
  explicit Agent(std::size_t count, const fleet::Json& faults = fleet::Json::object()) {
    fleet::DeviceSpec spec;
    spec.name = "d";
    fleet::InterfaceSpec pattern;
    pattern.alias = "to the left";
    pattern.start[fleet::Count::in_octets] = 5'000'000'000;
    spec.synthetic.interfaces = fleet::make_interfaces(count, pattern);
    spec.faults = faults;
    fleet.add(spec);
    fleet.start();
  }
  [[nodiscard]] std::vector<std::string> as_json() const {
    return patiently({fleet.target(), "-c", "d", "--format", "json"});
  }
};

/// Notes on stderr are welcome here.
json rows_of(const Agent& agent, std::string* notes = nullptr) {
  const CommandResult result = walk(agent.as_json());
  INFO(result.describe());
  REQUIRE(result.exit_code() == 0);
  if (notes != nullptr) *notes = result.err;
  return json::parse(result.out)["interfaces"];
}

std::vector<std::uint64_t> indexes_of(const json& rows) {
  std::vector<std::uint64_t> indexes;
  for (const json& row : rows) indexes.push_back(row["ifIndex"].get<std::uint64_t>());
  return indexes;
}

std::vector<std::uint64_t> one_to(std::uint64_t last) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = 1; i <= last; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace

TEST_CASE("an agent whose walk never moves on is left after its first row, and told", "[walk][faults]") {
  const Agent agent(30, {{"loop", true}});
  const CommandResult result = walk(agent.as_json());
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK(indexes_of(json::parse(result.out)["interfaces"]) == std::vector<std::uint64_t>{1});
  CHECK_THAT(result.err, Catch::Contains("octopoll walk: 1.3.6.1.2.1.2.2.1.2: "));
  CHECK_THAT(result.err, Catch::Contains("30 interfaces by ifNumber, 1 by its tables; the table is not complete"));
}

TEST_CASE("rows that come out of order are all read", "[walk][faults]") {
  const Agent agent(30, {{"non_increasing", true}});
  std::string notes;
  const json rows = rows_of(agent, &notes);
  CHECK(indexes_of(rows) == one_to(30));
  for (const json& row : rows) {
    CAPTURE(row["ifIndex"]);
    CHECK(row["name"] == "eth" + row["ifIndex"].dump());
    CHECK(row["in_octets"] == 5'000'000'000);
    CHECK(row["octets_width"] == 64);
  }
  CHECK_THAT(notes, Catch::Contains("not increasing"));
}

TEST_CASE("a hole in a column costs its cells alone", "[walk][faults]") {
  const Agent agent(60, {{"hole",
                          {{{"column", "ifHCInOctets"}, {"rows", {3, 4, 5, 60}}},
                           {{"column", "ifName"}, {"rows", {7}}},
                           {{"column", "ifAlias"}}}}});
  const json rows = rows_of(agent);
  REQUIRE(indexes_of(rows) == one_to(60));
  const std::set<std::uint64_t> narrow{3, 4, 5, 60};
  for (const json& row : rows) {
    const auto index = row["ifIndex"].get<std::uint64_t>();
    CAPTURE(index);
    CHECK(row["octets_width"] == (narrow.contains(index) ? 32 : 64));
    CHECK(row["in_octets"] == (narrow.contains(index) ? 5'000'000'000 % (std::uint64_t{1} << 32) : 5'000'000'000));
    CHECK(row["name_source"] == (index == 7 ? "ifDescr" : "ifName"));
    CHECK(row["alias"] == nullptr);
    CHECK(row["out_octets"] == 0);
  }
}

TEST_CASE("a row that vanishes in the middle takes no other with it", "[walk][faults]") {
  const Agent agent(60, {{"vanish_row", {{"if_index", 40}, {"after_requests", 4}}}});
  const json rows = rows_of(agent);
  auto indexes = indexes_of(rows);
  std::erase(indexes, 40U);
  auto expected = one_to(60);
  std::erase(expected, 40U);
  CHECK(indexes == expected);
  for (const json& row : rows) {
    if (row["ifIndex"] == 40) continue;
    CAPTURE(row["ifIndex"]);
    CHECK(row["name_source"] == "ifName");
    CHECK(row["octets_width"] == 64);
  }
}

TEST_CASE("an ifIndex above 2^31 is the number that the instances say", "[walk][faults]") {
  const Agent agent(3, {{"big_if_index", true}});
  const json rows = rows_of(agent);
  CHECK(indexes_of(rows) == std::vector<std::uint64_t>{2'147'483'649, 2'147'483'650, 2'147'483'651});
  const CommandResult table = walk(patiently({agent.fleet.target(), "-c", "d"}));
  CHECK_THAT(table.out, Catch::Contains("2147483649"));
}

TEST_CASE("octets that are no UTF-8 cost no row and no format", "[walk][faults]") {
  const Agent agent(2, {{"bad_utf8", true}});
  const json rows = rows_of(agent);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["if_name"] == "eth1\\xc3(\\x80\\x01");
  CHECK(rows[0]["raw"]["if_name"] == "65746831c3288001");
  CHECK(rows[0]["raw"]["alias"] == "746f20746865206c656674c3288001");
  for (const char* format : {"table", "csv"}) {
    const CommandResult result = walk(patiently({agent.fleet.target(), "-c", "d", "--format", format}));
    INFO(result.describe());
    CHECK(result.exit_code() == 0);
    CHECK_THAT(result.out, Catch::Contains("eth1\\xc3(\\x80\\x01"));
    CHECK(result.out.find('\x01') == std::string::npos);
  }
  const CommandResult lines = walk(patiently({agent.fleet.target(), "-c", "d", "ifName.1"}));
  CHECK(lines.exit_code() == 0);
  CHECK(lines.out.find('\x01') == std::string::npos);
}

TEST_CASE("rows of one name stay rows of their own", "[walk][faults]") {
  const Agent agent(4, {{"duplicate_names", true}});
  const json rows = rows_of(agent);
  CHECK(indexes_of(rows) == one_to(4));
  CHECK(rows[0]["name"] == rows[1]["name"]);
  CHECK(rows[2]["name"] == rows[3]["name"]);
}

TEST_CASE("without ifXTable and sysUpTime the walk says what is there", "[walk][faults]") {
  const Agent agent(4, {{"no_ifx", true}, {"no_sys_uptime", true}});
  const CommandResult result = walk(agent.as_json());
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  const json document = json::parse(result.out);
  CHECK(document["device"]["sysUpTime"] == nullptr);
  REQUIRE(document["interfaces"].size() == 4);
  CHECK(document["interfaces"][0]["tables"] == json({"ifTable"}));
  CHECK(document["interfaces"][0]["octets_width"] == 32);
}

TEST_CASE("columns of another type are read, and the type is told", "[walk][faults]") {
  const Agent agent(2, {{"wrong_types", true}});
  const json rows = rows_of(agent);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["wire_types"]["ifInErrors"] == "Gauge32");
  CHECK(rows[0]["wire_types"]["ifHCInOctets"] == "Integer32");
  CHECK(rows[0]["in_octets"] == (5'000'000'000 & 0x7fff'ffff));
}

TEST_CASE("duplicated, delayed and lost answers change nothing", "[walk][faults]") {
  const Agent agent(50, {{"duplicate", 2}, {"drop_rate", 0.1}, {"delay", {{"fixed_ms", 1}, {"jitter_ms", 3}}}});
  const CommandResult result = walk({agent.fleet.target(), "-c", "d", "--format", "json", "-t", "0.5", "-r", "10"});
  INFO(result.describe());
  REQUIRE(result.exit_code() == 0);
  const json rows = json::parse(result.out)["interfaces"];
  CHECK(indexes_of(rows) == one_to(50));
  for (const json& row : rows) CHECK(row["octets_width"] == 64);
}

TEST_CASE("an agent that is silent to more than one object at once is walked whole", "[walk][faults]") {
  const Agent agent(5, {{"silent_bindings_over", 1}});
  const CommandResult result = walk({agent.fleet.target(), "-c", "d", "--format", "json", "-t", "0.3", "-r", "1"});
  INFO(result.describe());
  REQUIRE(result.exit_code() == 0);
  const json document = json::parse(result.out);
  CHECK(document["device"]["sysName"] == "d");
  CHECK(document["device"]["sysUpTime"].is_number());
  CHECK(indexes_of(document["interfaces"]) == one_to(5));
  for (const json& row : document["interfaces"]) CHECK(row["octets_width"] == 64);
}

TEST_CASE("on a terminal who waits for a silent agent sees that it is asked", "[walk][faults]") {
  const Agent agent(5, {{"silent_bindings_over", 1}});
  const std::string command = GENERATE("walk", "doctor");
  CAPTURE(command);
  const std::string line =
      fmt::format("{} {} {} -c d -t 0.2 -r 1", octopoll_binary().string(), command, agent.fleet.target());
  const CommandResult on_terminal = run_command({"script", "-qec", line, "/dev/null"}, {}, std::chrono::minutes(3));
  INFO(on_terminal.describe());
  const std::string what = command == "walk" ? "reading " : "examining ";
  CHECK_THAT(on_terminal.out, Catch::Contains("\r\033[K" + what + agent.fleet.target()));
  CHECK_THAT(on_terminal.out, Catch::Matches("(.|[\r\n])*: [2-9][0-9]* requests, [0-9]+ answers?\r(.|[\r\n])*"));
}

TEST_CASE("twenty thousand interfaces are walked to their end", "[walk][faults]") {
  const Agent agent(20'000);
  const json rows = rows_of(agent);
  CHECK(indexes_of(rows) == one_to(20'000));
  CHECK(rows.back()["name"] == "eth20000");
  CHECK(rows.back()["in_octets"] == 5'000'000'000);
}

TEST_CASE("agents that need it are walked with short ids, or with answers from elsewhere", "[walk][faults]") {
  struct Case {
    fleet::Json faults;
    std::vector<std::string> options;
    std::string advice;
  };
  const auto c = GENERATE(values<Case>({
      {{{"request_id_16_bit", true}}, {"--short-request-ids"}, "short_request_ids"},
      {{{"reply_from_other_address", "127.0.0.9"}}, {"--answers-from", "127.0.0.9"}, "answers_from"},
  }));
  CAPTURE(c.faults.dump());
  const Agent agent(3, c.faults);
  const CommandResult refused = walk({agent.fleet.target(), "-c", "d", "-t", "0.5", "-r", "0"});
  INFO(refused.describe());
  CHECK(refused.exit_code() == 1);
  CHECK_THAT(refused.err, Catch::Contains(c.advice));
  auto told = agent.as_json();
  told.insert(told.end(), c.options.begin(), c.options.end());
  const CommandResult result = walk(told);
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK(result.err.empty());
  CHECK(json::parse(result.out)["interfaces"].size() == 3);
}
