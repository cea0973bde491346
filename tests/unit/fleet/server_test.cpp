#include "fleet/server.hpp"

#include <catch2/catch.hpp>
#include <iostream>
#include <set>

#include "client.hpp"
#include "support/netns.hpp"
#include "support/ports.hpp"

namespace fleet::testing {
namespace {

Ask name_of(const std::string& community) {
  Ask ask;
  ask.names = {"1.3.6.1.2.1.1.5.0"};
  ask.community = community;
  return ask;
}

std::string answered_name(const std::optional<Response>& response) {
  return response && response->bindings.size() == 1 ? response->bindings[0].text() : std::string("no answer");
}

TEST_CASE("many communities on one port") {
  Fleet fleet;
  for (const char* name : {"a", "b", "c"}) {
    DeviceSpec spec;
    spec.name = name;
    fleet.add(spec);
  }
  fleet.start();
  Client client("127.0.0.1", fleet.port());
  for (const std::string name : {"c", "a", "b"}) CHECK(answered_name(client.ask(name_of(name))) == name);
}

TEST_CASE("one device an address, one community, and each answers from its own address") {
  Fleet fleet;
  fleet.add(make_devices(300, 1, Address::parse("127.1.0.1").value(), "public"));
  fleet.start();
  for (const auto& [address, name] : {std::pair("127.1.0.1", "device-1"), std::pair("127.1.0.255", "device-255"),
                                      std::pair("127.1.1.44", "device-300")}) {
    Client client(address, fleet.port());
    client.send(encode(name_of("public")));
    const auto packet = client.receive();
    REQUIRE(packet);
    CHECK(packet->from == address);
    CHECK(packet->from_port == fleet.port());
    CHECK(answered_name(decode_response(packet->octets)) == name);
  }
  // Nobody lives at the next address.
  Client nobody("127.1.1.45", fleet.port());
  nobody.send(encode(name_of("public")));
  Client somebody("127.1.0.1", fleet.port());
  REQUIRE(somebody.ask(name_of("public")));
  CHECK(fleet.stats().bad_communities == 1);
}

TEST_CASE("IPv6 is answered on the same port") {
  if (!octopoll::test::has_ipv6_loopback()) {
    std::cout << "SKIPPED: no ::1 here" << std::endl;
    return;
  }
  Fleet fleet;
  DeviceSpec spec;
  spec.name = "six";
  fleet.add(spec);
  fleet.start();
  CHECK(fleet.has_ipv6());
  Client client("::1", fleet.port());
  client.send(encode(name_of("six")));
  const auto packet = client.receive();
  REQUIRE(packet);
  CHECK(packet->from == "::1");
  CHECK(answered_name(decode_response(packet->octets)) == "six");
}

TEST_CASE("a device with an address of its own comes before one that takes any") {
  Fleet fleet;
  DeviceSpec any;
  any.name = "any";
  any.place.community = "public";
  DeviceSpec own = any;
  own.name = "own";
  own.place.address = Address::parse("127.1.0.7");
  fleet.add(any);
  fleet.add(own);
  fleet.start();
  CHECK(answered_name(Client("127.1.0.7", fleet.port()).ask(name_of("public"))) == "own");
  CHECK(answered_name(Client("127.1.0.8", fleet.port()).ask(name_of("public"))) == "any");
}

TEST_CASE("devices on ports of their own") {
  const std::uint16_t port = octopoll::test::free_udp_port();
  Fleet fleet;
  DeviceSpec usual;
  usual.name = "usual";
  usual.place.community = "public";
  DeviceSpec apart = usual;
  apart.name = "apart";
  apart.place.port = port;
  fleet.add(usual);
  fleet.add(apart);
  fleet.start();
  CHECK(answered_name(Client("127.0.0.1", port).ask(name_of("public"))) == "apart");
  CHECK(answered_name(Client("127.0.0.1", fleet.port()).ask(name_of("public"))) == "usual");
}

TEST_CASE("wrong communities, other versions and nonsense get no answer and are counted") {
  Fleet fleet;
  DeviceSpec spec;
  spec.name = "d";
  fleet.add(spec);
  fleet.start();
  Client client("127.0.0.1", fleet.port());
  client.send(encode(name_of("wrong")));
  client.send({0x30, 0x03, 0x02, 0x01});
  client.send({'h', 'e', 'l', 'l', 'o'});
  client.send({});
  Ask v3 = name_of("d");
  v3.version = static_cast<Version>(3);
  client.send(encode(v3));
  CHECK(answered_name(client.ask(name_of("d"))) == "d");
  const FleetStats stats = fleet.stats();
  CHECK(stats.received == 6);
  CHECK(stats.sent == 1);
  CHECK(stats.bad_communities == 1);
  CHECK(stats.malformed == 3);
  CHECK(stats.bad_versions == 1);
}

TEST_CASE("a thousand requests in one go are all answered") {
  Fleet fleet;
  fleet.add(make_devices(100, 4, Address::parse("127.1.0.1").value(), "public"));
  fleet.start();
  std::vector<Client> clients;
  for (int i = 0; i < 100; ++i) clients.emplace_back(fmt::format("127.1.0.{}", i + 1), fleet.port());
  for (std::int32_t round = 0; round < 10; ++round) {
    for (auto& client : clients) {
      Ask ask = name_of("public");
      ask.request_id = round;
      client.send(encode(ask));
    }
  }
  std::set<std::pair<std::string, std::int64_t>> answers;
  for (auto& client : clients) {
    for (int i = 0; i < 10; ++i) {
      const auto packet = client.receive();
      REQUIRE(packet);
      const auto response = decode_response(packet->octets);
      answers.emplace(answered_name(response), response->request_id);
    }
  }
  CHECK(answers.size() == 1000);
}

TEST_CASE("who takes any address takes those of loopback, unless the fleet is told where to listen") {
  Registry registry;
  DeviceSpec spec;
  spec.name = "any";
  registry.add(spec, Instant{});
  spec.name = "own";
  spec.place.address = Address::parse("192.0.2.7");
  registry.add(spec, Instant{});
  const auto at = [&](const char* address, const char* community) {
    return registry.find(Address::parse(address).value(), 161, community) != nullptr;
  };
  CHECK(at("127.9.9.9", "any"));
  CHECK(at("::1", "any"));
  CHECK_FALSE(at("192.0.2.8", "any"));
  CHECK_FALSE(at("2001:db8::1", "any"));
  CHECK(at("192.0.2.7", "own"));
  registry.everywhere = true;
  CHECK(at("192.0.2.8", "any"));
  CHECK_FALSE(at("192.0.2.8", "own"));
}

TEST_CASE("a fleet inside a network namespace answers at the end of a link") {
  if (octopoll::test::skip_without_netns()) return;
  const octopoll::test::Netns agents;
  const octopoll::test::Netns poller;
  connect(agents, {"agents0", "10.9.2.1/24"}, poller, {"poller0", "10.9.2.2/24"});
  FleetOptions options;
  options.listen.address = "10.9.2.1";
  Fleet fleet(std::move(options));
  DeviceSpec spec;
  spec.name = "far";
  fleet.add(spec);
  agents.call([&] { fleet.start(); });
  std::string name;
  poller.call([&] { name = answered_name(Client("10.9.2.1", fleet.port()).ask(name_of("far"))); });
  CHECK(name == "far");
}

TEST_CASE("an address that is not this machine's is named") {
  FleetOptions options;
  options.listen.address = "192.0.2.1";
  Fleet fleet(std::move(options));
  CHECK_THROWS_WITH(fleet.start(), Catch::Contains("192.0.2.1"));
}

TEST_CASE("two devices at one place, or of one name, are refused") {
  Fleet fleet;
  DeviceSpec spec;
  spec.name = "d";
  fleet.add(spec);
  CHECK_THROWS_WITH(fleet.add(spec), "two devices are called d");
  spec.name = "e";
  spec.place.community = "d";
  CHECK_THROWS_WITH(fleet.add(spec), "d and e have the same address, port and community");
}

}  // namespace
}  // namespace fleet::testing
