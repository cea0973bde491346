#include "store/schema.hpp"

#include <sqlite3.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <sstream>
#include <string>

#include "allocations.hpp"
#include "make_record.hpp"
#include "octopoll/store/care.hpp"
#include "octopoll/store/reader.hpp"
#include "octopoll/store/writer.hpp"
#include "sealed_store.hpp"
#include "store/recorder.hpp"
#include "store/sealer.hpp"
#include "support/heard.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::store {
namespace {

using test::TempDir;

Database created(const std::filesystem::path& path) {
  auto database = Database::open(path, Database::Access::create);
  REQUIRE(database);
  return std::move(*database);
}

// Names and columns of everything in the file, in an order that does not depend on how it came to be.
std::string shape_of(const std::filesystem::path& path) {
  auto database = Database::open(path, Database::Access::read_only);
  REQUIRE(database);
  REQUIRE(database->execute("PRAGMA trusted_schema = 1"));  // interface_latest is made of JSON
  auto statement = database->prepare(
      "SELECT m.type, m.name, coalesce(c.name, ''), coalesce(c.type, ''), coalesce(c.\"notnull\", 0), coalesce(c.pk, 0)"
      " FROM sqlite_master m LEFT JOIN pragma_table_info(m.name) c ORDER BY m.type, m.name, c.name");
  REQUIRE(statement);
  std::ostringstream shape;
  for (;;) {
    const auto row = statement->next();
    REQUIRE(row);
    if (!*row) return shape.str();
    for (int column = 0; column < 6; ++column) shape << statement->text(column) << ' ';
    shape << '\n';
  }
}

constexpr std::array<Migration, 3> three_steps{{
    {1, "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);"},
    {2, "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7;"},
    {3, "CREATE TABLE b AS SELECT x, y FROM a;"},
}};

TEST_CASE("a new file gets all steps, and the mark of the last one") {
  const TempDir dir;
  Database database = created(dir / "x.db");
  REQUIRE(migrate(database, three_steps));
  CHECK(database.integer("PRAGMA user_version").value() == 3);
  CHECK(database.integer("PRAGMA application_id").value() == application_id);
  CHECK(database.integer("SELECT y FROM b").value() == 7);
}

TEST_CASE("an older file gets the steps that it lacks and keeps its rows") {
  const TempDir dir;
  Database database = created(dir / "x.db");
  REQUIRE(migrate(database, std::span(three_steps).first(1)));
  REQUIRE(database.execute("INSERT INTO a VALUES (2)"));
  REQUIRE(migrate(database, three_steps));
  CHECK(database.integer("SELECT count(*) FROM b").value() == 2);
  CHECK(database.integer("SELECT sum(x) FROM b").value() == 3);
  REQUIRE(migrate(database, three_steps));  // nothing left to do: CREATE TABLE b again would fail
}

TEST_CASE("steps that take long say how far they are, and others say nothing") {
  const std::array<Migration, 2> steps{
      {three_steps[0],
       {2,
        "CREATE TABLE many AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
        " SELECT i FROM n;"}}};
  for (const bool slow : {true, false}) {
    const TempDir dir;
    Database database = created(dir / "x.db");
    REQUIRE(migrate(database, std::span(steps).first(1)));
    const test::Heard log;
    REQUIRE(migrate(database, steps, std::chrono::hours(slow ? 0 : 1)));
    CHECK((log.count("x.db is taken from schema version 1 to 2") > 0) == slow);
    CHECK(database.integer("SELECT count(*) FROM many").value() == 100'000);
  }
}

TEST_CASE("a lack of memory where a step says how far it is does not end it") {
  const std::array<Migration, 2> steps{
      {three_steps[0],
       {2,
        "SELECT lack_memory();"
        "CREATE TABLE many AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
        " SELECT i FROM n;"}}};
  const TempDir dir;
  Database database = created(dir / "x.db");
  REQUIRE(migrate(database, std::span(steps).first(1)));
  std::optional<test::Allocations> lacking;
  const auto lack = [](sqlite3_context* context, int, sqlite3_value**) {
    static_cast<std::optional<test::Allocations>*>(sqlite3_user_data(context))->emplace(0);
  };
  REQUIRE(sqlite3_create_function(database.native(), "lack_memory", 0, SQLITE_UTF8, &lacking, lack, nullptr, nullptr) ==
          SQLITE_OK);
  const test::Heard log;
  REQUIRE(migrate(database, steps, std::chrono::hours(0)));
  lacking.reset();
  CHECK(log.count("x.db is taken from schema version 1 to 2") > 0);
  CHECK(database.integer("SELECT count(*) FROM many").value() == 100'000);
}

TEST_CASE("a step that fails leaves the file as it was") {
  const TempDir dir;
  Database database = created(dir / "x.db");
  REQUIRE(migrate(database, std::span(three_steps).first(1)));
  const std::array<Migration, 3> broken{{three_steps[0], three_steps[1], {3, "CREATE TABLE a (x INTEGER);"}}};
  const auto result = migrate(database, broken);
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find("schema version 3") != std::string::npos);
  CHECK(database.integer("PRAGMA user_version").value() == 1);
  CHECK(database.integer("SELECT count(*) FROM pragma_table_info('a')").value() == 1);
  CHECK_FALSE(database.in_transaction());
}

TEST_CASE("a file newer than the steps is refused") {
  const TempDir dir;
  Database database = created(dir / "x.db");
  REQUIRE(migrate(database, three_steps));
  const auto result = migrate(database, std::span(three_steps).first(2));
  REQUIRE_FALSE(result);
  CHECK_FALSE(result.error().remedy.empty());
}

TEST_CASE("the steps of octopoll are numbered without a hole") {
  std::int64_t expected = 1;
  for (const Migration& step : migrations()) CHECK(step.to == expected++);
  CHECK(newest_version() == expected - 1);
}

// All rows and columns that a query gives, NULL included.
std::string answer(Database& database, const std::string& sql) {
  auto statement = database.prepare(sql);
  REQUIRE(statement);
  std::string rows;
  for (;;) {
    const auto row = statement->next();
    REQUIRE(row);
    if (!*row) return rows;
    for (int column = 0; column < statement->columns(); ++column) {
      rows += statement->is_null(column) ? "NULL" : std::string(statement->text(column));
      rows += '|';
    }
    rows += '\n';
  }
}

void create_old(const std::filesystem::path& path, const std::string& version) {
  const std::string sql = test::read_file(OCTOPOLL_TEST_DATA "/store/v" + version + ".sql");
  Database database = created(path);
  REQUIRE(database.execute(sql.c_str()));
  REQUIRE(std::to_string(database.integer("PRAGMA user_version").value()) == version.substr(0, version.find('-')));
}

TEST_CASE("a store of an older version is opened, keeps its rows, and becomes what a new store is") {
  const test::TempDir dir;
  const std::string version = GENERATE("1", "2", "4");
  CAPTURE(version);
  create_old(dir / "old.db", version);
  {
    auto writer = Writer::open(dir / "old.db");
    REQUIRE(writer);
    CHECK((*writer)->last_poll_numbers() == std::map<std::string, std::uint64_t>{{"sw1", 41}});
    (*writer)->take(test::share(test::make_cycle("sw1", 42, test::noon, {test::make_row({"eth0"})})));
    CHECK((*writer)->close().records == 1);
    REQUIRE(Writer::open(dir / "new.db"));
  }
  auto database = Database::open(dir / "old.db", Database::Access::read_only);
  REQUIRE(database);
  CHECK(database->integer("PRAGMA user_version").value() == newest_version());
  CHECK(database->integer("SELECT count(*) FROM samples").value() == 3);
  CHECK(database->text("SELECT sys_descr FROM devices").value() == "Example OS \"7\"");
  CHECK(database->integer("SELECT count(*) FROM interfaces").value() == 2);
  CHECK(answer(*database, "PRAGMA foreign_key_check").empty());
  CHECK(answer(*database, "PRAGMA integrity_check") == "ok|\n");
  CHECK(shape_of(dir / "old.db") == shape_of(dir / "new.db"));
}

TEST_CASE("a store of an older version is checked and copied as it is") {
  const test::TempDir dir;
  const std::string version = GENERATE("1", "2", "4");
  CAPTURE(version);
  create_old(dir / "old.db", version);
  CHECK(check_store(dir / "old.db", false, {}).value().empty());
  REQUIRE(back_up_store(dir / "old.db", dir / "copy.db", {}));
  for (const char* file : {"old.db", "copy.db"}) {
    auto database = Database::open(dir / file, Database::Access::read_only);
    REQUIRE(database);
    CHECK(std::to_string(database->integer("PRAGMA user_version").value()) == version);
    CHECK(database->integer("SELECT count(*) FROM samples").value() == 2);
  }
  const auto report = Reader::open(dir / "copy.db");
  REQUIRE_FALSE(report);
  CHECK(report.error().remedy.find("octopoll db backup") != std::string::npos);
}

TEST_CASE("version 2 says of the rows of version 1 what version 1 said") {
  const test::TempDir dir;
  create_old(dir / "v1.db", "1");
  auto database = Database::open(dir / "v1.db", Database::Access::read_write);
  REQUIRE(database);
  REQUIRE(database->execute("PRAGMA trusted_schema = 1"));
  // What few rows have: an older base line, a speed that is no whole Mbit/s, one direction without, states without a
  // word, a link that changed its speed, and an interface that the newest cycle lacks.
  REQUIRE(database->execute(
      "INSERT INTO interfaces VALUES (3, 1, 'wan', 3, 'wan', NULL, NULL, 23, 1492, '', 2000000, 'override', 2000000,"
      " 256000, 1769860800000);"
      "INSERT INTO samples (poll_id, interface_id, read_after_ms, elapsed_us, time_error, admin_status, oper_status,"
      " in_octets, out_octets, in_quality, out_quality, in_bps, out_bps, in_utilization, out_utilization, in_errors)"
      " VALUES (1, 3, 7, 60000000, 0.05, '42', 'notPresent', 1500000, 0, 'ok', 'ok', 100000.0, 0.0, 0.1, 0.0, 3);"
      "INSERT INTO samples (poll_id, interface_id, read_after_ms, elapsed_us, time_error, in_octets, out_octets,"
      " in_quality, out_quality, in_bps, out_bps, out_utilization, exceptions) VALUES (2, 3, 0, 60000000, 0.0, 1500000,"
      " 60000, 'ok', 'ok', 200000.0, 8000.0, 0.03125, 'in_errors=reset out_errors=wrapped');"
      "INSERT INTO samples (poll_id, interface_id, read_after_ms, elapsed_us, time_error, oper_status, in_quality,"
      " out_quality, out_octets) VALUES (1, 2, 123, 60000000, 0.0, '-3', 'gap', 'ambiguous', 77);"
      "INSERT INTO interface_latest (interface_id, poll_id, read_at, oper_status, last_change, in_octets, in_discards,"
      " counters_32) VALUES (2, 1, 1769860800123, '-3', 4294967295, 9223372036854775807, 5, 'in_octets in_discards');"
      "INSERT INTO interface_latest (interface_id, poll_id, read_at) VALUES (3, 2, 1769860860000);"
      "UPDATE samples SET in_ucast_pkts = 1073741822, out_ucast_pkts = 5, in_multicast_pkts = 1073741823,"
      " out_broadcast_pkts = 3, in_errors = 32766, in_discards = 4 WHERE interface_id = 1;"
      "UPDATE samples SET out_multicast_pkts = 4611686018427387904, in_broadcast_pkts = 0, out_broadcast_pkts = 0,"
      " in_errors = 1, out_errors = 2, in_discards = 3, out_discards = 32767 WHERE interface_id = 3;"));
  const std::string samples =
      "SELECT poll_id, interface_id, read_after_ms, elapsed_us, time_error, admin_status, oper_status, in_octets,"
      " out_octets, in_quality, out_quality, in_bps, out_bps, in_utilization, out_utilization, in_errors, out_errors,"
      " exceptions, in_ucast_pkts, out_ucast_pkts, in_multicast_pkts, out_multicast_pkts, in_broadcast_pkts,"
      " out_broadcast_pkts, in_discards, out_discards FROM samples ORDER BY poll_id, interface_id";
  const std::string latest =
      "SELECT interface_id, poll_id, read_at, sys_uptime, admin_status, oper_status, last_change, discontinuity_time,"
      " in_octets, out_octets, in_ucast_pkts, in_discards, counters_32 FROM interface_latest ORDER BY interface_id";
  const std::string rates = "SELECT * FROM v_interface_rates ORDER BY poll_number, interface";
  const std::string interfaces = "SELECT * FROM v_interfaces ORDER BY interface";
  const auto said = [&](const std::string& last_seen) {
    std::string all;
    for (const std::string& sql : {samples, latest, rates, interfaces, last_seen}) all += answer(*database, sql);
    return all;
  };
  const std::string before = said("SELECT name, last_seen FROM devices");
  REQUIRE(migrate(*database, migrations().first(2)));
  CHECK(said("SELECT name, last_seen FROM devices JOIN device_latest ON device_id = id") == before);
  CHECK(answer(*database, "PRAGMA foreign_key_check").empty());
}

TEST_CASE("version 3 keeps the rounds of version 2, whose round trips say it all") {
  const test::TempDir dir;
  create_old(dir / "v2.db", "2-pings");
  auto database = Database::open(dir / "v2.db", Database::Access::read_write);
  REQUIRE(database);
  const std::string kept =
      "SELECT id, target_id, round, started_at, interval_ms, sent, received, duplicates, late, rtt_min_us, rtt_mean_us,"
      " rtt_median_us, rtt_max_us, rtt_deviation_us, rtts_us, error_kind, error FROM ping_rounds";
  const std::string before = answer(*database, kept);
  REQUIRE(before.size() > 1000);
  REQUIRE(migrate(*database, migrations().first(3)));
  CHECK(answer(*database, kept) == before);
  CHECK(answer(*database,
               "SELECT DISTINCT slot, errors, rtt_p5_us, rtt_p95_us, delay_variation_us, smoothed_jitter_us"
               " FROM ping_rounds") == "NULL|0|NULL|NULL|NULL|NULL|\n");
  const std::string rounds = answer(*database, "SELECT count(*) FROM ping_rounds");
  CHECK(answer(*database, "SELECT count(*) FROM v_ping") == rounds);

  REQUIRE(migrate(*database, migrations()));
  auto reader = Reader::open(dir / "v2.db");
  REQUIRE(reader);
  std::size_t round_trips = 0;
  const auto targets = (*reader)->ping_targets();
  REQUIRE(targets);
  for (const StoredTarget& target : *targets) {
    REQUIRE((*reader)->for_each_round(target.id, WallTime{}, wall_now(), [&round_trips](const StoredRound& round) {
      CHECK(round.round_trips.size() == round.received);
      round_trips += round.round_trips.size();
    }));
  }
  CHECK(std::to_string(round_trips) + "|\n" == answer(*database, "SELECT sum(received) FROM ping_rounds"));
}

TEST_CASE("a store of version 4 says what it said, and nothing of unknown protocols") {
  const test::TempDir dir;
  create_old(dir / "v4.db", "4");
  auto database = Database::open(dir / "v4.db", Database::Access::read_write);
  REQUIRE(database);
  REQUIRE(database->execute("PRAGMA trusted_schema = 1"));
  const std::string columns =
      "poll_id, interface_id, read_after_ms, elapsed_us, time_error, admin_status, oper_status,"
      " in_octets, out_octets, in_quality, out_quality, in_bps, out_bps, in_utilization,"
      " out_utilization, in_errors, out_errors, in_discards, out_discards, exceptions";
  const auto said = [&] {
    return answer(*database, "SELECT " + columns + " FROM samples ORDER BY poll_id, interface_id") +
           answer(*database, "SELECT * FROM v_interfaces ORDER BY interface") +
           answer(*database, "SELECT * FROM v_flaps") +
           answer(*database, "SELECT interface_id, in_octets, counters_32 FROM interface_latest");
  };
  const std::string before = said();
  REQUIRE(before.size() > 300);
  REQUIRE(migrate(*database, migrations()));
  CHECK(said() == before);
  CHECK(answer(*database, "SELECT DISTINCT in_unknown_protos FROM samples") == "NULL|\n");
  CHECK(answer(*database, "SELECT DISTINCT in_unknown_protos FROM interface_latest") == "NULL|\n");
}

TEST_CASE("samples of an older store are sealed once they are in the sums, and say what they said") {
  const test::TempDir dir;
  const std::string version = GENERATE("1", "2", "4");
  CAPTURE(version);
  create_old(dir / "old.db", version);
  const auto said = [&dir] {
    Database database = test::united(dir / "old.db");
    return test::dump(database, "SELECT * FROM samples ORDER BY poll_id, interface_id") +
           test::dump(database, "SELECT * FROM v_interface_rates ORDER BY poll_number, interface") +
           test::dump(database, "SELECT * FROM v_interfaces ORDER BY interface") +
           test::dump(database, "SELECT * FROM v_flaps");
  };
  auto database = open_for_writing(dir / "old.db");
  REQUIRE(database);
  const std::string before = said();
  auto sealer = Sealer::create(*database, 0);
  auto recorder = Recorder::create(*database);
  REQUIRE(sealer);
  REQUIRE(recorder);
  CHECK(sealer->seal(test::noon + 9 * std::chrono::days(1), 1000).value() == 0);  // they are in no sum yet
  REQUIRE(recorder->tend());
  REQUIRE(database->integer("SELECT count(*) FROM rollup_backlog").value() == 0);
  CHECK(sealer->seal(test::noon + 9 * std::chrono::days(1), 1000).value() > 0);
  CHECK(database->integer("SELECT count(*) FROM sealed_rows WHERE level = 0").value() > 0);
  CHECK(said() == before);
}

TEST_CASE("v_devices says how a device can be reached") {
  const test::TempDir dir;
  auto writer = Writer::open(dir / "x.db");
  REQUIRE(writer);
  // ICMP: y answered, n silent, 0 nothing sent, o long ago, - never. SNMP: y, n, p stopped before it was asked, -
  // never.
  const auto device = [&](const std::string& icmp, const std::string& snmp, std::uint64_t number = 1) {
    const std::string name = icmp + snmp;
    if (snmp != "-") {
      DeviceCycle cycle = test::make_cycle(name, number, test::noon + number * std::chrono::minutes(1), {});
      if (snmp != "y") {
        cycle.outcome = CycleOutcome::failed;
        cycle.error = Error{snmp == "p" ? ErrorKind::partial : ErrorKind::timeout, "no answer", {}};
      }
      (*writer)->take(test::share(std::move(cycle)));
    }
    if (icmp == "-") return;
    PingRound round;
    round.target = name;
    round.is_device = true;
    round.started_at = test::noon + (number - 1) * std::chrono::minutes(1);
    if (icmp == "o") round.started_at -= std::chrono::hours(1);
    round.interval = std::chrono::minutes(1);
    round.sent = icmp == "0" ? 0 : 2;
    if (icmp == "y" || icmp == "o") {
      round.received = 1;
      round.round_trips = {std::chrono::milliseconds(1)};
    }
    (*writer)->take(test::share(std::move(round)));
  };
  for (const char* icmp : {"y", "n", "0", "o", "-"}) {
    for (const char* snmp : {"y", "n", "p"}) device(icmp, snmp);
  }
  REQUIRE((*writer)->close().dropped == 0);
  auto database = Database::open(dir / "x.db", Database::Access::read_only);
  REQUIRE(database);
  CHECK(answer(*database, "SELECT device, state, icmp, snmp FROM v_devices ORDER BY device") ==
        "-n|down|NULL|0|\n-p|unknown|NULL|NULL|\n-y|up|NULL|1|\n"
        "0n|down|NULL|0|\n0p|unknown|NULL|NULL|\n0y|up|NULL|1|\n"
        "nn|down|0|0|\nnp|down|0|NULL|\nny|snmp_only|0|1|\n"
        "on|down|NULL|0|\nop|unknown|NULL|NULL|\noy|up|NULL|1|\n"
        "yn|icmp_only|1|0|\nyp|up|1|NULL|\nyy|up|1|1|\n");
}

}  // namespace
}  // namespace octopoll::store
