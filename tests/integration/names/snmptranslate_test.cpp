// Our modules, read by Net-SNMP's own tool.

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "octopoll/snmp/names.hpp"
#include "our_names.hpp"
#include "support/run_command.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::test {
namespace {

namespace fs = std::filesystem;

CommandResult snmptranslate(std::vector<std::string> arguments) {
  std::vector<std::string> argv = {"snmptranslate", "-M", our_mibs, "-m", "ALL"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  ChildOptions options;
  options.env = {{"SNMP_PERSISTENT_DIR", "/dev/null"}, {"SNMPCONFPATH", "/nonexistent"}, {"MIBFILES", ""}};
  return run_command(argv, options);
}

/// Every name that a module of ours gives an OID to, as MODULE::name.
std::vector<std::string> defined_names() {
  std::vector<std::string> names;
  for (const auto& file : fs::directory_iterator(our_mibs)) {
    std::istringstream text(read_file(file.path()));
    for (std::string line; std::getline(text, line);) {
      std::istringstream words(line);
      std::string name, kind;
      words >> name >> kind;
      const bool defines = kind == "OBJECT-TYPE" || kind == "OBJECT-IDENTITY" || kind == "MODULE-IDENTITY" ||
                           kind == "NOTIFICATION-TYPE" || (kind == "OBJECT" && line.find("::=") != std::string::npos);
      if (defines && !line.starts_with(' ') && line.find("MACRO") == std::string::npos)
        names.push_back(file.path().stem().string() + "::" + name);
    }
  }
  return names;
}

}  // namespace

TEST_CASE("our modules parse without a word") {
  const CommandResult tree = snmptranslate({"-Tp"});
  INFO(tree.describe());
  REQUIRE(tree.ok());
  CHECK(tree.err.empty());
  CHECK_THAT(tree.out, Catch::Contains("Counter64 ifHCInOctets(6)"));
}

TEST_CASE("every name of ours has the OID that snmptranslate gives it") {
  const snmp::Names& names = our_names();
  const std::vector<std::string> defined = defined_names();
  REQUIRE(defined.size() > 400);

  std::vector<std::string> arguments = {"-On"};
  arguments.insert(arguments.end(), defined.begin(), defined.end());
  const CommandResult translated = snmptranslate(arguments);
  INFO(translated.err);
  REQUIRE(translated.ok());
  std::vector<std::string> oids;
  std::istringstream text(translated.out);
  for (std::string line; std::getline(text, line);)
    if (!line.empty()) oids.push_back(line);
  REQUIRE(oids.size() == defined.size());

  std::set<std::string> seen;
  for (std::size_t i = 0; i < defined.size(); ++i) {
    CAPTURE(defined[i]);
    const auto oid = names.resolve(defined[i]);
    REQUIRE(oid);
    CHECK("." + oid->to_string() == oids[i]);
    CHECK(names.name(*oid) == defined[i]);
    const auto unqualified = names.resolve(defined[i].substr(defined[i].find(':') + 2));
    REQUIRE(unqualified);
    CHECK(*unqualified == *oid);
    CHECK(seen.insert(oids[i]).second);
  }
}

}  // namespace octopoll::test
