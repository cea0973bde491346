#include "icmp/round_trip.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <string>

using namespace octopoll;
using namespace octopoll::icmp;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

/// A probe on two clocks. All times are since it was sent; `wall_*` include whatever step the wall clock made.
struct Case {
  std::string what;
  nanoseconds read;                          ///< by the boot clock
  nanoseconds wall_read;                     ///< by the wall clock, at the same moment
  std::optional<nanoseconds> wall_received;  ///< the kernel's stamp
  nanoseconds expected;
};

nanoseconds measured(const Case& c) {
  const ClockPair sent{BootTime(1h), 1'700'000'000s};
  const std::optional<WallStamp> received =
      c.wall_received ? std::optional(sent.wall + *c.wall_received) : std::nullopt;
  return round_trip(sent, received, {sent.boot + c.read, sent.wall + c.wall_read});
}

}  // namespace

TEST_CASE("a round trip is the kernel's where the wall clock ran evenly, the boot clock's where it was stepped",
          "[icmp]") {
  const auto c = GENERATE(values<Case>({
      {"read at once", 1ms, 1ms, 980us, 980us},
      {"read late: the loop's delay is not the network's", 500ms, 500ms, 3ms, 3ms},
      {"no kernel stamp", 7ms, 7ms, std::nullopt, 7ms},
      {"stepped back while under way", 40ms, 40ms - 1h, 39ms - 1h, 40ms},
      {"stepped back by less than the round trip", 200ms, 72ms, 70ms, 200ms},
      {"stepped ahead while under way", 40ms, 40ms + 1h, 39ms + 1h, 40ms},
      {"stepped ahead after the kernel's stamp, before the read", 40ms, 40ms + 1h, 39ms, 40ms},
      {"stepped back after the kernel's stamp, before the read", 40ms, 40ms - 1h, 39ms, 40ms},
      {"a leap second's step", 20ms, 20ms - 1s, 19ms - 1s, 20ms},
      {"the pair of clocks read a little apart is no step", 10ms, 10ms + 150us, 9900us, 9900us},
      {"just beyond what reading them apart explains", 10ms, 10ms + 201us, 9900us, 10ms},
      {"a stamp before the sending", 10ms, 10ms, -1ns, 10ms},
      {"a stamp at the sending", 10ms, 10ms, 0ns, 10ms},
      {"a stamp after the reading", 10ms, 10ms, 11ms, 10ms},
      {"a stamp after the reading by the clocks' distance", 10ms, 10ms + 100us, 10ms + 90us, 10ms},
  }));
  CAPTURE(c.what);
  CHECK(measured(c) == c.expected);
}

TEST_CASE("a round trip is always positive", "[icmp]") {
  CHECK(measured({"", 0ns, 0ns, std::nullopt, {}}) > 0ns);
  CHECK(measured({"", 0ns, 0ns, 0ns, {}}) > 0ns);
}

TEST_CASE("a probe is under way from when the interface got it, unless the stamp cannot be its own", "[icmp]") {
  struct Asked {
    std::string what;
    nanoseconds stamp;      ///< by the wall clock, since we asked
    nanoseconds read;       ///< when the stamp was read, by the boot clock
    nanoseconds wall_read;  ///< the same by the wall clock
    bool taken;
  };
  const auto c = GENERATE(values<Asked>({
      {"at once", 3us, 1ms, 1ms, true},
      {"after the neighbour's address was found", 800ms, 801ms, 801ms, true},
      {"before we asked: another request's", -1us, 1ms, 1ms, false},
      {"after it was read: another clock's", 2ms, 1ms, 1ms, false},
      {"the wall clock was stepped back meanwhile", 1ms, 5s, 2s, false},
      {"the wall clock was stepped ahead meanwhile", 3s, 5s, 8s, false},
  }));
  CAPTURE(c.what);
  const ClockPair asked{BootTime(1h), 1'700'000'000s};
  const ClockPair sent = sent_at(asked, asked.wall + c.stamp, {asked.boot + c.read, asked.wall + c.wall_read});
  CHECK(sent.boot == asked.boot + (c.taken ? c.stamp : 0ns));
  CHECK(sent.wall == asked.wall + (c.taken ? c.stamp : 0ns));
}

TEST_CASE("both clocks of a pair advance", "[icmp]") {
  const ClockPair first = ClockPair::now();
  const ClockPair second = ClockPair::now();
  CHECK(second.boot >= first.boot);
  CHECK(first.wall > 1'600'000'000s);  // since 1970, not since the boot
}
