#include "poll/read_again.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace octopoll::poll {
namespace {

/// Cycles that pass between the reads, each of which settles nothing.
std::vector<int> pauses(unsigned unit, unsigned most, int reads) {
  ReadAgain again;
  std::vector<int> passed;
  for (int i = 0; i < reads; ++i) {
    again.put_off(unit, most);
    int cycles = 1;
    while (again.must_wait()) ++cycles;
    passed.push_back(cycles);
  }
  return passed;
}

TEST_CASE("tables that failed are read again with the next cycle, then ever more rarely") {
  CHECK(pauses(1, 1000, 6) == std::vector{1, 2, 4, 8, 16, 32});
  CHECK(pauses(1, 12, 6) == std::vector{1, 2, 4, 8, 12, 12});
  CHECK(pauses(1, 0, 3) == std::vector{1, 1, 1});
}

TEST_CASE("a read that took ten cycles pauses for as many") { CHECK(pauses(10, 1000, 3) == std::vector{10, 20, 40}); }

TEST_CASE("what is settled begins anew, and a change ends the pause alone") {
  ReadAgain again;
  for (int i = 0; i < 4; ++i) again.put_off(1, 1000);
  CHECK(again.reads() == 4);
  CHECK(again.waiting());
  again.now();
  CHECK_FALSE(again.must_wait());
  again.put_off(1, 1000);
  CHECK(again.waiting());
  again.settled();
  CHECK(again.reads() == 0);
  CHECK_FALSE(again.must_wait());
}

}  // namespace
}  // namespace octopoll::poll
