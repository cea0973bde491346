// Walks of a real agent, in every version and security that it offers, against what snmpwalk reads of it.

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "csv.hpp"
#include "support/ports.hpp"
#include "walk_command.hpp"

using namespace octopoll::test;
using nlohmann::json;

namespace {

const SnmpdUser no_auth{"plain", "", "", "", "", "noauth", ""};
const SnmpdUser auth_only{"signed", "SHA-256", "correct horse battery", "", "", "auth", ""};
const SnmpdUser auth_priv{"sealed", "SHA-256", "correct horse battery", "AES", "staple staple staple", "priv", ""};

Snmpd agent_for_all() {
  SnmpdOptions options;
  options.users = {no_auth, auth_only, auth_priv};
  options.config_lines = {"sysLocation Rack 7, \"left\"", "sysContact noc@example.net", "sysName walked"};
  return Snmpd(std::move(options));
}

/// What snmpwalk of Net-SNMP finds below `root`: instance (all after the root) to value.
std::map<std::string, std::string> snmpwalk(const Snmpd& agent, const std::vector<std::string>& credentials,
                                            const std::string& root) {
  std::vector<std::string> argv{"snmpwalk"};
  argv.insert(argv.end(), credentials.begin(), credentials.end());
  argv.insert(argv.end(), {"-t", "5", "-r", "5", "-m", "", "-OnqetU", agent.target(), "." + root});
  ChildOptions options;
  options.env = {{"SNMP_PERSISTENT_DIR", "/dev/null"}, {"SNMPCONFPATH", "/nonexistent"}, {"MIBS", ""}};
  const CommandResult result = run_command(std::move(argv), options);
  INFO(result.describe());
  REQUIRE(result.ok());
  std::map<std::string, std::string> found;
  for (const std::string& line : split_lines(result.out)) {
    const std::size_t space = line.find(' ');
    REQUIRE(space != std::string::npos);
    if (!line.starts_with("." + root + ".")) continue;
    std::string value = line.substr(space + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    found[line.substr(root.size() + 2, space - root.size() - 2)] = value;
  }
  return found;
}

std::string as_text(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

/// Columns that stand still, by the name of our JSON's field and the OID of snmpwalk's.
const std::map<std::string, std::string> steady{{"descr", "1.3.6.1.2.1.2.2.1.2"},
                                                {"type", "1.3.6.1.2.1.2.2.1.3"},
                                                {"mtu", "1.3.6.1.2.1.2.2.1.4"},
                                                {"if_name", "1.3.6.1.2.1.31.1.1.1.1"},
                                                {"alias", "1.3.6.1.2.1.31.1.1.1.18"}};

void check_against_snmpwalk(const Snmpd& agent, const std::vector<std::string>& credentials) {
  std::vector<std::string> arguments{agent.target()};
  arguments.insert(arguments.end(), credentials.begin(), credentials.end());
  const json got = walk_json(arguments);
  CHECK(got["device"]["sysName"] == "walked");
  CHECK(got["device"]["sysLocation"] == "Rack 7, \"left\"");
  CHECK(got["device"]["sysContact"] == "noc@example.net");

  const auto indexes = snmpwalk(agent, credentials, "1.3.6.1.2.1.2.2.1.1");
  REQUIRE(!indexes.empty());
  CHECK(got["device"]["ifNumber"] == indexes.size());
  REQUIRE(got["interfaces"].size() == indexes.size());
  for (const auto& [field, oid] : steady) {
    const auto theirs = snmpwalk(agent, credentials, oid);
    CAPTURE(field);
    CHECK(theirs.size() == indexes.size());
    for (const json& row : got["interfaces"]) {
      const std::string index = row["ifIndex"].dump();
      CAPTURE(index);
      REQUIRE(theirs.contains(index));
      CHECK(as_text(row[field]) == theirs.at(index));
    }
  }
  const auto loopback = std::find_if(got["interfaces"].begin(), got["interfaces"].end(),
                                     [](const json& row) { return row["name"] == "lo"; });
  REQUIRE(loopback != got["interfaces"].end());
  CHECK((*loopback)["oper_status"] == "up");
  CHECK((*loopback)["in_octets"].get<std::uint64_t>() > 0);
}

}  // namespace

TEST_CASE("a real agent's rows are those of snmpwalk, in every version and level", "[walk][snmpd]") {
  Snmpd agent = agent_for_all();
  agent.start();
  SECTION("v1") { check_against_snmpwalk(agent, {"-v1", "-c", "public"}); }
  SECTION("v2c") { check_against_snmpwalk(agent, {"-v2c", "-c", "public"}); }
  SECTION("v3 noAuthNoPriv") { check_against_snmpwalk(agent, as_user(no_auth)); }
  SECTION("v3 authNoPriv") { check_against_snmpwalk(agent, as_user(auth_only)); }
  SECTION("v3 authPriv") { check_against_snmpwalk(agent, as_user(auth_priv)); }
}

TEST_CASE("every pair of authentication and privacy protocols reads a real agent", "[walk][snmpd]") {
  SnmpdOptions options;
  const std::vector<std::string> auths{"MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"};
  const std::vector<std::string> privs{"DES", "AES", "AES-192", "AES-256"};
  for (const std::string& auth : auths) {
    options.users.push_back({"u" + auth, auth, "correct horse battery", "", "", "auth", ""});
    for (const std::string& priv : privs) {
      options.users.push_back(
          {"u" + auth + priv, auth, "correct horse battery", priv, "staple staple staple", "priv", ""});
    }
  }
  const std::vector<SnmpdUser> users = options.users;
  Snmpd agent(std::move(options));
  agent.start();
  std::size_t read = 0;
  for (const SnmpdUser& user : users) {
    CAPTURE(user.name);
    std::vector<std::string> arguments{agent.target(), "1.3.6.1.2.1.1.3.0", "--format", "csv"};
    const auto credentials = as_user(user);
    arguments.insert(arguments.end(), credentials.begin(), credentials.end());
    const CommandResult result = walk(patiently(arguments));
    INFO(result.describe());
    CHECK(result.exit_code() == 0);
    CHECK(result.err.empty());
    CHECK(parse_csv(result.out).size() == 2);
    ++read;
  }
  CHECK(read == 30);
}

TEST_CASE("Cisco's key extension reads an agent that uses it", "[walk][snmpd]") {
  SnmpdOptions options;
  options.users = {{"c192", "SHA", "correct horse battery", "AES192C", "staple staple staple", "priv", ""},
                   {"c256", "SHA", "correct horse battery", "AES256C", "staple staple staple", "priv", ""}};
  const std::vector<SnmpdUser> users = options.users;
  Snmpd agent(std::move(options));
  agent.start();
  for (const SnmpdUser& user : users) {
    CAPTURE(user.name);
    std::vector<std::string> arguments{agent.target(), "sysUpTime.0"};
    const auto credentials = as_user(user);
    arguments.insert(arguments.end(), credentials.begin(), credentials.end());
    const CommandResult result = walk(patiently(arguments));
    INFO(result.describe());
    CHECK(result.exit_code() == 0);
  }
}

TEST_CASE("SNMPv3 is implied by a user", "[walk][snmpd]") {
  Snmpd agent = agent_for_all();
  agent.start();
  std::vector<std::string> arguments = as_user(auth_priv);
  arguments.erase(arguments.begin());  // -v3
  arguments.insert(arguments.begin(), {agent.target(), "sysName.0"});
  const CommandResult result = walk(patiently(arguments));
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK(result.out == "SNMPv2-MIB::sysName.0 = STRING: walked\n");
}

TEST_CASE("an agent at ::1 is walked like any other", "[walk][snmpd]") {
  if (!has_ipv6_loopback()) {
    std::cout << "SKIPPED: no ::1 here\n";
    return;
  }
  Snmpd agent = agent_for_all();
  agent.start();
  const json by_ipv4 = walk_json({agent.target()});
  for (const std::string& target : {agent.target_ipv6(), fmt::format("[::1]:{}", agent.port()),
                                    fmt::format("udp6:[0:0:0:0:0:0:0:1]:{}", agent.port())}) {
    CAPTURE(target);
    const json by_ipv6 = walk_json({target});
    CHECK(by_ipv6["device"]["sysName"] == "walked");
    CHECK(by_ipv6["interfaces"].size() == by_ipv4["interfaces"].size());
  }
  std::vector<std::string> arguments = as_user(auth_priv);
  arguments.insert(arguments.begin(), agent.target_ipv6());
  CHECK(walk_json(arguments)["interfaces"].size() == by_ipv4["interfaces"].size());
}

TEST_CASE("a user whose view has no interfaces sees none, and that is no failure", "[walk][snmpd]") {
  SnmpdOptions options;
  options.communities = {{"public", ""}, {"narrow", "system"}, {"half", "half"}};
  options.views = {{"system", "1.3.6.1.2.1.1", true}, {"half", "1.3.6.1.2.1", true}, {"half", "1.3.6.1.2.1.31", false}};
  Snmpd agent(std::move(options));
  agent.start();

  const json narrow = walk_json({agent.target(), "-c", "narrow"});
  CHECK(narrow["interfaces"] == json::array());
  CHECK(narrow["device"]["ifNumber"] == nullptr);
  CHECK(narrow["device"]["sysObjectID"].is_string());
  const CommandResult table = walk(patiently({agent.target(), "-c", "narrow"}));
  INFO(table.describe());
  CHECK(table.exit_code() == 0);
  CHECK_THAT(table.out, Catch::Contains("no interface tables"));

  const json half = walk_json({agent.target(), "-c", "half"});
  REQUIRE(!half["interfaces"].empty());
  for (const json& row : half["interfaces"]) {
    CHECK(row["tables"] == json({"ifTable"}));
    CHECK(row["name_source"] == "ifDescr");
    CHECK(row["octets_width"] == 32);
  }
}
