#pragma once
// Network namespaces of a test's own: real links that may go down, fill up and be renamed.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/run_command.hpp"

namespace octopoll::test {

/// Why namespaces cannot be made here (not root, no `ip`), or empty when they can. With OCTOPOLL_REQUIRE_NETNS=1 in the
/// environment a reason is an error instead (std::runtime_error), so that CI cannot skip in silence.
[[nodiscard]] std::optional<std::string> netns_skip_reason();

/// Skips the rest of a test case with a clear line where namespaces cannot be made:
///   if (skip_without_netns()) return;
[[nodiscard]] bool skip_without_netns();

/// One named network namespace with `lo` up; deleted at the end of the scope. Namespaces that a killed test left behind
/// are swept by the next one that makes some.
/// Errors: std::runtime_error with what `ip` said.
class Netns {
 public:
  Netns();
  Netns(Netns&& other) noexcept;
  Netns& operator=(Netns&&) = delete;
  ~Netns();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// `argv` with what makes it run inside; the pid stays that of the program itself.
  [[nodiscard]] std::vector<std::string> inside(std::vector<std::string> argv) const;
  /// Runs a command inside and returns what it did.
  [[nodiscard]] CommandResult run(std::vector<std::string> argv) const;
  /// Runs a command inside that must succeed: std::runtime_error with its output otherwise.
  std::string must(std::vector<std::string> argv) const;
  /// Calls `work` on a thread that is inside: sockets it opens stay in the namespace. Exceptions come back to the
  /// caller.
  void call(const std::function<void()>& work) const;

 private:
  std::string name_;
};

/// One end of a veth pair: the interface's name and its address with prefix length ("10.9.0.1/24").
struct VethEnd {
  std::string name;
  std::string address;
};

/// Joins two namespaces by a veth pair; both ends are up when it returns.
void connect(const Netns& a, const VethEnd& end_a, const Netns& b, const VethEnd& end_b);

}  // namespace octopoll::test
