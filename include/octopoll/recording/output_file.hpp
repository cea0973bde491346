#pragma once
// A file that is either written whole or not there.

#include <filesystem>
#include <string>
#include <string_view>

#include "octopoll/core/fd.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll::recording {

/// Written beside its place under another name and moved there when it is complete and on disk.
///
/// Shape:  move-only; without commit() the destructor removes what was written.
/// Errors: io or permission with the path; usage where something is there that must not be overwritten.
/// Thread: one at a time.
class OutputFile {
 public:
  struct Options {
    bool overwrite = false;  ///< only ever a regular file
    bool owner_only = true;  ///< mode 0600; else as the umask has it
  };

  /// Makes the temporary file at once, so that a place that cannot be written to is known before the work.
  [[nodiscard]] static Result<OutputFile> create(std::filesystem::path path, Options options);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] Result<> commit(std::string_view text);

 private:
  OutputFile(std::filesystem::path path, std::filesystem::path temporary, Fd fd, bool overwrite);
  [[nodiscard]] Result<> move_into_place();

  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty: moved, nothing to remove
  Fd fd_;
  bool overwrite_;
};

}  // namespace octopoll::recording
