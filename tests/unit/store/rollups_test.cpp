#include "store/rollups.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "make_record.hpp"
#include "octopoll/store/rate_histogram.hpp"
#include "octopoll/store/reader.hpp"
#include "store/open.hpp"
#include "store/recorder.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
using test::make_cycle;
using test::make_row;
using test::noon;

/// A store that is written cycle by cycle, each in a transaction of its own.
class Store {
 public:
  Store() { open(); }

  /// As a restart does, after kill -9.
  void restart() {
    recorder_.reset();
    database_.reset();
    open();
  }
  void store(const DeviceCycle& cycle, bool commits = true) {
    auto transaction = Transaction::begin(*database_);
    REQUIRE(transaction);
    REQUIRE(recorder_->store(cycle));
    REQUIRE(recorder_->tend());
    if (!commits) {
      recorder_->forget();
      return;
    }
    REQUIRE(transaction->commit());
  }
  /// Cycles of another device until all that was open is settled and summed up.
  void finish(WallTime from) {
    for (int step = 0; step < 120; ++step) {
      DeviceCycle cycle = make_cycle("clock", ++ticks_, from + step * 20min, {});
      cycle.outcome = CycleOutcome::failed;
      store(cycle);
    }
    CHECK(integer("SELECT count(*) FROM rollups_due") == 0);
  }
  std::int64_t integer(const std::string& sql) {
    const auto answer = database_->integer(sql);
    if (!answer) FAIL(answer.error().text());
    return *answer;
  }
  Database& database() { return *database_; }
  [[nodiscard]] std::filesystem::path path() const { return dir_ / "x.db"; }

 private:
  void open() {
    auto database = open_for_writing(path());
    REQUIRE(database);
    database_.emplace(std::move(*database));
    auto recorder = Recorder::create(*database_);
    if (!recorder) FAIL(recorder.error().text());
    recorder_.emplace(std::move(*recorder));
  }
  test::TempDir dir_;
  std::optional<Database> database_;
  std::optional<Recorder> recorder_;
  std::uint64_t ticks_ = 0;
};

using Key = std::tuple<std::int64_t, std::int64_t>;  // bin, interface

/// Sums of 5 minutes as anybody would reckon them: each sample of the file, each bin that it reaches into.
std::map<Key, TrafficBin> reckoned(Database& database) {
  std::map<Key, TrafficBin> bins;
  auto statement = database.prepare(std::string(kept_traffic_sql));
  REQUIRE(statement);
  for (;;) {
    const auto row = statement->next();
    REQUIRE(row);
    if (!*row) return bins;
    const KeptTraffic kept = read_kept_traffic(*statement);
    for (auto bin = kept.sample.first_bin(); bin <= kept.sample.last_bin(); ++bin) {
      TrafficBin one;
      one.add(share_of(kept.sample, bin));
      if (!one.empty()) bins[{bin, kept.interface_id}].add(one);
    }
  }
}

std::map<Key, TrafficBin> stored(Database& database, const TrafficLevel& level) {
  std::map<Key, TrafficBin> bins;
  auto statement = database.prepare("SELECT " + std::string(traffic_columns) + " FROM " + std::string(level.table));
  REQUIRE(statement);
  for (;;) {
    const auto row = statement->next();
    REQUIRE(row);
    if (!*row) return bins;
    const std::int64_t id = statement->integer(0);
    bins[{id >> 24, id & 0xFFFFFF}] = read_traffic(*statement, level);
  }
}

/// `rows`: of 5 minutes that each is made of. What comes late is rounded to a ms each time, the rest once.
void check_same(const std::map<Key, TrafficBin>& made, const std::map<Key, TrafficBin>& expected, int rows = 1) {
  constexpr int times = 20;  // a clock that is set back brings many
  const std::int64_t most_apart = times * rows * covered_step_us / 2;
  REQUIRE(made.size() == expected.size());
  for (const auto& [key, right] : expected) {
    const auto found = made.find(key);
    REQUIRE(found != made.end());
    for (std::size_t way = 0; way < 2; ++way) {
      const auto& a = found->second.directions[way];
      const auto& b = right.directions[way];
      REQUIRE(a.octets == b.octets);
      REQUIRE(std::abs(a.covered_us - b.covered_us) <= most_apart);
      REQUIRE(a.packets == b.packets);
      REQUIRE(a.errors == b.errors);
      REQUIRE(a.discards == b.discards);
      if (b.covered_us > 0) {
        REQUIRE(a.bps_max == Approx(b.bps_max).epsilon(peak_tolerance).margin(2));
        REQUIRE(a.bps_min == Approx(b.bps_min).epsilon(peak_tolerance).margin(2));
      }
      const auto share = found->second.utilization(way);
      REQUIRE(share.has_value() == right.utilization(way).has_value());
      if (!share) continue;
      REQUIRE(std::abs(share->covered_us - right.utilization(way)->covered_us) <= most_apart);
      REQUIRE(share->share_us == Approx(right.utilization(way)->share_us).epsilon(1e-9));
    }
  }
}

/// Hours of 5 minutes, or days of hours.
std::map<Key, TrafficBin> gathered(const std::map<Key, TrafficBin>& parts, std::int64_t in_each) {
  std::map<Key, TrafficBin> sums;
  for (const auto& [key, part] : parts) sums[{std::get<0>(key) / in_each, std::get<1>(key)}].add(part);
  return sums;
}

/// The peaks and the time of hours and days are those of their parts, without another rounding.
void check_exactly_gathered(const std::map<Key, TrafficBin>& sums, const std::map<Key, TrafficBin>& parts,
                            std::int64_t in_each) {
  const auto expected = gathered(parts, in_each);
  REQUIRE(sums.size() == expected.size());
  for (const auto& [key, right] : expected) {
    for (std::size_t way = 0; way < 2; ++way) {
      const auto& a = sums.at(key).directions[way];
      const auto& b = right.directions[way];
      REQUIRE(a.covered_us == b.covered_us);
      if (b.covered_us <= 0) continue;
      REQUIRE(a.bps_max == b.bps_max);
      REQUIRE(a.bps_min == b.bps_min);
    }
  }
}

test::RowSpec row(std::string name, std::uint32_t index, std::uint64_t octets, std::chrono::nanoseconds elapsed = 60s) {
  test::RowSpec spec;
  spec.name = std::move(name);
  spec.if_index = index;
  spec.in_octets = octets;
  spec.out_octets = octets / 3;
  spec.elapsed = elapsed;
  return spec;
}

TEST_CASE("five minutes of a device become one row an interface when the next five begin") {
  Store store;
  for (std::uint64_t minute = 1; minute <= 5; ++minute) {
    store.store(make_cycle("sw1", minute, noon + minute * 1min, {make_row(row("a", 1, 750'000'000 * minute))}));
  }
  CHECK(store.integer("SELECT count(*) FROM traffic_5m") == 0);
  store.store(make_cycle("sw1", 6, noon + 6min, {make_row(row("a", 1, 1))}));
  CHECK(store.integer("SELECT count(*) FROM traffic_5m") == 1);
  CHECK(store.integer("SELECT in_octets FROM traffic_5m") == 750'000'000LL * 15);
  CHECK(store.integer("SELECT in_missing_us + out_missing_us FROM traffic_5m") == 0);
  // The next ones of 20 bits: multiples of 2^9 and of 2^7.
  CHECK(store.integer("SELECT in_bps_max FROM traffic_5m") == 500'000'256);
  CHECK(store.integer("SELECT in_bps_min FROM traffic_5m") == 100'000'000);
  CHECK(store.integer("SELECT speed_mbps FROM traffic_5m") == 1000);
  CHECK(store.integer("SELECT in_errors FROM traffic_5m") == 5);
  CHECK(store.integer("SELECT in_packets FROM traffic_5m") == 15);
  CHECK(store.integer("SELECT in_percent * 1000 FROM v_utilization_5m WHERE interface = 'a'") == 30'000);
  CHECK(store.integer("SELECT in_percent_max * 1000 FROM v_utilization_5m WHERE device = 'sw1'") == 50'000);
  CHECK(store.integer("SELECT time = '2026-01-31T12:00:00Z' FROM v_utilization_5m") == 1);
}

TEST_CASE("an interface without a rate has no octets, which is not 0") {
  Store store;
  test::RowSpec unknown = row("a", 1, 0);
  unknown.quality = Quality::ambiguous;
  InterfaceRecord half = make_row(unknown);
  half.deltas.set(Counter::in_errors, {4, Quality::ok, {}});
  store.store(make_cycle("sw1", 1, noon + 1min, {half, make_row({.name = "b", .quality = Quality::first})}));
  store.store(make_cycle("sw1", 2, noon + 6min, {}));
  CHECK(store.integer("SELECT count(*) FROM traffic_5m") == 1);
  CHECK(store.integer("SELECT in_octets IS NULL AND in_bps_max IS NULL AND in_errors = 4 FROM traffic_5m") == 1);
  CHECK(store.integer("SELECT in_missing_us FROM traffic_5m") == 300'000'000);
  CHECK(store.integer("SELECT in_bps IS NULL AND in_percent IS NULL FROM v_utilization_5m") == 1);
}

TEST_CASE("a restart goes on with the bins that were open") {
  Store store;
  store.store(make_cycle("sw1", 1, noon + 30s, {make_row(row("a", 1, 600)), make_row(row("b", 2, 60))}));
  store.restart();
  store.store(make_cycle("sw1", 2, noon + 90s, {make_row(row("a", 1, 600))}));
  store.restart();
  store.store(make_cycle("sw1", 3, noon + 310s, {make_row(row("a", 1, 6000))}));
  auto closed = reckoned(store.database());
  CHECK(closed.erase({bin_of((noon + 5min).time_since_epoch() / 1us), 1}) == 1);
  check_same(stored(store.database(), traffic_levels[0]), closed);
  store.finish(noon + 3h);
  check_same(stored(store.database(), traffic_levels[0]), reckoned(store.database()));
}

TEST_CASE("what had no room in an open bin is counted once, by the writer and by reports") {
  Store store;
  std::int64_t octets = 0;
  std::uint64_t errors = 0;
  for (std::uint64_t minute = 1; minute <= 3; ++minute) {
    InterfaceRecord record = make_row(row("a", 1, 1000 * minute));
    record.deltas.set_value(Counter::in_errors, 3'000'000'000);  // 32 bits hold one of them
    octets += static_cast<std::int64_t>(1000 * minute);
    errors += 3'000'000'000;
    store.store(make_cycle("sw1", minute, noon + minute * 1min, {record}));
  }
  CHECK(store.integer("SELECT in_octets FROM traffic_5m") == 3000);  // of the first two: the third is open
  const auto read = [&] {
    auto reader = Reader::open(store.path());
    REQUIRE(reader);
    TrafficBin sum;
    REQUIRE((*reader)->for_each_traffic({1, 1, 1, noon, noon + 1h}, [&sum](const StoredTraffic& one) {
      sum.directions[0].octets += one.in.octets;
      sum.directions[0].covered_us += one.in.covered / 1us;
    }));
    return sum.directions[0];
  };
  CHECK(read().octets == 6000);
  CHECK(read().covered_us == 180'000'000);
  store.restart();
  store.finish(noon + 3h);
  CHECK(store.integer("SELECT sum(in_octets) FROM traffic_5m") == octets);
  CHECK(store.integer("SELECT sum(in_errors) FROM traffic_5m") == static_cast<std::int64_t>(errors));
  CHECK(read().octets == 6000);
}

TEST_CASE("a transaction that failed takes its sums with it") {
  Store store;
  store.store(make_cycle("sw1", 1, noon + 60s, {make_row(row("a", 1, 600))}));
  store.store(make_cycle("sw1", 2, noon + 120s, {make_row(row("a", 1, 700))}), false);
  store.store(make_cycle("sw1", 2, noon + 310s, {make_row(row("a", 1, 700))}), false);
  store.store(make_cycle("sw1", 2, noon + 120s, {make_row(row("a", 1, 700))}));
  store.finish(noon + 3h);
  CHECK(store.integer("SELECT sum(in_octets) FROM traffic_5m") == 1300);
  CHECK(store.integer("SELECT in_octets FROM traffic_1h") == 1300);
  CHECK(store.integer("SELECT in_octets FROM traffic_1d") == 1300);
}

TEST_CASE("a cycle that is stored again is in no sum again") {
  Store store;
  const DeviceCycle cycle = make_cycle("sw1", 1, noon + 60s, {make_row(row("a", 1, 600))});
  store.store(cycle);
  store.store(cycle);
  store.restart();
  store.store(cycle);
  store.finish(noon + 3h);
  CHECK(store.integer("SELECT sum(in_octets) FROM traffic_1d") == 600);
}

TEST_CASE("a cycle that came after a failed one with a higher number is in no sum twice") {
  Store store;
  store.store(make_cycle("sw1", 1, noon + 60s, {make_row(row("a", 1, 600))}));
  DeviceCycle failed = make_cycle("sw1", 3, noon + 180s, {});
  failed.outcome = CycleOutcome::failed;
  store.store(failed);
  store.store(make_cycle("sw1", 2, noon + 120s, {make_row(row("a", 1, 700))}));
  store.restart();
  store.store(make_cycle("sw1", 4, noon + 240s, {make_row(row("a", 1, 800))}));
  store.finish(noon + 3h);
  CHECK(store.integer("SELECT sum(in_octets) FROM traffic_5m") == 2100);
}

TEST_CASE("an hour that was summed is summed again where a delta reaches back into it") {
  Store store;
  store.store(make_cycle("sw1", 1, noon + 60s, {make_row(row("a", 1, 600))}));
  store.finish(noon + 3h);
  CHECK(store.integer("SELECT in_octets FROM traffic_1h") == 600);
  // Silent for four hours, and no restart.
  store.store(make_cycle("sw1", 2, noon + 4h + 60s, {make_row(row("a", 1, 14'400, 4h))}));
  store.finish(noon + 60h);
  CHECK(store.integer("SELECT sum(in_octets) FROM traffic_1h") == 15'000);
  CHECK(store.integer("SELECT sum(in_octets) FROM traffic_1d") == 15'000);
  CHECK(store.integer("SELECT count(*) FROM traffic_5m") == 49);
}

TEST_CASE("what comes late for 5 minutes whose time an older octopoll kept to a microsecond is in their hour") {
  Store store;
  for (const std::uint64_t minute : {1U, 2U, 3U, 4U, 5U, 7U})
    store.store(make_cycle("sw1", minute, noon + minute * 1min, {make_row(row("a", 1, 600))}));
  store.finish(noon + 3h);
  for (const std::string table : {"traffic_5m", "traffic_1h"}) {
    const auto sql =
        "UPDATE " + table + " SET in_missing_us = in_missing_us + 700, out_missing_us = out_missing_us + 700";
    REQUIRE(store.database().execute(sql.c_str()));
  }
  store.store(make_cycle("sw1", 6, noon + 2min, {make_row(row("a", 1, 5, 100us))}));
  store.finish(noon + 15h);
  CHECK(store.integer("SELECT sum(in_octets) FROM traffic_5m") == 6 * 600 + 5);
  CHECK(store.integer("SELECT in_octets FROM traffic_1h") == 6 * 600 + 5);
}

TEST_CASE("the delta of a long outage goes into its bins some at a time, whatever comes between") {
  Store store;
  constexpr std::uint32_t ports = 100;
  const auto cycle = [](std::uint64_t number, WallTime when, std::uint64_t octets, std::chrono::nanoseconds elapsed) {
    std::vector<InterfaceRecord> rows;
    for (std::uint32_t port = 1; port <= ports; ++port)
      rows.push_back(make_row(row("port" + std::to_string(port), port, octets + port, elapsed)));
    return make_cycle("sw1", number, when, std::move(rows));
  };
  const auto bins = [&] { return store.integer("SELECT count(DISTINCT id >> 24) FROM traffic_5m"); };
  const auto sums = [&] {
    auto reader = Reader::open(store.path());
    REQUIRE(reader);
    return (*reader)->prefers_sums(noon - 3 * 24h, noon + 24h, 5min).value();
  };
  store.store(cycle(1, noon - 23h, 0, 60s));
  store.store(cycle(2, noon, 8'640'000'000, 23h));
  CHECK(bins() < 120);
  CHECK_FALSE(sums());  // samples have it all
  CHECK(store.integer("SELECT count(*) FROM traffic_1h") == 0);
  store.restart();
  store.store(cycle(3, noon + 1min, 5, 60s));
  store.store(cycle(3, noon + 1min, 5, 60s));  // a duplicate is a transaction as well
  store.store(cycle(5, noon + 30min, 77, 25min));
  store.store(cycle(4, noon + 25min, 77, 24min), false);
  store.store(cycle(4, noon + 25min, 77, 24min));  // late
  CHECK(store.integer("SELECT count(*) FROM rollups_put_off") == 0);
  CHECK(sums());
  store.finish(noon + 3h);
  const auto raw = reckoned(store.database());
  check_same(stored(store.database(), traffic_levels[0]), raw);
  check_same(stored(store.database(), traffic_levels[1]), gathered(raw, 12), 12);
}

TEST_CASE("samples from before there were sums are summed up while octopoll runs") {
  Store store;
  for (std::uint64_t minute = 1; minute <= 20; ++minute) {
    store.store(make_cycle("sw1", minute, noon + minute * 1min, {make_row(row("a", 1, 1000 * minute))}));
  }
  // As version 6 finds a file of version 5.
  REQUIRE(
      store.database().execute("DELETE FROM traffic_5m; DELETE FROM traffic_times; DELETE FROM rollup_state;"
                               "DELETE FROM rollups_due;"
                               "INSERT INTO rollup_backlog SELECT min(id), max(id) FROM polls"));
  store.restart();
  store.store(make_cycle("sw1", 21, noon + 21min, {make_row(row("a", 1, 5))}));
  store.finish(noon + 3h);
  CHECK(store.integer("SELECT count(*) FROM rollup_backlog") == 0);
  check_same(stored(store.database(), traffic_levels[0]), reckoned(store.database()));
  CHECK(store.integer("SELECT sum(in_octets) FROM traffic_1d") == 210'005);
}

// Cycles of two devices as the worst of days has them: borders, gaps, restarts of octopoll, transactions that failed,
// cycles that came late or twice, clocks set forth and back, interfaces that come and go, speeds that change.
using Counted = std::map<std::tuple<std::int64_t, RateKind, std::uint32_t>, std::uint64_t>;  // interface, bucket

/// Rates of the rows of 5 minutes of a device in a span, as anybody would count them.
Counted counted(const std::map<Key, TrafficBin>& bins, const std::vector<StoredInterface>& interfaces, WallTime begin,
                std::chrono::seconds length) {
  Counted counts;
  const std::int64_t first = begin.time_since_epoch() / bin_length;
  for (const auto& [key, bin] : bins) {
    const auto& [number, id] = key;
    const bool ours = std::any_of(interfaces.begin(), interfaces.end(),
                                  [id = id](const StoredInterface& one) { return one.id == id; });
    if (!ours || number < first || number >= first + length / bin_length) continue;
    for (std::size_t way = 0; way < 2; ++way) {
      const auto& of = bin.directions[way];
      if (of.covered_us <= 0) continue;
      const double bps = static_cast<double>(of.octets) * 8e6 / static_cast<double>(of.covered_us);
      ++counts[{id, way == 0 ? RateKind::in : RateKind::out, rate_bucket(bps)}];
      if (bin.speed != TrafficBin::Speed::changing) continue;
      const auto share = bin.utilization(way);
      if (!share) continue;
      ++counts[{id, way == 0 ? RateKind::in_share : RateKind::out_share,
                rate_bucket(share->share_us / static_cast<double>(share->covered_us) * share_unit)}];
    }
  }
  return counts;
}

/// Each histogram that a reader is given counts the rows of its time.
void check_rates(const std::filesystem::path& path, const std::map<Key, TrafficBin>& bins, WallTime until) {
  const auto reader = Reader::open(path).value();
  const auto devices = reader->devices().value();
  for (const StoredDevice& device : devices) {
    const auto interfaces = reader->interfaces(device.id).value();
    const auto check = [&](const StoredRates& rates) {
      Counted counts;
      REQUIRE(RateUnpacker(rates.packed).for_each([&](std::int64_t id, const RateCount& one) {
        counts[{id, one.kind, one.bucket}] += one.bins;
      }));
      CHECK(counts == counted(bins, interfaces, rates.begin, rates.length));
    };
    REQUIRE(reader->for_each_rates(device.id, noon - 100h, until, RateDetail::whole, check));
  }
}

TEST_CASE("sums of 5 minutes, hours and days are those of the samples, whatever happened") {
  const auto seed = GENERATE(range(1U, 9U));
  std::mt19937_64 random(seed);
  const auto chance = [&random](unsigned one_of) { return random() % one_of == 0; };
  Store store;
  WallTime clock = noon - 3h;
  std::array<std::uint64_t, 2> numbers{0, 0};
  std::optional<DeviceCycle> kept_back;
  for (int cycle = 0; cycle < 160; ++cycle) {
    const std::size_t which = random() % 2;
    clock += std::chrono::milliseconds(chance(20) ? random() % 9'000'000 : random() % 90'000);
    if (chance(40)) clock += chance(2) ? -20min : 20min;
    std::vector<InterfaceRecord> rows;
    for (std::uint32_t index = 1; index <= 4; ++index) {
      if (chance(10)) continue;
      test::RowSpec spec = row("port" + std::to_string(index), index, random() >> (8 + random() % 56));
      spec.elapsed = std::chrono::microseconds(chance(15) ? random() % 20'000'000'000 : random() % 120'000'000) + 1us;
      spec.quality = chance(12) ? Quality::reset : chance(12) ? Quality::wrapped : Quality::ok;
      spec.speed_bps = chance(8) ? 1'544'000 : chance(8) ? 0 : 1'000'000'000;
      InterfaceRecord record = make_row(spec);
      if (makes_rate(spec.quality)) {
        record.deltas.set_value(Counter::in_errors, chance(20) ? 3'000'000'000 : random() % 100);
        record.deltas.set_value(Counter::in_ucast_pkts, random() >> 20);
        if (chance(10)) record.deltas.set_elapsed(Counter::out_octets, spec.elapsed + 10min);
      }
      record.sample.time.received = BootTime(1h) + std::chrono::milliseconds(random() % 3000);
      rows.push_back(std::move(record));
    }
    DeviceCycle made = make_cycle(which == 0 ? "sw1" : "sw2", ++numbers[which], clock, std::move(rows));
    for (InterfaceRecord& record : made.interfaces)
      record.sample.time.received += std::chrono::milliseconds(random() % 3000);
    if (!kept_back && chance(15)) {
      kept_back = std::move(made);
      continue;
    }
    if (chance(10)) store.store(made, false);
    store.store(made);
    if (chance(20)) store.store(made);
    if (kept_back && chance(4)) {
      store.store(*kept_back);
      kept_back.reset();
    }
    if (chance(8)) store.restart();
    if (chance(40)) check_rates(store.path(), stored(store.database(), traffic_levels[0]), clock + 1h);
  }
  store.finish(clock + 30min);
  const auto raw = reckoned(store.database());
  REQUIRE(raw.size() > 100);
  const auto bins = stored(store.database(), traffic_levels[0]);
  check_same(bins, raw);
  const auto hours = stored(store.database(), traffic_levels[1]);
  check_same(hours, gathered(raw, 12), 12);
  check_exactly_gathered(hours, bins, 12);
  check_rates(store.path(), bins, clock + 30min);
  CHECK(store.integer("SELECT count(*) FROM rate_histograms WHERE step_s = 86400") > 0);
  const auto days = stored(store.database(), traffic_levels[2]);
  check_same(days, gathered(raw, 288), 288);
  check_exactly_gathered(days, hours, 24);
  CHECK(store.integer("SELECT count(DISTINCT id >> 24) FROM traffic_5m") ==
        store.integer("SELECT count(*) FROM traffic_times WHERE step_s = 300"));
}

}  // namespace
}  // namespace octopoll::store
