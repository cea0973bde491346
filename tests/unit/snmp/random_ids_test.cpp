#include "snmp/random_ids.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <set>

namespace octopoll::snmp {
namespace {

TEST_CASE("ids take four octets, are not negative and do not repeat") {
  RandomIds ids;
  std::set<std::int64_t> seen;
  std::int64_t smallest = INT64_MAX;
  std::int64_t largest = 0;
  constexpr int count = 10'000;
  for (int i = 0; i < count; ++i) {
    const std::int64_t id = ids.next();
    smallest = std::min(smallest, id);
    largest = std::max(largest, id);
    seen.insert(id);
  }
  CHECK(smallest >= 0x01000000);
  CHECK(largest <= 0x7fffffff);
  // Of 2^31 numbers some 0.02 pairs are equal; more than five in a row of such runs is no chance.
  CHECK(seen.size() + 5 >= count);
  // All of the range is used: that a sixteenth at either end is never hit has a probability of e^-600.
  CHECK(smallest < 0x08000000);
  CHECK(largest > 0x78000000);
}

TEST_CASE("short ids take two octets, and 15 bits of them are used") {
  RandomIds ids;
  std::set<std::int64_t> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(ids.next_short());
  CHECK(*seen.begin() >= 0x0100);
  CHECK(*seen.rbegin() <= 0x7fff);
  // Of 32,512 numbers 10,000 draws hit 8,608 (+-40); and that a sixteenth at either end is missed is no chance.
  CHECK(seen.size() > 8'000);
  CHECK(*seen.begin() < 0x0900);
  CHECK(*seen.rbegin() > 0x7700);
}

TEST_CASE("two sources do not give the same ids") {
  RandomIds one;
  RandomIds other;
  int equal = 0;
  for (int i = 0; i < 64; ++i) equal += one.next() == other.next() ? 1 : 0;
  CHECK(equal <= 1);
}

}  // namespace
}  // namespace octopoll::snmp
