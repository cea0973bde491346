// Loaded before a program under test: its wall clock is off by what a file says, as if somebody had set it.
//
// Kernels have one wall clock for all, so a test cannot step it for one process but here. The stamps that the kernel
// puts on datagrams are not moved: to the program each is as wrong as one that came just before the step.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

namespace {

/// Seconds that are added; in a file, so that the test can change them while the program runs.
const volatile long* find_offset() noexcept {
  static const volatile long none = 0;
  const char* const path = std::getenv("OCTOPOLL_CLOCK_STEP");
  const int fd = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return &none;
  void* const mapped = ::mmap(nullptr, sizeof(long), PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  return mapped == MAP_FAILED ? &none : static_cast<const volatile long*>(mapped);
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) {
  using Real = int (*)(clockid_t, timespec*);
  static const auto real = reinterpret_cast<Real>(::dlsym(RTLD_NEXT, "clock_gettime"));
  static const volatile long* const offset = find_offset();
  const int result = real(clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += *offset;
  return result;
}
