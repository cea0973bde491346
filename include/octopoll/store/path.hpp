#pragma once
// Which file is the store.

#include <filesystem>
#include <optional>

#include "octopoll/core/result.hpp"

namespace octopoll::store {

/// The store to use: `flag` (--db), else the inventory's `store`, else $OCTOPOLL_DB, else
/// /var/lib/octopoll/octopoll.db if this user could write there, else
/// ${XDG_STATE_HOME:-~/.local/state}/octopoll/octopoll.db.
///
/// Shape:  an absolute path; nothing is created or opened.
/// Errors: usage, where the last rule is reached and there is no home directory; a flag that is empty.
/// Thread: any that does not race with setenv().
[[nodiscard]] Result<std::filesystem::path> default_store_path(
    const std::optional<std::filesystem::path>& flag = std::nullopt,
    const std::optional<std::filesystem::path>& inventory = std::nullopt);

/// Whether `path` is what the rules give where nobody names a store. Its directories are octopoll's own to make.
[[nodiscard]] bool is_default_store_path(const std::filesystem::path& path);

}  // namespace octopoll::store
