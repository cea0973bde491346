#include "octopoll/core/memory.hpp"

#include <malloc.h>

#include <cstddef>

// tcmalloc's, in programs that are linked with it (cmake/allocator.cmake).
extern "C" void MallocExtension_ReleaseToSystem(std::size_t octets) __attribute__((weak));

namespace octopoll {

void give_back_memory() noexcept {
  constexpr std::size_t most = 64U << 20U;
  if (MallocExtension_ReleaseToSystem != nullptr) {
    MallocExtension_ReleaseToSystem(most);
  } else {
    malloc_trim(0);
  }
}

}  // namespace octopoll
