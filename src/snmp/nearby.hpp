#pragma once
// Memory that will be needed soon.

#include <cstddef>
#include <cstdint>

namespace octopoll::snmp {

/// Has the processor bring these octets near while it does something else. A hint: nothing is read, so the address may
/// be any, null or one that is no more.
inline void bring_near(const void* at, std::size_t octets) noexcept {
  constexpr std::uintptr_t line = 64;
  const auto begin = reinterpret_cast<std::uintptr_t>(at);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): from line to line
  for (std::uintptr_t each = begin & ~(line - 1); each < begin + octets; each += line)
    __builtin_prefetch(reinterpret_cast<const void*>(each));
}

}  // namespace octopoll::snmp
