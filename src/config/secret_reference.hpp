#pragma once
// Secrets as the inventory writes them.

#include <filesystem>
#include <string>

#include "octopoll/core/result.hpp"
#include "octopoll/core/secret.hpp"

namespace octopoll::config {

/// resolve_secret(), with `file:` paths relative to `folder` (of the inventory) where they are relative. A path may
/// have `${VAR}` in it, as systemd's ${CREDENTIALS_DIRECTORY}.
/// Errors: those of resolve_secret(); a path to something else than a regular file, which might never end.
[[nodiscard]] Result<Secret> resolve_reference(const std::string& written, const std::filesystem::path& folder);

/// The secret itself stands in the file, rather than a variable or a path.
[[nodiscard]] bool is_literal(const std::string& written);

}  // namespace octopoll::config
