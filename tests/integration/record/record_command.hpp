#pragma once
// `octopoll record` as a script runs it.

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "support/binaries.hpp"
#include "support/run_command.hpp"

namespace octopoll::test {

/// With timeouts and retries that a loaded machine does not exhaust, unless `arguments` have others.
[[nodiscard]] inline CommandResult record(std::vector<std::string> arguments, const ChildOptions& options = {},
                                          const std::vector<std::string>& patience = {"-t", "5", "-r", "5"}) {
  arguments.insert(arguments.begin(), {octopoll_binary().string(), "record"});
  arguments.insert(arguments.end(), patience.begin(), patience.end());
  return run_command(std::move(arguments), options, std::chrono::seconds(120));
}

}  // namespace octopoll::test
