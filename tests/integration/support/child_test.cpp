#include "support/child.hpp"

#include <signal.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <stdexcept>

#include "support/ports.hpp"
#include "support/run_command.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"

namespace octopoll::test {
namespace {

TEST_CASE("a command's exit code, stdout and stderr come back apart") {
  const CommandResult result = run_command({"sh", "-c", "echo out; echo err >&2; exit 3"});
  CHECK(result.exit_code() == 3);
  CHECK(result.out == "out\n");
  CHECK(result.err == "err\n");
  CHECK_FALSE(result.timed_out);
  CHECK_FALSE(result.ok());
}

TEST_CASE("a child that writes megabytes to both streams never blocks") {
  const CommandResult result = run_command({"sh", "-c", "head -c 3000000 /dev/zero; head -c 2000000 /dev/zero >&2"});
  CHECK(result.ok());
  CHECK(result.out.size() == 3'000'000);
  CHECK(result.err.size() == 2'000'000);
}

TEST_CASE("a command that does not end is ended at its bound") {
  const CommandResult result = run_command({"sleep", "1000"}, {}, std::chrono::milliseconds(50));
  CHECK(result.timed_out);
  CHECK(result.status.signal == SIGTERM);
}

TEST_CASE("a child that ignores SIGTERM is killed") {
  Child child = Child::start({"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"});
  REQUIRE(wait_until([&] { return child.out() == "ready\n"; }));
  CHECK(child.stop(std::chrono::milliseconds(50)).signal == SIGKILL);
  CHECK_FALSE(child.running());
}

TEST_CASE("what a child started ends with it") {
  const TempDir dir;
  pid_t grandchild = 0;
  {
    Child child = Child::start({"sh", "-c", "sleep 1000 & echo $!; wait"});
    REQUIRE(wait_until([&] { return child.out().ends_with('\n'); }));
    grandchild = std::stoi(child.out());
    REQUIRE(::kill(grandchild, 0) == 0);
  }
  // Gone, or a zombie that waits for init to reap it.
  CHECK(wait_until([&] {
    std::error_code none;
    if (!std::filesystem::exists("/proc/" + std::to_string(grandchild), none)) return true;
    try {
      return read_file("/proc/" + std::to_string(grandchild) + "/stat").find(") Z ") != std::string::npos;
    } catch (const std::runtime_error&) {
      return true;
    }
  }));
}

TEST_CASE("a child reads what is written to it until its input is closed") {
  ChildOptions options;
  options.input = ChildOptions::Input::pipe;
  Child child = Child::start({"cat"}, options);
  CHECK(child.write("hello\n"));
  child.close_input();
  const auto ended = child.wait(patience);
  REQUIRE(ended);
  CHECK(ended->ok());
  CHECK(child.out() == "hello\n");
}

TEST_CASE("writing to a child that has gone is an answer, not a signal") {
  ChildOptions options;
  options.input = ChildOptions::Input::pipe;
  Child child = Child::start({"true"}, options);
  REQUIRE(child.wait(patience));
  CHECK_FALSE(child.write("anybody?\n"));
}

TEST_CASE("environment and working folder are the child's own") {
  const TempDir dir;
  ChildOptions options;
  options.cwd = dir.path();
  options.env = {{"HOME", "/nowhere"}};
  const CommandResult result = run_command({"sh", "-c", "echo $HOME; pwd -P; env | grep -c ^HOME="}, options);
  CHECK(result.out == "/nowhere\n" + std::filesystem::canonical(dir.path()).string() + "\n1\n");
}

TEST_CASE("a program that is not there is named") {
  REQUIRE_THROWS_WITH(Child::start({"/nonexistent/program"}), Catch::Contains("/nonexistent/program"));
}

TEST_CASE("a temporary folder is empty, its own and removed at the end") {
  std::filesystem::path path;
  {
    const TempDir a;
    const TempDir b;
    CHECK(a.path() != b.path());
    CHECK(std::filesystem::is_empty(a.path()));
    write_file(a / "file", "text");
    CHECK(read_file(a / "file") == "text");
    path = a.path();
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("free ports lie below the range of client sockets") {
  const std::uint16_t port = free_udp_port();
  CHECK(port >= 10'000);
  CHECK(port < 32'768);
}

}  // namespace
}  // namespace octopoll::test
