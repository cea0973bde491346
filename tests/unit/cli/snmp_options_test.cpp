#include "cli/snmp_options.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "cli/command.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::cli {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

/// What a subcommand makes of these words, by the parser that all subcommands use.
Result<SnmpArguments> read(Words words) {
  words.insert(words.begin(), "walk");
  test::Arguments arguments(std::move(words));
  const auto variables = parse_arguments(arguments.count(), arguments.values(), {}, snmp_options());
  REQUIRE(variables.has_value());
  return snmp_arguments(*variables);
}

SnmpArguments good(const Words& words) {
  auto arguments = read(words);
  if (!arguments) FAIL(arguments.error().text());
  return std::move(*arguments);
}

Error bad(const Words& words) {
  const auto arguments = read(words);
  CAPTURE(words);
  REQUIRE_FALSE(arguments);
  CHECK(arguments.error().kind == ErrorKind::usage);
  return arguments.error();
}

TEST_CASE("without options it is v2c and public") {
  const SnmpArguments arguments = good({});
  CHECK(arguments.credentials.version == SnmpVersion::v2c);
  CHECK(arguments.credentials.community.reveal() == "public");
  CHECK(arguments.timeout == 1s);
  CHECK(arguments.retries == 2);
}

TEST_CASE("what odd agents need") {
  const SnmpArguments usual = good({});
  CHECK_FALSE(usual.max_requests_per_second);
  CHECK_FALSE(usual.short_request_ids);
  CHECK(usual.answers_from.empty());
  const SnmpArguments odd = good({"--max-requests-per-second", "5", "--short-request-ids", "--answers-from",
                                  "192.0.2.7", "--answers-from", "[2001:db8::7]:1161"});
  CHECK(odd.max_requests_per_second == 5U);
  CHECK(odd.short_request_ids);
  REQUIRE(odd.answers_from.size() == 2);
  CHECK(odd.answers_from[0] == Target{"192.0.2.7", 0, AddressFamily::any});
  CHECK(odd.answers_from[1] == Target{"2001:db8::7", 1161, AddressFamily::any});
  for (const char* rate : {"0", "10001"}) bad({"--max-requests-per-second", rate});
  for (const char* source : {"router", "192.0.2.300", ""}) bad({"--answers-from", source});
}

TEST_CASE("the version, as snmpwalk takes it") {
  const auto [words, version] = GENERATE(table<Words, SnmpVersion>({
      {{"-v", "1"}, SnmpVersion::v1},
      {{"-v1"}, SnmpVersion::v1},
      {{"-v", "2c"}, SnmpVersion::v2c},
      {{"-v2c"}, SnmpVersion::v2c},
      {{"-v2C"}, SnmpVersion::v2c},
      {{"-v", "2"}, SnmpVersion::v2c},
      {{"--snmp-version", "1"}, SnmpVersion::v1},
      {{"--snmp-version=2c"}, SnmpVersion::v2c},
      {{"-v", "3", "-u", "alice"}, SnmpVersion::v3},
      {{"-v3", "-u", "alice"}, SnmpVersion::v3},
      {{"-u", "alice"}, SnmpVersion::v3},
      {{"-ualice"}, SnmpVersion::v3},
  }));
  CAPTURE(words);
  CHECK(good(words).credentials.version == version);
}

TEST_CASE("letters that stick to their values") {
  const SnmpArguments arguments = good({"-v3", "-ualice", "-lauthPriv", "-aSHA-256", "-Aauth-secret", "-xAES",
                                        "-Xpriv-secret", "-nvrf-7", "-t5", "-r0"});
  CHECK(arguments.credentials.username == "alice");
  CHECK(arguments.credentials.level == SecurityLevel::auth_priv);
  CHECK(arguments.credentials.auth_protocol == AuthProtocol::sha256);
  CHECK(arguments.credentials.password.reveal() == "auth-secret");
  CHECK(arguments.credentials.priv_protocol == PrivProtocol::aes);
  CHECK(arguments.credentials.priv_password.reveal() == "priv-secret");
  CHECK(arguments.credentials.context_name == "vrf-7");
  CHECK(arguments.timeout == 5s);
  CHECK(arguments.retries == 0);
}

TEST_CASE("a community is what was written, blanks and dashes too") {
  CHECK(good({"-c", "a b"}).credentials.community.reveal() == "a b");
  CHECK(good({"-cprivate"}).credentials.community.reveal() == "private");
  CHECK(good({"--community=priv=ate"}).credentials.community.reveal() == "priv=ate");
  CHECK(good({"-v1", "-c", "$${x}"}).credentials.community.reveal() == "${x}");
}

TEST_CASE("levels and protocols have the words of snmpwalk, in any case") {
  const auto [level, wanted] = GENERATE(table<std::string, SecurityLevel>({
      {"noAuthNoPriv", SecurityLevel::no_auth_no_priv},
      {"nanp", SecurityLevel::no_auth_no_priv},
      {"authNoPriv", SecurityLevel::auth_no_priv},
      {"AUTHNOPRIV", SecurityLevel::auth_no_priv},
      {"anp", SecurityLevel::auth_no_priv},
      {"authPriv", SecurityLevel::auth_priv},
      {"authpriv", SecurityLevel::auth_priv},
      {"ap", SecurityLevel::auth_priv},
  }));
  CHECK(good({"-u", "alice", "-l", level, "-A", "auth-secret", "-X", "priv-secret"}).credentials.level == wanted);
}

TEST_CASE("authentication protocols") {
  const auto [word, wanted] = GENERATE(table<std::string, AuthProtocol>({
      {"MD5", AuthProtocol::md5},
      {"sha", AuthProtocol::sha},
      {"SHA1", AuthProtocol::sha},
      {"SHA-224", AuthProtocol::sha224},
      {"SHA224", AuthProtocol::sha224},
      {"SHA-256", AuthProtocol::sha256},
      {"sha-384", AuthProtocol::sha384},
      {"SHA-512", AuthProtocol::sha512},
  }));
  CHECK(good({"-u", "alice", "-l", "ap", "-a", word, "-A", "auth-secret", "-X", "priv-secret"})
            .credentials.auth_protocol == wanted);
}

TEST_CASE("privacy protocols") {
  const auto [word, wanted] = GENERATE(table<std::string, PrivProtocol>({
      {"DES", PrivProtocol::des},
      {"AES", PrivProtocol::aes},
      {"AES128", PrivProtocol::aes},
      {"AES-128", PrivProtocol::aes},
      {"AES-192", PrivProtocol::aes192},
      {"AES256", PrivProtocol::aes256},
      {"AES192C", PrivProtocol::aes192c},
      {"AES-192-C", PrivProtocol::aes192c},
      {"aes256c", PrivProtocol::aes256c},
      {"AES-256-C", PrivProtocol::aes256c},
  }));
  CHECK(good({"-u", "alice", "-l", "ap", "-A", "auth-secret", "-x", word, "-X", "priv-secret"})
            .credentials.priv_protocol == wanted);
}

TEST_CASE("a level takes the passphrases that it needs, and no more") {
  const SnmpArguments none = good({"-u", "alice", "-l", "noAuthNoPriv"});
  CHECK(none.credentials.password.empty());
  CHECK(none.credentials.priv_password.empty());
  const SnmpArguments auth = good({"-u", "alice", "-l", "authNoPriv", "-A", "auth-secret"});
  CHECK(auth.credentials.password.reveal() == "auth-secret");
  CHECK(auth.credentials.priv_password.empty());
}

TEST_CASE("bad usage says which option, and what it takes") {
  const auto [words, message, remedy] = GENERATE(table<Words, std::string, std::string>({
      {{"-v", "4"}, "-v does not take \"4\"", "1, 2c or 3"},
      {{"-v", ""}, "-v does not take \"\"", "1, 2c or 3"},
      {{"-v", "2c", "-u", "alice"}, "-u belongs to SNMPv3, not to version 2c", "-v 3"},
      {{"-v", "1", "-l", "authPriv"}, "-l belongs to SNMPv3, not to version 1", "-v 3"},
      {{"-v", "2c", "-A", "auth-secret"}, "-A belongs to SNMPv3, not to version 2c", "-u USER"},
      {{"-n", "vrf-7"}, "-n belongs to SNMPv3, not to version 2c", "-u USER"},
      {{"-v", "3", "-u", "alice", "-c", "public"}, "-c belongs to versions 1 and 2c", "without -c"},
      {{"-u", "alice", "-c", "public"}, "-c belongs to versions 1 and 2c", "without -c"},
      {{"-v", "3"}, "needs a user", "-u USER"},
      {{"-l", "authPriv"}, "needs a user", "-u USER"},
      {{"-v", "3", "-u", ""}, "needs a user", "-u USER"},
      {{"-u", "alice", "-l", "auth"}, "-l does not take \"auth\"", "noAuthNoPriv, authNoPriv or authPriv"},
      {{"-u", "alice", "-a", "SHA3"}, "-a does not take \"SHA3\"", "SHA-512"},
      {{"-u", "alice", "-x", "3DES"}, "-x does not take \"3DES\"", "AES-256"},
      {{"-u", "alice", "-l", "authNoPriv"}, "needs -A (the authentication passphrase)", ""},
      {{"-u", "alice", "-l", "authPriv", "-X", "priv-secret"}, "needs -A (the authentication passphrase)", ""},
      {{"-u", "alice", "-l", "authPriv", "-A", "auth-secret"}, "needs -X (the privacy passphrase)", ""},
      {{"-u", "alice", "-l", "authNoPriv", "-A", "seven77"}, "-A: a passphrase has at least 8", ""},
      {{"-u", "alice", "-l", "authNoPriv", "-A", ""}, "-A: a passphrase has at least 8", ""},
      {{"-u", "alice", "-l", "authPriv", "-A", "auth-secret", "-X", "seven77"}, "-X: a passphrase has at least 8", ""},
      {{"-t", "soon"}, "-t does not take \"soon\"", "seconds"},
      {{"-t", "0"}, "-t does not take \"0\"", "seconds"},
      {{"-t", "-1"}, "-t does not take \"-1\"", "seconds"},
      {{"-t", "301"}, "-t does not take \"301\"", "up to 5m"},
      {{"-t", "0.0001"}, "-t does not take \"0.0001\"", "seconds"},
      {{"-t", "nan"}, "-t does not take \"nan\"", "seconds"},
      {{"-t", "inf"}, "-t does not take \"inf\"", "seconds"},
      {{"-t", ""}, "-t does not take \"\"", "seconds"},
      {{"-r", "101"}, "-r takes 0 to 100", ""},
  }));
  const Error error = bad(words);
  CHECK_THAT(error.message, Catch::Contains(message));
  CHECK_THAT(error.remedy, Catch::Contains(remedy));
}

TEST_CASE("a timeout is in seconds or has its unit") {
  const auto [written, timeout] = GENERATE(table<std::string, std::chrono::nanoseconds>({
      {"1", 1s},
      {"0.5", 500ms},
      {"10", 10s},
      {"500ms", 500ms},
      {"2s", 2s},
      {"5m", 5min},
      {"300", 5min},
      {"0.001", 1ms},
  }));
  CHECK(good({"-t", written}).timeout == timeout);
}

TEST_CASE("secrets come from the environment or from a file") {
  ::setenv("OCTOPOLL_TEST_SECRET", "from the environment", 1);
  const octopoll::test::TempDir folder;
  octopoll::test::write_file(folder / "secret", "from a file\n");
  const std::string file = "file:" + (folder / "secret").string();

  CHECK(good({"-c", "${OCTOPOLL_TEST_SECRET}"}).credentials.community.reveal() == "from the environment");
  CHECK(good({"-c", file}).credentials.community.reveal() == "from a file");
  const SnmpCredentials credentials =
      good({"-u", "alice", "-l", "authPriv", "-A", "${OCTOPOLL_TEST_SECRET}", "-X", file}).credentials;
  CHECK(credentials.password.reveal() == "from the environment");
  CHECK(credentials.priv_password.reveal() == "from a file");
  ::unsetenv("OCTOPOLL_TEST_SECRET");

  for (const Words& words : {Words{"-c", "${OCTOPOLL_TEST_SECRET}"},
                             Words{"-u", "alice", "-l", "authNoPriv", "-A", "${OCTOPOLL_TEST_SECRET}"}}) {
    const Error error = bad(words);
    CHECK_THAT(error.message, Catch::Contains("OCTOPOLL_TEST_SECRET is not set") && Catch::StartsWith("-"));
    CHECK_FALSE(error.remedy.empty());
  }
}

TEST_CASE("no message has a piece of a secret in it") {
  octopoll::test::TempDir folder;
  octopoll::test::write_file(folder / "short", "Zq9\n");
  for (const Words& words : {Words{"-c", "Zq9${OCTOPOLL_TEST_NOT_SET}"}, Words{"-c", "Zq9${"},
                             Words{"-u", "alice", "-l", "authNoPriv", "-A", "Zq9"},
                             Words{"-u", "alice", "-l", "authPriv", "-A", "Zq9-auth-secret", "-X", "Zq9"},
                             Words{"-u", "alice", "-l", "authPriv", "-A", "Zq9-auth-secret"},
                             Words{"-u", "alice", "-l", "authNoPriv", "-A", "file:" + (folder / "short").string()}}) {
    CHECK_THAT(bad(words).text(), !Catch::Contains("Zq"));
  }
}

TEST_CASE("letters may be followed by their values or not at all") {
  for (const Words& words : {Words{"walk", "-c"}, Words{"walk", "-A"}, Words{"walk", "-r", "many"}, Words{"walk", "-q"},
                             Words{"walk", "-c", "a", "-c", "b"}}) {
    test::Arguments arguments(words);
    const auto variables = parse_arguments(arguments.count(), arguments.values(), {}, snmp_options());
    CAPTURE(words);
    REQUIRE_FALSE(variables.has_value());
    CHECK(variables.error() == ExitCode::usage);
  }
}

}  // namespace
}  // namespace octopoll::cli
