#include "octopoll/core/duration.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <string>

namespace octopoll {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST_CASE("durations as people write them") {
  const auto [text, duration] = GENERATE(table<std::string, nanoseconds>({
      {"500ms", 500ms},
      {"10s", 10s},
      {"5m", 5min},
      {"24h", 24h},
      {"30d", 24h * 30},
      {"1h30m", 90min},
      {"1d2h3m4s5ms6us7ns", 24h + 2h + 3min + 4s + 5ms + 6us + 7ns},
      {"1d1ns", 24h + 1ns},
      {"1.5s", 1'500ms},
      {".5s", 500ms},
      {"0.25h", 15min},
      {"1.5m30s", 120s},
      {"0s", 0s},
      {"0ms", 0s},
      {"007s", 7s},
      {"90s", 90s},
      {"0.1s", 100ms},
      {"0.000000001s", 1ns},
      {"0.0000000004s", 0ns},
      {"106751d23h47m16s854ms775us807ns", nanoseconds::max()},
  }));
  CAPTURE(text);
  const auto parsed = parse_duration(text);
  REQUIRE(parsed);
  CHECK(*parsed == duration);
}

TEST_CASE("what is no duration says why") {
  const auto [text, reason] = GENERATE(table<std::string, std::string>({
      {"", "it is empty"},
      {"10", "it has no unit"},
      {"1h30", "it has no unit"},
      {"0", "it has no unit"},
      {"s", "a number is missing"},
      {" 10s", "a number is missing"},
      {"-5s", "a number is missing"},
      {"+5s", "a number is missing"},
      {"10 s", "\" s\" is not a unit"},
      {"10s ", "\"s \" is not a unit"},
      {"10sec", "\"sec\" is not a unit"},
      {"10S", "\"S\" is not a unit"},
      {"1M", "\"M\" is not a unit"},
      {"1w", "\"w\" is not a unit"},
      {"1e3s", "\"e\" is not a unit"},
      {"inf", "a number is missing"},
      {"1.2.3s", "\"1.2.3\" cannot be read as a number"},
      {".s", "\".\" cannot be read as a number"},
      {"5s1m", "its units must go from large to small"},
      {"1m1m", "its units must go from large to small"},
      {"293y", "\"y\" is not a unit"},
      {"106752d", "it is longer than 292 years"},
      {"106751d23h47m16s854ms775us808ns", "it is longer than 292 years"},
      {"9223372036854775808ns", "it is longer than 292 years"},
      {"99999999999999999999d", "it is longer than 292 years"},
  }));
  const auto parsed = parse_duration(text);
  CAPTURE(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().kind == ErrorKind::usage);
  CHECK_THAT(parsed.error().message, Catch::EndsWith(reason));
  CHECK_THAT(parsed.error().message, Catch::StartsWith("\"" + text + "\""));
  CHECK_THAT(parsed.error().remedy, Catch::Contains("500ms") && Catch::Contains("30d"));
}

TEST_CASE("a number with more digits than a double can hold is refused") {
  CHECK_FALSE(parse_duration(std::string(400, '9') + "s"));
}

TEST_CASE("durations are printed as people write them") {
  const auto [duration, text] = GENERATE(table<nanoseconds, std::string>({
      {0s, "0s"},
      {1ns, "1ns"},
      {500ms, "500ms"},
      {90s, "1m30s"},
      {1'500ms, "1.5s"},
      {59s + 999ms, "59.999s"},
      {60s + 1ms, "1m1ms"},
      {1s + 1us, "1s1us"},
      {24h * 30, "30d"},
      {nanoseconds::max(), "106751d23h47m16s854ms775us807ns"},
      {-90s, "-1m30s"},
      {nanoseconds::min(), "-106751d23h47m16s854ms775us808ns"},
  }));
  CHECK(format_duration(duration) == text);
}

TEST_CASE("measured times are printed as exact as people read them") {
  const auto [duration, text] = GENERATE(table<nanoseconds, std::string>({
      {0s, "0s"},
      {409us, "0s"},
      {730ms + 409us, "730ms"},
      {-730ms, "-730ms"},
      {999ms + 600us, "1s"},
      {11s + 730ms + 409us + 874ns, "11.7s"},
      {59s + 960ms, "1m"},
      {75s + 600ms, "1m16s"},
      {3h + 1ms, "3h"},
  }));
  CHECK(format_measured(duration) == text);
}

TEST_CASE("what is printed reads back, exactly") {
  std::mt19937_64 dice(11);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same durations every time
  for (int round = 0; round < 20'000; ++round) {
    // Of every magnitude, from nanoseconds to centuries.
    const nanoseconds duration(static_cast<std::int64_t>(dice() >> (1 + dice() % 63)));
    const std::string text = format_duration(duration);
    const auto parsed = parse_duration(text);
    if (!parsed || *parsed != duration) {
      CAPTURE(text, duration.count());
      FAIL_CHECK("not the same duration");
    }
  }
}

}  // namespace
}  // namespace octopoll
