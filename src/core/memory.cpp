#include "octopoll/core/memory.hpp"

#include <malloc.h>

// tcmalloc's, in programs that are linked with it (cmake/allocator.cmake).
extern "C" void MallocExtension_ReleaseFreeMemory() __attribute__((weak));

namespace octopoll {

void give_back_memory() noexcept {
  if (MallocExtension_ReleaseFreeMemory != nullptr) {
    MallocExtension_ReleaseFreeMemory();
  } else {
    malloc_trim(0);
  }
}

}  // namespace octopoll
