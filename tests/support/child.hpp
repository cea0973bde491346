#pragma once
// A child process that cannot outlive its test.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "octopoll/core/fd.hpp"

namespace octopoll::test {

/// How a process ended: by itself (`signal` is 0) or by a signal.
struct ExitStatus {
  int code = 0;
  int signal = 0;
  [[nodiscard]] bool ok() const noexcept { return code == 0 && signal == 0; }
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

struct ChildOptions {
  enum class Input { null, pipe };
  /// Added to our environment, or replacing what is there.
  std::vector<std::pair<std::string, std::string>> env{};
  /// Empty: ours.
  std::filesystem::path cwd{};
  /// What its stdin is: /dev/null, or a pipe for write().
  Input input = Input::null;
};

/// A running program in its own process group.
///
/// Shape:  move-only. The destructor ends it: SIGTERM to its group, SIGKILL after two seconds, then reaps it. The
///         kernel kills it when the thread that started it ends, so start it on a thread that lives as long.
/// Output: stdout and stderr go to files in memory, so a child that talks a lot never blocks on us.
/// Errors: std::runtime_error naming the program when it cannot be started.
/// Thread: one at a time.
class Child {
 public:
  /// `argv[0]` is looked up in PATH unless it has a slash.
  [[nodiscard]] static Child start(std::vector<std::string> argv, const ChildOptions& options = {});
  Child(Child&&) noexcept;
  Child& operator=(Child&&) noexcept;
  ~Child();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// All that it has written so far.
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;

  /// To its stdin (Input::pipe). False when it has closed it.
  bool write(std::string_view text);
  void close_input() noexcept { input_.reset(); }

  /// Empty when it still runs after `bound`. Once it has ended, the same answer for ever.
  [[nodiscard]] std::optional<ExitStatus> wait(std::chrono::milliseconds bound);
  [[nodiscard]] bool running() { return !wait(std::chrono::milliseconds(0)); }
  /// To the process alone, not to its group; nothing once it has ended.
  void signal(int number);
  /// SIGTERM, and SIGKILL when it still runs after `grace`.
  ExitStatus stop(std::chrono::milliseconds grace = std::chrono::seconds(2));

 private:
  Child() = default;

  pid_t pid_ = -1;
  Fd pidfd_;
  Fd input_;
  Fd out_;
  Fd err_;
  std::optional<ExitStatus> ended_;
};

}  // namespace octopoll::test
