#include "local/spawn.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "support/temp_dir.hpp"

using octopoll::ErrorKind;
using octopoll::Fd;
using octopoll::test::TempDir;
namespace local = octopoll::local;

namespace {

// A shell that runs `script` as a daemon of ours would be run.
struct Stage {
  TempDir temp;
  Fd directory{::open(temp.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  Fd log{::open((temp / "log").c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)};
  Fd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};

  [[nodiscard]] local::SpawnPlan plan(const std::string& script) const {
    local::SpawnPlan plan;
    plan.program = "/bin/sh";
    plan.arguments = {"sh", "-c", script};
    plan.environment = {"PATH=/usr/bin:/bin", "GIVEN=yes"};
    plan.directory = directory.get();
    plan.log = log.get();
    plan.socket = socket.get();
    return plan;
  }
  [[nodiscard]] std::string output() const { return octopoll::test::read_file(temp / "log"); }
};

int wait_for(pid_t pid) {
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return status;
}

std::string run(const Stage& stage, const local::SpawnPlan& plan) {
  const auto pid = local::spawn(plan);
  REQUIRE(pid);
  const int status = wait_for(*pid);
  INFO(stage.output());
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  return stage.output();
}

}  // namespace

TEST_CASE("a spawned program has its own directory, session and environment") {
  const Stage stage;
  ::setenv("OCTOPOLL_TEST_SECRET", "must not be inherited", 1);
  const auto out = run(stage, stage.plan("pwd; echo $GIVEN; echo \"[$OCTOPOLL_TEST_SECRET]\"; echo $$ $LISTEN_PID "
                                         "$LISTEN_FDS; ps -o sid= -p $$"));
  ::unsetenv("OCTOPOLL_TEST_SECRET");
  std::string pid = out.substr(out.find("[]\n") + 3);
  pid = pid.substr(0, pid.find(' '));
  CHECK(out.find(stage.temp.path().string() + "\nyes\n[]\n") == 0);
  CHECK(out.find(pid + " " + pid + " 1\n") != std::string::npos);
  CHECK(std::stoi(out.substr(out.rfind('\n', out.size() - 2) + 1)) == std::stoi(pid));
}

TEST_CASE("a spawned program inherits the socket as fd 3 and no other descriptor") {
  const Stage stage;
  const int stray = ::open("/dev/zero", O_RDONLY);
  const auto out = run(stage, stage.plan("for fd in 3 4 5 6 7 8 9; do readlink /proc/$$/fd/$fd; done; :"));
  ::close(stray);
  CHECK(out.starts_with("socket:["));
  CHECK(out.find('\n') == out.size() - 1);
}

TEST_CASE("a spawned program is handed its descriptors even where the parent's standard streams were closed") {
  const Stage stage;
  const int saved = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 100);
  REQUIRE(::dup2(stage.socket.get(), STDIN_FILENO) == STDIN_FILENO);
  auto plan = stage.plan("readlink /proc/$$/fd/0 /proc/$$/fd/3");
  plan.socket = STDIN_FILENO;
  const auto pid = local::spawn(plan);
  ::dup2(saved, STDIN_FILENO);
  ::close(saved);
  REQUIRE(pid);
  wait_for(*pid);
  CHECK(stage.output().starts_with("/dev/null\nsocket:["));
}

TEST_CASE("a spawned program starts with all signals unblocked and cannot gain rights") {
  const Stage stage;
  // Without a shell, which would unblock them itself.
  auto plan = stage.plan("");
  plan.program = "/usr/bin/grep";
  plan.arguments = {"grep", "-E", "^(SigBlk|NoNewPrivs)", "/proc/self/status"};
  const auto out = run(stage, plan);
  CHECK(out.find("SigBlk:\t0000000000000000\n") != std::string::npos);
  CHECK(out.find("NoNewPrivs:\t1\n") != std::string::npos);
}

TEST_CASE("a spawned program cannot dump core or fill the disk") {
  const Stage stage;
  const auto out = run(stage, stage.plan("ulimit -c; ulimit -f"));
  CHECK(out == "0\n2048\n");  // sh counts blocks of 512 octets
}

TEST_CASE("a log at its limit stops to grow and the program goes on") {
  const Stage stage;
  run(stage, stage.plan("head -c 3000000 /dev/zero 2>/dev/null; cd / && exit 0"));
  CHECK(stage.output().size() == 1U << 20);
}

TEST_CASE("as root a spawned program is somebody else, for good") {
  const auto identity = local::unprivileged_identity();
  if (!identity) {
    WARN("skipped: not root, so there is nobody to become");
    return;
  }
  const Stage stage;
  auto plan = stage.plan("grep -E '^(Uid|Gid|Groups|CapPrm)' /proc/$$/status");
  plan.identity = identity;
  const auto out = run(stage, plan);
  CHECK(out.find(fmt::format("Uid:\t{0}\t{0}\t{0}\t{0}\n", identity->uid)) != std::string::npos);
  CHECK(out.find(fmt::format("Gid:\t{0}\t{0}\t{0}\t{0}\n", identity->gid)) != std::string::npos);
  CHECK(out.find("Groups:\t \n") != std::string::npos);
  CHECK(out.find("CapPrm:\t0000000000000000") != std::string::npos);
}

TEST_CASE("a program that cannot be executed is an error, and no child is left") {
  const Stage stage;
  auto plan = stage.plan("");
  SECTION("it is not there") { plan.program = stage.temp / "none"; }
  SECTION("it is no program") {
    octopoll::test::write_file(stage.temp / "text", "not a program");
    plan.program = stage.temp / "text";
  }
  const auto pid = local::spawn(plan);
  REQUIRE_FALSE(pid);
  CHECK(pid.error().kind == ErrorKind::io);
  CHECK(pid.error().message.find(plan.program.string()) != std::string::npos);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}
