// Requests that are larger than the way to the agent lets through in one piece.

#include <optional>

#include "bench.hpp"
#include "peer.hpp"
#include "support/netns.hpp"

using namespace octopoll;
using namespace octopoll::test;

namespace {

/// Some 1,200 octets.
snmp::Request large_get() {
  snmp::Request request;
  for (std::uint32_t index = 1; index <= 64; ++index) {
    request.names.push_back({1, 3, 6, 1, 2, 1, 2, 2, 1, 10, index});
  }
  return request;
}

/// Asks once; the peer answers whatever arrives.
snmp::Reply ask_for_much(const Bench& bench, snmp::Session& session, const Peer& peer) {
  std::optional<snmp::Reply> reply;
  session.send(large_get(), [&](snmp::Reply&& answer) { reply = std::move(answer); });
  bench.run_until([&] {
    while (const auto packet = peer.take()) {
      CHECK(packet->octets.size() > 1000);
      peer.send(echo_of(*packet), packet->from);
    }
    return reply.has_value();
  });
  return std::move(*reply);
}

}  // namespace

TEST_CASE("a request that an interface of ours has no room for leaves in pieces, at once", "[snmp]") {
  if (skip_without_netns()) return;
  const Netns here;
  here.must({"ip", "link", "set", "lo", "mtu", "600"});
  here.call([] {
    const Bench bench;
    const Peer peer;
    const auto session = bench.open(v2c(peer.endpoint()));
    for (int i = 0; i < 3; ++i) {
      const snmp::Reply reply = ask_for_much(bench, *session, peer);
      CHECK(reply.good());
      CHECK(reply.tries == 1);
    }
  });
}

TEST_CASE("a request that is too large for the path gets there with the next try", "[snmp]") {
  if (skip_without_netns()) return;
  const Netns here, router, there;
  connect(here, {"near0", "10.99.8.1/24"}, router, {"near1", "10.99.8.2/24"});
  connect(router, {"far0", "10.99.9.1/24"}, there, {"far1", "10.99.9.2/24"});
  here.must({"ip", "route", "add", "10.99.9.0/24", "via", "10.99.8.2"});
  there.must({"ip", "route", "add", "10.99.8.0/24", "via", "10.99.9.1"});
  router.must({"sysctl", "-q", "-w", "net.ipv4.ip_forward=1"});
  router.must({"ip", "link", "set", "far0", "mtu", "600"});
  there.must({"ip", "link", "set", "far1", "mtu", "600"});
  std::optional<Peer> peer;
  there.call([&] { peer.emplace("10.99.9.2"); });
  here.call([&] {
    const Bench bench;
    auto options = v2c(peer->endpoint());
    options.timeout = std::chrono::seconds(1);
    const auto session = bench.open(options);
    const snmp::Reply first = ask_for_much(bench, *session, *peer);
    CHECK(first.good());
    CHECK(first.tries > 1);
    CHECK(ask_for_much(bench, *session, *peer).good());
  });
}
