#include "config/secret_reference.hpp"

#include <fmt/format.h>

#include <string_view>
#include <system_error>

namespace octopoll::config {
namespace {

constexpr std::string_view file_prefix = "file:";

std::string without_references(std::string path);

}  // namespace

Result<Secret> resolve_reference(const std::string& written, const std::filesystem::path& folder) {
  if (!written.starts_with(file_prefix)) return resolve_secret(written);
  const std::string path_written = written.substr(file_prefix.size());
  if (path_written.empty()) return fail(ErrorKind::config, "`file:` without a path", "write file:PATH");
  if (path_written.starts_with(file_prefix)) return fail(ErrorKind::config, "`file:` stands twice", "write file:PATH");
  // Expanded first, since only then it shows whether the path is relative.
  const auto expanded = resolve_secret(path_written);
  if (!expanded) return expanded;
  const std::filesystem::path path = folder / expanded->reveal();
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return fail(ErrorKind::config, fmt::format("the secret file {} is not a regular file", path.string()),
                "name a file that holds the secret and nothing else");
  }
  return resolve_secret(std::string(file_prefix) + without_references(path.string()));
}

bool is_literal(const std::string& written) {
  if (written.starts_with(file_prefix)) return false;
  for (std::size_t at = written.find("${"); at != std::string::npos; at = written.find("${", at + 2)) {
    if (at == 0 || written[at - 1] != '$') return false;
  }
  return true;
}

namespace {

/// A path that was expanded already: what looks like a reference in it is a name in the file system.
std::string without_references(std::string path) {
  for (std::size_t at = path.find("${"); at != std::string::npos; at = path.find("${", at + 3)) path.insert(at, 1, '$');
  return path;
}

}  // namespace
}  // namespace octopoll::config
