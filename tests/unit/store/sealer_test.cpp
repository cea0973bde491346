#include "store/sealer.hpp"

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "allocations.hpp"
#include "make_record.hpp"
#include "octopoll/store/care.hpp"
#include "octopoll/store/reader.hpp"
#include "octopoll/store/writer.hpp"
#include "sealed_store.hpp"
#include "store/cycle_rows.hpp"
#include "store/old_blocks.hpp"
#include "store/recorder.hpp"
#include "store/sealed_check.hpp"
#include "store/united_tables.hpp"
#include "store/unsealer.hpp"
#include "support/heard.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
using test::noon;

constexpr std::int64_t many = 100'000'000;
constexpr std::int64_t none_stay_plain = 0;  // octets of the newest two days: as where there are very many interfaces

std::int64_t unix_ms(WallTime time) { return time.time_since_epoch().count(); }

/// With what seals it.
class Store : public test::WrittenStore {
 public:
  Store() : sealer_(made(database())) {}

  std::int64_t seal(WallTime now, std::int64_t rows = many) {
    run("BEGIN IMMEDIATE");
    const auto sealed = sealer_.seal(now, rows);
    if (!sealed) FAIL(sealed.error().text());
    run("COMMIT");
    return *sealed;
  }
  Sealer& sealer() { return sealer_; }

 private:
  static Sealer made(Database& database) {
    auto sealer = Sealer::create(database, none_stay_plain);
    if (!sealer) FAIL(sealer.error().text());
    return std::move(*sealer);
  }

  Sealer sealer_;
};

/// Two devices with interfaces whose ids take turns, polled for days with gaps and a clock that is set back.
void fill(Store& store, test::RandomRows& random, int polls) {
  store.run("BEGIN");
  store.run("INSERT INTO devices (id, name) VALUES (1, 'sw1'), (2, 'sw2')");
  for (int id = 1; id <= 7; ++id) {
    store.run(
        fmt::format("INSERT INTO interfaces (id, device_id, name, if_index, speed_source, first_seen)"
                    " VALUES ({0}, {1}, 'port{0}', {0}, 'none', 0)",
                    id, id % 3 == 0 ? 2 : 1));
  }
  std::int64_t at = unix_ms(noon);
  for (int poll = 1; poll <= polls; ++poll) {
    const std::int64_t device = 1 + random.below(2);
    at += random.below(20 * 60'000);
    if (random.below(40) == 0) at += 86'400'000 / 3;
    if (random.below(60) == 0) at -= 86'400'000 / 2;
    store.run(
        fmt::format("INSERT INTO polls (id, device_id, poll_number, slot, started_at, duration_ms, interval_ms,"
                    " outcome, rebooted, cache_period_ms, requests, responses, retries, octets_sent,"
                    " octets_received) VALUES ({0}, {1}, {0}, 0, {2}, 1, 60000, 'complete', 0, 0, 1, 1, 0, 1, 1)",
                    poll, device, at));
    for (int id = 1; id <= 7; ++id) {
      if ((id % 3 == 0 ? 2 : 1) != device || random.below(9) == 0) continue;
      const std::int64_t key = sample_id(poll, id);
      store.run(fmt::format("INSERT INTO sample_rows VALUES {}", random.row(key, sealed_columns::samples)));
      const bool exception = random.below(8) == 0;
      store.run(fmt::format(
          "UPDATE sample_rows SET states = {} WHERE id = {}",
          random.below(65536) - random.below(2) * 32768 * (exception ? 0 : 1) + (exception ? 65536 : 0), key));
      if (exception)
        store.run(fmt::format("INSERT INTO sample_exceptions VALUES {}", random.row(key, sealed_columns::exceptions)));
    }
  }
  store.run("COMMIT");
}

void fill_sums(Store& store, test::RandomRows& random, const SealedLevel& level, int times) {
  store.run("BEGIN");
  std::int64_t number = unix_ms(noon) / level.unit_scale;
  for (int time = 0; time < times; ++time) {
    number += random.below(30) == 0 ? random.below(500) : 1;
    store.run(fmt::format("INSERT INTO traffic_times VALUES ({}, {})", level.level, number * level.unit_scale));
    for (int id = 1; id <= 7; ++id) {
      if (random.below(9) == 0) continue;
      store.run(fmt::format("INSERT INTO {} ({}) VALUES {}", level.table, names_of(level.columns),
                            random.row(sample_id(number, id), level.columns)));
    }
  }
  store.run("COMMIT");
}

std::vector<std::string> questions() {
  const std::string noon_ms = std::to_string(unix_ms(noon));
  const std::string later_ms = std::to_string(unix_ms(noon + 30h));
  return {
      "SELECT * FROM sample_rows ORDER BY id",
      "SELECT * FROM sample_exceptions ORDER BY id",
      "SELECT * FROM traffic_5m ORDER BY id",
      "SELECT * FROM traffic_1h ORDER BY id",
      "SELECT * FROM samples ORDER BY poll_id, interface_id",
      "SELECT * FROM v_interface_rates ORDER BY poll_number, interface",
      "SELECT * FROM v_interface_rates WHERE device = 'sw2' AND interface = 'port3' AND started_at BETWEEN " + noon_ms +
          " AND " + later_ms + " ORDER BY poll_number",
      "SELECT * FROM v_flaps ORDER BY poll_number, interface",
      "SELECT * FROM v_interfaces ORDER BY interface",
      "SELECT * FROM v_utilization_5m ORDER BY begins_at, interface",
      "SELECT * FROM v_utilization_5m WHERE device = 'sw1' AND begins_at >= " + later_ms +
          " ORDER BY begins_at, interface",
      "SELECT * FROM v_utilization_1h WHERE interface = 'port6' ORDER BY begins_at",
      "SELECT count(*), sum(in_errors > 100) FROM v_utilization_1h WHERE begins_at < " + later_ms,
      "SELECT t.* FROM traffic_times b JOIN traffic_5m t ON t.id BETWEEN (b.begins_at / 300000) << 24 AND"
      " (b.begins_at / 300000) << 24 | 16777215 WHERE b.step_s = 300 ORDER BY t.id",
      "SELECT id, in_octets FROM sample_rows WHERE id > 1677721600 AND id <= 3355443205 ORDER BY id",
      "SELECT rowid, states FROM sample_rows WHERE id = (SELECT min(id) FROM sample_rows)",
      "SELECT count(*) FROM sample_rows WHERE id IS NULL OR id < -5 OR id > 9e30",
      "SELECT p.id, (SELECT count(*) FROM sample_rows WHERE id >= p.id * 16777216 AND id < (p.id + 1) * 16777216)"
      " FROM polls p ORDER BY p.id",
  };
}

std::vector<std::string> answers(Database& database) {
  std::vector<std::string> all;
  for (const std::string& sql : questions()) all.push_back(test::dump(database, sql));
  return all;
}

TEST_CASE("whatever was asked before rows were sealed is answered bit by bit as before") {
  for (const unsigned seed : {1U, 2U}) {
    Store store;
    test::RandomRows random(seed);
    fill(store, random, 300);
    fill_sums(store, random, sealed_levels[1], 300);
    fill_sums(store, random, sealed_levels[2], 300);
    const auto before = answers(store.database());
    const WallTime later = noon + 400 * 24h;
    // Not at once: blocks grow by parts of their span, and what is sealed lies beside what is not.
    std::int64_t sealed = 0;
    for (WallTime now = noon; now < later; now += 50h) {
      sealed += store.seal(now);
      if (now > noon + 9 * 24h) now += 45 * 24h;
      auto database = test::united(store.path());
      const auto after = answers(database);
      for (std::size_t each = 0; each < before.size(); ++each) {
        INFO(questions()[each]);
        REQUIRE((after[each] == before[each]));
      }
      if (seed != 1 || now < noon + 8 * 24h || now > noon + 9 * 24h) continue;
      // With room for few blocks they are read one by one, or again and again.
      auto narrow = open_for_reading(store.path()).value();
      REQUIRE(unite_tables_and_views(narrow.native(), std::make_shared<OnDamage>(), 150'000).empty());
      const auto read_so = answers(narrow);
      for (std::size_t each = 0; each < before.size(); ++each) {
        INFO(questions()[each]);
        REQUIRE((read_so[each] == before[each]));
      }
    }
    CHECK(sealed > 2000);
    // A clock that was set back leaves some behind.
    CHECK(store.integer("SELECT count(*) FROM sample_rows") < sealed / 4);
    CHECK(store.integer("SELECT count(*) FROM traffic_5m") == 0);
    CHECK(store.integer("SELECT count(*) FROM traffic_1h") == 0);
    CHECK(store.integer("SELECT sum(row_count) FROM sealed_rows") == sealed);
    CHECK(store.seal(later) == 0);
    CHECK(test::dump(store.database(), "PRAGMA integrity_check") == "'ok'|\n");
  }
}

/// A store that cycles come into as they do, with their sums, and that is sealed beside it or not.
class Polled {
 public:
  explicit Polled(bool seals) : seals_(seals), recorder_(made(store_.database())) {}

  void store(const DeviceCycle& cycle) {
    store_.run("BEGIN IMMEDIATE");
    if (auto stored = recorder_.store(cycle); !stored) FAIL(stored.error().text());
    if (auto tended = recorder_.tend(); !tended) FAIL(tended.error().text());
    if (seals_) {
      const auto sealed = store_.sealer().seal(recorder_.now(), 4000);
      if (!sealed) FAIL(sealed.error().text());
    }
    store_.run("COMMIT");
  }
  Store& of() { return store_; }

 private:
  static Recorder made(Database& database) {
    auto recorder = Recorder::create(database);
    if (!recorder) FAIL(recorder.error().text());
    return std::move(*recorder);
  }
  bool seals_;
  Store store_;
  Recorder recorder_;
};

DeviceCycle cycle(const std::string& device, std::uint64_t number, WallTime when, std::uint64_t octets = 7000) {
  std::vector<InterfaceRecord> rows;
  for (std::uint32_t index = 1; index <= 3; ++index) {
    rows.push_back(test::make_row({.name = device + "-port" + std::to_string(index),
                                   .if_index = index,
                                   .in_octets = octets * index,
                                   .out_octets = octets,
                                   .elapsed = 10min}));
    if (number % 5 == 0) rows.back().deltas.set(Counter::out_errors, {std::nullopt, Quality::reset});
  }
  return test::make_cycle(device, number, when, std::move(rows));
}

/// Every number that the reader has of a store.
std::string all_read(const std::filesystem::path& path, WallTime since, WallTime until) {
  auto reader = Reader::open(path);
  if (!reader) FAIL(reader.error().text());
  std::string all;
  const auto devices = (*reader)->devices();
  REQUIRE(devices);
  for (const StoredDevice& device : *devices) {
    const auto interfaces = (*reader)->interfaces(device.id);
    REQUIRE(interfaces);
    for (const StoredInterface& one : *interfaces) all += fmt::format("{} {}\n", one.name, unix_ms(one.last_seen));
    const auto cost = (*reader)->typical_cost(device.name);
    REQUIRE(cost);
    if (*cost) all += fmt::format("{} interfaces\n", (*cost)->interfaces);
    const SampleQuery query{device.id, 0, most_interfaces - 1, since, until};
    REQUIRE((*reader)->for_each_sample(query, [&](const StoredSample& sample) {
      all +=
          fmt::format("{} {} {} {} {} {}\n", sample.interface_id, unix_ms(sample.read_at), sample.in.octets.value_or(1),
                      sample.out.octets.value_or(1), sample.in.elapsed.count(), sample.in.utilization.value_or(-1));
    }));
    REQUIRE((*reader)->for_each_counts(query, [&](const StoredCounts& counts) {
      all += fmt::format("{} {} {}", counts.interface_id, unix_ms(counts.read_at), counts.flapped);
      for (const auto& delta : counts.deltas.items) all += delta ? fmt::format(" {}", *delta) : " -";
      all += '\n';
    }));
    REQUIRE((*reader)->for_each_traffic(query, [&](const StoredTraffic& traffic) {
      all += fmt::format("{} {} {} {} {}\n", traffic.interface_id, unix_ms(traffic.begin), traffic.in.octets,
                         traffic.out.bps_max, traffic.in.covered.count());
    }));
  }
  return all;
}

TEST_CASE("a store that seals says what one says that does not, whatever comes late") {
  Polled sealing(true);
  Polled plain(false);
  std::map<std::string, std::uint64_t> numbers;
  const auto both = [&](const std::string& device, WallTime when, std::uint64_t octets) {
    const DeviceCycle one = cycle(device, ++numbers[device], when, octets);
    sealing.store(one);
    plain.store(one);
  };
  std::uint64_t octets = 5000;
  for (WallTime now = noon; now < noon + 14 * 24h; now += 10min) {
    both("sw1", now, octets += 17);
    if (now < noon + 4 * 24h) both("sw2", now + 1s, octets * 2);
  }
  // Clocks that were set back, into what is sealed by days, by hours and not at all; then all goes on.
  for (const std::chrono::minutes back : {12 * 24h + 0min, 11 * 24h + 55min, 3 * 24h + 0min, 26h + 0min})
    both("sw1", noon + 14 * 24h - back, 900'000);
  for (WallTime now = noon + 14 * 24h; now < noon + 16 * 24h; now += 10min) both("sw1", now, octets += 17);

  Store& store = sealing.of();
  CHECK(store.integer("SELECT count(DISTINCT level) FROM sealed_rows") == 3);
  CHECK(store.integer("SELECT sum(row_count) FROM sealed_rows") > 3 * 144 * 12);
  for (const char* sql : {"SELECT * FROM v_utilization_5m ORDER BY begins_at, interface",
                          "SELECT * FROM v_utilization_1h ORDER BY begins_at, interface",
                          "SELECT * FROM v_utilization_1d ORDER BY begins_at, interface",
                          "SELECT * FROM v_interface_rates ORDER BY started_at, poll_number, interface"}) {
    INFO(sql);
    auto database = test::united(store.path());
    CHECK((test::dump(database, sql) == test::dump(plain.of().database(), sql)));
  }
  for (const auto& [since, until] : {std::pair{noon, noon + 20 * 24h}, std::pair{noon + 25h, noon + 26h}})
    CHECK((all_read(store.path(), since, until) == all_read(plain.of().path(), since, until)));
}

/// Counts the blocks that a connection is asked for.
class BlocksRead {
 public:
  explicit BlocksRead(Database& database) : connection_(database.native()) {
    sqlite3_trace_v2(connection_, SQLITE_TRACE_STMT, count, this);
  }
  BlocksRead(const BlocksRead&) = delete;
  BlocksRead& operator=(const BlocksRead&) = delete;
  ~BlocksRead() { sqlite3_trace_v2(connection_, 0, nullptr, nullptr); }
  [[nodiscard]] int count() const noexcept { return count_; }

 private:
  static int count(unsigned, void* self, void* statement, void*) {
    const std::string_view sql = sqlite3_sql(static_cast<sqlite3_stmt*>(statement));
    if (sql.starts_with("SELECT packed, row_count FROM main.sealed_rows")) ++static_cast<BlocksRead*>(self)->count_;
    return 0;
  }
  sqlite3* connection_;
  int count_ = 0;
};

TEST_CASE("no block is read for sums that are later than what is sealed") {
  Polled store(false);
  std::uint64_t number = 0;
  const auto poll_until = [&](WallTime end) {
    for (WallTime now = noon + number * 10min; now < end; now += 10min) store.store(cycle("sw1", ++number, now));
  };
  poll_until(noon + 12 * 24h);
  store.of().seal(noon + 12 * 24h);
  REQUIRE(store.of().integer("SELECT count(DISTINCT level) FROM sealed_rows") == 3);
  const BlocksRead read(store.of().database());
  poll_until(noon + 13 * 24h);
  CHECK(read.count() == 0);
  store.store(cycle("sw1", ++number, noon + 24h + 1min));
  store.store(cycle("sw1", ++number, noon + 13 * 24h));
  CHECK(read.count() > 0);
}

TEST_CASE("what speaks for the present is not sealed") {
  Polled store(true);
  for (std::uint64_t turn = 0; turn < 30; ++turn) store.store(cycle("gone", turn + 1, noon + turn * 10min));
  for (std::uint64_t turn = 0; turn < 144 * 6; ++turn) store.store(cycle("sw1", turn + 1, noon + turn * 10min));
  CHECK(store.of().integer("SELECT sum(row_count) FROM sealed_rows WHERE level = 0 AND interface_id <= 3") > 3 * 20);
  CHECK(store.of().integer("SELECT count(*) FROM v_interfaces WHERE oper_status = 'up'") == 6);
  CHECK(store.of().integer("SELECT count(*) FROM sample_rows s JOIN device_latest l ON s.id >> 24 = l.poll_id") == 6);
  // A quarter of a day of samples stays as it is, and up to half a day more.
  CHECK(store.of().integer("SELECT count(*) FROM sample_rows WHERE (id & 16777215) > 3") >= 3 * 36);
  CHECK(store.of().integer("SELECT count(*) FROM sample_rows WHERE (id & 16777215) > 3") <= 3 * (36 + 72) + 3);
}

TEST_CASE("a step of sealing that is undone has done nothing, and is done again") {
  Store store;
  test::RandomRows random(5);
  fill(store, random, 200);
  const auto before = answers(store.database());
  store.run("BEGIN IMMEDIATE");
  REQUIRE(store.sealer().seal(noon + 90 * 24h, many).value() > 100);
  store.run("ROLLBACK");
  CHECK(answers(store.database()) == before);
  CHECK(store.integer("SELECT count(*) FROM sealing") == 0);
  CHECK(store.seal(noon + 90 * 24h) > 100);
  auto database = test::united(store.path());
  CHECK(answers(database) == before);
}

TEST_CASE("a clock that was far ahead keeps nothing from being sealed later") {
  Polled store(true);
  std::uint64_t number = 0;
  for (WallTime now = noon; now < noon + 4 * 24h; now += 1h) store.store(cycle("sw1", ++number, now));
  for (int turn = 0; turn < 10; ++turn) store.store(cycle("sw1", ++number, noon + 300 * 24h + turn * 10min));
  for (WallTime now = noon + 4 * 24h; now < noon + 9 * 24h; now += 1h) store.store(cycle("sw1", ++number, now));
  const std::string begins = std::to_string(begin_of(unix_ms(noon + 5 * 24h), day_ms));
  CHECK(store.of().integer("SELECT sum(row_count) FROM sealed_rows WHERE level = 0 AND begins_at = " + begins) ==
        3 * 24);
}

TEST_CASE("the newest two days stay plain while they take little") {
  Polled of(false);
  std::uint64_t number = 0;
  const auto poll_until = [&](WallTime end) {
    for (WallTime now = noon + number * 10min; now < end; now += 10min) of.store(cycle("sw1", ++number, now));
  };
  poll_until(noon + 9 * 24h);
  Store& store = of.of();
  const auto seal = [&](std::int64_t most_plain) {
    auto sealer = Sealer::create(store.database(), most_plain);
    REQUIRE(sealer);
    return sealer->seal(noon + (number - 1) * 10min, many).value();
  };
  const std::int64_t a_day = 3 * 144;
  const auto plain = [&](const char* table) { return store.integer(std::string("SELECT count(*) FROM ") + table); };
  const std::int64_t all = plain("sample_rows");
  REQUIRE(seal(plain_allowance) > 0);
  CHECK(plain("sample_rows") >= 2 * a_day);
  CHECK(plain("sample_rows") <= 2 * a_day + a_day / 2 + 3);
  CHECK(plain("traffic_5m") >= 2 * 3 * 144);
  CHECK(store.integer("SELECT sum(row_count) FROM sealed_rows WHERE level = 0") + plain("sample_rows") == all);
  CHECK(seal(plain_allowance) == 0);
  const std::int64_t kept = plain("sample_rows");

  // By what the last hour brought: 3 interfaces, 6 polls.
  const std::int64_t two_days = 3 * 48 * (6 * 66 + 12 * 79 + 93);
  CHECK(seal(two_days) == 0);
  CHECK(seal(two_days - 1) > 0);
  CHECK(plain("sample_rows") >= a_day / 4);
  CHECK(plain("sample_rows") <= a_day / 4 + a_day / 2 + 3);

  // There is room again: what is sealed stays so, and the next part waits until it is two days old.
  CHECK(seal(plain_allowance) == 0);
  const std::int64_t place = store.integer("SELECT begins_at FROM sealing WHERE level = 0");
  poll_until(noon + 10 * 24h);
  CHECK(seal(plain_allowance) == 0);
  CHECK(store.integer("SELECT begins_at FROM sealing WHERE level = 0") == place);
  poll_until(noon + 13 * 24h);
  CHECK(seal(plain_allowance) > 0);
  CHECK(plain("sample_rows") == kept);
  CHECK(store.integer("SELECT sum(row_count) FROM sealed_rows WHERE level = 0") + plain("sample_rows") ==
        static_cast<std::int64_t>(3 * number));
  CHECK(check_store(store.path(), false, {}).value().empty());
}

TEST_CASE("retention takes a block when all of it is older than is kept") {
  Store store;
  test::RandomRows random(6);
  fill(store, random, 300);
  store.seal(noon + 90 * 24h);
  const std::int64_t first = store.integer("SELECT min(begins_at) FROM sealed_rows WHERE level = 0");
  const std::int64_t all = store.integer("SELECT sum(row_count) FROM sealed_rows");
  PassedBlocks passed;
  auto old_blocks = OldBlocks::create(store.database()).value();
  const auto take = [&](std::int64_t at_ms, std::int64_t blocks) {
    const auto taken = old_blocks.take(WallTime(std::chrono::milliseconds(at_ms)), Retention{}, blocks, passed);
    if (!taken) FAIL(taken.error().text());
    return *taken;
  };
  const std::int64_t of_the_first =
      store.integer("SELECT sum(row_count) FROM sealed_rows WHERE begins_at = " + std::to_string(first));
  CHECK(take(first + 8 * day_ms - 1, 100) == 0);
  const std::int64_t some = take(first + 8 * day_ms, 2);
  CHECK(some > 0);
  CHECK(some < of_the_first);
  CHECK(some + take(first + 8 * day_ms, 100) == of_the_first);
  CHECK(take(first + 8 * day_ms, 100) == 0);
  CHECK(store.integer("SELECT sum(row_count) FROM sealed_rows") == all - of_the_first);
}

TEST_CASE("what was sealed late, before a block that could not be taken, goes a day later") {
  Store store;
  test::RandomRows random(6);
  fill(store, random, 300);
  store.seal(noon + 90 * 24h);
  const WallTime now = noon + 60 * 24h;
  PassedBlocks passed;
  auto old_blocks = OldBlocks::create(store.database()).value();
  CHECK(old_blocks.take(now, Retention{}, 0, passed).value() == 0);
  passed.of[0].begins_at = unix_ms(now);
  CHECK(old_blocks.take(now + 1h, Retention{}, 100, passed).value() == 0);
  CHECK(old_blocks.take(now + 24h, Retention{}, 100, passed).value() > 0);
}

TEST_CASE("a damaged block loses itself, says so, and keeps nothing else out") {
  Polled store(true);
  std::uint64_t number = 0;
  const auto poll_until = [&](WallTime end) {
    for (WallTime now = noon + number * 10min; now < end; now += 10min) store.store(cycle("sw1", ++number, now));
  };
  poll_until(noon + 3 * 24h);
  const auto check = [&] {
    const auto wrong = check_store(store.of().path(), false, {});
    REQUIRE(wrong);
    return *wrong;
  };
  REQUIRE(check().empty());
  REQUIRE(back_up_store(store.of().path(), store.of().path().parent_path() / "whole.db", {}));
  const std::string which = " WHERE level = 300 AND interface_id = 2";
  const std::string octet = "substr(packed, 1, length(packed) / 2)";
  store.of().run("UPDATE sealed_rows SET packed = CAST(" + octet + " || x'AA' AS BLOB)" + which);
  REQUIRE(store.of().integer("SELECT count(*) FROM sealed_rows" + which) == 1);
  REQUIRE(check().size() == 1);
  CHECK(check()[0].find("sums of 5 minutes of sw1 sw1-port2 (interface 2), 2026-01-2") != std::string::npos);
  const std::filesystem::path copy = store.of().path().parent_path() / "copy.db";
  const auto copied = back_up_store(store.of().path(), copy, {});
  REQUIRE_FALSE(copied);
  CHECK(copied.error().message.find("sums of 5 minutes of sw1 sw1-port2") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(copy));

  const auto read = [&](std::int64_t interface_id) {
    auto reader = Reader::open(store.of().path());
    REQUIRE(reader);
    std::int64_t rows = 0;
    for (int again = 0; again < 2; ++again) {
      REQUIRE((*reader)->for_each_traffic({1, interface_id, interface_id, noon, noon + 9 * 24h},
                                          [&rows](const StoredTraffic&) { ++rows; }));
    }
    std::string damaged;
    for (const DamagedBlock& block : (*reader)->damaged()) damaged += text_of(block) + "\n";
    return std::pair{rows / 2, damaged};
  };
  CHECK(read(1).second.empty());
  CHECK(read(1).first > 800);
  CHECK(read(2).second.find("sums of 5 minutes of sw1 sw1-port2 (interface 2), 2026-01-2") == 0);
  CHECK(read(2).second.find('\n') == read(2).second.size() - 1);  // once
  CHECK(read(2).first > 100);                                     // what is not sealed
  CHECK(read(2).first < read(1).first);

  // What would have joined the block stays plain, what comes late for it stands by itself.
  const std::int64_t sealed = store.of().integer("SELECT sum(row_count) FROM sealed_rows" + which);
  const test::Heard heard;
  poll_until(noon + 9 * 24h);
  store.store(cycle("sw1", ++number, noon + 2h));
  store.store(cycle("sw1", ++number, noon + 9 * 24h));
  const std::string named = "the block of sums of 5 minutes of sw1 sw1-port2 (interface 2), 2026-01-2";
  for (const char* end : {"what would join it stays as it is", "what came late for it is counted by itself"}) {
    const auto said = heard.lines(end);
    REQUIRE_FALSE(said.empty());
    CHECK(said[0].find(named) != std::string::npos);
  }
  CHECK(store.of().integer("SELECT sum(row_count) FROM sealed_rows" + which + " AND begins_at < " +
                           std::to_string(unix_ms(noon))) == sealed);
  CHECK(store.of().integer("SELECT count(*) FROM traffic_5m WHERE (id & 16777215) = 2") >
        store.of().integer("SELECT count(*) FROM traffic_5m WHERE (id & 16777215) = 1"));
  CHECK(check().size() == 1);
}

TEST_CASE("a block that lies in the place of another one is neither added to nor taken from") {
  Polled store(true);
  std::uint64_t number = 0;
  const auto poll_until = [&](WallTime end) {
    for (WallTime now = noon + number * 10min; now < end; now += 10min) store.store(cycle("sw1", ++number, now));
  };
  poll_until(noon + 4 * 24h);
  const std::string which = " WHERE level = 300 AND interface_id = 2";
  REQUIRE(store.of().integer("SELECT count(*) FROM sealed_rows" + which) == 1);
  store.of().run(
      "UPDATE sealed_rows SET packed = (SELECT other.packed FROM sealed_rows other WHERE other.level = 300"
      " AND other.interface_id = 1 AND other.begins_at = sealed_rows.begins_at)" +
      which);
  const std::string of_it = which + " AND begins_at = (SELECT min(begins_at) FROM sealed_rows" + which + ")";
  const std::string before = test::dump(store.of().database(), "SELECT hex(packed) FROM sealed_rows" + of_it);
  store.store(cycle("sw1", ++number, noon + 2h));
  for (WallTime now = noon + 4 * 24h; now < noon + 8 * 24h; now += 10min) store.store(cycle("sw1", ++number, now));
  CHECK(test::dump(store.of().database(), "SELECT hex(packed) FROM sealed_rows" + of_it) == before);
  const auto wrong = check_store(store.of().path(), false, {});
  REQUIRE(wrong);
  REQUIRE(wrong->size() == 1);
  CHECK(wrong->front().find("it is another one's") != std::string::npos);
}

TEST_CASE("where memory gives out, sealing fails, and is done later as if nothing had been") {
  Store store;
  test::RandomRows random(8);
  fill(store, random, 200);
  fill_sums(store, random, sealed_levels[1], 100);
  const auto before = answers(store.database());
  int failed = 0;
  for (std::size_t most = 0;; most += 50'000) {
    store.run("BEGIN IMMEDIATE");
    const bool done = [&] {
      const test::Allocations allocations(most);
      return store.sealer().seal(noon + 90 * 24h, many).has_value();
    }();
    if (done) break;
    ++failed;
    store.run("ROLLBACK");
    REQUIRE(test::dump(store.database(), "SELECT count(*) FROM sealed_rows") == "0|\n");
  }
  CHECK(failed > 2);
  store.run("COMMIT");
  {
    auto database = test::united(store.path());
    CHECK((answers(database) == before));
  }

  // Whoever unpacks a block says it as well.
  const auto checked = [&] {
    const test::Allocations allocations(10'000);
    return check_blocks(
        store.database(), [](const SealedIdentity&, const std::string&) {}, [] { return true; });
  }();
  REQUIRE_FALSE(checked);
  CHECK(checked.error().message.find("out of memory") != std::string::npos);
  auto unsealer = Unsealer::create(store.database());
  REQUIRE(unsealer);
  const std::int64_t first = unix_ms(noon) / 300'000;
  const auto take_out = [&](std::size_t most) {
    const test::Allocations allocations(most);
    return unsealer->take_out(300, first, first + 50, 1);
  };
  const auto taken = take_out(2000);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().message.find("out of memory at the block of sums of 5 minutes of interface 1") == 0);
  CHECK(take_out(many));
  CHECK(store.integer("SELECT count(*) FROM traffic_5m WHERE (id & 16777215) = 1") > 0);
}

TEST_CASE("what a stranger wrote into a view of the file is not run when its rows are united") {
  Store store;
  test::RandomRows random(3);
  fill(store, random, 100);
  REQUIRE(store.seal(noon + 400 * 24h) > 0);
  const std::string other = (store.path().parent_path() / "other.db").string();
  store.run("PRAGMA writable_schema = ON");
  store.run("UPDATE sqlite_master SET sql = 'CREATE VIEW samples AS SELECT 17 AS poll_id; ATTACH ''" + other +
            "'' AS other; CREATE TABLE other.x (y)' WHERE name = 'samples'");
  store.run("PRAGMA writable_schema = RESET");
  REQUIRE(store.integer("SELECT poll_id FROM samples") == 17);
  auto database = test::united(store.path());
  CHECK_FALSE(std::filesystem::exists(other));
  CHECK(test::dump(database, "SELECT count(*) FROM samples") ==
        test::dump(database, "SELECT count(*) FROM sample_rows"));
}

}  // namespace
}  // namespace octopoll::store
