#include "store/recorder.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "make_record.hpp"
#include "store/open.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
using test::make_cycle;
using test::make_row;
using test::noon;

/// A store with a recorder on it, and one transaction a record.
struct Fixture {
  Fixture() {
    auto opened = open_for_writing(dir / "x.db");
    REQUIRE(opened);
    database.emplace(std::move(*opened));
    // As the sqlite3 shell has it: SQLite before 3.41 does not count its JSON functions among those that any view may
    // use.
    REQUIRE(database->execute("PRAGMA trusted_schema = 1"));
    auto made = Recorder::create(*database);
    REQUIRE(made);
    recorder.emplace(std::move(*made));
  }
  Recorded store(const Record& record) {
    auto transaction = Transaction::begin(*database);
    REQUIRE(transaction);
    const auto recorded = recorder->store(record);
    REQUIRE(recorded);
    REQUIRE(transaction->commit());
    // SQLite does not check references as they are written, so each test here does.
    CHECK(integer("SELECT count(*) FROM pragma_foreign_key_check") == 0);
    return *recorded;
  }
  std::int64_t integer(std::string_view sql) { return database->integer(sql).value(); }
  std::string text(std::string_view sql) { return database->text(sql).value(); }

  test::TempDir dir;
  std::optional<Database> database;
  std::optional<Recorder> recorder;
};

DeviceCycle rich_cycle() {
  InterfaceRecord row =
      make_row({.name = "Gi0/1", .if_index = 4294967295U, .in_octets = 7'500'000'000, .out_octets = 75});
  test::change_facts(row.sample, [&](InterfaceFacts& facts) { facts.descr = "GigabitEthernet0/1"; });
  test::change_facts(row.sample, [&](InterfaceFacts& facts) { facts.alias = "Zürich \"uplink\""; });
  test::change_facts(row.sample, [&](InterfaceFacts& facts) { facts.mtu = 9216; });
  test::change_facts(row.sample, [&](InterfaceFacts& facts) { facts.phys_address = ""; });
  row.sample.oper_status = status_down;
  row.sample.last_change = TimeTicks(4294967295U);
  row.sample.time.sys_uptime = TimeTicks(123456);
  row.sample.counters.set(Counter::in_octets, {std::numeric_limits<std::uint64_t>::max(), 64});
  row.sample.counters.set(Counter::out_octets, {std::uint64_t{1} << 63U, 64});
  row.sample.counters.set(Counter::in_errors, {5, 32});
  row.sample.counters.set(Counter::out_discards, {});
  row.deltas.set_quality(Counter::in_octets, Quality::wrapped);
  row.deltas.set(Counter::in_errors, {std::nullopt, Quality::reset});
  row.deltas.set(Counter::out_errors, {3, Quality::wrapped});
  row.deltas.set(Counter::out_discards, {std::nullopt, Quality::absent});
  row.time_error = 0.05;
  DeviceCycle cycle = make_cycle("sw1", 7, noon, {row});
  cycle.interfaces[0].sample.time.received = cycle.started + 1500ms;
  cycle.duration = 2750us;
  cycle.cache_period = 3s;
  cycle.rebooted = true;
  cycle.outcome = CycleOutcome::partial;
  cycle.error = Error{ErrorKind::partial, "sw1: 3 rows missing", "raise the timeout"};
  cycle.sys_uptime = TimeTicks(8640000);
  cycle.cost = {10, 9, 1, 1000, std::uint64_t{1} << 40U};
  return cycle;
}

TEST_CASE("rows keep their interfaces in whatever order they come") {
  Fixture store;
  std::vector<InterfaceRecord> rows;
  for (std::uint32_t port = 1; port <= 9; ++port) {
    rows.push_back(make_row({.name = fmt::format("p{}", port), .if_index = port, .in_octets = 100 + port}));
  }
  store.store(make_cycle("sw1", 1, noon, rows));
  const auto order =
      GENERATE(values<std::string>({"123456789", "456123789", "987654321", "2", "9123", "13579", "1239456"}));
  std::vector<InterfaceRecord> reordered;
  for (const char port : order) reordered.push_back(rows[static_cast<std::size_t>(port - '1')]);
  store.store(make_cycle("sw1", 2, noon + 60s, reordered));
  CHECK(store.integer("SELECT count(*) FROM sample_rows WHERE id >> 24 = 2") ==
        static_cast<std::int64_t>(order.size()));
  CHECK(store.integer("SELECT count(*) FROM sample_rows s JOIN interfaces i ON i.id = s.id & 16777215"
                      " WHERE s.in_octets = 100 + i.if_index") == static_cast<std::int64_t>(9 + order.size()));
}

TEST_CASE("rows of a later poll in the file are no reason to write to it under other keys") {
  Fixture store;
  const std::vector<InterfaceRecord> rows{make_row({.name = "p1", .if_index = 1}),
                                          make_row({.name = "p2", .if_index = 2})};
  store.store(make_cycle("sw1", 1, noon, rows));
  REQUIRE(
      store.database->execute("INSERT INTO sample_rows SELECT (9 << 24) + 1, read_after_ms, elapsed_us,"
                              " time_error_ppb, states, speed_mbps, in_octets, out_octets, ucast_pkts,"
                              " multicast_pkts, broadcast_pkts, faults FROM sample_rows LIMIT 1"));
  {
    auto transaction = Transaction::begin(*store.database);
    REQUIRE(transaction);
    const auto refused = store.recorder->store(make_cycle("sw1", 2, noon + 60s, rows));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("sample_rows has rows of polls after poll 2") != std::string::npos);
  }
  CHECK(store.integer("SELECT count(*) FROM sample_rows") == 3);
}

TEST_CASE("a cycle comes back as it was stored") {
  Fixture store;
  const Recorded recorded = store.store(rich_cycle());
  CHECK(recorded.rows == 1);
  CHECK_FALSE(recorded.duplicate);

  auto poll = store.database->prepare(
      "SELECT poll_number, slot, started_at, duration_ms, interval_ms, outcome, error_kind, error, rebooted, "
      "sys_uptime,"
      " cache_period_ms, requests, responses, retries, octets_sent, octets_received FROM polls");
  REQUIRE(poll);
  REQUIRE(poll->first().value());
  CHECK(poll->integer(0) == 7);
  CHECK(poll->integer(1) == noon.time_since_epoch().count() / 60000);
  CHECK(poll->integer(2) == noon.time_since_epoch().count());
  CHECK(poll->real(3) == 2.75);
  CHECK(poll->real(4) == 60000);
  CHECK(poll->text(5) == "partial");
  CHECK(poll->text(6) == "partial");
  CHECK(poll->text(7) == "sw1: 3 rows missing");
  CHECK(poll->integer(8) == 1);
  CHECK(poll->integer(9) == 8640000);
  CHECK(poll->real(10) == 3000);
  CHECK(poll->integer(11) == 10);
  CHECK(poll->integer(12) == 9);
  CHECK(poll->integer(13) == 1);
  CHECK(poll->integer(14) == 1000);
  CHECK(poll->integer(15) == std::int64_t{1} << 40U);

  auto sample = store.database->prepare(
      "SELECT read_after_ms, elapsed_us, time_error, admin_status, oper_status, in_octets, out_octets, in_quality,"
      " out_quality, in_bps, out_bps, in_utilization, out_utilization, in_ucast_pkts, in_errors, out_errors, "
      "out_discards,"
      " exceptions FROM samples");
  REQUIRE(sample);
  REQUIRE(sample->first().value());
  CHECK(sample->integer(0) == 1500);
  CHECK(sample->integer(1) == 60'000'000);
  CHECK(sample->real(2) == 0.05);
  CHECK(sample->text(3) == "up");
  CHECK(sample->text(4) == "down");
  CHECK(sample->integer(5) == 7'500'000'000);
  CHECK(sample->integer(6) == 75);
  CHECK(sample->text(7) == "wrapped");
  CHECK(sample->text(8) == "ok");
  CHECK(sample->real(9) == 1e9);
  CHECK(sample->real(10) == 10);
  CHECK(sample->real(11) == 1.0);
  CHECK(sample->real(12) == 1e-8);
  CHECK(sample->integer(13) == 1);
  CHECK(sample->is_null(14));
  CHECK(sample->integer(15) == 3);
  CHECK(sample->is_null(16));
  CHECK(sample->text(17) == "in_errors=reset out_errors=wrapped");

  auto interface = store.database->prepare(
      "SELECT name, if_index, if_name, descr, alias, type, mtu, phys_address, speed_bps, speed_source, in_speed_bps,"
      " out_speed_bps, first_seen FROM interfaces");
  REQUIRE(interface);
  REQUIRE(interface->first().value());
  CHECK(interface->text(0) == "Gi0/1");
  CHECK(interface->integer(1) == 4294967295);
  CHECK(interface->text(4) == "Zürich \"uplink\"");
  CHECK(interface->integer(6) == 9216);
  CHECK_FALSE(interface->is_null(7));  // an empty address is no missing one
  CHECK(interface->text(7).empty());
  CHECK(interface->unsigned_integer(8) == 1'000'000'000);
  CHECK(interface->text(9) == to_string(SpeedSource::if_high_speed));
  CHECK(interface->integer(12) == noon.time_since_epoch().count());
}

TEST_CASE("raw 64-bit readings above 2^63 survive, and widths are known") {
  Fixture store;
  store.store(rich_cycle());
  auto latest = store.database->prepare(
      "SELECT in_octets, out_octets, out_discards, counters_32, read_at, last_change, sys_uptime, oper_status"
      " FROM interface_latest");
  REQUIRE(latest);
  REQUIRE(latest->first().value());
  CHECK(latest->integer(0) == -1);
  CHECK(latest->unsigned_integer(0) == std::numeric_limits<std::uint64_t>::max());
  CHECK(latest->unsigned_integer(1) == std::uint64_t{1} << 63U);
  CHECK(latest->is_null(2));
  CHECK(latest->text(3) == "in_errors");
  CHECK(latest->integer(4) == noon.time_since_epoch().count() + 1500);
  CHECK(latest->integer(5) == 4294967295);
  CHECK(latest->integer(6) == 123456);
  CHECK(latest->text(7) == "down");
}

// "a=1 b=2": the raw octets that stand for each interface, by name.
std::string latest_octets(Fixture& store) {
  return store.text(
      "SELECT ifnull(group_concat(name || '=' || in_octets, ' '), '') FROM (SELECT i.name, l.in_octets"
      " FROM interface_latest l JOIN interfaces i ON i.id = l.interface_id ORDER BY i.name)");
}

InterfaceRecord reading(const std::string& name, std::uint64_t octets) {
  InterfaceRecord row = make_row({.name = name, .if_index = static_cast<std::uint32_t>(name[0])});
  row.sample.counters.set(Counter::in_octets, {octets, 64});
  return row;
}

TEST_CASE("an interface that a cycle lacks keeps its older reading until it is back") {
  Fixture store;
  const bool restarts = GENERATE(false, true);  // between the cycles: the recorder then knows nothing but the file
  CAPTURE(restarts);
  const auto next = [&](std::uint64_t number, std::vector<InterfaceRecord> rows) {
    if (restarts) store.recorder->forget();
    store.store(make_cycle("sw1", number, noon + number * 60s, std::move(rows)));
  };
  next(1, {reading("a", 1), reading("b", 1), reading("c", 1)});
  CHECK(latest_octets(store) == "a=1 b=1 c=1");
  next(2, {reading("a", 2), reading("c", 2)});
  CHECK(latest_octets(store) == "a=2 b=1 c=2");
  next(3, {reading("a", 3), reading("d", 3)});
  CHECK(latest_octets(store) == "a=3 b=1 c=2 d=3");
  next(4, {});
  CHECK(latest_octets(store) == "a=3 b=1 c=2 d=3");
  next(5, {reading("b", 5), reading("a", 5), reading("d", 5)});
  CHECK(latest_octets(store) == "a=5 b=5 c=2 d=5");
  next(6, {reading("b", 6), reading("a", 6), reading("d", 6)});
  CHECK(latest_octets(store) == "a=6 b=6 c=2 d=6");
  next(7, {reading("c", 7)});
  CHECK(latest_octets(store) == "a=6 b=6 c=7 d=6");

  const auto minutes_after_noon = [&](const std::string& sql) {
    return (store.integer(sql) - noon.time_since_epoch().count()) / 60'000;
  };
  const std::string latest_b = " FROM interface_latest l JOIN interfaces i ON i.id = l.interface_id WHERE name = 'b'";
  CHECK(minutes_after_noon("SELECT read_at" + latest_b) == 6);
  CHECK(store.integer("SELECT poll_number FROM polls WHERE id = (SELECT poll_id" + latest_b + ")") == 6);
  CHECK(store.text("SELECT last_seen FROM v_interfaces WHERE interface = 'b'") == "2026-01-31T12:06:00.000Z");
  CHECK(store.text("SELECT last_seen FROM v_interfaces WHERE interface = 'c'") == "2026-01-31T12:07:00.000Z");
  CHECK(minutes_after_noon("SELECT last_seen FROM device_latest") == 7);
}

TEST_CASE("an interface that is back after any number of cycles does not pass for one of the cycle before") {
  for (int away = 1; away <= 6; ++away) {
    Fixture store;
    std::uint64_t number = 0;
    const auto next = [&](const std::string& other) {
      ++number;
      store.store(make_cycle("sw1", number, noon + number * 60s, {reading("a", number), reading(other, number)}));
    };
    next("b");
    for (int cycle = 0; cycle < away; ++cycle) next("c");
    next("b");
    CAPTURE(away);
    CHECK(latest_octets(store) == fmt::format("a={0} b={0} c={1}", number, number - 1));
  }
}

TEST_CASE("an older cycle leaves the latest readings alone") {
  Fixture store;
  store.store(make_cycle("sw1", 5, noon, {reading("a", 5), reading("b", 5)}));
  store.store(make_cycle("sw1", 4, noon - 60s, {reading("a", 4)}));
  CHECK(latest_octets(store) == "a=5 b=5");
  store.store(make_cycle("sw1", 6, noon + 60s, {reading("a", 6)}));
  CHECK(latest_octets(store) == "a=6 b=5");
}

TEST_CASE("what few rows have is kept") {
  Fixture store;
  InterfaceRecord adsl = make_row({.name = "adsl", .in_octets = 1'000'000, .out_octets = 60'000});
  adsl.in_speed_bps = 16'128'000;
  adsl.out_speed_bps = 1'024'000;
  adsl.deltas.set_elapsed(Counter::in_octets, 120s);  // its base line is older than the row's
  adsl.sample.admin_status = IfStatus{42};
  adsl.sample.oper_status = IfStatus{-1};
  InterfaceRecord faster = make_row({.name = "faster", .in_octets = 600, .out_octets = 1});
  faster.in_speed_bps.reset();  // what came in was more than it claims to carry
  InterfaceRecord silent = make_row({.name = "silent"});
  silent.sample.admin_status.reset();
  silent.sample.oper_status.reset();
  silent.in_speed_bps.reset();
  silent.out_speed_bps.reset();
  store.store(make_cycle("sw1", 1, noon, {adsl, faster, silent}));

  auto row = store.database->prepare(
      "SELECT in_speed_bps, out_speed_bps, in_bps, out_bps, in_utilization, out_utilization, admin_status, oper_status,"
      " exceptions FROM samples ORDER BY interface_id");
  REQUIRE(row);
  REQUIRE(row->next().value());
  CHECK(row->integer(0) == 16'128'000);
  CHECK(row->integer(1) == 1'024'000);
  CHECK(row->real(2) == Approx(1e6 * 8 / 120));
  CHECK(row->real(3) == 8000);
  CHECK(row->real(4) == Approx(1e6 * 8 / 120 / 16'128'000));
  CHECK(row->real(5) == 8000.0 / 1'024'000);
  CHECK(row->text(6) == "42");
  CHECK(row->text(7) == "-1");
  CHECK(row->is_null(8));
  REQUIRE(row->next().value());
  CHECK(row->is_null(0));
  CHECK(row->integer(1) == 1'000'000'000);
  CHECK(row->real(2) == 80);
  CHECK(row->is_null(4));
  CHECK_FALSE(row->is_null(5));
  REQUIRE(row->next().value());
  for (const int column : {0, 1, 4, 5, 6, 7, 8}) CHECK(row->is_null(column));
  row->reset();
  CHECK(store.text("SELECT admin_status FROM interface_latest LIMIT 1") == "42");
  CHECK(store.text("SELECT admin_status FROM v_interfaces LIMIT 1") == "42");
  CHECK(store.integer("SELECT count(*) FROM sample_exceptions") == 2);
}

TEST_CASE("each delta of the other counters comes back, absent or however large") {
  Fixture store;
  const auto value = GENERATE(values<std::optional<std::uint64_t>>(
      {std::nullopt, 0, 1, 32766, 32767, 1'073'741'822, 1'073'741'823, std::uint64_t{1} << 62U}));
  CAPTURE(value.value_or(42));
  InterfaceRecord row = make_row({.name = "a"});
  for (const Counter counter : all_counters()) {
    if (counts_octets(counter)) continue;
    row.deltas.set(counter, {value, value ? Quality::ok : Quality::absent, {}});
    InterfaceRecord beside = make_row({.name = std::string(to_string(counter))});
    beside.deltas.set_value(Counter::in_unknown_protos, 1);
    beside.deltas.set(counter, row.deltas[counter]);  // its neighbours gained 1
    store.store(make_cycle("sw1", 1 + static_cast<std::uint64_t>(counter), noon, {row, beside}));
    for (const Counter each : all_counters()) {
      if (counts_octets(each)) continue;
      CAPTURE(to_string(counter), to_string(each));
      auto stored = store.database->prepare("SELECT " + std::string(to_string(each)) +
                                            " FROM samples ORDER BY poll_id DESC, interface_id DESC");
      REQUIRE(stored);
      REQUIRE(stored->next().value());
      CHECK(stored->maybe_unsigned(0) == (each == counter ? value : std::optional<std::uint64_t>(1)));
      REQUIRE(stored->next().value());
      CHECK(stored->maybe_unsigned(0) == row.deltas[each].value);
    }
  }
}

TEST_CASE("no packets of unknown protocols cost no octet, and are not the same as nobody counting them") {
  Fixture store;
  InterfaceRecord none = make_row({.name = "none"});
  InterfaceRecord unknown = make_row({.name = "unknown"});
  InterfaceRecord odd = make_row({.name = "odd"});
  unknown.deltas.set(Counter::in_unknown_protos, {std::nullopt, Quality::absent, {}});
  odd.sample.oper_status = IfStatus{-1};
  const std::int64_t oper = GENERATE(range(0, 8));
  for (InterfaceRecord* row : {&none, &unknown}) row->sample.oper_status = IfStatus{oper};
  store.store(make_cycle("sw1", 1, noon, {none, unknown, odd}));
  CHECK(store.text("SELECT group_concat(ifnull(in_unknown_protos, 'NULL')) FROM samples") == "0,NULL,0");
  CHECK(store.text("SELECT group_concat(ifnull(in_unknown_protos, 'NULL')) FROM v_interface_rates") == "0,NULL,0");
  CHECK(store.integer("SELECT count(DISTINCT in_quality || out_quality || admin_status) FROM samples"
                      " WHERE interface_id < 3") == 1);
  const auto status = none.sample.oper_status->code == 0 ? "0" : to_string(*none.sample.oper_status);
  CHECK(store.text("SELECT oper_status FROM samples WHERE interface_id = 1") == status);
  CHECK(store.text("SELECT oper_status FROM v_interfaces WHERE interface = 'none'") == status);
  // SQLite keeps integers from -32768 to 32767 in two octets.
  CHECK(store.integer("SELECT count(*) FROM sample_rows WHERE states BETWEEN -32768 AND 32767") ==
        (none.sample.oper_status->code == 0 ? 0 : 2));
}

TEST_CASE("an interface beyond the last that a key has room for is refused by itself") {
  Fixture store;
  store.store(make_cycle("sw1", 1, noon, {reading("a", 1)}));
  REQUIRE(
      store.database->execute("INSERT INTO interfaces (id, device_id, name, if_index, speed_source, first_seen)"
                              " VALUES (16777214, 1, 'b', 2, 'none', 0)"));
  store.store(make_cycle("sw1", 2, noon + 60s, {reading("a", 2), reading("b", 2), reading("c", 2)}));
  CHECK(store.integer("SELECT max(interface_id) FROM samples") == 16777215);
  auto transaction = Transaction::begin(*store.database);
  REQUIRE(transaction);
  const auto refused = store.recorder->store(make_cycle("sw1", 3, noon + 120s, {reading("a", 3), reading("d", 3)}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("room for 16777216 interfaces") != std::string::npos);
  CHECK(store.database->last_code() == SQLITE_CONSTRAINT);
}

TEST_CASE("a row that covers no time has an error of time all the same") {
  Fixture store;
  InterfaceRecord row = make_row({.name = "a", .elapsed = 0s, .quality = Quality::stale});
  row.time_error = std::numeric_limits<double>::infinity();
  store.store(make_cycle("sw1", 1, noon, {row}));
  CHECK(store.integer("SELECT time_error > 1e9 AND in_bps IS NULL FROM samples") == 1);
}

TEST_CASE("what is known of a device is written when it changes") {
  Fixture store;
  store.store(make_cycle("sw1", 1, noon, {}));
  DeviceCycle partial = make_cycle("sw1", 2, noon + 60s, {});
  partial.facts = {};
  partial.facts.own().sys_location = "roof";
  partial.address.clear();
  store.store(partial);
  CHECK(store.text("SELECT sys_name || ', ' || sys_location || ', ' || address FROM devices") ==
        "core switch, roof, 192.0.2.1:161");
  DeviceCycle renamed = make_cycle("sw1", 3, noon + 120s, {});
  renamed.facts.own().sys_name = "edge switch";
  renamed.address = "192.0.2.2:161";
  store.store(renamed);
  CHECK(store.text("SELECT sys_name || ', ' || sys_location || ', ' || address FROM devices") ==
        "edge switch, roof, 192.0.2.2:161");
  CHECK(store.integer("SELECT first_seen FROM devices") == noon.time_since_epoch().count());
  CHECK(store.text("SELECT last_seen FROM v_devices") == "2026-01-31T12:02:00.000Z");
}

TEST_CASE("storing the same cycle twice changes nothing") {
  Fixture store;
  store.store(rich_cycle());
  DeviceCycle again = rich_cycle();
  again.interfaces[0].deltas.set_value(Counter::in_octets, 1);
  again.address = "198.51.100.9:161";
  CHECK(store.store(again).duplicate);
  CHECK(store.integer("SELECT count(*) FROM polls") == 1);
  CHECK(store.integer("SELECT count(*) FROM samples") == 1);
  CHECK(store.integer("SELECT in_octets FROM samples") == 7'500'000'000);
  CHECK(store.text("SELECT address FROM devices") == "192.0.2.1:161");
}

TEST_CASE("a clock that jumps back overwrites nothing, and the newest poll number speaks for the present") {
  Fixture store;
  store.store(make_cycle("sw1", 1, noon, {make_row({.name = "a", .in_octets = 1})}));
  store.store(make_cycle("sw1", 2, noon + 60s, {make_row({.name = "a", .in_octets = 2})}));
  store.store(make_cycle("sw1", 3, noon - 24h, {make_row({.name = "a", .in_octets = 3})}));
  store.store(make_cycle("sw1", 4, noon, {make_row({.name = "a", .in_octets = 4})}));
  CHECK(store.integer("SELECT count(*) FROM samples") == 4);
  CHECK(store.integer("SELECT sum(in_octets) FROM samples") == 10);
  CHECK(store.integer("SELECT poll_number FROM interface_latest l JOIN polls p ON p.id = l.poll_id") == 4);
}

TEST_CASE("an older cycle that arrives late is stored but does not speak for the present") {
  Fixture store;
  InterfaceRecord now = make_row({.name = "a"});
  test::change_facts(now.sample, [&](InterfaceFacts& facts) { facts.alias = "now"; });
  InterfaceRecord then = make_row({.name = "a"});
  test::change_facts(then.sample, [&](InterfaceFacts& facts) { facts.alias = "then"; });
  store.store(make_cycle("sw1", 5, noon, {now}));
  store.recorder->forget();  // as after a restart: nothing is known but the file
  store.store(make_cycle("sw1", 4, noon - 60s, {then, make_row({.name = "gone", .if_index = 2})}));
  CHECK(store.integer("SELECT count(*) FROM samples") == 3);
  CHECK(store.text("SELECT alias FROM interfaces WHERE name = 'a'") == "now");
  CHECK(store.integer("SELECT count(*) FROM interface_latest") == 1);
  CHECK(store.integer("SELECT in_speed_bps FROM interfaces WHERE name = 'gone'") == 1'000'000'000);
}

TEST_CASE("what an interface says of itself follows it, and its row stays one") {
  Fixture store;
  store.store(make_cycle("sw1", 1, noon, {make_row({.name = "a", .if_index = 1})}));
  InterfaceRecord moved = make_row({.name = "a", .if_index = 99, .speed_bps = 0});
  store.store(make_cycle("sw1", 2, noon + 60s, {moved}));
  CHECK(store.integer("SELECT count(*) FROM interfaces") == 1);
  CHECK(store.integer("SELECT if_index FROM interfaces") == 99);
  CHECK(store.integer("SELECT speed_bps IS NULL AND in_speed_bps IS NULL FROM interfaces") == 1);
}

TEST_CASE("the speeds that utilization divides by are written when they change, whatever they are") {
  Fixture store;
  REQUIRE(
      store.database->execute("CREATE TEMP TABLE written (n); CREATE TEMP TRIGGER t AFTER UPDATE ON main.interfaces"
                              " BEGIN INSERT INTO written VALUES (1); END"));
  std::uint64_t number = 0;
  using Speed = std::optional<std::uint64_t>;
  const auto written = [&](const Speed& in, const Speed& out) {
    InterfaceRecord a = make_row({.name = "a"});  // stated: 1 Gbit/s
    a.in_speed_bps = in;
    a.out_speed_bps = out;
    InterfaceRecord b = make_row({.name = "b", .if_index = 2});
    b.out_speed_bps = 3;  // odd all the time
    const std::int64_t before = store.integer("SELECT count(*) FROM written");
    ++number;
    store.store(make_cycle("sw1", number, noon + number * 60s, {a, b}));
    const auto text = [](const Speed& speed) { return speed ? std::to_string(*speed) : "none"; };
    CHECK(store.text("SELECT ifnull(in_speed_bps, 'none') || ' ' || ifnull(out_speed_bps, 'none') FROM interfaces"
                     " WHERE name = 'a'") == text(in) + ' ' + text(out));
    CHECK(store.text("SELECT in_speed_bps || ' ' || out_speed_bps FROM interfaces WHERE name = 'b'") == "1000000000 3");
    return store.integer("SELECT count(*) FROM written") - before;
  };
  const std::vector<std::pair<Speed, Speed>> speeds = {
      {1'000'000'000, 1'000'000'000},
      {std::nullopt, std::nullopt},
      {64'000, 64'000},
      {64'000, 128'000},
      {128'000, 64'000},
      {std::nullopt, 64'000},
      {64'000, std::nullopt},
  };
  CHECK(written(speeds[0].first, speeds[0].second) == 2);
  for (const auto& [in_first, out_first] : speeds) {
    for (const auto& [in, out] : speeds) {
      static_cast<void>(written(in_first, out_first));
      CHECK(written(in, out) == (in == in_first && out == out_first ? 0 : 1));
      CHECK(written(in, out) == 0);
    }
  }
}

TEST_CASE("where an interface moves to is recorded, once, also over a restart") {
  Fixture store;
  const auto cycle_at = [&](unsigned number, std::uint32_t if_index) {
    store.store(make_cycle("sw1", number, noon + static_cast<int>(number) * 60s,
                           {make_row({.name = "a", .if_index = if_index})}));
  };
  cycle_at(1, 1);
  cycle_at(2, 1);
  CHECK(store.integer("SELECT count(*) FROM v_moves") == 0);
  cycle_at(3, 99);
  cycle_at(4, 99);
  store.recorder->forget();
  cycle_at(5, 7);
  cycle_at(2, 3);  // late: not of the present
  CHECK(store.text(
            "SELECT group_concat(device || ' ' || interface || ' ' || from_if_index || '>' || to_if_index || ' ' ||"
            " ((moved_at - (SELECT min(started_at) FROM polls)) / 60000), ', ') FROM v_moves") ==
        "sw1 a 1>99 2, sw1 a 99>7 4");
}

TEST_CASE("a failed cycle keeps what is known of the device") {
  Fixture store;
  store.store(make_cycle("sw1", 1, noon, {make_row({.name = "a"})}));
  DeviceCycle failed;
  failed.device = "sw1";
  failed.poll_number = 2;
  failed.started_at = noon + 60s;
  failed.error = Error{ErrorKind::timeout, "sw1: no answer", {}};
  store.store(failed);
  CHECK(store.text("SELECT sys_name FROM devices") == "core switch");
  CHECK(store.text("SELECT address FROM devices") == "192.0.2.1:161");
  CHECK(store.integer("SELECT last_seen FROM device_latest") == noon.time_since_epoch().count());
  CHECK(store.text("SELECT error_kind FROM polls WHERE outcome = 'failed'") == "timeout");
}

TEST_CASE("ids given in a transaction that was undone are not used again") {
  Fixture store;
  {
    auto transaction = Transaction::begin(*store.database);
    REQUIRE(transaction);
    REQUIRE(store.recorder->store(make_cycle("ghost", 1, noon, {make_row({.name = "a"})})));
  }
  store.recorder->forget();
  store.store(make_cycle("sw1", 1, noon, {make_row({.name = "b"})}));
  store.store(make_cycle("ghost", 1, noon, {make_row({.name = "a"})}));
  CHECK(store.integer("SELECT count(*) FROM samples") == 2);
  CHECK(store.integer("SELECT count(*) FROM pragma_foreign_key_check") == 0);
  CHECK(store.text("SELECT i.name FROM interfaces i JOIN devices d ON d.id = i.device_id WHERE d.name = 'ghost'") ==
        "a");
}

TEST_CASE("poll numbers are found again per device") {
  Fixture store;
  store.store(make_cycle("sw1", 9, noon, {}));
  store.store(make_cycle("sw1", 3, noon, {}));
  store.store(make_cycle("sw2", 1, noon, {}));
  CHECK(read_last_poll_numbers(*store.database).value() ==
        std::map<std::string, std::uint64_t>{{"sw1", 9}, {"sw2", 1}});
}

TEST_CASE("a ping round comes back as it was stored, once") {
  Fixture store;
  PingRound round;
  round.target = "sw1";
  round.is_device = true;
  round.address = "192.0.2.1";
  round.round_number = 3;
  round.started_at = noon;
  round.interval = 60s;
  round.sent = 5;
  round.received = 3;
  round.late = 1;
  round.duplicates = 2;
  round.errors = 4;
  round.slot = 29'497'680;
  round.round_trips = {2ms, 1ms, 4500ns};
  CHECK(store.store(round).rows == 1);
  CHECK(store.store(round).duplicate);

  auto row = store.database->prepare(
      "SELECT t.name, t.is_device, t.address, round, sent, received, late, duplicates, rtt_min_us, rtt_mean_us,"
      " rtt_median_us, rtt_max_us, rtts_us, error, slot, errors, rtt_p5_us, rtt_p95_us, delay_variation_us,"
      " smoothed_jitter_us FROM ping_rounds r JOIN ping_targets t ON t.id = r.target_id");
  REQUIRE(row);
  REQUIRE(row->first().value());
  CHECK(row->text(0) == "sw1");
  CHECK(row->integer(1) == 1);
  CHECK(row->text(2) == "192.0.2.1");
  CHECK(row->integer(3) == 3);
  CHECK(row->integer(4) == 5);
  CHECK(row->integer(5) == 3);
  CHECK(row->integer(6) == 1);
  CHECK(row->integer(7) == 2);
  CHECK(row->real(8) == 4.5);
  CHECK(row->real(9) == Approx(1001.5));
  CHECK(row->real(10) == 1000);
  CHECK(row->real(11) == 2000);
  CHECK(row->text(12) == "[2000.000,1000.000,4.500]");
  CHECK(row->is_null(13));
  CHECK(row->integer(14) == 29'497'680);
  CHECK(row->integer(15) == 4);
  CHECK(row->real(16) == 4.5);
  CHECK(row->real(17) == 2000);
  CHECK(row->real(18) == Approx(997.75));    // (1000 + 995.5) / 2
  CHECK(row->real(19) == Approx(120.8125));  // 62.5 + (995.5 - 62.5) / 16
  CHECK(store.integer("SELECT count(*) FROM ping_rounds") == 1);
}

TEST_CASE("a round without any answer has no round-trip time") {
  Fixture store;
  PingRound round;
  round.target = "nowhere";
  round.started_at = noon;
  round.sent = 2;
  round.error = Error{ErrorKind::unreachable, "nowhere: no route", {}};
  store.store(round);
  CHECK(store.integer("SELECT rtt_min_us IS NULL AND rtt_mean_us IS NULL AND rtts_us = '[]' FROM ping_rounds") == 1);
  CHECK(store.text("SELECT error_kind FROM ping_rounds") == "unreachable");
  CHECK(store.integer("SELECT loss_percent FROM v_ping") == 100);
}

TEST_CASE("the views show people's units") {
  Fixture store;
  store.store(rich_cycle());
  CHECK(store.text("SELECT time FROM v_interface_rates") == "2026-01-31T12:00:01.500Z");
  CHECK(store.integer("SELECT in_percent FROM v_interface_rates") == 100);
  CHECK(store.integer("SELECT in_bps FROM v_interface_rates") == 1'000'000'000);
  CHECK(store.integer("SELECT time_error = 0.05 FROM v_interface_rates") == 1);
  CHECK(store.text("SELECT outcome FROM v_polls") == "partial");
  CHECK(store.integer("SELECT uptime_days FROM v_polls") == 1);
  CHECK(store.text("SELECT oper_status FROM v_interfaces") == "down");
}

TEST_CASE("a flap is kept with the agent's own time") {
  Fixture store;
  DeviceCycle cycle = make_cycle("sw1", 1, noon, {make_row({.name = "a"}), make_row({.name = "b", .if_index = 2})});
  cycle.sys_uptime = TimeTicks(9'000);
  cycle.interfaces[1].flapped_at = TimeTicks(8'765);
  (void)store.store(cycle);
  CHECK(store.integer("SELECT count(*) FROM v_flaps") == 1);
  CHECK(store.text("SELECT device || ' ' || interface || ' ' || flapped_at || ' of ' || sys_uptime FROM v_flaps") ==
        "sw1 b 8765 of 9000");
}

TEST_CASE("what runs on top of what is kept as last read, of interfaces that are kept") {
  Fixture store;
  const auto cycle = [](std::uint64_t number, std::optional<std::vector<StackedInterfaces>> stack) {
    DeviceCycle made = make_cycle(
        "sw1", number, noon + number * 60s,
        {make_row({.name = "lag"}), make_row({.name = "p1", .if_index = 2}), make_row({.name = "p2", .if_index = 3})});
    made.stack = std::move(stack);
    return made;
  };
  const auto pairs = [&store] {
    return store.text(
        "SELECT ifnull(group_concat(pair, ' '), '') FROM (SELECT h.name || '/' || l.name AS pair FROM interface_stack s"
        " JOIN interfaces h ON h.id = s.higher_id JOIN interfaces l ON l.id = s.lower_id ORDER BY pair)");
  };
  (void)store.store(cycle(1, {{{"lag", "p1"}, {"lag", "p2"}, {"lag", "left out"}}}));
  CHECK(pairs() == "lag/p1 lag/p2");
  (void)store.store(cycle(2, std::nullopt));
  CHECK(pairs() == "lag/p1 lag/p2");
  DeviceCycle partial = cycle(3, {{{"lag", "p1"}}});
  partial.outcome = CycleOutcome::partial;
  (void)store.store(partial);
  CHECK(pairs() == "lag/p1 lag/p2");
  (void)store.store(cycle(4, {{{"lag", "p2"}}}));
  CHECK(pairs() == "lag/p2");
  (void)store.store(cycle(5, {std::vector<StackedInterfaces>{}}));
  CHECK(pairs().empty());
}

}  // namespace
}  // namespace octopoll::store
