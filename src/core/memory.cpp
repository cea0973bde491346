#include "octopoll/core/memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

// tcmalloc's, in programs that are linked with it (cmake/allocator.cmake).
extern "C" void MallocExtension_ReleaseToSystem(std::size_t octets) __attribute__((weak));

namespace octopoll {
namespace {

/// Of one program or library: the segments that the loader never writes to, so that the kernel has all of it in its
/// file. (Relocated data that is read-only later is in a segment with PF_W.)
int give_back_file_pages(dl_phdr_info* object, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  for (std::size_t segment = 0; segment < object->dlpi_phnum; ++segment) {
    const ElfW(Phdr)& head = object->dlpi_phdr[segment];
    if (head.p_type != PT_LOAD || (head.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + head.p_vaddr) / page * page;
    const std::uintptr_t end = object->dlpi_addr + head.p_vaddr + head.p_memsz;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as numbers
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void give_back_memory() noexcept {
  constexpr std::size_t most = 64U << 20U;
  if (MallocExtension_ReleaseToSystem != nullptr) {
    MallocExtension_ReleaseToSystem(most);
  } else {
    malloc_trim(0);
  }
  dl_iterate_phdr(give_back_file_pages, nullptr);
}

}  // namespace octopoll
