// A store of which a block of sealed rows is damaged, octet by octet in its file: what commands make of it.

#include <sqlite3.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "octopoll/store/care.hpp"
#include "octopoll/store/writer.hpp"
#include "store/old_blocks.hpp"
#include "store/poll_sealer.hpp"
#include "store/recorder.hpp"
#include "store/sealer.hpp"
#include "support/binaries.hpp"
#include "support/heard.hpp"
#include "support/run_command.hpp"
#include "support/sqlite_query.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/make_record.hpp"
#include "unit/store/sealed_store.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
using test::noon;

constexpr std::uint64_t turns = 20 * 72;  // 20 days by 20 minutes

DeviceCycle cycle(const std::string& device, std::uint64_t turn) {
  std::vector<InterfaceRecord> rows;
  for (std::uint32_t index = 1; index <= 3; ++index) {
    const std::uint64_t noise = turn * turn * turn * 7919 * (index + (device == "sw2" ? 3 : 0));
    rows.push_back(test::make_row({.name = "eth" + std::to_string(index),
                                   .if_index = index,
                                   .in_octets = noise % 1'000'003,
                                   .out_octets = noise % 999'983,
                                   .elapsed = 20min}));
    for (const Counter counter : {Counter::in_ucast_pkts, Counter::out_ucast_pkts, Counter::in_errors,
                                  Counter::out_errors, Counter::in_discards, Counter::out_discards})
      rows.back().deltas.set_value(counter, noise * (1 + static_cast<unsigned>(counter)) % 30'011);
  }
  return test::make_cycle(device, turn + 1, noon + turn * 20min, std::move(rows));
}

/// Twenty days of two devices with three interfaces each, sealed where they are old enough, and all in one file.
void make_store(const std::filesystem::path& path) {
  auto database = open_for_writing(path);
  REQUIRE(database);
  REQUIRE(database->execute("PRAGMA synchronous = OFF; BEGIN"));
  auto recorder = Recorder::create(*database);
  REQUIRE(recorder);
  for (std::uint64_t turn = 0; turn < turns; ++turn) {
    for (const char* device : {"sw1", "sw2"}) {
      REQUIRE(recorder->store(cycle(device, turn)));
      REQUIRE(recorder->tend());
    }
  }
  REQUIRE(database->execute("COMMIT"));
  auto sealer = Sealer::create(*database, 0);
  REQUIRE(sealer);
  REQUIRE(sealer->seal(recorder->now(), 10'000'000).value() > 1000);
  // No page that was given back has an older copy of a block.
  REQUIRE(database->execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"));
}

/// Puts such a store there. It is made once a test case, for that takes longest, and copied for each of its sections.
void fill(const std::filesystem::path& path) {
  static const test::TempDir made;
  if (!std::filesystem::exists(made / "x.db")) make_store(made / "x.db");
  std::filesystem::copy_file(made / "x.db", path);
}

const std::string third_day = "level = 0 AND interface_id = 5 AND begins_at = 1770076800000";     // 2026-02-03
const std::string first_sums = "level = 300 AND interface_id = 2 AND begins_at = 1770163200000";  // 2026-02-04

std::string block_of(const std::filesystem::path& path, const std::string& which) {
  const auto rows = test::sqlite_query(path, "SELECT packed FROM sealed_rows WHERE " + which);
  REQUIRE(rows.size() == 1);
  return std::get<std::string>(rows[0][0]);
}

std::size_t place_in(const std::string& file, const std::string& octets) {
  const std::size_t at = file.find(octets);
  REQUIRE(octets.size() == 40);
  REQUIRE(at != std::string::npos);
  REQUIRE(file.find(octets, at + 1) == std::string::npos);
  return at;
}

/// Turns some bits of the block where it lies in the file, as a bad disk or memory does.
void damage(const std::filesystem::path& path, const std::string& which) {
  std::string file = test::read_file(path);
  const std::size_t at = place_in(file, block_of(path, which).substr(0, 40));  // the rest may be on other pages
  for (std::size_t octet = 20; octet < 30; ++octet) file[at + octet] = static_cast<char>(file[at + octet] ^ 0x55);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << file;
}

/// Zeroes one of the pages that a long block goes on in: SQLite does not find the rest of it.
void lose_page(const std::filesystem::path& path, const std::string& which) {
  constexpr std::size_t page = 4096;
  const std::string block = block_of(path, which);
  REQUIRE(block.size() > 2 * page + page / 2);  // more than one page beside its row's own
  std::string file = test::read_file(path);
  const std::size_t at = place_in(file, block.substr(block.size() / 2, 40)) / page * page;
  file.replace(at, page, page, '\0');
  std::ofstream(path, std::ios::binary | std::ios::trunc) << file;
}

test::CommandResult octopoll(const std::filesystem::path& store, std::vector<std::string> words) {
  words.insert(words.begin(), test::octopoll_binary().string());
  words.insert(words.end(), {"--db", store.string()});
  test::ChildOptions options;
  options.env.emplace_back("TZ", "UTC0");
  return test::run_command(words, options);
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_CASE("a report on samples of which a block is damaged shows the others, and says what is missing") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto ask = [&](const std::string& format, const char* report = "utilization") {
    return octopoll(dir / "x.db", {"report", report, "--since", "2026-02-03T06:00Z", "--until", "2026-02-03T18:00Z",
                                   "--format", format});
  };
  const auto before = nlohmann::json::parse(ask("json").out);
  CHECK(before["damaged"] == nlohmann::json::array());
  damage(dir / "x.db", third_day);

  const auto json = ask("json");
  INFO(json.describe());
  CHECK(json.exit_code() == 1);
  auto after = nlohmann::json::parse(json.out);
  REQUIRE(after["damaged"].size() == 1);
  const auto& block = after["damaged"][0];
  CHECK(block["rows"] == "samples");
  CHECK(block["device"] == "sw2");
  CHECK(block["interface"] == "eth2");
  CHECK(block["since"] == "2026-02-03T00:00:00Z");
  CHECK(block["until"] == "2026-02-04T00:00:00Z");
  CHECK(json.err.find("what 1 damaged block of sealed rows held is missing in this report:\n"
                      "  samples of sw2 eth2 (interface 5), 2026-02-03 UTC: ") != std::string::npos);
  CHECK(json.err.find("octopoll db check") != std::string::npos);
  CHECK(json.err.find("backup") != std::string::npos);
  CHECK(lines(json.err) == 4);  // the store, what, which, what to do: once
  REQUIRE(after["interfaces"].size() == 6);
  const auto of_it = [](const nlohmann::json& one) { return one["device"] == "sw2" && one["interface"] == "eth2"; };
  for (const auto& one : after["interfaces"]) {
    if (of_it(one)) CHECK(one["in_valid_share"] == 0.0);
    if (of_it(one)) CHECK(one["in_bps_avg"].is_null());
    if (!of_it(one)) CHECK(std::count(before["interfaces"].begin(), before["interfaces"].end(), one) == 1);
  }

  const auto table = ask("table");
  CHECK(table.exit_code() == 1);
  CHECK(table.out.find("what 1 damaged block of sealed rows held is missing here") != std::string::npos);
  CHECK(lines(ask("csv").out) == 7);
  for (const char* report : {"errors", "totals"}) {
    const auto other = ask("json", report);
    INFO(other.describe());
    CHECK(other.exit_code() == 1);
    CHECK(nlohmann::json::parse(other.out)["damaged"].size() == 1);
  }
  const auto elsewhere = octopoll(
      dir / "x.db", {"report", "utilization", "--since", "2026-02-05Z", "--until", "2026-02-06Z", "--format", "json"});
  CHECK(elsewhere.exit_code() == 0);
}

TEST_CASE("a report on sums of which a block is damaged shows the others") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto ask = [&] {
    return octopoll(dir / "x.db", {"report", "utilization", "--since", "2026-02-01Z", "--until", "2026-02-18Z",
                                   "--format", "json", "--sort", "p95", "--top", "6"});
  };
  const auto before = nlohmann::json::parse(ask().out);
  damage(dir / "x.db", first_sums);
  const auto result = ask();
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  const auto after = nlohmann::json::parse(result.out);
  REQUIRE(after["damaged"].size() == 1);
  CHECK(after["damaged"][0]["rows"] == "sums of 5 minutes");
  REQUIRE(after["interfaces"].size() == 6);
  int others = 0;
  for (const auto& one : after["interfaces"]) {
    const bool of_it = one["device"] == "sw1" && one["interface"] == "eth2";
    if (!of_it) others += static_cast<int>(std::count(before["interfaces"].begin(), before["interfaces"].end(), one));
    if (of_it) CHECK(one["in_bins"] > 1000);
    if (of_it) CHECK(one["in_valid_share"] < 0.9);
  }
  CHECK(others == 5);
}

TEST_CASE("a page of blocks of polls that cannot be read costs those blocks alone") {
  const test::TempDir dir;
  const auto path = dir / "x.db";
  fill(path);
  {
    auto database = open_for_writing(path);
    REQUIRE(database);
    // As where retention has taken the samples.
    REQUIRE(
        database->execute("DELETE FROM sealed_rows WHERE level = 0; DELETE FROM sample_exceptions;"
                          " DELETE FROM sample_rows; INSERT INTO kept_from VALUES ('samples', 0, 1000000)"));
    auto sealer = PollSealer::create(*database);
    REQUIRE(sealer);
    REQUIRE(sealer->seal(noon + 40 * 24h, Retention{}, 1'000'000, {}).value() > 2000);
    REQUIRE(database->execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  const auto ask = [&](const std::string& since) {
    return octopoll(path, {"report", "availability", "--since", since, "--until", "2026-02-20Z", "--format", "csv"});
  };
  const auto whole = ask("2026-02-01Z");
  CHECK(whole.exit_code() == 0);
  const std::string last_days = ask("2026-02-18T12:00Z").out;
  const auto first_page = static_cast<std::size_t>(test::sqlite_int(
      path, "SELECT pageno FROM dbstat WHERE name = 'sealed_polls' AND pagetype = 'leaf' ORDER BY path LIMIT 1"));
  constexpr std::size_t page = 4096;
  std::string file = test::read_file(path);
  file.replace((first_page - 1) * page, page, page, '\0');
  std::ofstream(path, std::ios::binary | std::ios::trunc) << file;

  const auto report = ask("2026-02-01Z");
  INFO(report.describe());
  CHECK(report.exit_code() == 1);
  CHECK(report.err.find("\n  polls of sw1, 2026-02-") != std::string::npos);
  CHECK(lines(report.out) == lines(whole.out));
  const auto later = ask("2026-02-18T12:00Z");
  CHECK(later.exit_code() == 0);
  CHECK(later.out == last_days);
  const auto known = test::sqlite_int(path, "SELECT count(*) FROM polls");
  auto writer = Writer::open(path).value();
  for (std::uint64_t turn = turns; turn < turns + 5; ++turn) writer->take(test::share(cycle("sw1", turn)));
  writer->take(test::share(cycle("sw2", 1080)));  // of 2026-02-15: nobody knows whether its block has it
  CHECK(writer->close().duplicates == 1);
  CHECK(test::sqlite_int(path, "SELECT count(*) FROM polls") == known + 5);

  const std::string copy = (dir / "copy.db").string();
  const auto saved = octopoll(path, {"db", "backup", copy, "--leave-out-damaged"});
  INFO(saved.describe());
  CHECK(saved.exit_code() == 1);
  CHECK(saved.err.find("sealed_polls: the rows with ids") != std::string::npos);
  CHECK(octopoll(copy, {"db", "check"}).out == "ok\n");
}

TEST_CASE("db check names each damaged block, and db export goes on, and tells") {
  const test::TempDir dir;
  fill(dir / "x.db");
  damage(dir / "x.db", third_day);
  damage(dir / "x.db", first_sums);
  const auto check = octopoll(dir / "x.db", {"db", "check"});
  INFO(check.describe());
  CHECK(check.exit_code() == 1);
  CHECK(check.out.find("the block of samples of sw2 eth2 (interface 5), 2026-02-03 UTC is damaged: ") == 0);
  CHECK(check.out.find("\nthe block of sums of 5 minutes of sw1 eth2 (interface 2), 2026-02-04 to 2026-02-11 UTC"
                       " is damaged: ") != std::string::npos);
  CHECK(lines(check.out) == 2);

  const auto lost = test::sqlite_int(dir / "x.db", "SELECT row_count FROM sealed_rows WHERE " + third_day);
  const auto samples = octopoll(dir / "x.db", {"db", "export", "samples"});
  CHECK(samples.exit_code() == 1);
  CHECK(lines(samples.out) == 1 + turns * 6 - static_cast<std::size_t>(lost));
  CHECK(samples.err.find("missing in this export:\n  samples of sw2 eth2 (interface 5), 2026-02-03 UTC") !=
        std::string::npos);
  const auto sums = octopoll(dir / "x.db", {"db", "export", "5m", "--format", "json", "--device", "sw1"});
  CHECK(sums.exit_code() == 1);
  CHECK(nlohmann::json::parse(sums.out).size() > 10'000);
  CHECK(octopoll(dir / "x.db", {"db", "export", "samples", "--device", "sw1"}).exit_code() == 0);
}

TEST_CASE("pages of a block that SQLite cannot read cost that block alone") {
  const test::TempDir dir;
  fill(dir / "x.db");
  lose_page(dir / "x.db", first_sums);
  const auto check = octopoll(dir / "x.db", {"db", "check"});
  INFO(check.describe());
  CHECK(check.exit_code() == 1);
  CHECK(check.out.find("the block of sums of 5 minutes of sw1 eth2 (interface 2), 2026-02-04 to 2026-02-11 UTC"
                       " is damaged: database disk image is malformed") != std::string::npos);
  const auto sums = octopoll(dir / "x.db", {"db", "export", "5m"});
  CHECK(sums.exit_code() == 1);
  CHECK(lines(sums.out) > 25'000);
  CHECK(sums.err.find("sums of 5 minutes of sw1 eth2 (interface 2)") != std::string::npos);
  const auto report = octopoll(
      dir / "x.db", {"report", "utilization", "--since", "2026-02-01Z", "--until", "2026-02-18Z", "--format", "csv"});
  INFO(report.describe());
  CHECK(report.exit_code() == 1);
  CHECK(lines(report.out) == 7);
}

TEST_CASE("a writer goes on beside damaged blocks: it seals, sums up and takes what is old") {
  const test::TempDir dir;
  fill(dir / "x.db");
  damage(dir / "x.db", third_day);
  damage(dir / "x.db", first_sums);
  const auto sealed = [&](const char* level) {
    return test::sqlite_int(dir / "x.db",
                            std::string("SELECT max(begins_at) / 86400000 FROM sealed_rows WHERE level = ") + level);
  };
  const auto before = sealed("0");
  WriterOptions options;
  options.retention.samples = std::chrono::days(18);
  options.commit_interval = 1ms;
  options.batch = 24;  // rows: a batch that spans a day would be taken for a clock that leapt
  for (std::uint64_t day = 0; day < 5; ++day) {
    auto writer = Writer::open(dir / "x.db", options).value();
    for (std::uint64_t turn = turns + 72 * day; turn < turns + 72 * (day + 1); ++turn) {
      for (const char* device : {"sw1", "sw2"}) writer->take(test::share(cycle(device, turn)));
    }
    CHECK(writer->close().dropped == 0);
  }
  CHECK(sealed("0") > before);
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM rollup_backlog") == 0);
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM sealed_rows WHERE " + third_day) == 0);  // too old by now
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM sealed_rows WHERE " + first_sums) == 1);
  CHECK(test::sqlite_int(dir / "x.db",
                         "SELECT max(begins_at) > 1771600000000 FROM traffic_times WHERE step_s = 3600") == 1);

  Retention little;
  little.five_minutes = std::chrono::days(10);
  REQUIRE(prune_store(dir / "x.db", little, {}));
  CHECK(test::sqlite_int(dir / "x.db", "SELECT count(*) FROM sealed_rows WHERE " + first_sums) == 0);
  CHECK(check_store(dir / "x.db", false, {}).value().empty());
}

TEST_CASE("an old block that cannot be taken, for its pages are damaged, keeps none behind it, and rows are sealed") {
  const test::TempDir dir;
  fill(dir / "x.db");
  lose_page(dir / "x.db", first_sums);
  const auto count = [&](const std::string& sql) { return test::sqlite_int(dir / "x.db", sql); };
  const auto sealed = count("SELECT max(begins_at) FROM sealed_rows WHERE level = 0");
  const auto summed = count("SELECT max(begins_at) FROM traffic_times WHERE step_s = 3600");
  WriterOptions options;
  options.retention.five_minutes = std::chrono::days(3);
  options.commit_interval = 1ms;
  options.batch = 24;
  const test::Heard heard;
  for (std::uint64_t day = 0; day < 5; ++day) {
    auto writer = Writer::open(dir / "x.db", options).value();
    for (std::uint64_t turn = turns + 72 * day; turn < turns + 72 * (day + 1); ++turn) {
      for (const char* device : {"sw1", "sw2"}) writer->take(test::share(cycle(device, turn)));
    }
    CHECK(writer->close().dropped == 0);
  }
  CHECK(count("SELECT count(*) FROM sealed_rows WHERE " + first_sums) == 1);
  CHECK(count("SELECT count(*) FROM sealed_rows WHERE level = 300 AND begins_at <= 1770854400000") == 1);  // + 8 days
  const auto said = heard.lines("is old and stays, for its pages are damaged");
  REQUIRE_FALSE(said.empty());
  CHECK(said.size() <= 10);  // once a day in a run, which begins at noon
  CHECK(said[0].find("the block of sums of 5 minutes of sw1 eth2 (interface 2), 2026-02-04 to 2026-02-11 UTC") !=
        std::string::npos);
  CHECK(count("SELECT max(begins_at) FROM sealed_rows WHERE level = 0") > sealed);
  CHECK(count("SELECT max(begins_at) FROM traffic_times WHERE step_s = 3600") > summed);
  CHECK(count("SELECT count(*) FROM sample_rows") < 6 * 72 * 4);
}

TEST_CASE("what comes late for a block on damaged pages keeps nothing out of the store") {
  const test::TempDir dir;
  fill(dir / "x.db");
  lose_page(dir / "x.db", first_sums);
  WriterOptions options;
  options.close_patience = 2s;
  auto writer = Writer::open(dir / "x.db", options).value();
  const test::Heard heard;
  std::uint64_t turn = turns;
  for (const std::uint64_t minutes : {std::uint64_t{5 * 1440 + 1}, turns * 20, turns * 20 + 20}) {
    DeviceCycle late = cycle("sw1", turn++);
    late.started_at = noon + minutes * 1min;
    writer->take(test::share(late));
  }
  const auto done = writer->close();
  CHECK(done.records == 3);
  CHECK(done.failures == 0);
  const auto said = heard.lines("what came late for it is counted by itself");
  REQUIRE(said.size() == 1);
  CHECK(said[0].find("the block of sums of 5 minutes of sw1 eth2 (interface 2), 2026-02-04 to 2026-02-11 UTC") !=
        std::string::npos);
}

/// A page of a table's rows.
struct Leaf {
  std::size_t at;     ///< in the file
  std::int64_t rows;  ///< on it
};
constexpr std::size_t page_size = 4096;
Leaf leaf_of(const std::filesystem::path& path, const std::string& table, int number) {
  const auto leaf =
      test::sqlite_query(path, "SELECT pageno, ncell FROM dbstat WHERE name = '" + table +
                                   "' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET " + std::to_string(number));
  REQUIRE(leaf.size() == 1);
  return {static_cast<std::size_t>(std::get<std::int64_t>(leaf[0][0]) - 1) * page_size,
          std::get<std::int64_t>(leaf[0][1])};
}

/// Zeroes pages of the file.
void lose(const std::filesystem::path& path, const std::vector<Leaf>& leaves) {
  std::string file = test::read_file(path);
  for (const Leaf& leaf : leaves) file.replace(leaf.at, page_size, page_size, '\0');
  std::ofstream(path, std::ios::binary | std::ios::trunc) << file;
}
/// Zeroes a page of a table's rows; their number.
std::int64_t lose_leaf(const std::filesystem::path& path, const std::string& table) {
  const Leaf leaf = leaf_of(path, table, 3);
  lose(path, {leaf});
  return leaf.rows;
}
/// What was to be written to one page is on another as well.
void misdirect(const std::filesystem::path& path, const Leaf& from, const Leaf& to) {
  std::string file = test::read_file(path);
  file.replace(to.at, page_size, file, from.at, page_size);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << file;
}

/// Of every table how many rows it has.
std::map<std::string, std::int64_t> counts(const std::filesystem::path& path) {
  std::map<std::string, std::int64_t> all;
  for (const auto& row : test::sqlite_query(path, "SELECT name FROM sqlite_master WHERE type = 'table'")) {
    const auto& name = std::get<std::string>(row[0]);
    all[name] = test::sqlite_int(path, "SELECT count(*) FROM " + name);
  }
  REQUIRE(all.size() > 20);
  return all;
}

TEST_CASE("db backup leaves out what is damaged where that is asked for, and says what") {
  const test::TempDir dir;
  fill(dir / "x.db");
  auto whole = counts(dir / "x.db");
  damage(dir / "x.db", third_day);
  lose_page(dir / "x.db", first_sums);
  const std::string copy = (dir / "copy.db").string();
  const auto refused = octopoll(dir / "x.db", {"db", "backup", copy});
  CHECK(refused.exit_code() == 1);
  CHECK(refused.err.find("--leave-out-damaged") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(copy));

  const auto saved = octopoll(dir / "x.db", {"db", "backup", copy, "--leave-out-damaged"});
  INFO(saved.describe());
  CHECK(saved.exit_code() == 1);
  CHECK(lines(saved.err) == 6);  // the store, what, two blocks, the pages, what to do
  CHECK(saved.err.find("\n  the block of samples of sw2 eth2 (interface 5), 2026-02-03 UTC is damaged: ") !=
        std::string::npos);
  CHECK(saved.err.find("\n  the block of sums of 5 minutes of sw1 eth2 (interface 2), 2026-02-04 to 2026-02-11 UTC"
                       " is damaged: ") != std::string::npos);
  whole["sealed_rows"] -= 2;
  CHECK(counts(copy) == whole);
  CHECK(octopoll(copy, {"db", "check"}).out == "ok\n");
  CHECK(octopoll(copy, {"db", "export", "samples"}).exit_code() == 0);
  CHECK_FALSE(std::filesystem::exists(copy + ".part"));
  CHECK(Writer::open(copy));

  const std::string again = (dir / "again.db").string();
  const auto nothing = octopoll(copy, {"db", "backup", again, "--leave-out-damaged"});
  INFO(nothing.describe());
  CHECK(nothing.exit_code() == 0);
  CHECK(counts(again) == whole);
}

TEST_CASE("db backup passes over pages of rows that cannot be read, and keeps those behind them") {
  const test::TempDir dir;
  const std::string table = GENERATE("polls", "traffic_5m", "traffic_times");
  CAPTURE(table);
  fill(dir / "x.db");
  auto whole = counts(dir / "x.db");
  const std::int64_t rows = lose_leaf(dir / "x.db", table);
  REQUIRE(rows > 5);
  const std::string copy = (dir / "copy.db").string();
  const auto saved = octopoll(dir / "x.db", {"db", "backup", copy, "--leave-out-damaged"});
  INFO(saved.describe());
  CHECK(saved.exit_code() == 1);
  CHECK(lines(saved.err) == 5);
  CHECK(saved.err.find("\n  " + table + ": ") != std::string::npos);
  whole[table] -= rows;
  CHECK(counts(copy) == whole);
  CHECK(test::sqlite_text(copy, "PRAGMA integrity_check") == "ok");
}

TEST_CASE("what was told of samples that are lost is not in the copy, and the copy is whole") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const std::int64_t sample = test::sqlite_int(dir / "x.db", "SELECT max(id) FROM sample_rows");
  test::sqlite_change(dir / "x.db", "INSERT OR REPLACE INTO sample_exceptions (id, exceptions) VALUES (" +
                                        std::to_string(sample + 1) + ", 'in_errors=first')");
  const std::string copy = (dir / "copy.db").string();
  const auto saved = octopoll(dir / "x.db", {"db", "backup", copy, "--leave-out-damaged"});
  INFO(saved.describe());
  CHECK(saved.exit_code() == 1);
  CHECK(saved.err.find("\n  sample_exceptions: 1 row of samples that are lost\n") != std::string::npos);
  CHECK(octopoll(copy, {"db", "check"}).out == "ok\n");
}

TEST_CASE("what is new in a copy gets no number of what is lost, and nobody's rows become another's") {
  const test::TempDir dir;
  const std::string table = GENERATE("devices", "interfaces", "polls");
  CAPTURE(table);
  fill(dir / "x.db");
  const std::string leaves = "SELECT count(*) FROM dbstat WHERE name = '" + table + "' AND pagetype = 'leaf'";
  lose(dir / "x.db", {leaf_of(dir / "x.db", table, static_cast<int>(test::sqlite_int(dir / "x.db", leaves)) - 1)});
  const std::int64_t newest_poll = test::sqlite_int(dir / "x.db", "SELECT max(poll_id) FROM device_latest");
  const std::string copy = (dir / "copy.db").string();
  const auto saved = octopoll(dir / "x.db", {"db", "backup", copy, "--leave-out-damaged"});
  INFO(saved.describe());
  REQUIRE(saved.exit_code() == 1);
  CHECK(octopoll(copy, {"db", "check"}).out == "ok\n");
  if (table == "devices") {
    CHECK(saved.err.find("\n  devices: the names of 2 rows, called lost-device-… in the copy\n") != std::string::npos);
    CHECK(test::sqlite_text(copy, "SELECT group_concat(name) FROM devices") == "lost-device-1,lost-device-2");
  } else if (table == "interfaces") {
    CHECK(saved.err.find("\n  interfaces: the names of 6 rows") != std::string::npos);
    CHECK(test::sqlite_text(copy,
                            "SELECT group_concat(d.name || ' ' || i.name) FROM interfaces i JOIN devices d"
                            " ON d.id = i.device_id WHERE i.id IN (1, 6)") ==
          "sw1 lost-interface-1,sw2 lost-interface-6");
  } else {
    CHECK(saved.err.find("\n  polls: the newest of 2 rows, failed in the copy\n") != std::string::npos);
    CHECK(saved.err.find(" of polls that are lost\n") != std::string::npos);
    CHECK(test::sqlite_int(copy, "SELECT max(id) FROM polls") == newest_poll);
    CHECK(test::sqlite_int(copy, "SELECT count(*) FROM sample_rows WHERE id >> 24 NOT IN (SELECT id FROM polls)") == 0);
  }
  {
    auto database = open_for_writing(copy);
    REQUIRE(database);
    auto recorder = Recorder::create(*database);
    REQUIRE(recorder);
    REQUIRE(recorder->store(test::make_cycle("new", 1, noon + turns * 20min, {test::make_row({.name = "lo"})})));
  }
  CHECK(test::sqlite_int(copy, "SELECT id FROM devices WHERE name = 'new'") > 2);
  CHECK(test::sqlite_int(copy, "SELECT id FROM interfaces WHERE name = 'lo'") > 6);
  CHECK(
      test::sqlite_int(copy, "SELECT id FROM polls p WHERE p.device_id = (SELECT id FROM devices WHERE name = 'new')") >
      newest_poll);
}

TEST_CASE("db backup names the rows of a page that has those of another, keeps all others, and ends") {
  const test::TempDir dir;
  const std::string table = GENERATE("polls", "traffic_5m", "traffic_times");
  const int from = GENERATE(1, 4);
  const bool lost_too = GENERATE(false, true);
  CAPTURE(table, from, lost_too);
  fill(dir / "x.db");
  auto whole = counts(dir / "x.db");
  const Leaf wrong = leaf_of(dir / "x.db", table, from == 1 ? 4 : 1);
  const Leaf behind = leaf_of(dir / "x.db", table, 5);
  misdirect(dir / "x.db", leaf_of(dir / "x.db", table, from), wrong);
  if (lost_too) lose(dir / "x.db", {behind});
  const std::string copy = (dir / "copy.db").string();
  const auto saved = octopoll(dir / "x.db", {"db", "backup", copy, "--leave-out-damaged"});
  INFO(saved.describe());
  CHECK(saved.exit_code() == 1);
  CHECK(saved.err.find("\n  " + table + ": rows ") != std::string::npos);
  CHECK(saved.err.find("***") == std::string::npos);
  const auto saved_rows = counts(copy);
  CHECK(saved_rows.at(table) >= whole[table] - wrong.rows - (lost_too ? behind.rows + 1 : 0));
  CHECK(saved_rows.at(table) < whole[table]);
  whole[table] = saved_rows.at(table);
  CHECK(saved_rows == whole);
  CHECK(test::sqlite_text(copy, "PRAGMA integrity_check") == "ok");
}

TEST_CASE("db backup of all rows of a store with a damaged index says that it is damaged") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto whole = counts(dir / "x.db");
  lose_leaf(dir / "x.db", "polls_by_time");
  const std::string copy = (dir / "copy.db").string();
  const auto saved = octopoll(dir / "x.db", {"db", "backup", copy, "--leave-out-damaged"});
  INFO(saved.describe());
  CHECK(saved.exit_code() == 1);
  CHECK(saved.err.find("\n  the file has damaged pages, and may have had more there: ") != std::string::npos);
  CHECK(counts(copy) == whole);
}

/// A disk that cannot read one page of a file, to all who open it in this process. One at a time.
class BadSector {
 public:
  BadSector(const std::filesystem::path& path, std::size_t at) {
    bad_file = path.string();
    bad_at = static_cast<sqlite3_int64>(at);
    real = sqlite3_vfs_find(nullptr);
    vfs = *real;
    vfs.zName = "bad-sector";
    vfs.pNext = nullptr;
    vfs.xOpen = [](sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* given) {
      const int code = real->xOpen(real, name, file, flags, given);
      if (code != SQLITE_OK || name == nullptr || bad_file != name) return code;
      methods = *file->pMethods;
      read = methods.xRead;
      methods.xRead = [](sqlite3_file* of, void* octets, int count, sqlite3_int64 from) {
        const bool bad = from <= bad_at && bad_at < from + count;
        return bad ? SQLITE_IOERR_READ : read(of, octets, count, from);
      };
      file->pMethods = &methods;
      return code;
    };
    REQUIRE(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
  }
  BadSector(const BadSector&) = delete;
  BadSector& operator=(const BadSector&) = delete;
  ~BadSector() {
    sqlite3_vfs_unregister(&vfs);
    sqlite3_vfs_register(real, 1);
  }

 private:
  static inline std::string bad_file;
  static inline sqlite3_int64 bad_at = 0;
  static inline sqlite3_vfs* real = nullptr;
  static inline sqlite3_vfs vfs{};
  static inline sqlite3_io_methods methods{};
  static inline int (*read)(sqlite3_file*, void*, int, sqlite3_int64) = nullptr;
};

TEST_CASE("a sector that the disk cannot read costs a copy the rows in it alone") {
  const test::TempDir dir;
  const std::string table = GENERATE("polls", "traffic_times");
  CAPTURE(table);
  fill(dir / "x.db");
  auto whole = counts(dir / "x.db");
  const Leaf leaf = leaf_of(dir / "x.db", table, 3);
  {
    const BadSector bad(dir / "x.db", leaf.at);
    const auto lost = salvage_store(dir / "x.db", dir / "copy.db", {});
    if (!lost) FAIL(lost.error().text());
    REQUIRE_FALSE(lost->empty());
    CHECK(lost->front().find(table + ": ") == 0);
  }
  whole[table] -= leaf.rows;
  CHECK(counts(dir / "copy.db") == whole);
}

TEST_CASE("retention passes over a block in a sector that the disk cannot read") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto count = [&](const std::string& sql) { return test::sqlite_int(dir / "x.db", sql); };
  const Leaf leaf = leaf_of(dir / "x.db", "sealed_rows", 0);
  const std::int64_t blocks = count("SELECT count(*) FROM sealed_rows WHERE level = 0");
  {
    const BadSector bad(dir / "x.db", leaf.at);
    auto database = open_for_writing(dir / "x.db");
    REQUIRE(database);
    auto old_blocks = OldBlocks::create(*database);
    REQUIRE(old_blocks);
    PassedBlocks passed;
    // One that is on a page beside the sector is passed when this is tried again.
    bool done = false;
    for (int tries = 0; tries < 20 && !done; ++tries)
      done = old_blocks->take(noon + 60 * 24h, Retention{}, 1000, passed).has_value();
    CHECK(done);
  }
  CHECK(count("SELECT count(*) FROM sealed_rows WHERE level = 0") > 0);
  CHECK(count("SELECT count(*) FROM sealed_rows WHERE level = 0") < blocks);
}

TEST_CASE("db backup names the rows that a table may not have") {
  const test::TempDir dir;
  fill(dir / "x.db");
  auto whole = counts(dir / "x.db");
  const auto rewrite = [&](const std::string& sql) {
    auto database = Database::open(dir / "x.db", Database::Access::read_write);
    REQUIRE(database);
    REQUIRE(database->execute(("PRAGMA writable_schema = ON; " + sql).c_str()));
  };
  const std::string text = "'outcome         TEXT'";
  const std::string strict = "'outcome         TEXT NOT NULL'";
  rewrite("UPDATE sqlite_master SET sql = replace(sql, " + strict + ", " + text + ") WHERE name = 'polls'");
  rewrite("UPDATE polls SET outcome = NULL WHERE id IN (7, 8)");
  rewrite("UPDATE sqlite_master SET sql = replace(sql, " + text + ", " + strict + ") WHERE name = 'polls'");
  const std::string copy = (dir / "copy.db").string();
  const auto saved = octopoll(dir / "x.db", {"db", "backup", copy, "--leave-out-damaged"});
  INFO(saved.describe());
  CHECK(saved.exit_code() == 1);
  CHECK(saved.err.find("\n  polls: 2 rows that it may not have, the first with id 7 (NOT NULL constraint failed: "
                       "polls.outcome)") != std::string::npos);
  whole["polls"] -= 2;
  CHECK(counts(copy) == whole);
}

TEST_CASE("db backup runs no SQL that is in the file") {
  const test::TempDir dir;
  fill(dir / "x.db");
  const auto whole = counts(dir / "x.db");
  {
    auto other = Database::open(dir / "other.db", Database::Access::create);
    REQUIRE(other);
    REQUIRE(other->execute("CREATE TABLE keep (a); INSERT INTO keep VALUES (1)"));
    auto database = Database::open(dir / "x.db", Database::Access::read_write);
    REQUIRE(database);
    REQUIRE(
        database->execute(("CREATE VIEW \"own \"\" one\" AS SELECT 1; PRAGMA writable_schema = ON;"
                           "UPDATE sqlite_master SET sql = sql || '; COMMIT; ATTACH ''" +
                           (dir / "other.db").string() + "'' AS e; DELETE FROM e.keep; BEGIN' WHERE name = 'devices'")
                              .c_str()));
  }
  const std::string copy = (dir / "copy.db").string();
  const auto saved = octopoll(dir / "x.db", {"db", "backup", copy, "--leave-out-damaged"});
  INFO(saved.describe());
  CHECK(test::sqlite_int(dir / "other.db", "SELECT count(*) FROM keep") == 1);
  CHECK(saved.exit_code() == 1);
  CHECK(lines(saved.err) == 4);
  CHECK(saved.err.find("\n  the view own \" one, which is none of octopoll's") != std::string::npos);
  CHECK(counts(copy) == whole);
  CHECK(test::sqlite_text(copy, "SELECT sql FROM sqlite_master WHERE name = 'devices'").find("ATTACH") ==
        std::string::npos);
  CHECK(Writer::open(copy));
}

TEST_CASE("an export that ends at a damaged page is JSON all the same") {
  const test::TempDir dir;
  fill(dir / "x.db");
  lose_leaf(dir / "x.db", "polls");
  const auto cut = octopoll(dir / "x.db", {"db", "export", "polls", "--format", "json"});
  INFO(cut.err);
  CHECK(cut.exit_code() == 1);
  CHECK(cut.err.find("malformed") != std::string::npos);
  CHECK(cut.err.find("the export ended there, after ") != std::string::npos);
  const auto rows = nlohmann::json::parse(cut.out);
  CHECK(rows.size() > 5);
  CHECK(rows.size() < 2 * turns);
}

}  // namespace
}  // namespace octopoll::store
