// Wrong inventories: every problem at once, each at its place.

#include <catch2/catch.hpp>
#include <string>

#include "unit/config/loading.hpp"

using namespace octopoll::config;

TEST_CASE("unknown keys come with a suggestion", "[config]") {
  check_cases({
      {"top", "device: [a]\n", {{1, 1, "an inventory has no key `device`"}}},
      {"device", "devices:\n  - {addres: a}\n", {{2, 6, "a device has no key `addres`"}}},
      {"defaults", "devices: [a]\ndefaults:\n  intervall: 30s\n", {{3, 3, "`defaults` has no key `intervall`"}}},
      {"group", "groups:\n  g: {device: [a]}\n", {{2, 7, "a group has no key `device`"}}},
      {"probe", "probes:\n  - {hots: a}\n", {{2, 6, "a probe has no key `hots`"}}},
      {"ping", "devices: [a]\nping: {cont: 3}\n", {{2, 8, "`ping` has no key `cont`"}}},
      {"store", "devices: [a]\nstore: {paht: x}\n", {{2, 9, "`store` has no key `paht`"}}},
      {"interfaces",
       "devices: [a]\ndefaults: {interfaces: {includes: [x]}}\n",
       {{2, 25, "`interfaces` has no key `includes`"}}},
  });
  const auto misspelt = load("devices: [a]\ndefaults: {retrys: 1}\n");
  REQUIRE_FALSE(misspelt);
  CHECK(misspelt.error().at(0).remedy == "did you mean `retries`?");
  const auto misplaced = load("devices: [{address: a, community: public}]\n");
  REQUIRE_FALSE(misplaced);
  CHECK(misplaced.error().at(0).remedy == "`community` belongs in an entry of `auths`");
  const auto strange = load("devices: [a]\nzzzzzzzz: 1\n");
  REQUIRE_FALSE(strange);
  CHECK(strange.error().at(0).remedy == "it has defaults, auths, groups, devices, probes, store, ping and dns_cache");
}

TEST_CASE("types", "[config]") {
  check_cases({
      {"list for a map", "devices: [a]\ndefaults: [x]\n", {{2, 11, "`defaults` should be a map, and is a list"}}},
      {"map for a list", "devices: {a: b}\n", {{1, 10, "`devices` should be a list, and is a map"}}},
      {"text for a list", "devices: a\n", {{1, 10, "`devices` should be a list, and is text"}}},
      {"nothing for a list", "devices:\nping: {}\n", {{1, 1, "`devices` is empty, and should be a list"}}},
      {"list for text", "devices: [{address: [2001:db8::1]}]\n", {{1, 21, "`address` is a list, and should be text"}}},
      {"map for a number", "devices: [a]\ndefaults: {retries: {}}\n", {{2, 21, "`retries` is a map"}}},
      {"an empty item", "devices:\n  - a\n  -   # nothing\n  - b\n", {{3, 3, "a device is empty"}}},
      {"an empty item at the end", "devices:\n  - a\n  -\n\n", {{3, 3, "a device is empty"}}},
      {"a null item", "devices: [a, ~]\n", {{1, 14, "a device is empty"}}},
      {"an address that reads as a key", "devices:\n  - fe80::\n", {{2, 5, "has no such key, and it has no value"}}},
      {"tags as a list", "devices: [{address: a, tags: [x]}]\n", {{1, 30, "`tags` should be a map, and is a list"}}},
      {"a tag without a value", "devices:\n  - address: a\n    tags:\n      site:\n", {{4, 7, "`site` has no value"}}},
      {"no value", "devices: [a]\ndefaults:\n  interval:\n  timeout: 1s\n", {{3, 3, "`interval` has no value"}}},
      {"null", "devices: [a]\ndefaults: {auth: null}\n", {{2, 12, "`auth` has no value"}}},
      {"blank", "devices: [{address: '  '}]\n", {{1, 21, "`address` is empty"}}},
  });
}

TEST_CASE("numbers are decimal", "[config]") {
  CHECK(load_good("devices: [a]\ndefaults: {retries: 010}\n").devices[0].retries == 10);
  for (const std::string_view wrong :
       {"0x10", "1e3", "1_000", "0o7", "+5", "-1", "3.0", "three", "'3'", "\"3\"", ".inf", "true"}) {
    const std::string text = fmt::format("devices: [a]\ndefaults: {{max_repetitions: {}}}\n", wrong);
    check_problems(text, {{2, 29, "`max_repetitions` is not a decimal number"}});
  }
}

TEST_CASE("bounds", "[config]") {
  struct Bound {
    std::string_view key, low, least, most, high;
  };
  for (const Bound& bound :
       {Bound{"interval", "99ms", "100ms", "24h", "25h"}, Bound{"timeout", "9ms", "10ms", "59s", "61s"},
        Bound{"retries", "-1", "0", "10", "11"}, Bound{"port", "0", "1", "65535", "65536"},
        Bound{"max_outstanding", "0", "1", "64", "65"}, Bound{"max_repetitions", "0", "1", "1000", "1001"},
        Bound{"max_message_size", "483", "484", "65507", "65508"}, Bound{"max_variables", "0", "1", "1000", "1001"},
        Bound{"max_requests_per_second", "0", "1", "10000", "10001"},
        Bound{"retries", "99999999999999999999", "0", "10", "99999999999999999999"}}) {
    const std::string partner = bound.key == "interval" ? ", timeout: 10ms" : "";
    for (const std::string_view good : {bound.least, bound.most}) {
      load_good(fmt::format("devices: [a]\ndefaults: {{{}: {}{}}}\n", bound.key, good, partner));
    }
    for (const std::string_view bad : {bound.low, bound.high}) {
      const auto inventory = load(fmt::format("devices: [a]\ndefaults: {{{}: {}}}\n", bound.key, bad));
      INFO(bound.key << ": " << bad);
      REQUIRE_FALSE(inventory);
      REQUIRE(inventory.error().size() == 1);
      CHECK_THAT(inventory.error()[0].message, Catch::StartsWith(fmt::format("`{}` is ", bound.key)));
      CHECK_THAT(inventory.error()[0].remedy, Catch::StartsWith("write "));
    }
  }
  check_cases({
      {"count",
       "probes: [{host: a, count: 0}, {host: b, count: 1001}]\n",
       {{1, 27, "`count` is out of range"}, {1, 48, "`count` is out of range"}}},
      {"ping count",
       "devices: [a]\nping: {count: 0, timeout: 2m}\n",
       {{2, 15, "`count` is out of range"}, {2, 27, "`timeout` is out of range"}}},
  });
}

TEST_CASE("answers come from addresses, each device's own", "[config]") {
  check_cases({
      {"no list", "devices: [{address: a, answers_from: 192.0.2.7}]\n", {{1, 38, "`answers_from` should be a list"}}},
      {"a name", "devices: [{address: a, answers_from: [b]}]\n", {{1, 39, "`b` is no address"}}},
      {"a bad address",
       "devices: [{address: a, answers_from: [192.0.2.7, 192.0.2.300]}]\n",
       {{1, 50, "`192.0.2.300` is no address"}}},
      {"nothing", "devices: [{address: a, answers_from: ['']}]\n", {{1, 39, "an address of `answers_from` is empty"}}},
      {"for all", "devices: [a]\ndefaults: {answers_from: [192.0.2.7]}\n", {{2, 12, "`defaults` has no key"}}},
  });
}

TEST_CASE("durations need a unit", "[config]") {
  check_problems("devices: [a]\ndefaults:\n  interval: 30\n  timeout: 5x\n",
                 {{3, 13, "`interval: 30` has no unit"}, {4, 12, "\"x\" is not a unit"}});
}

TEST_CASE("switches", "[config]") {
  for (const std::string_view on : {"true", "yes", "on", "True", "YES"}) {
    CHECK(load_good(fmt::format("devices: [{{address: a, ping: {}}}]", on)).devices[0].ping);
  }
  for (const std::string_view off : {"false", "no", "off", "False", "NO"}) {
    CHECK_FALSE(load_good(fmt::format("devices: [{{address: a, ping: {}}}]", off)).devices[0].ping);
  }
  for (const std::string_view neither : {"'yes'", "\"false\"", "1", "y", "enabled"}) {
    check_problems(fmt::format("devices: [{{address: a, ping: {}}}]", neither),
                   {{1, 30, "`ping` is either on or off"}});
  }
}

TEST_CASE("the timeout is less than the interval, whoever sets them", "[config]") {
  check_cases({
      {"both in one place",
       "devices: [{address: a, timeout: 30s, interval: 30s}]\n",
       {{1, 33, "the timeout 30s is not less than the interval 30s"}}},
      {"the nearer one is blamed",
       "defaults: {timeout: 20s}\ndevices:\n  - {address: a, interval: 10s}\n  - b\n",
       {{3, 28, "the timeout 20s is not less than the interval 10s"}}},
      {"from the defaults, once",
       "defaults: {timeout: 20s, interval: 10s}\ndevices: [a, b, c]\n",
       {{1, 21, "the timeout 20s is not less than the interval 10s"}}},
      {"built-in timeout",
       "devices: [{address: a, interval: 500ms}]\n",
       {{1, 34, "the timeout 1s (the default) is not less than the interval 500ms"}}},
      {"an unreadable one is not compared",
       "devices: [{address: a, interval: 500ms, timeout: 1}]\n",
       {{1, 50, "`timeout: 1` has no unit"}}},
      {"probe",
       "probes: [{host: a, interval: 1s}]\n",
       {{1, 30, "the timeout 1s (the default) is not less than the interval 1s"}}},
      {"pings",
       "ping: {timeout: 20s}\ndevices:\n  - {address: a, interval: 10s}\n  - {address: b, interval: 10s, ping: no}\n",
       {{1, 17, "the timeout 20s of pings is not less than the interval 10s of device `a`"}}},
      {"pings too close together",
       "ping: {count: 200, timeout: 500ms}\ndevices:\n  - {address: a, interval: 1s, timeout: 500ms}\n",
       {{1, 15, "200 pings do not fit into the interval 1s of device `a`"}}},
      {"probes too close together",
       "probes: [{host: a, count: 200, interval: 1s, timeout: 500ms}]\n",
       {{1, 27, "200 pings do not fit into the interval 1s"}}},
  });
}

TEST_CASE("how echo requests are sent", "[config]") {
  check_cases({
      {"every part out of range, in one go",
       "devices: [a]\n"
       "ping:\n"
       "  payload: 23\n"
       "  hop_limit: 0\n"
       "  dscp: 64\n"
       "  dont_fragment: maybe\n"
       "  source: here\n"
       "  burst: 2\n",
       {{3, 12, "`payload` is out of range: `23`"},
        {4, 14, "`hop_limit` is out of range: `0`"},
        {5, 9, "`dscp`: `64` is none"},
        {6, 18, "`dont_fragment` is either on or off"},
        {7, 11, "`source`: `here` is no address"},
        {8, 10, "`burst` is either on or off"}}},
      {"too large",
       "devices: [{address: a, ping: {payload: 65508, hop_limit: 256}}]\n",
       {{1, 40, "`payload` is out of range"}, {1, 58, "`hop_limit` is out of range"}}},
      {"of a probe",
       "probes: [{host: a, dscp: BE, source: '192.0.2.1:7'}]\n",
       {{1, 26, "`dscp`: `BE` is none"}, {1, 38, "`source`: `192.0.2.1:7` is no address"}}},
      {"misspelt", "devices: [a]\ndefaults: {ping: {paylod: 100}}\n", {{2, 19, "`ping` has no key `paylod`"}}},
      {"where they do not belong",
       "devices: [{address: a, payload: 100}]\n",
       {{1, 24, "a device has no key `payload`"}}},
      {"the source's family",
       "ping: {source: 192.0.2.9}\ndevices: ['2001:db8::1', 192.0.2.1, name.example]\n"
       "probes: [{name: p, host: 192.0.2.1, source: '::1'}, {name: q, host: 'udp6:n.example', source: 192.0.2.9}]\n",
       {{1, 16, "`source` is an IPv4 address, and `2001:db8::1` is probed by IPv6"},
        {3, 45, "`source` is an IPv6 address, and `192.0.2.1` is probed by IPv4"},
        {3, 95, "`source` is an IPv4 address, and `n.example` is probed by IPv6"}}},
      {"a burst that is longer than the interval",
       "probes: [{host: a, burst: yes, count: 100, interval: 1s, timeout: 500ms}]\n",
       {{1, 39, "100 pings do not fit into the interval 1s, 20ms apart as a burst is"}}},
      {"a group's burst at a device's interval",
       "defaults: {interval: 1s, timeout: 500ms}\nping: {timeout: 500ms, count: 51}\n"
       "groups: {g: {ping: {burst: on}, devices: [b]}}\ndevices: [a]\n",
       {{2, 31, "51 pings do not fit into the interval 1s of device `b`, 20ms apart as a burst is"}}},
  });
}

TEST_CASE("kinds of counters", "[config]") {
  check_cases({
      {"one word", "devices: [{address: a, counters: octets}]\n", {{1, 34, "`counters`"}}},
      {"a map", "devices: [{address: a, counters: {errors: true}}]\n", {{1, 34, "`counters`"}}},
      {"no such kind",
       "devices: [{address: a, counters: [errors, unicasts, 7]}]\n",
       {{1, 43, "`unicasts` is no kind of counters"}, {1, 53, "`7` is no kind of counters"}}},
  });
}

TEST_CASE("names are unique in the whole file", "[config]") {
  check_cases({
      {"devices",
       "devices:\n  - {name: a, address: x}\n  - {name: a, address: y}\n",
       {{3, 12, "the name `a` is taken by the device on line 2, column 12"}}},
      {"across groups",
       "groups:\n  g:\n    devices: [x]\n  h:\n    devices: [x]\n",
       {{5, 15, "the name `x` is taken by the device on line 3, column 15"}}},
      {"probes", "probes: [a, b, a]\n", {{1, 16, "the name `a` is taken by the probe on line 1, column 10"}}},
      {"probe and device",
       "devices: [a]\nprobes: [a]\n",
       {{2, 10, "the name `a` is taken by the device on line 1, column 11"}}},
      {"a name from an address", "devices: ['a:161', 'a:1161']\n", {{1, 20, "the name `a` is taken by the device"}}},
      {"control characters",
       "devices: [{name: \"a\\e[31m\", address: a}, {name: \"a\\nb\", address: b}]\n",
       {{1, 18, "has control characters: `a\\x1b[31m`"}, {1, 49, "has control characters: `a b`"}}},
  });
}

TEST_CASE("addresses", "[config]") {
  check_cases({
      {"port", "devices: ['192.0.2.1:99999']\n", {{1, 11, "is not a port"}}},
      {"transport", "devices: [tcp:192.0.2.1]\n", {{1, 11, "\"tcp:\""}}},
      {"blank", "devices: [a b]\n", {{1, 11, "a blank"}}},
      {"bracket", "devices: ['[2001:db8::1']\n", {{1, 11, "no closing ]"}}},
      {"port twice",
       "devices:\n  - {address: 'a:161', port: 162}\n",
       {{2, 30, "the address has port 161 already, and `port` says 162"}}},
      {"no address", "devices:\n  - name: a\n", {{2, 5, "this device has no `address`"}}},
      {"variable", "devices: ['${HOST}']\n", {{1, 11, "variables are replaced in `auths` alone"}}},
      {"probe with a port",
       "probes: ['192.0.2.1:7', '[2001:db8::1]:161']\n",
       {{1, 10, "has a port, and ICMP has none"}, {1, 25, "has a port, and ICMP has none"}}},
      {"probe without a host", "probes: [{name: a}]\n", {{1, 10, "this probe has no `host`"}}},
      {"host twice", "probes: [{host: a, address: b}]\n", {{1, 20, "`host` and `address` are the same thing"}}},
      {"home folder", "devices: [a]\nstore: ~/octopoll.db\n", {{2, 8, "`~` means nothing here"}}},
      {"retention too short", "devices: [a]\nstore: {retention: {samples: 1d}}\n", {{2, 30, "1d"}}},
      {"retention misspelt", "devices: [a]\nstore: {retention: {sample: 7d}}\n", {{2, 21, "has no key `sample`"}}},
      {"retention of nothing", "devices: [a]\nstore: {retention: 7d}\n", {{2, 20, "`retention`"}}},
      {"store without a path", "devices: [a]\nstore: {}\n", {{2, 8, "`store` has no `path`"}}},
  });
  CHECK(load_good("devices: [{address: 'a:162', port: 162}]").devices[0].address.port == 162);
}

TEST_CASE("interface rules", "[config]") {
  const auto in_defaults = [](std::string_view rules) {
    return fmt::format("devices: [a]\ndefaults:\n  interfaces:\n    {}\n", rules);
  };
  struct Wrong {
    std::string_view rules;
    std::vector<Expected> expected;
  };
  const std::vector<Wrong> wrong{
      {"include: ['a(']", {{4, 15, "bad pattern `a(`: missing )"}}},
      {"include: ['(?=a)']", {{4, 15, "bad pattern"}}},
      {"include: x", {{4, 14, "`include` should be a list, and is text"}}},
      {"include: [[x]]", {{4, 15, "an interface rule is a list"}}},
      {"include: ['']", {{4, 15, "an interface rule is empty"}}},
      {"exclude: [{name: a, alias: b}]", {{4, 15, "looks at one thing, and this has 2 keys"}}},
      {"exclude: [{}]", {{4, 15, "looks at one thing, and this has 0 keys"}}},
      {"exclude: [{names: a}]", {{4, 16, "an interface rule has no key `names`"}}},
      {"exclude: [{type: ethernetcsmacd}]", {{4, 22, "matches no interface type"}}},
      {"exclude: [{name: }]", {{4, 16, "`name` has no value"}}},
      {"speed: [{name: a}]", {{4, 13, "this speed rule has no `speed`"}}},
      {"speed: [{speed: 1G}]", {{4, 13, "does not say for which interfaces"}}},
      {"speed: [{name: a, alias: b, speed: 1G}]", {{4, 23, "`name` stands here already"}}},
      {"speed: [{name: a, speed: 1GB}]", {{4, 30, "B is octets"}}},
      {"speed: [{name: a, speed: {in: 1G}}]", {{4, 30, "needs both `in` and `out`"}}},
      {"speed: [{name: a, speed: {in: 1G, our: 2G}}]", {{4, 39, "`speed` has no key `our`"}}},
      {"speed: [a]", {{4, 13, "a speed rule should be a map, and is text"}}},
  };
  for (const Wrong& each : wrong) check_problems(in_defaults(each.rules), each.expected);
}

TEST_CASE("auths that are not there", "[config]") {
  check_problems("devices: [{address: a, auth: core}]\nauths: {cor: {community: public}}\n",
                 {{1, 30, "`auths` has no `core`"}});
  const auto near = load("devices: [{address: a, auth: core}]\nauths: {cor: {community: public}}\n");
  CHECK(near.error().at(0).remedy == "did you mean `cor`?");
  // Unused ones are looked up as well: a device that is added later would find the mistake at night.
  check_problems("defaults: {auth: x}\nauths: {y: {community: public}}\ndevices: [{address: a, auth: y}]\n",
                 {{1, 18, "`auths` has no `x`"}});
  // An auth with problems of its own is there.
  check_problems("devices: [{address: a, auth: y}]\nauths: {y: {version: 3}}\n", {{2, 9, "has no `username`"}});
}

TEST_CASE("nothing to poll", "[config]") {
  check_problems("devices: []\n", {{1, 1, "there is nothing to poll"}});
  check_problems("store: x\n", {{1, 1, "there is nothing to poll"}});
  check_problems("groups: {g: {}}\n", {{1, 10, "group `g` has no `devices`"}});
  CHECK(load_good("probes: [a]\n").devices.empty());
}

TEST_CASE("numbers with dots are an IPv4 address or a mistake", "[config]") {
  check_problems("devices: [12, {name: b, address: 999.1.1.1}]\nprobes: [192.0.2]\n",
                 {{1, 11, "\"12\" is no IPv4 address"},
                  {1, 34, "\"999.1.1.1\" is no IPv4 address"},
                  {2, 10, "\"192.0.2\" is no IPv4 address"}});
}

TEST_CASE("all problems at once, by line, whatever is read first", "[config]") {
  check_problems(R"(probes: [{host: p, count: x}]
devices:
  - {address: a, auth: nobody, retrys: 1}
store: 
auths:
  a: {version: 4}
)",
                 {{1, 27, "`count`"},
                  {3, 24, "`auths` has no `nobody`"},
                  {3, 32, "no key `retrys`"},
                  {4, 1, "`store` has no value"},
                  {6, 16, "`version`"}});
}

TEST_CASE("a file that is wrong everywhere is not listed to the end", "[config]") {
  std::string text = "devices:\n";
  for (int i = 0; i < 5000; ++i) text += fmt::format("  - {{address: a{}, x: 1}}\n", i);
  const auto inventory = load(text);
  REQUIRE_FALSE(inventory);
  REQUIRE(inventory.error().size() == 1001);
  CHECK(inventory.error().back().message == "4000 more problems from here on");
  CHECK(inventory.error().back().line == 1002);
}

TEST_CASE("what a message quotes cannot control the terminal", "[config]") {
  const auto inventory = load("\"a\\e]0;x\\a\": 1\ndevices: [a]\n");
  REQUIRE_FALSE(inventory);
  CHECK(inventory.error().at(0).message == "an inventory has no key `a\\x1b]0;x\\x07`");
  CHECK(inventory.error().at(0).text() == "test.yaml:1:1: an inventory has no key `a\\x1b]0;x\\x07`");
  const auto lengthy = load(fmt::format("{}: 1\ndevices: [a]\n", std::string(500, 'k')));
  REQUIRE_FALSE(lengthy);
  CHECK(lengthy.error().at(0).message.size() < 150);
}
