#pragma once
// `octopoll walk` as a script runs it.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/run_command.hpp"
#include "support/snmpd.hpp"

namespace octopoll::test {

/// argv of `octopoll walk ARGUMENTS...`.
[[nodiscard]] std::vector<std::string> walk_argv(std::vector<std::string> arguments);
[[nodiscard]] CommandResult walk(std::vector<std::string> arguments, const ChildOptions& options = {});

/// The JSON of a walk that must succeed without a word on stderr.
[[nodiscard]] nlohmann::json walk_json(std::vector<std::string> arguments);

/// Timeouts and retries that a loaded machine does not exhaust.
[[nodiscard]] std::vector<std::string> patiently(std::vector<std::string> arguments);

/// The options of snmpwalk and of ours that make us this user, at the highest level that the user has keys for.
[[nodiscard]] std::vector<std::string> as_user(const SnmpdUser& user);

[[nodiscard]] std::vector<std::string> split_lines(const std::string& text);

}  // namespace octopoll::test
