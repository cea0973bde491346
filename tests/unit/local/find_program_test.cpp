#include "local/find_program.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/temp_dir.hpp"

using octopoll::local::find_program;
using octopoll::test::TempDir;

namespace {

// A name that no system directory has.
constexpr const char* name = "octopoll-test-no-such-daemon";

void make(const std::filesystem::path& directory, std::filesystem::perms permissions) {
  std::filesystem::create_directories(directory);
  octopoll::test::write_file(directory / name, "#!/bin/sh\n");
  std::filesystem::permissions(directory / name, permissions);
}

constexpr auto executable = std::filesystem::perms::owner_all;
constexpr auto plain = std::filesystem::perms::owner_read;

}  // namespace

TEST_CASE("a program is looked up in PATH, in its order") {
  const TempDir temp;
  make(temp / "first", executable);
  make(temp / "second", executable);
  const auto first = (temp / "first").string();
  const auto second = (temp / "second").string();

  CHECK(find_program(name, first + ":" + second) == temp / "first" / name);
  CHECK(find_program(name, second + ":" + first) == temp / "second" / name);
  CHECK(find_program(name, "/nonexistent:" + second) == temp / "second" / name);
  CHECK(find_program(name, second + ":") == temp / "second" / name);
}

TEST_CASE("what is no executable file is passed over") {
  const TempDir temp;
  make(temp / "unexecutable", plain);
  std::filesystem::create_directories(temp / "directory" / name);
  make(temp / "good", executable);
  const auto path = (temp / "unexecutable").string() + ":" + (temp / "directory").string();

  CHECK_FALSE(find_program(name, path));
  CHECK(find_program(name, path + ":" + (temp / "good").string()) == temp / "good" / name);
}

TEST_CASE("a program in the working directory is never started by chance") {
  const TempDir temp;
  make(temp / "here", executable);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(temp / "here");
  CHECK_FALSE(find_program(name, ""));
  CHECK_FALSE(find_program(name, ":"));
  CHECK_FALSE(find_program(name, "."));
  CHECK_FALSE(find_program(name, "../here"));
  std::filesystem::current_path(before);
}

TEST_CASE("directories of system programs are looked at though PATH leaves them out") {
  // /sbin and /usr/sbin hold at least this one on every Linux with an init.
  const auto found = find_program("ldconfig", "/nonexistent");
  REQUIRE(found);
  CHECK(found->filename() == "ldconfig");
  CHECK(found->is_absolute());
}
