// What becomes of the rates of a real agent that is restarted, and of a link that is made again.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "octopoll/core/fd.hpp"
#include "polling.hpp"
#include "support/kernel_counters.hpp"
#include "support/netns.hpp"
#include "support/snmpd.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;
using octopoll::Fd;

namespace {

/// A namespace with a link of its own, an agent in it, and octopoll polling that every second.
class Watched {
 public:
  Watched() : agent_(options()) {
    connect(near_, {"uplink", "10.9.0.1/24"}, far_, {"peer", "10.9.0.2/24"});
    agent_.start();
    site_.rewrite(fmt::format("devices: [{{name: here, address: '{}', interval: 1s, timeout: 900ms, ping: false}}]",
                              agent_.target()));
    run_.emplace(start_polling(near_.inside(site_.run())));
    await_rates(1);
  }

  [[nodiscard]] Snmpd& agent() { return agent_; }
  [[nodiscard]] Child& run() { return *run_; }
  [[nodiscard]] const Site& site() const { return site_; }
  [[nodiscard]] std::vector<StoredDelta> deltas() const { return deltas_of(site_.store(), "here", "uplink"); }
  [[nodiscard]] std::uint64_t received() const { return kernel_counters(near_).at("uplink").rx_bytes; }

  void await_rates(int more) const {
    const auto rates = [this] {
      const auto all = deltas();
      return std::count_if(all.begin(), all.end(), [](const StoredDelta& delta) { return delta.makes_rate(); });
    };
    const auto wanted = rates() + more;
    await("rates of the link", [&] { return rates() >= wanted; });
  }
  /// From the far end: 200 datagrams of 1,000 octets, to nobody.
  void send() const {
    far_.call([] {
      const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(9);
      ::inet_pton(AF_INET, "10.9.0.1", &to.sin_addr);
      const std::string datagram(1000, 'x');
      for (int i = 0; i < 200; ++i) {
        if (::sendto(socket.get(), datagram.data(), datagram.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                     sizeof to) != static_cast<ssize_t>(datagram.size())) {
          throw std::system_error(errno, std::generic_category(), "sendto 10.9.0.1");
        }
      }
    });
  }
  /// Another pair of the same name, whose counters begin at 0.
  void make_link_again() {
    near_.must({"ip", "link", "delete", "uplink"});
    connect(near_, {"uplink", "10.9.0.1/24"}, far_, {"peer", "10.9.0.2/24"});
  }
  void await_latest() const {
    await("the kernel's counters in the store",
          [&] { return latest_in_octets(site_.store(), "here", "uplink") == received(); });
  }

 private:
  SnmpdOptions options() const {
    SnmpdOptions made;
    made.netns = &near_;
    made.addresses = {"127.0.0.1"};
    made.if_table_cache_seconds = 0;
    return made;
  }

  Netns near_, far_;
  Snmpd agent_;
  Site site_{"devices: []"};
  std::optional<Child> run_;
};

/// No rate is above what the link carried in all.
void check_no_spike(const std::vector<StoredDelta>& deltas, std::uint64_t carried) {
  for (const StoredDelta& delta : deltas) {
    CAPTURE(delta.poll_number, delta.in_quality, delta.seconds);
    CHECK(delta.in_octets.value_or(0) <= static_cast<std::int64_t>(carried));
    CHECK(delta.in_bps.has_value() == delta.makes_rate());
  }
  CHECK(counted_after(deltas, 0) <= static_cast<std::int64_t>(carried));
}

}  // namespace

TEST_CASE("a snmpd that is restarted while it is polled makes one reboot and no spike", "[run][snmpd]") {
  if (skip_without_netns()) return;
  Watched watched;
  watched.send();
  watched.await_rates(2);
  watched.agent().restart();
  await("the reboot", [&] {
    const auto deltas = watched.deltas();
    return std::any_of(deltas.begin(), deltas.end(), [](const auto& delta) { return delta.in_quality == "reboot"; });
  });
  watched.send();
  watched.await_latest();
  watched.await_rates(1);
  stop_polling(watched.run());
  const auto cycles = cycles_of(watched.site().store(), "here");
  CHECK(std::count_if(cycles.begin(), cycles.end(), [](const auto& cycle) { return cycle.rebooted; }) == 1);
  CHECK(watched.run().err().find("here: its agent restarted, ") != std::string::npos);
  const auto deltas = watched.deltas();
  check_no_spike(deltas, watched.received());
  CHECK(counted_after(deltas, 0) > 200 * 1'000);
  // Net-SNMP knows of no unicast packets for three seconds after its start, and then of all there ever were.
  CHECK(sqlite_int(watched.site().store(),
                   "SELECT count(*) FROM samples WHERE in_ucast_pkts > 0 AND in_ucast_pkts * 14 > in_octets + 224") ==
        0);
}

TEST_CASE("a link that is made again, with counters from 0, makes no spike and is counted on", "[run][snmpd]") {
  if (skip_without_netns()) return;
  Watched watched;
  for (int i = 0; i < 3; ++i) watched.send();
  watched.await_latest();
  watched.await_rates(1);
  const std::uint64_t carried = watched.received();
  watched.make_link_again();
  await("the new link's counters", [&] {
    const auto shown = latest_in_octets(watched.site().store(), "here", "uplink");
    return shown && *shown < carried;
  });
  watched.await_rates(1);
  watched.send();
  watched.await_latest();
  watched.await_rates(1);
  stop_polling(watched.run());
  const auto deltas = watched.deltas();
  check_no_spike(deltas, carried + watched.received());
  // Whatever the row was before, the octets sent to the new link are among the rates.
  const auto counted = counted_after(deltas, 0);
  CHECK(counted >= static_cast<std::int64_t>(200 * 1'000));
}
