// What reports ask a store of pings.

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "make_record.hpp"
#include "octopoll/store/reader.hpp"
#include "octopoll/store/writer.hpp"
#include "store/database.hpp"
#include "store/round_trips_text.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
using test::noon;

PingRound round_of(const std::string& target, std::chrono::seconds after_noon,
                   std::vector<std::chrono::nanoseconds> round_trips, std::uint32_t sent) {
  PingRound round;
  round.target = target;
  round.started_at = noon + after_noon;
  round.interval = 60s;
  round.sent = sent;
  round.received = static_cast<std::uint32_t>(round_trips.size());
  round.round_trips = std::move(round_trips);
  return round;
}

/// A store with what one test needs.
class Store {
 public:
  template <class Made>
  Store& add(Made record) {
    auto writer = Writer::open(path()).value();
    writer->take(test::share(std::move(record)));
    REQUIRE(writer->close().records == 1);
    return *this;
  }
  std::unique_ptr<Reader> reader() {
    auto reader = Reader::open(path());
    REQUIRE(reader);
    return std::move(*reader);
  }
  [[nodiscard]] std::filesystem::path path() const { return dir_ / "x.db"; }

 private:
  test::TempDir dir_;
};

TEST_CASE("rounds come back in their order, to the nanosecond, from the window alone") {
  Store store;
  store.add(round_of("b", 120s, {1ns, 12'345'678'901ns, 999'999ns}, 5));
  store.add(round_of("b", 60s, {}, 5)).add(round_of("b", 180s, {1ms}, 1)).add(round_of("a", 60s, {2ms}, 1));
  PingRound device = round_of("sw1", 0s, {3ms}, 2);
  device.is_device = true;
  device.address = "192.0.2.1";
  device.duplicates = 1;
  device.late = 2;
  device.errors = 3;
  store.add(device);
  const auto reader = store.reader();
  const auto targets = reader->ping_targets();
  REQUIRE(targets);
  REQUIRE(targets->size() == 3);
  CHECK((*targets)[0].name == "a");
  CHECK_FALSE((*targets)[0].is_device);
  CHECK_FALSE((*targets)[0].address);
  CHECK((*targets)[2].name == "sw1");
  CHECK((*targets)[2].is_device);
  CHECK((*targets)[2].address == "192.0.2.1");

  std::vector<StoredRound> rounds;
  const auto keep = [&rounds](const StoredRound& round) { rounds.push_back(round); };
  REQUIRE(reader->for_each_round((*targets)[1].id, noon + 60s, noon + 180s, keep));
  REQUIRE(rounds.size() == 2);
  CHECK(rounds[0].started_at == noon + 60s);
  CHECK(rounds[0].interval == 60s);
  CHECK(rounds[0].round_trips.empty());
  CHECK(rounds[1].sent == 5);
  CHECK(rounds[1].received == 3);
  CHECK(rounds[1].round_trips == std::vector<std::chrono::nanoseconds>{1ns, 12'345'678'901ns, 999'999ns});

  rounds.clear();
  REQUIRE(reader->for_each_round((*targets)[2].id, noon, noon + 1s, keep));
  REQUIRE(rounds.size() == 1);
  CHECK(rounds[0].duplicates == 1);
  CHECK(rounds[0].late == 2);
  CHECK(rounds[0].errors == 3);
}

TEST_CASE("round trips that another program spoilt are an error, not numbers") {
  const std::string spoilt = GENERATE("", "[", "]", "[1,]", "[,1]", "[1 2]", "[1,x]", "[-1]", "[nan]", "[1e300]", "{}");
  CAPTURE(spoilt);
  Store store;
  store.add(round_of("a", 0s, {1ms}, 1));
  auto database = Database::open(store.path(), Database::Access::read_write);
  REQUIRE(database);
  REQUIRE(database->execute(("UPDATE ping_rounds SET rtts_us = '" + spoilt + "'").c_str()));
  const auto read = store.reader()->for_each_round(1, noon, noon + 1s, [](const StoredRound&) {});
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::store);
}

TEST_CASE("whether a device answered, a turn, with the one that reaches into the window") {
  Store store;
  const auto cycle = [](std::uint64_t number, std::optional<ErrorKind> failed) {
    DeviceCycle made = test::make_cycle("sw1", number, noon + number * 60s, {});
    if (failed) {
      made.outcome = CycleOutcome::failed;
      made.error = Error{*failed, "why", {}};
    }
    return made;
  };
  store.add(cycle(1, {})).add(cycle(2, ErrorKind::timeout)).add(cycle(3, ErrorKind::resolve)).add(cycle(4, {}));
  PingRound lost = round_of("sw1", 60s, {}, 3);
  lost.slot = 77;
  store.add(lost).add(round_of("sw1", 120s, {1ms}, 3)).add(round_of("sw1", 180s, {}, 0));
  const auto reader = store.reader();

  const auto polls = reader->polls_answered(1, noon + 120s, noon + 240s);
  REQUIRE(polls);
  REQUIRE(polls->size() == 3);
  CHECK((*polls)[0].at == noon + 60s);
  CHECK((*polls)[0].answered == true);
  CHECK((*polls)[0].interval == 60s);
  CHECK((*polls)[0].slot == cycle(1, {}).slot);
  CHECK((*polls)[1].answered == false);
  CHECK_FALSE((*polls)[2].answered);

  const auto rounds = reader->rounds_answered(1, noon + 90s, noon + 1h);
  REQUIRE(rounds);
  REQUIRE(rounds->size() == 3);
  CHECK((*rounds)[0].answered == false);
  CHECK((*rounds)[0].slot == 77);
  CHECK((*rounds)[1].answered == true);
  CHECK_FALSE((*rounds)[2].answered);
}

std::vector<StoredHour> hours_of(Reader& reader) {
  std::vector<StoredHour> hours;
  REQUIRE(reader.for_each_hour(1, noon - 24h, noon + 48h, [&hours](const StoredHour& hour) { hours.push_back(hour); }));
  return hours;
}

TEST_CASE("an hour is summed up with its distribution half an hour later, whoever writes then") {
  Store store;
  store.add(round_of("a", 0s, {1ms, 3ms, 2ms}, 4)).add(round_of("a", 3599s, {16ms}, 1));
  CHECK(hours_of(*store.reader()).empty());
  store.add(round_of("a", 3600s, {5ms}, 1));  // each add() is a writer of its own
  store.add(round_of("a", 5400s, {5ms}, 1));
  const auto hours = hours_of(*store.reader());
  REQUIRE(hours.size() == 1);
  CHECK(hours[0].begin == noon);
  CHECK(hours[0].sent == 5);
  CHECK(hours[0].received == 4);
  CHECK(hours[0].distribution.count() == 4);
  CHECK(hours[0].distribution.buckets().at(latency::Histogram::bucket_of(16ms)) == 1);

  auto database = Database::open(store.path(), Database::Access::read_only);
  REQUIRE(database);
  auto row =
      database->prepare("SELECT rounds, rtt_min_us, rtt_mean_us, rtt_max_us, delay_variation_us FROM ping_hours");
  REQUIRE(row);
  REQUIRE(row->first().value());
  CHECK(row->integer(0) == 2);
  CHECK(row->real(1) == 1000);
  CHECK(row->real(2) == 5500);
  CHECK(row->real(3) == 16000);
  CHECK(row->real(4) == 1500);  // 2 and 1 ms; 2 and 16 are of two rounds
}

TEST_CASE("the last hour of a target that is pinged no more is summed up by the rounds of others") {
  Store store;
  const auto sums = [&store] {
    auto database = Database::open(store.path(), Database::Access::read_only);
    return database->integer("SELECT count(*) FROM ping_hours WHERE begins_at = 1769860800000").value();
  };
  {
    auto writer = Writer::open(store.path()).value();
    writer->take(test::share(round_of("gone", 0s, {1ms}, 1)));
    writer->take(test::share(round_of("also gone", 0s, {1ms}, 1)));
    writer->take(test::share(round_of("third", 0s, {1ms}, 1)));
    for (const std::chrono::seconds after : {3600s, 5400s}) {
      writer->take(test::share(round_of("a", after, {1ms}, 1)));
    }
    REQUIRE(writer->close().records == 5);
  }
  CHECK(sums() == 2);                         // a round pays for two
  store.add(round_of("a", 5401s, {1ms}, 1));  // in another run
  CHECK(sums() == 3);
}

TEST_CASE("hours are summed up in one run as over several, and a gap is no hour") {
  Store store;
  {
    auto writer = Writer::open(store.path()).value();
    for (const std::chrono::seconds after : {0s, 60s, 3600s, 5 * 3600s, 5 * 3600s + 60s, 6 * 3600s, 7 * 3600s}) {
      writer->take(test::share(round_of("a", after, {1ms}, 2)));
    }
    REQUIRE(writer->close().records == 7);
  }
  const auto hours = hours_of(*store.reader());
  REQUIRE(hours.size() == 3);
  CHECK(hours[0].sent == 4);
  CHECK(hours[1].begin == noon + 1h);
  CHECK(hours[1].sent == 2);
  CHECK(hours[2].begin == noon + 5h);
  CHECK(hours[2].sent == 4);
}

TEST_CASE("a round that comes late for its hour is counted in it, and a round twice is not") {
  Store store;
  store.add(round_of("a", 0s, {1ms}, 1)).add(round_of("a", 3600s, {1ms}, 1));
  store.add(round_of("a", 3590s, {1ms}, 1)).add(round_of("a", 3660s, {1ms}, 1)).add(round_of("a", 9000s, {1ms}, 1));
  {
    auto writer = Writer::open(store.path()).value();
    writer->take(test::share(round_of("a", 3600s, {1ms}, 1)));
    (void)writer->close();
  }
  const auto hours = hours_of(*store.reader());
  REQUIRE(hours.size() == 2);
  CHECK(hours[0].sent == 2);
  CHECK(hours[1].sent == 2);
}

TEST_CASE("an hour keeps what it has when its rounds are gone") {
  Store store;
  for (const auto after : {0s, 60s, 3600s, 5400s}) store.add(round_of("a", after, {1ms}, 1));
  auto database = Database::open(store.path(), Database::Access::read_write);
  REQUIRE(database);
  REQUIRE(database->execute("DELETE FROM ping_rounds WHERE round = 0 AND started_at < 1769864400000"));
  store.add(round_of("a", 120s, {1ms}, 1)).add(round_of("a", 9000s, {1ms}, 1));
  const auto hours = hours_of(*store.reader());
  REQUIRE_FALSE(hours.empty());
  CHECK(hours[0].sent == 2);
}

TEST_CASE("a distribution is written as JSON, and what is none is told") {
  latency::Histogram histogram;
  histogram.add(0, 3);
  histogram.add(230, 12);
  CHECK(write_histogram(histogram) == R"({"0":3,"230":12})");
  CHECK(write_histogram({}) == "{}");
  const auto back = read_histogram(R"({"0":3,"230":12})");
  REQUIRE(back);
  CHECK(back->buckets() == histogram.buckets());
  CHECK(read_histogram("{}")->count() == 0);
  for (const char* bad : {"", "{", "}", "[]", "{1:2}", R"({"1":2,})", R"({"1":})", R"({"x":1})", R"({"1":2 "2":3})",
                          R"({"70000":1})", R"({"1":-1})", R"({"-1":1})"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_histogram(bad));
  }
}

}  // namespace
}  // namespace octopoll::store
