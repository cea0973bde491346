#include "local/work_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <system_error>
#include <utility>

namespace octopoll::local {
namespace {

constexpr std::string_view prefix = "octopoll-snmpd-";

// A directory that is being made is not locked yet for an instant; one this old is not being made.
constexpr std::time_t oldest_unlocked = 60;

// Only what we, or the user that our children run as, could have made: in /tmp anybody may choose our prefix.
bool abandoned(const std::filesystem::path& path, std::optional<Identity> owner) {
  const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!directory || ::fstat(directory.get(), &status) != 0) return false;
  const bool ours = status.st_uid == ::geteuid() || (owner && status.st_uid == owner->uid);
  return ours && status.st_mtime + oldest_unlocked < ::time(nullptr) &&
         ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0;
}

void remove_abandoned(const std::filesystem::path& root, std::optional<Identity> owner) {
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry(root, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    if (!entry->path().filename().string().starts_with(prefix) || !abandoned(entry->path(), owner)) continue;
    std::error_code busy;
    std::filesystem::remove_all(entry->path(), busy);
  }
}

}  // namespace

Result<WorkDirectory> WorkDirectory::create(std::optional<Identity> owner) {
  std::error_code error;
  const auto root = std::filesystem::temp_directory_path(error);
  if (error) {
    return fail(ErrorKind::io, fmt::format("no directory for temporary files: {}", error.message()),
                "set TMPDIR to a directory that exists");
  }
  remove_abandoned(root, owner);

  std::string name = (root / prefix).string() + "XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    return fail(ErrorKind::io, fmt::format("{}: {}", name, std::strerror(errno)),
                "set TMPDIR to a directory that you may write to");
  }
  WorkDirectory made(name, owner);
  made.directory_ = Fd(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!made.directory_) return made.failed("cannot open", "");
  if (::flock(made.directory_.get(), LOCK_EX | LOCK_NB) != 0) return made.failed("cannot lock", "");
  if (owner && ::fchown(made.directory_.get(), owner->uid, owner->gid) != 0) return made.failed("cannot give away", "");
  return made;
}

WorkDirectory::WorkDirectory(WorkDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})), owner_(other.owner_), directory_(std::move(other.directory_)) {}

WorkDirectory::~WorkDirectory() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Result<> WorkDirectory::write_file(const char* name, std::string_view content) const {
  const Fd file(::openat(fd(), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return failed("cannot create", name);
  while (!content.empty()) {
    const auto written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("cannot write", name);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (owner_ && ::fchown(file.get(), owner_->uid, owner_->gid) != 0) return failed("cannot give away", name);
  return {};
}

Result<> WorkDirectory::make_directory(const char* name) const {
  if (::mkdirat(fd(), name, 0700) != 0) return failed("cannot create", name);
  if (owner_ && ::fchownat(fd(), name, owner_->uid, owner_->gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return failed("cannot give away", name);
  }
  return {};
}

Result<Fd> WorkDirectory::create_log(const char* name) const {
  Fd file(::openat(fd(), name, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return failed("cannot create", name);
  return file;
}

std::string WorkDirectory::tail(const char* name, std::size_t most) const {
  const Fd file(::openat(fd(), name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return {};
  const auto start = status.st_size > static_cast<off_t>(most) ? status.st_size - static_cast<off_t>(most) : 0;
  std::string text(most, '\0');
  const auto got = ::pread(file.get(), text.data(), text.size(), start);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

tl::unexpected<Error> WorkDirectory::failed(std::string_view what, const char* name) const {
  const int error = errno;
  return fail(ErrorKind::io, fmt::format("{} {}: {}", what, (path_ / name).string(), std::strerror(error)));
}

}  // namespace octopoll::local
