#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "octopoll/core/queue.hpp"

namespace octopoll {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

/// Who pushed it, and as which of its own.
struct Item {
  int producer;
  int number;
};

TEST_CASE("with producers on other threads nothing is lost, doubled or out of order but what is counted") {
  constexpr int producers = 4;
  constexpr int each = 5'000;
  const std::size_t capacity = GENERATE(std::size_t{1}, std::size_t{16}, std::size_t{producers * each});
  BoundedQueue<Item> queue(capacity);
  std::vector<std::thread> threads;
  for (int producer = 0; producer < producers; ++producer) {
    threads.emplace_back([&queue, producer] {
      for (int number = 0; number < each; ++number) queue.push({producer, number});
    });
  }
  std::thread closer([&] {
    for (std::thread& thread : threads) thread.join();
    queue.close();
  });
  std::uint64_t received = 0;
  std::size_t most_at_once = 0;
  bool in_order = true;
  std::vector<int> last(producers, -1);
  while (!queue.finished()) {
    const auto items = queue.drain(1h, all);
    most_at_once = std::max(most_at_once, items.size());
    received += items.size();
    for (const Item& item : items) {
      in_order = in_order && std::exchange(last[static_cast<std::size_t>(item.producer)], item.number) < item.number;
    }
  }
  closer.join();
  CHECK(received + queue.dropped() == std::uint64_t{producers} * each);
  CHECK(most_at_once <= capacity);
  CHECK(in_order);
  if (capacity == std::size_t{producers} * each) CHECK(queue.dropped() == 0);
  CHECK(last[0] <= each - 1);
}

TEST_CASE("a consumer that waits is woken by an item and by the end") {
  BoundedQueue<int> queue(8);
  std::vector<int> taken;
  std::thread consumer([&] {
    while (!queue.finished()) {
      for (const int item : queue.drain(1h, all)) taken.push_back(item);
    }
  });
  // One at a time, each awaited: the consumer goes to sleep in between.
  for (int i = 1; i <= 3; ++i) {
    CHECK(queue.push(i));
    while (queue.size() != 0) std::this_thread::yield();
  }
  queue.close();
  consumer.join();
  CHECK(taken == std::vector<int>{1, 2, 3});
}

TEST_CASE("several consumers share what there is") {
  constexpr int items = 10'000;
  BoundedQueue<int> queue(items);
  std::vector<std::vector<int>> taken(3);
  std::vector<std::thread> consumers;
  for (auto& mine : taken) {
    consumers.emplace_back([&queue, &mine] {
      while (!queue.finished()) {
        for (const int item : queue.drain(1h, 7)) mine.push_back(item);
      }
    });
  }
  for (int i = 0; i < items; ++i) queue.push(i);
  queue.close();
  for (std::thread& consumer : consumers) consumer.join();
  std::vector<int> seen(items, 0);
  for (const auto& mine : taken) {
    for (const int item : mine) ++seen[static_cast<std::size_t>(item)];
  }
  CHECK(std::count(seen.begin(), seen.end(), 1) == items);
}

}  // namespace
}  // namespace octopoll
