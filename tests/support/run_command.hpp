#pragma once
// One command from start to end.

#include <chrono>
#include <string>
#include <vector>

#include "support/child.hpp"

namespace octopoll::test {

/// What a command did. `timed_out`: it was ended by us, and `status` says with which signal.
struct CommandResult {
  ExitStatus status;
  bool timed_out = false;
  std::string out;
  std::string err;
  [[nodiscard]] bool ok() const noexcept { return status.ok() && !timed_out; }
  /// Its exit code; -1 when a signal ended it.
  [[nodiscard]] int exit_code() const noexcept { return status.signal == 0 ? status.code : -1; }
  /// All of it for a failure message: how it ended, stdout, stderr.
  [[nodiscard]] std::string describe() const;
};

/// Runs `argv` with nothing on its stdin and waits at most `bound` for its end.
/// Errors: std::runtime_error when it cannot be started.
[[nodiscard]] CommandResult run_command(std::vector<std::string> argv, const ChildOptions& options = {},
                                        std::chrono::milliseconds bound = std::chrono::seconds(60));

}  // namespace octopoll::test
