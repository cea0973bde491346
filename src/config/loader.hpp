#pragma once
// The inventory from text in memory: what load_inventory() does once the file is read.

#include <filesystem>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "octopoll/config/inventory.hpp"

namespace octopoll::config {

/// `file` names the text in problems, and its folder is where relative paths begin. `others_may_read`: the file's mode
/// lets any user read it, so that secrets in it are worth a warning.
[[nodiscard]] tl::expected<Inventory, std::vector<Problem>> load_inventory_text(std::string_view text,
                                                                                const std::filesystem::path& file,
                                                                                bool others_may_read = false);

}  // namespace octopoll::config
