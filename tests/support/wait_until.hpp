#pragma once
// Waiting for something that another process or thread brings about.

#include <chrono>
#include <concepts>
#include <thread>

namespace octopoll::test {

/// How long a test waits for what must come: far longer than it takes, so that a loaded machine fails no test.
inline constexpr std::chrono::seconds patience{30};

/// Asks `condition` every few milliseconds until it holds; false when `bound` is over and it still does not.
template <std::predicate Condition>
[[nodiscard]] bool wait_until(Condition condition, std::chrono::milliseconds bound = patience) {
  const auto end = std::chrono::steady_clock::now() + bound;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace octopoll::test
