// `octopoll doctor` names each fault of the test agent, finds nothing wrong with a sound one, and its fragment is one
// that `octopoll check` takes.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "fleet/fleet.hpp"
#include "support/binaries.hpp"
#include "support/run_command.hpp"
#include "support/snmpd.hpp"
#include "support/temp_dir.hpp"

using namespace octopoll::test;
using nlohmann::json;

namespace {

const std::vector<std::string> long_enough{"-t", "5", "-r", "3"};
/// Where silence is what is looked for.
const std::vector<std::string> brief{"-t", "1", "-r", "1"};

CommandResult doctor(std::vector<std::string> arguments, const std::vector<std::string>& patience = long_enough) {
  arguments.insert(arguments.begin(), {octopoll_binary().string(), "doctor"});
  arguments.insert(arguments.end(), patience.begin(), patience.end());
  return run_command(std::move(arguments), {}, std::chrono::seconds(150));
}

json examine(std::vector<std::string> arguments, int exit_code,
             const std::vector<std::string>& patience = long_enough) {
  arguments.insert(arguments.end(), {"--format", "json"});
  const CommandResult result = doctor(std::move(arguments), patience);
  INFO(result.describe());
  CHECK(result.exit_code() == exit_code);
  CHECK(result.err.empty());
  return json::parse(result.out);
}

/// The finding of this check; the last one where it is there twice.
json finding(const json& agent, const std::string& check) {
  json found;
  for (const json& one : agent["findings"]) {
    if (one["check"] == check) found = one;
  }
  INFO(agent.dump(1));
  REQUIRE(found.is_object());
  return found;
}

struct Agent {
  fleet::Fleet fleet;
  explicit Agent(std::size_t interfaces, const fleet::Json& faults = fleet::Json::object(),
                 const fleet::InterfaceSpec& pattern = {}) {
    fleet::DeviceSpec spec;
    spec.name = "d";
    spec.synthetic.interfaces = fleet::make_interfaces(interfaces, pattern);
    spec.faults = faults;
    fleet.add(spec);
    fleet.start();
  }
  [[nodiscard]] json examine(int exit_code, const std::vector<std::string>& patience = long_enough) const {
    return ::examine({fleet.target(), "-c", "d"}, exit_code, patience)["agents"][0];
  }
};

void check_fragment(const std::string& yaml) {
  const TempDir folder;
  write_file(folder / "inventory.yaml", yaml);
  ChildOptions options;
  options.env = {{"COMMUNITY", "d"}, {"AUTH_PASSWORD", "correct horse"}, {"PRIV_PASSWORD", "battery staple"}};
  const CommandResult result =
      run_command({octopoll_binary().string(), "check", "-c", (folder / "inventory.yaml").string()}, options);
  INFO(yaml << result.describe());
  CHECK(result.exit_code() == 0);
}

}  // namespace

TEST_CASE("a sound agent is fit to be polled", "[doctor]") {
  const Agent agent(30);
  const json found = agent.examine(0);
  CHECK(found["severity"] == "ok");
  CHECK(found["verdict"] == "fit to be polled");
  for (const json& one : found["findings"]) {
    INFO(one.dump());
    CHECK(one["severity"] == "ok");
    CHECK(one["meaning"] == "");
  }
  CHECK_THAT(finding(found, "bulk")["measured"].get<std::string>(), Catch::Contains("100: whole"));
  check_fragment(found["inventory"]);
}

TEST_CASE("what was sent is what the agent got, one at a time", "[doctor]") {
  Agent agent(10);
  const json found = agent.examine(0);
  const auto stats = agent.fleet.stats("d");
  CHECK(found["requests"] == stats.requests);
  CHECK(found["octets_sent"] == stats.octets_in);
  CHECK(stats.max_waiting <= 1);
}

TEST_CASE("faults are named, with what they mean and what the inventory needs", "[doctor][faults]") {
  struct Case {
    fleet::Json faults;
    std::string check, severity, measured, fragment;
  };
  const auto c = GENERATE(values<Case>({
      {{{"skip_rows_over", 30}}, "bulk", "problem", "50: 1.3.6.1.2.1.2.2.1.2.4 comes after 2 rows", ""},
      {{{"skip_rows_over", 12}}, "bulk", "problem", "25: ", "max_repetitions: 10"},
      {{{"no_getbulk", "genErr"}}, "bulk", "note", "10: genErr", "max_repetitions: 1"},
      {{{"too_big_over", 800}}, "message size", "note", "tooBig", "max_message_size: 7"},
      {{{"fewer_bindings", 10}}, "message size", "note", "10 of ", "max_variables: 10"},
      {{{"non_increasing", true}}, "order", "note", "not in increasing order", ""},
      {{{"loop", "ifDescr"}}, "order", "problem", "a second time", ""},
      {{{"wrong_types", true}}, "types", "note", "is Gauge32 instead of Counter32 on 30 rows", ""},
      {{{"duplicate_names", true}}, "names", "note", "names on several rows: 15 of 30", ""},
      {{{"bad_utf8", true}}, "names", "note", "names that are not text: 30 of 30", ""},
      {{{"no_sys_uptime", true}}, "clock", "note", "no sysUpTime", ""},
      {{{"frozen_uptime", true}}, "clock", "note", "sysUpTime went on 0.00 s", ""},
      {{{"no_ifx", true}}, "counters", "problem", "none on 30 of 30", ""},
      {{{"hole", {{{"column", "ifName"}}, {{"column", "ifDescr"}}}}}, "names", "note", "no name on 30 of 30", ""},
  }));
  CAPTURE(c.faults.dump());
  const Agent agent(30, c.faults);
  const json found = agent.examine(c.severity == "problem" ? 1 : 0);
  const json one = finding(found, c.check);
  INFO(one.dump(1));
  CHECK(one["severity"] == c.severity);
  CHECK_THAT(one["measured"].get<std::string>(), Catch::Contains(c.measured));
  CHECK_FALSE(one["meaning"].get<std::string>().empty());
  const std::string fragment = found["inventory"];
  CHECK_THAT(fragment, Catch::Contains(c.fragment));
  check_fragment(fragment);
}

TEST_CASE("silence to large answers gives the size that comes", "[doctor][faults]") {
  const Agent agent(30, {{"silent_over", 1000}});
  const json found = agent.examine(0, brief);
  CHECK_THAT(finding(found, "message size")["measured"].get<std::string>(), Catch::Contains("no answer"));
  const std::string fragment = found["inventory"];
  const std::string key = "max_message_size: ";
  REQUIRE_THAT(fragment, Catch::Contains(key));
  const int size = std::stoi(fragment.substr(fragment.find(key) + key.size()));
  CHECK(size > 700);
  CHECK(size <= 1000);
}

TEST_CASE("silence to more than a few objects gives the number that comes", "[doctor][faults]") {
  const int most = GENERATE(3, 11);
  CAPTURE(most);
  const Agent agent(30, {{"silent_bindings_over", most}});
  const json found = agent.examine(0, brief);
  CHECK_THAT(finding(found, "message size")["measured"].get<std::string>(),
             Catch::Contains(fmt::format("{} objects in an answer; to {} at once: no answer", most, most + 1)));
  const std::string fragment = found["inventory"];
  CHECK_THAT(fragment, Catch::Contains(fmt::format("max_variables: {}\n", most)));
  CHECK_THAT(fragment, !Catch::Contains("max_message_size"));
  check_fragment(fragment);
}

TEST_CASE("an agent that is silent to more than one object at once is examined whole", "[doctor][faults]") {
  const Agent agent(5, {{"silent_bindings_over", 1}});
  const json found = agent.examine(0, {"-t", "0.3", "-r", "1"});
  CHECK(finding(found, "clock")["severity"] == "ok");
  CHECK_THAT(finding(found, "tables")["measured"].get<std::string>(), Catch::Contains("5 interfaces"));
  CHECK_THAT(found["inventory"].get<std::string>(), Catch::Contains("max_variables: 1\n"));
}

TEST_CASE("an agent of SNMPv1 alone is found out, and the fragment says so", "[doctor][faults]") {
  const Agent agent(3, {{"v1_only", true}});
  const json found = agent.examine(1, brief);
  const json versions = finding(found, "versions");
  CHECK(versions["severity"] == "problem");
  CHECK_THAT(versions["measured"].get<std::string>(), Catch::Contains("v2c does not, v1 answers"));
  CHECK_THAT(found["inventory"].get<std::string>(), Catch::Contains("version: 1\n"));
}

TEST_CASE("answers from another address are told with that address", "[doctor][faults]") {
  const Agent agent(3, {{"reply_from_other_address", "127.0.0.9"}});
  const json found = agent.examine(1, {"-t", "2", "-r", "0"});
  CHECK(finding(found, "source")["severity"] == "problem");
  CHECK_THAT(finding(found, "source")["measured"].get<std::string>(), Catch::Contains("127.0.0.9:"));
  CHECK_THAT(finding(found, "answers")["measured"].get<std::string>(), Catch::Contains("from another address"));
  // The rest of the agent is examined all the same.
  CHECK(finding(found, "versions")["severity"] == "ok");
  CHECK_THAT(finding(found, "tables")["measured"].get<std::string>(), Catch::Contains("3 interfaces"));
  const std::string fragment = found["inventory"];
  CHECK_THAT(fragment, Catch::Contains("    answers_from: [\"127.0.0.9\"]\n"));
  check_fragment(fragment);

  const json told = ::examine({agent.fleet.target(), "-c", "d", "--answers-from", "127.0.0.9"}, 0)["agents"][0];
  CHECK(told["severity"] == "ok");
  CHECK(told["inventory"] == fragment);
}

TEST_CASE("an agent that cuts request ids to 16 bits is told, and examined with short ones", "[doctor][faults]") {
  const Agent agent(3, {{"request_id_16_bit", true}});
  const json found = agent.examine(1, {"-t", "2", "-r", "0"});
  CHECK(finding(found, "request ids")["severity"] == "problem");
  CHECK(finding(found, "versions")["severity"] == "ok");
  CHECK_THAT(finding(found, "tables")["measured"].get<std::string>(), Catch::Contains("3 interfaces"));
  const std::string fragment = found["inventory"];
  CHECK_THAT(fragment, Catch::Contains("    short_request_ids: true\n"));
  check_fragment(fragment);
}

TEST_CASE("an ifXTable numbered by an offset is joined, and that is a note", "[doctor][faults]") {
  const Agent agent(3, {{"ifx_offset", 1000000}});
  const json found = agent.examine(0);
  const json index = finding(found, "index");
  CHECK(index["severity"] == "note");
  CHECK(index["measured"] == "3 rows in ifTable, 3 in ifXTable, whose indexes are those of ifTable +1000000");
  CHECK_THAT(index["meaning"].get<std::string>(), Catch::Contains("octopoll joins them"));
  CHECK(finding(found, "tables")["severity"] == "ok");
  CHECK(finding(found, "counters")["severity"] == "ok");
  CHECK(found["verdict"] == "fit to be polled, 1 note");
}

TEST_CASE("what had to be read again is a note that says what it costs", "[doctor][faults]") {
  const Agent agent(30, {{"early_end", {{"column", "ifHCInOctets"}, {"if_index", 7}}}});
  const json tables = finding(agent.examine(0), "tables");
  CHECK(tables["severity"] == "note");
  CHECK_THAT(tables["meaning"].get<std::string>(), Catch::Contains("further requests"));
}

TEST_CASE("row indexes with an offset that nothing proves are a problem", "[doctor]") {
  std::string text = "1.3.6.1.2.1.1.3.0|67|100\n";
  for (const int row : {1, 2, 5}) {
    text += "1.3.6.1.2.1.2.2.1.2." + std::to_string(row) + "|4|port " + std::to_string(row) + "\n";
    text += "1.3.6.1.2.1.2.2.1.10." + std::to_string(row) + "|65|7\n";
    text += "1.3.6.1.2.1.31.1.1.1.1." + std::to_string(1'000'000 + row) + "|4|p" + std::to_string(row) + "\n";
  }
  fleet::Fleet agents;
  fleet::DeviceSpec spec;
  spec.name = "unifi";
  spec.recording = fleet::parse_recording(text, "unifi");
  agents.add(spec);
  agents.start();
  const json found = examine({agents.target(), "-c", "unifi"}, 1)["agents"][0];
  CHECK(finding(found, "index")["severity"] == "problem");
  CHECK_THAT(finding(found, "index")["measured"].get<std::string>(), Catch::Contains("those of ifTable +1000000"));
}

TEST_CASE("ifSpeed in Mb/s is a problem, and the fragment sets the speeds", "[doctor]") {
  fleet::InterfaceSpec pattern;
  pattern.if_speed = 1000;
  pattern.if_high_speed = 1000;
  const Agent agent(2, fleet::Json::object(), pattern);
  const json found = agent.examine(1);
  CHECK(finding(found, "speeds")["severity"] == "problem");
  CHECK_THAT(found["inventory"].get<std::string>(), Catch::Contains("- {name: \"^eth1$\", speed: 1000M}"));
  check_fragment(found["inventory"]);
}

TEST_CASE("each recorded device is examined to the end", "[doctor]") {
  fleet::Fleet agents;
  agents.add(fleet::load_recordings(test_data() / "recordings"));
  agents.start();
  const auto [name, check, severity] = GENERATE(table<std::string, std::string, std::string>({
      {"switch-dlink-des3038", "counters", "note"},
      {"switch-hpe-procurve-516733-b21", "names", "note"},
      {"switch-metel-poe-box", "types", "note"},
      {"appliance-vss-monitoring-optimizer-2400-span", "index", "problem"},
  }));
  CAPTURE(name);
  const CommandResult result = doctor({agents.target(), "-c", name, "--format", "json"});
  INFO(result.describe());
  const json found = json::parse(result.out)["agents"][0];
  CHECK(finding(found, check)["severity"] == severity);
  // A recording stands still.
  CHECK(finding(found, "clock")["severity"] == "note");
  check_fragment(found["inventory"]);
}

TEST_CASE("a real snmpd: its cache is noted, and two that share an engine id are a problem", "[doctor][snmpd]") {
  SnmpdOptions options;
  options.engine_id_hex = "80001f8804746573742d6f6e65";
  Snmpd one(options);
  Snmpd two(options);
  one.start();
  two.start();
  const json both = examine({one.target(), two.target()}, 1);
  REQUIRE(both["agents"].size() == 2);
  CHECK(finding(both["agents"][0], "cache")["severity"] == "note");
  for (const json& agent : both["agents"]) {
    CHECK(agent["engine_id"] == "80001f8804746573742d6f6e65");
    CHECK(finding(agent, "engine")["severity"] == "problem");
  }
}

TEST_CASE("a real snmpd with SNMPv3: the fragment has its user and no secret", "[doctor][snmpd]") {
  const SnmpdUser alice{"alice", "SHA-256", "correct horse battery", "AES", "staple staple staple", "priv", ""};
  SnmpdOptions options;
  options.users = {alice};
  Snmpd agent(options);
  agent.start();
  const json found = examine({agent.target(), "-u", "alice", "-l", "authPriv", "-a", "SHA-256", "-A",
                              alice.auth_passphrase, "-x", "AES", "-X", alice.priv_passphrase},
                             0)["agents"][0];
  CHECK_THAT(finding(found, "engine")["measured"].get<std::string>(), Catch::Contains("boots "));
  const std::string fragment = found["inventory"];
  CHECK_THAT(fragment, Catch::Contains("username: \"alice\"") && Catch::Contains("auth_protocol: SHA256"));
  CHECK(found.dump().find("horse") == std::string::npos);
  CHECK(found.dump().find("staple") == std::string::npos);
  check_fragment(fragment);
}

TEST_CASE("the other form of AES-256 keys is tried where the given one is not understood", "[doctor][snmpd]") {
  // SHA-1's keys are 20 octets: too short for AES-256, so that the two ways to lengthen them differ.
  const SnmpdUser alice{"alice", "SHA", "correct horse battery", "AES-256", "staple staple staple", "priv", ""};
  SnmpdOptions options;
  options.users = {alice};
  Snmpd agent(options);
  agent.start();
  const json found = examine({agent.target(), "-u", "alice", "-l", "authPriv", "-a", "SHA", "-A", alice.auth_passphrase,
                              "-x", "AES256C", "-X", alice.priv_passphrase},
                             1, {"-t", "1", "-r", "2"})["agents"][0];
  const json versions = finding(found, "versions");
  INFO(versions.dump(1));
  CHECK_THAT(versions["measured"].get<std::string>(), Catch::Contains("answers AES256"));
  CHECK_THAT(found["inventory"].get<std::string>(), Catch::Contains("priv_protocol: AES256\n"));
}

TEST_CASE("nobody there, no such host, bad usage", "[doctor]") {
  const Agent agent(1);
  const json silent = examine({agent.fleet.target(), "-c", "wrong"}, 1, {"-t", "0.3", "-r", "0"})["agents"][0];
  CHECK(silent["inventory"].is_null());
  CHECK_THAT(finding(silent, "versions")["measured"].get<std::string>(), Catch::Contains("no answer"));
  const json nowhere = examine({"no-such-host.invalid"}, 1)["agents"][0];
  CHECK_THAT(finding(nowhere, "address")["measured"].get<std::string>(), Catch::Contains("no-such-host.invalid"));
  CHECK(doctor({}).exit_code() == 2);
  CHECK(doctor({"127.0.0.1", "--format", "csv"}).exit_code() == 2);
  CHECK(doctor({"tcp:127.0.0.1"}).exit_code() == 2);
}

TEST_CASE("of a silent agent both versions are told, and none is advised that was tried", "[doctor]") {
  const Agent agent(5, {{"silent", true}});
  for (const std::string version : {"1", "2c"}) {
    const json found = examine({agent.fleet.target(), "-v", version}, 1, {"-t", "0.2", "-r", "1"})["agents"][0];
    const json versions = finding(found, "versions");
    INFO(versions.dump(1));
    CHECK_THAT(versions["measured"].get<std::string>(),
               Catch::Contains("no answer to 2 requests within 600ms") &&
                   Catch::EndsWith(version == "1" ? "; nor to 2 requests of v2c" : "; nor to 2 requests of v1"));
    CHECK_THAT(versions["meaning"].get<std::string>(),
               Catch::Contains("is the community right") && !Catch::Contains("-v 1"));
    CHECK(found["requests"] == 4);
  }
}

TEST_CASE("an agent that falls silent in between is told so, and judged by what it said before", "[doctor]") {
  const std::size_t answers = GENERATE(4U, 8U, 60U);
  CAPTURE(answers);
  const Agent agent(20, {{"silent_after", answers}});
  const json found = examine({agent.fleet.target(), "-c", "d"}, 1, {"-t", "0.4", "-r", "1"})["agents"][0];
  CHECK_THAT(finding(found, "silence")["measured"].get<std::string>(),
             Catch::StartsWith("fell silent while its ") && Catch::EndsWith(fmt::format("after {} answers", answers)));
  for (const json& one : found["findings"]) {
    INFO(one.dump(1));
    CHECK((one["severity"] != "problem" || one["check"] == "silence"));
  }
  CHECK_THAT(found["inventory"].dump(), !Catch::Contains("max_message_size"));
}

TEST_CASE("the report for people ends with verdict, fragment and cost", "[doctor]") {
  const Agent agent(3);
  const CommandResult result = doctor({agent.fleet.target(), "-c", "d"});
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK(result.err.empty());
  for (const char* said : {"ok       versions      v2c answers in ", "\nverdict: fit to be polled\n",
                           "\n    community: \"${COMMUNITY}\"\n", "\n# sent "}) {
    CHECK_THAT(result.out, Catch::Contains(said));
  }
  const CommandResult help = doctor({"--help"}, {});
  CHECK(help.exit_code() == 0);
  CHECK_THAT(help.out, Catch::Contains("requests an agent"));
}
