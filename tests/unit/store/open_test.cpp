#include "store/open.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "octopoll/store/reader.hpp"
#include "octopoll/store/writer.hpp"
#include "store/schema.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::store {
namespace {

namespace fs = std::filesystem;
using test::TempDir;

void make_database(const fs::path& file, const char* sql) {
  auto database = Database::open(file, Database::Access::create);
  REQUIRE(database);
  REQUIRE(database->execute(sql));
}

mode_t mode_of(const fs::path& file) {
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

// Refused by writer and reader, with a remedy, and left byte for byte with no file beside it but the ones it had.
void check_refused(const fs::path& file, const std::string& reason) {
  const std::string before = test::read_file(file);
  const auto entries = [&file] {
    return std::distance(fs::directory_iterator(file.parent_path()), fs::directory_iterator());
  };
  const auto entries_before = entries();
  const auto writer = Writer::open(file);
  REQUIRE_FALSE(writer);
  CHECK(writer.error().message.find(reason) != std::string::npos);
  CHECK(writer.error().message.find(file.filename().string()) != std::string::npos);
  CHECK_FALSE(writer.error().remedy.empty());
  const auto reader = Reader::open(file);
  REQUIRE_FALSE(reader);
  CHECK_FALSE(reader.error().remedy.empty());
  CHECK(test::read_file(file) == before);
  CHECK(entries() == entries_before);
}

TEST_CASE("a new store and its directory are nobody else's to read") {
  const TempDir dir;
  REQUIRE(fs::create_directory(dir / "a"));
  const mode_t before = ::umask(0);
  {
    const auto writer = Writer::open(dir / "a/b/octopoll.db");
    REQUIRE(writer);
    CHECK(mode_of(dir / "a/b") == 0750);
    CHECK(mode_of(dir / "a/b/octopoll.db") == 0640);
    CHECK(mode_of(dir / "a/b/octopoll.db-wal") == 0640);
    CHECK(mode_of(dir / "a/b/octopoll.db.lock") == 0640);
  }
  ::umask(before);
  CHECK(fs::exists(dir / "a/b/octopoll.db-wal"));  // kept, so that a read-only user can open the store
}

TEST_CASE("a mistyped path makes no tree of directories, and the default one may") {
  const TempDir dir;
  const auto mistyped = Writer::open(dir / "vra/lib/octopoll.db");
  REQUIRE_FALSE(mistyped);
  CHECK(mistyped.error().message.find("there is no directory " + (dir / "vra").string()) != std::string::npos);
  CHECK(mistyped.error().remedy.find("mkdir -p " + (dir / "vra/lib").string()) != std::string::npos);
  CHECK_FALSE(fs::exists(dir / "vra"));

  ::setenv("XDG_STATE_HOME", (dir / "home/state").c_str(), 1);
  const fs::path own = dir / "home/state/octopoll/octopoll.db";
  const bool opened = Writer::open(own).has_value();
  ::unsetenv("XDG_STATE_HOME");
  CHECK(opened);
  CHECK(fs::exists(own));
}

TEST_CASE("the settings that make committed mean on disk") {
  const TempDir dir;
  auto database = open_for_writing(dir / "x.db");
  REQUIRE(database);
  CHECK(database->text("PRAGMA journal_mode").value() == "wal");
  CHECK(database->integer("PRAGMA synchronous").value() == 2);
  CHECK(database->integer("PRAGMA application_id").value() == application_id);
}

TEST_CASE("an empty file becomes a store, and a reader says that it is empty") {
  const TempDir dir;
  std::ofstream(dir / "x.db").close();
  const auto reader = Reader::open(dir / "x.db");
  REQUIRE_FALSE(reader);
  CHECK(reader.error().message.find("empty") != std::string::npos);
  CHECK(Writer::open(dir / "x.db"));
  CHECK(Reader::open(dir / "x.db"));
}

TEST_CASE("a file that is no database is refused") {
  const TempDir dir;
  std::ofstream(dir / "notes.txt") << std::string(5000, 'x');
  check_refused(dir / "notes.txt", "not a database");
}

TEST_CASE("a store whose header is damaged is refused") {
  const TempDir dir;
  REQUIRE(Writer::open(dir / "x.db"));
  for (const char* beside : {"x.db-wal", "x.db-shm", "x.db.lock"}) fs::remove(dir / beside);
  {
    std::fstream file(dir / "x.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(0);
    file << "garbage garbage!";
  }
  check_refused(dir / "x.db", "not a database");
}

TEST_CASE("another program's database is refused, whatever marks it") {
  const TempDir dir;
  SECTION("tables and no mark") {
    make_database(dir / "f.db", "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);");
  }
  SECTION("a mark of its own") {
    make_database(dir / "f.db", "PRAGMA application_id = 252006674; CREATE TABLE t (x);");
  }
  SECTION("no table yet, but a version") { make_database(dir / "f.db", "PRAGMA user_version = 3;"); }
  check_refused(dir / "f.db", "another program");
}

TEST_CASE("another program's database with a write-ahead log keeps its log") {
  const TempDir dir;
  auto theirs = Database::open(dir / "f.db", Database::Access::create);
  REQUIRE(theirs);
  REQUIRE(theirs->execute("PRAGMA journal_mode = WAL; CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);"));
  const std::string log = test::read_file(dir / "f.db-wal");
  REQUIRE_FALSE(log.empty());
  check_refused(dir / "f.db", "another program");
  CHECK(test::read_file(dir / "f.db-wal") == log);
}

TEST_CASE("a store of a newer octopoll is refused") {
  const TempDir dir;
  REQUIRE(Writer::open(dir / "x.db"));
  {
    auto database = Database::open(dir / "x.db", Database::Access::read_write);
    REQUIRE(database);
    REQUIRE(database->execute("PRAGMA user_version = 99"));
  }
  for (const Error& error : {Writer::open(dir / "x.db").error(), Reader::open(dir / "x.db").error()}) {
    CHECK(error.message.find("version 99") != std::string::npos);
    CHECK(error.remedy.find("newer octopoll") != std::string::npos);
  }
}

TEST_CASE("a directory, a missing file, and a file in the way are told apart") {
  const TempDir dir;
  const auto directory = Writer::open(dir.path());
  REQUIRE_FALSE(directory);
  CHECK(directory.error().message.find("is a directory") != std::string::npos);
  CHECK(directory.error().remedy.find("octopoll.db") != std::string::npos);

  const auto missing = Reader::open(dir / "none.db");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.find("there is no store at") != std::string::npos);
  CHECK(missing.error().remedy.find("octopoll run") != std::string::npos);
  CHECK_FALSE(fs::exists(dir / "none.db"));

  std::ofstream(dir / "file") << "x";
  const auto below = Writer::open(dir / "file" / "x.db");
  REQUIRE_FALSE(below);
  CHECK(below.error().message.find("file is no directory") != std::string::npos);

  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  CHECK(Writer::open(dir / "pipe").error().message.find("no regular file") != std::string::npos);
}

TEST_CASE("a second writer is refused by name, also by another path, until the first is gone") {
  const TempDir dir;
  auto first = Writer::open(dir / "x.db");
  REQUIRE(first);
  fs::create_symlink(dir / "x.db", dir / "alias.db");
  for (const char* name : {"x.db", "alias.db"}) {
    const auto second = Writer::open(dir / name);
    REQUIRE_FALSE(second);
    CHECK(second.error().message.find("another octopoll (process " + std::to_string(::getpid()) + ")") !=
          std::string::npos);
  }
  first->reset();
  CHECK(Writer::open(dir / "alias.db"));
}

}  // namespace
}  // namespace octopoll::store
