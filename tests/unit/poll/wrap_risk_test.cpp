// Counters of 32 bits against the interval that they are polled at.

#include "octopoll/poll/wrap_risk.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <vector>

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;
using ifmib::Column;
using snmp::Value;

constexpr std::uint64_t mega = 1'000'000;

ifmib::RowPlan plan(std::uint32_t index, const char* name, std::uint64_t mbps, bool wide, std::int64_t type = 6) {
  ifmib::Row row;
  row.set(Column::if_name, Value::octet_string(name));
  row.set(Column::if_type, Value::integer(type));
  row.set(Column::if_high_speed, Value::gauge32(static_cast<std::uint32_t>(mbps)));
  row.set(Column::if_in_octets, Value::counter32(5));
  if (wide) row.set(Column::if_hc_in_octets, Value::counter64(5));
  return ifmib::plan_row(index, name, row);
}

config::Device device() {
  config::Device made;
  made.interfaces = std::make_shared<config::InterfaceRules>();
  return made;
}

TEST_CASE("interfaces whose 32-bit counters may wrap twice are found, with the interval they need") {
  const std::vector<ifmib::RowPlan> plans{plan(1, "slow", 100, false), plan(2, "gigabit", 1'000, false),
                                          plan(3, "two", 2'000, false), plan(4, "wide", 100'000, true),
                                          plan(5, "lo", 10'000, false, if_type_software_loopback)};
  const auto risk = wrap_risk(plans, device());
  REQUIRE(risk);
  CHECK(risk->interfaces == 2);
  CHECK(risk->fastest == "two");
  CHECK(risk->speed_bps == 2'000 * mega);
  CHECK(std::chrono::duration<double>(risk->wraps_in).count() == Approx(17.18).epsilon(0.001));
  CHECK(risk->needs() == 13s);

  config::Device often = device();
  often.interval = 10s;
  CHECK_FALSE(wrap_risk(plans, often));
}

TEST_CASE("the inventory's speed decides, and without any speed nothing is said") {
  config::Device overridden = device();
  auto rules = std::make_shared<config::InterfaceRules>();
  REQUIRE(rules->add_speed(config::RuleField::name, "^a$", {100 * mega, 50 * mega}));
  REQUIRE(rules->add_speed(config::RuleField::name, "^b$", {10 * mega, 1'000 * mega}));
  overridden.interfaces = rules;
  const auto risk =
      wrap_risk({plan(1, "a", 10'000, false), plan(2, "b", 10, false), plan(3, "c", 0, false)}, overridden);
  REQUIRE(risk);
  CHECK(risk->interfaces == 1);
  CHECK(risk->fastest == "b");
}

TEST_CASE("an interval is shortened only where the inventory says auto, and within bounds") {
  const auto interval_at = [](std::uint64_t mbps, bool automatic) {
    config::Device made = device();
    made.interval_auto = automatic;
    return effective_interval(made, wrap_risk({plan(1, "a", mbps, false)}, made));
  };
  CHECK(interval_at(1'000, false) == 60s);
  CHECK(interval_at(1'000, true) == 27s);
  CHECK(interval_at(100, true) == 60s);
  CHECK(interval_at(40'000, true) == 5s);
}

TEST_CASE("the advice says what to set, unless all is well") {
  config::Device made = device();
  const auto advice = [&](std::uint64_t mbps) {
    return advice_on(*wrap_risk({plan(1, "eth7", mbps, false)}, made), made);
  };
  const WrapAdvice plain = advice(1'000);
  CHECK_THAT(plain.message, Catch::Contains("1 interface counts octets in 32 bits") && Catch::Contains("eth7") &&
                                Catch::Contains("34.4 s") && Catch::Contains("ambiguous"));
  CHECK_THAT(plain.remedy, Catch::Contains("`interval: 27s`, or `interval: auto`") && !Catch::Contains("SNMPv1"));
  made.auth.own().version = SnmpVersion::v1;
  CHECK_THAT(advice(1'000).remedy, Catch::Contains("SNMPv1 has no 64-bit counters"));
  made.interval_auto = true;
  CHECK(advice(1'000).remedy.empty());
  CHECK_THAT(advice(1'000).message, Catch::Contains("polled every 27s"));
  CHECK_THAT(advice(100'000).message, Catch::Contains("goes no lower"));
  CHECK_THAT(advice(100'000).remedy, Catch::Contains("`interval: 200ms`"));
}

}  // namespace
}  // namespace octopoll::poll
