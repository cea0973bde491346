// Faults of the packet, through real sockets.

#include <catch2/catch.hpp>

#include "client.hpp"
#include "support/ports.hpp"

namespace fleet::testing {
namespace {

DeviceSpec device(const std::string& name) {
  DeviceSpec spec;
  spec.name = name;
  spec.synthetic.interfaces = make_interfaces(2, {});
  return spec;
}

Ask ask_for(const std::string& community, std::int32_t request_id = 1) {
  Ask ask;
  ask.names = {sys_uptime};
  ask.community = community;
  ask.request_id = request_id;
  return ask;
}

TEST_CASE("duplicate: each answer comes so many times more") {
  Fleet fleet;
  fleet.add(device("d"));
  fleet.start();
  fleet.set("d", {{"duplicate", 2}});
  Client client("127.0.0.1", fleet.port());
  client.send(encode(ask_for("d")));
  const auto first = client.receive();
  REQUIRE(first);
  CHECK(client.receive()->octets == first->octets);
  CHECK(client.receive()->octets == first->octets);
  CHECK(fleet.stats("d").answers == 3);
}

TEST_CASE("reply_from_other_port: the answer does not come from where it was asked") {
  Fleet fleet;
  fleet.add(device("d"));
  fleet.start();
  fleet.set("d", {{"reply_from_other_port", true}});
  Client client("127.0.0.1", fleet.port());
  client.send(encode(ask_for("d")));
  const auto packet = client.receive();
  REQUIRE(packet);
  CHECK(packet->from == "127.0.0.1");
  CHECK(packet->from_port != fleet.port());
  CHECK(decode_response(packet->octets));
}

TEST_CASE("reply_from_other_address: another address of the same machine") {
  Fleet fleet;
  DeviceSpec spec = device("d");
  spec.place.address = Address::parse("127.3.0.1");
  fleet.add(spec);
  fleet.start();
  fleet.set("d", {{"reply_from_other_address", "127.3.0.99"}});
  Client client("127.3.0.1", fleet.port());
  client.send(encode(ask_for("d")));
  const auto packet = client.receive();
  REQUIRE(packet);
  CHECK(packet->from == "127.3.0.99");
  CHECK(packet->from_port == fleet.port());
}

TEST_CASE("delay: answers leave in the order of their time, not of the questions") {
  Fleet fleet;
  fleet.add(device("slow"));
  fleet.add(device("fast"));
  fleet.start();
  fleet.set("slow", {{"delay", {{"fixed_ms", 150}}}});
  Client client("127.0.0.1", fleet.port());
  const auto begin = std::chrono::steady_clock::now();
  client.send(encode(ask_for("slow", 1)));
  client.send(encode(ask_for("slow", 2)));
  client.send(encode(ask_for("fast", 3)));
  std::vector<std::int64_t> order;
  for (int i = 0; i < 3; ++i) order.push_back(decode_response(client.receive()->octets)->request_id);
  CHECK(order == std::vector<std::int64_t>{3, 1, 2});
  // Never earlier; how much later is the machine's business.
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(150));
  const DeviceStats stats = fleet.stats("slow");
  CHECK(stats.waiting == 0);
  CHECK(stats.max_waiting == 2);
}

TEST_CASE("drop_rate and silent: the packets are counted") {
  Fleet fleet;
  fleet.add(device("dead"));
  fleet.add(device("alive"));
  fleet.start();
  fleet.set("dead", {{"silent", true}});
  Client client("127.0.0.1", fleet.port());
  client.send(encode(ask_for("dead")));
  // One socket keeps the order: once this one is answered, the other was looked at.
  REQUIRE(client.ask(ask_for("alive")));
  CHECK(fleet.stats().unanswered == 1);
  CHECK(fleet.stats("dead").requests == 1);
  CHECK(fleet.stats("dead").answers == 0);
}

}  // namespace
}  // namespace fleet::testing
