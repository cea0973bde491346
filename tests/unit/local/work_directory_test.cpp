#include "local/work_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "support/temp_dir.hpp"

using octopoll::local::Identity;
using octopoll::local::WorkDirectory;
using octopoll::test::TempDir;
namespace fs = std::filesystem;

namespace {

// $TMPDIR for one scope.
class TemporaryRoot {
 public:
  TemporaryRoot() {
    if (const char* before = std::getenv("TMPDIR")) before_ = before;
    ::setenv("TMPDIR", root_.path().c_str(), 1);
  }
  ~TemporaryRoot() {
    if (before_) {
      ::setenv("TMPDIR", before_->c_str(), 1);
    } else {
      ::unsetenv("TMPDIR");
    }
  }
  TemporaryRoot(const TemporaryRoot&) = delete;
  TemporaryRoot& operator=(const TemporaryRoot&) = delete;
  [[nodiscard]] const fs::path& path() const { return root_.path(); }
  [[nodiscard]] long entries() const { return std::distance(fs::directory_iterator(path()), fs::directory_iterator{}); }

 private:
  TempDir root_;
  std::optional<std::string> before_;
};

struct stat status_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status;
}

void make_old(const fs::path& path) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
}

// What a killed owner leaves: the directory, old and without a lock.
fs::path leave_behind(const fs::path& root, const std::string& name) {
  const auto left = root / name;
  fs::create_directories(left / "state");
  octopoll::test::write_file(left / "agent.conf", "rocommunity secret\n");
  make_old(left);
  return left;
}

}  // namespace

TEST_CASE("a work directory is closed to others and removed at the end") {
  const TemporaryRoot root;
  {
    const auto directory = WorkDirectory::create(std::nullopt);
    REQUIRE(directory);
    CHECK(directory->path().parent_path() == root.path());
    CHECK((status_of(directory->path()).st_mode & 07777) == 0700);

    REQUIRE(directory->write_file("file", "content"));
    CHECK((status_of(directory->path() / "file").st_mode & 07777) == 0600);
    CHECK(octopoll::test::read_file(directory->path() / "file") == "content");
    CHECK_FALSE(directory->write_file("file", "again"));

    REQUIRE(directory->make_directory("state"));
    CHECK((status_of(directory->path() / "state").st_mode & 07777) == 0700);
    REQUIRE(directory->create_log("log"));
    CHECK((status_of(directory->path() / "log").st_mode & 07777) == 0600);
  }
  CHECK(root.entries() == 0);
}

TEST_CASE("what is made for another user belongs to that user") {
  if (::geteuid() != 0) {
    WARN("skipped: only root gives files away");
    return;
  }
  const TemporaryRoot root;
  const auto directory = WorkDirectory::create(Identity{65534, 65534});
  REQUIRE(directory);
  REQUIRE(directory->write_file("file", "content"));
  REQUIRE(directory->make_directory("state"));
  for (const auto& path : {directory->path(), directory->path() / "file", directory->path() / "state"}) {
    CHECK(status_of(path).st_uid == 65534);
    CHECK(status_of(path).st_gid == 65534);
  }
}

TEST_CASE("the tail of a file is its end") {
  const TemporaryRoot root;
  const auto directory = WorkDirectory::create(std::nullopt);
  REQUIRE(directory);
  REQUIRE(directory->write_file("log", "first\nsecond\nthird\n"));
  CHECK(directory->tail("log", 6) == "third\n");
  CHECK(directory->tail("log", 100) == "first\nsecond\nthird\n");
  CHECK(directory->tail("none", 100).empty());
}

TEST_CASE("directories whose owner was killed are removed by the next one") {
  const TemporaryRoot root;
  const auto left = leave_behind(root.path(), "octopoll-snmpd-a1b2c3");
  REQUIRE(WorkDirectory::create(std::nullopt));
  CHECK_FALSE(fs::exists(left));
}

TEST_CASE("only abandoned directories of ours are removed") {
  const TemporaryRoot root;
  const auto living = WorkDirectory::create(std::nullopt);
  REQUIRE(living);
  make_old(living->path());
  const auto other_name = leave_behind(root.path(), "somebody-else");
  const auto young = leave_behind(root.path(), "octopoll-snmpd-young1");
  fs::last_write_time(young, fs::file_time_type::clock::now());
  const auto target = leave_behind(root.path(), "target");
  fs::create_directory_symlink(target, root.path() / "octopoll-snmpd-link01");
  std::optional<fs::path> foreign;
  if (::geteuid() == 0) {
    foreign = leave_behind(root.path(), "octopoll-snmpd-other1");
    REQUIRE(::chown(foreign->c_str(), 12345, 12345) == 0);
  }

  REQUIRE(WorkDirectory::create(std::nullopt));
  CHECK(fs::exists(living->path()));
  CHECK(fs::exists(other_name / "agent.conf"));
  CHECK(fs::exists(young / "agent.conf"));
  CHECK(fs::exists(target / "agent.conf"));
  if (foreign) CHECK(fs::exists(*foreign / "agent.conf"));
}

TEST_CASE("a temporary directory that is not there is named, with the remedy") {
  const TemporaryRoot root;
  ::setenv("TMPDIR", (root.path() / "none").c_str(), 1);
  const auto directory = WorkDirectory::create(std::nullopt);
  REQUIRE_FALSE(directory);
  CHECK(directory.error().kind == octopoll::ErrorKind::io);
  CHECK(directory.error().remedy.find("TMPDIR") != std::string::npos);
}
