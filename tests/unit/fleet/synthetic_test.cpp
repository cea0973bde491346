#include "fleet/synthetic.hpp"

#include <catch2/catch.hpp>

#include "client.hpp"

namespace fleet::testing {
namespace {

using namespace std::chrono_literals;

SyntheticSpec device_with(InterfaceSpec interface, std::size_t count = 1) {
  SyntheticSpec spec;
  spec.interfaces = make_interfaces(count, interface);
  return spec;
}

InterfaceSpec flowing(std::uint64_t in_bps) {
  InterfaceSpec interface;
  interface.traffic.in_bps = in_bps;
  return interface;
}

const std::string in_octets = column(if_table, 10, 1);
const std::string hc_in_octets = column(if_x_table, 6, 1);

TEST_CASE("counters follow the clock to the octet") {
  Bench bench(device_with(flowing(300'000'007)));
  const Instant start = bench.now;
  for (const auto elapsed : {0ns, 1ns, 26ns, 27ns, 1'000'000'000ns, 86'400'000'000'001ns}) {
    bench.now = start + elapsed;
    // bits * ns / 8e9 in whole numbers; long double holds 64 bits, so the product is split.
    const auto seconds = static_cast<std::uint64_t>(elapsed / 1s);
    const auto rest = static_cast<std::uint64_t>((elapsed % 1s).count());
    const std::uint64_t bits = 300'000'007 * seconds + 300'000'007 * rest / 1'000'000'000;
    INFO(elapsed.count());
    CHECK(bench.get(hc_in_octets).number() == bits / 8);
    CHECK(bench.get(in_octets).number() == bits / 8 % (std::uint64_t{1} << 32));
    CHECK(bench.model().truth(bench.now).interfaces[0].counters[Count::in_octets] == bits / 8);
  }
}

TEST_CASE("100 Gb/s for a year is counted without a slip") {
  Bench bench(device_with(flowing(100'000'000'000)));
  bench.now += 365 * 24h;
  CHECK(bench.get(hc_in_octets).number() == 12'500'000'000ULL * 365 * 86400);
}

TEST_CASE("a 32-bit counter wraps at 2^32, a 64-bit one at 2^64") {
  InterfaceSpec interface = flowing(8000);  // 1000 octets a second
  interface.start[Count::in_octets] = 0xffff'ffff'ffff'ffffULL - 499;
  Bench bench(device_with(interface));
  CHECK(bench.get(hc_in_octets).number() == 0xffff'ffff'ffff'fe0cULL);
  CHECK(bench.get(in_octets).number() == 0xffff'fe0cULL);
  bench.now += 1s;
  CHECK(bench.get(hc_in_octets).number() == 500);
  CHECK(bench.get(in_octets).number() == 500);
}

TEST_CASE("packets come from octets, and the kinds add up") {
  InterfaceSpec interface = flowing(8'000'000);  // 10^6 octets, 2000 packets a second
  interface.traffic.packet_octets = 500;
  interface.traffic.multicast_permille = 100;
  interface.traffic.broadcast_permille = 50;
  interface.traffic.in_errors_per_1000_s = 1500;
  interface.traffic.out_discards_per_1000_s = 250;
  Bench bench(device_with(interface));
  bench.now += 10s;
  const auto values = bench.get({column(if_x_table, 7, 1), column(if_x_table, 8, 1), column(if_x_table, 9, 1),
                                 column(if_table, 12, 1), column(if_table, 14, 1), column(if_table, 19, 1)});
  CHECK(values[0].number() == 17'000);
  CHECK(values[1].number() == 2000);
  CHECK(values[2].number() == 1000);
  CHECK(values[3].number() == 3000);
  CHECK(values[4].number() == 15);
  CHECK(values[5].number() == 2);
}

TEST_CASE("sysUpTime wraps after 2^32 hundredths, and the engine's seconds go on") {
  SyntheticSpec spec;
  spec.sys_uptime = 0xffff'ffff - 99;
  spec.engine_time = 42'949'672;
  Bench bench(std::move(spec));
  CHECK(bench.get(sys_uptime).number() == 4'294'967'196);
  bench.now += 1500ms;
  CHECK(bench.get(sys_uptime).number() == 50);
  CHECK(bench.get("1.3.6.1.6.3.10.2.1.3.0").number() == 42'949'673);
}

TEST_CASE("a clock that drifts") {
  SyntheticSpec spec;
  spec.clock_drift_ppm = -50'000;
  Bench bench(std::move(spec));
  bench.now += 1000s;
  CHECK(bench.get(sys_uptime).number() == 95'000);
}

TEST_CASE("a caching agent shows the counters of its last snapshot, asked or not") {
  SyntheticSpec spec = device_with(flowing(8000));
  spec.cache_period = 3s;
  spec.advertise_cache_period = true;
  Bench bench(std::move(spec));
  const Instant start = bench.now;
  const auto shown_at = [&](std::chrono::nanoseconds elapsed) {
    bench.now = start + elapsed;
    return bench.get(hc_in_octets).number();
  };
  CHECK(shown_at(2999ms) == 0);
  CHECK(shown_at(3s) == 3000);
  CHECK(shown_at(5999ms) == 3000);
  CHECK(shown_at(13s) == 12'000);
  CHECK(bench.get(sys_uptime).number() == 1300);
  const Truth truth = bench.model().truth(bench.now);
  CHECK(truth.interfaces[0].counters[Count::in_octets] == 13'000);
  CHECK(truth.interfaces[0].shown[Count::in_octets] == 12'000);
  CHECK(bench.get("1.3.6.1.4.1.8072.1.5.3.1.2.1.3.6.1.2.1.2.2").number() == 3);
}

TEST_CASE("a change between two snapshots does not show before the next") {
  SyntheticSpec spec = device_with(flowing(8000));
  spec.cache_period = 10s;
  Bench bench(std::move(spec));
  bench.now += 15s;  // shows 10000, has 15000
  InterfaceChange change;
  change.counters = {{Count::in_octets, 7}};
  change.traffic = Traffic{.in_bps = 16'000};
  bench.model().change_interface("eth1", change, bench.now);
  bench.now += 4s;
  CHECK(bench.get(hc_in_octets).number() == 10'000);
  bench.now += 1s;
  CHECK(bench.get(hc_in_octets).number() == 7 + 5 * 2000);
}

TEST_CASE("a reboot: clock and counters from zero, boots one more") {
  Bench bench(device_with(flowing(8000), 3));
  bench.now += 100s;
  bench.model().reboot({}, bench.now);
  bench.now += 2s;
  CHECK(bench.get(sys_uptime).number() == 200);
  CHECK(bench.get(hc_in_octets).number() == 2000);
  CHECK(bench.get("1.3.6.1.6.3.10.2.1.2.0").number() == 2);
  CHECK(bench.get("1.3.6.1.6.3.10.2.1.3.0").number() == 2);
  CHECK(bench.get(column(if_x_table, 1, 1)).text() == "eth1");
}

TEST_CASE("a reboot that renumbers: every name at another ifIndex") {
  Bench bench(device_with(flowing(8000), 3));
  bench.model().reboot({.renumber = true}, bench.now);
  std::vector<std::string> names;
  for (std::uint32_t row = 1; row <= 3; ++row) names.push_back(bench.get(column(if_x_table, 1, row)).text());
  CHECK(names == std::vector<std::string>{"eth3", "eth1", "eth2"});
}

TEST_CASE("an interface that goes down stops counting and moves ifLastChange") {
  Bench bench(device_with(flowing(8000)));
  bench.now += 10s;
  InterfaceChange down;
  down.oper_status = 2;
  bench.model().change_interface("eth1", down, bench.now);
  bench.now += 10s;
  const auto values = bench.get({column(if_table, 8, 1), column(if_table, 9, 1), hc_in_octets});
  CHECK(values[0].number() == 2);
  CHECK(values[1].number() == 1000);
  CHECK(values[2].number() == 10'000);
  InterfaceChange up;
  up.oper_status = 1;
  bench.model().change_interface("eth1", up, bench.now);
  bench.now += 1s;
  CHECK(bench.get(hc_in_octets).number() == 11'000);
}

TEST_CASE("interfaces come and go: ifNumber, ifTableLastChange and the rows say so") {
  Bench bench(device_with(flowing(8000), 2));
  bench.now += 5s;
  InterfaceSpec added;
  added.if_index = 17;
  added.name = "tunnel0";
  bench.model().add_interface(added, bench.now);
  CHECK(bench.get("1.3.6.1.2.1.2.1.0").number() == 3);
  CHECK(bench.get("1.3.6.1.2.1.31.1.5.0").number() == 500);
  CHECK(bench.get(column(if_x_table, 1, 17)).text() == "tunnel0");
  CHECK(bench.get(column(if_x_table, 19, 17)).number() == 500);
  bench.model().remove_interface("eth1", bench.now);
  CHECK(bench.get(column(if_table, 1, 1)).tag == Tag::no_such_instance);
  CHECK(bench.get(column(if_x_table, 1, 2)).text() == "eth2");
}

TEST_CASE("names, speeds and indexes may change, and a discontinuity has its time") {
  Bench bench(device_with(flowing(8000), 2));
  bench.now += 3s;
  InterfaceChange change;
  change.name = "uplink";
  change.alias = "to the core";
  change.speed_bps = 25'000'000'000;
  change.if_index = 40;
  change.counters = {{Count::in_octets, 0}};
  change.discontinuity = true;
  bench.model().change_interface("eth1", change, bench.now);
  CHECK(bench.get(column(if_x_table, 1, 40)).text() == "uplink");
  CHECK(bench.get(column(if_x_table, 18, 40)).text() == "to the core");
  CHECK(bench.get(column(if_table, 5, 40)).number() == 4'294'967'295);
  CHECK(bench.get(column(if_x_table, 15, 40)).number() == 25'000);
  CHECK(bench.get(column(if_x_table, 6, 40)).number() == 0);
  CHECK(bench.get(column(if_x_table, 19, 40)).number() == 300);
  CHECK(bench.get(column(if_table, 1, 1)).tag == Tag::no_such_instance);
}

TEST_CASE("tables may be missing") {
  SyntheticSpec spec = device_with(flowing(8000));
  spec.counters_64 = false;
  Bench narrow(spec);
  CHECK(narrow.get(hc_in_octets).tag == Tag::no_such_object);
  CHECK(narrow.get(column(if_x_table, 1, 1)).text() == "eth1");
  spec.ifx_table = false;
  Bench old(spec);
  CHECK(old.get(column(if_x_table, 1, 1)).tag == Tag::no_such_object);
  CHECK(old.get(column(if_table, 2, 1)).text() == "eth1");
}

TEST_CASE("an agent may say another speed than it has") {
  InterfaceSpec interface;
  interface.speed_bps = 10'000'000'000;
  interface.if_speed = 1'410'065'408;
  interface.if_high_speed = 100'000;
  Bench bench(device_with(interface));
  CHECK(bench.get(column(if_table, 5, 1)).number() == 1'410'065'408);
  CHECK(bench.get(column(if_x_table, 15, 1)).number() == 100'000);
}

TEST_CASE("the truth of an instant is the same whenever it is asked, until something changes") {
  Bench bench(device_with(flowing(12'345'678)));
  const Instant then = bench.now + 7s;
  bench.now += 100s;
  const Truth truth = bench.model().truth(then);
  CHECK(truth.interfaces[0].counters[Count::in_octets] == 12'345'678ULL * 7 / 8);
  CHECK(truth.sys_uptime == 700);
  bench.model().change_interface("eth1", {.traffic = Traffic{}}, bench.now);
  CHECK_THROWS_WITH(bench.model().truth(then), Catch::Contains("not known any more"));
}

TEST_CASE("what does not fit is refused by name") {
  Bench bench(device_with(flowing(8000), 2));
  InterfaceSpec taken;
  taken.if_index = 2;
  CHECK_THROWS_WITH(bench.model().add_interface(taken, bench.now), "bench: ifIndex 2 is that of interface \"eth2\"");
  taken.if_index = 0;
  CHECK_THROWS_WITH(bench.model().add_interface(taken, bench.now), "bench: ifIndex 0 is not in 1..2147483647");
  CHECK_THROWS_WITH(bench.model().remove_interface("eth9", bench.now), "bench has no interface \"eth9\"");
  CHECK_THROWS_WITH(bench.model().change_interface("eth1", {.if_index = 2}, bench.now), Catch::Contains("eth2"));
  SyntheticSpec twice = device_with({}, 2);
  twice.interfaces[1].if_index = 1;
  CHECK_THROWS_WITH(Bench(twice), "bench: two interfaces have ifIndex 1");
}

TEST_CASE("like devices share one layout") {
  auto layouts = std::make_shared<LayoutCache>();
  const SyntheticModel a("a", device_with({}, 48), layouts, 0s);
  const SyntheticModel b("b", device_with({}, 48), layouts, 0s);
  const SyntheticModel c("c", device_with({}, 47), layouts, 0s);
  CHECK(a.layout() == b.layout());
  CHECK(a.layout() != c.layout());
}

}  // namespace
}  // namespace fleet::testing
