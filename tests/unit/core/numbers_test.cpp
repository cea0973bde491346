// Numbers made for reading, and the types that keep their units apart.

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <type_traits>

#include "octopoll/core/text.hpp"
#include "octopoll/core/units.hpp"

namespace octopoll {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

TEST_CASE("a rate has three digits and the prefix that makes them readable") {
  const auto [rate, text] = GENERATE(table<double, std::string>({
      {0, "0 b/s"},
      {0.5, "0.5 b/s"},
      {1, "1 b/s"},
      {12.34, "12.3 b/s"},
      {9.996, "10 b/s"},
      {99.96, "100 b/s"},
      {999, "999 b/s"},
      {999.4, "999 b/s"},
      {999.6, "1 kb/s"},
      {1e3, "1 kb/s"},
      {1'050, "1.05 kb/s"},
      {950e3, "950 kb/s"},
      {999'499, "999 kb/s"},
      {999'500, "1 Mb/s"},
      {1'234'567, "1.23 Mb/s"},
      {12'345'678, "12.3 Mb/s"},
      {123'456'789, "123 Mb/s"},
      {1.5e9, "1.5 Gb/s"},
      {10e9, "10 Gb/s"},
      {400e9, "400 Gb/s"},
      {1e13, "10 Tb/s"},
      {2.5e15, "2.5 Pb/s"},
      {1e18, "1 Eb/s"},
      {1e22, "10000 Eb/s"},
  }));
  CHECK(format_bits_per_second(rate) == text);
}

TEST_CASE("a link's speed is short") {
  const auto [speed, text] = GENERATE(table<std::uint64_t, std::string>({
      {0, "0"},
      {300, "300"},
      {9'600, "9.6k"},
      {64'000, "64k"},
      {1'544'000, "1.54M"},
      {10'000'000, "10M"},
      {100'000'000, "100M"},
      {999'999'999, "1G"},
      {1'000'000'000, "1G"},
      {2'500'000'000, "2.5G"},
      {25'000'000'000, "25G"},
      {400'000'000'000, "400G"},
      {999'999'999'999, "1T"},
      {1'600'000'000'000, "1.6T"},
      {4'294'967'295'000'000, "4294.97T"},  // the most that ifHighSpeed can say
  }));
  CHECK(format_speed(speed) == text);
}

TEST_CASE("octets and counts up to the end of 64 bits") {
  CHECK(format_octets(0) == "0 B");
  CHECK(format_octets(999) == "999 B");
  CHECK(format_octets(1'230'000'000) == "1.23 GB");
  CHECK(format_octets(largest) == "18.4 EB");
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(1'000) == "1,000");
  CHECK(format_count(123'456) == "123,456");
  CHECK(format_count(1'234'567) == "1,234,567");
  CHECK(format_count(largest) == "18,446,744,073,709,551,615");
}

TEST_CASE("units do not mix") {
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Octets, BitsPerSecond>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<std::uint64_t, Octets>);
  STATIC_REQUIRE_FALSE(std::is_assignable_v<Octets&, IfIndex>);
  CHECK(Octets{5} < Octets{6});
  CHECK(IfIndex{4'294'967'295} > IfIndex{1});
}

TEST_CASE("octets over time are bits a second") {
  CHECK(to_bits_per_second(Octets{125'000'000}, 1s).value == Approx(1e9));
  CHECK(to_bits_per_second(Octets{1}, 500ms).value == Approx(16.0));
  CHECK(to_bits_per_second(Octets{0}, 60s).value == 0.0);
  CHECK(to_bits_per_second(Octets{largest}, 1ns).value == Approx(1.4757395258967642e29));
}

TEST_CASE("sysUpTime differences survive its wrap") {
  const TimeTicks before(4'294'967'200U);
  const TimeTicks after(104U);
  CHECK(after - before == TimeTicks(200));
  CHECK(std::chrono::duration<double>(after - before).count() == Approx(2.0));
}

}  // namespace
}  // namespace octopoll
