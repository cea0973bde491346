#include "octopoll/snmp/value.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace octopoll::snmp {
namespace {

constexpr std::uint64_t largest64 = std::numeric_limits<std::uint64_t>::max();

struct Case {
  Value value;
  Type type;
  std::string word;
  std::optional<std::uint64_t> as_unsigned;
  std::uint8_t bits;
};

std::vector<Case> all_types() {
  return {
      {Value(), Type::null, "NULL", std::nullopt, 0},
      {Value::integer(5), Type::integer, "INTEGER", 5, 32},
      {Value::integer(-1), Type::integer, "INTEGER", std::nullopt, 32},
      {Value::counter32(4294967295U), Type::counter32, "Counter32", 4294967295U, 32},
      {Value::gauge32(0), Type::gauge32, "Gauge32", 0, 32},
      {Value::time_ticks(123), Type::time_ticks, "TimeTicks", 123, 32},
      {Value::counter64(largest64), Type::counter64, "Counter64", largest64, 64},
      {Value::octet_string("12345678"), Type::octet_string, "OCTET STRING", std::nullopt, 0},
      {Value::octet_string("1"), Type::octet_string, "OCTET STRING", std::nullopt, 0},
      {Value::oid({1, 3, 6}), Type::oid, "OBJECT IDENTIFIER", std::nullopt, 0},
      {Value::ip_address("\x7f\x01\x02\x03"), Type::ip_address, "IpAddress", std::nullopt, 0},
      {Value::opaque("\x9f\x78"), Type::opaque, "Opaque", std::nullopt, 0},
      {Value::opaque_float(1.5F), Type::opaque_float, "Opaque Float", std::nullopt, 0},
      {Value::opaque_double(2.5), Type::opaque_double, "Opaque Double", std::nullopt, 0},
      {Value::no_such_object(), Type::no_such_object, "noSuchObject", std::nullopt, 0},
      {Value::no_such_instance(), Type::no_such_instance, "noSuchInstance", std::nullopt, 0},
      {Value::end_of_mib_view(), Type::end_of_mib_view, "endOfMibView", std::nullopt, 0},
  };
}

}  // namespace

TEST_CASE("each type keeps its contents, its width and its word") {
  for (const Case& c : all_types()) {
    CAPTURE(c.word);
    CHECK(c.value.type() == c.type);
    CHECK(to_string(c.value.type()) == c.word);
    CHECK(c.value.as_unsigned() == c.as_unsigned);
    CHECK(c.value.bits() == c.bits);
  }
}

TEST_CASE("the exceptions of a PDU are values that are absent, and nothing else is") {
  for (const Case& c : all_types()) {
    CAPTURE(c.word);
    CHECK(c.value.is_exception() ==
          (c.word == "noSuchObject" || c.word == "noSuchInstance" || c.word == "endOfMibView"));
  }
}

TEST_CASE("values are equal when type and contents are") {
  const auto cases = all_types();
  for (std::size_t a = 0; a < cases.size(); ++a)
    for (std::size_t b = 0; b < cases.size(); ++b) CHECK((cases[a].value == cases[b].value) == (a == b));
  CHECK(Value::counter32(7) != Value::gauge32(7));
  CHECK(VarBind{{1, 3}, Value::integer(1)} == VarBind{{1, 3}, Value::integer(1)});
  CHECK(VarBind{{1, 3}, Value::integer(1)} != VarBind{{1, 4}, Value::integer(1)});
}

TEST_CASE("contents come out as what they went in") {
  CHECK(Value::integer(-7).as_signed() == -7);
  CHECK(Value::counter64(largest64).as_signed() == std::nullopt);
  CHECK(Value::counter64(largest64 / 2).as_signed() == std::numeric_limits<std::int64_t>::max());
  CHECK(Value::opaque_float(1.5F).as_double() == 1.5);
  CHECK(Value::opaque_double(2.5).as_double() == 2.5);
  CHECK_FALSE(Value::integer(1).as_double());
  const std::string with_nul("a\0b", 3);
  REQUIRE(Value::octet_string(with_nul).octets() != nullptr);
  CHECK(*Value::octet_string(with_nul).octets() == with_nul);
  CHECK(Value::integer(1).octets() == nullptr);
  REQUIRE(Value::oid({1, 3, 6}).as_oid() != nullptr);
  CHECK(*Value::oid({1, 3, 6}).as_oid() == Oid{1, 3, 6});
  CHECK(Value::octet_string("1.3").as_oid() == nullptr);
}

TEST_CASE("a value that was moved away leaves its contents to the other") {
  Value first = Value::octet_string(std::string(100, 'x'));
  const Value second = std::move(first);
  CHECK(*second.octets() == std::string(100, 'x'));
}

}  // namespace octopoll::snmp
