#include "octopoll/core/memory.hpp"

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "octopoll/core/fd.hpp"

// tcmalloc's, in programs that are linked with it (cmake/allocator.cmake).
extern "C" void MallocExtension_ReleaseToSystem(std::size_t octets) __attribute__((weak));
extern "C" void MallocExtension_MarkThreadIdle() __attribute__((weak));

namespace octopoll {
namespace {

struct FilePages {
  Fd map{open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
  std::uintptr_t size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));

  /// Whether the kernel has these pages in a file as they are here: none was written to, be it by the loader (relocated
  /// code), by a debugger (breakpoints) or by a tracer. Source: the kernel's admin-guide/mm/pagemap.rst.
  [[nodiscard]] bool are_of_the_file(std::uintptr_t begin, std::uintptr_t end) const {
    constexpr std::uint64_t present = 1ULL << 63U, swapped = 1ULL << 62U, of_file = 1ULL << 61U;
    std::array<std::uint64_t, 512> pages{};
    for (std::uintptr_t at = begin / size, last = (end + size - 1) / size; at < last;) {
      const std::size_t wanted = std::min<std::size_t>(pages.size(), last - at);
      const ssize_t octets =
          pread(map.get(), pages.data(), wanted * sizeof pages[0], static_cast<off_t>(at * sizeof pages[0]));
      if (octets < static_cast<ssize_t>(sizeof pages[0])) return false;
      const std::size_t got = static_cast<std::size_t>(octets) / sizeof pages[0];
      const bool own = std::any_of(
          pages.begin(), pages.begin() + static_cast<std::ptrdiff_t>(got),
          [](std::uint64_t page) { return (page & swapped) != 0 || ((page & present) != 0 && (page & of_file) == 0); });
      if (own) return false;
      at += got;
    }
    return true;
  }
};

/// Of one program or library: what was mapped read-only from the first. (Relocated data that is read-only later is in a
/// segment with PF_W.) The loader adds no other while it calls this.
int give_back_file_pages(dl_phdr_info* object, std::size_t, void* pages) {
  const auto& file = *static_cast<const FilePages*>(pages);
  for (std::size_t segment = 0; segment < object->dlpi_phnum; ++segment) {
    const ElfW(Phdr)& head = object->dlpi_phdr[segment];
    if (head.p_type != PT_LOAD || (head.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + head.p_vaddr) / file.size * file.size;
    const std::uintptr_t end = object->dlpi_addr + head.p_vaddr + head.p_memsz;
    if (!file.are_of_the_file(begin, end)) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as numbers
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void give_back_own_memory() noexcept {
  if (MallocExtension_MarkThreadIdle != nullptr) MallocExtension_MarkThreadIdle();
}

void give_back_memory() noexcept {
  constexpr std::size_t most = 64U << 20U;
  give_back_own_memory();  // some of it makes whole pages with what is free already
  if (MallocExtension_ReleaseToSystem != nullptr) {
    MallocExtension_ReleaseToSystem(most);
  } else {
    malloc_trim(0);
  }
  FilePages pages;
  dl_iterate_phdr(give_back_file_pages, &pages);
}

}  // namespace octopoll
