// Who may do what with a store: tested in a child without root's rights, which see no permissions.

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "octopoll/store/writer.hpp"
#include "support/run_command.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"
#include "unit/store/make_record.hpp"

namespace octopoll::store {
namespace {

namespace fs = std::filesystem;

test::CommandResult as_nobody(const std::string& verb, const fs::path& store) {
  return test::run_command({std::string(OCTOPOLL_BINARY_DIR) + "/store_child", "--nobody", verb, store.string()});
}

void allow(const fs::path& path, unsigned mode) { REQUIRE(::chmod(path.c_str(), static_cast<mode_t>(mode)) == 0); }

/// A store with one cycle in a directory that others may look into and not write to.
void make_store(const test::TempDir& dir) {
  allow(dir.path(), 0755);
  auto writer = Writer::open(dir / "x.db").value();
  writer->take(test::share(test::make_cycle("sw1", 1, test::noon, {test::make_row({"a"})})));
  REQUIRE(writer->close().records == 1);
}

TEST_CASE("a user who may only read reads a store whose writer has gone") {
  const test::TempDir dir;
  make_store(dir);
  for (const char* file : {"x.db", "x.db-wal", "x.db-shm"}) allow(dir / file, 0444);
  allow(dir.path(), 0555);
  const auto result = as_nobody("read", dir / "x.db");
  allow(dir.path(), 0755);
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK(result.out == "1\n");
}

TEST_CASE("a store is read where nothing may be written beside it") {
  const test::TempDir dir;
  make_store(dir);
  for (const char* file : {"x.db-wal", "x.db-shm", "x.db.lock"}) fs::remove(dir / file);  // a copy on a medium
  const fs::path odd = dir / "50%?#.db";
  fs::rename(dir / "x.db", odd);
  allow(odd, 0444);
  allow(dir.path(), 0555);
  const auto result = as_nobody("read", odd);
  allow(dir.path(), 0755);
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK(result.out == "1\n");
}

TEST_CASE("a log that has more than its file is not passed over where it cannot be read") {
  const test::TempDir dir;
  {
    const test::TempDir live;
    auto writer = Writer::open(live / "x.db").value();
    writer->take(test::share(test::make_cycle("sw1", 1, test::noon, {test::make_row({"a"})})));
    REQUIRE(test::wait_until([&] { return writer->statistics().records == 1; }));
    for (const char* file : {"x.db", "x.db-wal"}) fs::copy_file(live / file, dir / file);
  }
  REQUIRE(fs::file_size(dir / "x.db-wal") > 0);
  for (const char* file : {"x.db", "x.db-wal"}) allow(dir / file, 0444);
  allow(dir.path(), 0555);
  const auto refused = as_nobody("read", dir / "x.db");
  INFO(refused.describe());
  CHECK(refused.exit_code() == 1);
  CHECK(refused.out.find("x.db-wal has what") != std::string::npos);
  CHECK(refused.out.find("copy both") != std::string::npos);
  allow(dir.path(), 0777);  // the way out
  CHECK(as_nobody("read", dir / "x.db").out == "1\n");
  allow(dir.path(), 0755);
}

TEST_CASE("a user who may not read is told so") {
  const test::TempDir dir;
  make_store(dir);
  for (const char* file : {"x.db", "x.db-wal", "x.db-shm"}) allow(dir / file, 0000);
  const auto result = as_nobody("read", dir / "x.db");
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK(result.out.find("x.db") != std::string::npos);
  CHECK(result.out.find("change its mode") != std::string::npos);
}

TEST_CASE("a directory that may not be written to is named, with the way out") {
  const test::TempDir dir;
  allow(dir.path(), 0555);
  const auto here = as_nobody("open", dir / "x.db");
  const auto below = as_nobody("open", dir / "sub" / "x.db");
  allow(dir.path(), 0755);
  for (const auto& result : {here, below}) {
    INFO(result.describe());
    CHECK(result.exit_code() == 1);
    CHECK(result.out.find(dir.path().string()) != std::string::npos);
    CHECK(result.out.find("Permission denied") != std::string::npos);
    CHECK(result.out.find("--db") != std::string::npos);
  }
  CHECK(fs::is_empty(dir.path()));
}

TEST_CASE("a store that may only be read is refused by the writer") {
  const test::TempDir dir;
  make_store(dir);
  for (const char* file : {"x.db", "x.db-wal", "x.db-shm"}) allow(dir / file, 0444);
  allow(dir / "x.db.lock", 0666);
  const auto result = as_nobody("open", dir / "x.db");
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK(result.out.find("may not be written") != std::string::npos);
}

}  // namespace
}  // namespace octopoll::store
