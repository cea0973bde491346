// What `octopoll record` writes is what the device said: each recording is recorded again and played again.

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "fleet/fleet.hpp"
#include "record_command.hpp"
#include "support/snmpd.hpp"
#include "support/temp_dir.hpp"

using namespace octopoll::test;
using nlohmann::json;

namespace {

std::vector<std::string> recording_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test_data() / "recordings")) {
    if (entry.path().extension() == ".snmprec") names.push_back(entry.path().stem().string());
  }
  return names;
}

/// Name and value of all objects, as octets of the wire, but for ipAddrTable and ifRcvAddressTable, which are not
/// recorded: no interface poller reads them, and their indexes are somebody's addresses.
using Contents = std::map<fleet::Oid, std::pair<fleet::Tag, std::vector<std::uint8_t>>>;
Contents contents_of(const std::filesystem::path& file) {
  const auto recording = fleet::load_recording(file);
  const auto is_below = [](const fleet::Oid& name, const fleet::Oid& root) {
    return name.size() > root.size() && std::equal(root.begin(), root.end(), name.begin());
  };
  Contents contents;
  for (std::size_t i = 0; i < recording->layout->size(); ++i) {
    const auto view = recording->layout->name(i);
    const fleet::Oid name(view.begin(), view.end());
    if (is_below(name, {1, 3, 6, 1, 2, 1, 4}) || is_below(name, {1, 3, 6, 1, 2, 1, 31, 1, 4})) continue;
    const auto& item = recording->items[recording->layout->slot(i).row];
    contents[name] = {item.tag, item.content};
  }
  return contents;
}

json walk_json(const fleet::Fleet& agents, const std::string& community) {
  const CommandResult result = run_command(
      {octopoll_binary().string(), "walk", agents.target(), "-c", community, "-t", "5", "-r", "5", "--format", "json"});
  INFO(result.describe());
  REQUIRE(result.exit_code() == 0);
  return json::parse(result.out);
}

/// A synthetic device "d".
struct Agent {
  fleet::Fleet fleet;
  explicit Agent(std::size_t interfaces, const fleet::Json& faults = fleet::Json::object()) {
    fleet::DeviceSpec spec;
    spec.name = "d";
    fleet::InterfaceSpec pattern;
    pattern.start[fleet::Count::in_octets] = 5'000'000'000;
    spec.synthetic.interfaces = fleet::make_interfaces(interfaces, pattern);
    spec.faults = faults;
    fleet.add(spec);
    fleet.start();
  }
};

}  // namespace

TEST_CASE("a recorded device plays as it did", "[record]") {
  fleet::Fleet agents;
  agents.add(fleet::load_recordings(test_data() / "recordings"));
  agents.start();
  const TempDir folder;
  for (const std::string& name : recording_names()) {
    CAPTURE(name);
    const auto file = folder / (name + ".snmprec");
    const CommandResult result = record({agents.target(), "-c", name, "-o", file.string()});
    INFO(result.describe());
    REQUIRE(result.exit_code() == 0);
    CHECK(result.out.empty());
    // Octet by octet, types included: what was lost would be lost for the bug report.
    CHECK(contents_of(file) == contents_of(test_data() / "recordings" / (name + ".snmprec")));
  }
  fleet::Fleet again;
  again.add(fleet::load_recordings(folder.path()));
  again.start();
  for (const std::string& name : recording_names()) {
    CAPTURE(name);
    const json played = walk_json(again, name);
    CHECK(played == walk_json(agents, name));
    CHECK(played == json::parse(read_file(test_data() / "recordings" / (name + ".expected.json"))));
  }
}

TEST_CASE("the default name is the target's, and the file is its owner's alone", "[record]") {
  const Agent agent(2);
  const TempDir folder;
  ChildOptions options;
  options.cwd = folder.path();
  const CommandResult result = record({agent.fleet.target(), "-c", "d"}, options);
  INFO(result.describe());
  REQUIRE(result.exit_code() == 0);
  const auto file = folder / ("127.0.0.1-" + std::to_string(agent.fleet.port()) + ".snmprec");
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  CHECK_THAT(result.err, Catch::EndsWith(" objects in " + file.filename().string() + "\n"));
  // Nothing else is left there.
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a file is not overwritten unasked, and a directory never", "[record]") {
  const Agent agent(2);
  const TempDir folder;
  const auto file = folder / "mine.snmprec";
  write_file(file, "precious");
  const CommandResult refused = record({agent.fleet.target(), "-c", "d", "-o", file.string()});
  INFO(refused.describe());
  CHECK(refused.exit_code() == 2);
  CHECK_THAT(refused.err, Catch::Contains("is there already") && Catch::Contains("--force"));
  CHECK(read_file(file) == "precious");

  const CommandResult forced = record({agent.fleet.target(), "-c", "d", "-o", file.string(), "--force"});
  CHECK(forced.exit_code() == 0);
  CHECK_THAT(read_file(file), Catch::StartsWith("1.3.6.1.2.1.1.1.0|4"));

  const CommandResult directory = record({agent.fleet.target(), "-c", "d", "-o", folder.path().string(), "--force"});
  CHECK(directory.exit_code() == 2);
  CHECK_THAT(directory.err, Catch::Contains("no regular file"));
}

TEST_CASE("a place that cannot be written to is told before the device is asked", "[record]") {
  Agent agent(2);
  const CommandResult result = record({agent.fleet.target(), "-c", "d", "-o", "/nowhere/at/all.snmprec"});
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK_THAT(result.err, Catch::Contains("/nowhere/at/all.snmprec: cannot be written: No such file or directory"));
  CHECK(agent.fleet.stats("d").requests == 0);
}

TEST_CASE("a recording that is interrupted before the first answer says so, and nothing else", "[record]") {
  Agent agent(2);
  agent.fleet.set("d", {{"silent", true}});
  Child child = Child::start({octopoll_binary().string(), "record", agent.fleet.target(), "-c", "d", "-t", "30"});
  while (agent.fleet.stats("d").requests == 0 && child.running()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  child.signal(SIGINT);
  const auto ended = child.wait(std::chrono::seconds(30));
  REQUIRE(ended);
  CHECK_FALSE(ended->ok());
  CHECK_THAT(child.err(), Catch::Contains("interrupted"));
  CHECK_THAT(child.err(), !Catch::Contains("community"));
}

TEST_CASE("a dash for the file is stdout, and a stdout that takes nothing is an error", "[record]") {
  const Agent agent(2);
  const CommandResult result = record({agent.fleet.target(), "-c", "d", "-o", "-"});
  CHECK(result.exit_code() == 0);
  CHECK_THAT(result.out, Catch::StartsWith("1.3.6.1.2.1.1.1.0|4"));
  CHECK(result.err.empty());
  const std::string command =
      octopoll_binary().string() + " record " + agent.fleet.target() + " -c d -t 5 -r 5 -o - > /dev/full";
  const CommandResult full = run_command({"sh", "-c", command});
  INFO(full.describe());
  CHECK(full.exit_code() == 1);
  CHECK_THAT(full.err, Catch::Contains("stdout did not take all"));
}

TEST_CASE("a device that falls silent in the middle leaves what was found, and exit code 1", "[record]") {
  fleet::Fleet agents;
  fleet::DeviceSpec spec;
  spec.name = "d";
  fleet::InterfaceSpec interface;
  interface.alias = std::string(1100, 'a');
  spec.synthetic.interfaces = fleet::make_interfaces(1, interface);
  spec.faults = {{"silent_over", 1000}};
  agents.add(spec);
  agents.start();
  const TempDir folder;
  const auto file = folder / "part.snmprec";
  const CommandResult result = record({agents.target(), "-c", "d", "-o", file.string()}, {}, {"-t", "0.7", "-r", "1"});
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK_THAT(result.err, Catch::Contains(" objects in ") && Catch::Contains("the recording is not complete"));
  const std::string text = read_file(file);
  CHECK_THAT(text, Catch::Contains("\n1.3.6.1.2.1.31.1.1.1.1.1|4|eth1\n"));
  CHECK_THAT(text, !Catch::Contains("\n1.3.6.1.2.1.31.1.1.1.18."));
}

TEST_CASE("nobody there, no such host, a wrong community: one error each, no file", "[record]") {
  const Agent agent(1);
  const TempDir folder;
  const auto file = folder / "none.snmprec";
  const auto [arguments, code, said] = GENERATE_REF(table<std::vector<std::string>, int, std::string>({
      {{agent.fleet.target(), "-c", "wrong"}, 1, "the host answers ping"},
      {{"127.0.0.1:1"}, 1, "port closed"},
      {{"no-such-host.invalid"}, 1, "no-such-host.invalid"},
      {{"tcp:127.0.0.1"}, 2, "tcp"},
      {{agent.fleet.target(), "--oid", "ifDecsr"}, 2, "ifDescr"},
      {{agent.fleet.target(), "--oid", "1.3.x"}, 2, "1.3.x"},
  }));
  auto all = arguments;
  all.insert(all.end(), {"-o", file.string()});
  const CommandResult result = record(all, {}, {"-t", "0.3", "-r", "0"});
  INFO(result.describe());
  CHECK(result.exit_code() == code);
  CHECK(result.out.empty());
  CHECK_THAT(result.err, Catch::StartsWith("octopoll record: ") && Catch::Contains(said));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("an agent that loops in one column is recorded but for that column's tail", "[record][faults]") {
  const Agent agent(5, {{"loop", "ifDescr"}});
  const TempDir folder;
  const auto file = folder / "loop.snmprec";
  const CommandResult result = record({agent.fleet.target(), "-c", "d", "-o", file.string()});
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK_THAT(result.err, Catch::Contains("the agent loops"));
  const std::string text = read_file(file);
  CHECK_THAT(text, Catch::Contains("\n1.3.6.1.2.1.2.2.1.2.1|4|eth1\n"));
  CHECK_THAT(text, Catch::Contains("\n1.3.6.1.2.1.2.2.1.3.5|2|6\n"));
  CHECK_THAT(text, Catch::Contains("\n1.3.6.1.2.1.31.1.1.1.6.5|70|5000000000\n"));
}

TEST_CASE("a real snmpd is recorded and played: what walk shows of both is one", "[record][snmpd]") {
  Snmpd agent;
  agent.start();
  const TempDir folder;
  const auto file = folder / "real.snmprec";
  const CommandResult result = record({agent.target(), "--oid", "1.3.6.1.2.1.25.1", "-o", file.string()});
  INFO(result.describe());
  REQUIRE(result.exit_code() == 0);
  fleet::Fleet again;
  again.add(fleet::load_recordings(folder.path()));
  again.start();
  const json played = walk_json(again, "real");
  const CommandResult live =
      run_command({octopoll_binary().string(), "walk", agent.target(), "-t", "5", "-r", "5", "--format", "json"});
  REQUIRE(live.exit_code() == 0);
  const json real = json::parse(live.out);
  REQUIRE(played["interfaces"].size() == real["interfaces"].size());
  CHECK(played["device"]["sysDescr"] == real["device"]["sysDescr"]);
  for (std::size_t i = 0; i < real["interfaces"].size(); ++i) {
    // The counters of a living device have moved since.
    for (const char* field : {"ifIndex", "name", "descr", "speed_bps", "phys_address", "type", "tables", "bits"}) {
      CHECK(played["interfaces"][i][field] == real["interfaces"][i][field]);
    }
  }
  CHECK_THAT(read_file(file), Catch::Contains("\n1.3.6.1.2.1.25.1.1.0|67|"));
}

TEST_CASE("record --help teaches, and says what --anonymize does", "[record]") {
  const CommandResult result = record({"--help"}, {}, {});
  CHECK(result.exit_code() == 0);
  for (const char* said : {"Usage: octopoll record TARGET", "--anonymize", "octopoll-fleet --recordings",
                           "0 done, 1 no answer or not all of it"}) {
    CHECK_THAT(result.out, Catch::Contains(said));
  }
}
