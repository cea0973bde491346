// The inventory loader on arbitrary bytes. Whatever they are, it returns an inventory or problems that can be shown.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "config/loader.hpp"
#include "octopoll/core/text.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto inventory = octopoll::config::load_inventory_text(text, "/nonexistent/fuzz.yaml", true);
  if (inventory) {
    require(!inventory->devices.empty() || !inventory->probes.empty());
    for (const auto& device : inventory->devices) {
      require(device.interfaces != nullptr && !device.name.empty() && !device.address.host.empty());
      require(device.timeout < device.interval);
    }
    return 0;
  }
  require(!inventory.error().empty());
  const octopoll::config::Problem* before = nullptr;
  for (const auto& problem : inventory.error()) {
    require(problem.line >= 1 && problem.column >= 1 && !problem.message.empty());
    require(!octopoll::needs_raw(problem.message) && !octopoll::needs_raw(problem.remedy));
    require(before == nullptr || before->line <= problem.line);
    before = &problem;
  }
  return 0;
}
