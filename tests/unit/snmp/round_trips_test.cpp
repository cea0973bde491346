#include "snmp/round_trips.hpp"

#include <catch2/catch.hpp>

using namespace octopoll::snmp;
using namespace std::chrono_literals;

namespace {

/// Round trips a tenth of a second apart, unless told otherwise.
struct Trips : RoundTrips {
  octopoll::BootTime now{1h};
  void take(std::chrono::nanoseconds round_trip, std::chrono::nanoseconds pause = 100ms) {
    now += pause;
    add(round_trip, now);
  }
};

}  // namespace

TEST_CASE("as long as nothing is known the configured timeout is waited") {
  const RoundTrips trips;
  CHECK(trips.wait(1s) == 1s);
  CHECK_FALSE(trips.rising());
}

TEST_CASE("the first sample gives three times itself, as RFC 6298 section 2.2 reckons") {
  Trips trips;
  trips.take(100ms);
  CHECK(trips.smoothed() == 100ms);
  CHECK(trips.wait(1s) == 300ms);
}

TEST_CASE("later samples are smoothed as RFC 6298 section 2.3 says") {
  Trips trips;
  trips.take(100ms);
  trips.take(180ms);
  CHECK(trips.smoothed() == 110ms);              // 7/8 of 100 + 1/8 of 180
  CHECK(trips.wait(1s) == 110ms + 4 * 57500us);  // variation: 3/4 of 50 + 1/4 of 80
}

TEST_CASE("a wait is never below 200 ms nor above what is configured") {
  Trips trips;
  for (int i = 0; i < 20; ++i) trips.take(1ms);
  CHECK(trips.wait(1s) == 200ms);
  CHECK(trips.wait(50ms) == 50ms);
  for (int i = 0; i < 20; ++i) trips.take(3s);
  CHECK(trips.wait(1s) == 1s);
}

TEST_CASE("round trips that grow to several times the best are rising, and no longer so when they have stayed there") {
  Trips trips;
  for (int i = 0; i < 50; ++i) trips.take(20ms);
  CHECK_FALSE(trips.rising());
  for (int i = 0; i < 10; ++i) trips.take(200ms);
  CHECK(trips.rising());
  for (int i = 0; i < 40; ++i) trips.take(200ms, 1s);
  CHECK_FALSE(trips.rising());
}

TEST_CASE("round trips are held against those of the poll before, however long ago that was") {
  Trips trips;
  for (int i = 0; i < 10; ++i) trips.take(20ms);
  trips.take(200ms, 60s);
  for (int i = 0; i < 20; ++i) trips.take(200ms);
  CHECK(trips.rising());
  trips.take(200ms, 60s);
  CHECK_FALSE(trips.rising());
}
