// Our lines against those of the real snmpwalk, from the real snmpd.

#include <net-snmp/net-snmp-config.h>
// The library's headers need the line above first.
#include <net-snmp/net-snmp-includes.h>

#include <catch2/catch.hpp>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "octopoll/core/text.hpp"
#include "octopoll/snmp/names.hpp"
#include "our_names.hpp"
#include "snmp/convert.hpp"
#include "support/run_command.hpp"
#include "support/snmpd.hpp"

namespace octopoll::test {
namespace {

/// The subtrees that our modules name, and two that they do not.
const std::vector<std::string>& subtrees() {
  static const std::vector<std::string> table = {"1.3.6.1.2.1.1",        "1.3.6.1.2.1.2",      "1.3.6.1.2.1.4",
                                                 "1.3.6.1.2.1.5",        "1.3.6.1.2.1.10",     "1.3.6.1.2.1.11",
                                                 "1.3.6.1.2.1.31",       "1.3.6.1.6.3.10.2.1", "1.3.6.1.2.1.25.1",
                                                 "1.3.6.1.4.1.8072.1.5", "1.3.6.1.4.1.99999",  "1.3.6.1.2.1.1.1.0.99"};
  return table;
}

SnmpdOptions agent_with_odd_values() {
  SnmpdOptions options;
  options.config_lines = {
      "sysLocation Rack 7, \"left\"",
      "sysContact noc@example.net",
      "override 1.3.6.1.4.1.99999.1.0 octet_str \"plain text\"",
      "override 1.3.6.1.4.1.99999.2.0 integer -42",
      "override 1.3.6.1.4.1.99999.3.0 object_id 1.3.6.1.2.1.2.2.1.2.7",
      "override 1.3.6.1.4.1.99999.4.0 timeticks 4294967295",
      "override 1.3.6.1.4.1.99999.5.0 counter 4294967295",
  };
  return options;
}

/// A walk by the library's own blocking calls: what snmpwalk does.
std::vector<snmp::VarBind> walk(const Snmpd& agent, const snmp::Oid& root) {
  netsnmp_session wanted;
  snmp_sess_init(&wanted);
  std::string peer = agent.target();
  std::string community = "public";
  wanted.version = SNMP_VERSION_2c;
  wanted.peername = peer.data();
  wanted.community = reinterpret_cast<u_char*>(community.data());
  wanted.community_len = community.size();
  wanted.timeout = 5'000'000;
  void* session = snmp_sess_open(&wanted);
  REQUIRE(session != nullptr);

  std::vector<snmp::VarBind> found;
  snmp::Oid at = root;
  for (bool more = true; more;) {
    netsnmp_pdu* request = snmp_pdu_create(SNMP_MSG_GETNEXT);
    snmp::add_name(*request, at);
    netsnmp_pdu* raw = nullptr;
    const int status = snmp_sess_synch_response(session, request, &raw);
    const std::unique_ptr<netsnmp_pdu, decltype(&snmp_free_pdu)> response(raw, &snmp_free_pdu);
    REQUIRE(status == STAT_SUCCESS);
    const std::vector<snmp::VarBind> next = snmp::to_varbinds(response->variables);
    REQUIRE(next.size() == 1);
    more = next[0].oid.starts_with(root) && !next[0].value.is_exception();
    if (more) {
      at = next[0].oid;
      found.push_back(next[0]);
    }
  }
  snmp_sess_close(session);
  return found;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// `-CI`: nothing but what the walk finds below the root.
std::vector<std::string> snmpwalk(const Snmpd& agent, const std::string& root, const std::string& letters) {
  std::vector<std::string> argv = {"snmpwalk", "-v2c", "-cpublic", "-CI", "-t5", "-M", our_mibs, "-m", "ALL"};
  if (!letters.empty()) argv.push_back("-O" + letters);
  argv.insert(argv.end(), {agent.target(), "." + root});
  ChildOptions options;
  options.env = {{"SNMP_PERSISTENT_DIR", "/dev/null"}, {"SNMPCONFPATH", "/nonexistent"}, {"MIBFILES", ""}};
  const CommandResult result = run_command(argv, options);
  INFO(result.describe());
  REQUIRE(result.ok());
  return split_lines(result.out);
}

std::vector<std::string> our_lines(const snmp::Names& names, const std::vector<snmp::VarBind>& variables,
                                   const std::string& letters) {
  const auto options = snmp::FormatOptions::parse(letters);
  REQUIRE(options);
  std::string text;
  for (const snmp::VarBind& variable : variables) text += names.format(variable, *options) + "\n";
  return split_lines(text);
}

/// The agent's own text may hold control characters (its hrSystemDate does, among them each number of a day or a
/// second); snmpwalk prints them raw. A return alone would let a terminal write over the line.
std::string shown(const std::string& line) {
  std::string text = agent_text(line);
  for (std::size_t at = 0; (at = text.find('\r', at)) != std::string::npos && at + 1 < text.size();)
    text.replace(at, 1, "\\x0d");
  return text;
}

/// snmpwalk for a subtree without anything: one line that is no variable.
bool says_nothing_there(const std::vector<std::string>& lines) {
  return lines.size() == 1 &&
         (lines[0].find("No Such") != std::string::npos || lines[0].find("No more") != std::string::npos);
}

}  // namespace

TEST_CASE("our lines are those of snmpwalk, whatever letters of -O are set") {
  const snmp::Names& names = our_names();
  Snmpd agent(agent_with_odd_values());
  agent.start();

  std::size_t compared = 0;
  std::size_t moved = 0;
  for (const std::string letters : {"",  "n", "q", "Q", "s", "S", "f", "u",  "e",  "t",  "T",  "v",
                                    "U", "a", "x", "X", "b", "0", "E", "nq", "qv", "nQ", "Xs", "nqtUe"}) {
    for (const std::string& root : subtrees()) {
      CAPTURE(letters, root);
      // What snmpwalk says before and after us, the agent said in between as well: what moved is left out by itself.
      const std::vector<std::string> before = snmpwalk(agent, root, letters);
      const std::vector<std::string> ours = our_lines(names, walk(agent, *snmp::Oid::parse(root)), letters);
      const std::vector<std::string> after = snmpwalk(agent, root, letters);
      if (says_nothing_there(before) || before.empty()) {
        CHECK(ours.empty());
        continue;
      }
      if (before.size() != after.size()) continue;
      REQUIRE(ours.size() == before.size());
      for (std::size_t i = 0; i < ours.size(); ++i) {
        if (before[i] != after[i]) {
          ++moved;
          continue;
        }
        CHECK(ours[i] == shown(before[i]));
        ++compared;
      }
    }
  }
  CAPTURE(moved);
  CHECK(compared > 2000);
}

TEST_CASE("what is not there reads as snmpget prints it") {
  const snmp::Names& names = our_names();
  Snmpd agent;
  agent.start();
  const std::vector<std::pair<std::string, snmp::Value>> absent = {
      {"IF-MIB::ifDescr.4242", snmp::Value::no_such_instance()},
      {"SNMPv2-SMI::enterprises.99998.1.0", snmp::Value::no_such_object()},
  };
  for (const auto& [name, value] : absent) {
    ChildOptions options;
    options.env = {{"SNMP_PERSISTENT_DIR", "/dev/null"}, {"SNMPCONFPATH", "/nonexistent"}, {"MIBFILES", ""}};
    const CommandResult got =
        run_command({"snmpget", "-v2c", "-cpublic", "-t5", "-M", our_mibs, "-m", "ALL", agent.target(), name}, options);
    INFO(got.describe());
    const auto oid = names.resolve(name);
    REQUIRE(oid);
    CHECK(names.format({*oid, value}) + "\n" == got.out);
  }
}

}  // namespace octopoll::test
