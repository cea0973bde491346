// Preloaded, it leaves every socket the receive buffer that the kernel gives to all (net.core.rmem_default): what a
// poller has on a machine that nobody tuned, whatever this one is tuned to and whoever runs the benchmark.

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

extern "C" int setsockopt(int fd, int level, int option, const void* value, socklen_t size) noexcept {
  if (level == SOL_SOCKET && option == SO_RCVBUFFORCE) {
    errno = EPERM;
    return -1;
  }
  if (level == SOL_SOCKET && option == SO_RCVBUF) return 0;
  return static_cast<int>(::syscall(SYS_setsockopt, fd, level, option, value, size));
}
