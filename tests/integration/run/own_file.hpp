#pragma once
// A file of the system, as one process sees it.

#include <filesystem>
#include <string>
#include <vector>

namespace octopoll::test {

/// `argv` with what makes it see `mine` in the place of `path`: the resolver reads its files by their fixed names,
/// whatever the environment says. The pid stays that of the program itself. Needs root.
[[nodiscard]] inline std::vector<std::string> with_own_file(const std::filesystem::path& mine,
                                                            const std::filesystem::path& path,
                                                            const std::vector<std::string>& argv) {
  std::vector<std::string> whole{
      "unshare",     "--mount",    "sh", "-c", "mount --bind \"$0\" \"$1\" && shift && exec \"$@\"",
      mine.string(), path.string()};
  whole.insert(whole.end(), argv.begin(), argv.end());
  return whole;
}

}  // namespace octopoll::test
