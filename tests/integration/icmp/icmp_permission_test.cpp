// Which sockets an ordinary user gets, and what he is told where he gets none.

#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "integration/icmp/bench.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

/// From here on this thread is refused every socket of `family`, as a full descriptor table would refuse it. A filter
/// in the kernel, not a tight RLIMIT_NOFILE: UBSan opens a pipe to look at an object and takes a refusal for a broken
/// one.
void refuse_sockets(int family) {
  const auto address_family =
      static_cast<std::uint32_t>(offsetof(seccomp_data, args[0]));  // little-endian: the low word
  std::array<sock_filter, 6> rules = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, address_family),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(family), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EMFILE),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{.len = rules.size(), .filter = rules.data()};
  REQUIRE(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  REQUIRE(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

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

TEST_CASE("an ordinary user's receive buffer is enough for thousands of near targets", "[icmp]") {
  if (skip_without_netns()) return;
  const Netns space;
  allow_datagrams(space);
  space.call([] {
    become_nobody();
    const Bench bench;
    constexpr unsigned targets = 5000;
    unsigned done = 0, received = 0;
    for (unsigned i = 0; i < targets; ++i) {
      bench.prober->start(at(fmt::format("127.1.{}.{}", i / 250, 1 + i % 250)),
                          {.count = 2, .spacing = 500ms, .timeout = 20s}, [&](const icmp::EchoRound& round) {
                            ++done;
                            received += round.received;
                          });
    }
    bench.run_until([&] { return done == targets; });
    CHECK(received == 2 * targets);
    CHECK(bench.prober->statistics().overflowed == 0);
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
    refuse_sockets(AF_INET6);
    bench.prober = bench.another_prober();
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
