// octopoll_store.so in the sqlite3 shell, as docs/store.md shows it: what was sealed is found by the same questions.

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "octopoll/store/care.hpp"
#include "store/poll_sealer.hpp"
#include "store/recorder.hpp"
#include "store/sealer.hpp"
#include "support/binaries.hpp"
#include "support/child.hpp"
#include "support/sqlite_query.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"
#include "unit/store/make_record.hpp"
#include "unit/store/sealed_store.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
using test::noon;

const std::string extension = std::string(OCTOPOLL_BINARY_DIR) + "/octopoll_store";

/// Five days of two devices; what is old enough is sealed where `seals`.
void fill(const std::filesystem::path& path, bool seals) {
  auto database = open_for_writing(path);
  REQUIRE(database);
  REQUIRE(database->execute("PRAGMA synchronous = OFF; BEGIN"));
  auto recorder = Recorder::create(*database);
  REQUIRE(recorder);
  for (std::uint64_t turn = 0; turn < 5 * 72; ++turn) {
    for (const char* device : {"sw1", "sw2"}) {
      std::vector<InterfaceRecord> rows;
      for (std::uint32_t index = 1; index <= 3; ++index) {
        rows.push_back(test::make_row({.name = "eth" + std::to_string(index),
                                       .if_index = index,
                                       .in_octets = 1'000'000 * turn + index,
                                       .out_octets = 5,
                                       .elapsed = 20min}));
        if (turn % 9 == 0) rows.back().flapped_at = TimeTicks(17);
      }
      REQUIRE(recorder->store(test::make_cycle(device, turn + 1, noon + turn * 20min, std::move(rows))));
      REQUIRE(recorder->tend());
    }
  }
  REQUIRE(database->execute("COMMIT"));
  if (!seals) return;
  auto sealer = Sealer::create(*database, 0);
  REQUIRE(sealer);
  REQUIRE(sealer->seal(recorder->now(), 1'000'000).value() > 1000);
}

struct Said {
  std::string out, err;
  int code = 0;
};
Said shell(const std::vector<std::string>& words) {
  std::vector<std::string> command{"sqlite3"};
  command.insert(command.end(), words.begin(), words.end());
  auto child = test::Child::start(command);
  const auto ended = child.wait(test::patience);
  REQUIRE(ended);
  return {child.out(), child.err(), ended->code};
}
std::string asked(const std::filesystem::path& path, const std::string& sql, bool loads) {
  std::vector<std::string> words{"-readonly", "-bail"};
  if (loads) words.insert(words.end(), {"-cmd", ".load " + extension});
  words.insert(words.end(), {path.string(), sql});
  const Said said = shell(words);
  INFO(sql);
  CHECK(said.err.empty());
  CHECK(said.code == 0);
  return said.out;
}

TEST_CASE("the sqlite3 shell reads sealed rows once it has loaded the extension") {
  const test::TempDir dir;
  fill(dir / "plain.db", false);
  fill(dir / "sealed.db", true);
  for (const char* sql : {
           "SELECT * FROM v_interface_rates ORDER BY poll_number, device, interface",
           "SELECT * FROM v_interface_rates WHERE device = 'sw2' AND started_at < 1769950000000 ORDER BY 4, 2",
           "SELECT * FROM v_utilization_5m ORDER BY begins_at, device, interface",
           "SELECT * FROM v_utilization_1h ORDER BY begins_at, device, interface",
           "SELECT * FROM v_utilization_1d ORDER BY begins_at, device, interface",
           "SELECT * FROM v_flaps ORDER BY poll_number, device, interface",
           "SELECT * FROM v_interfaces ORDER BY device, interface",
           "SELECT * FROM samples ORDER BY poll_id, interface_id",
           "SELECT * FROM sample_rows ORDER BY id",
           "SELECT sum(in_octets) FROM traffic_5m WHERE interface_id = 2 AND begins_at < 1770000000000",
       }) {
    const std::string after = asked(dir / "sealed.db", sql, true);
    INFO(sql);
    CHECK(after.size() > 5);
    if (std::string(sql).find("interface_id = 2 AND") != std::string::npos)
      continue;  // hidden columns are united's own
    CHECK((after == asked(dir / "plain.db", sql, false)));
  }
}

TEST_CASE("the sqlite3 shell reads sealed polls once it has loaded the extension") {
  const test::TempDir dir;
  for (const char* name : {"plain.db", "sealed.db"}) {
    fill(dir / name, false);
    auto database = open_for_writing(dir / name);
    REQUIRE(database);
    // As where retention has taken the samples.
    REQUIRE(
        database->execute("DELETE FROM sample_rows WHERE id >> 24 < 700; DELETE FROM sample_exceptions WHERE"
                          " id >> 24 < 700; INSERT INTO kept_from VALUES ('samples', 0, 699)"));
    if (name == std::string("plain.db")) continue;
    auto sealer = PollSealer::create(*database);
    REQUIRE(sealer);
    REQUIRE(sealer->seal(noon + 20 * 24h, Retention{}, 1'000'000, {}).value() > 500);
  }
  for (const char* sql : {
           "SELECT * FROM polls ORDER BY id",
           "SELECT * FROM v_polls ORDER BY device, poll_number",
           "SELECT * FROM v_polls WHERE device = 'sw2' AND started_at < 1770000000000 ORDER BY poll_number",
           "SELECT count(*), min(id), max(started_at) FROM polls WHERE device_id = 1",
           "SELECT * FROM v_interface_rates ORDER BY poll_number, device, interface",
           "SELECT * FROM v_devices ORDER BY device",
       }) {
    INFO(sql);
    const std::string before = asked(dir / "plain.db", sql, false);
    CHECK(before.size() > 5);
    CHECK((asked(dir / "sealed.db", sql, true) == before));
  }
  // The last part waits until retention has come past it.
  CHECK(std::stoi(asked(dir / "sealed.db", "SELECT count(*) FROM polls", false)) < 300);
  REQUIRE(shell({(dir / "sealed.db").string(), "UPDATE sealed_polls SET packed = x'0102' WHERE device_id = 2"}).code ==
          0);
  const Said damaged =
      shell({"-cmd", ".load " + extension, (dir / "sealed.db").string(), "SELECT count(*) FROM v_polls"});
  CHECK(damaged.err.find("the block of polls of sw2, 2026-01-3") != std::string::npos);
  CHECK(asked(dir / "sealed.db",
              "SELECT octopoll_leave_out_damaged(1); SELECT count(*) FROM v_polls WHERE device = 'sw1'; SELECT"
              " count(error) FROM polls; SELECT rows, device, quote(interface) FROM octopoll_damaged LIMIT 1",
              true) == "1\n360\n0\npolls|sw2|''\n");
}

TEST_CASE("without the extension a plain sqlite3 sees the rows that are not sealed") {
  const test::TempDir dir;
  fill(dir / "x.db", true);
  const std::string few = asked(dir / "x.db", "SELECT count(*) FROM v_interface_rates", false);
  CHECK(std::stoi(few) >= 6 * 18);  // 6 hours
  CHECK(std::stoi(few) < 5 * 72 * 6);
  CHECK(asked(dir / "x.db", "SELECT count(*) FROM v_interface_rates", true) == std::to_string(5 * 72 * 6) + "\n");
  CHECK(asked(dir / "x.db", "SELECT count(*) FROM v_utilization_5m", false) != "0\n");
}

TEST_CASE("the extension says what it cannot unite, and what is damaged") {
  const test::TempDir dir;
  REQUIRE(shell({(dir / "other.db").string(), "CREATE TABLE a (x)"}).code == 0);
  const Said other = shell({"-cmd", ".load " + extension, (dir / "other.db").string(), "SELECT 1"});
  CHECK(other.err.find("octopoll_store: it has no sealed rows") != std::string::npos);

  fill(dir / "x.db", true);
  {
    auto database = open_for_writing(dir / "x.db");
    REQUIRE(database);
    REQUIRE(database->execute("UPDATE sealed_rows SET packed = x'01020304' WHERE level = 0 AND interface_id = 5"));
  }
  {
    auto database = open_for_writing(dir / "newer.db");
    REQUIRE(database);
    REQUIRE(database->execute("PRAGMA user_version = 1000"));
  }
  const Said newer = shell({"-cmd", ".load " + extension, (dir / "newer.db").string(), "SELECT 1"});
  CHECK(newer.err.find("octopoll_store: it has schema version 1000, this octopoll reads ") != std::string::npos);

  const Said damaged = shell({"-cmd", ".load " + extension, (dir / "x.db").string(), "SELECT count(*) FROM samples"});
  CHECK(damaged.err.find("the block of samples of sw2 eth2 (interface 5), 2026-01-31 UTC is damaged: ") !=
        std::string::npos);
  CHECK(damaged.err.find("SELECT octopoll_leave_out_damaged(1)") != std::string::npos);
  CHECK(damaged.out.empty());
  const std::string whole = "SELECT count(*) > 300 FROM v_interface_rates WHERE device = 'sw1'";
  CHECK(asked(dir / "x.db", whole, true) == "1\n");
}

TEST_CASE("who asks for it is shown all but damaged blocks, and told which those are") {
  const test::TempDir dir;
  fill(dir / "x.db", true);
  {
    auto database = open_for_writing(dir / "x.db");
    REQUIRE(database);
    REQUIRE(
        database->execute("UPDATE sealed_rows SET packed = x'01020304' WHERE level = 0 AND interface_id = 5 AND"
                          " begins_at = (SELECT max(begins_at) FROM sealed_rows WHERE level = 0)"));
  }
  const std::string lost =
      asked(dir / "x.db", "SELECT sum(row_count) FROM sealed_rows WHERE packed = x'01020304'", false);
  REQUIRE(std::stoi(lost) > 10);
  const std::string left = std::to_string(5 * 72 * 6 - std::stoi(lost)) + "\n";
  for (const char* count : {"SELECT count(*) FROM samples", "SELECT count(*) FROM v_interface_rates",
                            "SELECT count(*) FROM polls p JOIN sample_rows s ON s.poll_id = p.id",
                            "SELECT count(*) FROM polls p JOIN sample_rows s ON s.poll_id = p.id AND"
                            " s.interface_id BETWEEN 1 AND 9"}) {
    INFO(count);
    CHECK(asked(dir / "x.db",
                "SELECT octopoll_leave_out_damaged(1); SELECT count(*) FROM octopoll_damaged; " + std::string(count) +
                    "; SELECT * FROM octopoll_damaged",
                true)
              .find("1\n0\n" + left + "samples|sw2|eth2|2026-02-0") == 0);
  }
  // What is kept in memory without its rows answers nobody who wants all.
  const Said again = shell({"-cmd", ".load " + extension, (dir / "x.db").string(),
                            "SELECT octopoll_leave_out_damaged(1); SELECT count(*) FROM v_interface_rates;"
                            " SELECT octopoll_leave_out_damaged(0); SELECT count(*) FROM v_interface_rates"});
  CHECK(again.out == "1\n" + left + "0\n");
  CHECK(again.err.find("is damaged") != std::string::npos);
  const Said twice = shell({"-cmd", ".load " + extension, "-cmd", ".load " + extension, (dir / "x.db").string(),
                            "SELECT octopoll_leave_out_damaged(1); SELECT count(*) FROM samples"});
  CHECK(twice.out == "1\n" + left);
}

TEST_CASE("db info and db export know of sealed rows") {
  const test::TempDir dir;
  fill(dir / "x.db", true);
  const auto info = store_info(dir / "x.db", true, {});
  REQUIRE(info);
  std::int64_t rows = 0;
  for (const KeptSpan& span : info->spans) {
    if (span.what == "samples" || span.what == "sealed_samples") rows += span.rows.value_or(0);
    if (span.what == "sealed_samples") CHECK(span.octets.value_or(0) > 100);
    if (span.what == "sealed_samples") CHECK(span.since.has_value());
  }
  CHECK(rows == 5 * 72 * 6);
  std::int64_t exported = 0;
  const ExportQuery query{&exportables()[0], std::nullopt, std::nullopt, "sw2"};
  REQUIRE(export_rows(
      dir / "x.db", query, [](std::span<const std::string>) {},
      [&exported](std::span<const ExportedValue>) { return ++exported > 0; }));
  CHECK(exported == 5 * 72 * 3);
}

}  // namespace
}  // namespace octopoll::store
