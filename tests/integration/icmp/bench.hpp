#pragma once
// What the tests of the prober share: a namespace of a chosen socket kind, and a loop with a prober in it.

#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/core/fd.hpp"
#include "octopoll/icmp/prober.hpp"
#include "support/netns.hpp"
#include "support/wait_until.hpp"

namespace octopoll::test {

inline Endpoint at(const std::string& address) {
  const auto endpoint = Endpoint::literal(address, 0);
  REQUIRE(endpoint.has_value());
  return *endpoint;
}

inline void set_sysctl(const Netns& space, const std::string& name, const std::string& value) {
  space.must({"sysctl", "-q", "-w", name + "=" + value});
}

/// New namespaces admit nobody to datagram sockets; root falls back to raw ones there.
inline void allow_datagrams(const Netns& space) { set_sysctl(space, "net.ipv4.ping_group_range", "0 2147483647"); }

/// A namespace in which the prober gets sockets of `kind` ("datagram" or "raw").
inline Netns space_for(const std::string& kind) {
  Netns space;
  if (kind == "datagram") allow_datagrams(space);
  return space;
}

/// Nobody but the test itself answers echo requests.
inline void silence(const Netns& space) {
  set_sysctl(space, "net.ipv4.icmp_echo_ignore_all", "1");
  set_sysctl(space, "net.ipv6.icmp.echo_ignore_all", "1");
}

/// Gives an interface an IPv6 address that can be used at once: `ip` returns before the kernel, on a work queue, has
/// made the local route, and packets to the address are dropped until then.
inline void add_ipv6(const Netns& space, const std::string& address, const std::string& length,
                     const std::string& device) {
  space.must({"ip", "-6", "address", "add", address + "/" + length, "dev", device, "nodad"});
  REQUIRE(wait_until([&] {
    return space.must({"ip", "-6", "route", "show", "table", "local"}).find("local " + address + " ") !=
           std::string::npos;
  }));
}

/// The calling thread alone becomes an ordinary user without capabilities: the C library's functions would take the
/// whole process along, the system calls do not.
inline void become_nobody() {
  constexpr unsigned nobody = 65'534;
  if (::syscall(SYS_setgroups, 0, nullptr) != 0 || ::syscall(SYS_setresgid, nobody, nobody, nobody) != 0 ||
      ::syscall(SYS_setresuid, nobody, nobody, nobody) != 0) {
    throw std::system_error(errno, std::generic_category(), "giving up root");
  }
}

/// A loop and its prober. Made inside the namespace: Netns::call(), whose thread owns it then.
struct Bench {
  std::unique_ptr<EventLoop> loop;
  std::unique_ptr<icmp::Prober> prober;

  Bench() {
    auto made = EventLoop::create();
    REQUIRE(made.has_value());
    loop = std::move(*made);
    prober = another_prober();
  }

  [[nodiscard]] std::unique_ptr<icmp::Prober> another_prober() const {
    auto opened = icmp::Prober::create(*loop);
    if (!opened) FAIL(opened.error().text());
    return std::move(*opened);
  }

  /// Runs the loop until `condition` holds; fails the test when that takes for ever.
  void run_until(const std::function<bool()>& condition) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= end) {
        const auto seen = prober->statistics();
        FAIL("what the test waits for did not come; sent "
             << seen.sent << ", received " << seen.received << ", duplicates " << seen.duplicates << ", late "
             << seen.late << ", foreign " << seen.foreign << ", errors " << seen.errors);
      }
      loop->run_once(std::chrono::milliseconds(5));
    }
  }
};

/// While it lives the kernel stamps packets as they arrive. It begins to do so a moment after the first socket on the
/// machine asks (a work queue patches the code); until then a packet is stamped when it is read.
class KernelStamps {
 public:
  KernelStamps() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    const Endpoint any = at("127.0.0.1");
    sockaddr_in self{};
    socklen_t length = sizeof self;
    REQUIRE(::setsockopt(socket_.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0);
    REQUIRE(::bind(socket_.get(), any.address(), any.length()) == 0);
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&self), &length) == 0);
    REQUIRE(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&self), length) == 0);
    REQUIRE(wait_until([this] { return stamped_on_arrival(); }));
  }

 private:
  bool stamped_on_arrival() const {
    constexpr auto delay = std::chrono::milliseconds(20);
    char octet = 0;
    alignas(cmsghdr) char control[128];
    iovec vector{&octet, 1};
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    REQUIRE(::send(socket_.get(), &octet, 1, 0) == 1);
    std::this_thread::sleep_for(delay);
    timespec now{}, stamp{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    REQUIRE(::recvmsg(socket_.get(), &message, 0) == 1);
    const cmsghdr* c = CMSG_FIRSTHDR(&message);
    REQUIRE(c != nullptr);
    std::memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
    const auto age =
        std::chrono::seconds(now.tv_sec - stamp.tv_sec) + std::chrono::nanoseconds(now.tv_nsec - stamp.tv_nsec);
    return age >= delay / 2;
  }

  Fd socket_;
};

/// One round and all that was told of it.
struct Ran {
  std::optional<icmp::EchoRound> result;
  std::vector<icmp::EchoAnswer> answers;
  icmp::Prober::RoundId id = 0;
  [[nodiscard]] bool done() const noexcept { return result.has_value(); }
};

/// Starts a round that reports into `ran`, which stays where it is until the prober is gone.
inline void start(Ran& ran, icmp::Prober& prober, const Endpoint& target, const icmp::EchoPlan& plan) {
  ran.id = prober.start(
      target, plan,
      [&ran](icmp::EchoRound round) {
        REQUIRE_FALSE(ran.result.has_value());
        ran.result = std::move(round);
      },
      [&ran](const icmp::EchoAnswer& answer) { ran.answers.push_back(answer); });
}

inline icmp::EchoRound run_round(const Bench& bench, const Endpoint& target, const icmp::EchoPlan& plan) {
  Ran ran;
  start(ran, *bench.prober, target, plan);
  bench.run_until([&] { return ran.done(); });
  return *ran.result;
}

}  // namespace octopoll::test
