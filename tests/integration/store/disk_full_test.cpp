// A store that cannot be written to: the daemon lives, keeps what it can, and resumes by itself.

#include <signal.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <sstream>

#include "octopoll/store/writer.hpp"
#include "support/run_command.hpp"
#include "support/sqlite_query.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"
#include "unit/store/make_record.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

WriterOptions hasty() {
  WriterOptions options;
  options.commit_interval = 1ms;
  options.retry_first = 5ms;
  options.retry_most = 20ms;
  options.close_patience = 200ms;
  return options;
}

RecordPtr cycle(std::uint64_t number) {
  return test::share(
      test::make_cycle("sw1", number, test::noon + std::chrono::minutes(number), {test::make_row({"eth0"})}));
}

/// No file of this process may grow beyond a size: the kernel's own write error, without a disk to fill.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t octets) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{octets, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { lift(); }
  void lift() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_CASE("writes that fail are tried again until they succeed, and nothing is lost") {
  const test::TempDir dir;
  auto writer = Writer::open(dir / "x.db", hasty()).value();
  writer->take(cycle(1));
  REQUIRE(test::wait_until([&] { return writer->statistics().records == 1; }));

  FileSizeLimit limit(1);
  std::uint64_t number = 1;
  while (number < 50) writer->take(cycle(++number));
  REQUIRE(test::wait_until([&] { return writer->statistics().failures >= 3; }));
  CHECK(writer->statistics().failing);
  writer->take(cycle(++number));
  CHECK(writer->statistics().backlog >= 1);

  limit.lift();
  REQUIRE(test::wait_until([&] { return writer->statistics().records == number; }));
  CHECK_FALSE(writer->statistics().failing);
  CHECK(writer->close().dropped == 0);
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM samples") == static_cast<std::int64_t>(number));
  CHECK(test::sqlite_text(dir / "x.db", "PRAGMA integrity_check") == "ok");
}

TEST_CASE("a backlog that is full drops its oldest, counts them, and close() says what was lost") {
  const test::TempDir dir;
  WriterOptions options = hasty();
  options.backlog = 10;
  options.batch = 1;
  auto writer = Writer::open(dir / "x.db", options).value();
  writer->take(cycle(1));
  REQUIRE(test::wait_until([&] { return writer->statistics().records == 1; }));
  {
    const FileSizeLimit limit(1);
    writer->take(cycle(2));
    REQUIRE(test::wait_until([&] { return writer->statistics().failing; }));
    for (std::uint64_t number = 3; number <= 30; ++number) writer->take(cycle(number));
    CHECK(writer->statistics().dropped == 18);  // 2 is held by the writer, 3 to 20 gave way to 21 to 30
    CHECK(writer->statistics().backlog == 11);
    const WriterStatistics end = writer->close();
    CHECK(end.dropped == 29);
    CHECK(end.backlog == 0);
  }
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM polls") == 1);
}

TEST_CASE("the backlog is bounded in rows, and a record larger than all of it is still kept alone") {
  const test::TempDir dir;
  WriterOptions options = hasty();
  options.backlog = 10;
  options.batch = 1;
  auto writer = Writer::open(dir / "x.db", options).value();
  FileSizeLimit limit(1);
  writer->take(cycle(1));
  REQUIRE(test::wait_until([&] { return writer->statistics().failing; }));
  const auto wide = [](std::uint64_t number, std::uint32_t rows) {
    DeviceCycle made = test::make_cycle("sw1", number, test::noon, {});
    for (std::uint32_t i = 1; i <= rows; ++i) {
      made.interfaces.push_back(test::make_row({.name = "eth" + std::to_string(i), .if_index = i}));
    }
    return test::share(std::move(made));
  };
  writer->take(wide(2, 6));
  writer->take(wide(3, 4));
  CHECK(writer->statistics().dropped == 0);
  writer->take(wide(4, 5));  // 2 must go; 3 and 4 are nine rows
  CHECK(writer->statistics().dropped == 1);
  writer->take(wide(5, 50));
  CHECK(writer->statistics().dropped == 3);
  CHECK(writer->statistics().backlog == 2);
  limit.lift();
  REQUIRE(test::wait_until([&] { return writer->statistics().records == 2; }));
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM samples") == 51);
}

TEST_CASE("a full disk stops writing, not octopoll, and writing resumes when there is room") {
  const test::TempDir dir;
  const auto result =
      test::run_command({std::string(OCTOPOLL_BINARY_DIR) + "/store_child", "fill", dir.path().string()});
  if (result.exit_code() == 77) {
    WARN("not tested: the system lets this user mount no file system of its own");
    return;
  }
  INFO(result.describe());
  REQUIRE(result.ok());
  std::istringstream lines(result.out);
  std::string failing;
  std::string resumed;
  std::string stored;
  std::string content;
  REQUIRE(std::getline(lines, failing));
  REQUIRE(std::getline(lines, resumed));
  REQUIRE(std::getline(lines, stored));
  REQUIRE(std::getline(lines, content));
  CHECK(failing == "failing");
  CHECK(resumed == "resumed");
  std::istringstream words(stored);
  std::string word;
  std::uint64_t records = 0;
  std::uint64_t taken = 0;
  words >> word >> records >> word >> taken;
  CHECK(records == taken);
  CHECK(taken > 20);
  CHECK(stored.substr(stored.size() - 9) == "dropped 0");
  CHECK(content == "integrity ok, cycles " + std::to_string(taken));
  // Said once when it began and once when it ended, however often it was tried between.
  const auto first = result.err.find("database or disk is full");
  REQUIRE(first != std::string::npos);
  CHECK(result.err.find("database or disk is full", first + 1) == std::string::npos);
  CHECK(result.err.find("takes records again") != std::string::npos);
}

TEST_CASE("a store whose directory is taken away is made again as soon as it can be") {
  const test::TempDir dir;
  auto writer = Writer::open(dir / "x.db", hasty()).value();
  const test::TempDir elsewhere;
  fs::rename(dir.path(), elsewhere / "moved");
  test::write_file(dir.path(), "in the way");
  writer->take(cycle(1));
  REQUIRE(test::wait_until([&] { return writer->statistics().failing; }));
  fs::remove(dir.path());
  REQUIRE(test::wait_until([&] { return writer->statistics().records == 1; }));
  CHECK(writer->close().dropped == 0);
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM polls") == 1);
}

}  // namespace
}  // namespace octopoll::store
