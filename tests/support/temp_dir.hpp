#pragma once
// A folder of a test's own.

#include <filesystem>
#include <string>

namespace octopoll::test {

/// A new, empty folder below $TMPDIR (else /tmp), mode 0700, removed with all its contents at the end of the scope.
/// Errors: std::system_error when it cannot be made; failing to remove it is silent.
class TempDir {
 public:
  TempDir();
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Writes a whole file, replacing what was there. Errors: std::runtime_error naming the file.
void write_file(const std::filesystem::path& file, const std::string& text);
/// Reads a whole file. Errors: std::runtime_error naming the file.
[[nodiscard]] std::string read_file(const std::filesystem::path& file);

}  // namespace octopoll::test
