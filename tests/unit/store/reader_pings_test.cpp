// What reports ask a store of pings.

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "make_record.hpp"
#include "octopoll/store/reader.hpp"
#include "octopoll/store/writer.hpp"
#include "store/database.hpp"
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

}  // namespace
}  // namespace octopoll::store
