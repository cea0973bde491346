#include "support/netns.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "octopoll/core/fd.hpp"
#include "support/kernel_counters.hpp"
#include "support/wait_until.hpp"

namespace octopoll::test {
namespace {

void send_datagrams(const char* address, int count, std::size_t size) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  REQUIRE(::inet_pton(AF_INET, address, &to.sin_addr) == 1);
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const std::vector<char> data(size);
  for (int i = 0; i < count; ++i) {
    REQUIRE(::sendto(socket.get(), data.data(), data.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) > 0);
  }
}

TEST_CASE("two namespaces joined by a veth pair reach one another and count the octets") {
  if (skip_without_netns()) return;
  const Netns left;
  const Netns right;
  connect(left, {"link0", "10.9.0.1/24"}, right, {"link1", "10.9.0.2/24"});

  const auto before = kernel_counters(left);
  REQUIRE(before.contains("link0"));
  REQUIRE(before.contains("lo"));
  // The frames travel whether or not somebody listens.
  left.call([] { send_datagrams("10.9.0.2", 3, 1000); });
  const auto sent = [&](const auto& now) { return now.at("link0").tx_bytes - before.at("link0").tx_bytes; };
  // Header octets: Ethernet 14, IPv4 20, UDP 8.
  REQUIRE(wait_until([&] { return sent(kernel_counters(left)) >= 3 * 1042; }));
  const auto after = kernel_counters(left);
  const auto peer = kernel_counters(right);
  CHECK(peer.at("link1").rx_bytes >= 3 * 1042);
  CHECK(after.at("link0").tx_packets - before.at("link0").tx_packets >= 3);
}

TEST_CASE("a namespace's interfaces are its own, and it is gone after its scope") {
  if (skip_without_netns()) return;
  std::string name;
  {
    const Netns space;
    name = space.name();
    const auto inside = kernel_counters(space);
    CHECK(inside.size() == 1);
    CHECK(inside.contains("lo"));
    CHECK(std::filesystem::exists("/run/netns/" + name));
  }
  CHECK_FALSE(std::filesystem::exists("/run/netns/" + name));
}

TEST_CASE("exceptions thrown inside a namespace reach the caller") {
  if (skip_without_netns()) return;
  const Netns space;
  CHECK_THROWS_WITH(space.call([] { throw std::runtime_error("inside"); }), "inside");
  CHECK_THROWS_WITH(space.must({"sh", "-c", "echo trouble >&2; exit 4"}), Catch::Contains("trouble"));
}

TEST_CASE("where namespaces are required, their absence is an error") {
  if (!netns_skip_reason()) {
    SUCCEED("namespaces can be made here");
    return;
  }
  ::setenv("OCTOPOLL_REQUIRE_NETNS", "1", 1);
  CHECK_THROWS_WITH(netns_skip_reason(), Catch::Contains("OCTOPOLL_REQUIRE_NETNS"));
  ::unsetenv("OCTOPOLL_REQUIRE_NETNS");
}

}  // namespace
}  // namespace octopoll::test
