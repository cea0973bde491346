#include "octopoll/config/interface_rules.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "unit/config/loading.hpp"

using namespace octopoll;
using namespace octopoll::config;

namespace {

Interface named(const std::string& name, std::int64_t type, std::optional<std::string> alias = {},
                std::optional<std::string> descr = {}) {
  InterfaceFacts made;
  made.type = type;
  made.alias = std::move(alias);
  made.descr = std::move(descr);
  return Interface(name, made);
}

}  // namespace

TEST_CASE("without rules everything is kept", "[config]") {
  const InterfaceRules rules;
  CHECK(rules.empty());
  CHECK(rules.keeps(named("eth0", 6)));
  CHECK_FALSE(rules.speed(named("eth0", 6)));
  CHECK(rules.summary() == "all");
}

TEST_CASE("kept is what an include rule matches and no exclude rule does", "[config]") {
  InterfaceRules rules;
  REQUIRE(rules.add_include(RuleField::name, "^Gi"));
  REQUIRE(rules.add_include(RuleField::alias, "uplink"));
  REQUIRE(rules.add_exclude(RuleField::descr, "(?i)unused"));
  CHECK(rules.keeps(named("Gi0/1", 6)));
  CHECK_FALSE(rules.keeps(named("NotGi0/1", 6)));
  CHECK(rules.keeps(named("Te0/1", 6, "the uplink to A")));  // anywhere in the text
  CHECK_FALSE(rules.keeps(named("Te0/1", 6)));               // an absent alias matches nothing
  CHECK_FALSE(rules.keeps(named("Gi0/2", 6, {}, "UNUSED port")));
  CHECK(rules.summary() == "2 include, 1 exclude");
  CHECK(rules.describe() ==
        std::vector<std::string>{"include name ^Gi", "include alias uplink", "exclude descr (?i)unused"});
}

TEST_CASE("an empty alias is not an absent one", "[config]") {
  InterfaceRules rules;
  REQUIRE(rules.add_exclude(RuleField::alias, "^$"));
  CHECK(rules.keeps(named("a", 6)));
  CHECK_FALSE(rules.keeps(named("a", 6, "")));
}

TEST_CASE("a type is a number or a word, and a whole one means itself", "[config]") {
  const auto excluded = [](const std::string& pattern, std::int64_t type) {
    InterfaceRules rules;
    REQUIRE(rules.add_exclude(RuleField::type, pattern));
    return !rules.keeps(named("x", type));
  };
  CHECK(excluded("6", 6));
  CHECK_FALSE(excluded("6", 161));
  CHECK_FALSE(excluded("6", 16));
  CHECK(excluded("ethernetCsmacd", 6));
  CHECK(excluded("softwareLoopback", 24));
  CHECK(excluded("ppp", 23));
  CHECK_FALSE(excluded("ppp", 108));  // pppMultilinkBundle
  CHECK(excluded("^ppp", 108));
  CHECK(excluded("Loopback$", 24));
  CHECK(excluded("^(6|117)$", 117));
  CHECK_FALSE(excluded("^(6|117)$", 17));
  CHECK(excluded("ieee8023adLag", 161));
  CHECK(excluded("4711", 4711));  // the registry is open
  CHECK_FALSE(excluded("^1$", 4711));

  InterfaceRules rules;
  REQUIRE(rules.add_exclude(RuleField::type, "6"));
  CHECK(rules.keeps(Interface("x", {})));
  const auto unknown = rules.add_exclude(RuleField::type, "ethernet$");
  REQUIRE_FALSE(unknown);
  CHECK_THAT(unknown.error().message, Catch::Contains("matches no interface type"));
}

TEST_CASE("the first speed rule wins", "[config]") {
  InterfaceRules rules;
  REQUIRE(rules.add_speed(RuleField::alias, "slow", {10, 20}));
  REQUIRE(rules.add_speed(RuleField::name, "^eth", {30, 30}));
  const auto slow = rules.speed(named("eth0", 6, "slow line"));
  REQUIRE(slow);
  CHECK(slow->in_bps == 10);
  CHECK(slow->out_bps == 20);
  const auto other = rules.speed(named("eth0", 6));
  REQUIRE(other);
  CHECK(other->in_bps == 30);
  CHECK_FALSE(rules.speed(named("lo", 24)));
  CHECK(rules.keeps(named("lo", 24)));  // speeds choose nothing
}

TEST_CASE("a bad pattern says RE2's reason", "[config]") {
  InterfaceRules rules;
  const auto added = rules.add_include(RuleField::name, "a[");
  REQUIRE_FALSE(added);
  CHECK(added.error().kind == ErrorKind::config);
  CHECK_THAT(added.error().message, Catch::Contains("missing ]"));
  CHECK_FALSE(rules.add_include(RuleField::name, ""));
  CHECK(rules.empty());
}

TEST_CASE("rules from the inventory", "[config]") {
  const auto inventory = load_good(R"(
defaults:
  interfaces:
    exclude: [{type: 24}]
groups:
  a:
    interfaces: {include: ['^xe'], speed: [{name: '^xe-0', speed: {in: 100M, out: 20M}}, {type: 6, speed: 1G}]}
    devices: [a1, a2, {address: a3, interfaces: {}}]
devices:
  - b1
  - {address: b2, interfaces: {exclude: [{type: 24}]}}
)");
  REQUIRE(inventory.devices.size() == 5);
  const auto& a1 = *inventory.devices[0].interfaces;
  CHECK(a1.keeps(named("xe-0", 24)));  // the group's rules stand instead of the defaults', not beside them
  CHECK_FALSE(a1.keeps(named("ge-0", 6)));
  CHECK(a1.speed(named("xe-0", 6))->out_bps == 20'000'000);
  CHECK(a1.speed(named("xe-1", 6))->in_bps == 1'000'000'000);
  CHECK(inventory.devices[0].interfaces == inventory.devices[1].interfaces);  // shared
  CHECK(inventory.devices[2].interfaces->empty());
  CHECK_FALSE(inventory.devices[3].interfaces->keeps(named("lo", 24)));
  CHECK(inventory.devices[3].interfaces == inventory.devices[4].interfaces);  // the same rules are compiled once
}
