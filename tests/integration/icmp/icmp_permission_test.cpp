// Which sockets an ordinary user gets, and what he is told where he gets none.

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "integration/icmp/bench.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

/// While it lives the process can open exactly `spare` more descriptors.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t spare) {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    REQUIRE(next >= 0);
    ::close(next);
    rlimit tight = before_;
    tight.rlim_cur = static_cast<rlim_t>(next) + spare;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("an ordinary user pings through datagram sockets where the kernel allows", "[icmp]") {
  if (skip_without_netns()) return;
  const Netns space;
  allow_datagrams(space);
  space.call([] {
    become_nobody();
    const Bench bench;
    CHECK(bench.prober->socket_kind(AF_INET) == "datagram");
    CHECK(bench.prober->socket_kind(AF_INET6) == "datagram");
    for (const char* target : {"127.0.0.1", "::1"}) {
      CHECK(run_round(bench, at(target), {.count = 2, .spacing = 1ms, .timeout = 10s}).received == 2);
    }
  });
}

TEST_CASE("an ordinary user without a way to ping is told both ways out", "[icmp]") {
  if (skip_without_netns()) return;
  const Netns space;
  set_sysctl(space, "net.ipv4.ping_group_range", "1 0");  // nobody
  space.call([] {
    become_nobody();
    auto loop = EventLoop::create();
    REQUIRE(loop.has_value());
    const auto prober = icmp::Prober::create(**loop);
    REQUIRE_FALSE(prober.has_value());
    CHECK(prober.error().kind == ErrorKind::permission);
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    CHECK_THAT(prober.error().remedy, Catch::Contains("sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"") &&
                                          Catch::Contains("setcap cap_net_raw+ep " + self));
  });
}

TEST_CASE("where one family has no socket the other works, and its own rounds say why they measured nothing",
          "[icmp]") {
  if (skip_without_netns()) return;
  space_for("datagram").call([] {
    Bench bench;
    {
      const DescriptorLimit one(1);
      bench.prober = bench.another_prober();
    }
    CHECK(bench.prober->socket_kind(AF_INET) == "datagram");
    CHECK(bench.prober->socket_kind(AF_INET6) == "none");
    CHECK(run_round(bench, at("127.0.0.1"), {.count = 1, .timeout = 10s}).received == 1);
    const icmp::EchoRound without = run_round(bench, at("::1"), {.count = 3, .spacing = 1ms, .timeout = 10s});
    CHECK(without.sent == 0);
    REQUIRE(without.error.has_value());
    CHECK(without.error->kind == ErrorKind::io);
    CHECK_THAT(without.error->message, Catch::Contains("IPv6") && Catch::Contains("Too many open files"));
  });
}
