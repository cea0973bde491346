// What the inventory and the command line say of echo requests is what goes out.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "integration/run/polling.hpp"
#include "octopoll/core/fd.hpp"
#include "support/binaries.hpp"
#include "support/netns.hpp"

using namespace octopoll;
using namespace octopoll::test;

namespace {

struct Request {
  std::string from;
  int tos = 0;
  int hop_limit = 0;
  bool dont_fragment = false;
  std::size_t payload = 0;
};

/// A raw socket, to which the kernel copies each ICMP packet of its namespace with the IP header.
Fd listen_in(const Netns& space) {
  Fd socket;
  space.call([&socket] {
    socket = Fd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
    const timeval bound{60, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
  });
  REQUIRE(socket.get() >= 0);
  return socket;
}

/// The next echo request to `address`.
Request next_request(const Fd& socket, const std::string& address) {
  for (;;) {
    std::array<unsigned char, 65536> packet{};
    const ssize_t length = ::recv(socket.get(), packet.data(), packet.size(), 0);
    REQUIRE(length > static_cast<ssize_t>(sizeof(iphdr) + sizeof(icmphdr)));
    iphdr ip{};
    std::memcpy(&ip, packet.data(), sizeof ip);
    const std::size_t header = ip.ihl * 4U;
    std::array<char, INET_ADDRSTRLEN> from{}, to{};
    ::inet_ntop(AF_INET, &ip.saddr, from.data(), from.size());
    ::inet_ntop(AF_INET, &ip.daddr, to.data(), to.size());
    if (packet[header] != ICMP_ECHO || to.data() != address) continue;
    return {from.data(), ip.tos, ip.ttl, (ntohs(ip.frag_off) & IP_DF) != 0,
            static_cast<std::size_t>(length) - header - sizeof(icmphdr)};
  }
}

}  // namespace

TEST_CASE("a probe's packets are as the inventory says", "[latency]") {
  if (skip_without_netns()) return;
  const Netns space;
  const Fd socket = listen_in(space);
  const Site site(
      "ping: {payload: 100, dscp: CS1}\n"
      "defaults: {ping: {hop_limit: 9}, interval: 500ms, timeout: 100ms, retries: 0}\n"
      "devices: [{name: device, address: 127.0.0.3, ping: {timeout: 100ms, count: 2, source: 127.0.0.5}}]\n"
      "probes:\n"
      "  - {name: voice, host: 127.0.0.2, interval: 1s, timeout: 500ms, count: 20, burst: yes, payload: 160, dscp: "
      "EF,\n"
      "     hop_limit: 77, source: 127.0.0.6, dont_fragment: yes}\n"
      "  - {name: plain, host: 127.0.0.4, interval: 500ms, timeout: 100ms, count: 2}\n");
  Child run = start_polling(space.inside(site.run()));
  const Request voice = next_request(socket, "127.0.0.2");
  CHECK(voice.from == "127.0.0.6");
  CHECK(voice.tos == 46 << 2);
  CHECK(voice.hop_limit == 77);
  CHECK(voice.dont_fragment);
  CHECK(voice.payload == 160);

  const Request device = next_request(socket, "127.0.0.3");
  CHECK(device.from == "127.0.0.5");
  CHECK(device.tos == 8 << 2);
  CHECK(device.hop_limit == 9);
  CHECK(device.payload == 100);

  const Request plain = next_request(socket, "127.0.0.4");
  CHECK(plain.from == "127.0.0.1");
  CHECK(plain.tos == 0);
  CHECK(plain.hop_limit == 64);
  CHECK(plain.payload == 56);
  stop_polling(run);
}
