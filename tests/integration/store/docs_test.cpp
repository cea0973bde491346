// The questions that docs/store.md teaches are answered by the store as it is.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "octopoll/store/writer.hpp"
#include "support/sqlite_query.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/make_record.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> sql_blocks(const std::string& markdown) {
  const std::string opening = "```sql\n";
  std::vector<std::string> blocks;
  for (std::size_t at = markdown.find(opening); at != std::string::npos; at = markdown.find(opening, at)) {
    at += opening.size();
    const std::size_t end = markdown.find("```", at);
    REQUIRE(end != std::string::npos);
    blocks.push_back(markdown.substr(at, end - at));
  }
  return blocks;
}

void fill(const std::filesystem::path& store, WallTime now) {
  auto writer = Writer::open(store).value();
  writer->take(
      test::share(test::make_cycle("sw1", 1, now - 120s, {test::make_row({.name = "a", .quality = Quality::first})})));
  writer->take(test::share(
      test::make_cycle("sw1", 2, now - 60s, {test::make_row({.name = "a", .in_octets = 7'500'000, .out_octets = 1})})));
  PingRound round;
  round.target = "sw1";
  round.started_at = now - 30s;
  round.sent = 4;
  round.received = 3;
  round.round_trips = {1ms, 2ms, 3ms};
  writer->take(test::share(round));
  REQUIRE(writer->close().records == 3);
}

TEST_CASE("every question in docs/store.md runs and is answered") {
  const test::TempDir dir;
  fill(dir / "x.db", wall_now());
  const auto blocks = sql_blocks(test::read_file(OCTOPOLL_SOURCE_DIR "/docs/store.md"));
  REQUIRE(blocks.size() == 4);

  const auto busiest = test::sqlite_query(dir / "x.db", blocks[0]);
  REQUIRE(busiest.size() == 1);
  CHECK(std::get<std::string>(busiest[0][1]) == "a");
  CHECK(std::get<double>(busiest[0][3]) == 1'000'000);
  CHECK(std::get<double>(busiest[0][5]) == 0.1);

  const auto reasons = test::sqlite_query(dir / "x.db", blocks[1]);
  REQUIRE(reasons.size() == 1);
  CHECK(std::get<std::string>(reasons[0][2]) == "first");
  CHECK(std::get<std::int64_t>(reasons[0][3]) == 1);

  const auto pings = test::sqlite_query(dir / "x.db", blocks[2]);
  REQUIRE(pings.size() == 1);
  CHECK(std::get<double>(pings[0][2]) == 25);
  CHECK(std::get<double>(pings[0][4]) == 2);

  CHECK(test::sqlite_query(dir / "x.db", blocks[3]).empty());  // its hour is not over
}

TEST_CASE("every table and view of the store is in docs/store.md") {
  const test::TempDir dir;
  fill(dir / "x.db", wall_now());
  const std::string page = test::read_file(OCTOPOLL_SOURCE_DIR "/docs/store.md");
  const auto names = test::sqlite_query(dir / "x.db", "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')");
  CHECK(names.size() == 38);
  for (const auto& row : names) CHECK(page.find("| `" + std::get<std::string>(row[0]) + "` |") != std::string::npos);
}

}  // namespace
}  // namespace octopoll::store
