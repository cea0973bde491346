#include "octopoll/recording/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "octopoll/core/text.hpp"

namespace octopoll::recording {
namespace {

tl::unexpected<Error> failure(const std::filesystem::path& path, std::string_view what, int error) {
  const bool refused = error == EACCES || error == EPERM || error == EROFS;
  return fail(refused ? ErrorKind::permission : ErrorKind::io,
              fmt::format("{}: {}: {}", agent_text(path.string()), what, std::strerror(error)),
              refused ? "name a place that you may write to with -o, or -o - for stdout" : "");
}

tl::unexpected<Error> already_there(const std::filesystem::path& path) {
  return fail(ErrorKind::usage, fmt::format("{} is there already", agent_text(path.string())),
              "--force overwrites it; -o FILE names another");
}

}  // namespace

Result<OutputFile> OutputFile::create(std::filesystem::path path, Options options) {
  struct stat there {};
  if (::stat(path.c_str(), &there) == 0) {
    if (!S_ISREG(there.st_mode)) {
      return fail(ErrorKind::usage, fmt::format("{} is no regular file", agent_text(path.string())),
                  "-o FILE names a file, -o - is stdout");
    }
    if (!options.overwrite) return already_there(path);
    // A link stays one: what it points at is replaced.
    std::error_code error;
    auto real = std::filesystem::canonical(path, error);
    if (!error) path = std::move(real);
  }
  std::string name = (path.parent_path() / fmt::format(".{}.XXXXXX", path.filename().string())).string();
  Fd fd(::mkostemp(name.data(), O_CLOEXEC));  // mode 0600
  if (!fd) return failure(path, "cannot be written", errno);
  OutputFile file(std::move(path), name, std::move(fd), options.overwrite);
  if (!options.owner_only) {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    if (::fchmod(file.fd_.get(), 0666 & ~mask) != 0) return failure(file.path_, "cannot be made readable", errno);
  }
  return file;
}

OutputFile::OutputFile(std::filesystem::path path, std::filesystem::path temporary, Fd fd, bool overwrite)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)), overwrite_(overwrite) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::move(other.fd_)),
      overwrite_(other.overwrite_) {}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<> OutputFile::commit(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd_.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure(path_, "cannot be written", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd_.get()) != 0) return failure(path_, "cannot be written", errno);
  return move_into_place();
}

Result<> OutputFile::move_into_place() {
  if (!overwrite_) {
    // link() refuses what rename() would overwrite: a file that came into being while the device was asked.
    if (::link(temporary_.c_str(), path_.c_str()) == 0) {
      ::unlink(temporary_.c_str());
      temporary_.clear();
      return {};
    }
    if (errno == EEXIST) return already_there(path_);
    // Not every file system has hard links; the moment between the look and the move is the price.
    struct stat there {};
    if (::lstat(path_.c_str(), &there) == 0) return already_there(path_);
  }
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failure(path_, "cannot be put in place", errno);
  temporary_.clear();
  return {};
}

}  // namespace octopoll::recording
