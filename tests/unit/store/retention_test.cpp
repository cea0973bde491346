#include "store/retention.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "make_record.hpp"
#include "store/open.hpp"
#include "store/recorder.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
using test::make_cycle;
using test::make_row;
using test::noon;

constexpr std::int64_t many = 1'000'000;

/// A store, and what takes from it.
class Store {
 public:
  explicit Store(const Retention& retention = {}) : retention_(retention) {
    auto database = open_for_writing(dir_ / "x.db");
    REQUIRE(database);
    database_.emplace(std::move(*database));
    auto recorder = Recorder::create(*database_);
    REQUIRE(recorder);
    recorder_.emplace(std::move(*recorder));
    renew_pruner();
  }
  void renew_pruner() {
    pruner_.reset();
    auto pruner = Pruner::create(*database_, retention_);
    if (!pruner) FAIL(pruner.error().text());
    pruner_.emplace(std::move(*pruner));
  }
  void store(const Record& record) {
    auto transaction = Transaction::begin(*database_);
    REQUIRE(transaction);
    REQUIRE(recorder_->store(record));
    REQUIRE(recorder_->tend());
    REQUIRE(transaction->commit());
  }
  std::int64_t take(WallTime now, std::int64_t rows = many, bool commits = true) {
    auto transaction = Transaction::begin(*database_);
    REQUIRE(transaction);
    const auto taken = pruner_->take(now, rows);
    if (!taken) FAIL(taken.error().text());
    if (commits) {
      REQUIRE(transaction->commit());
    } else {
      pruner_->forget();
    }
    return *taken;
  }
  std::int64_t integer(const std::string& sql) {
    const auto answer = database_->integer(sql);
    if (!answer) FAIL(answer.error().text());
    return *answer;
  }
  Pruner& pruner() { return *pruner_; }

 private:
  test::TempDir dir_;
  Retention retention_;
  std::optional<Database> database_;
  std::optional<Recorder> recorder_;
  std::optional<Pruner> pruner_;
};

DeviceCycle cycle(const std::string& device, std::uint64_t number, WallTime when, std::uint32_t interfaces = 2) {
  std::vector<InterfaceRecord> rows;
  for (std::uint32_t index = 1; index <= interfaces; ++index) {
    rows.push_back(make_row({.name = "port" + std::to_string(index), .if_index = index, .in_octets = 7000}));
    rows.back().deltas.set(Counter::out_errors, {std::nullopt, Quality::reset});  // a row of sample_exceptions, too
  }
  return make_cycle(device, number, when, std::move(rows));
}

TEST_CASE("samples go when they are old, what speaks for the present stays") {
  Store store;
  store.store(cycle("gone", 1, noon));
  store.store(cycle("gone", 2, noon + 1min));
  for (std::uint64_t day = 0; day < 10; ++day) store.store(cycle("sw1", day + 1, noon + day * 24h));
  const WallTime now = noon + 9 * 24h;
  CHECK(store.take(now) == 2 * (1 + 2));  // of `gone` the first, of `sw1` those of two days
  CHECK(store.integer("SELECT count(*) FROM sample_rows") == 2 * (1 + 8));
  CHECK(store.integer("SELECT count(*) FROM sample_exceptions") == 2 * (1 + 8));
  CHECK(store.integer("SELECT count(*) FROM polls") == 12);
  CHECK(store.integer("SELECT count(*) FROM v_interfaces WHERE device = 'gone' AND oper_status = 'up'") == 2);
  CHECK(store.integer("SELECT count(*) FROM pragma_foreign_key_check") == 0);
  CHECK(store.integer("SELECT begins_at FROM kept_from") == (noon + 24h).time_since_epoch().count() + 1);
  CHECK(store.take(now) == 0);
  store.renew_pruner();
  CHECK(store.take(now) == 0);
  CHECK(store.integer("SELECT sum(in_octets) FROM traffic_5m") == 7000 * 2 * 11);  // the newest bin is open
}

TEST_CASE("the reading of a device that comes back goes with the others") {
  Store store;
  store.store(cycle("sw1", 1, noon));
  for (std::uint64_t day = 0; day < 9; ++day) store.store(cycle("clock", day + 1, noon + day * 24h, 0));
  CHECK(store.take(noon + 8 * 24h) == 0);
  store.store(cycle("sw1", 2, noon + 9 * 24h));
  store.take(noon + 9 * 24h);
  CHECK(store.integer("SELECT count(*) FROM sample_rows") == 2);
}

TEST_CASE("a transaction takes no more than it may, and what was undone is taken again") {
  Store store;
  for (std::uint64_t minute = 0; minute < 50; ++minute) store.store(cycle("sw1", minute + 1, noon + minute * 1min));
  const WallTime now = noon + 8 * 24h;
  CHECK(store.take(now, 10) == 10);
  CHECK(store.take(now, 10, false) == 10);
  CHECK(store.integer("SELECT count(*) FROM sample_rows") == 90);
  std::int64_t steps = 0;
  while (store.take(now, 10) > 0) ++steps;
  CHECK(steps == 9);
  CHECK(store.integer("SELECT count(*) FROM sample_rows") == 2);
}

TEST_CASE("each level goes at its own age, and polls and pings with the level that needs them") {
  Store store;
  PingRound round;
  round.target = "sw1";
  round.is_device = true;
  round.sent = 1;
  for (std::uint64_t day = 0; day < 800; day += 10) {
    store.store(cycle("sw1", day + 1, noon + day * 24h, 1));
    store.store(cycle("sw1", day + 2, noon + day * 24h + 30min, 1));
    round.started_at = noon + day * 24h;
    store.store(round);
  }
  const WallTime now = noon + 799 * 24h;
  store.take(now);
  for (int target = 0; target < 3; ++target) store.take(now);
  const auto oldest = [&](const std::string& table, const std::string& age) {
    return store.integer("SELECT (" + std::to_string(now.time_since_epoch().count() / 1000) + " - min(" + age +
                         ")) / 86400 FROM " + table);
  };
  CHECK(oldest("traffic_5m", "(id >> 24) * 300") <= 90);
  CHECK(oldest("traffic_5m", "(id >> 24) * 300") > 79);
  CHECK(oldest("traffic_1h", "(id >> 24) * 3600") <= 730);
  CHECK(oldest("traffic_1h", "(id >> 24) * 3600") > 718);
  CHECK(oldest("traffic_1d", "(id >> 24) * 86400") >= 799);
  CHECK(oldest("traffic_times WHERE step_s = 300", "begins_at / 1000") <= 90);
  CHECK(oldest("traffic_times WHERE step_s = 86400", "begins_at / 1000") >= 799);
  CHECK(oldest("polls", "started_at / 1000") <= 90);
  CHECK(oldest("ping_rounds", "started_at / 1000") <= 90);
  CHECK(oldest("ping_hours", "begins_at / 1000") <= 730);
  CHECK(oldest("ping_hours", "begins_at / 1000") > 718);
  CHECK(store.integer("SELECT count(*) FROM pragma_foreign_key_check") == 0);
}

TEST_CASE("histograms of hours of a device that ended go, though all is kept for ever") {
  Store store({std::nullopt, std::nullopt, std::nullopt, std::nullopt});
  for (std::uint64_t turn = 0; turn < 6 * 30; ++turn) store.store(cycle("gone", turn + 1, noon + turn * 10min));
  for (std::uint64_t day = 0; day < 8; ++day) store.store(cycle("sw1", day + 1, noon + day * 24h));
  const std::string hours =
      "SELECT count(*) FROM rate_histograms h JOIN devices d ON d.id = h.device_id"
      " WHERE d.name = 'gone' AND step_s = ";
  CHECK(store.integer(hours + "3600") > 0);
  const std::int64_t days = store.integer(hours + "86400");
  CHECK(days > 0);
  CHECK(store.take(noon + 3 * 24h) == 0);
  CHECK(store.take(noon + 8 * 24h, 10) == 10);
  store.take(noon + 8 * 24h);
  CHECK(store.integer(hours + "3600") == 0);
  CHECK(store.integer(hours + "86400") == days);
}

TEST_CASE("the newest poll of a device stays, however long it has been silent") {
  Store store;
  DeviceCycle silent = make_cycle("dead", 7, noon, {});
  silent.outcome = CycleOutcome::failed;
  store.store(silent);
  store.store(cycle("sw1", 1, noon + 200 * 24h));
  store.take(noon + 200 * 24h);
  CHECK(store.integer("SELECT max(poll_number) FROM polls JOIN devices d ON d.id = device_id WHERE name = 'dead'") ==
        7);
}

TEST_CASE("what is kept for ever keeps its polls") {
  Retention retention;
  retention.samples = std::nullopt;
  retention.five_minutes = 48h;
  Store store(retention);
  for (std::uint64_t day = 0; day < 10; ++day) store.store(cycle("sw1", day + 1, noon + day * 24h));
  store.take(noon + 9 * 24h);
  CHECK(store.integer("SELECT count(*) FROM v_interface_rates") == 20);
}

TEST_CASE("samples that are in no sum yet are not taken") {
  Store store;
  for (std::uint64_t day = 0; day < 10; ++day) store.store(cycle("sw1", day + 1, noon + day * 24h));
  REQUIRE(store.integer("INSERT INTO rollup_backlog VALUES (1, 5) RETURNING 1") == 1);
  CHECK(store.take(noon + 9 * 24h) == 0);
}

TEST_CASE("sums that are in no longer sum yet are not taken") {
  Retention retention;
  retention.five_minutes = 48h;
  Store store(retention);
  for (std::uint64_t hour = 0; hour < 4; ++hour) store.store(cycle("sw1", hour + 1, noon + hour * 1h));
  store.store(cycle("sw1", 5, noon + 9 * 24h));
  const std::int64_t rows = store.integer("SELECT count(*) FROM traffic_5m");
  REQUIRE(rows > 0);
  const std::string hour = std::to_string(noon.time_since_epoch().count() / 1000);
  REQUIRE(store.integer("INSERT INTO rollups_due VALUES (1e11, 1, 3600, " + hour + ") RETURNING 1") == 1);
  store.take(noon + 9 * 24h);
  CHECK(store.integer("SELECT count(*) FROM traffic_5m") == rows);
  REQUIRE(store.integer("DELETE FROM rollups_due WHERE due_at = 1e11 RETURNING 1") == 1);
  store.take(noon + 9 * 24h);
  CHECK(store.integer("SELECT count(*) FROM traffic_5m") < rows);
}

TEST_CASE("a poll of a clock that was years ahead goes with those around it") {
  Store store;
  PingRound round;
  round.target = "sw1";
  round.is_device = true;
  round.sent = 1;
  for (std::uint64_t day = 0; day < 100; ++day) {
    const WallTime when = noon + day * 24h;
    store.store(cycle("sw1", 3 * day + 1, when, 1));
    if (day < 2) store.store(cycle("sw1", 3 * day + 2, when + 10 * 365 * 24h, 1));
    round.started_at = day == 1 ? when + 10 * 365 * 24h : when;
    round.round_number = day;
    store.store(round);
  }
  const WallTime now = noon + 99 * 24h;
  store.take(now);
  CHECK(store.integer("SELECT count(*) FROM sample_rows") == 8);
  CHECK(store.integer("SELECT count(*) FROM polls") == 91);
  CHECK(store.integer("SELECT count(*) FROM ping_rounds") == 91);
  store.store(cycle("sw1", 1000, now + 10 * 365 * 24h, 1));  // not behind it yet: nobody knows
  store.take(now);
  CHECK(store.integer("SELECT count(*) FROM polls") == 92);
}

TEST_CASE("readings of a device that came back while nobody looked go with their poll") {
  Store store;
  store.store(cycle("sw1", 1, noon));
  for (std::uint64_t day = 0; day < 9; ++day) store.store(cycle("clock", day + 1, noon + day * 24h, 0));
  store.take(noon + 8 * 24h);
  store.store(cycle("sw1", 2, noon + 9 * 24h));
  store.renew_pruner();  // begun anew: what it kept is not known any more
  store.take(noon + 9 * 24h);
  store.store(cycle("sw1", 3, noon + 100 * 24h));
  store.take(noon + 100 * 24h);
  CHECK(store.integer("SELECT count(*) FROM sample_rows WHERE id / 16777216 NOT IN (SELECT id FROM polls)") == 0);
  CHECK(store.integer("SELECT count(*) FROM sample_rows") == 2);
}

TEST_CASE("an hour whose parts have gone is not made again of the few that a wrong clock brings") {
  Store store;
  for (std::uint64_t minute = 0; minute < 70; minute += 5) {
    auto every = cycle("sw1", minute + 1, noon + minute * 1min, 1);
    every.interfaces[0].elapsed = 5min;
    store.store(every);
  }
  store.store(cycle("sw1", 100, noon + 5h, 1));
  const std::string hour = "SELECT in_octets FROM traffic_1h WHERE (id >> 24) * 3600000 = " +
                           std::to_string(noon.time_since_epoch().count());
  const std::int64_t octets = store.integer(hour);
  REQUIRE(octets > 7000);
  REQUIRE(store.integer("DELETE FROM traffic_5m RETURNING 1") == 1);
  store.store(cycle("sw1", 101, noon + 20min, 1));  // a clock that was set back
  store.store(cycle("sw1", 102, noon + 30min, 1));
  store.store(cycle("sw1", 103, noon + 9h, 1));
  REQUIRE(store.integer("SELECT count(*) FROM traffic_5m WHERE (id >> 24) * 300000 < " +
                        std::to_string((noon + 1h).time_since_epoch().count())) > 0);
  CHECK(store.integer(hour) == octets);
}

TEST_CASE("a clock that leaps ahead empties no store, unless it stays there") {
  Store store;
  store.store(cycle("sw1", 1, noon));
  store.renew_pruner();
  const BootTime boot{1h};
  CHECK(store.pruner().believes(noon + 23h, boot));
  CHECK_FALSE(store.pruner().believes(noon + 20 * 24h, boot));
  CHECK(store.pruner().believes(noon + 24h, boot + 1min));  // it was put right
  CHECK_FALSE(store.pruner().believes(noon + 20 * 24h, boot + 2min));
  CHECK_FALSE(store.pruner().believes(noon + 20 * 24h + 50min, boot + 52min));
  CHECK(store.pruner().believes(noon + 20 * 24h + 1h, boot + 62min));
  CHECK(store.pruner().believes(noon - 5 * 24h, boot + 63min));  // back takes less, not more
}

TEST_CASE("a store that takes and gives stops growing") {
  Retention retention;
  retention.samples = 48h;
  retention.five_minutes = 72h;
  retention.hours = 72h;
  Store store(retention);
  std::int64_t pages_after_six = 0;
  std::uint64_t number = 0;
  for (WallTime now = noon; now < noon + 12 * 24h; now += 10min) {
    store.store(cycle("sw1", ++number, now, 12));
    store.take(now, 100);
    if (now == noon + 6 * 24h) pages_after_six = store.integer("PRAGMA page_count");
  }
  const std::int64_t pages = store.integer("PRAGMA page_count");
  CHECK(pages_after_six > 100);
  CHECK(pages <= pages_after_six + pages_after_six / 20);
}

}  // namespace
}  // namespace octopoll::store
