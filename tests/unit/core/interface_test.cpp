#include "octopoll/core/interface.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

namespace octopoll {
namespace {

InterfaceFacts all_facts() {
  InterfaceFacts facts;
  facts.if_index = IfIndex{10101};
  facts.if_name = "Gi1/0/1";
  facts.descr = "GigabitEthernet1/0/1";
  facts.alias = "";
  facts.type = 6;
  facts.mtu = -1;
  facts.phys_address = "00:1b:54:aa:bb:cc";
  facts.speed_bps = 18'000'000'000'000'000'000U;
  facts.speed_source = SpeedSource::if_high_speed;
  return facts;
}

TEST_CASE("numbers that no INTEGER can be are kept at the nearest") {
  constexpr std::int64_t least = -2'147'483'648, most = 2'147'483'647, gauge = 4'294'967'295;
  InterfaceFacts facts;
  for (const std::int64_t mtu : {std::int64_t{0}, std::int64_t{-1}, least, most, gauge}) {
    facts.mtu = mtu;
    CHECK(Interface("eth0", facts).mtu() == mtu);
  }
  facts.mtu = facts.type = gauge + 1;
  CHECK(Interface("eth0", facts).mtu() == gauge);
  CHECK(Interface("eth0", facts).type() == most);
  facts.mtu = facts.type = least - 1;
  CHECK(Interface("eth0", facts).mtu() == least);
  CHECK(Interface("eth0", facts).type() == least);
}

TEST_CASE("an interface gives back what it was made of") {
  const std::string long_text(70'000, 'x');  // three octets of length
  InterfaceFacts few;
  few.descr = "eth0";
  InterfaceFacts odd = all_facts();
  odd.descr = long_text;
  odd.alias = std::string("a\0b", 3);
  InterfaceFacts repeated = all_facts();
  repeated.if_name = repeated.descr = repeated.alias = repeated.phys_address = "eth0";
  for (const InterfaceFacts& facts : {InterfaceFacts{}, few, all_facts(), odd, repeated}) {
    for (const std::string& name : {std::string(), std::string("eth0"), long_text}) {
      const Interface made(name, facts);
      CHECK(made.name() == name);
      CHECK(made.facts() == facts);
    }
  }
}

TEST_CASE("an address comes back as it was, whether it is one or not") {
  const std::string longest(3 * 500 - 1, 'a');
  std::string five_hundred;
  for (int i = 0; i < 500; ++i) five_hundred += i == 0 ? "0f" : ":0f";
  for (const std::string& address :
       {std::string(), std::string("00"), std::string("00:00"), std::string("00:1b:54:aa:bb:cc"), five_hundred, longest,
        std::string("00:1B"), std::string("0:1"), std::string("001b"), std::string("00:1b:"), std::string(":00"),
        std::string("00-1b"), std::string("0g"), std::string("00:1b:54:aa:bb:cg"), std::string("a\0", 2),
        std::string("00 1b:cc")}) {
    InterfaceFacts facts;
    facts.phys_address = address;
    const Interface made("eth0", facts);
    CHECK(made.phys_address() == address);
    CHECK(made == Interface("eth0", facts));
    facts.phys_address = address + ":01";
    CHECK_FALSE(made == Interface("eth0", facts));
  }
  // An address as octets is not the text of the same octets.
  InterfaceFacts octets, text;
  octets.phys_address = "41";
  text.phys_address = "A";
  CHECK_FALSE(Interface("eth0", octets) == Interface("eth0", text));
}

TEST_CASE("a default interface is nobody") {
  const Interface nobody;
  CHECK(nobody.name().empty());
  CHECK(nobody.facts() == InterfaceFacts{});
  CHECK(nobody == Interface());
  CHECK_FALSE(nobody == Interface("", {}));
}

TEST_CASE("interfaces are equal when name and facts are") {
  const Interface one("Gi1/0/1", all_facts());
  CHECK(one == Interface("Gi1/0/1", all_facts()));
  CHECK_FALSE(one == Interface("Gi1/0/2", all_facts()));
  InterfaceFacts other = all_facts();
  SECTION("an absent text is not an empty one") { other.alias.reset(); }
  SECTION("a text that is the name now") { other.descr = "Gi1/0/1"; }
  SECTION("a text in another place") { std::swap(other.alias, other.phys_address); }
  SECTION("a number") { other.mtu = 1500; }
  SECTION("an absent number is not 0") { other.type.reset(); }
  SECTION("the source of the speed") { other.speed_source = SpeedSource::if_speed; }
  CHECK_FALSE(one == Interface("Gi1/0/1", other));
}

TEST_CASE("a borrowed handle keeps nothing, and a copy of it keeps the block") {
  Interface kept;
  {
    const Interface owner("eth0", all_facts());
    Interface lent = owner.borrowed();
    CHECK(lent.same_block(owner));
    CHECK(lent == owner);
    CHECK(lent.facts() == owner.facts());
    Interface moved = std::move(lent);
    CHECK(moved.same_block(owner));
    kept = moved;                   // a copy: outlives the owner
    moved = kept.borrowed();        // replacing a borrowed one frees nothing
    moved = Interface("eth1", {});  // nor does replacing it by one that keeps its own
    CHECK(moved.name() == "eth1");
  }
  CHECK(kept.name() == "eth0");
  CHECK(kept.facts() == all_facts());
  CHECK(Interface().borrowed() == Interface());
}

TEST_CASE("handles share one block, which the last of them frees") {
  Interface copy;
  {
    const Interface made("Gi1/0/1", all_facts());
    copy = made;
    CHECK(copy.name().data() == made.name().data());
  }
  CHECK(copy.name() == "Gi1/0/1");
  Interface moved = std::move(copy);
  copy = moved;
  moved = Interface();
  CHECK(copy.facts() == all_facts());
}

}  // namespace
}  // namespace octopoll
