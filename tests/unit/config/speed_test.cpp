#include <catch2/catch.hpp>
#include <string>

#include "octopoll/config/interface_rules.hpp"

using octopoll::config::parse_speed;

TEST_CASE("speeds as people write them", "[config]") {
  struct Case {
    std::string text;
    std::uint64_t bits_per_second;
  };
  for (const Case& c : {Case{"1Gbit", 1'000'000'000},
                        {"100M", 100'000'000},
                        {"2.5G", 2'500'000'000},
                        {"64k", 64'000},
                        {"64K", 64'000},
                        {"10Gb/s", 10'000'000'000},
                        {"1000000", 1'000'000},
                        {"1.544 Mbit/s", 1'544'000},
                        {"9600bps", 9'600},
                        {"0.5k", 500},
                        {"10.000", 10},
                        {"1T", 1'000'000'000'000},
                        {"10T", 10'000'000'000'000},
                        {"0400G", 400'000'000'000},
                        {"1.000000001G", 1'000'000'001}}) {
    const auto speed = parse_speed(c.text);
    INFO(c.text);
    REQUIRE(speed);
    CHECK(*speed == c.bits_per_second);
  }
}

TEST_CASE("what is no speed is refused", "[config]") {
  for (const std::string text : {"",
                                 "G",
                                 "fast",
                                 "-1G",
                                 "0",
                                 "0M",
                                 "1GB",
                                 "1GiB",
                                 "1m",
                                 "1e9",
                                 "1.2.3G",
                                 ".5G",
                                 "1.G",
                                 "1G G",
                                 "0.5",
                                 "1.0000000001G",
                                 "11T",
                                 "10000000000001",
                                 "99999999999999999999999G",
                                 "1_000",
                                 "0x10",
                                 "1 000",
                                 "1,5G"}) {
    const auto speed = parse_speed(text);
    INFO(text);
    REQUIRE_FALSE(speed);
    CHECK(speed.error().kind == octopoll::ErrorKind::config);
    CHECK_FALSE(speed.error().remedy.empty());
  }
}
