#include "fleet/recording.hpp"

#include <catch2/catch.hpp>

namespace fleet {
namespace {

TEST_CASE("a recording's mistakes are named with file and line") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"1.3.6|2", "demo:1: OID|TYPE|VALUE expected"},
      {"# a comment\n\n1.3.x|2|1", "demo:3: not an OID: 1.3.x"},
      {"1.3.6|two|1", "demo:1: not a type: two"},
      {"1.3.6|2y|1", "demo:1: not a type: 2y"},
      {"1.3.6|99|1", "demo:1: type 99 is none of"},
      {"1.3.6|2|1.5", "demo:1: not a number of this type: 1.5"},
      {"1.3.6|65|-1", "demo:1: not a number of this type: -1"},
      {"1.3.6|65|4294967296", "demo:1: 4294967296 is more than 4294967295"},
      {"1.3.6|70|18446744073709551616", "demo:1: not a number of this type"},
      {"1.3.6|4x|0", "demo:1: an odd number of hex digits"},
      {"1.3.6|4x|0g", "demo:1: not hex: 0g"},
      {"1.3.6|64|1.2.3", "demo:1: not an IPv4 address: 1.2.3"},
      {"1.3.6|6|x", "demo:1: not an OID: x"},
      {"1.3.6|2|1\n1.3.6|2|1", "demo: instance 1.3.6 is there twice"},
  }));
  INFO(text);
  CHECK_THROWS_WITH(parse_recording(text, "demo"), Catch::StartsWith(message));
}

TEST_CASE("a recording may be in any order, end its lines like DOS, and hold bars in its values") {
  const auto recording = parse_recording("1.3.6.1.2|4|b|c\r\n1.3.6.1.1|4x|00ff\r\n", "demo");
  REQUIRE(recording->layout->size() == 2);
  CHECK(to_string(recording->layout->name(0)) == "1.3.6.1.1");
  RecordedModel model(recording);
  const Octets second = model.value(recording->layout->slot(1), Instant{}).octets;
  CHECK(std::string(second.begin(), second.end()) == "b|c");
}

}  // namespace
}  // namespace fleet
