// octopoll as an ordinary user: with datagram sockets allowed, with cap_net_raw alone, and with neither.

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "integration/icmp/bench.hpp"
#include "support/binaries.hpp"
#include "support/netns.hpp"
#include "support/run_command.hpp"
#include "support/snmpd.hpp"
#include "support/temp_dir.hpp"

using namespace octopoll::test;
using nlohmann::json;
using Words = std::vector<std::string>;

namespace {

constexpr unsigned nobody = 65'534;

void give_away(const std::filesystem::path& path) {
  if (::chown(path.c_str(), nobody, nobody) != 0)
    throw std::system_error(errno, std::generic_category(), path.string());
}

/// A namespace, and an ordinary user in it with a folder and a copy of the program: where that was built he may not be
/// able to look.
struct OrdinaryUser {
  Netns space;
  TempDir home;

  explicit OrdinaryUser(const std::string& ping_group_range) {
    set_sysctl(space, "net.ipv4.ping_group_range", ping_group_range);
    std::filesystem::copy_file(octopoll_binary(), home / "octopoll");
    give_away(home.path());
  }

  /// `capabilities` as setpriv(1) takes them: all that the program and whatever it starts can ever have.
  [[nodiscard]] CommandResult run(const std::string& capabilities, const Words& arguments) const {
    Words argv = {"setpriv",
                  "--reuid",
                  std::to_string(nobody),
                  "--regid",
                  std::to_string(nobody),
                  "--clear-groups",
                  "--inh-caps",
                  capabilities,
                  "--ambient-caps",
                  capabilities,
                  "--bounding-set",
                  capabilities,
                  (home / "octopoll").string()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return space.run(argv);
  }
};

const Words ping_both = {"ping", "-C", "2", "-p", "20ms", "-t", "20s", "--format", "json", "127.0.0.1", "::1"};

void check_answered(const CommandResult& result) {
  INFO(result.describe());
  REQUIRE(result.exit_code() == 0);
  const auto targets = json::parse(result.out);
  REQUIRE(targets.size() == 2);
  for (const json& target : targets) CHECK(target["received"] == 2);
}

/// Whether this kernel and whoever runs the test let a user have a capability of his own (setpriv sets it up).
bool skip_without_ambient(const OrdinaryUser& user) {
  Words argv = {"setpriv",
                "--reuid",
                std::to_string(nobody),
                "--regid",
                std::to_string(nobody),
                "--clear-groups",
                "--inh-caps",
                "-all,+net_raw",
                "--ambient-caps",
                "-all,+net_raw",
                "true"};
  const CommandResult result = user.space.run(argv);
  if (!result.ok()) std::cout << "SKIPPED: needs ambient capabilities: " << result.describe() << std::endl;
  return !result.ok();
}

}  // namespace

TEST_CASE("an ordinary user in ping_group_range pings without any capability", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const OrdinaryUser user("0 2147483647");
  check_answered(user.run("-all", ping_both));
}

TEST_CASE("an ordinary user with cap_net_raw alone pings, though datagram sockets are refused", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const OrdinaryUser user("1 0");
  if (skip_without_ambient(user)) return;
  check_answered(user.run("-all,+net_raw", ping_both));
}

TEST_CASE("an ordinary user with neither is told both ways out, and polling goes on without latency", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const OrdinaryUser user("1 0");
  const CommandResult refused = user.run("-all", ping_both);
  INFO(refused.describe());
  CHECK(refused.exit_code() == 4);
  CHECK(refused.out.empty());
  CHECK_THAT(refused.err, Catch::Contains("sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"") &&
                              Catch::Contains("setcap cap_net_raw+ep"));

  Snmpd agent(SnmpdOptions{.if_table_cache_seconds = 1, .netns = &user.space, .addresses = {"127.0.0.1"}});
  agent.start();
  write_file(user.home / "inventory.yaml",
             "auths:\n  test: {version: 2c, community: public}\ndefaults: {auth: test, interval: 10s}\nstore: " +
                 (user.home / "store.db").string() + "\ndevices:\n  - {name: here, address: '" + agent.target() +
                 "'}\n");
  give_away(user.home / "inventory.yaml");
  std::filesystem::permissions(user.home / "inventory.yaml",
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const CommandResult polled = user.run(
      "-all", {"run", "-c", (user.home / "inventory.yaml").string(), "--once", "--gap", "1s", "--format", "json"});
  INFO(polled.describe());
  CHECK(polled.exit_code() == 0);
  CHECK_THAT(polled.err, Catch::Contains("no latency will be measured") && Catch::Contains("ping_group_range"));
  const auto devices = json::parse(polled.out);
  CHECK(devices.at("devices").at(0).at("outcome") == "complete");
  const CommandResult report = user.run("-all", {"report", "latency", "--db", (user.home / "store.db").string()});
  INFO(report.describe());
  CHECK(report.exit_code() == 0);
  CHECK_THAT(report.out, Catch::Contains("Not measured: here: no IPv4 ICMP socket is allowed to this user"));
}
