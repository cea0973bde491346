// The file itself: what it may be, and who may read it.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "octopoll/core/fd.hpp"
#include "support/temp_dir.hpp"
#include "unit/config/loading.hpp"

using namespace octopoll;
using namespace octopoll::config;

namespace {

Problem only_problem(const std::filesystem::path& file) {
  const auto inventory = load_inventory(file);
  REQUIRE_FALSE(inventory);
  REQUIRE(inventory.error().size() == 1);
  CHECK(inventory.error()[0].file == file.string());
  CHECK(inventory.error()[0].line == 1);
  CHECK(inventory.error()[0].column == 1);
  return inventory.error()[0];
}

}  // namespace

TEST_CASE("what is no file is told apart", "[config]") {
  const test::TempDir folder;
  CHECK_THAT(only_problem(folder / "nothing.yaml").message, Catch::Contains("No such file"));
  CHECK_THAT(only_problem(folder.path()).message, Catch::Contains("a folder"));
  CHECK_THAT(only_problem("/dev/null").message, Catch::Contains("not a regular file"));
  // Opening a FIFO that nobody writes to would wait for ever.
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK_THAT(only_problem(folder / "fifo").message, Catch::Contains("not a regular file"));
}

TEST_CASE("a file that must not be read", "[config]") {
  const test::TempDir folder;
  const auto file = folder / "inventory.yaml";
  test::write_file(file, "devices: [a]\n");
  REQUIRE(::chmod(file.c_str(), 0) == 0);
  if (::access(file.c_str(), R_OK) == 0) {
    WARN("running as root, who may read everything");
    return;
  }
  const Problem problem = only_problem(file);
  CHECK_THAT(problem.message, Catch::Contains("Permission denied"));
  CHECK_THAT(problem.remedy, Catch::Contains("may read it"));
}

TEST_CASE("a file too large to be an inventory", "[config]") {
  const test::TempDir folder;
  const auto file = folder / "inventory.yaml";
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(fd);
  REQUIRE(::ftruncate(fd.get(), 65L * 1024 * 1024) == 0);
  CHECK_THAT(only_problem(file).message, Catch::Contains("larger than 64 MiB"));
}

TEST_CASE("secrets in a file that everybody may read are worth a warning", "[config]") {
  const test::TempDir folder;
  const auto file = folder / "inventory.yaml";
  const auto warnings = [&file](std::string_view auth, mode_t mode) {
    test::write_file(file, fmt::format("devices: [a]\nauths:\n  x: {}\n", auth));
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    const auto inventory = load_inventory(file);
    INFO((inventory ? "" : listing(inventory.error())));
    REQUIRE(inventory);
    return inventory->warnings;
  };
  const auto found = warnings("{community: topsecret}", 0644);
  REQUIRE(found.size() == 1);
  CHECK(found[0].line == 3);
  CHECK(found[0].column == 18);
  CHECK_THAT(found[0].message, Catch::Contains("every user may read it"));
  CHECK_THAT(found[0].remedy, Catch::Contains("chmod o-r " + file.string()));
  CHECK(warnings("{community: topsecret}", 0640).empty());
  CHECK(warnings("{community: public}", 0644).empty());  // no secret
  CHECK(warnings("{version: 3, username: u}", 0644).empty());
  test::write_file(folder / "secret", "topsecret\n");
  CHECK(warnings("{community: 'file:secret'}", 0644).empty());
  CHECK(warnings("{community: '$${literal}'}", 0644).size() == 1);
}
