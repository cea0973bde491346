// What the environment, the user's MIB files and the library's habits may and may not do.

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/run_command.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* acme_mib = R"(
ACME-MIB DEFINITIONS ::= BEGIN
IMPORTS enterprises, OBJECT-TYPE FROM SNMPv2-SMI;
acme OBJECT IDENTIFIER ::= { enterprises 99999 }
acmeLevel OBJECT-TYPE
    SYNTAX INTEGER { low(1), high(2) }
    MAX-ACCESS read-only
    STATUS current
    DESCRIPTION "How high it stands."
    ::= { acme 1 }
END
)";

constexpr const char* broken_mib = R"(
BROKEN-MIB DEFINITIONS ::= BEGIN
IMPORTS enterprises, OBJECT-TYPE FROM SNMPv2-SMI
        nothing FROM NOWHERE-MIB;
broken OBJECT IDENTIFIER ::= { enterprises 99998 }
brokenOne OBJECT-TYPE
    SYNTAX Gibberish (((
    ::= { broken
brokenTwo OBJECT-TYPE SYNTAX ::= { missing 3 }
END
)";

constexpr const char* false_if_mib = R"(
IF-MIB DEFINITIONS ::= BEGIN
IMPORTS enterprises, OBJECT-TYPE FROM SNMPv2-SMI;
ifDescr OBJECT IDENTIFIER ::= { enterprises 1 }
END
)";

/// A home of its own for each run, so that nothing of the machine's user takes part.
class Probe {
 public:
  Probe() {
    fs::create_directory(home());
    fs::create_directory(persistent());
    fs::create_directory(user_mibs());
  }
  [[nodiscard]] fs::path home() const { return directory_ / "home"; }
  [[nodiscard]] fs::path persistent() const { return directory_ / "persistent"; }
  [[nodiscard]] fs::path user_mibs() const { return directory_ / "mibs"; }
  fs::path program = NAMES_PROBE;

  [[nodiscard]] CommandResult run(const std::vector<std::string>& names,
                                  const std::vector<std::pair<std::string, std::string>>& env = {}) const {
    ChildOptions options;
    options.env = {{"HOME", home().string()},
                   {"SNMP_PERSISTENT_DIR", persistent().string()},
                   {"OCTOPOLL_MIBDIRS", ""},
                   {"MIBDIRS", user_mibs().string()},
                   {"MIBS", ""},
                   {"MIBFILES", ""},
                   // The library's parser loses what it had of an object when it meets an error in it.
                   {"ASAN_OPTIONS", "detect_leaks=0"}};
    for (const auto& variable : env) {
      std::erase_if(options.env, [&](const auto& known) { return known.first == variable.first; });
      options.env.push_back(variable);
    }
    std::vector<std::string> argv = {program.string()};
    argv.insert(argv.end(), names.begin(), names.end());
    return run_command(argv, options);
  }

 private:
  TempDir directory_;
};

auto lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

TEST_CASE("loading the names is silent and makes no directory") {
  const Probe probe;
  const CommandResult result = probe.run({"ifDescr", "NO-SUCH-MIB::thing", "ifDescr.x"});
  INFO(result.describe());
  REQUIRE(result.ok());
  CHECK(result.err.empty());
  CHECK_THAT(result.out, Catch::StartsWith("1.3.6.1.2.1.2.2.1.2\n"));
  CHECK(fs::is_empty(probe.home()));
  CHECK(fs::is_empty(probe.persistent()));
}

TEST_CASE("OCTOPOLL_MIBDIRS says where our modules are, and is believed") {
  const Probe probe;
  const fs::path copy = probe.home() / "ours";
  fs::copy(OCTOPOLL_SOURCE_DIR "/mibs", copy);
  const CommandResult good = probe.run({"ifDescr"}, {{"OCTOPOLL_MIBDIRS", copy.string()}});
  INFO(good.describe());
  CHECK(good.out == "1.3.6.1.2.1.2.2.1.2\n");
  CHECK(good.err.empty());

  const CommandResult missing = probe.run({"ifDescr"}, {{"OCTOPOLL_MIBDIRS", "/nonexistent/ours"}});
  CHECK(missing.exit_code() == 1);
  CHECK_THAT(missing.out, Catch::Contains("OCTOPOLL_MIBDIRS names /nonexistent/ours"));

  const CommandResult wrong = probe.run({"ifDescr"}, {{"OCTOPOLL_MIBDIRS", probe.user_mibs().string()}});
  CHECK(wrong.exit_code() == 1);
  CHECK_THAT(wrong.out, Catch::Contains("IF-MIB.txt"));
}

TEST_CASE("an installed program finds the modules that were installed with it") {
  Probe probe;
  const fs::path share = probe.home() / "share/octopoll";
  fs::create_directories(share);
  fs::copy(OCTOPOLL_SOURCE_DIR "/mibs", share / "mibs");
  fs::remove(share / "mibs/EtherLike-MIB.txt");  // to see that it is this copy that is read
  fs::create_directory(probe.home() / "bin");
  fs::copy(probe.program, probe.home() / "bin/probe");
  probe.program = probe.home() / "bin/probe";
  const CommandResult result = probe.run({"ifDescr", "dot3StatsTable"});
  INFO(result.describe());
  CHECK_THAT(result.out, Catch::StartsWith("1.3.6.1.2.1.2.2.1.2\n\"dot3StatsTable\": no MIB module that was read"));
  CHECK(result.err.empty());
}

TEST_CASE("a module of the user's is read by MIBS, by MIBFILES, or when a name asks for it") {
  const Probe probe;
  write_file(probe.user_mibs() / "ACME-MIB.txt", acme_mib);
  const std::string known = "1.3.6.1.4.1.99999.1\n";

  const CommandResult by_mibs = probe.run({"acmeLevel", "ifDescr"}, {{"MIBS", "+ACME-MIB"}});
  INFO(by_mibs.describe());
  CHECK(by_mibs.out == known + "1.3.6.1.2.1.2.2.1.2\n");
  CHECK(by_mibs.err.empty());
  CHECK(probe.run({"acmeLevel"}, {{"MIBS", "ALL"}}).out == known);
  CHECK(probe.run({"acmeLevel"}, {{"MIBS", "ACME-MIB"}}).out == known);
  CHECK(probe.run({"acmeLevel"}, {{"MIBS", "+" + (probe.user_mibs() / "ACME-MIB.txt").string()}}).out == known);

  const CommandResult by_name = probe.run({"acmeLevel", "ACME-MIB::acmeLevel", "acmeLevel"});
  CHECK_THAT(by_name.out, Catch::StartsWith("\"acmeLevel\": no MIB module that was read has this name"));
  CHECK_THAT(by_name.out, Catch::EndsWith("\n" + known + known));
  CHECK(by_name.err.empty());

  const std::string file = (probe.user_mibs() / "ACME-MIB.txt").string();
  const CommandResult by_file = probe.run({"acmeLevel"}, {{"MIBDIRS", "/nonexistent"}, {"MIBFILES", file}});
  INFO(by_file.describe());
  CHECK(by_file.out == known);
}

TEST_CASE("a directory of the user's is added to the usual ones, or stands in their place") {
  const Probe probe;
  fs::create_directories(probe.home() / ".snmp/mibs");
  write_file(probe.home() / ".snmp/mibs/ACME-MIB.txt", acme_mib);
  const auto resolves = [&](const std::string& mibdirs) {
    return probe.run({"ACME-MIB::acmeLevel"}, {{"MIBDIRS", mibdirs}}).out == "1.3.6.1.4.1.99999.1\n";
  };
  CHECK(resolves("+" + probe.user_mibs().string()));
  CHECK(resolves("-" + probe.user_mibs().string()));
  CHECK(resolves("$HOME/.snmp/mibs"));
  CHECK_FALSE(resolves(probe.user_mibs().string()));
}

TEST_CASE("a broken module costs one warning that names its file, and nothing else") {
  const Probe probe;
  const fs::path file = probe.user_mibs() / "BROKEN-MIB.txt";
  write_file(file, broken_mib);
  write_file(probe.user_mibs() / "ACME-MIB.txt", acme_mib);
  const CommandResult result = probe.run({"ifDescr", "acmeLevel"}, {{"MIBS", "+BROKEN-MIB:ACME-MIB"}});
  INFO(result.describe());
  CHECK(result.out == "1.3.6.1.2.1.2.2.1.2\n1.3.6.1.4.1.99999.1\n");
  CHECK_THAT(result.err, Catch::Contains("warning: MIBs: " + file.string() + ", line "));
  CHECK(lines(result.err) == 1);
  CHECK(fs::is_empty(probe.persistent()));
}

TEST_CASE("a module that MIBS names and nobody has is told once") {
  const Probe probe;
  const CommandResult result = probe.run({"ifDescr"}, {{"MIBS", "+NO-SUCH-MIB"}});
  INFO(result.describe());
  CHECK(result.out == "1.3.6.1.2.1.2.2.1.2\n");
  CHECK_THAT(result.err, Catch::EndsWith("warning: MIBs: MIBS in the environment: Cannot find module (NO-SUCH-MIB)\n"));
  CHECK(lines(result.err) == 1);
}

TEST_CASE("our IF-MIB has the word, whatever else is called IF-MIB") {
  const Probe probe;
  write_file(probe.user_mibs() / "IF-MIB.txt", false_if_mib);
  const CommandResult result = probe.run({"ifDescr", "IF-MIB::ifDescr"}, {{"MIBS", "+IF-MIB"}});
  INFO(result.describe());
  CHECK(result.out == "1.3.6.1.2.1.2.2.1.2\n1.3.6.1.2.1.2.2.1.2\n");
  CHECK(result.err.empty());
}

TEST_CASE("all modules of the system at once: at most a line a file, and our names stand") {
  const Probe probe;
  const fs::path system = "/usr/share/snmp/mibs";
  const CommandResult result = probe.run({"ifDescr", "sysUpTime.0"}, {{"MIBDIRS", system.string()}, {"MIBS", "ALL"}});
  INFO(result.describe());
  CHECK(result.out == "1.3.6.1.2.1.2.2.1.2\n1.3.6.1.2.1.1.3.0\n");
  // A file may be named twice: for its text, and as a module whose parent nobody has.
  const auto files = fs::exists(system) ? std::distance(fs::directory_iterator(system), {}) : 0;
  CHECK(lines(result.err) <= 2 * files);
}

}  // namespace octopoll::test
