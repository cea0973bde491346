#include "writer_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "open.hpp"

namespace octopoll::store {
namespace {

std::string holder_of(int fd);
void write_holder(int fd);

}  // namespace

Result<WriterLock> WriterLock::take(const std::filesystem::path& store) {
  const std::string file = store.string() + ".lock";
  Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fd) return cannot_make(file, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    if (reason != EWOULDBLOCK) {
      return fail(ErrorKind::io, fmt::format("cannot lock {}: {}", file, std::generic_category().message(reason)),
                  "keep the store on a file system that knows flock(2)");
    }
    return fail(ErrorKind::store,
                fmt::format("{} is being written by another octopoll{}", store.string(), holder_of(fd.get())),
                "stop that one, or give this one a store of its own with --db");
  }
  write_holder(fd.get());
  return WriterLock(std::move(fd));
}

namespace {

// The number is for the message alone; the lock, not the text, decides.
std::string holder_of(int fd) {
  std::array<char, 32> text{};
  const ssize_t length = ::pread(fd, text.data(), text.size() - 1, 0);
  if (length <= 1) return {};
  std::string pid(text.data(), static_cast<std::size_t>(length));
  pid.erase(pid.find_last_not_of('\n') + 1);
  if (pid.find_first_not_of("0123456789") != std::string::npos) return {};
  return " (process " + pid + ")";
}

void write_holder(int fd) {
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) != 0) return;
  [[maybe_unused]] const ssize_t written = ::pwrite(fd, pid.data(), pid.size(), 0);
}

}  // namespace
}  // namespace octopoll::store
