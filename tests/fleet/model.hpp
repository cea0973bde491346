#pragma once
// What stands behind an agent: its instances and their values.

#include <chrono>
#include <memory>

#include "fleet/layout.hpp"
#include "fleet/value.hpp"

namespace fleet {

/// An instant of the fleet's clock: CLOCK_BOOTTIME of this machine, or what a test makes of it.
using Instant = std::chrono::nanoseconds;

/// Thread: the fleet's.
class Model {
 public:
  virtual ~Model() = default;
  /// Another object whenever instances came or went, so that comparing pointers tells.
  [[nodiscard]] virtual const std::shared_ptr<const Layout>& layout() const = 0;
  /// The value at `now`; borrowed octets live until the next call.
  [[nodiscard]] virtual Value value(Slot slot, Instant now) = 0;
};

}  // namespace fleet
