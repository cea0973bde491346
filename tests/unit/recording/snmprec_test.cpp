// Each type in the words of the format, and back through the test agent's own reader.

#include <catch2/catch.hpp>
#include <string>

#include "fleet/recording.hpp"
#include "octopoll/recording/recording.hpp"

using namespace octopoll;
using recording::Objects;
using snmp::Oid;
using snmp::Value;

TEST_CASE("a line of each type", "[recording]") {
  const auto [value, line] = GENERATE(table<Value, std::string>({
      {Value::integer(-1), "1.3.6|2|-1"},
      {Value::integer(2'147'483'647), "1.3.6|2|2147483647"},
      {Value::integer(2'147'483'648), "1.3.6|2x|0000000080000000"},
      {Value::octet_string("plain a|b #"), "1.3.6|4|plain a|b #"},
      {Value::octet_string(""), "1.3.6|4|"},
      {Value::octet_string(" blank"), "1.3.6|4x|20626c616e6b"},
      {Value::octet_string("blank "), "1.3.6|4x|626c616e6b20"},
      {Value::octet_string("two\nlines"), "1.3.6|4x|74776f0a6c696e6573"},
      {Value::octet_string(std::string("\xff\x00", 2)), "1.3.6|4x|ff00"},
      {Value(), "1.3.6|5|"},
      {Value::oid({1, 3, 6, 4'294'967'295}), "1.3.6|6|1.3.6.4294967295"},
      {Value::ip_address("\x0a\x14\x1e\x28"), "1.3.6|64|10.20.30.40"},
      {Value::ip_address(""), "1.3.6|64x|"},
      {Value::counter32(4'294'967'295), "1.3.6|65|4294967295"},
      {Value::gauge32(0), "1.3.6|66|0"},
      {Value::time_ticks(17), "1.3.6|67|17"},
      {Value::opaque("\x01\x02"), "1.3.6|68x|0102"},
      {Value::opaque_float(1.5F), "1.3.6|68x|9f78043fc00000"},
      {Value::opaque_double(-2.0), "1.3.6|68x|9f7908c000000000000000"},
      {Value::counter64(18'446'744'073'709'551'615U), "1.3.6|70|18446744073709551615"},
  }));
  CAPTURE(line);
  const std::string file = recording::to_snmprec({{Oid{1, 3, 6}, value}});
  CHECK(file == line + "\n");
  CHECK_NOTHROW(fleet::parse_recording(file, "file"));
}

TEST_CASE("lines are in the order of a walk, not of text", "[recording]") {
  const Objects objects{
      {Oid{1, 3, 10}, Value::integer(3)}, {Oid{1, 3, 9}, Value::integer(2)}, {Oid{1, 3, 6, 7}, Value::integer(1)}};
  CHECK(recording::to_snmprec(objects) == "1.3.6.7|2|1\n1.3.9|2|2\n1.3.10|2|3\n");
}
