// `octopoll run` that is stopped, or killed, and started again: it goes on from what it had stored last.

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/fleet.hpp"
#include "polling.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t megabits = 1'000'000;
constexpr std::uint64_t rate = 80 * megabits;

/// One agent called "agent" with eth1 and eth2, and runs of octopoll on one store, one after another.
class House {
 public:
  explicit House(fleet::SyntheticSpec spec) {
    fleet::DeviceSpec device;
    device.name = "agent";
    device.place.community = "public";
    device.synthetic = std::move(spec);
    fleet_.add(std::move(device));
    fleet_.start();
    site_.emplace(inventory());
  }

  [[nodiscard]] std::string inventory(const std::string& name = "agent", const std::string& more = {}) const {
    return fmt::format("devices: [{{name: {}, address: '{}', interval: 500ms, timeout: 400ms, ping: false{}}}]", name,
                       fleet_.target(), more);
  }
  void rewrite(const std::string& yaml) { site_->rewrite(yaml); }

  void start() { run_.emplace(start_polling(site_->run())); }
  void stop() {
    stop_polling(*run_);
    run_.reset();
  }
  void kill() {
    run_->signal(SIGKILL);
    REQUIRE(run_->wait(30s));
    run_.reset();
  }
  /// So many more rates of eth1.
  void await_rates(int more, const std::string& device = "agent") {
    const auto count = [&] {
      const auto all = deltas(device);
      return std::count_if(all.begin(), all.end(), [](const auto& delta) { return delta.makes_rate(); });
    };
    const auto wanted = count() + more;
    await("rates", [&] { return count() >= wanted; });
  }
  /// A run until it has made rates.
  void run_a_while(int rates = 2) {
    start();
    await_rates(rates);
    stop();
  }
  /// What comes in; what goes out keeps moving, for a device of which nothing moves may be one that caches.
  void set_traffic(std::uint64_t in_bps) {
    fleet::InterfaceChange change;
    change.traffic = fleet::Traffic{};
    change.traffic->in_bps = in_bps;
    change.traffic->out_bps = 100'000;
    fleet_.change_interface("agent", "eth1", change);
  }
  /// A run that takes all that came, once it comes no more; what truly came since the agent was made.
  std::uint64_t run_to_the_end() {
    set_traffic(0);
    const std::uint64_t end = counter();
    start();
    const auto at_rest = [&] {
      const auto last = last_rate_of(deltas());
      return latest_in_octets(store(), "agent", "eth1") == end && last && last->in_octets == 0;
    };
    await("the last octets in a rate", at_rest, 150s);  // an agent that caches makes one in ten seconds, or more
    stop();
    return end;
  }

  [[nodiscard]] fleet::Fleet& fleet() { return fleet_; }
  [[nodiscard]] std::filesystem::path store() const { return site_->store(); }
  [[nodiscard]] std::vector<StoredDelta> deltas(const std::string& device = "agent",
                                                const std::string& interface = "eth1") const {
    return deltas_of(site_->store(), device, interface);
  }
  [[nodiscard]] std::map<std::string, int> qualities(const std::string& interface = "eth1") const {
    std::map<std::string, int> counts;
    for (const StoredDelta& delta : deltas("agent", interface)) ++counts[delta.in_quality];
    return counts;
  }
  [[nodiscard]] std::uint64_t counter() {
    for (const auto& each : fleet_.truth("agent").interfaces) {
      if (each.name == "eth1") return each.counters[fleet::Count::in_octets];
    }
    FAIL("no eth1");
    return 0;
  }
  /// Changes the store between two runs.
  void change_store(const std::string& sql) const { sqlite_change(site_->store(), sql); }

 private:
  fleet::Fleet fleet_;
  std::optional<Site> site_;
  std::optional<Child> run_;
};

fleet::SyntheticSpec agent() {
  fleet::SyntheticSpec spec;
  spec.sys_uptime = 360'000;
  spec.interfaces = fleet::make_interfaces(2, fleet::InterfaceSpec{});
  spec.interfaces[0].traffic.in_bps = rate;
  spec.interfaces[1].traffic.in_bps = 8 * megabits;
  return spec;
}

/// Its first reading shows a counter of 0, so that all that ever comes is in some delta.
fleet::SyntheticSpec quiet_agent() {
  fleet::SyntheticSpec spec = agent();
  spec.interfaces[0].traffic.in_bps = 0;
  spec.interfaces[0].traffic.out_bps = 100'000;
  return spec;
}

}  // namespace

TEST_CASE("no octet is lost between runs, whether octopoll was stopped or killed", "[run]") {
  House house(quiet_agent());
  house.start();
  await("the first reading", [&] { return !house.deltas().empty(); });
  house.set_traffic(rate);
  house.await_rates(2);
  house.stop();
  house.run_a_while();
  house.start();
  house.await_rates(2);
  house.kill();
  const std::uint64_t truth = house.run_to_the_end();

  CHECK(truth > 10'000'000);
  CHECK(counted_after(house.deltas(), 0) == static_cast<std::int64_t>(truth));
  CHECK(house.qualities().at("first") == 1);
  CHECK(house.qualities("eth2").at("first") == 1);
  bool known = false;  // whether the agent caches; once, not after each start
  for (const StoredDelta& delta : house.deltas()) {
    CAPTURE(delta.poll_number, delta.seconds, delta.in_quality, delta.time_error);
    CHECK((delta.poll_number == 1 || delta.makes_rate() || delta.came_slowly() ||
           (!known && delta.in_quality == "stale")));
    known = known || delta.makes_rate();
  }
  // The sums have them, too, once: those that are rows, and what is still open.
  CHECK(sqlite_int(house.store(),
                   "SELECT sum(in_octets) FROM samples s JOIN interfaces i ON i.id = s.interface_id"
                   " WHERE i.name = 'eth1'") == static_cast<std::int64_t>(truth));
}

TEST_CASE("after a start of the machine the agent's uptime measures the stop, if the wall clock says the same",
          "[run]") {
  House house(agent());
  house.run_a_while();
  const std::int64_t last = house.deltas().back().poll_number;
  // As if another start of the machine had written it, whose clock read ten days more.
  std::string sql = "UPDATE device_latest SET boot = 'another', booted_us = booted_us + 864000000000;";
  SECTION("it does") {
    house.change_store(sql);
    house.run_a_while();
    // Too short a stop is stale at first, for sysUpTime has steps of 10 ms.
    const auto all = house.deltas();
    const auto first =
        std::find_if(all.begin() + last, all.end(), [](const auto& delta) { return delta.makes_rate(); });
    REQUIRE(first != all.end());
    CHECK(first->in_octets.value() > 0);
    check_rate(*first, static_cast<double>(rate));
    CHECK(house.qualities().at("first") == 1);
    CHECK(house.qualities("eth2").at("first") == 1);
  }
  SECTION("the wall clock was set meanwhile") {
    house.change_store(sql + "UPDATE device_latest SET started_at = started_at - 3600000");
    house.run_a_while();
    CHECK(house.deltas().at(static_cast<std::size_t>(last)).in_quality == "first");
    CHECK(house.qualities().at("first") == 2);
    for (const StoredCycle& cycle : cycles_of(house.store(), "agent")) CHECK_FALSE(cycle.rebooted);
  }
}

TEST_CASE("a wall clock that was set bends nothing while the machine runs on", "[run]") {
  House house(agent());
  house.run_a_while();
  const std::int64_t hours = GENERATE(-24, 24);
  house.change_store(fmt::format("UPDATE device_latest SET started_at = started_at + {}", hours * 3'600'000));
  house.run_a_while();
  CHECK(house.qualities().at("first") == 1);
  for (const StoredDelta& delta : house.deltas()) {
    if (delta.makes_rate()) check_rate(delta, static_cast<double>(rate));
  }
}

TEST_CASE("an agent that restarted during the stop is told, and no rate spans it", "[run]") {
  House house(agent());
  house.run_a_while();
  fleet::RebootOptions options;
  options.renumber = GENERATE(false, true);
  house.fleet().reboot("agent", options);
  house.run_a_while();
  const auto cycles = cycles_of(house.store(), "agent");
  CHECK(std::count_if(cycles.begin(), cycles.end(), [](const auto& cycle) { return cycle.rebooted; }) == 1);
  for (const char* interface : {"eth1", "eth2"}) {
    CAPTURE(interface);
    CHECK(house.qualities(interface).at("first") == 1);
    CHECK(house.qualities(interface).at("reboot") == 1);
  }
  for (const StoredDelta& delta : house.deltas()) {
    if (delta.makes_rate()) check_rate(delta, static_cast<double>(rate));
  }
}

TEST_CASE("interfaces that move, go or come during the stop are what their names say", "[run]") {
  House house(agent());
  house.run_a_while();
  fleet::InterfaceChange change;
  SECTION("another ifIndex") {
    change.if_index = 9;
    house.fleet().change_interface("agent", "eth1", change);
    house.run_a_while();
    CHECK(house.qualities().at("first") == 1);
    CHECK(sqlite_int(house.store(), "SELECT if_index FROM interfaces WHERE name = 'eth1'") == 9);
  }
  SECTION("another name at its place") {
    change.name = "uplink";
    house.fleet().change_interface("agent", "eth1", change);
    house.start();
    await("rates of the new one", [&] {
      const auto all = house.deltas("agent", "uplink");
      return !all.empty() && all.back().makes_rate();
    });
    house.stop();
    CHECK(house.deltas("agent", "uplink").front().in_quality == "first");
  }
  SECTION("its counters began anew") {
    change.counters = {{fleet::Count::in_octets, 5}};
    change.discontinuity = true;
    house.fleet().change_interface("agent", "eth1", change);
    house.run_a_while();
    CHECK(house.qualities().at("discontinuity") == 1);
  }
  CHECK(house.qualities("eth2").at("first") == 1);
  for (const char* interface : {"eth1", "uplink"}) {
    for (const StoredDelta& delta : house.deltas("agent", interface)) {
      if (delta.makes_rate()) check_rate(delta, static_cast<double>(rate));
    }
  }
}

TEST_CASE("an inventory that asks otherwise after the stop begins anew where that may be another agent", "[run]") {
  House house(agent());
  house.run_a_while();
  SECTION("under another name") {
    house.rewrite(house.inventory("renamed"));
    house.start();
    house.await_rates(1, "renamed");
    house.stop();
    CHECK(house.deltas("renamed").front().in_quality == "first");
  }
  SECTION("with other credentials") {
    house.rewrite("auths: {other: {version: 1, community: public}}\n" + house.inventory("agent", ", auth: other"));
    house.run_a_while();
    CHECK(house.qualities().at("first") == 2);
  }
  SECTION("with fewer counters, of the same agent") {
    house.rewrite(house.inventory("agent", ", counters: [unicast]"));
    house.run_a_while();
    CHECK(house.qualities().at("first") == 1);
  }
}

TEST_CASE("a 32-bit counter over a long stop is ambiguous", "[run]") {
  auto spec = agent();
  spec.counters_64 = false;
  spec.sys_uptime = 100'000'000;
  House house(std::move(spec));
  house.run_a_while();
  const std::int64_t last = house.deltas().back().poll_number;
  // As if it had been read two days ago, by every clock.
  house.change_store(
      "UPDATE device_latest SET booted_us = booted_us - 172800000000, started_at = started_at - 172800000,"
      " readings = (SELECT json_group_array(json_set(value, '$[4]', json_extract(value, '$[4]') - 17280000))"
      " FROM json_each(readings)), engine_time = engine_time - 172800;"
      "UPDATE polls SET sys_uptime = sys_uptime - 17280000 WHERE id = (SELECT poll_id FROM device_latest)");
  house.run_a_while();
  const auto first = house.deltas().at(static_cast<std::size_t>(last));
  CHECK(first.in_quality == "ambiguous");
  CHECK(first.seconds > 172'800);
}

TEST_CASE("an agent that caches loses nothing between runs, though the last readings made no delta", "[run]") {
  auto spec = quiet_agent();
  spec.cache_period = 1s;
  spec.advertise_cache_period = true;
  House house(std::move(spec));
  house.start();
  await("the first reading", [&] { return !house.deltas().empty(); });
  house.set_traffic(rate);
  await("a rate, and a stale reading after it", [&] {
    const auto all = house.deltas();
    return all.size() > 2 && all.back().in_quality == "stale" &&
           std::any_of(all.begin(), all.end(), [](const auto& delta) { return delta.makes_rate(); });
  });
  house.stop();
  CHECK(sqlite_int(house.store(), "SELECT count(*) FROM base_lines") == 1);
  const std::uint64_t truth = house.run_to_the_end();
  CHECK(counted_after(house.deltas(), 0) == static_cast<std::int64_t>(truth));
  CHECK(house.qualities().at("first") == 1);
}
