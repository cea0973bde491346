// Which column says how fast a link is: each line of the rule, and the devices that made it.

#include <catch2/catch.hpp>
#include <limits>
#include <optional>
#include <string>

#include "make_row.hpp"
#include "octopoll/ifmib/row.hpp"

namespace octopoll::ifmib {
namespace {

using snmp::Value;
using test::make_row;
using Number = std::optional<std::uint64_t>;

constexpr auto by_speed = SpeedSource::if_speed;
constexpr auto by_high = SpeedSource::if_high_speed;

Row row_with(Number if_speed, Number if_high_speed) {
  Row row;
  if (if_speed) row.set(Column::if_speed, Value::gauge32(*if_speed));
  if (if_high_speed) row.set(Column::if_high_speed, Value::gauge32(*if_high_speed));
  return row;
}

TEST_CASE("the speed of a link") {
  const auto [why, if_speed, if_high_speed, bits, source] =
      GENERATE(table<std::string, Number, Number, Number, SpeedSource>({
          {"they agree", 1'000'000'000, 1'000, 1'000'000'000, by_speed},
          {"they agree just below 2^32", 4'294'000'000, 4'294, 4'294'000'000, by_speed},
          {"ifHighSpeed is rounded, so ifSpeed is finer", 1'544'000, 2, 1'544'000, by_speed},
          {"no ifXTable", 100'000'000, std::nullopt, 100'000'000, by_speed},
          {"no ifSpeed", std::nullopt, 10'000, 10'000'000'000, by_high},
          {"ifSpeed 0", 0, 10'000, 10'000'000'000, by_high},
          {"saturated", 4'294'967'295, 10'000, 10'000'000'000, by_high},
          {"saturated, 100 Gb/s", 4'294'967'295, 100'000, 100'000'000'000, by_high},
          {"saturated one below (Brocade)", 4'294'967'294, 8'000, 8'000'000'000, by_high},
          {"cut to 32 bits: 10 Gb/s", 1'410'065'408, 10'000, 10'000'000'000, by_high},
          {"cut to 32 bits: 40 Gb/s", 1'345'294'336, 40'000, 40'000'000'000, by_high},
          {"cut to 32 bits: 100 Gb/s", 1'215'752'192, 100'000, 100'000'000'000, by_high},
          {"one off what cutting would give", 1'410'065'407, 10'000, 1'410'065'407, by_speed},
          // ifHighSpeed in another unit, or not kept: a plain disagreement is not obeyed.
          {"ifHighSpeed in bit/s (D-Link)", 100'000'000, 100'000'000, 100'000'000, by_speed},
          {"ifHighSpeed in bit/s, a gigabit", 1'000'000'000, 1'000'000'000, 1'000'000'000, by_speed},
          {"ifHighSpeed ten times the truth", 1'000'000'000, 10'000, 1'000'000'000, by_speed},
          {"ifHighSpeed 0 with ifSpeed set (ProCurve)", 10'000'000, 0, 10'000'000, by_speed},
          {"one below saturated, and true", 4'294'967'294, 4'294, 4'294'967'294, by_speed},
          {"the largest that ifHighSpeed can say", 4'294'967'295, 4'294'967'295, 4'294'967'295'000'000, by_high},
          // Unknown: RFC 2863 has 0 for what has no bandwidth.
          {"both 0", 0, 0, 0, by_speed},
          {"0 and no ifXTable", 0, std::nullopt, 0, by_speed},
          {"neither", std::nullopt, std::nullopt, std::nullopt, SpeedSource::none},
          {"no ifSpeed, ifHighSpeed 0", std::nullopt, 0, std::nullopt, SpeedSource::none},
      }));
  CAPTURE(why);
  const Speed speed = speed_of(row_with(if_speed, if_high_speed));
  CHECK(speed.bits_per_second == bits);
  CHECK(speed.source == source);
}

TEST_CASE("speeds are taken in whatever integer type they come") {
  // Metel and Phoenixtec send both as INTEGER, Metel ifHighSpeed as Counter32.
  const Speed speed = speed_of(
      make_row({{Column::if_speed, Value::integer(100'000'000)}, {Column::if_high_speed, Value::counter32(100)}}));
  CHECK(speed.bits_per_second == 100'000'000U);
  // An ifSpeed of more than 31 bits as INTEGER is negative, and no speed.
  const Speed negative =
      speed_of(make_row({{Column::if_speed, Value::integer(-1)}, {Column::if_high_speed, Value::gauge32(10'000)}}));
  CHECK(negative.bits_per_second == 10'000'000'000U);
  CHECK(negative.source == SpeedSource::if_high_speed);
  CHECK_FALSE(speed_of(make_row({{Column::if_speed, Value::octet_string("1000")}})).bits_per_second);
}

TEST_CASE("an ifHighSpeed that does not fit 64 bits of bit/s is no speed") {
  const Value huge = Value::counter64(std::numeric_limits<std::uint64_t>::max() / 1'000'000 + 1);
  CHECK_FALSE(speed_of(make_row({{Column::if_high_speed, huge}})).bits_per_second);
  const Speed speed =
      speed_of(make_row({{Column::if_speed, Value::gauge32(100'000'000)}, {Column::if_high_speed, huge}}));
  CHECK(speed.bits_per_second == 100'000'000U);
}

}  // namespace
}  // namespace octopoll::ifmib
