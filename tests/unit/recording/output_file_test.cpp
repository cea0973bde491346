#include "octopoll/recording/output_file.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/temp_dir.hpp"

using namespace octopoll;
using recording::OutputFile;

namespace {

std::size_t files_in(const test::TempDir& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder.path()), {}));
}

}  // namespace

TEST_CASE("a file that is not committed was never there", "[recording]") {
  const test::TempDir folder;
  {
    const auto file = OutputFile::create(folder / "x", {});
    REQUIRE(file.has_value());
    CHECK(files_in(folder) == 1);
  }
  CHECK(files_in(folder) == 0);
}

TEST_CASE("a file that came into being meanwhile is not overwritten", "[recording]") {
  const test::TempDir folder;
  {
    auto file = OutputFile::create(folder / "x", {});
    REQUIRE(file.has_value());
    test::write_file(folder / "x", "somebody else's");
    const auto committed = file->commit("ours");
    REQUIRE_FALSE(committed.has_value());
    CHECK(committed.error().kind == ErrorKind::usage);
  }
  CHECK(test::read_file(folder / "x") == "somebody else's");
  CHECK(files_in(folder) == 1);
}

TEST_CASE("overwriting through a link replaces what it points at", "[recording]") {
  const test::TempDir folder;
  test::write_file(folder / "real", "old");
  std::filesystem::create_symlink("real", folder / "link");
  auto file = OutputFile::create(folder / "link", {.overwrite = true});
  REQUIRE(file.has_value());
  REQUIRE(file->commit("new").has_value());
  CHECK(test::read_file(folder / "real") == "new");
  CHECK(std::filesystem::is_symlink(folder / "link"));
}

TEST_CASE("the mode is the owner's alone, or what the umask leaves", "[recording]") {
  const test::TempDir folder;
  const mode_t before = ::umask(022);
  for (const bool owner_only : {true, false}) {
    auto file = OutputFile::create(folder / "x", {.overwrite = true, .owner_only = owner_only});
    REQUIRE(file.has_value());
    REQUIRE(file->commit("text").has_value());
    struct stat status {};
    REQUIRE(::stat((folder / "x").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == (owner_only ? 0600U : 0644U));
  }
  ::umask(before);
}
