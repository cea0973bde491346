#include "octopoll/report/time_window.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <optional>

namespace octopoll::report {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;

constexpr WallTime now{sys_days{year{2026} / 2 / 1} + 10h + 30min + 250ms};

/// This process's time zone, for a test.
class TimeZone {
 public:
  explicit TimeZone(const char* name) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;
  ~TimeZone() {
    if (before_) {
      ::setenv("TZ", before_->c_str(), 1);
    } else {
      ::unsetenv("TZ");
    }
    ::tzset();
  }

 private:
  std::optional<std::string> before_;
};

TEST_CASE("durations count back from now") {
  CHECK(parse_moment("1h", now) == now - 1h);
  CHECK(parse_moment("30d", now) == now - 30 * 24h);
  CHECK(parse_moment("500ms", now) == now - 500ms);
}

TEST_CASE("dates with Z are UTC, whatever the time zone") {
  const TimeZone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(parse_moment("2026-01-31Z", now) == WallTime(sys_days{year{2026} / 1 / 31}));
  CHECK(parse_moment("2026-01-31T12:00Z", now) == WallTime(sys_days{year{2026} / 1 / 31} + 12h));
  CHECK(parse_moment("2024-02-29T23:59:59Z", now) == WallTime(sys_days{year{2024} / 2 / 29} + 24h - 1s));
}

TEST_CASE("dates without Z are local, summer time included") {
  const TimeZone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(parse_moment("2026-01-31", now) == WallTime(sys_days{year{2026} / 1 / 30} + 23h));
  CHECK(parse_moment("2026-07-01T12:00", now) == WallTime(sys_days{year{2026} / 7 / 1} + 10h));
  CHECK(parse_moment("2026-07-01 12:00:01", now) == WallTime(sys_days{year{2026} / 7 / 1} + 10h + 1s));
}

TEST_CASE("the second before 1970 is a moment like others") {
  const TimeZone zone("UTC0");
  CHECK(parse_moment("1969-12-31T23:59:59", now) == WallTime(-1s));
}

TEST_CASE("what is no time is told with what would be") {
  for (const char* text :
       {"", "yesterday", "2026", "2026-1-3", "2026-01-31T12", "2026-01-31T12:00+01:00", "-1h", "24"}) {
    CAPTURE(text);
    const auto moment = parse_moment(text, now);
    REQUIRE_FALSE(moment);
    CHECK(moment.error().kind == ErrorKind::usage);
    CHECK(moment.error().remedy.find("2026-01-31T12:00") != std::string::npos);
  }
}

TEST_CASE("dates that do not exist are refused, not bent") {
  for (const char* text : {"2026-02-29", "2026-13-01", "2026-00-10", "2026-01-31T24:00", "2026-01-31T12:60Z"}) {
    CAPTURE(text);
    const auto moment = parse_moment(text, now);
    REQUIRE_FALSE(moment);
    CHECK(moment.error().message.find(text) != std::string::npos);
  }
}

TEST_CASE("an hour that the clocks show twice says which of the two it is") {
  const TimeZone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  const WallTime midnight{sys_days{year{2026} / 10 / 25}};  // UTC; the clocks go back at 01:00
  CHECK(local_hour_text(midnight - 1h) == "2026-10-25 01:00");
  CHECK(local_hour_text(midnight) == "2026-10-25 02:00 CEST");
  CHECK(local_hour_text(midnight + 1h) == "2026-10-25 02:00 CET");
  CHECK(local_hour_text(midnight + 2h) == "2026-10-25 03:00");
}

TEST_CASE("moments are written in UTC for machines and in local time for people") {
  const TimeZone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(utc_text(WallTime(sys_days{year{2026} / 1 / 31} + 12h)) == "2026-01-31T12:00:00Z");
  CHECK(utc_text(now) == "2026-02-01T10:30:00.250Z");
  CHECK(local_text(now) == "2026-02-01 11:30:00 CET");
  CHECK(parse_moment(utc_text(WallTime(sys_days{year{2026} / 1 / 31} + 1s)), now) ==
        WallTime(sys_days{year{2026} / 1 / 31} + 1s));
}

}  // namespace
}  // namespace octopoll::report
