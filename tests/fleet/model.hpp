#pragma once
// What stands behind an agent: its instances and their values.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fleet/layout.hpp"
#include "fleet/value.hpp"

namespace fleet {

/// An instant of the fleet's clock: CLOCK_BOOTTIME of this machine, or what a test makes of it.
using Instant = std::chrono::nanoseconds;

/// What SNMPv3 says of an agent. Source: RFC 3411 section 5, snmpEngine.
struct EngineFacts {
  Octets id;  ///< borrowed from the model
  std::uint32_t boots = 0;
  std::uint32_t time = 0;
};
/// RFC 3411 section 5, SnmpEngineID: the enterprise number of RFC 5612, format 4 (text), the device's name.
[[nodiscard]] std::string make_engine_id(std::string_view name);

/// Thread: the fleet's.
class Model {
 public:
  virtual ~Model() = default;
  /// Another object whenever instances came or went, so that comparing pointers tells.
  [[nodiscard]] virtual const std::shared_ptr<const Layout>& layout() const = 0;
  /// The value at `now`; borrowed octets live until the next call.
  [[nodiscard]] virtual Value value(Slot slot, Instant now) = 0;
  [[nodiscard]] virtual EngineFacts engine(Instant now) const = 0;
};

}  // namespace fleet
