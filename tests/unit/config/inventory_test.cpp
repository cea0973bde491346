#include "octopoll/config/inventory.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <string>

#include "unit/config/loading.hpp"

using namespace octopoll;
using namespace octopoll::config;
using namespace std::chrono_literals;

TEST_CASE("what devices have alike is there once") {
  const Inventory inventory = load_good(R"(
defaults: {tags: {site: north}, ping: {count: 3}}
devices:
  - a
  - b
  - {name: c, address: d, tags: {role: core}}
)");
  const auto& devices = inventory.devices;
  CHECK(devices[1].tags.same_block(devices[0].tags));
  CHECK(devices[1].echo.same_block(devices[0].echo));
  CHECK(devices[2].echo.same_block(devices[0].echo));
  CHECK(devices[2].tags->size() == 2);
  CHECK(devices[0].tags->size() == 1);
}

TEST_CASE("the smallest inventory has the documented defaults", "[config]") {
  const auto inventory = load_good("devices: [192.0.2.1]");
  REQUIRE(inventory.devices.size() == 1);
  const Device& device = inventory.devices[0];
  CHECK(device.name == "192.0.2.1");
  CHECK(device.address == Target{"192.0.2.1", 161, AddressFamily::any});
  CHECK(device.auth_name.empty());
  CHECK(device.auth->version == SnmpVersion::v2c);
  CHECK(device.auth->community.reveal() == "public");
  CHECK(device.interval == 60s);
  CHECK(device.timeout == 1s);
  CHECK(device.retries == 2);
  CHECK(device.max_outstanding == 2);
  CHECK(device.max_repetitions == 25);
  CHECK(device.max_message_size == 1472);
  CHECK_FALSE(device.max_variables);
  CHECK_FALSE(device.max_requests_per_second);
  CHECK_FALSE(device.short_request_ids);
  CHECK(device.answers_from.empty());
  CHECK(device.ping);
  CHECK(device.tags->empty());
  REQUIRE(device.interfaces);
  CHECK(device.interfaces->empty());
  CHECK(inventory.file == "test.yaml");
  CHECK_FALSE(inventory.store);
  CHECK(inventory.ping.count == 10);
  CHECK(inventory.ping.timeout == 1s);
  CHECK(inventory.warnings.empty());
}

TEST_CASE("an interval may be auto, until a nearer one is none", "[config]") {
  const auto inventory = load_good(R"(
defaults: {interval: auto}
devices:
  - a
  - {name: b, address: 192.0.2.2, interval: 30s}
groups:
  g:
    interval: 10s
    devices: [{name: c, address: 192.0.2.3}, {name: d, address: 192.0.2.4, interval: auto}]
)");
  const auto says = [&](std::size_t device) {
    return std::pair(inventory.devices[device].interval_auto, inventory.devices[device].interval / 1s);
  };
  CHECK(says(0) == std::pair(true, 60L));
  CHECK(says(1) == std::pair(false, 30L));
  CHECK(says(2) == std::pair(false, 10L));
  CHECK(says(3) == std::pair(true, 60L));
  check_problems("devices: [{address: a, interval: auto, timeout: 6s}]",
                 {{1, 49, "the timeout 6s is not less than the interval 5s, which `auto` may come to"}});
}

TEST_CASE("limits of health are set one by one", "[config]") {
  const auto inventory = load_good(R"(
defaults: {health: {errors: 1%}}
devices: [a, {name: b, address: 192.0.2.2, health: {discards: 0.005}}]
)");
  CHECK(inventory.devices[0].health == HealthLimits{0.01, 0.001});
  CHECK(inventory.devices[1].health == HealthLimits{0.01, 0.005});
  check_problems("devices: [{address: a, health: {errors: 7, discard: 1%}}]",
                 {{1, 41, "`7` is no share of packets"}, {1, 44, "`health` has no key `discard`"}});
  check_problems("devices: [{address: a, health: strict}]", {{1, 32, "`health`"}});
}

TEST_CASE("the nearest setting wins, and tags add up", "[config]") {
  const auto inventory = load_good(R"(
defaults:
  auth: one
  interval: 30s
  timeout: 2s
  retries: 1
  port: 1161
  max_outstanding: 4
  max_repetitions: 10
  max_message_size: 484
  max_variables: 10
  max_requests_per_second: 100
  short_request_ids: yes
  counters: [unicast, errors]
  ping: no
  tags: {owner: noc, site: none}
auths:
  one: {version: 1, community: first}
  two: {version: 2c, community: second}
devices:
  - plain
groups:
  core:
    auth: two
    interval: 10s
    ping: yes
    counters: all
    tags: {site: north, role: core}
    devices:
      - in-group
      - {name: special, address: 'udp6:[2001:db8::1]', auth: one, interval: 5s, timeout: 1500ms, retries: 0, port: 161,
         max_outstanding: 1, max_repetitions: 1000, max_message_size: 65507, ping: off, tags: {role: spare},
         max_requests_per_second: 5, max_variables: 1, short_request_ids: no, counters: [octets]}
)");
  REQUIRE(inventory.devices.size() == 3);
  const Device& plain = inventory.devices[0];
  CHECK(plain.name == "plain");
  CHECK(plain.auth_name == "one");
  CHECK(plain.auth->version == SnmpVersion::v1);
  CHECK(plain.auth->community.reveal() == "first");
  CHECK(plain.interval == 30s);
  CHECK(plain.timeout == 2s);
  CHECK(plain.retries == 1);
  CHECK(plain.address.port == 1161);
  CHECK(plain.max_outstanding == 4);
  CHECK(plain.max_repetitions == 10);
  CHECK(plain.max_message_size == 484);
  CHECK(plain.max_variables == 10U);
  CHECK(plain.max_requests_per_second == 100U);
  CHECK(plain.short_request_ids);
  for (const Counter counter : all_counters()) {
    CAPTURE(to_string(counter));
    const bool wanted = counts_octets(counter) || counter == Counter::in_ucast_pkts ||
                        counter == Counter::out_ucast_pkts || counter == Counter::in_errors ||
                        counter == Counter::out_errors;
    CHECK(plain.counters.contains(counter) == wanted);
  }
  CHECK_FALSE(plain.ping);
  CHECK(*plain.tags == std::map<std::string, std::string>{{"owner", "noc"}, {"site", "none"}});

  CHECK(plain.auth.same_block(inventory.devices[2].auth));  // of all devices, there once

  const Device& in_group = inventory.devices[1];
  CHECK(in_group.auth->community.reveal() == "second");
  CHECK(in_group.interval == 10s);
  CHECK(in_group.timeout == 2s);
  CHECK(in_group.ping);
  CHECK(in_group.counters == CounterSet());
  CHECK(*in_group.tags == std::map<std::string, std::string>{{"owner", "noc"}, {"site", "north"}, {"role", "core"}});

  const Device& special = inventory.devices[2];
  CHECK(special.name == "special");
  CHECK(special.address == Target{"2001:db8::1", 161, AddressFamily::ipv6});
  CHECK(special.auth_name == "one");
  CHECK(special.interval == 5s);
  CHECK(special.timeout == 1500ms);
  CHECK(special.retries == 0);
  CHECK(special.max_outstanding == 1);
  CHECK(special.max_repetitions == 1000);
  CHECK(special.max_message_size == 65507);
  CHECK(special.max_variables == 1U);
  CHECK(special.max_requests_per_second == 5U);
  CHECK_FALSE(special.short_request_ids);
  CHECK(special.counters == CounterSet::octets());
  CHECK_FALSE(special.ping);
  CHECK(special.tags->at("role") == "spare");
}

TEST_CASE("an address has its own port", "[config]") {
  const auto inventory =
      load_good("defaults: {port: 1161}\ndevices: ['a:2161', b, '[2001:db8::1]:3161', 2001:db8::2]\n");
  REQUIRE(inventory.devices.size() == 4);
  CHECK(inventory.devices[0].address.port == 2161);
  CHECK(inventory.devices[0].name == "a");
  CHECK(inventory.devices[1].address.port == 1161);
  CHECK(inventory.devices[2].address.port == 3161);
  CHECK(inventory.devices[2].name == "2001:db8::1");
  CHECK(inventory.devices[3].address == Target{"2001:db8::2", 1161, AddressFamily::any});
}

TEST_CASE("further addresses that answers come from have the device's port, or their own", "[config]") {
  const auto inventory = load_good(R"(
defaults: {port: 1161}
devices:
  - {address: router, answers_from: [192.0.2.7, '192.0.2.8:161', '2001:db8::7', '[2001:db8::8]:161']}
  - {address: 'router2:2161', answers_from: [192.0.2.7]}
  - {address: router3, answers_from: []}
)");
  const auto texts = [&inventory](std::size_t device) {
    std::string all;
    for (const Endpoint& source : inventory.devices.at(device).answers_from) all += source.text() + " ";
    return all;
  };
  CHECK(texts(0) == "192.0.2.7:1161 192.0.2.8:161 [2001:db8::7]:1161 [2001:db8::8]:161 ");
  CHECK(texts(1) == "192.0.2.7:2161 ");
  CHECK(texts(2).empty());
}

TEST_CASE("devices stand in the order of the file", "[config]") {
  const auto inventory = load_good("groups:\n  z: {devices: [c, b]}\n  y: {devices: [d]}\ndevices: [a]\n");
  std::string order;
  for (const Device& device : inventory.devices) order += device.name;
  CHECK(order == "cbda");
}

TEST_CASE("probes and pings", "[config]") {
  const auto inventory = load_good(R"(
probes:
  - 192.0.2.254
  - {name: resolver, host: 'udp6:2001:db8::53', interval: 30s, timeout: 500ms, count: 5}
  - {address: '[2001:db8::54]'}
ping: {timeout: 2s, count: 3}
store: {path: data/octopoll.db}
)");
  REQUIRE(inventory.probes.size() == 3);
  CHECK(inventory.probes[0].name == "192.0.2.254");
  CHECK(inventory.probes[0].host == "192.0.2.254");
  CHECK(inventory.probes[0].interval == 60s);
  CHECK(inventory.probes[0].echo.timeout == 1s);
  CHECK(inventory.probes[0].echo.count == 10);
  CHECK(inventory.probes[1].name == "resolver");
  CHECK(inventory.probes[1].host == "2001:db8::53");
  CHECK(inventory.probes[1].family == AddressFamily::ipv6);
  CHECK(inventory.probes[1].interval == 30s);
  CHECK(inventory.probes[1].echo.timeout == 500ms);
  CHECK(inventory.probes[1].echo.count == 5);
  CHECK(inventory.probes[2].host == "2001:db8::54");
  CHECK(inventory.ping.timeout == 2s);
  CHECK(inventory.ping.count == 3);
  CHECK(inventory.store == "data/octopoll.db");
}

TEST_CASE("echo requests are as the nearest says, part by part", "[config]") {
  const auto inventory = load_good(R"(
ping: {count: 5, payload: 100, dscp: EF}
defaults:
  ping: {payload: 200, hop_limit: 9}
groups:
  far:
    ping: {burst: yes, source: 192.0.2.9}
    devices:
      - a
      - {address: b, ping: {payload: 1400, dont_fragment: yes, dscp: 0, source: '2001:db8::9'}}
      - {address: c, ping: no}
devices:
  - d
  - {address: e, ping: yes}
probes:
  - {host: f, count: 20, burst: on, payload: 160, hop_limit: 255, dscp: af41, dont_fragment: true, source: 192.0.2.9}
  - g
)");
  const auto echo = [&inventory](std::size_t device) { return *inventory.devices.at(device).echo; };
  CHECK(inventory.devices[0].ping);
  CHECK(echo(0).count == 5);
  CHECK(echo(0).timeout == 1s);
  CHECK(echo(0).burst);
  CHECK(echo(0).payload == 200);
  CHECK(echo(0).hop_limit == 9);
  CHECK(echo(0).dscp == 46);
  CHECK_FALSE(echo(0).dont_fragment);
  CHECK(echo(0).source == Endpoint::literal("192.0.2.9", 0));

  CHECK(echo(1).burst);
  CHECK(echo(1).payload == 1400);
  CHECK(echo(1).dscp == 0);
  CHECK(echo(1).dont_fragment);
  CHECK(echo(1).source == Endpoint::literal("2001:db8::9", 0));
  CHECK_FALSE(inventory.devices[2].ping);

  CHECK_FALSE(echo(3).burst);
  CHECK(echo(3).payload == 200);
  CHECK_FALSE(echo(3).source);
  CHECK(inventory.devices[4].ping);
  CHECK(echo(4).payload == 200);

  const EchoSettings& probe = inventory.probes[0].echo;
  CHECK(probe.count == 20);
  CHECK(probe.burst);
  CHECK(probe.payload == 160);
  CHECK(probe.hop_limit == 255);
  CHECK(probe.dscp == 34);
  CHECK(probe.dont_fragment);
  CHECK(probe.source == Endpoint::literal("192.0.2.9", 0));
  // `ping` is about devices: a probe says itself what it wants.
  CHECK(inventory.probes[1].echo.payload == 56);
  CHECK(inventory.probes[1].echo.count == 10);
}

TEST_CASE("a device that asks for pings in its own way is pinged, whatever the defaults say", "[config]") {
  const auto inventory = load_good("defaults: {ping: no}\ndevices: [a, {address: b, ping: {count: 3}}]\n");
  CHECK_FALSE(inventory.devices[0].ping);
  CHECK(inventory.devices[1].ping);
  CHECK(inventory.devices[1].echo->count == 3);
}

TEST_CASE("the store is beside the file", "[config]") {
  const auto at = [](std::string_view store) {
    const auto inventory =
        load_inventory_text(fmt::format("devices: [a]\nstore: {}\n", store), "/etc/octopoll/inventory.yaml");
    REQUIRE(inventory);
    return inventory->store.value();
  };
  CHECK(at("octopoll.db") == "/etc/octopoll/octopoll.db");
  CHECK(at("/var/lib/octopoll.db") == "/var/lib/octopoll.db");
}

TEST_CASE("a store keeps what it is told to, and forever is a time", "[config]") {
  using namespace std::chrono_literals;
  CHECK(load_good("devices: [a]\nstore: x.db\n").retention == Retention{});
  const auto inventory = load_good(R"(
devices: [a]
store:
  retention: {samples: 3d, five_minutes: 400d, hours: forever, days: 3650d}
)");
  CHECK_FALSE(inventory.store);
  CHECK(inventory.retention.samples == 72h);
  CHECK(inventory.retention.five_minutes == 400 * 24h);
  CHECK_FALSE(inventory.retention.hours);
  CHECK(inventory.retention.days == 3650 * 24h);
}

TEST_CASE("text stays the text that was written", "[config]") {
  const auto inventory = load_good(R"(
devices:
  - {name: 007, address: 1e10, tags: {a: yes, b: 010, c: 1e3, d: ~x}}
)" + std::string());
  CHECK(inventory.devices[0].name == "007");
  CHECK(inventory.devices[0].address.host == "1e10");
  CHECK(inventory.devices[0].tags->at("a") == "yes");
  CHECK(inventory.devices[0].tags->at("b") == "010");
  CHECK(inventory.devices[0].tags->at("c") == "1e3");
}

TEST_CASE("ten thousand devices", "[config]") {
  std::string text = "auths: {a: {community: public}}\ndefaults: {auth: a}\ndevices:\n";
  for (int i = 0; i < 10'000; ++i) {
    text += fmt::format(
        "  - name: switch{0}\n    address: 192.0.2.{1}:{0}\n    interval: 30s\n    tags: {{site: s{1}}}\n"
        "    interfaces: {{include: ['^Gi', {{alias: uplink}}], exclude: [{{type: softwareLoopback}}]}}\n",
        i + 1, i % 250);
  }
  const auto inventory = load_good(text);
  REQUIRE(inventory.devices.size() == 10'000);
  CHECK(inventory.devices.back().name == "switch10000");
  CHECK(inventory.devices.front().interfaces == inventory.devices.back().interfaces);
}

TEST_CASE("the example that is shipped is right", "[config]") {
  const auto inventory = load_inventory(OCTOPOLL_SOURCE_DIR "/config/example.yaml");
  INFO((inventory ? "" : listing(inventory.error())));
  REQUIRE(inventory);
  CHECK(inventory->devices.size() == 5);
  CHECK(inventory->probes.size() == 3);
}

TEST_CASE("how long names are kept is said once for the whole file", "[config]") {
  const auto inventory = load_good("dns_cache: 90s\ndevices: [core.example]\nprobes: [resolver.example]\n");
  CHECK(inventory.dns_cache == 90s);
  CHECK(inventory.devices[0].dns_cache == 90s);
  CHECK(inventory.probes[0].dns_cache == 90s);
  CHECK(load_good("devices: [core.example]").devices[0].dns_cache == 5min);
}

TEST_CASE("a warning names the devices whose retries outlast their polls, once where they are set") {
  const auto warnings = [](std::string_view text) { return load_good(text).warnings; };
  const auto own = warnings("devices:\n  - {name: a, address: 192.0.2.1, interval: 5s}\n");
  REQUIRE(own.size() == 1);
  CHECK(own[0].line == 2);
  CHECK(own[0].column == 45);
  CHECK(
      own[0].message ==
      "`a`: a request that nobody answers is waited for 7s (timeout 1s, 2 retries, each wait twice the one before, up "
      "to 4 times the first), and a poll at the interval 5s ends after 4.75s");
  CHECK(own[0].remedy == "set `timeout: 670ms`, fewer `retries` or a longer `interval`");

  const auto inherited = warnings(
      "defaults: {interval: 10s, timeout: 2s}\n"
      "devices: [192.0.2.1, 192.0.2.2, {address: 192.0.2.3, interval: 60s}, {address: 192.0.2.4, retries: 9}]\n");
  REQUIRE(inherited.size() == 2);
  CHECK(inherited[0].line == 1);
  CHECK_THAT(inherited[0].message, Catch::StartsWith("`192.0.2.1` and 1 more: "));
  CHECK(inherited[1].line == 2);
  CHECK_THAT(inherited[1].message, Catch::StartsWith("`192.0.2.4`: ") && Catch::Contains("9 retries"));

  // What a warning says mends it.
  CHECK(warnings("devices: [{address: 192.0.2.1, interval: 5s, timeout: 670ms}]\n").empty());
  CHECK(warnings("devices: [{address: 192.0.2.1, interval: 5s, retries: 1}]\n").empty());
  CHECK(warnings("devices: [{address: 192.0.2.1, interval: 5s, timeout: 4800ms, retries: 0}]\n").size() == 1);
  CHECK(warnings("devices: [{address: 192.0.2.1, interval: auto}, 192.0.2.2]\n").empty());
}
