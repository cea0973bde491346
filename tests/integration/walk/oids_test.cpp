// `octopoll walk TARGET OID...` against snmpwalk's own lines.

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "csv.hpp"
#include "fleet/fleet.hpp"
#include "octopoll/core/text.hpp"
#include "walk_command.hpp"

using namespace octopoll::test;
using nlohmann::json;

namespace {

constexpr const char* our_mibs = OCTOPOLL_SOURCE_DIR "/mibs";

/// The same names for both, and nothing of this machine's configuration.
ChildOptions surroundings() {
  ChildOptions options;
  options.env = {{"SNMP_PERSISTENT_DIR", "/dev/null"},
                 {"SNMPCONFPATH", "/nonexistent"},
                 {"MIBDIRS", our_mibs},
                 {"MIBS", "ALL"},
                 {"MIBFILES", ""}};
  return options;
}

struct Lines {
  int exit_code = 0;
  std::vector<std::string> lines;
};

Lines snmpwalk(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{"snmpwalk", "-t", "5", "-r", "5"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const CommandResult result = run_command(std::move(argv), surroundings());
  INFO(result.describe());
  CHECK(result.err.empty());
  return {result.exit_code(), split_lines(result.out)};
}

Lines ours(const std::vector<std::string>& arguments) {
  const CommandResult result = walk(patiently(arguments), surroundings());
  INFO(result.describe());
  // SNMPv1 has no value that says "not there": snmpwalk says nothing at all, we say it beside the results.
  for (const std::string& line : split_lines(result.err)) CHECK_THAT(line, Catch::Contains("not there (noSuchName)"));
  return {result.exit_code(), split_lines(result.out)};
}

std::vector<std::string> with(std::vector<std::string> list, const std::vector<std::string>& more) {
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

}  // namespace

TEST_CASE("the lines of a walk are those of snmpwalk", "[walk][snmpd]") {
  Snmpd agent;
  agent.start();
  const std::vector<std::vector<std::string>> looks{{}, {"-On"}, {"-Oq"}, {"-Os"}, {"-Oqv"}, {"-Onet"}};
  const std::vector<std::string> roots{
      "system",     "ifTable", "IF-MIB::ifXTable", "1.3.6.1.2.1.2.2.1.2", ".1.3.6.1.2.1.31", "sysUpTime.0", "sysDescr",
      "ifNumber.0", "ip",      "ifDescr.4242",     "1.3.6.1.4.1.99998",   "snmpEngine"};
  std::size_t compared = 0;
  for (const auto& version : {std::vector<std::string>{"-v2c", "-c", "public"}, {"-v1", "-c", "public"}}) {
    for (const auto& look : looks) {
      for (const std::string& root : roots) {
        CAPTURE(version, look, root);
        const auto arguments = with(with(version, look), {agent.target(), root});
        // Between two equal lines of snmpwalk the agent said the same; what moves is left out by itself.
        const Lines before = snmpwalk(arguments);
        const Lines between = ours(arguments);
        const Lines after = snmpwalk(arguments);
        if (before.lines.size() != after.lines.size()) continue;
        REQUIRE(between.lines.size() == before.lines.size());
        CHECK(between.exit_code == 0);
        for (std::size_t i = 0; i < before.lines.size(); ++i) {
          if (before.lines[i] != after.lines[i]) continue;
          CHECK(between.lines[i] == octopoll::agent_text(before.lines[i]));
          ++compared;
        }
      }
    }
  }
  CHECK(compared > 1000);
}

TEST_CASE("several OIDs are walked in the order that they are given in", "[walk]") {
  fleet::Fleet agents;
  fleet::DeviceSpec spec;
  spec.name = "d";
  spec.synthetic.interfaces = fleet::make_interfaces(3, {});
  agents.add(spec);
  agents.start();
  const Lines got = ours({agents.target(), "-c", "d", "ifName", "sysName.0", "1.3.6.1.2.1.2.1.0"});
  CHECK(got.exit_code == 0);
  CHECK(got.lines == std::vector<std::string>{"IF-MIB::ifName.1 = STRING: eth1", "IF-MIB::ifName.2 = STRING: eth2",
                                              "IF-MIB::ifName.3 = STRING: eth3", "SNMPv2-MIB::sysName.0 = STRING: d",
                                              "IF-MIB::ifNumber.0 = INTEGER: 3"});
}

TEST_CASE("OIDs as JSON and CSV have name, number, type, value and label", "[walk]") {
  fleet::Fleet agents;
  fleet::DeviceSpec spec;
  spec.name = "d";
  fleet::InterfaceSpec port;
  port.alias = "to \"B\", second floor";
  port.start[fleet::Count::in_octets] = 18'446'744'073'709'551'615U;
  spec.synthetic.interfaces = fleet::make_interfaces(1, port);
  agents.add(spec);
  agents.start();
  const std::vector<std::string> what{agents.target(), "-c", "d", "ifAlias", "ifHCInOctets", "ifOperStatus"};

  const CommandResult as_json = walk(patiently(with(what, {"--format", "json"})));
  INFO(as_json.describe());
  CHECK(as_json.exit_code() == 0);
  const CommandResult as_csv = walk(patiently(with(what, {"--format", "csv"})));
  const auto records = parse_csv(as_csv.out);
  REQUIRE(records.size() == 4);
  CHECK(records[0] == std::vector<std::string>{"name", "oid", "type", "value", "label"});
  CHECK(records[1][1] == "1.3.6.1.2.1.31.1.1.1.18.1");
  CHECK(records[1][3] == port.alias);
  CHECK(records[2][0] == "IF-MIB::ifHCInOctets.1");
  CHECK(records[2][2] == "Counter64");
  CHECK(records[2][3] == "18446744073709551615");
  CHECK(records[3][4] == "up");

  const json document = json::parse(as_json.out);
  REQUIRE(document.size() == 3);
  for (std::size_t i = 0; i < document.size(); ++i) {
    CHECK(document[i]["oid"] == records[i + 1][1]);
    CHECK(document[i]["value"].dump().find(i == 0 ? "second floor" : records[i + 1][3]) != std::string::npos);
  }
}
