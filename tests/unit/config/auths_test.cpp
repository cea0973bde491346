// Credentials, and that no message gives them away.

#include "config/auths.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "support/temp_dir.hpp"
#include "unit/config/loading.hpp"

using namespace octopoll;
using namespace octopoll::config;

namespace {

/// One variable of the environment, for the scope.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

std::string with_auth(std::string_view auth) {
  return fmt::format("devices: [{{address: a, auth: x}}]\nauths:\n  x: {}\n", auth);
}

SnmpCredentials good_auth(std::string_view auth) { return load_good(with_auth(auth)).devices.at(0).auth.own(); }

}  // namespace

TEST_CASE("versions 1 and 2c", "[config]") {
  CHECK(good_auth("{community: abc}").version == SnmpVersion::v2c);
  CHECK(good_auth("{version: 1, community: abc}").version == SnmpVersion::v1);
  CHECK(good_auth("{version: 2, community: abc}").version == SnmpVersion::v2c);
  CHECK(good_auth("{version: 2c, community: abc}").version == SnmpVersion::v2c);
  CHECK(good_auth("{version: '2c', community: 010}").community.reveal() == "010");
  CHECK(good_auth("{community: ' a b '}").community.reveal() == " a b ");
}

TEST_CASE("version 3 in snmp_exporter's words", "[config]") {
  const auto full = good_auth(
      "{version: 3, username: u, security_level: authPriv, auth_protocol: SHA-256, password: 12345678,\n"
      "      priv_protocol: aes-256-c, priv_password: 'abc def g', context_name: vrf}");
  CHECK(full.version == SnmpVersion::v3);
  CHECK(full.username == "u");
  CHECK(full.level == SecurityLevel::auth_priv);
  CHECK(full.auth_protocol == AuthProtocol::sha256);
  CHECK(full.password.reveal() == "12345678");
  CHECK(full.priv_protocol == PrivProtocol::aes256c);
  CHECK(full.priv_password.reveal() == "abc def g");
  CHECK(full.context_name == "vrf");
  CHECK(full.community.empty());
  CHECK(good_auth("{version: 3, username: u}").level == SecurityLevel::no_auth_no_priv);
  CHECK(good_auth("{version: 3, username: u, security_level: authNoPriv, auth_protocol: MD5, password: 12345678}")
            .level == SecurityLevel::auth_no_priv);
}

TEST_CASE("all protocols by all their names", "[config]") {
  const auto auth = [](std::string_view word) {
    return good_auth(
               fmt::format(
                   "{{version: 3, username: u, security_level: authNoPriv, auth_protocol: {}, password: 12345678}}",
                   word))
        .auth_protocol;
  };
  CHECK(auth("MD5") == AuthProtocol::md5);
  CHECK(auth("SHA") == AuthProtocol::sha);
  CHECK(auth("SHA-1") == AuthProtocol::sha);
  CHECK(auth("SHA224") == AuthProtocol::sha224);
  CHECK(auth("sha256") == AuthProtocol::sha256);
  CHECK(auth("SHA-384") == AuthProtocol::sha384);
  CHECK(auth("SHA512") == AuthProtocol::sha512);
  const auto priv = [](std::string_view word) {
    return good_auth(fmt::format(
                         "{{version: 3, username: u, security_level: authPriv, auth_protocol: SHA, password: 12345678, "
                         "priv_protocol: {}, priv_password: 12345678}}",
                         word))
        .priv_protocol;
  };
  CHECK(priv("DES") == PrivProtocol::des);
  CHECK(priv("AES") == PrivProtocol::aes);
  CHECK(priv("AES-128") == PrivProtocol::aes);
  CHECK(priv("AES192") == PrivProtocol::aes192);
  CHECK(priv("AES-256") == PrivProtocol::aes256);
  CHECK(priv("AES192C") == PrivProtocol::aes192c);
  CHECK(priv("AES256C") == PrivProtocol::aes256c);
}

TEST_CASE("secrets from the environment and from files", "[config]") {
  const test::TempDir folder;
  test::write_file(folder / "beside", "from a file\n");
  test::write_file(folder / "inventory.yaml", "");
  const Variable value("OCTOPOLL_TEST_SECRET", "from the environment");
  const Variable directory("CREDENTIALS_DIRECTORY", folder.path().c_str());
  const auto community = [&folder](std::string_view written) {
    const auto inventory =
        load_inventory_text(with_auth(fmt::format("{{community: '{}'}}", written)), folder / "inventory.yaml");
    INFO((inventory ? "" : listing(inventory.error())));
    REQUIRE(inventory);
    return inventory->devices.at(0).auth->community.reveal();
  };
  CHECK(community("${OCTOPOLL_TEST_SECRET}") == "from the environment");
  CHECK(community("x-${OCTOPOLL_TEST_SECRET}-y") == "x-from the environment-y");
  CHECK(community("$${OCTOPOLL_TEST_SECRET}") == "${OCTOPOLL_TEST_SECRET}");
  CHECK(community("file:beside") == "from a file");
  CHECK(community("file:${CREDENTIALS_DIRECTORY}/beside") == "from a file");
  CHECK(community(fmt::format("file:{}", (folder / "beside").string())) == "from a file");
}

TEST_CASE("a folder with a name like a variable is a folder", "[config]") {
  const test::TempDir folder;
  std::filesystem::create_directory(folder / "${X}");
  test::write_file(folder / "${X}" / "secret", "found\n");
  const auto inventory =
      load_inventory_text(with_auth("{community: 'file:secret'}"), folder / "${X}" / "inventory.yaml");
  REQUIRE(inventory);
  CHECK(inventory->devices.at(0).auth->community.reveal() == "found");
}

TEST_CASE("secrets that are not there are errors where they are written", "[config]") {
  const test::TempDir folder;
  ::unsetenv("OCTOPOLL_TEST_NOT_SET");
  const Variable empty("OCTOPOLL_TEST_EMPTY", "");
  test::write_file(folder / "empty", "\n");
  std::filesystem::create_directory(folder / "folder");
  const auto inventory = load_inventory_text(R"(devices: [a]
auths:
  a: {community: '${OCTOPOLL_TEST_NOT_SET}'}
  b: {community: '${OCTOPOLL_TEST_EMPTY}'}
  c: {community: 'file:nothing'}
  d: {community: 'file:empty'}
  e: {community: 'file:folder'}
  f: {community: 'file:'}
  g: {community: '${UNCLOSED'}
)",
                                             folder / "inventory.yaml");
  REQUIRE_FALSE(inventory);
  INFO(listing(inventory.error()));
  REQUIRE(inventory.error().size() == 7);
  const std::vector<std::string> says{"OCTOPOLL_TEST_NOT_SET is not set",
                                      "OCTOPOLL_TEST_EMPTY is empty",
                                      "nothing",
                                      "is empty",
                                      "is not a regular file",
                                      "without a path",
                                      "without a closing"};
  for (std::size_t i = 0; i < says.size(); ++i) {
    CHECK(inventory.error()[i].line == static_cast<int>(i) + 3);
    CHECK(inventory.error()[i].column == 18);
    CHECK_THAT(inventory.error()[i].message, Catch::Contains(says[i]));
  }
}

TEST_CASE("keys that do not fit", "[config]") {
  struct Wrong {
    std::string_view auth;
    std::vector<Expected> expected;
  };
  const std::vector<Wrong> wrong{
      {"{}", {{3, 3, "auth `x` has no `community`"}}},
      {"{version: 2c}", {{3, 3, "auth `x` has no `community`"}}},
      {"{version: 4, community: a}", {{3, 16, "`version` is none of those"}}},
      {"{version: , community: a}", {{3, 7, "`version` has no value"}}},
      {"{community: a, username: u}",
       {{3, 21, "`username` belongs to version 3, and an auth without `version` is 2c"}}},
      {"{version: 1, community: a, password: abcdefgh}",
       {{3, 33, "`password` belongs to version 3, and this auth is version 1"}}},
      {"{version: 3, community: a, username: u}", {{3, 19, "`community` belongs to versions 1 and 2c"}}},
      {"{version: 3}", {{3, 3, "auth `x` has no `username`, and this auth is version 3"}}},
      {"{version: 3, username: u, password: abcdefgh}", {{3, 32, "`password` needs authentication"}}},
      {"{version: 3, username: u, security_level: authNoPriv}",
       {{3, 3, "has no `auth_protocol`, and this auth is authNoPriv"},
        {3, 3, "has no `password`, and this auth is authNoPriv"}}},
      {"{version: 3, username: u, security_level: authPriv, auth_protocol: MD5, password: abcdefgh}",
       {{3, 3, "has no `priv_password`, and this auth is authPriv"},
        {3, 3, "has no `priv_protocol`, and this auth is authPriv"}}},
      {"{version: 3, username: u, security_level: authNoPriv, auth_protocol: MD5, password: abcdefgh, priv_password: "
       "abcdefgh}",
       {{3, 100, "`priv_password` needs encryption, and this auth is authNoPriv"}}},
      {"{version: 3, username: u, security_level: max}", {{3, 48, "`security_level` is none of those"}}},
      {"{version: 3, username: u, security_level: authNoPriv, auth_protocol: MD4, password: abcdefg}",
       {{3, 75, "`auth_protocol` is none of those"}, {3, 90, "`password` has fewer than 8 characters"}}},
      {"{version: 3, username: 'a-name-of-more-than-thirty-two-octets'}",
       {{3, 29, "`username` is longer than 32 octets"}}},
      {"{comunity: a}", {{3, 7, "an auth has no key `comunity`"}}},
      {"{community: [a]}", {{3, 18, "`community` is a list"}}},
      {"{community: ''}", {{3, 18, "`community` has no value"}}},
      {"text", {{3, 6, "an auth should be a map, and is text"}}},
  };
  for (const Wrong& each : wrong) check_problems(with_auth(each.auth), each.expected);
}

TEST_CASE("no message gives a secret away", "[config]") {
  // Mistakes around a secret: forgotten quotes, forgotten blanks, swapped keys, wrong places.
  const std::vector<std::string> auths{
      "{version: 3, username: u, security_level: authNoPriv, auth_protocol: hunter2hunter2, password: SHA}",
      "{version: 3, username: u, security_level: hunter2hunter2}",
      "{version: hunter2hunter2, community: x}",
      "{version: 3, username: u, password: hunter2hunter2}",
      "{community: hunter2hunter2, username: u}",
      "{community: [hunter2hunter2]}",
      "{community: {hunter2hunter2: x}, username: u}",
      "{community: *hunter2hunter2}",
      "{community: !hunter2hunter2 x}",
      "{community: !!hunter2hunter2}",
      "{community: &hunter2hunter2}",
      "{community: &hunter2hunter2 a, username: &hunter2hunter2 b}",
      "{community: @hunter2hunter2}",
      "{community: %hunter2hunter2}",
      "{community: `hunter2hunter2}",
      "{community: hunter2hunter2: x}",
      "{community: 'hunter2hunter2}",
      "{community: \"hunter2hunter2}",
      "{community: \"hunter2hunter2\\q\"}",
      "{community: '${hunter2hunter2'}",
      "{community:hunter2hunter2}",
      "{community, hunter2hunter2}",
      "{community, hunter2hunter2, hunter2hunter2}",
      "community:hunter2hunter2",
      "hunter2hunter2",
      "[hunter2hunter2]",
      "\n    community:hunter2hunter2\n    version: 2c",
      "\n    - hunter2hunter2",
      "\n    community: |\n      hunter2hunter2\n    username: u",
      "{version: 3, username: u, security_level: authNoPriv, auth_protocol: SHA, password: 'hunter2'}",
      "{community: x}\ndefaults: {interval: 30}\nhunter2hunter2",
      "{community: " + std::string(300, 'h') + "hunter2}",
  };
  for (const std::string& auth : auths) {
    const auto inventory = load(with_auth(auth));
    INFO(auth);
    REQUIRE_FALSE(inventory);
    for (const Problem& problem : inventory.error()) {
      INFO(problem.text() << "; " << problem.remedy);
      CHECK(problem.message.find("hunter2") == std::string::npos);
      CHECK(problem.remedy.find("hunter2") == std::string::npos);
    }
  }
}
