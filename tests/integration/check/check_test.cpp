// `octopoll check` as a user meets it: stdout, stderr and exit code, octet by octet.
//
// golden/NAME.yaml is checked as `inventory.yaml` in an empty folder; golden/NAME.*.out and .err are what must come.
// OCTOPOLL_UPDATE_GOLDEN=1 writes them anew: read the diff before it is kept.

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "support/binaries.hpp"
#include "support/run_command.hpp"
#include "support/temp_dir.hpp"

using namespace octopoll::test;

namespace {

const std::filesystem::path golden = OCTOPOLL_SOURCE_DIR "/tests/integration/check/golden";

CommandResult check(const TempDir& folder, std::vector<std::string> arguments, ChildOptions options = {}) {
  arguments.insert(arguments.begin(), {octopoll_binary().string(), "check"});
  options.cwd = folder.path();
  return run_command(std::move(arguments), options);
}

void compare(const std::filesystem::path& expected, const std::string& actual) {
  if (std::getenv("OCTOPOLL_UPDATE_GOLDEN") != nullptr) write_file(expected, actual);
  INFO(expected);
  CHECK(actual == read_file(expected));
}

void check_golden(const std::string& name, mode_t mode, int exit_code, const ChildOptions& options = {}) {
  const TempDir folder;
  write_file(folder / "inventory.yaml", read_file(golden / (name + ".yaml")));
  REQUIRE(::chmod((folder / "inventory.yaml").c_str(), mode) == 0);
  for (const std::string format : {"table", "json"}) {
    const auto result = check(folder, {"-c", "inventory.yaml", "--format", format}, options);
    INFO(result.describe());
    CHECK(result.exit_code() == exit_code);
    compare(golden / (name + "." + format + ".out"), result.out);
    compare(golden / (name + ".err"), result.err);
  }
}

}  // namespace

TEST_CASE("check shows what would be polled", "[check]") {
  ChildOptions options;
  options.env = {{"OCTOPOLL_GOLDEN_SECRET", "hunter2hunter2"}};
  check_golden("good", 0600, 0, options);
}

TEST_CASE("check names all mistakes", "[check]") { check_golden("bad", 0600, 2); }

TEST_CASE("check warns of secrets that others may read", "[check]") { check_golden("readable", 0644, 0); }

TEST_CASE("check passes the shipped example", "[check]") {
  const TempDir folder;
  const auto result = check(folder, {"-c", OCTOPOLL_SOURCE_DIR "/config/example.yaml"});
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK_THAT(result.out, Catch::EndsWith("5 devices, 3 probes; ok\n"));
}

TEST_CASE("check says what is missing on its command line", "[check]") {
  const TempDir folder;
  const auto without = check(folder, {});
  CHECK(without.exit_code() == 2);
  CHECK(without.out.empty());
  CHECK_THAT(without.err, Catch::Contains("-c FILE is missing"));

  const auto format = check(folder, {"-c", "x.yaml", "--format", "csv"});
  CHECK(format.exit_code() == 2);
  CHECK_THAT(format.err, Catch::Contains("--format takes table or json"));

  const auto nothing = check(folder, {"-c", "nothing.yaml"});
  CHECK(nothing.exit_code() == 2);
  CHECK(nothing.out.empty());
  CHECK(nothing.err ==
        "nothing.yaml:1:1: error: cannot read the file: No such file or directory\n  check the path\n1 error\n");

  const auto help = check(folder, {"--help"});
  CHECK(help.exit_code() == 0);
  CHECK_THAT(help.out, Catch::Contains("octopoll check -c inventory.yaml"));
}

TEST_CASE("run tells the mistakes of an inventory as check does", "[check]") {
  const TempDir folder;
  write_file(folder / "inventory.yaml", read_file(golden / "bad.yaml"));
  ChildOptions options;
  options.cwd = folder.path();
  const auto result = run_command({octopoll_binary().string(), "run", "-c", "inventory.yaml"}, options);
  INFO(result.describe());
  CHECK(result.exit_code() == 2);
  CHECK(result.err == read_file(golden / "bad.err"));
}

TEST_CASE("columns stand below each other behind names that are wider than their letters", "[check]") {
  const TempDir folder;
  write_file(folder / "inventory.yaml", "devices: [{name: \u6771\u4eac, address: 192.0.2.1}]\n");
  const auto result = check(folder, {"-c", "inventory.yaml"});
  INFO(result.describe());
  // Two letters of two columns each, below "Device" and its gap of two.
  CHECK_THAT(result.out, Catch::Contains("\u6771\u4eac    192.0.2.1:161"));
}
