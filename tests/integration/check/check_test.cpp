// `octopoll check` as a user meets it: stdout, stderr and exit code, octet by octet.
//
// golden/NAME.yaml is checked as `inventory.yaml` in an empty folder; golden/NAME.*.out and .err are what must come.
// OCTOPOLL_UPDATE_GOLDEN=1 writes them anew: read the diff before it is kept.

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "support/binaries.hpp"
#include "support/run_command.hpp"
#include "support/sqlite_query.hpp"
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
  ChildOptions with_store = options;
  with_store.env.emplace_back("OCTOPOLL_DB", "/tmp/octopoll-golden.db");
  for (const std::string format : {"table", "json"}) {
    const auto result = check(folder, {"-c", "inventory.yaml", "--format", format}, with_store);
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

TEST_CASE("check refuses the store that run would refuse, and changes nothing", "[check]") {
  const TempDir folder;
  std::filesystem::create_directory(folder / "folder");
  write_file(folder / "notes.txt", std::string(5000, 'x'));
  // Of another program, and of an octopoll to come ("OcPl").
  for (const char* empty : {"foreign.db", "newer.db"}) write_file(folder / empty, "");
  sqlite_change(folder / "foreign.db", "CREATE TABLE t (a)");
  sqlite_change(folder / "newer.db", "PRAGMA application_id = 0x4F63506C");
  sqlite_change(folder / "newer.db", "PRAGMA user_version = 999");
  struct Refused {
    std::string store;
    std::string says;
  };
  const auto refused = GENERATE(values<Refused>({{"folder", "folder is a directory"},
                                                 {"notes.txt", "file is not a database"},
                                                 {"foreign.db", "is a database of another program"},
                                                 {"newer.db", "has schema version 999, this octopoll knows up to"}}));
  const bool by_option = GENERATE(false, true);
  write_file(folder / "inventory.yaml",
             "devices: [192.0.2.1]\nstore: " + (by_option ? "fine.db" : refused.store) + "\n");
  std::vector<std::string> words{"-c", "inventory.yaml"};
  if (by_option) words.insert(words.end(), {"--db", refused.store});
  const auto entries = [&] {
    return std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator());
  };
  const auto before = entries();
  const auto result = check(folder, words);
  INFO(result.describe());
  CHECK(result.exit_code() == 2);
  CHECK(result.out.empty());
  CHECK_THAT(result.err, Catch::StartsWith("inventory.yaml:2:8: error: the store cannot be used: ") &&
                             Catch::Contains(refused.says) && Catch::EndsWith("1 error\n"));
  CHECK(entries() == before);

  words.insert(words.begin(), {octopoll_binary().string(), "run", "--duration", "1s"});
  ChildOptions options;
  options.cwd = folder.path();
  const auto run = run_command(words, options);
  INFO(run.describe());
  CHECK(run.exit_code() == 2);
  CHECK_THAT(run.err, Catch::Contains(refused.says));
}

TEST_CASE("check takes a store that is there, is empty, or can be made", "[check]") {
  const TempDir folder;
  write_file(folder / "empty.db", "");
  write_file(folder / "inventory.yaml", "devices: [192.0.2.1]\n");
  for (const std::string store : {"empty.db", "new.db", "new/new.db"}) {
    const auto result = check(folder, {"-c", "inventory.yaml", "--db", store});
    INFO(result.describe());
    CHECK(result.exit_code() == 0);
    CHECK(result.err.empty());
    CHECK_THAT(result.out, Catch::EndsWith("store: " + (folder / store).string() + "\n1 device, 0 probes; ok\n"));
  }
  CHECK_FALSE(std::filesystem::exists(folder / "new"));
  CHECK_FALSE(std::filesystem::exists(folder / "new.db"));
}

TEST_CASE("check warns where the directory of the store is not on this machine", "[check]") {
  const TempDir folder;
  write_file(folder / "inventory.yaml", "devices: [192.0.2.1]\nstore: no/where/x.db\n");
  const auto result = check(folder, {"-c", "inventory.yaml"});
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK_THAT(result.err, Catch::StartsWith("inventory.yaml:2:8: warning: it cannot be run here: ") &&
                             Catch::Contains("there is no directory") && Catch::Contains("mkdir -p "));
}

TEST_CASE("check warns where this user alone may not write to the store", "[check]") {
  if (::geteuid() != 0) return;
  const TempDir folder;
  write_file(folder / "inventory.yaml", "devices: [192.0.2.1]\nstore: x.db\n");
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  REQUIRE(::chmod((folder / "inventory.yaml").c_str(), 0644) == 0);
  ChildOptions options;
  options.cwd = folder.path();
  const auto result = run_command({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                   octopoll_binary().string(), "check", "-c", "inventory.yaml"},
                                  options);
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK_THAT(result.err, Catch::StartsWith("inventory.yaml:2:8: warning: this user could not run it: cannot make ") &&
                             Catch::Contains("belongs to root:root with mode 0755, and this user is nobody"));
}
