#include "octopoll/report/time_window.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <chrono>
#include <ctime>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::report {
namespace {

/// A date and time of day as written, checked.
struct Written {
  std::chrono::year_month_day date;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

Result<WallTime> parse_date(std::string_view text);
WallTime as_utc(const Written& written);
std::optional<WallTime> as_local(const Written& written);
tl::unexpected<Error> not_understood(std::string_view text);

}  // namespace

Result<WallTime> parse_moment(std::string_view text, WallTime now) {
  static const re2::RE2 begins_like_a_date(R"(^\d{4}-)");
  if (re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), begins_like_a_date)) return parse_date(text);
  const auto back = parse_duration(text);
  if (!back) return not_understood(text);
  return std::chrono::time_point_cast<std::chrono::milliseconds>(now - *back);
}

std::string utc_text(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0) text += fmt::format(".{:03}", clock.subseconds().count());
  return text += 'Z';
}

std::string local_text(WallTime time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm local{};
  std::array<char, 64> text{};
  if (::localtime_r(&seconds, &local) == nullptr) return utc_text(time);
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S %Z", &local)};
}

std::string local_hour_text(WallTime begin) {
  constexpr std::size_t to_the_minute = 16;
  constexpr std::size_t before_zone = 19;
  const auto label = [](WallTime time) { return local_text(time).substr(0, to_the_minute); };
  const std::string whole = local_text(begin);
  std::string text = whole.substr(0, to_the_minute);
  const bool twice = label(begin - std::chrono::hours(1)) == text || label(begin + std::chrono::hours(1)) == text;
  return twice && whole.size() > before_zone ? text + whole.substr(before_zone) : text;
}

namespace {

Result<WallTime> parse_date(std::string_view text) {
  static const re2::RE2 form(R"((\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?)?(Z)?)");
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  std::string hour;
  std::string minute;
  std::string second;
  std::string utc;
  // The widths are fixed, so none of the numbers can overflow.
  if (!re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), form, &year, &month, &day, &hour, &minute,
                           &second, &utc)) {
    return not_understood(text);
  }
  const auto number = [](const std::string& digits) { return digits.empty() ? 0 : std::stoi(digits); };
  const Written written{std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day), number(hour),
                        number(minute), number(second)};
  if (!written.date.ok() || written.hour > 23 || written.minute > 59 || written.second > 59) {
    return fail(ErrorKind::usage, fmt::format("\"{}\" is no date and time that exists", agent_text(text)));
  }
  if (!utc.empty()) return as_utc(written);
  if (const auto local = as_local(written)) return *local;
  return fail(ErrorKind::usage, fmt::format("\"{}\" has no place in this machine's time zone", agent_text(text)),
              "end it with Z to mean UTC");
}

WallTime as_utc(const Written& written) {
  return std::chrono::sys_days(written.date) + std::chrono::hours(written.hour) + std::chrono::minutes(written.minute) +
         std::chrono::seconds(written.second);
}

// An hour that a change of clocks skips is read as the C library does: as far after the change as it is written.
std::optional<WallTime> as_local(const Written& written) {
  std::tm local{};
  local.tm_year = static_cast<int>(written.date.year()) - 1900;
  local.tm_mon = static_cast<int>(static_cast<unsigned>(written.date.month())) - 1;
  local.tm_mday = static_cast<int>(static_cast<unsigned>(written.date.day()));
  local.tm_hour = written.hour;
  local.tm_min = written.minute;
  local.tm_sec = written.second;
  local.tm_isdst = -1;
  local.tm_wday = -1;  // tells -1 the moment from -1 the failure
  const std::time_t seconds = std::mktime(&local);
  if (seconds == -1 && local.tm_wday == -1) return std::nullopt;
  return WallTime(std::chrono::seconds(seconds));
}

tl::unexpected<Error> not_understood(std::string_view text) {
  return fail(ErrorKind::usage, fmt::format("\"{}\" is no time", agent_text(text)),
              "write a duration back from now (1h, 24h, 30d) or a date (2026-01-31, 2026-01-31T12:00, with Z for UTC)");
}

}  // namespace
}  // namespace octopoll::report
