#include "support/sqlite_query.hpp"

#include <sqlite3.h>

#include <catch2/catch.hpp>

#include "support/temp_dir.hpp"

namespace octopoll::test {
namespace {

TEST_CASE("a database is read as it is and never written") {
  const TempDir dir;
  const auto file = dir / "some.db";
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, "CREATE TABLE t(a,b,c); INSERT INTO t VALUES(9223372036854775807,'x',NULL),(1.5,x'00ff','')",
                       nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);

  const auto rows = sqlite_query(file, "SELECT a,b,c FROM t ORDER BY rowid");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0] == SqlRow{std::int64_t{9223372036854775807}, std::string("x"), std::monostate{}});
  CHECK(rows[1] == SqlRow{1.5, std::string("\0\xff", 2), std::string()});
  CHECK(sqlite_int(file, "SELECT count(*) FROM t") == 2);
  CHECK(sqlite_text(file, "SELECT b FROM t LIMIT 1") == "x");
  CHECK_THROWS_WITH(sqlite_int(file, "SELECT b FROM t"), Catch::Contains("not one value"));
  CHECK_THROWS_WITH(sqlite_query(file, "SELECT nonsense"), Catch::Contains("nonsense"));
  CHECK_THROWS_WITH(sqlite_query(file, "DELETE FROM t"), Catch::Contains("readonly"));
  CHECK_THROWS_WITH(sqlite_query(dir / "absent.db", "SELECT 1"), Catch::Contains("absent.db"));
}

}  // namespace
}  // namespace octopoll::test
