#pragma once
// How long a request, and a poll, are waited for.

#include <algorithm>
#include <chrono>

namespace octopoll {

/// Of one try of a request, the first one being 0: each wait is twice the one before, at most four times the first.
/// RFC 3416 section 4.1 leaves the strategy to us.
[[nodiscard]] constexpr std::chrono::nanoseconds patience_of_try(std::chrono::nanoseconds timeout,
                                                                 unsigned try_number) noexcept {
  return timeout * (try_number >= 2 ? 4 : 1 << try_number);
}

/// Of a request with all its retries, where nothing answers.
[[nodiscard]] constexpr std::chrono::nanoseconds whole_patience(std::chrono::nanoseconds timeout,
                                                                unsigned retries) noexcept {
  std::chrono::nanoseconds sum{};
  for (unsigned number = 0; number <= retries; ++number) sum += patience_of_try(timeout, number);
  return sum;
}

/// A cycle ends before the device's next turn begins: with what has arrived by then.
[[nodiscard]] constexpr std::chrono::nanoseconds cycle_budget(std::chrono::nanoseconds interval) noexcept {
  return std::max<std::chrono::nanoseconds>(interval * 19 / 20, std::chrono::milliseconds(50));
}

}  // namespace octopoll
