#include "octopoll/store/reader.hpp"

#include <catch2/catch.hpp>

#include "make_record.hpp"
#include "octopoll/store/writer.hpp"
#include "store/database.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
using test::make_cycle;
using test::make_row;
using test::noon;
using test::share;

struct Seen {
  std::vector<std::uint64_t> in_octets;
  std::vector<WallTime> read_at;
};

std::unique_ptr<Reader> filled(const std::filesystem::path& path, const std::vector<DeviceCycle>& cycles) {
  auto writer = Writer::open(path);
  REQUIRE(writer);
  for (const DeviceCycle& cycle : cycles) (*writer)->take(share(cycle));
  REQUIRE((*writer)->close().dropped == 0);
  auto reader = Reader::open(path);
  REQUIRE(reader);
  return std::move(*reader);
}

Seen samples(Reader& reader, WallTime since, WallTime until) {
  Seen seen;
  const auto devices = reader.devices();
  REQUIRE(devices);
  REQUIRE(devices->size() == 1);
  const auto interfaces = reader.interfaces(devices->front().id);
  REQUIRE(interfaces);
  const SampleQuery query{devices->front().id, interfaces->front().id, interfaces->back().id, since, until};
  REQUIRE(reader.for_each_sample(query, [&seen](const StoredSample& sample) {
    seen.in_octets.push_back(sample.in.octets.value_or(0));
    seen.read_at.push_back(sample.read_at);
  }));
  return seen;
}

DeviceCycle minute(std::uint64_t number, std::chrono::seconds after_noon) {
  return make_cycle("sw1", number, noon + after_noon, {make_row({.name = "a", .in_octets = number})});
}

TEST_CASE("the typical cost of a device is the median of its newest complete polls") {
  const test::TempDir dir;
  std::vector<DeviceCycle> cycles;
  for (std::uint32_t i = 1; i <= 20; ++i) {
    cycles.push_back(minute(i, std::chrono::seconds(60 * i)));
    // The five oldest, and those that failed, would move it; one read of the tables does not.
    cycles.back().cost.requests = i <= 5 ? 1000 : i == 12 ? 90 : i;
    cycles.back().cost.octets_sent = cycles.back().cost.octets_received = i;
    cycles.back().duration = std::chrono::milliseconds(i);
  }
  cycles.push_back(minute(21, 1260s));
  cycles.back().outcome = CycleOutcome::failed;
  cycles.back().cost.requests = 3;
  auto reader = filled(dir / "x.db", cycles);
  const auto cost = reader->typical_cost("sw1");
  REQUIRE(cost);
  REQUIRE(*cost);
  CHECK((*cost)->polls == 15);
  CHECK((*cost)->interfaces == 1);
  CHECK((*cost)->requests == 14);
  CHECK((*cost)->octets_sent == 13);
  CHECK((*cost)->duration == 13ms);
  const auto stranger = reader->typical_cost("nobody");
  REQUIRE(stranger);
  CHECK_FALSE(*stranger);
}

TEST_CASE("a window gets every delta that overlaps it, and no other") {
  const test::TempDir dir;
  auto reader =
      filled(dir / "x.db", {minute(1, 60s), minute(2, 120s), minute(3, 180s), minute(4, 240s), minute(5, 300s)});
  CHECK(samples(*reader, noon + 120s, noon + 180s).in_octets == std::vector<std::uint64_t>{3});
  CHECK(samples(*reader, noon + 119s, noon + 181s).in_octets == std::vector<std::uint64_t>{2, 3, 4});
  CHECK(samples(*reader, noon, noon + 1h).in_octets == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
  CHECK(samples(*reader, noon + 300s, noon + 1h).in_octets.empty());
}

TEST_CASE("a delta that began in the window long before it ended belongs to it") {
  const test::TempDir dir;
  DeviceCycle failed = minute(2, 120s);
  failed.outcome = CycleOutcome::failed;
  failed.interfaces.clear();
  DeviceCycle back = minute(3, 7200s);
  back.interfaces[0].elapsed = 7140s;
  auto reader = filled(dir / "x.db", {minute(1, 60s), failed, back, minute(4, 7260s)});
  CHECK(samples(*reader, noon, noon + 130s).in_octets == std::vector<std::uint64_t>{1, 3});
}

TEST_CASE("a slow cycle's rows have the time at which they were read") {
  const test::TempDir dir;
  DeviceCycle slow = minute(1, 0s);
  slow.interfaces[0].sample.time.received = slow.started + 40s;
  auto reader = filled(dir / "x.db", {slow});
  const Seen seen = samples(*reader, noon + 30s, noon + 1h);
  REQUIRE(seen.read_at.size() == 1);
  CHECK(seen.read_at[0] == noon + 40s);
}

TEST_CASE("a share is put against the speed of its time, and over the span of its own delta") {
  const test::TempDir dir;
  DeviceCycle slow = minute(1, 60s);
  slow.interfaces[0] = make_row({.name = "a", .in_octets = 750'000, .out_octets = 750'000, .speed_bps = 10'000'000});
  slow.interfaces[0].deltas.set_elapsed(Counter::out_octets, 120s);
  DeviceCycle fast = minute(2, 120s);
  fast.interfaces[0] = make_row({.name = "a", .in_octets = 750'000, .out_octets = 0, .speed_bps = 64'500});
  fast.interfaces[0].in_speed_bps.reset();
  for (DeviceCycle* cycle : {&slow, &fast}) cycle->interfaces[0].sample.time.received = cycle->started;
  auto reader = filled(dir / "x.db", {slow, fast});
  std::vector<StoredSample> seen;
  REQUIRE(reader->for_each_sample({1, 1, 1, noon, noon + 1h}, [&](const StoredSample& one) { seen.push_back(one); }));
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].in.utilization == 0.01);
  CHECK(seen[0].out.utilization == 0.005);
  CHECK_FALSE(seen[1].in.utilization);
  CHECK(seen[1].out.utilization == 0.0);
  CHECK(reader->interfaces(1).value().front().last_seen == noon + 120s);
}

TEST_CASE("devices tell the span in which they were polled") {
  const test::TempDir dir;
  DeviceCycle last = minute(3, 120s);
  last.duration = 2s;
  auto reader = filled(dir / "x.db", {minute(1, 0s), minute(2, 60s), last});
  const auto devices = reader->devices();
  REQUIRE(devices);
  REQUIRE(devices->size() == 1);
  CHECK(devices->front().name == "sw1");
  CHECK(devices->front().first_poll == noon);
  CHECK(devices->front().last_poll == noon + 122s);
}

TEST_CASE("a reader keeps its moment while a writer goes on") {
  const test::TempDir dir;
  auto writer = Writer::open(dir / "x.db");
  REQUIRE(writer);
  auto empty = Reader::open(dir / "x.db");
  REQUIRE(empty);
  (*writer)->take(share(minute(1, 0s)));
  REQUIRE((*writer)->close().records == 1);
  CHECK((*empty)->devices().value().empty());
  CHECK(Reader::open(dir / "x.db").value()->devices().value().size() == 1);
}

TEST_CASE("a quality that is none of ours is an error, not a guess") {
  const test::TempDir dir;
  { auto reader = filled(dir / "x.db", {minute(1, 0s)}); }
  {
    auto database = Database::open(dir / "x.db", Database::Access::read_write);
    REQUIRE(database);
    REQUIRE(database->execute("UPDATE sample_rows SET states = 4367"));
  }
  auto reader = Reader::open(dir / "x.db");
  REQUIRE(reader);
  const auto read = (*reader)->for_each_sample({1, 1, 1, noon - 1h, noon + 1h}, [](const StoredSample&) {});
  REQUIRE_FALSE(read);
  CHECK(read.error().message.find("states 4367") != std::string::npos);
}

}  // namespace
}  // namespace octopoll::store
