// `octopoll db` as a person runs it.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "octopoll/store/reader.hpp"
#include "octopoll/store/writer.hpp"
#include "support/binaries.hpp"
#include "support/run_command.hpp"
#include "support/sqlite_query.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/make_record.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
using test::noon;

test::CommandResult db(const std::filesystem::path& store, std::vector<std::string> words) {
  std::vector<std::string> argv{test::octopoll_binary().string(), "db"};
  argv.insert(argv.end(), words.begin(), words.end());
  argv.insert(argv.end(), {"--db", store.string()});
  test::ChildOptions options;
  options.env.emplace_back("TZ", "UTC0");
  return test::run_command(argv, options);
}

DeviceCycle cycle(std::uint64_t number, WallTime when, std::uint32_t interfaces = 1) {
  std::vector<InterfaceRecord> rows;
  for (std::uint32_t index = 1; index <= interfaces; ++index) {
    rows.push_back(test::make_row({.name = "a" + std::to_string(index),
                                   .if_index = index,
                                   .in_octets = 7'500'000,
                                   .out_octets = 75,
                                   .quality = number == 1 ? Quality::first : Quality::ok}));
  }
  return test::make_cycle("sw1", number, when, std::move(rows));
}

/// Ten minutes of one interface, a cycle a minute.
void fill(const std::filesystem::path& store) {
  auto writer = Writer::open(store).value();
  for (std::uint64_t minute = 0; minute <= 10; ++minute)
    writer->take(test::share(cycle(minute + 1, noon + minute * 1min)));
  REQUIRE(writer->close().records == 11);
}

TEST_CASE("db info tells how large a store is and how far it goes back") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto table = db(dir / "x.db", {"info", "--rows"});
  INFO(table.describe());
  CHECK(table.exit_code() == 0);
  CHECK(table.err == "octopoll db: store " + (dir / "x.db").string() + "\n");
  CHECK(table.out.find("1 with 1 interfaces") != std::string::npos);
  CHECK(table.out.find("samples         2026-01-31 12:00:00 UTC to 2026-01-31 12:10:00 UTC, 11 rows") !=
        std::string::npos);
  const auto json = db(dir / "x.db", {"info", "--format", "json"});
  REQUIRE(json.exit_code() == 0);
  const auto parsed = nlohmann::json::parse(json.out);
  CHECK(parsed["devices"] == 1);
  CHECK(parsed["kept"][1]["what"] == "samples");
  CHECK(parsed["kept"][1]["since"] == "2026-01-31T12:00:00Z");
  CHECK(parsed["file_octets"] == std::filesystem::file_size(dir / "x.db"));
}

TEST_CASE("db backup copies one moment of a store while it is written, and writes over nothing") {
  const test::TempDir dir;
  WriterOptions options;
  options.commit_interval = 5ms;
  auto writer = Writer::open(dir / "x.db", options).value();
  std::uint64_t number = 0;
  for (int each = 0; each < 200; ++each) writer->take(test::share(cycle(++number, noon + number * 1min, 20)));
  while (writer->statistics().records < 100) std::this_thread::sleep_for(1ms);
  for (int each = 0; each < 200; ++each) writer->take(test::share(cycle(++number, noon + number * 1min, 20)));
  const auto copied = db(dir / "x.db", {"backup", (dir / "copy.db").string()});
  INFO(copied.describe());
  CHECK(copied.exit_code() == 0);
  CHECK(test::sqlite_text(dir / "copy.db", "PRAGMA integrity_check") == "ok");
  const auto polls = test::sqlite_int(dir / "copy.db", "SELECT count(*) FROM polls");
  CHECK(polls >= 100);
  CHECK(test::sqlite_int(dir / "copy.db", "SELECT count(*) FROM sample_rows") == 20 * polls);
  for (const char* file : {"copy.db.part", "copy.db.part-wal", "copy.db.part-shm"})
    CHECK_FALSE(std::filesystem::exists(dir / file));
  CHECK(writer->close().records == number);

  const auto again = db(dir / "x.db", {"backup", (dir / "copy.db").string()});
  CHECK(again.exit_code() == 1);
  CHECK(again.err.find("is there already") != std::string::npos);
  CHECK(test::sqlite_int(dir / "copy.db", "SELECT count(*) FROM polls") == polls);
  CHECK(db(dir / "x.db", {"backup"}).exit_code() == 2);
  CHECK(db(dir / "x.db", {"backup", (dir / "no" / "copy.db").string()}).exit_code() == 1);
}

TEST_CASE("db check says ok, or what is damaged") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto good = db(dir / "x.db", {"check"});
  INFO(good.describe());
  CHECK(good.exit_code() == 0);
  CHECK(good.out == "ok\n");
  CHECK(db(dir / "x.db", {"check", "--quick"}).out == "ok\n");

  REQUIRE(db(dir / "x.db", {"backup", (dir / "damaged.db").string()}).exit_code() == 0);
  const auto page =
      test::sqlite_int(dir / "damaged.db", "SELECT rootpage FROM sqlite_master WHERE name = 'sample_rows'");
  {
    std::fstream file(dir / "damaged.db", std::ios::binary | std::ios::in | std::ios::out);
    file.seekp((page - 1) * 4096);
    file << std::string(200, '\x55');
  }
  const auto bad = db(dir / "damaged.db", {"check"});
  INFO(bad.describe());
  CHECK(bad.exit_code() == 1);
  CHECK_FALSE(bad.out.empty());
  CHECK(bad.out.find("ok\n") != 0);

  const auto copied = db(dir / "damaged.db", {"backup", (dir / "copy.db").string()});
  INFO(copied.describe());
  CHECK(copied.exit_code() == 1);
  CHECK(copied.err.find("is damaged") != std::string::npos);
  for (const char* file : {"copy.db", "copy.db.part", "copy.db.part-wal", "copy.db.part-shm"})
    CHECK_FALSE(std::filesystem::exists(dir / file));
}

TEST_CASE("db prune takes what is old and db vacuum gives its room back, but not beside a writer") {
  const test::TempDir dir;
  {
    WriterOptions options;
    options.retention.samples = std::nullopt;
    auto writer = Writer::open(dir / "x.db", options).value();
    for (std::uint64_t hour = 0; hour < 20 * 24; ++hour)
      writer->take(test::share(cycle(hour + 1, noon + hour * 1h, 30)));
    const auto beside = db(dir / "x.db", {"prune"});
    CHECK(beside.exit_code() == 1);
    CHECK(beside.err.find("being written by another octopoll") != std::string::npos);
    CHECK(db(dir / "x.db", {"vacuum"}).exit_code() == 1);
  }
  const auto before = std::filesystem::file_size(dir / "x.db");
  const auto pruned = db(dir / "x.db", {"prune", "--samples", "2d"});
  INFO(pruned.describe());
  CHECK(pruned.exit_code() == 0);
  // Of 480 cycles all but those of the newest 48 hours: of the half day in which these begin, too, single rows go, for
  // they are not sealed.
  CHECK(pruned.out == "12,930 rows taken\n");
  CHECK(std::filesystem::file_size(dir / "x.db") == before);
  const auto smaller = db(dir / "x.db", {"vacuum"});
  INFO(smaller.describe());
  CHECK(smaller.exit_code() == 0);
  CHECK(std::filesystem::file_size(dir / "x.db") < before * 3 / 4);
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM sample_rows") == 49 * 30);
  const auto too_short = db(dir / "x.db", {"prune", "--samples", "1d"});
  CHECK(too_short.exit_code() == 2);
  CHECK(too_short.err.find("forever") != std::string::npos);
}

TEST_CASE("db vacuum says that a reader keeps the file from shrinking, and db info what is kept") {
  const test::TempDir dir;
  fill(dir / "x.db");
  {
    const auto reader = Reader::open(dir / "x.db");
    REQUIRE(reader);
    const auto busy = db(dir / "x.db", {"vacuum"});
    INFO(busy.describe());
    CHECK(busy.exit_code() == 1);
    CHECK(busy.err.find("while another program reads it") != std::string::npos);
  }
  CHECK(db(dir / "x.db", {"vacuum"}).exit_code() == 0);

  std::ofstream(dir / "i.yaml") << "store: {path: x.db, retention: {samples: 30d, hours: forever}}\n"
                                   "auths: {a: {version: 2c, community: public}}\n"
                                   "devices: [{name: sw1, address: 127.0.0.1, auth: a}]\n";
  const auto info = db(dir / "x.db", {"info", "-c", (dir / "i.yaml").string()});
  INFO(info.describe());
  CHECK(info.exit_code() == 0);
  CHECK(info.out.find("kept            samples 30d, five_minutes 90d, hours forever, days forever\n") !=
        std::string::npos);
}

TEST_CASE("db export writes rows as CSV and as JSON") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto csv = db(dir / "x.db", {"export", "5m", "--until", "2026-01-31T12:05Z"});
  INFO(csv.describe());
  CHECK(csv.exit_code() == 0);
  CHECK(csv.out ==
        "device,interface,alias,time,in_bps,out_bps,in_bps_max,out_bps_max,in_bps_min,out_bps_min,in_percent,"
        "out_percent,in_percent_max,out_percent_max,in_octets,out_octets,in_valid_percent,out_valid_percent,"
        "in_packets,out_packets,in_errors,out_errors,in_discards,out_discards,begins_at\n"
        "sw1,a1,,2026-01-31T12:00:00Z,1000000,10,1000000,10,1000000,10,0.1,0,0.1,0,37500000,375,100,100,15,15,5,5,5,5,"
        "1769860800000\n");
  const auto json =
      db(dir / "x.db", {"export", "polls", "--format", "json", "--device", "sw1", "-o", (dir / "polls.json").string()});
  INFO(json.describe());
  CHECK(json.exit_code() == 0);
  const auto parsed = nlohmann::json::parse(test::read_file(dir / "polls.json"));
  REQUIRE(parsed.size() == 11);
  CHECK(parsed[0]["outcome"] == "complete");
  CHECK(parsed[0]["error"].is_null());
  const auto none = db(dir / "x.db", {"export", "pings", "--format", "json"});
  CHECK(none.exit_code() == 0);
  CHECK(nlohmann::json::parse(none.out).empty());
  const auto nobody = db(dir / "x.db", {"export", "samples", "--device", "sw9", "-o", (dir / "polls.json").string()});
  CHECK(nobody.exit_code() == 2);
  CHECK(nobody.err.find("has no device \"sw9\"") != std::string::npos);
  CHECK(nlohmann::json::parse(test::read_file(dir / "polls.json")).size() == 11);  // as it was
  const auto reversed = db(dir / "x.db", {"export", "5m", "--since", "2026-02-01", "--until", "2026-01-31"});
  CHECK(reversed.exit_code() == 2);
  CHECK(reversed.err.find("--since is not before --until") != std::string::npos);
  CHECK(db(dir / "x.db", {"export", "everything"}).exit_code() == 2);
  CHECK(db(dir / "x.db", {"export"}).exit_code() == 2);
}

TEST_CASE("an export or a report overwrites neither the store nor, where it cannot be made, anything else") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto read_all = [](const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string before = read_all(dir / "x.db");
  std::filesystem::create_symlink(dir / "x.db", dir / "link.csv");
  for (const char* const name : {"x.db", "link.csv", "x.db-wal", "x.db-shm", "x.db.lock"}) {
    const auto refused = db(dir / "x.db", {"export", "samples", "-o", (dir / name).string()});
    INFO(refused.describe());
    CHECK(refused.exit_code() == 2);
    CHECK(refused.err.find("is a file of the store") != std::string::npos);
    const auto report = test::run_command({test::octopoll_binary().string(), "report", "utilization", "-o",
                                           (dir / name).string(), "--db", (dir / "x.db").string()});
    INFO(report.describe());
    CHECK(report.exit_code() == 2);
  }
  CHECK(read_all(dir / "x.db") == before);

  std::ofstream(dir / "kept.csv") << "kept";
  CHECK(db(dir / "none.db", {"export", "samples", "-o", (dir / "kept.csv").string()}).exit_code() == 1);
  CHECK(read_all(dir / "kept.csv") == "kept");
}

TEST_CASE("db without a task, or with an unknown one, shows the way") {
  const test::TempDir dir;
  CHECK(test::run_command({test::octopoll_binary().string(), "db"}).exit_code() == 2);
  const auto help = test::run_command({test::octopoll_binary().string(), "db", "--help"});
  CHECK(help.exit_code() == 0);
  CHECK(help.out.find("backup") != std::string::npos);
  const auto near = db(dir / "x.db", {"bakcup"});
  CHECK(near.exit_code() == 2);
  CHECK(near.err.find("did you mean \"backup\"") != std::string::npos);
  CHECK(db(dir / "x.db", {"info"}).exit_code() == 1);  // there is none
  CHECK_FALSE(std::filesystem::exists(dir / "x.db"));
}

}  // namespace
}  // namespace octopoll::store
