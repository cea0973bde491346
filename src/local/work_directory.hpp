#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string_view>

#include "octopoll/core/fd.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll::local {

/// A user to be, by number.
struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// A temporary directory (0700) that is removed at the end, ours or the next one's: it stays locked while we live, so
/// whoever finds one of ours unlocked knows that its owner was killed, and removes it.
///
/// Errors: io, naming the path.
class WorkDirectory {
 public:
  /// In $TMPDIR, else /tmp. It and all that is made in it belong to `owner`, if given.
  [[nodiscard]] static Result<WorkDirectory> create(std::optional<Identity> owner);
  WorkDirectory(WorkDirectory&& other) noexcept;
  WorkDirectory& operator=(WorkDirectory&&) = delete;
  ~WorkDirectory();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] int fd() const noexcept { return directory_.get(); }

  /// A new file, 0600.
  [[nodiscard]] Result<> write_file(const char* name, std::string_view content) const;
  /// A new directory, 0700.
  [[nodiscard]] Result<> make_directory(const char* name) const;
  /// A new file to append to, 0600, that stays ours: its fd goes to the child, which needs no right to the name.
  [[nodiscard]] Result<Fd> create_log(const char* name) const;
  /// The last octets of a file, at most `most`; empty if it cannot be read.
  [[nodiscard]] std::string tail(const char* name, std::size_t most) const;

 private:
  WorkDirectory(std::filesystem::path path, std::optional<Identity> owner) : path_(std::move(path)), owner_(owner) {}
  [[nodiscard]] tl::unexpected<Error> failed(std::string_view what, const char* name) const;

  std::filesystem::path path_;
  std::optional<Identity> owner_;
  Fd directory_;
};

}  // namespace octopoll::local
