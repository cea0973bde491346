#include "local/find_program.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <system_error>

#include "octopoll/local/private_snmpd.hpp"

namespace octopoll::local {
namespace {

bool executable(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::filesystem::path> find_program(std::string_view name, std::string_view path_variable) {
  while (!path_variable.empty()) {
    const auto end = path_variable.find(':');
    const std::filesystem::path directory(path_variable.substr(0, end));
    if (directory.is_absolute() && executable(directory / name)) return directory / name;
    path_variable = end == std::string_view::npos ? std::string_view{} : path_variable.substr(end + 1);
  }
  for (const auto* system : {"/usr/sbin", "/usr/local/sbin", "/sbin"}) {
    const auto file = std::filesystem::path(system) / name;
    if (executable(file)) return file;
  }
  return std::nullopt;
}

Result<std::filesystem::path> find_snmpd() {
  const char* path = std::getenv("PATH");
  if (auto found = find_program("snmpd", path == nullptr ? "" : path)) return *std::move(found);
  return fail(ErrorKind::io, "snmpd is neither in PATH nor in /usr/sbin, /usr/local/sbin or /sbin",
              "sudo apt-get install snmpd");
}

}  // namespace octopoll::local
