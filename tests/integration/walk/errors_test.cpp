// Each way in which an agent cannot be read: its own message, its own remedy, exit code 1, nothing on stdout.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "fleet/fleet.hpp"
#include "octopoll/core/fd.hpp"
#include "support/netns.hpp"
#include "support/ports.hpp"
#include "support/temp_dir.hpp"
#include "walk_command.hpp"

using namespace octopoll::test;

namespace {

const SnmpdUser alice{"alice", "SHA-256", "correct horse battery", "AES", "staple staple staple", "auth", ""};
const SnmpdUser bob{"bob", "SHA-256", "correct horse battery", "", "", "auth", ""};
const SnmpdUser keyless{"keyless", "", "", "", "", "noauth", ""};

struct Failure {
  std::string message;
  std::string remedy;
};

/// `patience` is what the walk waits for: short where the failure is a silence.
void check_fails(std::vector<std::string> arguments, const std::vector<std::string>& patience,
                 const Failure& expected) {
  arguments.insert(arguments.end(), patience.begin(), patience.end());
  for (const bool oids : {false, true}) {
    auto argv = arguments;
    if (oids) argv.insert(argv.begin() + 1, "ifDescr");
    const CommandResult result = walk(argv);
    INFO(result.describe());
    CHECK(result.exit_code() == 1);
    CHECK(result.out.empty());
    CHECK_THAT(result.err, Catch::StartsWith("octopoll walk: "));
    CHECK_THAT(result.err, Catch::Contains(expected.message));
    CHECK_THAT(result.err, Catch::Contains(expected.remedy));
    CHECK(split_lines(result.err).size() == 2);
  }
}

const std::vector<std::string> long_enough{"-t", "5", "-r", "3"};
const std::vector<std::string> brief{"-t", "0.3", "-r", "1"};

std::vector<std::string> at(const Snmpd& agent, const std::vector<std::string>& credentials) {
  std::vector<std::string> arguments{agent.target()};
  arguments.insert(arguments.end(), credentials.begin(), credentials.end());
  return arguments;
}

/// A bound UDP socket that nobody reads: an agent that never answers.
struct Silence {
  octopoll::Fd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::uint16_t port = 0;
  Silence() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
    REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port = ntohs(address.sin_port);
  }
  [[nodiscard]] std::string target() const { return fmt::format("127.0.0.1:{}", port); }
};

}  // namespace

TEST_CASE("SNMPv3 refusals are told apart", "[walk][snmpd]") {
  SnmpdOptions options;
  options.users = {alice, bob, keyless};
  Snmpd agent(std::move(options));
  agent.start();

  SECTION("wrong authentication passphrase") {
    SnmpdUser wrong = alice;
    wrong.auth_passphrase = "not the passphrase";
    check_fails(at(agent, as_user(wrong)), long_enough,
                {"the agent refuses the authentication of user \"alice\"",
                 "the authentication passphrase or protocol (SHA256) is wrong"});
  }
  SECTION("wrong authentication protocol") {
    SnmpdUser wrong = bob;
    wrong.auth_protocol = "MD5";
    check_fails(at(agent, as_user(wrong)), long_enough,
                {"the agent refuses the authentication of user \"bob\"",
                 "the authentication passphrase or protocol (MD5) is wrong"});
  }
  SECTION("unknown user") {
    SnmpdUser wrong = alice;
    wrong.name = "mallory";
    check_fails(at(agent, as_user(wrong)), long_enough,
                {"the agent does not know the user \"mallory\"", "check the user name, or create it on the device"});
  }
  SECTION("wrong privacy passphrase") {
    SnmpdUser wrong = alice;
    wrong.priv_passphrase = "not the passphrase";
    check_fails(at(agent, as_user(wrong)), brief,
                {"user \"alice\" authenticates, but encrypted requests are not understood",
                 "the privacy passphrase or protocol (AES) is wrong"});
  }
  SECTION("wrong privacy protocol") {
    SnmpdUser wrong = alice;
    wrong.priv_protocol = "DES";
    check_fails(at(agent, as_user(wrong)), brief,
                {"user \"alice\" authenticates, but encrypted requests are not understood",
                 "the privacy passphrase or protocol (DES) is wrong"});
  }
  SECTION("a user without keys for privacy") {
    SnmpdUser wrong = bob;
    wrong.priv_protocol = "AES";
    wrong.priv_passphrase = "staple staple staple";
    check_fails(at(agent, as_user(wrong)), long_enough,
                {"user \"bob\" may not be used at this security level", "choose another security_level"});
  }
  SECTION("a level below what the agent demands") {
    SnmpdUser wrong = alice;
    wrong.auth_protocol.clear();
    wrong.priv_protocol.clear();
    check_fails(at(agent, as_user(wrong)), long_enough,
                {"authorizationError", "does the user need a higher security level, or a view?"});
  }
  SECTION("unknown context") {
    auto arguments = at(agent, as_user(alice));
    arguments.insert(arguments.end(), {"-n", "nowhere"});
    check_fails(arguments, brief, {"the agent does not know the context \"nowhere\"", "check context_name"});
  }
}

TEST_CASE("a wrong community is one error that names both causes and says that the host is alive", "[walk][snmpd]") {
  Snmpd agent;
  agent.start();
  const std::string version = GENERATE("-v1", "-v2c");
  check_fails({agent.target(), version, "-c", "wrong"}, brief,
              {"no answer to 2 requests within 900ms; the host answers ping",
               "is the community right (an agent is silent where it is wrong)"});
}

TEST_CASE("an agent that never answers is told with whether the host answers ping", "[walk]") {
  const Silence silence;
  check_fails({silence.target()}, brief,
              {silence.target() + ": no answer to 2 requests within 900ms; the host answers ping",
               "is the community right (an agent is silent where it is wrong)"});
  check_fails({silence.target(), "-v3", "-u", "alice"}, brief,
              {"no answer to 2 requests within 900ms; the host answers ping", "is an agent running there with SNMPv3"});
}

TEST_CASE("a host that is not there answers neither SNMP nor ping", "[walk]") {
  if (skip_without_netns()) return;
  // The other end of the link drops all that comes.
  const Netns here;
  const Netns there;
  connect(here, {"near0", "10.99.7.1/24"}, there, {"far0", "10.99.7.2/24"});
  there.must({"sysctl", "-q", "-w", "net.ipv4.icmp_echo_ignore_all=1"});
  there.must({"ip", "route", "add", "blackhole", "10.99.7.1/32"});
  const CommandResult result = here.run(walk_argv({"10.99.7.2", "-t", "0.3", "-r", "0"}));
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK_THAT(result.err, Catch::Contains("; the host does not answer ping"));
}

TEST_CASE("a closed port is told by its ICMP error, at once", "[walk]") {
  const std::uint16_t port = free_udp_port();
  // Ten minutes of patience: only the ICMP error ends this within the test's bound.
  check_fails({fmt::format("127.0.0.1:{}", port)}, {"-t", "300", "-r", "1"},
              {fmt::format("127.0.0.1:{}: port closed, says 127.0.0.1", port),
               "no SNMP agent listens on that port: start it, or name its port"});
  check_fails({fmt::format("127.0.0.1:{}", port), "-v3", "-u", "alice"}, {"-t", "300", "-r", "1"},
              {"port closed, says 127.0.0.1", "no SNMP agent listens on that port"});
  if (!has_ipv6_loopback()) {
    std::cout << "SKIPPED: no ::1 here\n";
    return;
  }
  check_fails({fmt::format("[::1]:{}", port)}, {"-t", "300", "-r", "1"},
              {fmt::format("[::1]:{}: port closed, says ::1", port), "no SNMP agent listens on that port"});
}

TEST_CASE("no route is an error of the network, not a silence", "[walk]") {
  if (skip_without_netns()) return;
  const Netns alone;
  const CommandResult result = alone.run(walk_argv({"192.0.2.1", "-t", "300"}));
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK_THAT(result.err, Catch::Contains("192.0.2.1:161"));
  CHECK_THAT(result.err, Catch::Contains("Network is unreachable"));
  CHECK_THAT(result.err, Catch::Contains("check the address and the route to it"));
}

TEST_CASE("an unknown host name is an error of the name", "[walk]") {
  if (skip_without_netns()) return;
  const Netns alone;  // no name server is reachable from here
  const CommandResult result = alone.run(walk_argv({"no-such-host.invalid"}));
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK(result.out.empty());
  CHECK_THAT(result.err, Catch::Contains("cannot resolve no-such-host.invalid"));
  CHECK_THAT(result.err, Catch::Contains("check the name, or use an address"));
}

TEST_CASE("a name with two addresses is walked at the one that answers", "[walk][snmpd]") {
  if (skip_without_netns()) return;
  if (!has_ipv6_loopback()) {
    std::cout << "SKIPPED: no ::1 here\n";
    return;
  }
  const std::string address = GENERATE("127.0.0.1", "::1");
  CAPTURE(address);
  SnmpdOptions options;
  options.addresses = {address};
  options.config_lines = {"sysName found"};
  Snmpd agent(std::move(options));
  agent.start();
  // A mount namespace of its own, in which localhost is both.
  const TempDir folder;
  write_file(folder / "hosts", "127.0.0.1 localhost\n::1 localhost\n");
  std::vector<std::string> argv{
      "unshare", "--mount", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\"", (folder / "hosts").string()};
  const auto command = walk_argv(patiently({fmt::format("localhost:{}", agent.port()), "sysName.0", "-Oqv"}));
  argv.insert(argv.end(), command.begin(), command.end());
  const CommandResult result = run_command(std::move(argv));
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK(result.out == "found\n");
  CHECK(result.err.empty());
}

TEST_CASE("answers from elsewhere are not believed, and told", "[walk]") {
  fleet::Fleet agents;
  fleet::DeviceSpec spec;
  spec.name = "d";
  spec.faults = {{"reply_from_other_port", true}};
  agents.add(spec);
  agents.start();
  check_fails({agents.target(), "-c", "d"}, brief, {"no answer to 2 requests", "an answer came from 127.0.0.1:"});
}
