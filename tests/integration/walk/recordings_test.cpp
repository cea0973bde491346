// Each recording of a real device, walked through a real socket, against the inventory that must come of it.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "csv.hpp"
#include "fleet/fleet.hpp"
#include "support/binaries.hpp"
#include "support/temp_dir.hpp"
#include "walk_command.hpp"

using namespace octopoll::test;
using nlohmann::json;

namespace {

struct Recorded {
  std::string name;
  json expected;
  bool has_counter64 = false;
};

const std::vector<Recorded>& recordings() {
  static const std::vector<Recorded> all = [] {
    std::vector<Recorded> found;
    for (const auto& entry : std::filesystem::directory_iterator(test_data() / "recordings")) {
      if (entry.path().extension() != ".snmprec") continue;
      Recorded recorded;
      recorded.name = entry.path().stem().string();
      recorded.expected = json::parse(read_file(entry.path().parent_path() / (recorded.name + ".expected.json")));
      recorded.has_counter64 = read_file(entry.path()).find("|70|") != std::string::npos;
      found.push_back(std::move(recorded));
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return found;
  }();
  return all;
}

/// Plays all recordings, each behind its name as community.
struct Player {
  fleet::Fleet agents;
  Player() {
    agents.add(fleet::load_recordings(test_data() / "recordings"));
    agents.start();
  }
  void set_all(const fleet::Json& faults) {
    for (const auto& recorded : recordings()) agents.set(recorded.name, faults);
  }
  CommandResult walk_one(const std::string& name, std::vector<std::string> more) const {
    more.insert(more.begin(), {agents.target(), "-c", name, "--format", "json"});
    return walk(patiently(std::move(more)));
  }
};

void check_inventory(const CommandResult& result, const json& expected) {
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  const json got = json::parse(result.out, nullptr, false);
  // A difference is shown by its place, not as two documents of a thousand lines.
  if (got != expected) FAIL_CHECK(json::diff(expected, got).dump(1));
}

/// The table of a recorded device, with the agent's port, which is another each time, written as PORT.
std::string table_of(const Player& player, const std::string& name) {
  const CommandResult result = walk(patiently({player.agents.target(), "-c", name}));
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK(result.err.empty());
  std::string text = result.out;
  const std::string port = ":" + std::to_string(player.agents.port());
  const std::size_t at = text.find(port);
  if (at != std::string::npos) text.replace(at, port.size(), ":PORT");
  return text;
}

}  // namespace

TEST_CASE("all recordings are there to be walked", "[walk]") { CHECK(recordings().size() == 15); }

TEST_CASE("a walk of a recorded device is its expected inventory", "[walk]") {
  const Player player;
  for (const auto& recorded : recordings()) {
    CAPTURE(recorded.name);
    const CommandResult result = player.walk_one(recorded.name, {"-v2c"});
    check_inventory(result, recorded.expected);
    CHECK(result.err.empty());
  }
}

TEST_CASE("SNMPv1 reads the same, where the device has no 64-bit counters that it could not carry", "[walk]") {
  const Player player;
  std::size_t played = 0;
  for (const auto& recorded : recordings()) {
    CAPTURE(recorded.name);
    if (recorded.has_counter64) {
      std::cout << "skipped in SNMPv1, which has no Counter64 (RFC 3584 section 4.2.2.1): " << recorded.name << "\n";
      continue;
    }
    ++played;
    check_inventory(player.walk_one(recorded.name, {"-v1"}), recorded.expected);
  }
  CHECK(played == 6);
}

TEST_CASE("SNMPv1 passes over 64-bit counters and reads the 32-bit ones", "[walk]") {
  const Player player;
  for (const auto& recorded : recordings()) {
    if (!recorded.has_counter64) continue;
    CAPTURE(recorded.name);
    const CommandResult result = player.walk_one(recorded.name, {"-v1"});
    INFO(result.describe());
    REQUIRE(result.exit_code() == 0);
    const json got = json::parse(result.out);
    CHECK(got["device"] == recorded.expected["device"]);
    REQUIRE(got["interfaces"].size() == recorded.expected["interfaces"].size());
    for (std::size_t i = 0; i < got["interfaces"].size(); ++i) {
      const json& row = got["interfaces"][i];
      const json& expected = recorded.expected["interfaces"][i];
      CAPTURE(row["ifIndex"]);
      for (const char* field : {"ifIndex", "name", "descr", "alias", "speed_bps", "speed_source", "phys_address",
                                "oper_status", "in_errors", "out_discards"}) {
        CHECK(row[field] == expected[field]);
      }
      for (const auto& [counter, bits] : row["bits"].items()) {
        CAPTURE(counter);
        CHECK(bits == 32);
      }
    }
  }
}

TEST_CASE("agents that answer little at a time read the same", "[walk]") {
  const auto [what, faults] = GENERATE(table<std::string, fleet::Json>({
      {"answers of 484 octets (RFC 3417 section 3.2)", {{"too_big_over", 484}}},
      {"one repetition", {{"max_repetitions_cap", 1}}},
      {"three repetitions", {{"max_repetitions_cap", 3}}},
      {"genErr to GETBULK", {{"no_getbulk", "genErr"}}},
  }));
  CAPTURE(what);
  Player player;
  player.set_all(faults);
  for (const auto& recorded : recordings()) {
    CAPTURE(recorded.name);
    check_inventory(player.walk_one(recorded.name, {}), recorded.expected);
  }
}

TEST_CASE("agents that meet GETBULK or large answers with silence read the same", "[walk]") {
  const auto [what, faults] = GENERATE(table<std::string, fleet::Json>({
      {"GETBULK", {{"no_getbulk", "silent"}}},
      {"answers above 1,000 octets", {{"silent_over", 1000}}},
  }));
  CAPTURE(what);
  Player player;
  player.set_all(faults);
  const std::string name = "switch-dlink-des3038";
  const CommandResult result = walk({player.agents.target(), "-c", name, "--format", "json", "-t", "0.5", "-r", "1"});
  const auto recorded =
      std::find_if(recordings().begin(), recordings().end(), [&](const auto& r) { return r.name == name; });
  REQUIRE(recorded != recordings().end());
  check_inventory(result, recorded->expected);
  CHECK_THAT(result.err, Catch::Contains("no answer to"));
}

TEST_CASE("the CSV of a recorded device says what its JSON says", "[walk]") {
  const Player player;
  for (const auto& recorded : recordings()) {
    CAPTURE(recorded.name);
    const CommandResult result = walk(patiently({player.agents.target(), "-c", recorded.name, "--format", "csv"}));
    INFO(result.describe());
    REQUIRE(result.exit_code() == 0);
    const auto records = parse_csv(result.out);
    const json& rows = recorded.expected["interfaces"];
    REQUIRE(records.size() == rows.size() + 1);
    const auto& header = records[0];
    CHECK(header == std::vector<std::string>{"if_index", "name", "alias", "admin_status", "oper_status", "speed_bps",
                                             "in_octets", "out_octets", "in_errors", "out_errors", "in_discards",
                                             "out_discards"});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      CAPTURE(i);
      REQUIRE(records[i + 1].size() == header.size());
      for (std::size_t column = 0; column < header.size(); ++column) {
        CAPTURE(header[column]);
        const json& value = rows[i][header[column] == "if_index" ? "ifIndex" : header[column]];
        const std::string text = value.is_null() ? "" : value.is_string() ? value.get<std::string>() : value.dump();
        CHECK(records[i + 1][column] == text);
      }
    }
  }
}

TEST_CASE("the table of a recorded device", "[walk]") {
  const Player player;
  for (const std::string name : {"switch-cts-media-converter", "switch-cisco-c3750", "windows-xp",
                                 "switch-hpe-procurve-516733-b21", "appliance-vss-monitoring-optimizer-2400-span"}) {
    const std::filesystem::path golden = OCTOPOLL_SOURCE_DIR "/tests/integration/walk/golden/" + name + ".txt";
    const std::string table = table_of(player, name);
    // The update is read before it is kept.
    if (std::getenv("OCTOPOLL_UPDATE_GOLDEN") != nullptr) write_file(golden, table);
    INFO(golden);
    CHECK(table == read_file(golden));
  }
}
