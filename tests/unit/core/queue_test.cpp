#include "octopoll/core/queue.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <memory>
#include <vector>

namespace octopoll {
namespace {

using namespace std::chrono_literals;
using Items = std::vector<int>;

constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

TEST_CASE("what goes in comes out in order") {
  BoundedQueue<int> queue(4);
  for (int i = 1; i <= 3; ++i) CHECK(queue.push(i));
  CHECK(queue.size() == 3);
  CHECK(queue.drain(0ms, 2) == Items{1, 2});
  CHECK(queue.drain(0ms, all) == Items{3});
  CHECK(queue.size() == 0);
  CHECK(queue.dropped() == 0);
}

TEST_CASE("a full queue drops its oldest items and counts them") {
  BoundedQueue<int> queue(3);
  for (int i = 1; i <= 10; ++i) CHECK(queue.push(i));
  CHECK(queue.size() == 3);
  CHECK(queue.dropped() == 7);
  CHECK(queue.drain(0ms, all) == Items{8, 9, 10});
  CHECK(queue.push(11));
  CHECK(queue.dropped() == 7);
}

TEST_CASE("a queue of one keeps the newest") {
  BoundedQueue<int> queue(1);
  CHECK(queue.push(1));
  CHECK(queue.push(2));
  CHECK(queue.drain(0ms, all) == Items{2});
}

TEST_CASE("an empty queue gives nothing when the patience is over") {
  BoundedQueue<int> queue(3);
  CHECK(queue.drain(0ms, all).empty());
  CHECK(queue.drain(1ms, all).empty());
  CHECK_FALSE(queue.finished());
}

TEST_CASE("a closed queue takes nothing and hands out what is left") {
  BoundedQueue<int> queue(3);
  CHECK(queue.push(1));
  CHECK(queue.push(2));
  queue.close();
  CHECK_FALSE(queue.push(3));
  CHECK_FALSE(queue.finished());
  CHECK(queue.drain(0ms, 1) == Items{1});
  CHECK_FALSE(queue.finished());
  CHECK(queue.drain(0ms, all) == Items{2});
  CHECK(queue.finished());
  CHECK(queue.drain(1h, all).empty());  // does not wait for what cannot come
  queue.close();
  CHECK(queue.finished());
}

TEST_CASE("items may be movable alone") {
  BoundedQueue<std::unique_ptr<int>> queue(2);
  CHECK(queue.push(std::make_unique<int>(7)));
  const auto items = queue.drain(0ms, all);
  REQUIRE(items.size() == 1);
  CHECK(*items[0] == 7);
}

}  // namespace
}  // namespace octopoll
