// Reports of long windows read sums of 5 minutes: they say what the samples say.

#include <sqlite3.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "octopoll/report/errors.hpp"
#include "octopoll/report/totals.hpp"
#include "octopoll/report/utilization.hpp"
#include "octopoll/store/writer.hpp"
#include "store/traffic_bin.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/make_record.hpp"

namespace octopoll::report {
namespace {

using namespace std::chrono_literals;
using test::noon;

void change(const std::filesystem::path& path, const char* sql) {
  sqlite3* raw = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &raw) == SQLITE_OK);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database(raw, sqlite3_close);
  REQUIRE(sqlite3_exec(raw, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
}

/// Two devices for 27 hours, about a cycle a minute: outages, intervals without a rate, speeds that change.
void fill(const std::filesystem::path& path) {
  std::mt19937_64 random(3);
  auto writer = store::Writer::open(path).value();
  for (const char* device : {"sw1", "sw2"}) {
    WallTime now = noon;
    for (std::uint64_t number = 1; now < noon + 27h; ++number) {
      const auto elapsed =
          std::chrono::milliseconds(random() % 100 == 0 ? random() % 1'000'000 : 58'000 + random() % 4000);
      now += elapsed;
      std::vector<InterfaceRecord> rows;
      for (std::uint32_t index = 1; index <= 2; ++index) {
        test::RowSpec spec;
        spec.name = "port" + std::to_string(index);
        spec.if_index = index;
        spec.in_octets = random() % 7'000'000'000;
        spec.out_octets = random() % (1000 * index);
        spec.elapsed = elapsed;
        spec.quality = number == 1 ? Quality::first : random() % 50 == 0 ? Quality::reset : Quality::ok;
        spec.speed_bps = random() % 60 == 0 ? 0 : index == 1 ? 1'000'000'000 : 1'544'000;
        rows.push_back(test::make_row(spec));
      }
      writer->take(test::share(test::make_cycle(device, number, now, std::move(rows))));
    }
  }
}

template <class Make>
auto made_from(const std::filesystem::path& path, Make make) {
  const auto reader = store::Reader::open(path);
  REQUIRE(reader);
  const auto report = make(**reader);
  REQUIRE(report);
  return *report;
}

WallTime newest_poll(const std::filesystem::path& path) {
  const auto devices = store::Reader::open(path).value()->devices().value();
  return std::max_element(devices.begin(), devices.end(),
                          [](const auto& a, const auto& b) { return a.last_poll < b.last_poll; })
      ->last_poll;
}

void check_same(const DirectionUsage& sums, const DirectionUsage& samples) {
  // Of each sample that straddles a border, less than an octet is not where a real number would have it.
  constexpr double octet_a_bin = 8.0 / 300.0;
  REQUIRE(samples.known());
  CHECK(sums.octets == samples.octets);
  CHECK(sums.bps_avg == Approx(*samples.bps_avg).epsilon(1e-12));
  CHECK(sums.bps_max == Approx(*samples.bps_max).epsilon(store::peak_tolerance).margin(1));
  CHECK(sums.bps_p95 == Approx(*samples.bps_p95).epsilon(1e-12).margin(2 * octet_a_bin));
  CHECK(sums.utilization_avg == Approx(*samples.utilization_avg).epsilon(1e-6));
  CHECK(sums.utilization_max == Approx(*samples.utilization_max).epsilon(store::peak_tolerance).margin(1e-6));
  CHECK(sums.utilization_p95 == Approx(*samples.utilization_p95).epsilon(1e-6).margin(1e-6));
  CHECK(sums.valid_share == Approx(*samples.valid_share).epsilon(1e-9));
  CHECK(sums.bins == samples.bins);
}

TEST_CASE("a report of a long window says the same from sums as from samples") {
  const test::TempDir dir;
  const auto path = dir / "x.db";
  fill(path);
  UtilizationQuery query;
  query.step = std::chrono::seconds(GENERATE(300s, 3600s));
  // Past the newest sample, whose bin is not a row yet; from and to borders within; and to now, in the running bin.
  query.window = GENERATE(TimeWindow{noon - 1h, noon + 48h}, TimeWindow{noon + 1h, noon + 26h}, TimeWindow{});
  if (query.window.until == WallTime{}) query.window = {noon - 1h, newest_poll(path) + 1s};
  query.order = UtilizationOrder::name;
  TotalsQuery totals_query;
  totals_query.window = query.window;
  totals_query.step = query.step;
  const auto usage_of = [&](store::Reader& reader) {
    REQUIRE(reader.prefers_sums(query.window.since, query.window.until, query.step) == true);
    return make_utilization(reader, query);
  };
  const auto sums = made_from(path, usage_of);
  const auto sums_totals = made_from(path, [&](store::Reader& reader) { return make_totals(reader, totals_query); });
  // With samples that are in no sum yet, reports read samples.
  change(path, "INSERT INTO rollup_backlog VALUES (1, 1)");
  const auto samples = made_from(path, [&](store::Reader& reader) { return make_utilization(reader, query); });
  const auto samples_totals = made_from(path, [&](store::Reader& reader) { return make_totals(reader, totals_query); });

  REQUIRE(samples.interfaces.size() == 4);
  REQUIRE(sums.interfaces.size() == 4);
  // A window that cuts deltas shares them in real numbers from samples, in whole octets from sums.
  const bool cut = query.window.since > noon;
  for (std::size_t each = 0; each < 4; ++each) {
    CHECK(sums.interfaces[each].interface == samples.interfaces[each].interface);
    if (cut) {
      CHECK(*sums.interfaces[each].in.octets - *samples.interfaces[each].in.octets + 2 <= 4);
      CHECK(sums.interfaces[each].in.bps_p95 == Approx(*samples.interfaces[each].in.bps_p95).epsilon(1e-9));
      continue;
    }
    check_same(sums.interfaces[each].in, samples.interfaces[each].in);
    check_same(sums.interfaces[each].out, samples.interfaces[each].out);
  }
  REQUIRE(sums_totals.devices.size() == 2);
  for (std::size_t each = 0; each < 2; ++each) {
    CHECK(sums_totals.devices[each].device == samples_totals.devices[each].device);
    CHECK(sums_totals.devices[each].in.bps_p95 == Approx(*samples_totals.devices[each].in.bps_p95).epsilon(1e-9));
    CHECK(sums_totals.devices[each].in.bins == samples_totals.devices[each].in.bins);
  }
}

TEST_CASE("where the samples of a window are gone its sums are read, whatever the step") {
  const test::TempDir dir;
  const auto path = dir / "x.db";
  fill(path);
  UtilizationQuery query;
  query.window = {noon, noon + 24h};
  const auto before = made_from(path, [&](store::Reader& reader) {
    CHECK(reader.prefers_sums(query.window.since, query.window.until, query.step) == false);
    return make_utilization(reader, query);
  });
  const std::string gone = std::to_string((noon + 25h).time_since_epoch().count());
  change(path, ("DELETE FROM sample_rows WHERE id >> 24 IN (SELECT id FROM polls WHERE started_at < " + gone +
                "); INSERT INTO kept_from VALUES ('samples', " + gone + ", 1)")
                   .c_str());
  const auto after = made_from(path, [&](store::Reader& reader) { return make_utilization(reader, query); });
  REQUIRE(after.interfaces.size() == before.interfaces.size());
  CHECK(after.interfaces[0].in.bps_p95 == Approx(*before.interfaces[0].in.bps_p95).epsilon(1e-9));

  query.step = 420s;  // not made of bins of 5 minutes: each is as if its average had been all the time
  const auto odd = made_from(path, [&](store::Reader& reader) { return make_utilization(reader, query); });
  CHECK(odd.interfaces[0].in.octets == after.interfaces[0].in.octets);
}

TEST_CASE("where the samples of a window are gone errors are those of the sums, and what these lack is not told") {
  const test::TempDir dir;
  const auto path = dir / "x.db";
  fill(path);
  ErrorsQuery query;
  query.window = {noon, noon + 26h};
  const auto make = [&](store::Reader& reader) { return make_errors(reader, query); };
  const auto before = made_from(path, make);
  CHECK_FALSE(before.by_sums);  // samples say more
  const std::string gone = std::to_string((noon + 25h).time_since_epoch().count());
  change(path, ("DELETE FROM sample_rows WHERE id >> 24 IN (SELECT id FROM polls WHERE started_at < " + gone +
                "); INSERT INTO kept_from VALUES ('samples', " + gone + ", 1)")
                   .c_str());
  const auto after = made_from(path, make);
  CHECK(after.by_sums);
  REQUIRE(before.interfaces.size() == 4);
  REQUIRE(after.interfaces.size() == 4);
  for (const InterfaceErrors& was : before.interfaces) {
    const auto found = std::find_if(after.interfaces.begin(), after.interfaces.end(), [&was](const auto& each) {
      return each.device == was.device && each.interface == was.interface;
    });
    REQUIRE(found != after.interfaces.end());
    for (const auto direction : {&InterfaceErrors::in, &InterfaceErrors::out}) {
      const DirectionErrors& sum = (*found).*direction;
      const DirectionErrors& sample = was.*direction;
      // The last delta is cut by the window: in whole packets from sums.
      CHECK(*sum.packets - *sample.packets + 3 <= 6);
      CHECK(*sum.errors.packets - *sample.errors.packets + 1 <= 2);
      CHECK(*sum.discards.packets - *sample.discards.packets + 1 <= 2);
      CHECK(*sum.errors.ratio == Approx(*sample.errors.ratio).epsilon(0.01));
      CHECK(*sum.errors.per_second == Approx(*sample.errors.per_second).epsilon(0.01));
      CHECK(sum.errors.valid_share == Approx(sample.errors.valid_share.value()).epsilon(1e-3));
    }
    CHECK(found->health == was.health);
    CHECK(was.flaps == 0U);
    CHECK_FALSE(found->flaps);
    CHECK(was.unknown_protocols.packets == 0U);
    CHECK_FALSE(found->unknown_protocols.packets);
  }
  const Table table = errors_for_people(after);
  CHECK(std::any_of(table.notes.begin(), table.notes.end(),
                    [](const std::string& note) { return note.find("neither flaps") != std::string::npos; }));
  CHECK(errors_json(after, path)["from"] == "sums of 5 minutes");
  CHECK(errors_json(after, path)["interfaces"][0]["flaps"].is_null());
  CHECK(errors_json(before, path)["from"] == "samples");
}

}  // namespace
}  // namespace octopoll::report
