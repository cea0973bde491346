#include "octopoll/snmp/oid.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

namespace octopoll::snmp {
namespace {

std::string ones(std::size_t count) {
  std::string text = "1";
  for (std::size_t i = 1; i < count; ++i) text += ".1";
  return text;
}

}  // namespace

TEST_CASE("an OID is read with and without its leading dot, and printed without") {
  const auto oid = Oid::parse(".1.3.6.1.2.1.2.2.1.10");
  REQUIRE(oid);
  CHECK(*oid == Oid{1, 3, 6, 1, 2, 1, 2, 2, 1, 10});
  CHECK(oid->to_string() == "1.3.6.1.2.1.2.2.1.10");
  CHECK(Oid::parse(oid->to_string()) == *oid);
  CHECK(Oid::parse("0") == Oid{0});
  CHECK(Oid::parse("1.3.4294967295") == Oid{1, 3, 4294967295U});
  CHECK(Oid::parse("1.003") == Oid{1, 3});
  CHECK(Oid{}.to_string().empty());
}

TEST_CASE("an OID that is none says which number is wrong") {
  const auto [text, reason] = GENERATE(table<std::string, std::string>({
      {"", "it has no number"},
      {".", "it has no number"},
      {"1..3", "a number is missing"},
      {"1.3.", "a number is missing"},
      {"..1", "a number is missing"},
      {"1.3.4294967296", "4294967296 is above 4294967295"},
      {"1.99999999999999999999999", "99999999999999999999999 is above 4294967295"},
      {"1.3.x", "\"x\" is not a decimal number"},
      {"1.3.6a", "\"6a\" is not a decimal number"},
      {"1.-3", "\"-3\" is not a decimal number"},
      {"1.+3", "\"+3\" is not a decimal number"},
      {"1. 3", "\" 3\" is not a decimal number"},
      {"1.0x10", "\"0x10\" is not a decimal number"},
      {"ifDescr", "\"ifDescr\" is not a decimal number"},
      {ones(129), "it has more than 128 numbers"},
  }));
  const auto oid = Oid::parse(text);
  REQUIRE_FALSE(oid);
  CHECK(oid.error().kind == ErrorKind::usage);
  CHECK_THAT(oid.error().message, Catch::Contains(reason));
  CHECK_FALSE(oid.error().remedy.empty());
}

TEST_CASE("an OID has at most 128 numbers (RFC 2578 section 3.5)") {
  const auto longest = Oid::parse(ones(128));
  REQUIRE(longest);
  CHECK(longest->size() == Oid::max_length);
  CHECK_THROWS_AS(longest->child(1), std::length_error);
  CHECK_THROWS_AS(*longest + Oid{1}, std::length_error);
  const std::vector<std::uint32_t> numbers(129, 1);
  CHECK_THROWS_AS(Oid(numbers), std::length_error);
  CHECK((*longest + Oid{}).size() == Oid::max_length);
}

TEST_CASE("OIDs are in the order of a walk") {
  const std::vector<Oid> in_order = {
      {},  {1}, {1, 3}, {1, 3, 6}, {1, 3, 6, 1}, {1, 3, 6, 2}, {1, 3, 6, 10}, {1, 3, 2147483648U}, {1, 3, 4294967295U},
      {2},
  };
  for (std::size_t a = 0; a < in_order.size(); ++a)
    for (std::size_t b = 0; b < in_order.size(); ++b) {
      CAPTURE(in_order[a].to_string(), in_order[b].to_string());
      CHECK((in_order[a] <=> in_order[b]) == (a <=> b));
      CHECK((in_order[a] == in_order[b]) == (a == b));
    }
}

TEST_CASE("a column and its index are told apart") {
  const Oid column{1, 3, 6, 1, 2, 1, 2, 2, 1, 10};
  const Oid instance = column.child(7);
  CHECK(instance == column + Oid{7});
  CHECK(instance.back() == 7);
  CHECK(instance.starts_with(column));
  CHECK(column.starts_with(column));
  CHECK(column.starts_with(Oid{}));
  CHECK_FALSE(column.starts_with(instance));
  CHECK_FALSE(Oid({1, 3, 6, 2}).starts_with(Oid{1, 3, 6, 1}));
  CHECK(instance.after(column.size()) == Oid{7});
  CHECK(instance.after(instance.size()).empty());
  CHECK(instance.after(1000).empty());
}

TEST_CASE("OIDs are keys of a hash table") {
  std::unordered_set<Oid> seen{{1, 3}, {1, 3, 6}};
  CHECK(seen.contains(Oid{1, 3}));
  CHECK_FALSE(seen.contains(Oid{3, 1}));
  CHECK_FALSE(seen.insert(Oid{1, 3, 6}).second);
}

}  // namespace octopoll::snmp
