#include "octopoll/core/secret.hpp"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

#include "octopoll/core/file_access.hpp"

namespace octopoll {
namespace {

/// Larger than any community or passphrase; a mistyped path to a device or a log ends here.
constexpr std::size_t largest_secret_file = 64 * 1024;

constexpr bool is_variable_name(std::string_view text) noexcept {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (text.empty() || !is_letter(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

/// Replaces every `${VAR}`; `$${` stands for a literal `${`.
Result<std::string> expand(const std::string& written) {
  std::string out;
  for (std::size_t at = 0; at < written.size();) {
    if (written.compare(at, 3, "$${") == 0) {
      out += "${";
      at += 3;
    } else if (written.compare(at, 2, "${") == 0) {
      const std::size_t end = written.find('}', at);
      // The text itself may be the secret, so it is never quoted in an error; the name of a variable is not secret.
      if (end == std::string::npos) {
        return fail(ErrorKind::config, "\"${\" without a closing \"}\"", "write $${ for a literal ${");
      }
      const std::string name = written.substr(at + 2, end - at - 2);
      // A passphrase may have braces of its own, so what cannot be a variable is not quoted either.
      if (!is_variable_name(name)) {
        return fail(ErrorKind::config, "between \"${\" and \"}\" there is no name of an environment variable",
                    "letters, digits and _ make a name; write $${ for a literal ${");
      }
      const char* value = std::getenv(name.c_str());
      if (value == nullptr) {
        return fail(ErrorKind::config, fmt::format("environment variable {} is not set", name),
                    fmt::format("export {}=...", name));
      }
      if (*value == '\0') return fail(ErrorKind::config, fmt::format("environment variable {} is empty", name), {});
      out += value;
      at = end + 1;
    } else {
      out += written[at++];
    }
  }
  return out;
}

Result<Secret> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int reason = errno;
    std::string whose = remedy_of_refusal(path, FileUse::read);
    return fail(ErrorKind::config, fmt::format("cannot read the secret file {}: {}", path, strerror(reason)),
                whose.empty() ? "check the path and that this user may read it" : std::move(whose));
  }
  std::string text(largest_secret_file + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return fail(ErrorKind::config, fmt::format("cannot read the secret file {}", path), {});
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > largest_secret_file) {
    return fail(ErrorKind::config, fmt::format("the secret file {} is larger than 64 KiB", path), {});
  }
  if (text.ends_with('\n')) text.erase(text.size() - (text.ends_with("\r\n") ? 2 : 1));
  if (text.empty()) return fail(ErrorKind::config, fmt::format("the secret file {} is empty", path), {});
  return Secret(std::move(text));
}

}  // namespace

Secret::~Secret() {
  // Up to its capacity, for a moved-from short string has size 0 and may still hold its octets.
  text_.resize(text_.capacity());
  explicit_bzero(text_.data(), text_.size());
}

Result<Secret> resolve_secret(const std::string& written) {
  auto expanded = expand(written);
  if (!expanded) return tl::make_unexpected(expanded.error());
  // Only what was written decides whether it is a file: a passphrase in the environment may begin with "file:".
  if (written.starts_with("file:")) return read_file(expanded->substr(5));
  return Secret(std::move(*expanded));
}

}  // namespace octopoll
