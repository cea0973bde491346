#include "support/run_command.hpp"

#include <fmt/format.h>

#include <utility>

namespace octopoll::test {

CommandResult run_command(std::vector<std::string> argv, const ChildOptions& options, std::chrono::milliseconds bound) {
  Child child = Child::start(std::move(argv), options);
  child.close_input();
  CommandResult result;
  if (const auto ended = child.wait(bound)) {
    result.status = *ended;
  } else {
    result.timed_out = true;
    result.status = child.stop();
  }
  result.out = child.out();
  result.err = child.err();
  return result;
}

std::string CommandResult::describe() const {
  const std::string end = timed_out            ? std::string("timed out")
                          : status.signal != 0 ? fmt::format("signal {}", status.signal)
                                               : fmt::format("exit code {}", status.code);
  return fmt::format("{}\nstdout:\n{}\nstderr:\n{}", end, out, err);
}

}  // namespace octopoll::test
