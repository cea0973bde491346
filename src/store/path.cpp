#include "octopoll/store/path.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

namespace octopoll::store {
namespace {

namespace fs = std::filesystem;

const fs::path system_directory = "/var/lib/octopoll";

Result<fs::path> made_absolute(const fs::path& path);
std::optional<fs::path> path_of_this_user();
std::optional<fs::path> from_environment(const char* variable);
std::optional<fs::path> home_directory();
bool could_hold_a_store(const fs::path& directory);

}  // namespace

Result<fs::path> default_store_path(const std::optional<fs::path>& flag, const std::optional<fs::path>& inventory) {
  if (flag) {
    if (flag->empty()) return fail(ErrorKind::usage, "--db is empty", "name a file, for example --db octopoll.db");
    return made_absolute(*flag);
  }
  if (inventory && !inventory->empty()) return made_absolute(*inventory);
  if (const auto named = from_environment("OCTOPOLL_DB")) return made_absolute(*named);

  if (could_hold_a_store(system_directory)) return system_directory / "octopoll.db";
  if (auto own = path_of_this_user()) return *std::move(own);
  return fail(ErrorKind::usage,
              "no place for the store: /var/lib/octopoll is not writable and there is no home directory",
              "name the file with --db, or set OCTOPOLL_DB");
}

bool is_default_store_path(const fs::path& path) {
  return path == system_directory / "octopoll.db" || path == path_of_this_user();
}

namespace {

std::optional<fs::path> path_of_this_user() {
  // The XDG Base Directory Specification: a relative XDG_STATE_HOME is to be ignored.
  if (const auto state = from_environment("XDG_STATE_HOME"); state && state->is_absolute())
    return *state / "octopoll" / "octopoll.db";
  if (const auto home = home_directory()) return *home / ".local" / "state" / "octopoll" / "octopoll.db";
  return std::nullopt;
}

Result<fs::path> made_absolute(const fs::path& path) {
  std::error_code problem;
  fs::path whole = fs::absolute(path, problem);
  if (problem) return fail(ErrorKind::io, path.string() + ": " + problem.message(), "give an absolute path");
  return whole.lexically_normal();
}

std::optional<fs::path> from_environment(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return fs::path(text);
}

// Services may run without HOME; the account database knows then.
std::optional<fs::path> home_directory() {
  if (const auto home = from_environment("HOME")) return home;
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  if (found->pw_dir == nullptr || *found->pw_dir == '\0') return std::nullopt;
  return fs::path(found->pw_dir);
}

// The directory is what SQLite must write to (the WAL stands beside the file), so it decides, not the file alone.
bool could_hold_a_store(const fs::path& directory) {
  std::error_code problem;
  if (fs::is_directory(directory, problem)) {
    if (::access(directory.c_str(), W_OK | X_OK) != 0) return false;
    const fs::path file = directory / "octopoll.db";
    return ::access(file.c_str(), F_OK) != 0 || ::access(file.c_str(), R_OK | W_OK) == 0;
  }
  if (fs::exists(directory, problem)) return false;
  return ::access(directory.parent_path().c_str(), W_OK | X_OK) == 0;
}

}  // namespace
}  // namespace octopoll::store
