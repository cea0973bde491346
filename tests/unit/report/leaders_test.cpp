// The first ones by a percentile, found by histograms of rates, are those that reading everything finds.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "octopoll/report/utilization.hpp"
#include "store/open.hpp"
#include "store/recorder.hpp"
#include "store/retention.hpp"
#include "store/sealer.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/make_record.hpp"

namespace octopoll::report {
namespace {

using namespace std::chrono_literals;

constexpr WallTime midnight = test::noon - 12h;

/// A store that several devices wrote for days, a cycle every four to nine minutes: outages, speeds that change, differ
/// or are not known, intervals without a rate, interfaces without counters, with less than a day, or with nothing to
/// do, cycles that come late, and a device that ended.
class History {
 public:
  explicit History(unsigned seed, std::chrono::hours length) : random_(seed) {
    auto opened = store::open_for_writing(path());
    REQUIRE(opened);
    database_.emplace(std::move(*opened));
    REQUIRE(database_->execute("PRAGMA synchronous = OFF"));
    auto recorder = store::Recorder::create(*database_);
    auto sealer = store::Sealer::create(*database_, 0);
    REQUIRE(recorder);
    REQUIRE(sealer);
    std::vector<WallTime> next(devices, midnight);
    std::vector<std::uint64_t> numbers(devices, 0);
    std::optional<DeviceCycle> late;
    WallTime now = midnight;
    for (; now < midnight + length; now += 10min) {
      REQUIRE(database_->execute("BEGIN IMMEDIATE"));
      for (std::size_t device = 0; device < devices; ++device) {
        if (device == 2 && now > midnight + length / 2) continue;
        for (; next[device] < now + 10min; next[device] += gap(device)) {
          DeviceCycle cycle = made(device, ++numbers[device], next[device]);
          if (below(400) == 0 && !late) {
            late.emplace(std::move(cycle));
            continue;
          }
          REQUIRE(recorder->store(cycle));
        }
      }
      if (late && below(200) == 0) {
        REQUIRE(recorder->store(*std::exchange(late, std::nullopt)));
      }
      REQUIRE(recorder->tend());
      REQUIRE(sealer->seal(now, 2000));
      REQUIRE(database_->execute("COMMIT"));
    }
    end_ = now;
  }

  [[nodiscard]] std::filesystem::path path() const { return dir_ / "x.db"; }
  [[nodiscard]] WallTime end() const { return end_; }
  [[nodiscard]] store::Database& database() { return *database_; }
  [[nodiscard]] std::int64_t below(std::int64_t most) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(most));
  }

 private:
  static constexpr std::size_t devices = 4;

  std::chrono::milliseconds gap(std::size_t device) {
    const std::chrono::milliseconds usual(240'000 + below(device == 1 ? 300'000 : 20'000));
    last_gap_[device] = below(300) == 0 ? usual + std::chrono::minutes(below(500)) : usual;
    return last_gap_[device];
  }
  DeviceCycle made(std::size_t device, std::uint64_t number, WallTime at) {
    const std::chrono::milliseconds elapsed = last_gap_.contains(device) ? last_gap_[device] : 2min;
    std::vector<InterfaceRecord> rows;
    for (std::uint32_t index = 1; index <= 6; ++index) {
      if (index == 5 && at < midnight + 20h) continue;  // came later
      test::RowSpec spec;
      spec.name = "port" + std::to_string(index);
      spec.if_index = index;
      spec.elapsed = elapsed;
      const double seconds = std::chrono::duration<double>(elapsed).count();
      const double load = std::exp(std::normal_distribution<double>(-2.0, 0.2 * index)(random_));
      spec.speed_bps = 1'000'000'000;
      if (index == 2) spec.speed_bps = 1'544'000;  // no whole Mbit/s
      if (index == 3 && below(50) == 0) slow_ = !slow_;
      if (index == 3 && slow_) spec.speed_bps = 100'000'000;
      if (index == 4 && device == 1) spec.speed_bps = 0;
      const double most = static_cast<double>(spec.speed_bps == 0 ? 10'000'000 : spec.speed_bps) / 8 * seconds;
      spec.in_octets = static_cast<std::uint64_t>(std::min(1.0, load) * most);
      spec.out_octets = index == 1 ? 0 : spec.in_octets / 3;
      spec.quality = number == 1 ? Quality::first : below(60) == 0 ? Quality::reset : Quality::ok;
      if (index == 6) spec.in_octets = spec.out_octets = 0;
      if (index == 6 && device == 0) spec.quality = Quality::absent;
      rows.push_back(test::make_row(spec));
      if (index == 4 && device == 3) rows.back().out_speed_bps = 20'000'000;  // other than in
    }
    return test::make_cycle(fmt::format("sw{}", device), number, at, std::move(rows));
  }

  test::TempDir dir_;
  std::mt19937_64 random_;
  std::optional<store::Database> database_;
  std::map<std::size_t, std::chrono::milliseconds> last_gap_;
  bool slow_ = false;
  WallTime end_;
};

UtilizationReport made(const std::filesystem::path& path, const UtilizationQuery& query) {
  const auto reader = store::Reader::open(path);
  if (!reader) FAIL(reader.error().text());
  auto report = make_utilization(**reader, query);
  if (!report) FAIL(report.error().text());
  return std::move(*report);
}

/// Compares the first ones with all that there are; how many were read for them.
std::size_t check_first(const std::filesystem::path& path, UtilizationQuery query) {
  const std::size_t top = *query.top;
  const UtilizationReport first = made(path, query);
  query.top.reset();
  UtilizationReport all = made(path, query);
  CHECK(first.found == all.found);
  all.interfaces.resize(std::min(all.interfaces.size(), top));
  all.found = first.found;
  // Every digit of every number.
  CHECK(utilization_json(first, "x.db").dump() == utilization_json(all, "x.db").dump());
  return first.read;
}

TEST_CASE("the first ones by a percentile are those that reading everything finds") {
  History history(1, 24h * 5);
  const auto check_some = [&] {
    std::size_t fewer = 0;
    for (int round = 0; round < 6; ++round) {
      UtilizationQuery query;
      query.order = round % 2 == 0 ? UtilizationOrder::p95 : UtilizationOrder::utilization;
      query.top = static_cast<std::size_t>(history.below(5));
      query.window.since = midnight - 1h + std::chrono::seconds(history.below(3 * 86'400));
      query.window.until = query.window.since + 25h + std::chrono::seconds(history.below(3 * 86'400));
      if (round % 4 == 1) query.window = {midnight, midnight + 24h * 4};
      CAPTURE(round, query.window.since.time_since_epoch().count(), query.window.until.time_since_epoch().count(),
              *query.top);
      fewer += check_first(history.path(), query) < 12 ? 1 : 0;
    }
    return fewer;
  };
  CHECK(history.database().integer("SELECT count(*) FROM rate_histograms WHERE step_s = 86400").value() > 12);
  CHECK(history.database().integer("SELECT count(*) FROM sealed_rows WHERE level = 300").value() > 0);
  CHECK(check_some() > 2);

  SECTION("also where some days have no histogram, as those from before version 9") {
    REQUIRE(history.database().execute("DELETE FROM rate_histograms WHERE random() % 3 = 0"));
    check_some();
  }
  SECTION("also where a histogram is damaged") {
    REQUIRE(
        history.database().execute("UPDATE rate_histograms SET packed = substr(packed, 1, length(packed) - 3)"
                                   " WHERE random() % 4 = 0"));
    check_some();
  }
}

}  // namespace
}  // namespace octopoll::report
