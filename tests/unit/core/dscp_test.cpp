#include "octopoll/core/dscp.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace octopoll {
namespace {

TEST_CASE("a DSCP by number and by name") {
  const auto [text, value] = GENERATE(table<std::string, int>({
      {"0", 0},
      {"63", 63},
      {"46", 46},
      {"EF", 46},
      {"ef", 46},
      {"VA", 44},
      {"LE", 1},
      {"CS0", 0},
      {"CS1", 8},
      {"cs6", 48},
      {"CS7", 56},
      {"AF11", 10},
      {"AF13", 14},
      {"AF21", 18},
      {"AF41", 34},
      {"af43", 38},
  }));
  CAPTURE(text);
  const auto parsed = parse_dscp(text);
  REQUIRE(parsed);
  CHECK(*parsed == value);
}

TEST_CASE("what is no DSCP is refused with the forms there are") {
  const std::string text =
      GENERATE("", "64", "256", "-1", "1x", "0x2e", " 46", "CS8", "CS", "AF44", "AF51", "AF10", "AF1", "BE", "E");
  CAPTURE(text);
  const auto parsed = parse_dscp(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().kind == ErrorKind::usage);
  CHECK(parsed.error().remedy.find("AF11 to AF43") != std::string::npos);
}

}  // namespace
}  // namespace octopoll
