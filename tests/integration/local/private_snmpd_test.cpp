#include "octopoll/local/private_snmpd.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/child.hpp"
#include "support/netns.hpp"
#include "support/run_command.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"

using namespace octopoll;
using local::PrivateSnmpd;
using test::Child;
using test::ChildOptions;
using test::CommandResult;
using test::TempDir;
namespace fs = std::filesystem;

namespace {

const std::string sys_uptime = ".1.3.6.1.2.1.1.3.0";
const std::string sys_contact = ".1.3.6.1.2.1.1.4.0";
const std::string cache_timeout = "." + std::string(local::if_table_cache_timeout_oid);

CommandResult snmp(const std::string& tool, std::uint16_t port, const Secret& community,
                   const std::vector<std::string>& what) {
  std::vector<std::string> argv{tool, "-v2c", "-c", community.reveal(), "-m", "", "-t", "1", "-r", "4"};
  argv.insert(argv.end(), {"-Oqvn", fmt::format("127.0.0.1:{}", port)});
  argv.insert(argv.end(), what.begin(), what.end());
  return test::run_command(std::move(argv));
}

// "OID VALUE" on each line.
CommandResult walk_all(std::uint16_t port, const Secret& community) {
  return test::run_command({"snmpbulkwalk", "-v2c", "-c", community.reveal(), "-m", "", "-t", "1", "-r", "4", "-Oqn",
                            fmt::format("127.0.0.1:{}", port), ".1"});
}

CommandResult get(const PrivateSnmpd& agent, const Secret& community, const std::string& oid) {
  return snmp("snmpget", agent.target().port, community, {oid});
}

// Silence is told apart from a late answer by the right community answering before and after.
bool silent_for(const PrivateSnmpd& agent, const std::string& community) {
  const auto result = test::run_command({"snmpget", "-v2c", "-c", community, "-m", "", "-t", "0.3", "-r", "0",
                                         fmt::format("127.0.0.1:{}", agent.target().port), sys_uptime});
  return result.err.find("Timeout: No Response") != std::string::npos;
}

std::string read_proc(pid_t pid, const std::string& name) {
  std::ifstream file(fmt::format("/proc/{}/{}", pid, name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

unsigned permissions_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

bool exists(pid_t pid) { return ::kill(pid, 0) == 0; }

std::unique_ptr<PrivateSnmpd> started() {
  auto agent = PrivateSnmpd::start();
  INFO((agent ? std::string() : agent.error().text()));
  REQUIRE(agent);
  return *std::move(agent);
}

// What the holder says when its agent runs.
struct Held {
  pid_t pid = 0;
  std::uint16_t port = 0;
  fs::path directory;
  Secret community;
};

Child start_holder(ChildOptions options = {}, std::vector<std::string> arguments = {}) {
  options.input = ChildOptions::Input::pipe;
  arguments.insert(arguments.begin(), std::string(OCTOPOLL_BINARY_DIR) + "/private_snmpd_holder");
  return Child::start(std::move(arguments), options);
}

// As octopoll ends: with its destructors, which a signal from ~Child would cut off.
void end(Child& holder) {
  holder.close_input();
  const auto ended = holder.wait(test::patience);
  REQUIRE(ended);
  CHECK(ended->ok());
}

Held wait_for_agent(Child& holder) {
  const bool spoke =
      test::wait_until([&] { return holder.out().find('\n') != std::string::npos || !holder.running(); });
  INFO(holder.err());
  REQUIRE(spoke);
  Held held;
  std::string community;
  std::istringstream(holder.out()) >> held.pid >> held.port >> held.directory >> community;
  REQUIRE(held.pid > 0);
  held.community = Secret(community);
  return held;
}

}  // namespace

TEST_CASE("a private snmpd answers its own community alone") {
  const auto agent = started();
  const auto answer = get(*agent, agent->community(), sys_uptime);
  INFO(answer.describe());
  REQUIRE(answer.ok());
  CHECK(silent_for(*agent, "public"));
  CHECK(silent_for(*agent, "private"));
  CHECK(silent_for(*agent, ""));
  CHECK(get(*agent, agent->community(), sys_uptime).ok());
  CHECK(agent->check());
}

TEST_CASE("a private snmpd shows this machine's interfaces, addresses and engine, and nothing beyond") {
  const auto agent = started();
  const auto lo = ::if_nametoindex("lo");
  REQUIRE(lo != 0);
  const auto text = [&](const std::string& oid) { return get(*agent, agent->community(), oid).out; };
  CHECK(text(fmt::format(".1.3.6.1.2.1.2.2.1.2.{}", lo)) == "\"lo\"\n");
  CHECK(text(fmt::format(".1.3.6.1.2.1.31.1.1.1.1.{}", lo)) == "\"lo\"\n");
  CHECK(text(".1.3.6.1.2.1.4.20.1.1.127.0.0.1") == "127.0.0.1\n");
  CHECK(text(".1.3.6.1.6.3.10.2.1.2.0") == "1\n");
  CHECK(text(cache_timeout) == "3\n");

  const auto all = walk_all(agent->target().port, agent->community());
  REQUIRE(all.ok());
  const std::vector<std::string> visible{".1.3.6.1.2.1.1.",         ".1.3.6.1.2.1.2.",    ".1.3.6.1.2.1.31.",
                                         ".1.3.6.1.2.1.4.20.",      ".1.3.6.1.2.1.4.34.", ".1.3.6.1.6.3.10.2.1.",
                                         ".1.3.6.1.4.1.8072.1.5.3."};
  std::istringstream lines(all.out);
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    // Some text values hold line breaks, and the end of the view is told with the last OID.
    if (!line.starts_with(".1.3.6.1.") || line.find("No more variables left") != std::string::npos) continue;
    ++rows;
    const bool shown =
        std::any_of(visible.begin(), visible.end(), [&](const auto& prefix) { return line.starts_with(prefix); });
    INFO(line);
    CHECK(shown);
  }
  CHECK(rows > 50);
}

TEST_CASE("the write community sets the cache of ifTable and has no other right") {
  const auto agent = started();
  const auto port = agent->target().port;

  const auto set = snmp("snmpset", port, agent->write_community(), {cache_timeout, "i", "0"});
  INFO(set.describe());
  REQUIRE(set.ok());
  CHECK(get(*agent, agent->community(), cache_timeout).out == "0\n");

  CHECK(get(*agent, agent->write_community(), sys_uptime).out.find("No Such Object") != std::string::npos);
  CHECK_FALSE(snmp("snmpset", port, agent->write_community(), {sys_contact, "s", "changed"}).ok());
  CHECK_FALSE(snmp("snmpset", port, agent->community(), {cache_timeout, "i", "9"}).ok());
  CHECK(get(*agent, agent->community(), cache_timeout).out == "0\n");

  const auto all = walk_all(port, agent->write_community());
  CHECK(all.out.starts_with(cache_timeout + " 0\n"));
  CHECK(all.out.find("No more variables left") != std::string::npos);
}

TEST_CASE("with its cache off every answer has fresh counters") {
  const auto agent = started();
  REQUIRE(snmp("snmpset", agent->target().port, agent->write_community(), {cache_timeout, "i", "0"}).ok());
  const auto octets_of_lo = fmt::format(".1.3.6.1.2.1.31.1.1.1.6.{}", ::if_nametoindex("lo"));
  // Each question travels over lo, so that the next answer must count it.
  std::uint64_t before = 0;
  for (int i = 0; i < 5; ++i) {
    const auto answer = get(*agent, agent->community(), octets_of_lo);
    REQUIRE(answer.ok());
    const auto now = std::stoull(answer.out);
    CHECK(now > before);
    before = now;
  }
}

TEST_CASE("a private snmpd has no privileges") {
  const auto agent = started();
  const auto status = read_proc(agent->pid(), "status");
  const uid_t uid = ::geteuid() == 0 ? 65534 : ::geteuid();
  CHECK(status.find(fmt::format("Uid:\t{0}\t{0}\t{0}\t{0}\n", uid)) != std::string::npos);
  CHECK(status.find("CapEff:\t0000000000000000") != std::string::npos);
  CHECK(status.find("NoNewPrivs:\t1") != std::string::npos);
}

TEST_CASE("the communities of a private snmpd are in its closed directory and nowhere else") {
  const auto agent = started();
  const auto config = agent->directory() / "agent.conf";
  CHECK(permissions_of(agent->directory()) == 0700);
  CHECK(permissions_of(config) == 0600);
  const auto text = test::read_file(config);
  for (const auto* community : {&agent->community(), &agent->write_community()}) {
    CHECK(text.find(community->reveal()) != std::string::npos);
    for (const auto* file : {"cmdline", "environ"}) {
      CHECK(read_proc(agent->pid(), file).find(community->reveal()) == std::string::npos);
    }
  }
  CHECK(agent->community() != agent->write_community());
}

TEST_CASE("a private snmpd and its directory are gone at the end") {
  pid_t pid = 0;
  fs::path directory;
  {
    const auto agent = started();
    pid = agent->pid();
    directory = agent->directory();
    REQUIRE(exists(pid));
    REQUIRE(fs::exists(directory));
    SECTION("it ends when asked") {}
    SECTION("it is made to end when it does not listen") { REQUIRE(::kill(pid, SIGSTOP) == 0); }
    SECTION("it has ended before") {
      REQUIRE(::kill(pid, SIGKILL) == 0);
      REQUIRE(test::wait_until([&] { return !agent->check(); }));
    }
  }
  CHECK_FALSE(exists(pid));
  CHECK_FALSE(fs::exists(directory));
}

TEST_CASE("an end of the private snmpd is noticed") {
  const auto agent = started();
  REQUIRE(agent->check());
  REQUIRE(::kill(agent->pid(), SIGKILL) == 0);
  REQUIRE(test::wait_until([&] { return !agent->check(); }));
  const auto ended = agent->check();
  CHECK(ended.error().kind == ErrorKind::io);
  CHECK(ended.error().message.find("killed by signal 9") != std::string::npos);
}

TEST_CASE("a private snmpd is gone when its parent is killed") {
  // Its orphans come to us, so that we see how they ended.
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  std::vector<std::string> arguments;
  SECTION("as whoever runs the tests") {}
  if (::geteuid() == 0) {
    SECTION("as an ordinary user") { arguments.emplace_back("--as-nobody"); }
  }
  TempDir temp;
  fs::permissions(temp.path(), fs::perms::all);
  ChildOptions options;
  options.env = {{"TMPDIR", temp.path().string()}};
  auto holder = start_holder(options, arguments);
  const auto held = wait_for_agent(holder);
  REQUIRE(snmp("snmpget", held.port, held.community, {sys_uptime}).ok());

  holder.signal(SIGKILL);
  REQUIRE(holder.wait(test::patience));
  int status = 0;
  const bool reaped = test::wait_until([&] { return ::waitpid(held.pid, &status, WNOHANG) == held.pid; });
  if (!reaped) ::kill(held.pid, SIGKILL);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  REQUIRE(reaped);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);

  // What the killed one could not remove, the next one does.
  REQUIRE(fs::exists(held.directory));
  fs::last_write_time(held.directory, fs::file_time_type::clock::now() - std::chrono::hours(1));
  auto next = start_holder(options, arguments);
  wait_for_agent(next);
  CHECK_FALSE(fs::exists(held.directory));
  end(next);
}

TEST_CASE("a private snmpd starts for an ordinary user") {
  if (::geteuid() != 0) {
    WARN("skipped: all other cases have run as an ordinary user");
    return;
  }
  TempDir temp;
  fs::permissions(temp.path(), fs::perms::all);
  ChildOptions options;
  options.env = {{"TMPDIR", temp.path().string()}};
  auto holder = start_holder(options, {"--as-nobody"});
  const auto held = wait_for_agent(holder);
  CHECK(snmp("snmpget", held.port, held.community, {sys_uptime}).ok());
  end(holder);
  CHECK_FALSE(exists(held.pid));
  CHECK(fs::is_empty(temp.path()));
}

TEST_CASE("a private snmpd needs neither a PATH with system programs nor an open directory for temporary files") {
  const TempDir closed;
  ChildOptions options;
  options.env = {{"PATH", "/usr/bin:/bin"}, {"TMPDIR", closed.path().string()}};
  auto holder = start_holder(options);
  const auto held = wait_for_agent(holder);
  CHECK(held.directory.parent_path() == closed.path());
  CHECK(snmp("snmpget", held.port, held.community, {sys_uptime}).ok());
  CHECK(test::read_file(held.directory / "log") == "");
  end(holder);
  CHECK(fs::is_empty(closed.path()));
}

TEST_CASE("a private snmpd reads no configuration but its own") {
  const TempDir home;
  fs::create_directories(home / ".snmp");
  for (const auto& file : {home / ".snmp" / "snmpd.conf", home / "snmpd.conf", home / "snmpd.local.conf"}) {
    test::write_file(file, "rocommunity planted\n");
  }
  ChildOptions options;
  options.env = {{"HOME", home.path().string()},
                 {"SNMPCONFPATH", home.path().string()},
                 {"SNMP_PERSISTENT_DIR", home.path().string()}};
  auto holder = start_holder(options);
  const auto held = wait_for_agent(holder);
  REQUIRE(snmp("snmpget", held.port, held.community, {sys_uptime}).ok());
  const auto planted = test::run_command({"snmpget", "-v2c", "-c", "planted", "-m", "", "-t", "0.3", "-r", "0",
                                          fmt::format("127.0.0.1:{}", held.port), sys_uptime});
  CHECK(planted.err.find("Timeout: No Response") != std::string::npos);
  end(holder);
}

TEST_CASE("private snmpds do not meet") {
  std::vector<std::unique_ptr<PrivateSnmpd>> agents;
  std::set<std::uint16_t> ports;
  std::set<std::string> secrets;
  for (int i = 0; i < 4; ++i) {
    agents.push_back(started());
    ports.insert(agents.back()->target().port);
    secrets.insert(agents.back()->community().reveal());
    secrets.insert(agents.back()->write_community().reveal());
  }
  CHECK(ports.size() == 4);
  CHECK(secrets.size() == 8);
  for (const auto& agent : agents) CHECK(get(*agent, agent->community(), sys_uptime).ok());
  CHECK(silent_for(*agents[0], agents[1]->community().reveal()));
}

TEST_CASE("an snmpd that ends at once is an error with its last words, without its secrets") {
  TempDir fake;
  fs::permissions(fake.path(), fs::perms::owner_all | fs::perms::others_exec | fs::perms::others_read);
  test::write_file(fake / "snmpd", "#!/bin/sh\necho 'Error: the mast is broken' >&2\ncat agent.conf >&2\nexit 3\n");
  fs::permissions(fake / "snmpd", fs::perms(0755));
  ChildOptions options;
  options.env = {{"PATH", fake.path().string() + ":/usr/bin:/bin"}};
  auto holder = start_holder(options);
  const auto ended = holder.wait(test::patience);
  REQUIRE(ended);
  CHECK(ended->code == 1);
  const auto said = holder.err();
  INFO(said);
  CHECK(said.find((fake / "snmpd").string()) != std::string::npos);
  CHECK(said.find("exit status 3") != std::string::npos);
  CHECK(said.find("rocommunity *** 127.0.0.1") != std::string::npos);
  CHECK(said.find("rwcommunity *** 127.0.0.1") != std::string::npos);
}

TEST_CASE("an snmpd that cannot be executed is an error that names it") {
  const TempDir fake;
  test::write_file(fake / "snmpd", "no program\n");
  fs::permissions(fake / "snmpd", fs::perms(0755));
  ChildOptions options;
  options.env = {{"PATH", fake.path().string() + ":/usr/bin:/bin"}};
  auto holder = start_holder(options);
  const auto ended = holder.wait(test::patience);
  REQUIRE(ended);
  CHECK(ended->code == 1);
  CHECK(holder.err().find((fake / "snmpd").string() + " was not started: ") != std::string::npos);
}

TEST_CASE("without snmpd the error says how to install it") {
  if (test::skip_without_netns()) return;
  // A mount namespace in which the directories of system programs are empty.
  const auto result = test::run_command(
      {"unshare", "--mount", "sh", "-c",
       "for d in /usr/sbin /usr/local/sbin /sbin; do mount -t tmpfs none $d; done; PATH=/usr/bin:/bin exec \"$0\"",
       std::string(OCTOPOLL_BINARY_DIR) + "/private_snmpd_holder"});
  INFO(result.describe());
  CHECK(result.exit_code() == 1);
  CHECK(result.err.find("sudo apt-get install snmpd") != std::string::npos);
}

TEST_CASE("a thread that may end before the process cannot start a private snmpd") {
  std::thread([] {
    const auto agent = PrivateSnmpd::start();
    REQUIRE_FALSE(agent);
    CHECK(agent.error().kind == ErrorKind::internal);
  }).join();
}
