// `octopoll ping` as a user and as a script see it: stdout, stderr and exit code.

#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "integration/icmp/bench.hpp"
#include "integration/run/hanging_name_server.hpp"
#include "support/binaries.hpp"
#include "support/child.hpp"
#include "support/netns.hpp"
#include "support/run_command.hpp"
#include "support/temp_dir.hpp"

using namespace octopoll;
using namespace octopoll::test;
using nlohmann::json;

namespace {

std::vector<std::string> ping(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {octopoll_binary().string(), "ping"});
  return arguments;
}

/// Whether `text` is `form` with a number of milliseconds at each #.
bool is_like(std::string_view text, std::string_view form) {
  for (const char expected : form) {
    if (expected == '#') {
      const std::size_t length = std::min(text.find_first_not_of("0123456789."), text.size());
      if (length == 0) return false;
      text.remove_prefix(length);
    } else {
      if (text.empty() || text.front() != expected) return false;
      text.remove_prefix(1);
    }
  }
  return text.empty();
}

/// The lines that begin with `start`, in their order: those of different targets come as their answers do.
std::string lines_with(const std::string& text, const std::string& start) {
  std::istringstream lines(text);
  std::string found;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(start)) found += line + "\n";
  }
  return found;
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("ping -C prints a line an answer, the list of each target and its summary", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  const CommandResult result = space.run(ping({"-C", "2", "-p", "50ms", "-t", "20s", "localhost", "::1"}));
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK(lines_of(result.out) == 4);
  CHECK(is_like(lines_with(result.out, "localhost"),
                "localhost : [0], 64 bytes, # ms (# avg, 0% loss)\n"
                "localhost : [1], 64 bytes, # ms (# avg, 0% loss)\n"));
  CHECK(is_like(lines_with(result.out, "::1"),
                "::1       : [0], 64 bytes, # ms (# avg, 0% loss)\n"
                "::1       : [1], 64 bytes, # ms (# avg, 0% loss)\n"));
  CHECK(is_like(result.err,
                "\n"
                "localhost : # #\n"
                "::1       : # #\n"
                "localhost : xmt/rcv/%loss = 2/2/0%, min/avg/max = #/#/#\n"
                "::1       : xmt/rcv/%loss = 2/2/0%, min/avg/max = #/#/#\n"));
}

TEST_CASE("a silent target is 1, with a dash for each lost probe", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  set_sysctl(space, "net.ipv6.icmp.echo_ignore_all", "1");
  const CommandResult result = space.run(ping({"-C", "3", "-p", "20ms", "-t", "50ms", "::1"}));
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK(result.out ==
        "::1 : [0], timed out (NaN avg, 100% loss)\n"
        "::1 : [1], timed out (NaN avg, 100% loss)\n"
        "::1 : [2], timed out (NaN avg, 100% loss)\n");
  CHECK(result.err == "\n::1 : - - -\n::1 : xmt/rcv/%loss = 3/0/100%\n");
}

TEST_CASE("quiet leaves the summary alone, and an error that repeats is told once", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  space.must({"ip", "route", "add", "unreachable", "198.51.100.0/24"});
  const CommandResult result = space.run(ping({"-q", "-C", "3", "-p", "10ms", "198.51.100.7"}));
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK(result.out.empty());
  CHECK(result.err ==
        "octopoll ping: 198.51.100.7: cannot send: No route to host\n"
        "  this machine has no route there: look at `ip route get`\n"
        "198.51.100.7 : - - -\n"
        "198.51.100.7 : xmt/rcv/%loss = 3/0/100%\n");
}

TEST_CASE("a name that is not found is 2, and the other targets are probed all the same", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;  // no name server is reachable from here
  const CommandResult result = space.run(ping({"-q", "-C", "1", "no-such-host.invalid", "127.0.0.1"}));
  INFO(result.describe());
  CHECK(result.exit_code() == 2);
  CHECK_THAT(result.err, Catch::Contains("cannot resolve no-such-host.invalid"));
  CHECK_THAT(result.err, Catch::Contains("127.0.0.1            : xmt/rcv/%loss = 1/1/0%"));
}

TEST_CASE("bad arguments are 3, each with what to do", "[icmp][cli]") {
  const auto [arguments, said] = GENERATE(table<std::vector<std::string>, std::string>({
      {std::vector<std::string>{}, "no target given"},
      {{"-C", "0", "127.0.0.1"}, "-C 0 is out of range"},
      {{"-C", "-1", "127.0.0.1"}, "-C -1 is out of range"},
      {{"-C", "3x", "127.0.0.1"}, "--help"},
      {{"--nonsense", "127.0.0.1"}, "--help"},
      {{"-p", "9", "127.0.0.1"}, "--interval 9 is too short: it is in milliseconds"},
      {{"-p", "1x", "127.0.0.1"}, "--interval"},
      {{"-C", "1", "-c", "1", "127.0.0.1"}, "exclude each other"},
      {{"-C", "1", "-a", "127.0.0.1"}, "-C has no part in -a"},
      {{"-a", "-r", "-1", "127.0.0.1"}, "--retry -1 is out of range"},
      {{"-a", "-B", "nan", "127.0.0.1"}, "--backoff nan is out of range"},
      {{"-a", "-B", "0.5", "127.0.0.1"}, "give 1 to 5"},
      {std::vector<std::string>{"127.0.0.1:99"}, "\"127.0.0.1:99\" names a port, and ICMP has none"},
      {{"-f", "-", "127.0.0.1"}, "--file excludes targets"},
      {{"-g", "192.0.2.0"}, "\"192.0.2.0\" is no network"},
      {{"-g", "192.0.2.0/8"}, "/16 to /32"},
      {{"-g", "2001:db8::/120"}, "IPv4 network"},
      {{"-g", "192.0.2.9", "192.0.2.1"}, "no range"},
      {{"-p", "9ms", "127.0.0.1"}, "give at least 10ms"},
      {{"-t", "0s", "127.0.0.1"}, "--timeout"},
      {{"-4", "-6", "127.0.0.1"}, "exclude each other"},
      {{"--format", "csv", "127.0.0.1"}, "--format takes table or json"},
      {std::vector<std::string>{"tcp:127.0.0.1"}, "tcp:"},
      {{"-b", "23", "127.0.0.1"}, "--payload 23 is out of range"},
      {{"-b", "65508", "127.0.0.1"}, "give 24 to 65507"},
      {{"-H", "0", "127.0.0.1"}, "--ttl 0 is out of range"},
      {{"-H", "256", "127.0.0.1"}, "give 1 to 255"},
      {{"--dscp", "BE", "127.0.0.1"}, "--dscp: \"BE\" is no DSCP"},
      {{"-S", "eth0", "127.0.0.1"}, "--source \"eth0\" is no address"},
      {{"-6", "-S", "127.0.0.1", "::1"}, "is not of the family that -6 asks for"},
  }));
  const CommandResult result = run_command(ping(arguments));
  INFO(result.describe());
  CHECK(result.exit_code() == 3);
  CHECK(result.out.empty());
  CHECK_THAT(result.err, Catch::Contains(said));
}

TEST_CASE("a literal of the other family is not found, says why, and stops nobody", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  const CommandResult wrong = space.run(ping({"-q", "-6", "-C", "1", "-t", "20s", "127.0.0.1", "::1"}));
  INFO(wrong.describe());
  CHECK(wrong.exit_code() == 2);
  CHECK_THAT(wrong.err, Catch::Contains("127.0.0.1 is an IPv4 address\n  leave -6 out\n"));
  CHECK_THAT(wrong.err, Catch::Contains("::1       : xmt/rcv/%loss = 1/1/0%"));
  const CommandResult source = space.run(ping({"-q", "-S", "::1", "-C", "1", "127.0.0.1"}));
  INFO(source.describe());
  CHECK(source.exit_code() == 2);
  CHECK_THAT(source.err, Catch::Contains("127.0.0.1 is an IPv4 address, and cannot be probed from ::1"));
}

TEST_CASE("an address that is no host's is refused, and nothing is sent", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const std::string target = GENERATE("0.0.0.0", "::", "224.0.0.1", "ff02::1");
  const Netns space;
  const CommandResult result = space.run(ping({"-q", "-C", "2", "-p", "10ms", target}));
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK_THAT(result.err, Catch::Contains(target + ": no address of one host"));
  CHECK_THAT(result.err, Catch::Contains("xmt/rcv/%loss = 0/0/-\n"));
}

TEST_CASE("option -a names who is alive, -u who is not, as soon as it is known", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  set_sysctl(space, "net.ipv6.icmp.echo_ignore_all", "1");
  const CommandResult alive = space.run(ping({"-a", "-r", "1", "-t", "200ms", "::1", "127.0.0.1", "localhost"}));
  INFO(alive.describe());
  CHECK(alive.exit_code() == 1);
  CHECK(lines_of(alive.out) == 2);
  CHECK(lines_with(alive.out, "127.0.0.1") == "127.0.0.1\n");
  CHECK(alive.err.empty());
  const CommandResult silent = space.run(ping({"-u", "-r", "0", "-t", "200ms", "::1", "127.0.0.1"}));
  CHECK(silent.out == "::1\n");
  const CommandResult both =
      space.run(ping({"-a", "-u", "-e", "-r", "2", "-t", "200ms", "--stats", "::1", "127.0.0.1"}));
  INFO(both.describe());
  CHECK(is_like(both.out, "127.0.0.1 is alive (# ms)\n::1 is unreachable\n"));
  CHECK_THAT(both.err, Catch::Contains("       1 alive\n       1 unreachable\n"));
  CHECK_THAT(both.err, Catch::Contains("       3 timeouts (waiting for response)\n       4 ICMP Echos sent\n"));
}

TEST_CASE("SmokePing's way to call fping works, and gives it the lines that it reads", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  set_sysctl(space, "net.ipv6.icmp.echo_ignore_all", "1");
  const CommandResult result =
      space.run(ping({"-C", "3", "-q", "-B1", "-r1", "-i10", "-b56", "-t200", "-p20", "127.0.0.1", "::1"}));
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK(result.out.empty());
  CHECK(is_like(lines_with(result.err, "127.0.0.1"),
                "127.0.0.1 : # # #\n127.0.0.1 : xmt/rcv/%loss = 3/3/0%, min/avg/max = #/#/#\n"));
  CHECK(lines_with(result.err, "::1       : -") == "::1       : - - -\n");
}

TEST_CASE("targets come from a file or stdin, each as often as it is named", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  const TempDir folder;
  const std::string list = (folder / "list").string();
  write_file(list, "# sites\n\n  127.0.0.1 the first\r\n127.0.0.2\n127.0.0.1");
  const CommandResult file = space.run(ping({"-q", "-c", "2", "-p", "20", "-t", "20s", "-f", list}));
  INFO(file.describe());
  CHECK(file.exit_code() == 0);
  CHECK(lines_of(file.err) == 3);  // -c has no list of each
  CHECK(lines_of(lines_with(file.err, "127.0.0.1 : xmt/rcv/%loss = 2/2/0%")) == 2);
  const CommandResult piped =
      space.run({"sh", "-c", "exec '" + octopoll_binary().string() + "' ping -a -f - < " + list});
  INFO(piped.describe());
  CHECK(piped.exit_code() == 0);
  CHECK(lines_of(piped.out) == 3);
  const CommandResult missing = run_command(ping({"-f", (folder / "no").string()}));
  CHECK(missing.exit_code() == 4);
  CHECK_THAT(missing.err, Catch::Contains("No such file"));
  write_file(list, "127.0.0.1\n\n300.1.1.1\n");
  const CommandResult wrong = run_command(ping({"-a", "-f", list}));
  CHECK(wrong.exit_code() == 3);
  CHECK_THAT(wrong.err, Catch::Contains(list + ":3: "));
}

TEST_CASE("option -g probes all hosts of a network or a range", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const auto [words, hosts] = GENERATE(table<std::vector<std::string>, std::vector<std::string>>({
      {{"127.0.0.7/29"}, {"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6"}},
      {{"127.0.0.8/31"}, {"127.0.0.8", "127.0.0.9"}},
      {{"127.0.0.8/32"}, {"127.0.0.8"}},
      {{"127.0.0.255", "127.0.1.1"}, {"127.0.0.255", "127.0.1.0", "127.0.1.1"}},
  }));
  const Netns space;
  std::vector<std::string> arguments{"-a", "-t", "20s", "-g"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  const CommandResult result = space.run(ping(arguments));
  INFO(result.describe());
  std::istringstream lines(result.out);
  std::vector<std::string> seen;
  for (std::string line; std::getline(lines, line);) seen.push_back(line);
  std::sort(seen.begin(), seen.end());
  CHECK(seen == hosts);
}

TEST_CASE("option -D writes the time before each line, -A addresses instead of names", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  const CommandResult result = space.run(ping({"-D", "-A", "-4", "-c", "1", "-t", "20s", "localhost"}));
  INFO(result.describe());
  CHECK(is_like(result.out, "[#] 127.0.0.1 : [0], 64 bytes, # ms (# avg, 0% loss)\n"));
}

TEST_CASE("a stdout that takes nothing is told once", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const std::string format = GENERATE("table", "json");
  const Netns space;
  const CommandResult result = space.run(
      {"sh", "-c",
       "exec '" + octopoll_binary().string() + "' ping -C 2 -p 10ms --format " + format + " 127.0.0.1 > /dev/full"});
  INFO(result.describe());
  CHECK(result.exit_code() == 4);
  CHECK(lines_of(lines_with(result.err, "octopoll ping: ")) == 1);
}

TEST_CASE("a packet that must go whole and is too large for the link is lost, with the reason", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  space.must({"ip", "link", "set", "lo", "mtu", "1500"});
  const CommandResult in_parts = space.run(ping({"-q", "-C", "1", "-t", "20s", "-b", "1473", "127.0.0.1"}));
  INFO(in_parts.describe());
  CHECK(in_parts.exit_code() == 0);
  const CommandResult fits = space.run(ping({"-q", "-C", "1", "-t", "20s", "-M", "-b", "1472", "127.0.0.1"}));
  INFO(fits.describe());
  CHECK(fits.exit_code() == 0);
  const CommandResult whole = space.run(ping({"-q", "-C", "1", "-t", "500ms", "-M", "-b", "1473", "127.0.0.1"}));
  INFO(whole.describe());
  CHECK(whole.exit_code() == 1);
  CHECK_THAT(whole.err, Catch::StartsWith("octopoll ping: 127.0.0.1: "));
  CHECK_THAT(whole.err, Catch::Contains("xmt/rcv/%loss = 1/0/100%"));
}

TEST_CASE("the source is an address of this machine, and names are asked for those of its family", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  const CommandResult result = space.run(ping({"-C", "1", "-t", "20s", "-S", "127.0.0.9", "-H", "3", "--dscp", "af41",
                                               "--format", "json", "localhost", "127.0.0.1"}));
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  for (const json& target : json::parse(result.out)) CHECK(target["address"] == "127.0.0.1");
  const CommandResult foreign = space.run(ping({"-q", "-C", "1", "-t", "200ms", "-S", "192.0.2.9", "127.0.0.1"}));
  INFO(foreign.describe());
  CHECK(foreign.exit_code() == 1);
  CHECK_THAT(foreign.err, Catch::Contains("192.0.2.9"));
}

TEST_CASE("a name that hangs holds up no other target, and Ctrl-C does not wait for it", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const HangingNameServer names;
  Child child = Child::start(names.inside(ping({"-p", "20ms", "-t", "20s", "slow.example", "127.0.0.1"})));
  REQUIRE(wait_until([&] { return lines_of(child.out()) >= 3; }));
  child.signal(SIGINT);
  const auto status = child.wait(patience);
  REQUIRE(status.has_value());
  INFO(child.err());
  CHECK(status->code == 2);
  CHECK_THAT(child.err(), Catch::Contains("slow.example was not resolved before the end"));
  CHECK_THAT(child.err(), Catch::Contains("127.0.0.1    : xmt/rcv/%loss = "));
}

TEST_CASE("ping --help shows examples and fping's exit codes", "[icmp][cli]") {
  const CommandResult result = run_command(ping({"--help"}));
  INFO(result.describe());
  CHECK(result.exit_code() == 0);
  CHECK_THAT(result.out, Catch::Contains("octopoll ping -C 5") && Catch::Contains("4 no socket allowed"));
}

TEST_CASE("an ordinary user is 4 with both ways out, or pings by datagram sockets", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  // Wherever the build folder is, this copy can be run by anybody.
  const TempDir folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  const std::string program = (folder / "octopoll").string();
  std::filesystem::copy_file(octopoll_binary(), program);
  const std::vector<std::string> as_nobody{"setpriv", "--reuid",   "65534", "--regid", "65534", "--clear-groups",
                                           program,   "ping",      "-q",    "-C",      "1",     "-t",
                                           "20s",     "127.0.0.1", "::1"};
  set_sysctl(space, "net.ipv4.ping_group_range", "1 0");
  const CommandResult refused = space.run(as_nobody);
  INFO(refused.describe());
  CHECK(refused.exit_code() == 4);
  CHECK_THAT(refused.err, Catch::Contains("sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"") &&
                              Catch::Contains("setcap cap_net_raw+ep " + program));

  allow_datagrams(space);
  const CommandResult allowed = space.run(as_nobody);
  INFO(allowed.describe());
  CHECK(allowed.exit_code() == 0);
}

TEST_CASE("ping --format json is one array with an object a target", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  set_sysctl(space, "net.ipv6.icmp.echo_ignore_all", "1");
  const CommandResult result = space.run(
      ping({"--format", "json", "-C", "3", "-p", "10ms", "-t", "100ms", "127.0.0.1", "::1", "no-such-host.invalid"}));
  INFO(result.describe());
  CHECK(result.exit_code() == 2);
  const json all = json::parse(result.out);
  REQUIRE(all.size() == 3);

  const json& answered = all[0];
  CHECK(answered["target"] == "127.0.0.1");
  CHECK(answered["address"] == "127.0.0.1");
  CHECK(answered["sent"] == 3);
  CHECK(answered["received"] == 3);
  CHECK(answered["loss"] == 0.0);
  CHECK(answered["error"].is_null());
  const auto each = answered["round_trips_ms"].get<std::vector<double>>();
  REQUIRE(each.size() == 3);
  const auto [fastest, slowest] = std::minmax_element(each.begin(), each.end());
  CHECK(*fastest > 0.0);
  CHECK(answered["rtt_ms"]["min"] == *fastest);
  CHECK(answered["rtt_ms"]["max"] == *slowest);
  CHECK(answered["rtt_ms"]["mean"].get<double>() == Approx((each[0] + each[1] + each[2]) / 3).margin(0.000002));
  CHECK(answered["rtt_ms"].contains("median"));
  for (const char* part : {"deviation", "p5", "p95", "p99"}) CHECK(answered["rtt_ms"].contains(part));
  CHECK(answered["delay_variation_ms"].get<double>() ==
        Approx((std::abs(each[1] - each[0]) + std::abs(each[2] - each[1])) / 2).margin(0.000002));
  CHECK(answered["smoothed_jitter_ms"].is_number());
  CHECK(answered["voice"]["mos"].get<double>() > 4.0);
  CHECK(answered["errors"] == 0);

  CHECK(all[1]["sent"] == 3);
  CHECK(all[1]["received"] == 0);
  CHECK(all[1]["loss"] == 1.0);
  CHECK(all[1]["rtt_ms"].is_null());
  CHECK(all[1]["round_trips_ms"] == json::parse("[null, null, null]"));

  CHECK(all[2]["address"].is_null());
  CHECK(all[2]["loss"].is_null());
  CHECK_THAT(all[2]["error"].get<std::string>(), Catch::Contains("no-such-host.invalid"));
}

TEST_CASE("without -C it runs until Ctrl-C, and sums up what it has", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  const int ending = GENERATE(SIGINT, SIGTERM);
  Child child = Child::start(space.inside(ping({"-p", "20ms", "-t", "20s", "127.0.0.1"})));
  REQUIRE(wait_until([&] { return lines_of(child.out()) >= 5; }));
  child.signal(ending);
  const auto status = child.wait(patience);
  REQUIRE(status.has_value());
  CHECK(status->code == 0);
  CHECK(status->signal == 0);
  INFO(child.err());
  const std::string answers = std::to_string(lines_of(child.out()));
  CHECK(
      is_like(child.err(), "\n127.0.0.1 : xmt/rcv/%loss = " + answers + "/" + answers + "/0%, min/avg/max = #/#/#\n"));
}

TEST_CASE("Ctrl-C does not count the probes that may still be answered", "[icmp][cli]") {
  if (skip_without_netns()) return;
  const Netns space;
  silence(space);
  // The first probe of 127.0.0.1 is on its way for longer than the test lasts; the error is told at once.
  space.must({"ip", "route", "add", "unreachable", "198.51.100.0/24"});
  Child child = Child::start(space.inside(ping({"-p", "1h", "-t", "1h", "127.0.0.1", "198.51.100.7"})));
  REQUIRE(wait_until([&] { return child.out().find("198.51.100.7 : [0], timed out") != std::string::npos; }));
  child.signal(SIGINT);
  const auto status = child.wait(patience);
  REQUIRE(status.has_value());
  CHECK(status->code == 1);
  CHECK_THAT(child.err(), Catch::Contains("127.0.0.1    : xmt/rcv/%loss = 0/0/-\n"));
  CHECK_THAT(child.err(), Catch::Contains("198.51.100.7 : xmt/rcv/%loss = 1/0/100%\n"));
}
