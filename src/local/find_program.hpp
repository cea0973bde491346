#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace octopoll::local {

/// The first executable file `name` in the directories of `path_variable` (as $PATH), then in those where system
/// programs live. Relative and empty entries are passed over: a program from the current directory must not start
/// just because it is called snmpd.
[[nodiscard]] std::optional<std::filesystem::path> find_program(std::string_view name, std::string_view path_variable);

}  // namespace octopoll::local
