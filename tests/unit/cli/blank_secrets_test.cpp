// What `ps` shows of a command line with secrets in it.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "cli/snmp_options.hpp"

namespace octopoll::cli {
namespace {

using Words = std::vector<std::string>;

Words blanked(const Words& words) {
  test::Arguments arguments(words);
  blank_secrets(arguments.count(), arguments.values());
  return arguments.words();
}

TEST_CASE("secrets are blanked however they are written, and nothing else is") {
  const auto [given, left] = GENERATE(table<Words, Words>({
      {{"walk", "-c", "secret", "192.0.2.1"}, {"walk", "-c", "xxxxxx", "192.0.2.1"}},
      {{"walk", "-csecret", "192.0.2.1"}, {"walk", "-cxxxxxx", "192.0.2.1"}},
      {{"walk", "--community", "secret", "192.0.2.1"}, {"walk", "--community", "xxxxxx", "192.0.2.1"}},
      {{"walk", "--community=secret", "192.0.2.1"}, {"walk", "--community=xxxxxx", "192.0.2.1"}},
      {{"walk", "--community=", "192.0.2.1"}, {"walk", "--community=", "192.0.2.1"}},
      {{"walk", "-A", "authsecret", "-X", "privsecret"}, {"walk", "-A", "xxxxxxxxxx", "-X", "xxxxxxxxxx"}},
      {{"walk", "-Aauthsecret", "-Xprivsecret"}, {"walk", "-Axxxxxxxxxx", "-Xxxxxxxxxxx"}},
      {{"walk", "--auth-password", "a b", "--priv-password=c d"},
       {"walk", "--auth-password", "xxx", "--priv-password=xxx"}},
      // Anywhere, and more than once.
      {{"walk", "192.0.2.1", "ifDescr", "-c", "one", "-c", "two"},
       {"walk", "192.0.2.1", "ifDescr", "-c", "xxx", "-c", "xxx"}},
      // A secret may look like an option.
      {{"walk", "-c", "-v3"}, {"walk", "-c", "xxx"}},
      {{"walk", "-A", "--", "-X", "secret"}, {"walk", "-A", "xx", "-X", "xxxxxx"}},
      // In lower case these are protocols, not passphrases.
      {{"walk", "-a", "SHA", "-x", "AES", "-u", "alice"}, {"walk", "-a", "SHA", "-x", "AES", "-u", "alice"}},
      {{"walk", "-v2c", "-v", "2c", "-r", "0"}, {"walk", "-v2c", "-v", "2c", "-r", "0"}},
      {{"walk", "--communities", "secret", "--format=csv"}, {"walk", "--communities", "secret", "--format=csv"}},
      // After -- there are no options.
      {{"walk", "-c", "one", "--", "-c", "two"}, {"walk", "-c", "xxx", "--", "-c", "two"}},
      // The name of the program, or of the subcommand, is no option.
      {{"-c", "secret"}, {"-c", "secret"}},
      // Nothing follows.
      {{"walk", "-c"}, {"walk", "-c"}},
      {{"walk", "--community"}, {"walk", "--community"}},
      {{"walk", "-c", ""}, {"walk", "-c", ""}},
      {{"walk"}, {"walk"}},
      {{"walk", "", "-"}, {"walk", "", "-"}},
  }));
  CAPTURE(given);
  CHECK(blanked(given) == left);
}

TEST_CASE("an empty command line has no secrets") {
  test::Arguments none({});
  blank_secrets(none.count(), none.values());
  CHECK(none.words().empty());
}

}  // namespace
}  // namespace octopoll::cli
