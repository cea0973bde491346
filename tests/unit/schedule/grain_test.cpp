#include "octopoll/schedule/grain.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using octopoll::schedule::grain_for;

TEST_CASE("turns of few devices do not wait for each other", "[schedule]") {
  CHECK(grain_for(0.0) == 10ms);
  CHECK(grain_for(3.0) == 10ms);
  CHECK(grain_for(7.9) == 10ms);
}

TEST_CASE("turns of many devices share moments, some dozens each", "[schedule]") {
  CHECK(grain_for(8.0) == 500ms);
  CHECK(grain_for(1000.0 / 60.0) == 500ms);
  CHECK(grain_for(10000.0 / 60.0) == 250ms);
  CHECK(grain_for(10000.0) == 10ms);
  for (double turns = 8.0; turns < 6400.0; turns *= 1.1) {
    const double together = turns * std::chrono::duration<double>(grain_for(turns)).count();
    INFO(turns << " a second");
    CHECK(together >= 4.0);
    CHECK(together <= 64.0);
  }
}

TEST_CASE("seconds are whole grains", "[schedule]") {
  for (double turns = 0.5; turns < 1e6; turns *= 2.0) CHECK(std::chrono::milliseconds(1s) % grain_for(turns) == 0ms);
}
