#include "store/sealer.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "make_record.hpp"
#include "octopoll/store/care.hpp"
#include "octopoll/store/reader.hpp"
#include "sealed_store.hpp"
#include "store/cycle_rows.hpp"
#include "store/recorder.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
using test::noon;

constexpr std::int64_t many = 100'000'000;

std::int64_t unix_ms(WallTime time) { return time.time_since_epoch().count(); }

/// A store that a test writes to by hand.
class Store {
 public:
  Store() : database_(opened(dir_ / "x.db")), sealer_(made(database_)) {}

  void run(const std::string& sql) {
    if (auto done = database_.execute(sql.c_str()); !done) FAIL(sql << ": " << done.error().text());
  }
  std::int64_t integer(const std::string& sql) {
    const auto answer = database_.integer(sql);
    if (!answer) FAIL(sql << ": " << answer.error().text());
    return *answer;
  }
  std::int64_t seal(WallTime now, std::int64_t rows = many) {
    run("BEGIN IMMEDIATE");
    const auto sealed = sealer_.seal(now, rows);
    if (!sealed) FAIL(sealed.error().text());
    run("COMMIT");
    return *sealed;
  }
  Database& database() { return database_; }
  Sealer& sealer() { return sealer_; }
  [[nodiscard]] std::filesystem::path path() const { return dir_ / "x.db"; }

 private:
  static Database opened(const std::filesystem::path& path) {
    auto database = open_for_writing(path);
    if (!database) FAIL(database.error().text());
    return std::move(*database);
  }
  static Sealer made(Database& database) {
    auto sealer = Sealer::create(database);
    if (!sealer) FAIL(sealer.error().text());
    return std::move(*sealer);
  }

  test::TempDir dir_;
  Database database_;
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
  for (const unsigned seed : {1U, 2U, 3U}) {
    Store store;
    test::RandomRows random(seed);
    fill(store, random, 400);
    fill_sums(store, random, sealed_levels[1], 400);
    fill_sums(store, random, sealed_levels[2], 400);
    const auto before = answers(store.database());
    const WallTime later = noon + 400 * 24h;
    // Not at once: blocks grow by parts of their span, and what is sealed lies beside what is not.
    std::int64_t sealed = 0;
    for (WallTime now = noon; now < later; now += 50h) {
      sealed += store.seal(now);
      if (now > noon + 12 * 24h) now += 20 * 24h;
      auto database = test::united(store.path());
      const auto after = answers(database);
      for (std::size_t each = 0; each < before.size(); ++each) {
        INFO(questions()[each]);
        REQUIRE((after[each] == before[each]));
      }
    }
    CHECK(sealed > 3000);
    // A clock that was set back leaves some behind.
    CHECK(store.integer("SELECT count(*) FROM sample_rows") < sealed / 4);
    CHECK(store.integer("SELECT count(*) FROM traffic_5m") == 0);
    CHECK(store.integer("SELECT count(*) FROM traffic_1h") == 0);
    CHECK(store.integer("SELECT sum(row_count) FROM sealed_rows") == sealed);
    CHECK(store.seal(later) == 0);
    CHECK(test::dump(store.database(), "PRAGMA integrity_check") == "'ok'|\n");
  }
}

}  // namespace
}  // namespace octopoll::store
