// No secret of the command line is to be read in the list of processes while a walk waits.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "octopoll/core/fd.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"
#include "walk_command.hpp"

using namespace octopoll::test;

namespace {

std::string command_line_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/cmdline", pid), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// An agent that takes requests and never answers; what came in says that the walk is on its way.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] std::string target() const { return fmt::format("127.0.0.1:{}", port_); }
  /// The next request's octets; empty when none came.
  [[nodiscard]] std::string take() const {
    std::string octets(65'536, '\0');
    const ssize_t length = ::recv(socket_.get(), octets.data(), octets.size(), 0);
    octets.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
    return octets;
  }

 private:
  octopoll::Fd socket_;
  std::uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("secrets on the command line are blanked before the first packet", "[walk]") {
  const std::string secret = "s3cret-" + std::to_string(::getpid());
  const std::vector<std::vector<std::string>> spellings{
      {"-c", secret},
      {"-c" + secret},
      {"--community", secret},
      {"--community=" + secret},
      {"-v3", "-u", "alice", "-l", "authPriv", "-A", secret, "-X", secret + "2"},
      {"-v3", "-u", "alice", "-l", "authPriv", "-A" + secret, "-X" + secret},
      {"-u", "alice", "-l", "authPriv", "--auth-password=" + secret, "--priv-password", secret}};
  for (const auto& arguments : spellings) {
    CAPTURE(arguments);
    const Listener agent;
    std::vector<std::string> argv = walk_argv({agent.target(), "-t", "60", "-r", "0"});
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    Child child = Child::start(argv);
    std::string request;
    REQUIRE(wait_until([&] { return !(request = agent.take()).empty() || !child.running(); }));
    INFO(child.err());
    REQUIRE_FALSE(request.empty());
    const std::string shown = command_line_of(child.pid());
    CHECK(shown.find(agent.target()) != std::string::npos);
    CHECK(shown.find("s3cret") == std::string::npos);
  }
}

TEST_CASE("an abbreviated option does not let a secret through", "[walk]") {
  for (const std::string option : {"--comm=", "--auth-pass=", "--priv-pass="}) {
    const std::string secret = "s3cret-" + std::to_string(::getpid());
    const Listener agent;
    Child child = Child::start(
        walk_argv({agent.target(), "-t", "60", "-r", "0", "-u", "alice", "-l", "authPriv", option + secret}));
    CAPTURE(option);
    std::string request;
    // Either it is not an option at all, or it is blanked like the whole word.
    REQUIRE(wait_until([&] { return !(request = agent.take()).empty() || !child.running(); }));
    CHECK(child.err().find(secret) == std::string::npos);
    CHECK(command_line_of(child.pid()).find(secret) == std::string::npos);
  }
}

TEST_CASE("a secret by reference reaches the agent and no list of processes", "[walk]") {
  const TempDir folder;
  write_file(folder / "community", "from-the-file\n");
  for (const auto& [written, value] :
       std::vector<std::pair<std::string, std::string>>{{"file:" + (folder / "community").string(), "from-the-file"},
                                                        {"${WALK_TEST_SECRET}", "from-the-environment"}}) {
    CAPTURE(written);
    const Listener agent;
    ChildOptions options;
    options.env = {{"WALK_TEST_SECRET", "from-the-environment"}};
    Child child = Child::start(walk_argv({agent.target(), "-t", "60", "-r", "0", "-c", written}), options);
    std::string request;
    REQUIRE(wait_until([&] { return !(request = agent.take()).empty(); }));
    CHECK(request.find(value) != std::string::npos);
    CHECK(command_line_of(child.pid()).find(value) == std::string::npos);
  }
}

TEST_CASE("a secret that cannot be had is an error that says where it was looked for", "[walk]") {
  const TempDir folder;
  write_file(folder / "empty", "");
  for (const auto& [written, said] : std::vector<std::pair<std::string, std::string>>{
           {"${WALK_TEST_MISSING}", "WALK_TEST_MISSING"},
           {"file:" + (folder / "none").string(), (folder / "none").string()},
           {"file:" + (folder / "empty").string(), (folder / "empty").string()}}) {
    CAPTURE(written);
    const CommandResult result = walk({"127.0.0.1", "-c", written});
    INFO(result.describe());
    CHECK(result.exit_code() == 2);
    CHECK(result.out.empty());
    CHECK_THAT(result.err, Catch::Contains(said));
  }
}
