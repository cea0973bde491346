#include "snmp/id_table.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <unordered_map>

using namespace octopoll::snmp;

TEST_CASE("any sequence of entering and erasing agrees with a hash map of the library") {
  std::mt19937 random(GENERATE(1U, 2U, 3U));
  // Few distinct low bits, so that they crowd.
  const auto some_id = [&random] {
    return static_cast<std::int64_t>(0x01000000 + (random() % 40) * 64 + random() % 3);
  };
  int owners[8] = {};
  IdTable<int*> table;
  std::unordered_map<std::int64_t, int*> expected;
  for (int step = 0; step < 50'000; ++step) {
    const std::int64_t id = some_id();
    if (random() % 2 == 0) {
      int* owner = &owners[random() % 8];
      table.set(id, owner);
      expected[id] = owner;
    } else {
      table.erase(id);
      expected.erase(id);
    }
    const std::int64_t other = some_id();
    const auto found = expected.find(other);
    REQUIRE(table.find(other) == (found == expected.end() ? nullptr : found->second));
    REQUIRE(table.size() == expected.size());
  }
}

TEST_CASE("ids that are none are not found and take nothing away") {
  IdTable<int*> table;
  int owner = 0;
  CHECK(table.find(5) == nullptr);
  table.erase(5);
  table.set(5, &owner);
  CHECK(table.find(0) == nullptr);
  CHECK(table.find(-1) == nullptr);
  table.erase(0);
  table.erase(-1);
  CHECK(table.find(5) == &owner);
}
