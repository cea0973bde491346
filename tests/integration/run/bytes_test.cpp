// Known octets through a real interface, found in the store: the kernel's own counters are the truth.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "octopoll/core/fd.hpp"
#include "polling.hpp"
#include "support/binaries.hpp"
#include "support/kernel_counters.hpp"
#include "support/netns.hpp"
#include "support/snmpd.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;
using octopoll::Fd;

namespace {

/// Two namespaces joined by a link on which nothing moves but what the test sends.
class Link {
 public:
  Link() {
    for (const Netns* space : {&near_, &far_}) {
      for (const char* which : {"all", "default"}) {
        space->must({"sysctl", "-q", "-w", fmt::format("net.ipv6.conf.{}.disable_ipv6=1", which)});
      }
    }
    connect(near_, {"uplink", "10.9.0.1/24"}, far_, {"peer", "10.9.0.2/24"});
    // The neighbours are known for good, so no ARP.
    for (const auto& [from, dev, to, there] :
         {std::tuple(&near_, "uplink", &far_, "peer"), {&far_, "peer", &near_, "uplink"}}) {
      std::string mac = to->must({"cat", fmt::format("/sys/class/net/{}/address", there)});
      mac.erase(mac.find_last_not_of('\n') + 1);
      from->must({"ip", "neigh", "replace", to == &far_ ? "10.9.0.2" : "10.9.0.1", "lladdr", mac, "dev", dev, "nud",
                  "permanent"});
    }
  }

  [[nodiscard]] const Netns& near() const { return near_; }
  [[nodiscard]] KernelCounters kernel() const { return kernel_counters(near_).at("uplink"); }

  /// From the far end to the near one: `count` datagrams. Returns the octets that an interface counts for them.
  std::uint64_t send(int count) const {
    constexpr std::size_t payload = 1000;
    constexpr std::uint64_t on_the_link = payload + 8 + 20 + 14;  // UDP, IPv4 and Ethernet headers
    Fd sink;
    near_.call([&sink] { sink = socket_at("10.9.0.1"); });  // else the kernel would answer that nobody listens
    far_.call([count] {
      const Fd socket = socket_at("10.9.0.2");
      const sockaddr_in to = address("10.9.0.1");
      const std::string datagram(payload, 'x');
      for (int i = 0; i < count; ++i) {
        if (::sendto(socket.get(), datagram.data(), datagram.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                     sizeof to) != static_cast<ssize_t>(datagram.size())) {
          throw std::system_error(errno, std::generic_category(), "sendto 10.9.0.1");
        }
      }
    });
    return static_cast<std::uint64_t>(count) * on_the_link;
  }

 private:
  static sockaddr_in address(const char* host) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    ::inet_pton(AF_INET, host, &address.sin_addr);
    return address;
  }
  static Fd socket_at(const char* host) {
    Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in at = address(host);
    if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
      throw std::system_error(errno, std::generic_category(), fmt::format("binding {}", host));
    }
    return socket;
  }

  Netns near_, far_;
};

std::string inventory_of(const Snmpd& agent) {
  return fmt::format("devices: [{{name: here, address: '{}', interval: 1s, timeout: 900ms, ping: false}}]",
                     agent.target());
}

/// Sends in three portions, each spread over some polls, and returns what was sent.
std::uint64_t send_slowly(const Link& link, const Site& site, const std::string& device) {
  std::uint64_t sent = 0;
  for (const int count : {100, 3000, 7}) {
    sent += link.send(count);
    await_cycles(site.store(), device, 1);
  }
  return sent;
}

std::int64_t last_poll(const Site& site, const std::string& device) {
  return cycles_of(site.store(), device).back().poll_number;
}

/// The poll from which on the store shows what the kernel showed at a quiet moment.
std::int64_t await_agreement(const Link& link, const Site& site, const std::string& device) {
  await("the kernel's counters in the store",
        [&] { return latest_in_octets(site.store(), device, "uplink") == link.kernel().rx_bytes; });
  return last_poll(site, device);
}

}  // namespace

TEST_CASE("what an agent without a cache counts is what the kernel counted, octet for octet", "[run][snmpd]") {
  if (skip_without_netns()) return;
  const Link link;
  SnmpdOptions options;
  options.netns = &link.near();
  options.addresses = {"127.0.0.1"};
  options.if_table_cache_seconds = 0;
  Snmpd agent(options);
  agent.start();
  const Site site(inventory_of(agent));
  Child run = start_polling(link.near().inside(site.run()));
  await("the first rate", [&] {
    const auto deltas = deltas_of(site.store(), "here", "uplink");
    return !deltas.empty() && deltas.back().in_quality == "ok";
  });
  const KernelCounters before = link.kernel();
  const std::int64_t since = await_agreement(link, site, "here");
  const std::uint64_t sent = send_slowly(link, site, "here");
  const KernelCounters after = link.kernel();
  await_agreement(link, site, "here");
  stop_polling(run);

  const auto deltas = deltas_of(site.store(), "here", "uplink");
  CHECK(counted_after(deltas, since) == static_cast<std::int64_t>(after.rx_bytes - before.rx_bytes));
  CHECK(counted_after(deltas, since) == static_cast<std::int64_t>(sent));
  CHECK(sqlite_int(site.store(),
                   "SELECT in_ucast_pkts FROM interface_latest l JOIN interfaces i"
                   " ON i.id = l.interface_id WHERE i.name = 'uplink'") == static_cast<std::int64_t>(after.rx_packets));
  CHECK(sqlite_int(site.store(),
                   "SELECT out_octets FROM interface_latest l JOIN interfaces i"
                   " ON i.id = l.interface_id WHERE i.name = 'uplink'") == static_cast<std::int64_t>(after.tx_bytes));
  for (std::size_t i = 1; i < deltas.size(); ++i) CHECK(deltas[i].in_quality == "ok");
}

TEST_CASE("octets that an agent's cache holds back are there after its next refresh", "[run][snmpd]") {
  if (skip_without_netns()) return;
  const Link link;
  SnmpdOptions options;
  options.netns = &link.near();
  options.addresses = {"127.0.0.1"};
  Snmpd agent(options);  // 3 s, as Debian's snmpd has it
  agent.start();
  const Site site(inventory_of(agent));
  Child run = Child::start(link.near().inside(site.run({"--once", "--gap", "8s"})));
  await("the first of two cycles",
        [&] { return run.err().find("store: ") != std::string::npos && cycles_of(site.store(), "here").size() == 1; });
  const KernelCounters before = link.kernel();
  CHECK(latest_in_octets(site.store(), "here", "uplink") == before.rx_bytes);
  const std::uint64_t sent = link.send(2000);
  const auto ended = run.wait(90s);
  INFO(run.err());
  REQUIRE(ended);
  CHECK(ended->ok());

  const auto deltas = deltas_of(site.store(), "here", "uplink");
  REQUIRE(deltas.size() == 2);
  CHECK(deltas[1].in_quality == "ok");
  CHECK(deltas[1].in_octets == static_cast<std::int64_t>(sent));
  CHECK(deltas[1].in_octets == static_cast<std::int64_t>(link.kernel().rx_bytes - before.rx_bytes));
  CHECK(sqlite_int(site.store(), "SELECT count(*) FROM polls WHERE cache_period_ms = 3000") == 2);
}

TEST_CASE("octopoll local counts what the kernel counts, with a snmpd of its own", "[local][snmpd]") {
  if (skip_without_netns()) return;
  const Link link;
  const Site site("devices: []");
  Child run = Child::start(link.near().inside({octopoll_binary().string(), "local", "--snmpd", "private", "--interval",
                                               "500ms", "--duration", "1h", "--db", site.store().string()}));
  std::string device;
  await("the first rate", [&] {
    if (run.err().find("store: ") == std::string::npos) return false;
    const auto names = sqlite_query(site.store(), "SELECT name FROM devices");
    if (names.empty()) return false;
    device = std::get<std::string>(names[0][0]);
    const auto deltas = deltas_of(site.store(), device, "uplink");
    return !deltas.empty() && deltas.back().in_quality == "ok";
  });
  const KernelCounters before = link.kernel();
  const std::int64_t since = await_agreement(link, site, device);
  const std::uint64_t sent = send_slowly(link, site, device);
  const KernelCounters after = link.kernel();
  await_agreement(link, site, device);
  stop_polling(run);
  const auto deltas = deltas_of(site.store(), device, "uplink");
  CHECK(counted_after(deltas, since) == static_cast<std::int64_t>(sent));
  CHECK(after.rx_bytes - before.rx_bytes == sent);
}
