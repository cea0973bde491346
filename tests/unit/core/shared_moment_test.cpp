#include "octopoll/core/shared_moment.hpp"

#include <catch2/catch.hpp>

namespace octopoll {
namespace {

using namespace std::chrono_literals;

BootTime at(std::chrono::nanoseconds since_boot) { return BootTime(since_boot); }

TEST_CASE("timers of one grain share their moments, and none is early") {
  CHECK(shared_moment(at(0ns), 5ms) == at(0ms));
  CHECK(shared_moment(at(1ns), 5ms) == at(5ms));
  CHECK(shared_moment(at(4'999'999ns), 5ms) == at(5ms));
  CHECK(shared_moment(at(5ms), 5ms) == at(5ms));
  CHECK(shared_moment(at(5'000'001ns), 5ms) == at(10ms));
  // Of a multiple of the grain.
  CHECK(shared_moment(at(7ms), 5ms) == shared_moment(at(3ms), 10ms));
}

}  // namespace
}  // namespace octopoll
