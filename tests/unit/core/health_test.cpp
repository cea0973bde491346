#include "octopoll/core/health.hpp"

#include <catch2/catch.hpp>

namespace octopoll {
namespace {

TEST_CASE("shares of packets are read as people write them") {
  const std::pair<const char*, double> good[] = {{"0.01%", 0.0001},  {"0.01 %", 0.0001}, {"0.0001", 0.0001},
                                                 {"100ppm", 0.0001}, {"0", 0.0},         {"1", 1.0},
                                                 {"100%", 1.0}};
  for (const auto& [text, ratio] : good) {
    CAPTURE(text);
    REQUIRE(parse_ratio(text));
    CHECK(*parse_ratio(text) == Approx(ratio));
  }
  for (const char* text : {"", "%", "-1%", "1.5", "101%", "one", "1e-3", "nan", "inf", "0x1", "1 percent", "1%%"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_ratio(text));
  }
}

}  // namespace
}  // namespace octopoll
