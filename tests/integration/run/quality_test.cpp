// What `octopoll run` says of counters that wrap, restart, jump, move or stand in a cache, end to end.

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fleet/fleet.hpp"
#include "polling.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;
using Counts = std::map<std::string, int>;

namespace {

constexpr std::uint64_t megabits = 1'000'000;

/// One agent called "agent", polled every second.
class Watch {
 public:
  explicit Watch(fleet::SyntheticSpec spec, const fleet::Json& faults = fleet::Json::object())
      : caches_(spec.cache_period > 0s ||
                std::any_of(spec.interfaces.begin(), spec.interfaces.end(),
                            [](const fleet::InterfaceSpec& each) { return each.cache_period > 0s; })),
        site_(start(std::move(spec), faults)),
        run_(start_polling(site_.run())) {}

  [[nodiscard]] fleet::Fleet& fleet() { return fleet_; }
  [[nodiscard]] std::vector<StoredDelta> deltas(const std::string& interface = "eth1") const {
    auto all = deltas_of(site_.store(), "agent", interface);
    return caches_ ? all : after_beginning(std::move(all));
  }
  [[nodiscard]] std::vector<StoredCycle> cycles() const { return cycles_of(site_.store(), "agent"); }
  [[nodiscard]] const Site& site() const { return site_; }

  void await_quality(const std::string& quality, const std::string& interface = "eth1") const {
    await(interface + " with quality " + quality, [&] { return qualities(interface).contains(quality); });
  }
  /// So many more cycles in which the interface makes a rate.
  void await_rates(int more, const std::string& interface = "eth1") const {
    const int wanted = rates(interface) + more;
    await("rates of " + interface, [&] { return rates(interface) >= wanted; });
  }
  [[nodiscard]] Counts qualities(const std::string& interface = "eth1") const {
    Counts counts;
    for (const StoredDelta& delta : deltas(interface)) ++counts[delta.in_quality];
    return counts;
  }

  /// What goes out keeps moving, for a device of which nothing moves any more may be one that caches.
  void set_traffic(std::uint64_t in_bps, const std::string& interface = "eth1") {
    fleet::InterfaceChange change;
    change.traffic = fleet::Traffic{};
    change.traffic->in_bps = in_bps;
    change.traffic->out_bps = 100'000;
    fleet_.change_interface("agent", interface, change);
  }
  /// Stops the traffic and the polling, once the last octet is in the store, and returns what truly came in since the
  /// agent was made with `start` in its counter.
  std::uint64_t settle(std::uint64_t start = 0) {
    set_traffic(0);
    const std::uint64_t end = counter("eth1");
    await("the last octets in a rate", [&] {
      const auto last = last_rate_of(deltas());
      return latest() == end % modulus && last && last->in_octets == 0;
    });
    stop_polling(run_);
    return end - start;
  }
  void stop() { stop_polling(run_); }
  [[nodiscard]] std::string said() const { return run_.err(); }
  [[nodiscard]] std::uint64_t counter(const std::string& interface) {
    for (const auto& each : fleet_.truth("agent").interfaces) {
      if (each.name == interface) return each.counters[fleet::Count::in_octets];
    }
    FAIL("no interface " << interface);
    return 0;
  }

 private:
  std::string start(fleet::SyntheticSpec spec, const fleet::Json& faults) {
    if (!spec.counters_64) modulus = std::uint64_t{1} << 32;
    fleet::DeviceSpec device;
    device.name = "agent";
    device.place.community = "public";
    device.synthetic = std::move(spec);
    device.faults = faults;
    fleet_.add(std::move(device));
    fleet_.start();
    return fmt::format("devices: [{{name: agent, address: '{}', interval: 1s, timeout: 400ms, ping: false}}]",
                       fleet_.target());
  }
  [[nodiscard]] std::optional<std::uint64_t> latest() const { return latest_in_octets(site_.store(), "agent", "eth1"); }
  [[nodiscard]] int rates(const std::string& interface) const {
    const auto all = deltas(interface);
    return static_cast<int>(std::count_if(all.begin(), all.end(), [](const auto& d) { return d.makes_rate(); }));
  }

  std::uint64_t modulus = ~std::uint64_t{0};
  bool caches_;
  fleet::Fleet fleet_;
  Site site_;
  Child run_;
};

fleet::SyntheticSpec agent_with(std::vector<std::uint64_t> rates) {
  fleet::SyntheticSpec spec;
  spec.sys_uptime = 360'000;
  fleet::InterfaceSpec pattern;
  spec.interfaces = fleet::make_interfaces(rates.size(), pattern);
  for (std::size_t i = 0; i < rates.size(); ++i) spec.interfaces[i].traffic.in_bps = rates[i];
  return spec;
}

/// Every rate of the interface is its own, and none spans what broke it.
void check_rates(const std::vector<StoredDelta>& deltas, std::uint64_t true_bps) {
  for (const StoredDelta& delta : deltas) {
    if (delta.makes_rate()) {
      check_rate(delta, static_cast<double>(true_bps));
    } else {
      CHECK_FALSE(delta.in_bps);
    }
  }
}

}  // namespace

TEST_CASE("a counter that only counts is first, then ok, and its deltas are all there was", "[run]") {
  Watch watch(agent_with({0, 100'000}));
  watch.await_quality("first");
  watch.set_traffic(80 * megabits);
  watch.await_rates(3);
  const std::uint64_t truth = watch.settle();
  CHECK(truth > 10'000'000);
  const auto counts = watch.qualities();
  CHECK(counts.at("first") == 1);
  CHECK(counts.size() == 2);
  CHECK(counted_after(watch.deltas(), 0) == static_cast<std::int64_t>(truth));
}

TEST_CASE("a 32-bit counter that wraps is wrapped, and not an octet is lost", "[run]") {
  constexpr std::uint64_t start = 4'294'000'000;
  auto spec = agent_with({0, 100'000});
  spec.counters_64 = false;
  spec.interfaces[0].start[fleet::Count::in_octets] = start;
  Watch watch(std::move(spec));
  watch.await_quality("first");
  watch.set_traffic(8 * megabits);
  watch.await_quality("wrapped");
  watch.await_rates(2);
  const std::uint64_t truth = watch.settle(start);
  CHECK(truth > (std::uint64_t{1} << 32) - start);
  const auto counts = watch.qualities();
  CHECK(counts.at("first") == 1);
  CHECK(counts.at("wrapped") == 1);
  CHECK(counts.size() == 3);
  CHECK(counted_after(watch.deltas(), 0) == static_cast<std::int64_t>(truth));
}

TEST_CASE("a 32-bit counter that may wrap more than once a second is ambiguous and makes no rate", "[run]") {
  auto spec = agent_with({80'000 * megabits});
  spec.counters_64 = false;
  spec.interfaces[0].speed_bps = 100'000 * megabits;
  Watch watch(std::move(spec));
  await("some cycles", [&] { return watch.qualities()["ambiguous"] >= 2; });
  watch.stop();
  const auto deltas = watch.deltas();
  CHECK(deltas[0].in_quality == "first");
  for (std::size_t i = 1; i < deltas.size(); ++i) {
    CAPTURE(i, deltas[i].seconds);
    // Two polls may come so close that the link could not carry a whole turn of the counter between them.
    const bool room_for_a_turn = deltas[i].seconds * 100e9 / 8 >= 4'294'967'296.0;
    CHECK((deltas[i].in_quality == "ambiguous") == room_for_a_turn);
  }
  check_rates(deltas, 80'000 * megabits);
}

TEST_CASE("a reboot is told once, and no rate spans it", "[run]") {
  const std::vector<std::uint64_t> rates{40 * megabits, 200 * megabits, 360 * megabits};
  const bool renumber = GENERATE(false, true);
  CAPTURE(renumber);
  Watch watch(agent_with(rates));
  watch.await_rates(2);
  fleet::RebootOptions options;
  options.renumber = renumber;
  watch.fleet().reboot("agent", options);
  watch.await_quality("reboot");
  watch.await_rates(2);
  watch.stop();

  const auto cycles = watch.cycles();
  CHECK(std::count_if(cycles.begin(), cycles.end(), [](const auto& cycle) { return cycle.rebooted; }) == 1);
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const std::string name = fmt::format("eth{}", i + 1);
    CAPTURE(name);
    const auto counts = watch.qualities(name);
    CHECK(counts.at("first") == 1);
    CHECK(counts.at("reboot") == 1);
    CHECK(counts.size() == 3);
    check_rates(watch.deltas(name), rates[i]);  // its history went with its name, whatever its ifIndex is now
    const auto index = sqlite_int(watch.site().store(), "SELECT if_index FROM interfaces WHERE name = '" + name + "'");
    CHECK((index == static_cast<std::int64_t>(i + 1)) == !renumber);
  }
}

TEST_CASE("an agent whose discontinuities never end is told of once", "[run]") {
  Watch watch(agent_with({40 * megabits, 200 * megabits}));
  const auto times_told = [&watch] {
    const std::string said = watch.said();
    int times = 0;
    for (auto at = said.find("moves from reading to reading"); at != said.npos; ++times) {
      at = said.find("moves from reading to reading", at + 1);
    }
    return times;
  };
  await("a warning", [&] {
    fleet::InterfaceChange change;
    change.discontinuity = true;
    for (const char* name : {"eth1", "eth2"}) watch.fleet().change_interface("agent", name, change);
    return times_told() > 0;
  });
  watch.await_rates(2);
  CHECK(times_told() == 1);
  watch.stop();
  CHECK(watch.qualities().at("discontinuity") >= 3);
}

TEST_CASE("an interface that gets another ifIndex in passing keeps its history", "[run]") {
  Watch watch(agent_with({40 * megabits, 200 * megabits}));
  watch.await_rates(2);
  fleet::InterfaceChange change;
  change.if_index = 9;
  watch.fleet().change_interface("agent", "eth1", change);
  await("the new ifIndex",
        [&] { return sqlite_int(watch.site().store(), "SELECT if_index FROM interfaces WHERE name = 'eth1'") == 9; });
  watch.await_rates(2);
  watch.stop();
  const auto counts = watch.qualities();
  CHECK(counts.at("first") == 1);
  CHECK(counts.size() == 2);
  check_rates(watch.deltas(), 40 * megabits);
  check_rates(watch.deltas("eth2"), 200 * megabits);
  CHECK_THAT(watch.said(), Catch::Contains("agent: 1 interface at another ifIndex: eth1 (1, now 9)\n"));
  CHECK(sqlite_int(watch.site().store(),
                   "SELECT count(*) FROM v_moves WHERE interface = 'eth1' AND from_if_index = 1 AND to_if_index = 9") ==
        1);
}

TEST_CASE("another name at an ifIndex is another interface, with no rate between the two", "[run]") {
  Watch watch(agent_with({40 * megabits, 200 * megabits}));
  watch.await_rates(2);
  fleet::InterfaceChange change;
  change.name = "uplink";  // and nothing else that would tell
  watch.fleet().change_interface("agent", "eth1", change);
  watch.await_rates(2, "uplink");
  watch.stop();
  for (const char* name : {"eth1", "uplink"}) {
    const auto counts = watch.qualities(name);
    CHECK(counts.at("first") == 1);
    CHECK(counts.size() == 2);
    check_rates(watch.deltas(name), 40 * megabits);
  }
  CHECK(watch.qualities("eth2").size() == 2);
  CHECK(watch.deltas().back().poll_number < watch.deltas("uplink").front().poll_number);
}

TEST_CASE("counters that break are told by their quality, cost one rate and are believed again", "[run]") {
  struct Break {
    std::string quality;
    std::function<void(fleet::InterfaceChange&, std::uint64_t now)> make;
  };
  const auto how = GENERATE(Break{"reset",
                                  [](auto& change, std::uint64_t) {
                                    change.counters = {{fleet::Count::in_octets, 5}};
                                  }},
                            Break{"discontinuity",
                                  [](auto& change, std::uint64_t) {
                                    change.counters = {{fleet::Count::in_octets, 5}};
                                    change.discontinuity = true;
                                  }},
                            Break{"implausible", [](auto& change, std::uint64_t now) {
                                    change.counters = {{fleet::Count::in_octets, now + 4'000'000'000'000'000}};
                                  }});
  CAPTURE(how.quality);
  auto spec = agent_with({40 * megabits, 200 * megabits});
  // So high that a counter which began anew cannot be taken for one that went on.
  spec.interfaces[0].start[fleet::Count::in_octets] = 1'000'000'000'000;
  Watch watch(std::move(spec));
  watch.await_rates(2);
  fleet::InterfaceChange change;
  how.make(change, watch.counter("eth1"));
  watch.fleet().change_interface("agent", "eth1", change);
  watch.await_quality(how.quality);
  watch.await_rates(2);
  watch.stop();
  const auto counts = watch.qualities();
  CHECK(counts.at("first") == 1);
  CHECK(counts.at(how.quality) == 1);
  CHECK(counts.size() == 3);
  check_rates(watch.deltas(), 40 * megabits);
  CHECK(watch.qualities("eth2").size() == 2);  // nothing befell the other
  check_rates(watch.deltas("eth2"), 200 * megabits);
}

TEST_CASE("a sysUpTime that stands still is no reboot, and our clock speaks for it", "[run]") {
  Watch watch(agent_with({80 * megabits}), {{"frozen_uptime", true}});
  watch.await_rates(4);
  const auto walks = watch.fleet().stats("agent").get_bulks;
  watch.await_rates(2);
  watch.stop();
  CHECK(watch.qualities().size() == 2);
  check_rates(watch.deltas(), 80 * megabits);
  for (const StoredCycle& cycle : watch.cycles()) CHECK_FALSE(cycle.rebooted);
  // Nor a reason to read the tables again and again.
  CHECK(watch.fleet().stats("agent").get_bulks == walks);
}

TEST_CASE("a caching agent is stale until its base is old enough, and its sums stay true", "[run]") {
  auto spec = agent_with({0});
  spec.cache_period = 1s;
  spec.advertise_cache_period = true;
  Watch watch(std::move(spec));
  watch.await_quality("first");
  watch.set_traffic(80 * megabits);
  watch.await_quality("ok");
  const std::uint64_t truth = watch.settle();
  CHECK(truth > 10'000'000);

  const auto deltas = watch.deltas();
  CHECK(deltas[0].in_quality == "first");
  CHECK(deltas[1].in_quality == "stale");
  for (const StoredDelta& delta : deltas) {
    CAPTURE(delta.poll_number, delta.in_quality, delta.seconds);
    CHECK(delta.makes_rate() == (delta.seconds > 0 && delta.time_error <= 0.101));
    if (delta.makes_rate()) CHECK(delta.seconds > 9.9);
    if (delta.in_quality == "stale") CHECK_FALSE(delta.in_bps);
  }
  CHECK(counted_after(deltas, 0) == static_cast<std::int64_t>(truth));
}

TEST_CASE("an agent that caches and does not say so makes no rate that its time does not bear", "[run]") {
  // Its counters begin at 0, or it was busy before.
  const std::uint64_t start = GENERATE(0U, 1'000'000'000U);
  CAPTURE(start);
  auto spec = agent_with({80 * megabits});
  spec.interfaces[0].start[fleet::Count::in_octets] = start;
  spec.cache_period = 3s;
  Watch watch(std::move(spec));
  await_cycles(watch.site().store(), "agent", 10);
  watch.stop();
  check_rates(watch.deltas(), 80 * megabits);
  CHECK(watch.qualities().at("stale") >= 5);
}

TEST_CASE("ports that are reloaded apart from a fresh one make no rate that their time does not bear", "[run]") {
  auto spec = agent_with({8 * megabits, 80 * megabits, 8 * megabits, 800 * megabits});
  spec.interfaces[1].cache_period = spec.interfaces[2].cache_period = 3s;
  spec.interfaces[3].cache_period = 2500ms;
  spec.interfaces[3].cache_phase = 1s;
  for (auto& interface : spec.interfaces) {
    interface.start[fleet::Count::in_octets] = interface.traffic.in_bps / 8 * spec.sys_uptime / 100;
  }
  Watch watch(std::move(spec));
  await_cycles(watch.site().store(), "agent", 12);
  watch.stop();
  check_rates(watch.deltas("eth1"), 8 * megabits);
  check_rates(watch.deltas("eth2"), 80 * megabits);
  check_rates(watch.deltas("eth3"), 8 * megabits);
  check_rates(watch.deltas("eth4"), 800 * megabits);
  CHECK(watch.qualities("eth2").at("stale") >= 5);
}

TEST_CASE("a cache that is never seen to stand still is found all the same", "[run]") {
  const auto period = GENERATE(300ms, 900ms);
  CAPTURE(period.count());
  auto spec = agent_with({80 * megabits, 8 * megabits});
  spec.cache_period = period;
  Watch watch(std::move(spec));
  const auto found = [&] {
    return sqlite_int(watch.site().store(), "SELECT coalesce(max(CAST(cache_period_ms AS INTEGER)), 0) FROM polls");
  };
  await("its period", [&] { return found() > 0; });
  CHECK(found() >= period.count());
  CHECK(found() <= 3 * period.count());
  await_cycles(watch.site().store(), "agent", 4);
  watch.stop();
  check_rates(watch.deltas("eth1"), 80 * megabits);
  check_rates(watch.deltas("eth2"), 8 * megabits);
  for (const StoredCycle& cycle : watch.cycles()) {
    if (cycle.poll_number > 1) CHECK(cycle.requests <= 2 + 40);
  }
}

TEST_CASE("a run makes no rate of an agent before it knows it, and then one that spans all of that time", "[run]") {
  Watch watch(agent_with({80 * megabits}));
  watch.await_rates(2);
  watch.stop();
  const auto deltas = deltas_of(watch.site().store(), "agent", "eth1");
  REQUIRE(deltas.size() >= 3);
  CHECK(deltas[0].in_quality == "first");
  CHECK(deltas[1].in_quality == "stale");
  const auto known = std::find_if(deltas.begin(), deltas.end(), [](const auto& delta) { return delta.makes_rate(); });
  REQUIRE(known != deltas.end());
  CHECK(known - deltas.begin() <= 3);
  CHECK(known->seconds > 1);
  check_rates(deltas, 80 * megabits);
}

TEST_CASE("the time error of an agent that answers fresh falls to what the looks leave open", "[run]") {
  Watch watch(agent_with({80 * megabits, 8 * megabits}));
  await("a rate that is well known", [&] {
    const auto last = last_rate_of(watch.deltas());
    return last && last->time_error < 0.1;
  });
  watch.stop();
  check_rates(watch.deltas("eth1"), 80 * megabits);
  check_rates(watch.deltas("eth2"), 8 * megabits);
}

TEST_CASE("a port that carries more than it states has no utilisation from then on, and its neighbours have", "[run]") {
  auto spec = agent_with({80 * megabits, 80 * megabits, 8 * megabits});
  spec.interfaces[0].speed_bps = 10'000'000;
  spec.interfaces[2].if_speed = 9'000;
  spec.interfaces[2].if_high_speed = 0;
  spec.interfaces[2].type = 131;
  Watch watch(std::move(spec));
  watch.await_rates(4);
  watch.set_traffic(2 * megabits);
  watch.await_rates(3);
  const auto shares = [&](const char* interface) {
    return sqlite_int(watch.site().store(),
                      std::string("SELECT count(in_utilization) FROM samples JOIN interfaces i ON i.id = interface_id"
                                  " WHERE i.name = '") +
                          interface + "'");
  };
  watch.stop();
  CHECK(shares("eth1") == 0);
  CHECK(shares("eth2") >= 6);
  CHECK(shares("eth3") == 0);
}

TEST_CASE("a sysUpTime that passes 2^32 is no reboot and bends no rate", "[run]") {
  auto spec = agent_with({80 * megabits});
  spec.sys_uptime = 0xFFFFFFFFU - 250;  // 2.5 s to go
  Watch watch(std::move(spec));
  await("a sysUpTime beyond its wrap",
        [&] { return sqlite_int(watch.site().store(), "SELECT count(*) FROM polls WHERE sys_uptime < 100000") >= 2; });
  watch.stop();
  CHECK(watch.qualities().size() == 2);
  check_rates(watch.deltas(), 80 * megabits);
  for (const StoredCycle& cycle : watch.cycles()) CHECK_FALSE(cycle.rebooted);
}

TEST_CASE("polls that are lost lose no octet: the next delta spans them", "[run]") {
  Watch watch(agent_with({0, 100'000}));
  watch.await_quality("first");
  watch.set_traffic(80 * megabits);
  watch.await_rates(2);
  watch.fleet().set("agent", {{"silent", true}});
  await("failed cycles", [&] {
    const auto cycles = watch.cycles();
    return std::count_if(cycles.begin(), cycles.end(), [](const auto& cycle) { return cycle.outcome == "failed"; }) >=
           2;
  });
  watch.fleet().set("agent", {{"silent", false}});
  watch.await_rates(2);
  const std::uint64_t truth = watch.settle();
  const auto deltas = watch.deltas();
  CHECK(counted_after(deltas, 0) == static_cast<std::int64_t>(truth));
  CHECK(std::any_of(deltas.begin(), deltas.end(), [](const auto& delta) {
    return delta.makes_rate() && delta.seconds > 2.0 && *delta.in_octets > 10'000'000;
  }));
}

TEST_CASE("a counter that shows zero for a few polls and comes back makes no spike, and loses nothing", "[run]") {
  constexpr std::uint64_t start = 1'000'000'000'000;
  auto spec = agent_with({0, 100'000});
  spec.interfaces[0].start[fleet::Count::in_octets] = start;
  Watch watch(std::move(spec));
  watch.await_rates(1);
  const auto show = [&](std::uint64_t value) {
    fleet::InterfaceChange change;
    change.counters = {{fleet::Count::in_octets, value}};
    watch.fleet().change_interface("agent", "eth1", change);
  };
  show(0);
  watch.await_quality("reset");
  watch.await_rates(1);
  show(start + 5'000);
  await("the octets that came meanwhile", [&] { return counted_after(watch.deltas(), 0) != 0; });
  watch.await_rates(1);
  watch.stop();
  CHECK(counted_after(watch.deltas(), 0) == 5'000);
  CHECK(watch.qualities().at("reset") == 1);
}

TEST_CASE("unicast packets that an agent shows only some seconds after its start are not counted", "[run]") {
  auto spec = agent_with({0, 100'000});
  spec.interfaces[0].start[fleet::Count::in_octets] = 90'000'000'000;
  Watch watch(std::move(spec));
  watch.await_rates(1);
  fleet::InterfaceChange change;
  change.counters = {{fleet::Count::in_ucast_pkts, 3'000'000}};
  watch.fleet().change_interface("agent", "eth1", change);
  const auto samples_where = [&](const std::string& condition) {
    return sqlite_int(watch.site().store(),
                      "SELECT count(*) FROM samples s JOIN interfaces i ON i.id = s.interface_id"
                      " WHERE i.name = 'eth1' AND " +
                          condition);
  };
  await("the packets", [&] { return samples_where("s.exceptions LIKE '%in_ucast_pkts=implausible%'") > 0; });
  watch.set_traffic(8 * megabits);
  watch.await_rates(2);
  watch.stop();
  CHECK(samples_where("s.exceptions LIKE '%in_ucast_pkts=implausible%'") == 1);
  CHECK(samples_where("s.in_ucast_pkts > 100000") == 0);
  CHECK(samples_where("s.in_ucast_pkts > 0") > 0);
  CHECK(watch.qualities().at("ok") > 2);
}

TEST_CASE("a link that goes and comes back between two polls is told by ifLastChange", "[run]") {
  Watch watch(agent_with({40 * megabits, 0}));
  watch.await_rates(1);
  const auto flaps = [&] { return sqlite_int(watch.site().store(), "SELECT count(*) FROM v_flaps"); };
  // A poll may come just between the two changes, and then sees them.
  await("a flap", [&] {
    for (const std::int32_t status : {2, 1}) {
      fleet::InterfaceChange change;
      change.oper_status = status;
      watch.fleet().change_interface("agent", "eth1", change);
    }
    const auto before = watch.cycles().size();
    await("two more cycles", [&] { return watch.cycles().size() >= before + 2; });
    return flaps() > 0;
  });
  watch.stop();
  CHECK(sqlite_int(watch.site().store(), "SELECT count(*) FROM v_flaps WHERE interface <> 'eth1'") == 0);
  CHECK(sqlite_int(watch.site().store(),
                   "SELECT count(*) FROM v_flaps WHERE flapped_at NOT BETWEEN 360000 AND sys_uptime + 200") == 0);
}

TEST_CASE("the stack of a real switch is read, and totals count nothing twice", "[run]") {
  fleet::Fleet agents;
  for (fleet::DeviceSpec& device : fleet::load_recordings(OCTOPOLL_TEST_DATA "/recordings")) {
    if (device.name == "cloud-arista-dcs-7150s-52-cl") agents.add(std::move(device));
  }
  agents.start();
  const Site site(
      fmt::format("auths: {{a: {{community: cloud-arista-dcs-7150s-52-cl}}}}\n"
                  "devices: [{{name: arista, address: '{}', auth: a, interval: 2s, ping: false}}]",
                  agents.target()));
  Child run = start_polling(site.run());
  await_cycles(site.store(), "arista", 2);
  stop_polling(run);
  const auto pairs = sqlite_query(site.store(),
                                  "SELECT h.type, h.if_index, l.type, l.if_index FROM interface_stack s"
                                  " JOIN interfaces h ON h.id = s.higher_id JOIN interfaces l ON l.id = s.lower_id"
                                  " ORDER BY l.if_index");
  REQUIRE(pairs.size() == 2);
  CHECK(pairs[0] == SqlRow{161, 1'000'001, 6, 47});
  CHECK(pairs[1] == SqlRow{161, 1'000'001, 6, 48});
}

TEST_CASE("the first delta spans half an interval, wherever a device's turn lies", "[run]") {
  fleet::Fleet agents;
  agents.add(fleet::make_devices(8, 1, *fleet::Address::parse("127.1.0.1"), "public"));
  agents.start();
  std::string yaml = "defaults: {interval: 2s, timeout: 500ms, ping: false}\ndevices:\n";
  for (int i = 1; i <= 8; ++i)
    yaml += fmt::format("  - {{name: turn-{0}, address: '127.1.0.{0}:{1}'}}\n", i, agents.port());
  const Site site(yaml);
  Child run = start_polling(site.run());
  await("two cycles of each", [&] {
    return sqlite_int(site.store(),
                      "SELECT count(*) FROM (SELECT device_id FROM polls GROUP BY device_id HAVING count(*) > 1)") == 8;
  });
  stop_polling(run);
  // Stamps are of whole milliseconds.
  CHECK(sqlite_int(site.store(),
                   "SELECT min(b.started_at - a.started_at) FROM polls a"
                   " JOIN polls b ON b.device_id = a.device_id AND b.poll_number = 2 WHERE a.poll_number = 1") >= 998);
}
