#include "store/poll_sealer.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "make_record.hpp"
#include "octopoll/store/care.hpp"
#include "octopoll/store/reader.hpp"
#include "sealed_store.hpp"
#include "store/cycle_rows.hpp"
#include "store/old_blocks.hpp"
#include "store/poll_blocks.hpp"
#include "store/recorder.hpp"
#include "store/retention.hpp"
#include "store/sealed_check.hpp"
#include "support/heard.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
using test::noon;

constexpr std::int64_t many = 100'000'000;
constexpr int days = 40;

std::int64_t unix_ms(WallTime time) { return time.time_since_epoch().count(); }

/// With what seals its polls.
class Store : public test::WrittenStore {
 public:
  Store() : sealer_(made(database())) {}

  std::int64_t seal(WallTime now, std::int64_t rows = many, const Retention& retention = {},
                    const PassedBlocks& passed = {}) {
    run("BEGIN IMMEDIATE");
    const auto sealed = sealer_.seal(now, retention, rows, passed);
    if (!sealed) FAIL(sealed.error().text());
    run("COMMIT");
    return *sealed;
  }
  std::int64_t plain() { return integer("SELECT count(*) FROM main.polls"); }
  std::int64_t sealed() { return integer("SELECT ifnull(sum(row_count), 0) FROM sealed_polls"); }

 private:
  static PollSealer made(Database& database) {
    auto sealer = PollSealer::create(database);
    if (!sealer) FAIL(sealer.error().text());
    return std::move(*sealer);
  }

  PollSealer sealer_;
};

void add_devices(Store& store, int count) {
  for (int id = 1; id <= count; ++id) {
    store.run(
        fmt::format("INSERT INTO devices (id, name, first_polled) VALUES ({0}, 'sw{0}', {1});"
                    "INSERT INTO interfaces (id, device_id, name, if_index, speed_source, first_seen)"
                    " VALUES ({0}, {0}, 'port', 1, 'none', 0)",
                    id, unix_ms(noon)));
  }
}

/// As retention leaves it behind itself: no poll up to that one has samples.
void take_samples_until(Store& store, std::int64_t poll_id) {
  store.run(fmt::format("INSERT OR REPLACE INTO kept_from VALUES ('samples', 0, {})", poll_id));
}

/// A time as octopoll has written it, once or now, or as nobody expects it.
std::string time_of(test::RandomRows& random) {
  switch (random.below(8)) {
    case 0:
      return fmt::format("{}", static_cast<double>(random.below(1'000'000'007)) / 3e8);
    case 1:
      return "-0.0";
    case 2:
      return "1e11";
    case 3:
    case 4:
      return fmt::format("{}", static_cast<double>(random.below(90'000'000'000)) / 1e6);
    default:
      return fmt::format("{}", static_cast<double>(random.below(90'000'000)) / 1e3);
  }
}

/// Polls of three devices, with gaps, a clock that is set back, failures and whatever the columns may hold.
void fill(Store& store, test::RandomRows& random) {
  store.run("BEGIN");
  add_devices(store, 3);
  std::int64_t at = unix_ms(noon);
  for (int poll = 1; at < unix_ms(noon + days * 24h); ++poll) {
    at += random.below(20 * 60'000);
    if (random.below(90) == 0) at += 86'400'000 / 3;
    if (random.below(150) == 0) at -= 86'400'000 / 2;
    const std::int64_t device = 1 + random.below(3);
    const bool failed = random.below(10) == 0;
    store.run(fmt::format(
        "INSERT INTO polls VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})", poll,
        device, poll, poll / 3, at, time_of(random), time_of(random), failed ? "'failed'" : "'complete'",
        failed ? (random.below(2) == 0 ? "'timeout'" : "'resolve'") : "NULL",
        failed ? fmt::format("'no answer, try {}'", random.below(4)) : "NULL", random.below(2),
        random.maybe(random.below(4'294'967'296)), time_of(random), random.number(), random.number(), random.number(),
        random.number(), random.number()));
    if (at > unix_ms(noon + (days - 7) * 24h))
      store.run(fmt::format("INSERT INTO sample_rows VALUES {}",
                            random.row(sample_id(poll, device), sealed_columns::samples)));
  }
  take_samples_until(store, store.integer("SELECT (min(id) >> 24) - 1 FROM sample_rows"));
  store.run("COMMIT");
}

std::vector<std::string> questions() {
  const std::int64_t begin = unix_ms(noon);
  std::vector<std::string> all = {
      "SELECT * FROM polls ORDER BY id",
      "SELECT * FROM v_polls ORDER BY device, poll_number",
      "SELECT rowid, id FROM polls WHERE id BETWEEN 100 AND 200 ORDER BY id",
      "SELECT * FROM polls WHERE poll_number = 77",
      "SELECT outcome, error_kind, count(*), max(duration_ms) FROM polls GROUP BY 1, 2 ORDER BY 1, 2",
      "SELECT device_id, min(started_at), max(started_at), count(*) FROM polls GROUP BY 1 ORDER BY 1",
      "SELECT * FROM polls WHERE device_id IS NULL OR started_at > 'a' ORDER BY id",
      "SELECT * FROM polls WHERE device_id = NULL",
      "SELECT d.name, p.id, q.id FROM polls p JOIN polls q ON q.device_id = p.device_id AND"
      " q.poll_number = p.poll_number + 1 JOIN devices d ON d.id = p.device_id ORDER BY p.id",
      "SELECT p.id, s.id FROM sample_rows s LEFT JOIN polls p ON p.id = s.id >> 24 ORDER BY 1, 2",
      "SELECT * FROM v_devices ORDER BY device",
      "SELECT * FROM v_interface_rates ORDER BY poll_number",
  };
  for (int day = 0; day < days; day += 7) {
    all.push_back(
        fmt::format("SELECT * FROM v_polls WHERE device = 'sw2' AND started_at >= {} AND started_at < {}"
                    " ORDER BY poll_number",
                    begin + day * day_ms, begin + (day + 3) * day_ms));
    all.push_back(
        fmt::format("SELECT * FROM polls WHERE started_at > {}.5 AND device_id > 1 AND poll_number <= {}"
                    " ORDER BY id",
                    begin + day * day_ms, 200 * day));
  }
  return all;
}

std::vector<std::string> answers(const Store& store) {
  Database database = test::united(store.path());
  std::vector<std::string> all;
  for (const std::string& question : questions()) all.push_back(test::dump(database, question));
  return all;
}

/// What reports ask.
std::string reported(const Store& store) {
  const auto reader = Reader::open(store.path()).value();
  std::string all;
  const auto devices = reader->devices().value();
  for (const StoredDevice& device : devices) {
    all += fmt::format("{} {} {}\n", device.name, unix_ms(device.first_poll), unix_ms(device.last_poll));
    for (int day = -3; day < days + 3; day += 2) {
      const auto since = noon + day * 24h + (day % 4 == 1 ? 12h + 1min : 17min);  // also where a block begins
      const auto polls = reader->polls_answered(device.id, since, since + 31h).value();
      for (const latency::Observation& one : polls) {
        all += fmt::format("{} {} {} {}, ", unix_ms(one.at), one.interval.count(), one.slot.value_or(-1),
                           one.answered ? (*one.answered ? "yes" : "no") : "?");
      }
      all += '\n';
    }
    const auto cost = reader->typical_cost(device.name).value().value();
    all += fmt::format("{} {} {} {}\n", cost.polls, cost.requests, cost.octets_sent, cost.duration.count());
  }
  return all;
}

TEST_CASE("whatever was asked before polls were sealed is answered bit by bit as before") {
  Store store;
  test::RandomRows random(GENERATE(1U, 2U));
  fill(store, random);
  // An interface that has not been seen for long, and rows that retention has not got yet.
  store.run("INSERT INTO older_readings (interface_id, poll_id, started_at, reading) VALUES (1, 5, 0, '[1]')");
  store.run(fmt::format("INSERT INTO sample_rows VALUES {}", random.row(sample_id(7, 1), sealed_columns::samples)));
  const auto before = answers(store);
  const auto reported_before = reported(store);
  const std::int64_t all = store.plain();

  for (std::int64_t last = -1; last != 0;) {
    const std::int64_t before_step = store.sealed();
    last = store.seal(noon + days * 24h, 300) + (before_step == 0 ? 1 : 0);
    CHECK(last < 300 + 500);  // and the polls of a device in two days
    CHECK(store.plain() + store.sealed() == all);
  }
  CHECK(store.sealed() > all / 2);
  CHECK(store.integer("SELECT count(*) FROM polls WHERE id IN (5, 7)") == 2);
  CHECK(store.integer("SELECT count(*) FROM sample_rows s WHERE s.id >> 24 NOT IN (SELECT id FROM polls)") == 0);
  const auto after = answers(store);
  for (std::size_t place = 0; place < before.size(); ++place) {
    INFO(questions()[place]);
    CHECK((after[place] == before[place]));
  }
  CHECK((reported(store) == reported_before));
  CHECK(check_store(store.path(), false, {}).value().empty());

  // A device that is silent from now on: what speaks of it stays, the rest is sealed.
  store.run("DELETE FROM sample_rows; DELETE FROM older_readings; UPDATE kept_from SET poll_id = 1000000");
  const std::string reported_last = reported(store);
  CHECK(store.seal(noon + 2 * days * 24h) > 0);
  CHECK(store.plain() + store.sealed() == all);
  CHECK(store.plain() < 20);
  CHECK(store.integer("SELECT count(*) FROM devices d WHERE (SELECT max(poll_number) FROM polls WHERE device_id = d.id)"
                      " < (SELECT max(last_number) FROM sealed_polls WHERE device_id = d.id)") == 0);
  CHECK((reported(store) == reported_last));
  CHECK((answers(store)[0] == before[0]));
}

TEST_CASE("a sealed poll is found by its id, and what other blocks have is no matter then") {
  Store store;
  test::RandomRows random(6);
  fill(store, random);
  store.seal(noon + days * 24h);
  const std::int64_t device = GENERATE(1, 2, 3);
  const std::string others = fmt::format(" WHERE device_id <> {}", device);
  std::vector<std::string> found;
  {
    Database database = test::united(store.path());
    for (int id = 50; id < 1000; id += 50) {
      found.push_back(
          test::dump(database, fmt::format("SELECT * FROM polls WHERE id = {} AND device_id = {}", id, device)));
    }
  }
  store.run("UPDATE sealed_polls SET packed = x'0102'" + others);
  Database database = test::united(store.path());
  int rows = 0;
  for (std::size_t place = 0; place < found.size(); ++place) {
    if (found[place].empty()) continue;
    ++rows;
    CHECK((test::dump(database, fmt::format("SELECT * FROM polls WHERE id = {}", 50 * (place + 1))) == found[place]));
  }
  CHECK(rows > 2);
  // Whether one that is nowhere else is in a damaged block nobody knows.
  const std::int64_t hidden =
      store.integer("SELECT first_id FROM sealed_polls" + others + " AND first_id > 100 LIMIT 1");
  auto asked = database.prepare(fmt::format("SELECT * FROM polls WHERE id = {}", hidden)).value();
  const auto answer = asked.first();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message.find("the block of polls of sw") != std::string::npos);
}

TEST_CASE("a poll that was found by its id has no further block read") {
  Store store;
  test::RandomRows random(7);
  fill(store, random);
  store.seal(noon + days * 24h);
  const std::int64_t id =
      store.integer("SELECT first_id FROM sealed_polls WHERE device_id = 1 AND first_id > 100 LIMIT 1");
  store.run("UPDATE sealed_polls SET packed = x'0102' WHERE device_id > 1");
  const auto damage = std::make_shared<OnDamage>(OnDamage{true, {}});
  Database database = test::united(store.path(), damage);
  CHECK_FALSE(test::dump(database, fmt::format("SELECT * FROM polls WHERE id = {}", id)).empty());
  CHECK(damage->met.all().empty());
}

/// What all statements of a connection have done so far, those that ask for a table's rows included.
std::int64_t steps_of(Database& database) {
  std::int64_t steps = 0;
  for (sqlite3_stmt* each = nullptr; (each = sqlite3_next_stmt(database.native(), each)) != nullptr;)
    steps += sqlite3_stmt_status(each, SQLITE_STMTSTATUS_VM_STEP, 0);
  return steps;
}

TEST_CASE("polls by the names of devices are read device by device") {
  Store store;
  store.run("BEGIN");
  add_devices(store, 20);
  constexpr int polls = 20'000;
  store.run(fmt::format(
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
      " INSERT INTO polls SELECT i, 1 + i % 20, i, i / 20, {} + (i - 1) / 20 * 600000, 1, 600000, 'complete',"
      " NULL, NULL, 0, 1, 0, 1, 1, 0, 1, 1 FROM n",
      polls, unix_ms(noon)));
  take_samples_until(store, polls / 2);
  store.run("COMMIT");
  store.seal(noon + 60 * 24h);
  REQUIRE(store.sealed() > polls / 5);
  const std::string newest = "SELECT device, max(poll_number) FROM v_polls WHERE outcome <> 'failed' GROUP BY device";
  const std::string last = fmt::format("SELECT * FROM v_polls WHERE started_at > {}",
                                       store.integer("SELECT max(started_at) FROM polls") - 3'600'000);
  const auto has = [](Database& asked, const std::string& question, const std::string& words) {
    return test::dump(asked, "EXPLAIN QUERY PLAN " + question).find(words) != std::string::npos;
  };
  CHECK(has(store.database(), last, "SEARCH p USING INDEX polls_by_time (device_id=? AND started_at>?)"));
  Database database = test::united(store.path());
  CHECK(has(database, newest, "SCAN p VIRTUAL TABLE INDEX 0:d="));
  CHECK_FALSE(has(database, newest, "TEMP B-TREE"));
  CHECK(has(database, last, "SCAN p VIRTUAL TABLE INDEX 0:d=s>"));
  CHECK(has(database, "SELECT * FROM v_interface_rates WHERE started_at > 5",
            "SEARCH p USING INDEX polls_by_time (device_id=? AND started_at>?)"));
  const auto rows = test::dump(database, last);
  CHECK(std::count(rows.begin(), rows.end(), '\n') == 20 * 6);
  CHECK(steps_of(database) < polls / 2);  // one scan takes several for each poll
}

TEST_CASE("a sealed poll takes a tenth of a plain one") {
  Store store;
  add_devices(store, 1);
  std::mt19937_64 random(4);
  const auto noise = [&](std::uint64_t most) { return static_cast<std::int64_t>(random() % (most + 1)); };
  store.run("BEGIN");
  constexpr int polls = 4 * 1440;
  for (int poll = 1; poll <= polls; ++poll) {
    const std::int64_t at = unix_ms(noon) + poll * 60'000 + noise(3);
    const bool tables = poll % 60 == 0;
    store.run(
        fmt::format("INSERT INTO polls VALUES ({}, 1, {}, {}, {}, {}, 60000, 'complete', NULL, NULL, 0, {}, 0, {},"
                    " {}, 0, {}, {})",
                    poll * 50 + noise(5), poll, 30'000'000 + poll, at,
                    static_cast<double>(5000 + noise(9000) + (tables ? 40'000 : 0)) / 1e3,
                    (at + noise(10)) / 10 % 4'294'967'296, tables ? 21 : 9, tables ? 21 : 9,
                    4000 + noise(4) + (tables ? 3000 : 0), 9000 + noise(60) + (tables ? 7000 : 0)));
  }
  store.run("COMMIT");
  take_samples_until(store, polls * 100);
  store.seal(noon + 30 * 24h);
  CHECK(store.sealed() > polls - 5);
  const double each = static_cast<double>(store.integer("SELECT sum(length(packed)) FROM sealed_polls")) /
                      static_cast<double>(store.sealed());
  CAPTURE(each);
  CHECK(each < 10);
}

TEST_CASE("polls are not sealed while samples of their time may be there") {
  Store store;
  test::RandomRows random(3);
  fill(store, random);
  Retention retention;
  const WallTime now = noon + days * 24h;
  SECTION("kept for ever") {
    retention.samples.reset();
    CHECK(store.seal(now, many, retention) == 0);
  }
  SECTION("kept longer") {
    retention.samples = 60 * 24h;
    CHECK(store.seal(now, many, retention) == 0);
  }
  SECTION("not taken yet") {
    store.run("DELETE FROM kept_from");
    CHECK(store.seal(now) == 0);
  }
  SECTION("taken only in part") {
    const std::int64_t until = store.integer("SELECT poll_id FROM kept_from");
    const std::int64_t reached = until / 2;
    take_samples_until(store, reached);
    CHECK(store.seal(now) > 0);
    CHECK(store.integer("SELECT max(last_id) FROM sealed_polls") <= reached);
    take_samples_until(store, until);
    CHECK(store.seal(now) > 0);
    // Not one was passed over, but those of devices' last part.
    CHECK(store.integer(
              fmt::format("SELECT count(*) FROM polls WHERE started_at < {}", unix_ms(noon + (days - 12) * 24h))) == 0);
  }
  SECTION("in a block") {
    const std::int64_t begin = unix_ms(noon + 28 * 24h) / day_ms * day_ms;
    store.run(fmt::format("INSERT INTO sealed_rows VALUES (0, {}, 1, 1, 0, x'00')", begin));
    CHECK(store.seal(now) > 0);
    CHECK(store.integer("SELECT max(last_at) FROM sealed_polls") < unix_ms(noon + 28 * 24h));
    CHECK(store.seal(now + 20 * 24h) == 0);  // retention is behind, for however long
    PassedBlocks passed;
    passed.of[0] = {begin, 1};
    CHECK(store.seal(now, many, {}, passed) == 0);
    CHECK(store.seal(now + 20 * 24h, many, {}, passed) > 0);  // its pages are damaged: nobody can take it
  }
  SECTION("in no sum yet") {
    store.run("INSERT INTO rollups_put_off VALUES (17, 0, 1)");
    CHECK(store.seal(now) == 0);
  }
  CHECK(store.plain() > 0);
}

TEST_CASE("a clock that was far ahead keeps no poll from being sealed later") {
  Store store;
  test::RandomRows random(3);
  fill(store, random);
  store.run(fmt::format("INSERT INTO sealing VALUES (1, {}, 2, 0)", unix_ms(noon + 9000 * 24h)));
  CHECK(store.seal(noon + days * 24h) == 0);
  store.run("DELETE FROM sample_rows; UPDATE kept_from SET poll_id = 1000000");
  CHECK(store.seal(noon + (days + 30) * 24h) > 0);
}

TEST_CASE("retention takes a block of polls when all of it is older than is kept") {
  Store store;
  test::RandomRows random(5);
  fill(store, random);
  store.seal(noon + days * 24h);
  const std::int64_t all = store.sealed();
  const std::int64_t first = store.integer("SELECT min(begins_at) FROM sealed_polls");
  const std::int64_t of_the_first =
      store.integer(fmt::format("SELECT sum(row_count) FROM sealed_polls WHERE begins_at = {}", first));
  auto old_blocks = OldBlocks::create(store.database()).value();
  PassedBlocks passed;
  const auto take = [&](std::int64_t at_ms) {
    return old_blocks.take(WallTime(std::chrono::milliseconds(at_ms)), Retention{}, 100, passed).value();
  };
  CHECK(take(first + sealed_polls.span_ms + 90 * day_ms - 1) == 0);
  // Where the clock was set back from the next one's time into this one's, they go together.
  std::int64_t taken = take(first + sealed_polls.span_ms + 90 * day_ms);
  CHECK(taken <= of_the_first);
  taken += take(first + 2 * sealed_polls.span_ms + 90 * day_ms);
  CHECK(taken >= of_the_first);
  CHECK(store.integer("SELECT min(begins_at) FROM sealed_polls") > first);
  CHECK(store.sealed() == all - taken);
}

TEST_CASE("a poll that is sealed is not stored again") {
  Store store;
  std::uint64_t number = 0;
  const auto cycle = [&](std::uint64_t poll) {
    std::vector<InterfaceRecord> rows{test::make_row({.in_octets = poll})};
    return test::make_cycle("sw1", poll, noon + poll * 1h, std::move(rows));
  };
  {
    auto recorder = Recorder::create(store.database()).value();
    while (number < 24 * 20) {
      if (++number != 30) REQUIRE(recorder.store(cycle(number)));
    }
    REQUIRE(recorder.tend());
  }
  REQUIRE(prune_store(store.path(), {}, {}).value() > 0);
  store.run("DELETE FROM rollups_put_off");
  CHECK(store.seal(noon + 20 * 24h) > 200);
  const std::int64_t plain = store.plain();
  auto recorder = Recorder::create(store.database()).value();
  const auto sums = test::dump(store.database(), "SELECT * FROM traffic_5m ORDER BY id");
  for (const std::uint64_t again : {1U, 40U, 200U, 480U}) CHECK(recorder.store(cycle(again)).value().duplicate);
  CHECK(store.plain() == plain);
  CHECK((test::dump(store.database(), "SELECT * FROM traffic_5m ORDER BY id") == sums));
  CHECK_FALSE(recorder.store(cycle(30)).value().duplicate);  // in no block, though between others of one
  CHECK_FALSE(recorder.store(cycle(481)).value().duplicate);
  CHECK(store.plain() == plain + 2);
  // What a damaged block has nobody knows: its samples are in sums already.
  store.run("UPDATE sealed_polls SET packed = x'0102'");
  CHECK(recorder.store(cycle(41)).value().duplicate);
  CHECK_FALSE(recorder.store(cycle(482)).value().duplicate);
}

TEST_CASE("a device whose plain polls are lost goes on from its sealed ones") {
  Store store;
  test::RandomRows random(3);
  fill(store, random);
  store.run("DELETE FROM sample_rows; UPDATE kept_from SET poll_id = 1000000");
  REQUIRE(store.seal(noon + 2 * days * 24h) > 0);
  const std::int64_t last_id = store.integer("SELECT max(last_id) FROM sealed_polls");
  const std::int64_t last = store.integer("SELECT max(last_number) FROM sealed_polls WHERE device_id = 2");
  const std::int64_t last_at = store.integer("SELECT max(last_at) FROM sealed_polls WHERE device_id = 2");
  store.run("DELETE FROM kept_from; DELETE FROM polls WHERE device_id = 2 OR id > 100");

  const auto devices = Reader::open(store.path()).value()->devices().value();
  REQUIRE(devices.size() == 3);
  CHECK(devices[1].name == "sw2");
  CHECK(unix_ms(devices[1].first_poll) < unix_ms(devices[1].last_poll));
  CHECK(unix_ms(devices[1].last_poll) >= last_at);
  CHECK(read_last_poll_numbers(store.database()).value().at("sw2") == static_cast<std::uint64_t>(last));

  auto recorder = Recorder::create(store.database()).value();
  const auto cycle = [&](std::int64_t number) {
    std::vector<InterfaceRecord> rows{test::make_row({.in_octets = 1})};
    return test::make_cycle("sw2", static_cast<std::uint64_t>(number), noon + 100 * 24h, std::move(rows));
  };
  CHECK(recorder.store(cycle(last)).value().duplicate);
  CHECK_FALSE(recorder.store(cycle(last + 1)).value().duplicate);
  CHECK(store.integer("SELECT max(id) FROM polls") == last_id + 1);
}

/// Polls of the first device, in the order of their coming, as retention, sealing and blocks see them day by day.
class Days {
 public:
  explicit Days(Store& store) : store_(store) { add_devices(store, 1); }

  void poll(WallTime at) {
    ++last_;
    store_.run(
        fmt::format("INSERT INTO polls VALUES ({0}, 1, {0}, {0}, {1}, 1, 1, 'complete', NULL, NULL, 0, 1, 0, 1, 1, 0,"
                    " 1, 1)",
                    last_, unix_ms(at)));
  }
  void poll_a_day(int day) {
    for (int hour = 0; hour < 24; ++hour) poll(noon + day * 24h + hour * 1h);
  }
  void care(int day, bool seals) {
    const WallTime now = noon + day * 24h + 23h;
    store_.run("BEGIN");
    REQUIRE(pruner_.take(now, many));
    REQUIRE(old_blocks_.take(now, {}, 1000, passed_));
    store_.run("COMMIT");
    if (seals) store_.seal(now, many, {}, passed_);
  }
  [[nodiscard]] std::int64_t plain_and_sealed(WallTime from, WallTime until) {
    Database database = test::united(store_.path());
    return database
        .integer(
            fmt::format("SELECT count(*) FROM polls WHERE started_at BETWEEN {} AND {}", unix_ms(from), unix_ms(until)))
        .value();
  }

 private:
  Store& store_;
  Pruner pruner_ = Pruner::create(store_.database(), Retention{}).value();
  OldBlocks old_blocks_ = OldBlocks::create(store_.database()).value();
  PassedBlocks passed_;
  int last_ = 0;
};

TEST_CASE("polls of a clock that was ahead go when those around them do, sealed or not") {
  const bool seals = GENERATE(false, true);
  CAPTURE(seals);
  Store store;
  Days all(store);
  const WallTime ahead = noon + 5000 * 24h;
  for (int day = 0; day <= 116; ++day) {
    all.poll_a_day(day);
    if (day == 20) all.poll(ahead);
    all.care(day, seals);
    if (day == 105) CHECK(all.plain_and_sealed(ahead, ahead) == 1);
  }
  CHECK(all.plain_and_sealed(ahead, ahead) == 0);
  CHECK((store.sealed() > 0) == seals);
}

TEST_CASE("polls of a clock that was behind stay as long as those around them") {
  const auto behind = GENERATE(20'000 * 24h, 80 * 24h, 50 * 24h);
  CAPTURE(behind.count());
  Store store;
  Days all(store);
  const WallTime label = noon + 80 * 24h + 30min - behind;
  for (int day = 0; day <= 190; ++day) {
    all.poll_a_day(day);
    if (day == 80) all.poll(label);
    all.care(day, day > 92);  // an older store: sealing begins late
    if (day > 80 && day < 168 && day % 4 == 0) REQUIRE(all.plain_and_sealed(label, label) == 1);
  }
  CHECK(all.plain_and_sealed(label, label) == 0);
}

TEST_CASE("no block of polls grows so large that a step takes long") {
  Store store;
  add_devices(store, 1);
  constexpr std::int64_t polls = 300'000;  // at 500 ms, of one part
  const std::int64_t begin = begin_of(unix_ms(noon), sealed_polls.step_ms);
  store.run(
      fmt::format("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) INSERT INTO polls"
                  " SELECT i, 1, i, i, {} + i * 500, 1, 500, 'complete', NULL, NULL, 0, 1, 0, 1, 1, 0, 1, 1 FROM n",
                  polls, begin));
  take_samples_until(store, polls);
  store.seal(noon + 30 * 24h);
  CHECK(store.integer("SELECT max(row_count) FROM sealed_polls") == 200'000);
  CHECK(store.plain() + store.sealed() == polls);
}

TEST_CASE("a damaged block of polls loses itself, says so, and keeps nothing else out") {
  Store store;
  test::RandomRows random(8);
  fill(store, random);
  store.seal(noon + (days - 10) * 24h);
  const std::int64_t newest = store.integer("SELECT max(begins_at) FROM sealed_polls WHERE device_id = 2");
  const std::string which = fmt::format(" WHERE device_id = 2 AND begins_at = {}", newest);
  const std::int64_t lost = store.integer("SELECT row_count FROM sealed_polls" + which);
  const std::int64_t all = store.plain() + store.sealed();
  store.run("UPDATE sealed_polls SET packed = CAST(substr(packed, 1, length(packed) / 2) || x'AA' AS BLOB)" + which);

  const std::string name = "the block of polls of sw2, " + date_of(newest) + " to ";
  const auto wrong = check_store(store.path(), false, {}).value();
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].find(name) == 0);
  {
    Database database = test::united(store.path());
    auto count = database.prepare("SELECT count(outcome) FROM polls").value();
    const auto asked = count.first();
    REQUIRE_FALSE(asked);
    CHECK(asked.error().message.find(name) != std::string::npos);
    CHECK(database.integer("SELECT count(outcome) FROM polls WHERE device_id = 1").value() > 100);
  }
  const auto reader = Reader::open(store.path()).value();
  CHECK_FALSE(reader->polls_answered(2, noon, noon + days * 24h).value().empty());
  REQUIRE(reader->damaged().size() == 1);
  CHECK(reader->damaged()[0].device == "sw2");
  CHECK(reader->damaged()[0].interface.empty());
  CHECK(text_of(reader->damaged()[0]).find("polls of sw2, ") == 0);

  std::int64_t exported = 0;
  const Exportable* polls = &*std::find_if(exportables().begin(), exportables().end(),
                                           [](const Exportable& one) { return std::string(one.name) == "polls"; });
  const auto met = export_rows(
      store.path(), {polls, std::nullopt, std::nullopt, std::nullopt}, [](std::span<const std::string>) {},
      [&exported](std::span<const ExportedValue>) { return ++exported > 0; });
  CHECK(met.value().size() == 1);
  CHECK(exported == all - lost);

  const std::filesystem::path copy = store.path().parent_path() / "copy.db";
  const auto named = salvage_store(store.path(), copy, {}).value();
  REQUIRE(named.size() == 1);
  CHECK(named[0].find(name) == 0);
  CHECK(check_store(copy, false, {}).value().empty());

  // What would join it stays plain, and the others go on.
  store.run("DELETE FROM sealing");
  store.run(
      fmt::format("INSERT INTO polls SELECT -9, 2, -9, slot, {}, duration_ms, interval_ms, outcome, error_kind,"
                  " error, rebooted, sys_uptime, cache_period_ms, requests, responses, retries, octets_sent,"
                  " octets_received FROM polls LIMIT 1",
                  newest + 1));
  const test::Heard heard;
  CHECK(store.seal(noon + days * 24h) > 0);
  CHECK(heard.lines("what would join it stays as it is").size() == 1);
  CHECK(store.integer("SELECT count(*) FROM polls WHERE id = -9") == 1);
}

TEST_CASE("polls of very many devices are sealed in small steps") {
  Store store;
  store.run("BEGIN");
  add_devices(store, 400);
  store.run(
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
      " INSERT INTO polls SELECT i, 1 + i % 400, i, i / 400, " +
      std::to_string(unix_ms(noon)) +
      " + i / 400 * 7200000, 1, 7200000, 'complete', NULL, NULL, 0, 1, 0, 1, 1, 0, 1, 1 FROM n");
  take_samples_until(store, 19'000);
  store.run("COMMIT");
  int steps = 0;
  for (std::int64_t sealed = 0; sealed < 10'000; ++steps) {
    REQUIRE(steps < 1000);
    const std::int64_t more = store.seal(noon + 60 * 24h, 1000);
    REQUIRE(more <= 1000 + 24);
    sealed += more;
  }
  CHECK(steps > 20);
  CHECK(store.plain() + store.sealed() == 20'000);
}

TEST_CASE("a time in ms is a whole number of ns, or kept by its bits") {
  for (const double ms : {0.0, 1.0, 60'000.0, 0.000001, 12.345678, 4711.123456, 86'400'000.0}) {
    CAPTURE(ms);
    REQUIRE(exact_ms(ms));
    CHECK(std::bit_cast<std::uint64_t>(ms_of(*exact_ms(ms))) == std::bit_cast<std::uint64_t>(ms));
  }
  for (const double ms : {-0.0, -1.0, 1e300, 0.1 + 0.2, 1.0 / 3, std::numeric_limits<double>::infinity()}) {
    CAPTURE(ms);
    CHECK_FALSE(exact_ms(ms));
  }
}

}  // namespace
}  // namespace octopoll::store
