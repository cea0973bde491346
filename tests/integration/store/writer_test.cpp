#include "octopoll/store/writer.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>
#include <vector>

#include "octopoll/store/reader.hpp"
#include "store/database.hpp"
#include "support/sqlite_query.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"
#include "unit/store/make_record.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

RecordPtr cycle(const std::string& device, std::uint64_t number) {
  return test::share(test::make_cycle(device, number, test::noon + std::chrono::minutes(number),
                                      {test::make_row({.name = "a"}), test::make_row({.name = "b", .if_index = 2})}));
}

TEST_CASE("what is queued together shares a commit, and close() stores it all at once") {
  const test::TempDir dir;
  WriterOptions options;
  options.commit_interval = 1h;  // close() must not wait for it
  auto writer = Writer::open(dir / "x.db", options).value();
  for (std::uint64_t number = 1; number <= 100; ++number) writer->take(cycle("sw1", number));
  const WriterStatistics end = writer->close();
  CHECK(end.records == 100);
  CHECK(end.rows == 200);
  CHECK(end.commits <= 2);
  CHECK(end.backlog == 0);
  CHECK(end.dropped == 0);
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM samples") == 200);
  writer->take(cycle("sw1", 101));  // closed: ignored
  CHECK(writer->close().records == 100);
}

TEST_CASE("a batch is bounded in rows") {
  const test::TempDir dir;
  WriterOptions options;
  options.commit_interval = 1h;
  options.batch = 10;
  std::atomic<std::size_t> largest = 0;
  options.on_commit = [&largest](std::span<const RecordPtr> stored) {
    largest = std::max(largest.load(), stored.size());
  };
  auto writer = Writer::open(dir / "x.db", options).value();
  for (std::uint64_t number = 1; number <= 95; ++number) writer->take(cycle("sw1", number));
  const WriterStatistics end = writer->close();
  CHECK(end.records == 95);
  CHECK(end.commits >= 19);
  CHECK(largest.load() == 5);  // of two rows each
}

TEST_CASE("on_commit speaks of what another connection can see already") {
  const test::TempDir dir;
  std::atomic<std::int64_t> reported = 0;
  std::atomic<bool> behind = false;
  WriterOptions options;
  options.commit_interval = 1ms;
  options.on_commit = [&](std::span<const RecordPtr> stored) {
    reported += static_cast<std::int64_t>(stored.size());
    if (test::sqlite_int(dir / "x.db", "SELECT count(*) FROM polls") < reported) behind = true;
  };
  auto writer = Writer::open(dir / "x.db", options).value();
  for (std::uint64_t number = 1; number <= 50; ++number) writer->take(cycle("sw1", number));
  writer->close();
  CHECK(reported == 50);
  CHECK_FALSE(behind);
}

TEST_CASE("records from several threads are all stored") {
  const test::TempDir dir;
  auto writer = Writer::open(dir / "x.db").value();
  std::vector<std::thread> loops;
  for (int loop = 0; loop < 4; ++loop) {
    loops.emplace_back([&writer, loop] {
      const std::string device = "sw" + std::to_string(loop);
      for (std::uint64_t number = 1; number <= 200; ++number) {
        writer->take(cycle(device, number));
        if (number % 50 == 0) static_cast<void>(writer->statistics());
      }
    });
  }
  for (std::thread& loop : loops) loop.join();
  CHECK(writer->close().records == 800);
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM polls") == 800);
}

TEST_CASE("storing again changes nothing and is counted") {
  const test::TempDir dir;
  {
    auto writer = Writer::open(dir / "x.db").value();
    writer->take(cycle("sw1", 1));
    writer->take(cycle("sw1", 1));
    const WriterStatistics end = writer->close();
    CHECK(end.records == 1);
    CHECK(end.duplicates == 1);
  }
  auto writer = Writer::open(dir / "x.db").value();
  CHECK(writer->last_poll_numbers() == std::map<std::string, std::uint64_t>{{"sw1", 1}});
  writer->take(cycle("sw1", 1));
  CHECK(writer->close().duplicates == 1);
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM samples") == 2);
}

TEST_CASE("a record that SQLite refuses does not take the others with it") {
  const test::TempDir dir;
  DeviceCycle twins =
      test::make_cycle("bad", 1, test::noon, {test::make_row({.name = "a"}), test::make_row({.name = "a"})});
  auto writer = Writer::open(dir / "x.db").value();
  writer->take(cycle("sw1", 1));
  writer->take(test::share(std::move(twins)));
  writer->take(cycle("sw1", 2));
  writer->take(cycle("bad", 2));
  const WriterStatistics end = writer->close();
  CHECK(end.records == 3);
  CHECK(end.rejected == 1);
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM polls") == 3);
  CHECK(test::sqlite_query(dir / "x.db", "PRAGMA foreign_key_check").empty());
}

TEST_CASE("damage where only old rows are looked for keeps no new record out") {
  const test::TempDir dir;
  WriterOptions options;
  options.commit_interval = 1ms;
  auto writer = Writer::open(dir / "x.db", options).value();
  writer->take(cycle("sw1", 1));
  REQUIRE(test::wait_until([&] { return test::sqlite_int(dir / "x.db", "SELECT count(*) FROM polls") == 1; }));
  {
    auto other = Database::open(dir / "x.db", Database::Access::read_write).value();
    REQUIRE(other.execute("DROP TABLE rollup_backlog"));
  }
  for (std::uint64_t number = 2; number <= 20; ++number) writer->take(cycle("sw1", number));
  const WriterStatistics end = writer->close();
  CHECK(end.records == 20);
  CHECK(end.dropped == 0);
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM samples") == 40);
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM traffic_5m") > 0);
}

TEST_CASE("a store deleted while in use is made again") {
  const test::TempDir dir;
  WriterOptions options;
  options.commit_interval = 1ms;
  auto writer = Writer::open(dir / "x.db", options).value();
  writer->take(cycle("sw1", 1));
  REQUIRE(test::wait_until([&] { return writer->statistics().records == 1; }));
  for (const char* file : {"x.db", "x.db-wal", "x.db-shm"}) fs::remove(dir / file);
  writer->take(cycle("sw1", 2));
  CHECK(writer->close().records == 2);
  CHECK(test::sqlite_int(dir / "x.db", "SELECT poll_number FROM polls") == 2);
}

TEST_CASE("a report sees a store while it is written, and one whose writer has gone") {
  const test::TempDir dir;
  WriterOptions options;
  options.commit_interval = 1ms;
  auto writer = Writer::open(dir / "x.db", options).value();
  writer->take(cycle("sw1", 1));
  REQUIRE(test::wait_until([&] { return writer->statistics().records == 1; }));
  CHECK(Reader::open(dir / "x.db").value()->devices().value().size() == 1);
  writer->take(cycle("sw2", 1));
  writer.reset();
  CHECK(Reader::open(dir / "x.db").value()->devices().value().size() == 2);
}

TEST_CASE("a lock of another program is waited out") {
  const test::TempDir dir;
  WriterOptions options;
  options.commit_interval = 1ms;
  auto writer = Writer::open(dir / "x.db", options).value();
  auto other = Database::open(dir / "x.db", Database::Access::read_write);
  REQUIRE(other);
  REQUIRE(other->execute("BEGIN IMMEDIATE"));
  writer->take(cycle("sw1", 1));
  std::this_thread::sleep_for(20ms);
  CHECK(writer->statistics().records == 0);
  REQUIRE(other->execute("ROLLBACK"));
  REQUIRE(test::wait_until([&] { return writer->statistics().records == 1; }));
}

}  // namespace
}  // namespace octopoll::store
