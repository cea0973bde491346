// `octopoll local`: which agent it asks, what it says about that, and that nothing stays behind.

#include <fmt/format.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "integration/walk/csv.hpp"
#include "support/binaries.hpp"
#include "support/run_command.hpp"
#include "support/sqlite_query.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"
#include "system_snmpd.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// A machine of its own, as far as the network goes, and a folder for its store.
struct Machine {
  Netns space;
  TempDir directory;

  [[nodiscard]] std::vector<std::string> local(const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv{octopoll_binary().string(), "local", "--db", store().string()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return space.inside(std::move(argv));
  }
  [[nodiscard]] CommandResult run_local(const std::vector<std::string>& arguments) const {
    return run_command(local(arguments), surroundings(), 120s);
  }
  [[nodiscard]] std::filesystem::path store() const { return directory / "local.db"; }
  /// The private snmpd keeps its files below TMPDIR: here whatever it left would be found.
  [[nodiscard]] ChildOptions surroundings() const {
    ChildOptions options;
    std::filesystem::create_directories(directory / "tmp");
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0711));
    std::filesystem::permissions(directory / "tmp", std::filesystem::perms(01777));
    options.env = {{"TMPDIR", (directory / "tmp").string()}};
    return options;
  }
  [[nodiscard]] std::size_t processes() const {
    std::istringstream pids(must_list());
    std::size_t count = 0;
    for (std::string pid; pids >> pid;) ++count;
    return count;
  }
  [[nodiscard]] std::size_t files_left() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory / "tmp")) {
      static_cast<void>(entry);
      ++count;
    }
    return count;
  }
  /// Waits for a number of stored cycles of a running `local`.
  void await_cycles(const Child& run, std::int64_t count) const {
    const bool came = wait_until([&] {
      return run.err().find("store: ") != std::string::npos &&
             sqlite_int(store(), "SELECT count(*) FROM polls WHERE outcome = 'complete'") >= count;
    });
    INFO(run.err());
    REQUIRE(came);
  }

 private:
  [[nodiscard]] std::string must_list() const {
    const CommandResult result = run_command({"ip", "netns", "pids", space.name()});
    REQUIRE(result.ok());
    return result.out;
  }
};

const json& row_of(const json& shown, const std::string& interface) {
  for (const json& row : shown["devices"][0]["interfaces"]) {
    if (row["name"] == interface) return row;
  }
  FAIL("no interface " << interface << " in " << shown.dump());
  return shown;
}

void check_names_the_line(const std::string& message) {
  CHECK_THAT(message, Catch::Contains("hides ifTable") && Catch::Contains("\"rocommunity COMMUNITY 127.0.0.1\"") &&
                          Catch::Contains("/etc/snmp/snmpd.conf"));
}

}  // namespace

TEST_CASE("without a system snmpd local asks one of its own, which is gone afterwards", "[local][snmpd]") {
  if (skip_without_netns()) return;
  const Machine machine;
  const CommandResult result = machine.run_local({"--interval", "500ms", "--duration", "2s"});
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK_THAT(result.err, Catch::Contains("no snmpd listens on 127.0.0.1:161") &&
                             Catch::Contains("asking a private snmpd on 127.0.0.1:"));
  CHECK_THAT(result.out, Catch::Contains("lo") && Catch::Contains("% is -: loopback has no speed (lo)") &&
                             Catch::Contains("median ms") && Catch::Contains(machine.store().string()));
  CHECK(machine.processes() == 0);
  CHECK(machine.files_left() == 0);
  // Its cache is switched off: every poll is as fresh as the kernel.
  CHECK(sqlite_int(machine.store(), "SELECT count(*) FROM polls WHERE cache_period_ms <> 0") == 0);
  CHECK(sqlite_int(machine.store(), "SELECT count(*) FROM samples WHERE in_quality = 'ok'") >= 1);
}

TEST_CASE("the private snmpd dies with a local that was killed", "[local][snmpd]") {
  if (skip_without_netns()) return;
  const Machine machine;
  Child run = Child::start(machine.local({"--interval", "200ms", "--duration", "1h"}), machine.surroundings());
  machine.await_cycles(run, 2);
  CHECK(machine.processes() == 2);
  run.signal(SIGKILL);
  REQUIRE(run.wait(30s));
  CHECK(wait_until([&] { return machine.processes() == 0; }));
  // Its folder is cleared away by the next one, once it is too old for one that is just being made.
  CHECK(machine.files_left() == 1);
  for (const auto& entry : std::filesystem::directory_iterator(machine.directory / "tmp")) {
    std::filesystem::last_write_time(entry.path(), std::filesystem::last_write_time(entry.path()) - 5min);
  }
  CHECK(machine.run_local({"--interval", "500ms", "--duration", "1s"}).exit_code() == 0);
  CHECK(machine.files_left() == 0);
}

TEST_CASE("Ctrl-C ends local with the table of what was seen", "[local][snmpd]") {
  if (skip_without_netns()) return;
  const Machine machine;
  const int signal = GENERATE(SIGINT, SIGTERM);
  Child run = Child::start(machine.local({"--interval", "300ms", "--duration", "1h"}), machine.surroundings());
  machine.await_cycles(run, 3);
  ::kill(-run.pid(), signal);  // to its whole group, as a terminal does
  const auto ended = run.wait(30s);
  INFO(run.err());
  REQUIRE(ended);
  CHECK(ended->ok());
  CHECK_THAT(run.out(), Catch::Contains("lo ") && Catch::Contains(" ok"));
  CHECK(machine.processes() == 0);
}

TEST_CASE("local prints JSON and CSV, and nothing else on stdout", "[local][snmpd]") {
  if (skip_without_netns()) return;
  const Machine machine;
  machine.space.must({"ip", "link", "add", "fake", "type", "veth", "peer", "name", "fake2"});
  machine.space.must({"ip", "link", "set", "fake", "up"});
  const CommandResult result =
      machine.run_local({"--interval", "500ms", "--duration", "2s", "--format", "json", "--snmpd", "private"});
  INFO(result.describe());
  REQUIRE(result.exit_code() == 0);
  const json shown = json::parse(result.out);
  REQUIRE(shown["devices"].size() == 1);
  CHECK(shown["devices"][0]["outcome"] == "complete");
  CHECK(shown["devices"][0]["cache_period_seconds"] == 0.0);
  const json& loopback = row_of(shown, "lo");
  CHECK(loopback["quality"] == "ok");
  CHECK(loopback["in_bps"].get<double>() > 0);
  CHECK(loopback["in_utilization"].is_null());
  CHECK(loopback["counters"]["in_octets"]["value"].get<std::uint64_t>() > 0);
  CHECK(row_of(shown, "fake")["quality"] == "ok");
  REQUIRE(shown["pings"].size() == 1);
  CHECK(shown["pings"][0]["received"].get<int>() > 0);

  const CommandResult csv =
      machine.run_local({"--interval", "500ms", "--duration", "1s", "--format", "csv", "--snmpd", "private"});
  INFO(csv.describe());
  REQUIRE(csv.exit_code() == 0);
  const auto records = parse_csv(csv.out);
  REQUIRE(records.size() == 4);  // lo, and both ends of the link
  for (const auto& record : records) CHECK(record.size() == records[0].size());
}

TEST_CASE("a system snmpd with Debian's view is named with the line that opens it", "[local][snmpd]") {
  if (skip_without_netns()) return;
  const Machine machine;
  const SystemSnmpd agent(machine.space, debian_configuration);
  const CommandResult automatic = machine.run_local({"--interval", "500ms", "--duration", "1s"});
  INFO(automatic.describe());
  CHECK(automatic.exit_code() == 0);
  check_names_the_line(automatic.err);
  CHECK_THAT(automatic.err, Catch::Contains("asking a private snmpd"));

  const CommandResult system = machine.run_local({"--snmpd", "system", "--interval", "500ms", "--duration", "1s"});
  INFO(system.describe());
  CHECK(system.exit_code() == 1);
  CHECK(system.out.empty());
  check_names_the_line(system.err);
  CHECK_THAT(system.err, Catch::Contains("--snmpd auto"));

  const CommandResult stranger =
      machine.run_local({"--snmpd", "system", "-c", "who", "--interval", "500ms", "--duration", "1s"});
  INFO(stranger.describe());
  CHECK(stranger.exit_code() == 1);
  CHECK_THAT(stranger.err, Catch::Contains("does not serve us"));
}

TEST_CASE("the line that local names opens the system's snmpd, and local then asks that one", "[local][snmpd]") {
  if (skip_without_netns()) return;
  const Machine machine;
  const SystemSnmpd agent(machine.space, debian_configuration + "rocommunity insiders 127.0.0.1\n", "insiders");
  for (const char* choice : {"auto", "system"}) {
    CAPTURE(choice);
    std::string quality;
    // On a busy machine the moment of a refresh may be missed, and the delta is `stale` for good reason.
    for (int attempt = 0; attempt < 4 && quality != "ok"; ++attempt) {
      // Long enough for two reads of a cache that is refreshed every 3 s.
      const CommandResult result =
          machine.run_local({"--snmpd", choice, "-c", "insiders", "--duration", "9s", "--format", "json"});
      INFO(result.describe());
      REQUIRE(result.exit_code() == 0);
      CHECK_THAT(result.err,
                 Catch::Contains("asking the system's snmpd on 127.0.0.1:161") && !Catch::Contains("private snmpd"));
      const json shown = json::parse(result.out);
      CHECK(shown["devices"][0]["cache_period_seconds"] == 3.0);
      quality = row_of(shown, "lo")["quality"].get<std::string>();
    }
    CHECK(quality == "ok");
  }
  CHECK(machine.processes() == 1);  // the system's own
}

TEST_CASE("a community that Debian's file has already is not opened by a second line", "[local][snmpd]") {
  if (skip_without_netns()) return;
  const Machine machine;
  // Why the message asks for a community that the file does not have yet.
  const SystemSnmpd agent(machine.space, debian_configuration + "rocommunity public 127.0.0.1\n");
  const CommandResult result = machine.run_local({"--snmpd", "system", "--interval", "500ms", "--duration", "1s"});
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK_THAT(result.err, Catch::Contains("that the file does not have yet"));
}

TEST_CASE("local refuses what it does not understand", "[local]") {
  const TempDir directory;
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--snmpd", "borrowed"},
                                                {"--interval", "1"},
                                                {"--duration", "10ms"},
                                                {"--format", "xml"}}) {
    std::vector<std::string> argv{octopoll_binary().string(), "local", "--db", (directory / "x.db").string()};
    argv.insert(argv.end(), wrong.begin(), wrong.end());
    const CommandResult result = run_command(argv);
    INFO(result.describe());
    CHECK(result.exit_code() == 2);
    CHECK(result.out.empty());
    CHECK_THAT(result.err, Catch::Contains(wrong[0].substr(2)));
    CHECK_FALSE(std::filesystem::exists(directory / "x.db"));
  }
}
