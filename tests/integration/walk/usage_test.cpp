// What is wrong with the command line is told before anything is sent, with exit code 2.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "walk_command.hpp"

using namespace octopoll::test;

TEST_CASE("bad usage is 2, each with what to do", "[walk]") {
  const auto [arguments, said] = GENERATE(table<std::vector<std::string>, std::string>({
      {std::vector<std::string>{}, "no TARGET given"},
      {{""}, "host"},
      {{"127.0.0.1", "-v", "4"}, "-v takes 1, 2c or 3"},
      {{"127.0.0.1:0"}, "port"},
      {{"127.0.0.1:65536"}, "port"},
      {{"127.0.0.1:snmp"}, "port"},
      {{"tcp:127.0.0.1"}, "tcp"},
      {{"127.0.0.1", "--format", "yaml"}, "--format takes"},
      {{"127.0.0.1", "-t", "soon"}, "-t does not take \"soon\""},
      {{"127.0.0.1", "-t", "0"}, "-t does not take \"0\""},
      {{"127.0.0.1", "-r", "-1"}, "-r"},
      {{"127.0.0.1", "-r", "many"}, "--help"},
      {{"127.0.0.1", "-v3"}, "SNMPv3 needs a user"},
      {{"127.0.0.1", "-v2c", "-u", "alice"}, "-u belongs to SNMPv3"},
      {{"127.0.0.1", "-u", "alice", "-l", "most"}, "-l takes noAuthNoPriv, authNoPriv or authPriv"},
      {{"127.0.0.1", "-u", "alice", "-l", "authNoPriv"}, "needs -A"},
      {{"127.0.0.1", "-u", "alice", "-l", "authNoPriv", "-A", "short"}, "at least 8 characters"},
      {{"127.0.0.1", "-u", "alice", "-l", "authPriv", "-A", "long enough"}, "needs -X"},
      {{"127.0.0.1", "-u", "alice", "-l", "authNoPriv", "-a", "SHA3", "-A", "long enough"}, "-a takes MD5, SHA"},
      {{"127.0.0.1", "-u", "alice", "-l", "authPriv", "-x", "ROT13", "-A", "long enough", "-X", "long enough"},
       "-x takes DES, AES"},
      {{"127.0.0.1", "--comunity", "x"}, "--comunity"},
      {{"127.0.0.1", "ifDescr", "-O", "~"}, "-O"},
  }));
  CAPTURE(arguments);
  const CommandResult result = walk(arguments);
  INFO(result.describe());
  CHECK(result.exit_code() == 2);
  CHECK(result.out.empty());
  CHECK_THAT(result.err, Catch::StartsWith("octopoll walk: "));
  CHECK_THAT(result.err, Catch::Contains(said));
}

TEST_CASE("an unknown name is 2, with the name that may be meant, before the agent is asked", "[walk]") {
  // Nobody is at this address: the name alone decides.
  const CommandResult near = walk({"192.0.2.1", "ifDecsr"});
  INFO(near.describe());
  CHECK(near.exit_code() == 2);
  CHECK(near.out.empty());
  CHECK_THAT(near.err, Catch::Contains("ifDecsr"));
  CHECK_THAT(near.err, Catch::Contains("ifDescr"));

  const CommandResult far = walk({"192.0.2.1", "ifDescr", "no.such.thing"});
  INFO(far.describe());
  CHECK(far.exit_code() == 2);
  CHECK(far.out.empty());
  CHECK_THAT(far.err, Catch::Contains("no.such.thing"));
}

TEST_CASE("walk --help teaches by examples and names the exit codes", "[walk]") {
  const CommandResult result = walk({"--help"});
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK(result.err.empty());
  for (const char* said : {"Usage: octopoll walk TARGET", "octopoll walk 192.0.2.1", "--format", "-l [ --level ]",
                           "0 done, 1 some devices failed, 2 bad usage"}) {
    CHECK_THAT(result.out, Catch::Contains(said));
  }
}
