#include "store/schema.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <sstream>

#include "make_record.hpp"
#include "octopoll/store/reader.hpp"
#include "octopoll/store/writer.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::store {
namespace {

using test::TempDir;

Database created(const std::filesystem::path& path) {
  auto database = Database::open(path, Database::Access::create);
  REQUIRE(database);
  return std::move(*database);
}

// Names and columns of everything in the file, in an order that does not depend on how it came to be.
std::string shape_of(const std::filesystem::path& path) {
  auto database = Database::open(path, Database::Access::read_only);
  REQUIRE(database);
  auto statement = database->prepare(
      "SELECT m.type, m.name, coalesce(c.name, ''), coalesce(c.type, ''), coalesce(c.\"notnull\", 0), coalesce(c.pk, 0)"
      " FROM sqlite_master m LEFT JOIN pragma_table_info(m.name) c ORDER BY m.type, m.name, c.name");
  REQUIRE(statement);
  std::ostringstream shape;
  for (;;) {
    const auto row = statement->next();
    REQUIRE(row);
    if (!*row) return shape.str();
    for (int column = 0; column < 6; ++column) shape << statement->text(column) << ' ';
    shape << '\n';
  }
}

constexpr std::array<Migration, 3> three_steps{{
    {1, "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);"},
    {2, "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7;"},
    {3, "CREATE TABLE b AS SELECT x, y FROM a;"},
}};

TEST_CASE("a new file gets all steps, and the mark of the last one") {
  const TempDir dir;
  Database database = created(dir / "x.db");
  REQUIRE(migrate(database, three_steps));
  CHECK(database.integer("PRAGMA user_version").value() == 3);
  CHECK(database.integer("PRAGMA application_id").value() == application_id);
  CHECK(database.integer("SELECT y FROM b").value() == 7);
}

TEST_CASE("an older file gets the steps that it lacks and keeps its rows") {
  const TempDir dir;
  Database database = created(dir / "x.db");
  REQUIRE(migrate(database, std::span(three_steps).first(1)));
  REQUIRE(database.execute("INSERT INTO a VALUES (2)"));
  REQUIRE(migrate(database, three_steps));
  CHECK(database.integer("SELECT count(*) FROM b").value() == 2);
  CHECK(database.integer("SELECT sum(x) FROM b").value() == 3);
  REQUIRE(migrate(database, three_steps));  // nothing left to do: CREATE TABLE b again would fail
}

TEST_CASE("a step that fails leaves the file as it was") {
  const TempDir dir;
  Database database = created(dir / "x.db");
  REQUIRE(migrate(database, std::span(three_steps).first(1)));
  const std::array<Migration, 3> broken{{three_steps[0], three_steps[1], {3, "CREATE TABLE a (x INTEGER);"}}};
  const auto result = migrate(database, broken);
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find("schema version 3") != std::string::npos);
  CHECK(database.integer("PRAGMA user_version").value() == 1);
  CHECK(database.integer("SELECT count(*) FROM pragma_table_info('a')").value() == 1);
  CHECK_FALSE(database.in_transaction());
}

TEST_CASE("a file newer than the steps is refused") {
  const TempDir dir;
  Database database = created(dir / "x.db");
  REQUIRE(migrate(database, three_steps));
  const auto result = migrate(database, std::span(three_steps).first(2));
  REQUIRE_FALSE(result);
  CHECK_FALSE(result.error().remedy.empty());
}

TEST_CASE("the steps of octopoll are numbered without a hole") {
  std::int64_t expected = 1;
  for (const Migration& step : migrations()) CHECK(step.to == expected++);
  CHECK(newest_version() == expected - 1);
}

TEST_CASE("a store of version 1 is opened, keeps its rows, and becomes what a new store is") {
  const TempDir dir;
  {
    const std::string sql = test::read_file(OCTOPOLL_TEST_DATA "/store/v1.sql");
    Database database = created(dir / "v1.db");
    REQUIRE(database.execute(sql.c_str()));
    REQUIRE(database.integer("PRAGMA user_version").value() == 1);
  }
  {
    auto writer = Writer::open(dir / "v1.db");
    REQUIRE(writer);
    CHECK((*writer)->last_poll_numbers() == std::map<std::string, std::uint64_t>{{"sw1", 41}});
    (*writer)->take(test::share(test::make_cycle("sw1", 42, test::noon, {test::make_row({"eth0"})})));
    CHECK((*writer)->close().records == 1);
    REQUIRE(Writer::open(dir / "new.db"));
  }
  auto database = Database::open(dir / "v1.db", Database::Access::read_only);
  REQUIRE(database);
  CHECK(database->integer("PRAGMA user_version").value() == newest_version());
  CHECK(database->integer("SELECT count(*) FROM samples").value() == 3);
  CHECK(database->text("SELECT sys_descr FROM devices").value() == "Example OS \"7\"");
  CHECK(database->integer("SELECT count(*) FROM interfaces").value() == 2);
  CHECK(shape_of(dir / "v1.db") == shape_of(dir / "new.db"));
}

}  // namespace
}  // namespace octopoll::store
