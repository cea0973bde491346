#pragma once
// What code under test asks of the memory.

#include <cstddef>
#include <limits>

namespace octopoll::test {

/// While it lives, counts the octets that its thread allocates with `new`, and refuses the first time that they come to
/// more than `most` in all. One at a time in a thread.
class Allocations {
 public:
  explicit Allocations(std::size_t most = std::numeric_limits<std::size_t>::max()) noexcept;
  Allocations(const Allocations&) = delete;
  Allocations& operator=(const Allocations&) = delete;
  ~Allocations();
  [[nodiscard]] std::size_t octets() const noexcept;
};

}  // namespace octopoll::test
