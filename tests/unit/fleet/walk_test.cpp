// The agent against Net-SNMP's own tools, which know nothing of its code.

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "fleet/fleet.hpp"
#include "support/binaries.hpp"
#include "support/run_command.hpp"
#include "support/temp_dir.hpp"

namespace fleet {
namespace {

using octopoll::test::CommandResult;

std::string hex(const std::string& digits) {
  std::string spaced;
  for (std::size_t i = 0; i < digits.size(); i += 2) spaced += (i > 0 ? " " : "") + digits.substr(i, 2);
  for (char& c : spaced) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return spaced;
}

std::string to_hex(const std::string& text) {
  std::string digits;
  for (const char c : text) digits += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return digits;
}

/// What Net-SNMP prints for one line of a recording with -On -Ox -Ot -Oe.
std::string shown(const std::string& type, const std::string& value) {
  if (type == "2") return "INTEGER: " + value;
  if (type == "4") return value.empty() ? "\"\"" : "Hex-STRING: " + hex(to_hex(value));
  if (type == "4x") return value.empty() ? "\"\"" : "Hex-STRING: " + hex(value);
  if (type == "5") return "NULL";
  if (type == "6") return "OID: ." + value;
  if (type == "65") return "Counter32: " + value;
  if (type == "66") return "Gauge32: " + value;
  if (type == "67") return value;
  if (type == "70") return "Counter64: " + value;
  if (type == "64x") {
    std::string dotted;
    for (std::size_t i = 0; i < value.size(); i += 2) {
      dotted += (i > 0 ? "." : "") + std::to_string(std::stoi(value.substr(i, 2), nullptr, 16));
    }
    return "IpAddress: " + dotted;
  }
  FAIL("a type that this test does not know: " << type);
  return {};
}

std::vector<std::string> expected_walk(const std::filesystem::path& file, bool with_counter64) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    const auto first = line.find('|');
    const auto second = line.find('|', first + 1);
    const std::string type = line.substr(first + 1, second - first - 1);
    if (type == "70" && !with_counter64) continue;
    lines.push_back("." + line.substr(0, first) + " = " + shown(type, line.substr(second + 1)));
  }
  return lines;
}

/// Long strings go over several lines; each is one here, without blanks at its end.
std::vector<std::string> walk_lines(const std::string& output) {
  std::vector<std::string> lines;
  std::istringstream in(output);
  std::string line;
  while (std::getline(in, line)) {
    while (!line.empty() && line.back() == ' ') line.pop_back();
    if (line == "End of MIB") continue;  // said by version 1
    if (line.starts_with(".1.") || lines.empty()) {
      lines.push_back(line);
    } else if (!line.empty()) {
      lines.back() += " " + line;
    }
  }
  return lines;
}

CommandResult walk(const std::string& program, const std::vector<std::string>& arguments) {
  octopoll::test::ChildOptions quiet;
  quiet.env = {{"MIBS", ""}, {"SNMPCONFPATH", "/nonexistent"}};
  std::vector<std::string> argv{program, "-On", "-Ox", "-Ot", "-Oe", "-t", "10", "-r", "2"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return octopoll::test::run_command(std::move(argv), quiet);
}

void check_same(std::vector<std::string> got, const std::vector<std::string>& expected) {
  // Net-SNMP shows the end of the MIB as a line of its own.
  if (!got.empty() && got.back().find("No more variables left") != std::string::npos) got.pop_back();
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i] != expected[i]) CHECK(got[i] == expected[i]);
  }
}

TEST_CASE("Net-SNMP walks every recording and finds what it holds") {
  const auto folder = octopoll::test::test_data() / "recordings";
  const auto devices = load_recordings(folder);
  REQUIRE(devices.size() == 15);
  Fleet fleet;
  fleet.add(devices);
  fleet.start();
  for (const auto& device : devices) {
    INFO(device.name);
    const auto file = folder / (device.name + ".snmprec");
    const auto expected = expected_walk(file, true);
    REQUIRE_FALSE(expected.empty());
    const auto bulk = walk("snmpbulkwalk", {"-v2c", "-c", device.name, "-Cr40", fleet.target(), "1.3"});
    INFO(bulk.err);
    REQUIRE(bulk.ok());
    check_same(walk_lines(bulk.out), expected);
    const auto v1 = walk("snmpwalk", {"-v1", "-c", device.name, fleet.target(), "1.3"});
    check_same(walk_lines(v1.out), expected_walk(file, false));
  }
  CHECK(fleet.stats().malformed == 0);
}

TEST_CASE("snmpwalk of version 2c over GETNEXT finds the same") {
  const std::string name = "switch-cts-media-converter";
  const auto folder = octopoll::test::test_data() / "recordings";
  Fleet fleet;
  fleet.add(load_recordings(folder));
  fleet.start();
  const auto result = walk("snmpwalk", {"-v2c", "-c", name, fleet.target(), "1.3"});
  REQUIRE(result.ok());
  check_same(walk_lines(result.out), expected_walk(folder / (name + ".snmprec"), true));
}

TEST_CASE("Net-SNMP understands the agent's errors") {
  Fleet fleet;
  fleet.add(load_recordings(octopoll::test::test_data() / "recordings"));
  fleet.start();
  const std::string community = "windows-xp";
  const auto absent = walk("snmpget", {"-v2c", "-c", community, fleet.target(), "1.3.6.1.2.1.99.1.0"});
  CHECK(absent.out.find("No Such Object") != std::string::npos);
  const auto no_row = walk("snmpget", {"-v2c", "-c", community, fleet.target(), "1.3.6.1.2.1.2.2.1.1.77"});
  CHECK(no_row.out.find("No Such Instance") != std::string::npos);
  const auto v1 = walk("snmpget", {"-v1", "-c", community, fleet.target(), "1.3.6.1.2.1.2.2.1.1.77"});
  CHECK(v1.err.find("noSuchName") != std::string::npos);
  const auto set = walk("snmpset", {"-v2c", "-c", community, fleet.target(), "1.3.6.1.2.1.1.5.0", "s", "x"});
  CHECK(set.err.find("notWritable") != std::string::npos);
}

}  // namespace
}  // namespace fleet
