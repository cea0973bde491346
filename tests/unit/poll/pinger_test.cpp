#include "poll/pinger.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "bench.hpp"
#include "integration/icmp/scripted_responder.hpp"
#include "support/netns.hpp"
#include "support/temp_dir.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

bool skip_without_ping(const Bench& bench) {
  if (bench.can_ping()) return false;
  std::cout << "SKIPPED: no ICMP sockets here\n";
  return true;
}

/// The calling thread, and those that it starts, have `file` for /etc/hosts.
void see_as_hosts(const std::filesystem::path& file) {
  REQUIRE(::unshare(CLONE_NEWNS) == 0);
  REQUIRE(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
  REQUIRE(::mount(file.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) == 0);
}

poll::PingPlan plan_for(const std::string& host) {
  return {"target", false, Target{host, 0, AddressFamily::any}, 1s, {5s, 3}};
}

}  // namespace

TEST_CASE("rounds may overlap and each ends once") {
  Bench bench;
  if (skip_without_ping(bench)) return;
  poll::Pinger pinger(bench.shared(), plan_for("127.0.0.1"));
  std::vector<PingRound> rounds;
  for (int i = 0; i < 3; ++i) {
    pinger.start(300ms, 7, [&rounds](PingRound&& round) { rounds.push_back(std::move(round)); });
  }
  CHECK(pinger.busy() == 3);
  CHECK(rounds.empty());
  bench.run_until([&] { return pinger.busy() == 0; });
  REQUIRE(rounds.size() == 3);
  for (const PingRound& round : rounds) {
    CHECK(round.sent == 3);
    CHECK(round.received == 3);
    CHECK(round.address == "127.0.0.1");
    CHECK_FALSE(round.error);
  }
}

TEST_CASE("a burst is over long before its interval is, and says of which turn it is") {
  Bench bench;
  if (skip_without_ping(bench)) return;
  poll::PingPlan plan = plan_for("127.0.0.1");
  plan.echo.burst = true;
  plan.echo.count = 5;
  poll::Pinger pinger(bench.shared(), plan);
  std::vector<PingRound> rounds;
  pinger.start(24h, 1234, [&rounds](PingRound&& round) { rounds.push_back(std::move(round)); });
  bench.run_until([&] { return pinger.busy() == 0; });
  REQUIRE(rounds.size() == 1);
  CHECK(rounds[0].sent == 5);
  CHECK(rounds[0].received == 5);
  CHECK(rounds[0].slot == 1234);
}

TEST_CASE("a burst that its span has no room for is shorter, never denser") {
  Bench bench;
  if (skip_without_ping(bench)) return;
  poll::PingPlan plan = plan_for("127.0.0.1");
  plan.echo.burst = true;
  plan.echo.count = 100;
  poll::Pinger pinger(bench.shared(), plan);
  std::vector<PingRound> rounds;
  pinger.start(65ms, 7, [&rounds](PingRound&& round) { rounds.push_back(std::move(round)); });
  bench.run_until([&] { return pinger.busy() == 0; });
  REQUIRE(rounds.size() == 1);
  CHECK(rounds[0].sent <= 3);
  CHECK(rounds[0].sent >= 1);
}

TEST_CASE("a round that is ended early, at whatever moment, reports what it measured") {
  Bench bench;
  if (skip_without_ping(bench)) return;
  for (int at = 0; at < 12; ++at) {
    CAPTURE(at);
    poll::Pinger pinger(bench.shared(), plan_for("127.0.0.1"));
    std::vector<PingRound> rounds;
    pinger.start(1h, 7, [&rounds](PingRound&& round) { rounds.push_back(std::move(round)); });
    bench.run_rounds(at);
    pinger.finish_now();
    pinger.finish_now();
    bench.run_until([&] { return pinger.busy() == 0; });
    REQUIRE(rounds.size() == 1);
    CHECK(rounds[0].sent <= 1);
    CHECK(rounds[0].received == rounds[0].sent);
  }
}

TEST_CASE("a pinger that goes away, or gets another target, leaves no round behind") {
  Bench bench;
  if (skip_without_ping(bench)) return;
  for (int at = 0; at < 8; ++at) {
    CAPTURE(at);
    int calls = 0;
    {
      poll::Pinger pinger(bench.shared(), plan_for("127.0.0.1"));
      pinger.start(1h, 7, [&calls](PingRound&&) { ++calls; });
      bench.run_rounds(at);
    }
    bench.run_rounds(3);
    CHECK(calls == 0);

    poll::Pinger pinger(bench.shared(), plan_for("127.0.0.1"));
    std::vector<PingRound> rounds;
    const auto keep = [&rounds](PingRound&& round) { rounds.push_back(std::move(round)); };
    pinger.start(100ms, 7, keep);
    bench.run_rounds(at);
    pinger.reconfigure(plan_for("127.0.0.2"));
    pinger.start(100ms, 7, keep);
    bench.run_until([&] { return rounds.size() == 2; });
    CHECK(rounds[1].address == "127.0.0.2");
    CHECK(rounds[1].received == rounds[1].sent);
  }
}

TEST_CASE("a name that comes late begins no herd of rounds") {
  Bench bench;
  if (skip_without_ping(bench)) return;
  poll::Pinger pinger(bench.shared(), plan_for("localhost"));
  std::vector<PingRound> rounds;
  for (int i = 0; i < 10; ++i) {
    pinger.start(300ms, 7, [&rounds](PingRound&& round) { rounds.push_back(std::move(round)); });
  }
  std::this_thread::sleep_for(350ms);  // the loop stands still as long as the name would have hung
  bench.run_until([&] { return pinger.busy() == 0; });
  REQUIRE(rounds.size() == 10);
  for (const PingRound& round : rounds) {
    CHECK(round.sent <= 1);  // of three
    CHECK((round.sent == 1 || round.error->kind == ErrorKind::resolve));
  }
}

TEST_CASE("while a name that is not found waits for its next look-up, rounds end at once") {
  Bench bench;
  if (skip_without_ping(bench)) return;
  poll::Pinger pinger(bench.shared(), plan_for(std::string(64, 'a')));  // no name, so that nobody is asked for it
  std::vector<PingRound> rounds;
  for (std::size_t i = 1; i <= 3; ++i) {
    pinger.start(1h, 7, [&rounds](PingRound&& round) { rounds.push_back(std::move(round)); });
    bench.run_until([&] { return rounds.size() == i; });
    REQUIRE(rounds.back().error);
    CHECK(rounds.back().error->kind == ErrorKind::resolve);
    CHECK(rounds.back().sent == 0);
  }
}

TEST_CASE("answers that come when a burst is over are counted in the next round") {
  if (skip_without_netns()) return;
  const Netns space;
  space.must({"sysctl", "-q", "-w", "net.ipv4.icmp_echo_ignore_all=1"});
  space.call([] {
    Bench bench;
    ScriptedResponder responder(AF_INET);
    poll::PingPlan plan = plan_for("127.0.0.1");
    plan.interval = 1h;
    plan.echo.burst = true;
    plan.echo.count = 2;
    plan.echo.timeout = 30ms;
    poll::Pinger pinger(bench.shared(), plan);
    std::vector<PingRound> rounds;
    const auto keep = [&rounds](PingRound&& round) { rounds.push_back(std::move(round)); };
    pinger.start(1h, 1, keep);
    bench.run_until([&] { return rounds.size() == 1; });
    CHECK(rounds[0].sent == 2);
    CHECK(rounds[0].late == 0);
    bench.run_for(100ms);  // more than a spacing, and more than a timeout
    for (int i = 0; i < 2; ++i) responder.answer(responder.hear().value());
    pinger.start(1h, 2, keep);
    bench.run_until([&] { return rounds.size() == 2; });
    CHECK(rounds[1].sent == 2);
    CHECK(rounds[1].received == 0);
    CHECK(rounds[1].late == 2);
    CHECK(bench.shared().prober->statistics().foreign == 0);
  });
}

TEST_CASE("a device's pinger asks the address that its poller asks") {
  if (skip_without_netns()) return;
  const TempDir folder;
  write_file(folder / "hosts", "127.0.0.2 two.example\n127.0.0.3 two.example\n");
  const Netns space;
  space.call([&] {
    see_as_hosts(folder / "hosts");
    Bench bench;
    poll::KnownAddresses addresses(bench.resolver());
    addresses.look_up({"two.example", 161, AddressFamily::any}, 1min, [] {});
    poll::Pinger pinger(bench.shared(), plan_for("two.example"), &addresses);
    std::vector<PingRound> rounds;
    const auto ping = [&] {
      const std::size_t before = rounds.size();
      pinger.start(100ms, 1, [&rounds](PingRound&& round) { rounds.push_back(std::move(round)); });
      bench.run_until([&] { return rounds.size() == before + 1; });
      CHECK(rounds.back().received == 3);
      return rounds.back().address;
    };
    CHECK(ping() == "127.0.0.2");  // waits for the device's look-up, and makes none of its own
    REQUIRE(addresses.count() == 2);
    addresses.next();
    CHECK(ping() == "127.0.0.3");
    addresses.next();
    CHECK(ping() == "127.0.0.2");
  });
}

TEST_CASE("where there are no sockets each round says why nothing was measured") {
  Bench bench;
  const Error refused{ErrorKind::permission, "no IPv4 ICMP socket is allowed to this user", {}};
  poll::Shared shared = bench.shared();
  shared.prober = nullptr;
  shared.no_prober = &refused;
  poll::Pinger pinger(shared, plan_for("127.0.0.1"));
  std::vector<PingRound> rounds;
  pinger.start(1h, 7, [&rounds](PingRound&& round) { rounds.push_back(std::move(round)); });
  CHECK(rounds.empty());
  bench.run_until([&] { return rounds.size() == 1; });
  CHECK(rounds[0].sent == 0);
  REQUIRE(rounds[0].error);
  CHECK(rounds[0].error->message == refused.message);
}
