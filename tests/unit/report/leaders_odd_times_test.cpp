// The first ones by a percentile where hours are kept too short, or the clock was set back.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "octopoll/report/utilization.hpp"
#include "store/open.hpp"
#include "store/recorder.hpp"
#include "store/retention.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/make_record.hpp"

namespace octopoll::report {
namespace {

using namespace std::chrono_literals;

constexpr WallTime midnight = test::noon - 12h;

/// One device whose interfaces p1, p2, ... are polled every five minutes.
class Store {
 public:
  Store() {
    auto opened = store::open_for_writing(path());
    REQUIRE(opened);
    database_.emplace(std::move(*opened));
    REQUIRE(database_->execute("PRAGMA synchronous = OFF"));
    auto recorder = store::Recorder::create(*database_);
    REQUIRE(recorder);
    recorder_.emplace(std::move(*recorder));
  }
  [[nodiscard]] std::filesystem::path path() const { return dir_ / "x.db"; }

  void cycle(std::uint64_t number, WallTime at, const std::vector<std::uint64_t>& octets,
             std::chrono::seconds elapsed = 300s) {
    std::vector<InterfaceRecord> rows;
    for (const std::uint64_t each : octets) {
      test::RowSpec row;
      row.if_index = static_cast<std::uint32_t>(rows.size() + 1);
      row.name = fmt::format("p{}", row.if_index);
      row.elapsed = elapsed;
      row.in_octets = each;
      row.out_octets = 0;
      rows.push_back(test::make_row(row));
    }
    execute("BEGIN IMMEDIATE");
    REQUIRE(recorder_->store(test::make_cycle("sw", number, at, std::move(rows))));
    REQUIRE(recorder_->tend());
    execute("COMMIT");
  }
  void prune(const Retention& keep, WallTime now) {
    auto pruner = store::Pruner::create(*database_, keep);
    REQUIRE(pruner);
    for (std::int64_t taken = 1; taken > 0;) {
      execute("BEGIN IMMEDIATE");
      const auto step = pruner->take(now, 10'000);
      REQUIRE(step);
      taken = *step;
      execute("COMMIT");
    }
  }
  void execute(const std::string& sql) { REQUIRE(database_->execute(sql.c_str())); }

  /// The first one is found as reading everything finds it.
  void check(WallTime since, WallTime until) const {
    for (const auto order : {UtilizationOrder::p95, UtilizationOrder::utilization}) {
      UtilizationQuery query;
      query.window = {since, until};
      query.order = order;
      auto all = made(query);
      query.top = 1;
      const auto first = made(query);
      all.interfaces.resize(1);
      all.found = first.found;
      CHECK(utilization_json(first, "x").dump() == utilization_json(all, "x").dump());
    }
  }

 private:
  [[nodiscard]] UtilizationReport made(const UtilizationQuery& query) const {
    const auto reader = store::Reader::open(path());
    REQUIRE(reader);
    auto report = make_utilization(**reader, query);
    REQUIRE(report);
    return std::move(*report);
  }

  test::TempDir dir_;
  std::optional<store::Database> database_;
  std::optional<store::Recorder> recorder_;
};

TEST_CASE("a day is not bounded by the one hour that is left of it") {
  Store store;
  Retention keep;
  keep.hours = 48h;
  keep.five_minutes = 90 * 24h;
  constexpr std::uint64_t a_day = 288;
  constexpr std::uint64_t late = 40;
  // p1 is busy for a day, but for the hour from which a cycle comes late.
  const auto octets = [](std::uint64_t number) -> std::vector<std::uint64_t> {
    const bool busy = number <= a_day && (number <= 36 || number > 48);
    return {busy ? 9'000'000U : 1'000U, 1'000'000U, 500'000U};
  };
  std::uint64_t number = 1;
  for (; number <= 6 * a_day; ++number) {
    const WallTime at = midnight + static_cast<std::int64_t>(number) * 300s;
    if (number != late) store.cycle(number, at, octets(number));
    if (number % (a_day / 2) == 0) store.prune(keep, at);
  }
  store.cycle(late, midnight + static_cast<std::int64_t>(late) * 300s, octets(late));
  for (const std::uint64_t end = number + 24; number < end; ++number)
    store.cycle(number, midnight + static_cast<std::int64_t>(number) * 300s, octets(number));
  store.check(midnight, midnight + 48h);
  store.check(midnight, midnight + 25h);
}

TEST_CASE("five minutes that a clock came back to are counted once") {
  for (const int more : {15, 18, 19, 20}) {  // the place of the percentile moves with each twentieth
    CAPTURE(more);
    Store store;
    const int bins = 12 * 25 + more;
    std::uint64_t number = 0;
    for (int bin = 1; bin <= bins; ++bin) {
      const bool busy = bin > bins - 16;
      store.cycle(++number, midnight + bin * 300s, {busy ? 9'000'000U : 1'000U, 1'000'000U, 500'000U});
    }
    store.cycle(++number, midnight + (bins - 6) * 300s - 100s, {1'000U, 1U, 1U}, 60s);
    // As of hours from before there were histograms: what is not counted is read.
    store.execute(fmt::format("DELETE FROM rate_histograms WHERE begins_at >= {} OR step_s = 86400",
                              (midnight + 20h).time_since_epoch().count()));
    store.check(midnight, midnight + 30h);
    store.check(midnight - 1h, midnight + 40h);
  }
}

}  // namespace
}  // namespace octopoll::report
