#pragma once
// Which MIB modules there are, and reading them.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/result.hpp"
#include "octopoll/snmp/names.hpp"

namespace octopoll::snmp {

/// The directories with octopoll's own modules, after NamesOptions::directories.
/// Errors: config.
[[nodiscard]] Result<std::vector<std::filesystem::path>> own_directories(const NamesOptions& options);

/// The names of the modules in these directories: files are called NAME.txt.
[[nodiscard]] std::vector<std::string> modules_in(const std::vector<std::filesystem::path>& directories);

/// Where the user's modules are: $MIBDIRS as Net-SNMP understands it, else the library's default.
[[nodiscard]] std::vector<std::filesystem::path> user_directories();

/// Splits at ':', leaving out what is empty.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

/// Reads octopoll's modules and, where `options` says so, the user's. What is wrong with them is logged.
void read_modules(const std::vector<std::filesystem::path>& own, const NamesOptions& options);

/// Reads one module, if any directory has it; true if it is there now. What is wrong with it is logged.
bool read_module_on_demand(const std::string& module);

}  // namespace octopoll::snmp
