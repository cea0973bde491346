#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "octopoll/report/availability.hpp"
#include "octopoll/store/writer.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/make_record.hpp"

namespace octopoll::report {
namespace {

using namespace std::chrono_literals;
using latency::Reachability;
using test::noon;

/// A store with devices that are polled and pinged each minute from noon on: y answered, n silent, blank: no turn.
class Store {
 public:
  Store& add(const std::string& device, const std::string& icmp, const std::string& snmp) {
    for (std::size_t i = 0; i < snmp.size(); ++i) {
      if (snmp[i] == ' ') continue;
      DeviceCycle cycle = test::make_cycle(device, i + 1, noon + i * 60s, {});
      if (snmp[i] == 'n') {
        cycle.outcome = CycleOutcome::failed;
        cycle.error = Error{ErrorKind::timeout, "no answer", {}};
      }
      writer_->take(test::share(std::move(cycle)));
    }
    for (std::size_t i = 0; i < icmp.size(); ++i) {
      PingRound round;
      round.target = device;
      round.is_device = true;
      round.started_at = noon + i * 60s + 20ms;
      round.interval = 60s;
      round.slot = std::chrono::floor<std::chrono::minutes>(round.started_at.time_since_epoch()).count();
      round.sent = 1;
      if (icmp[i] == 'y') {
        round.received = 1;
        round.round_trips = {1ms};
      }
      writer_->take(test::share(std::move(round)));
    }
    return *this;
  }
  AvailabilityReport report(const AvailabilityQuery& query) {
    REQUIRE(writer_->close().dropped == 0);
    auto reader = store::Reader::open(dir_ / "x.db");
    REQUIRE(reader);
    const auto made = make_availability(**reader, query);
    REQUIRE(made);
    return *made;
  }

 private:
  test::TempDir dir_;
  std::unique_ptr<store::Writer> writer_ = store::Writer::open(dir_ / "x.db").value();
};

AvailabilityQuery over(std::chrono::seconds since, std::chrono::seconds until) {
  AvailabilityQuery query;
  query.window = {noon + since, noon + until};
  return query;
}

TEST_CASE("a device's time by states, from both protocols") {
  Store store;
  store.add("sw1", "yynn", "ynny");
  const auto made = store.report(over(0s, 240s));
  REQUIRE(made.devices.size() == 1);
  const latency::Availability& sw1 = made.devices[0].availability;
  CHECK(sw1.in(Reachability::up) == 60s);
  CHECK(sw1.in(Reachability::icmp_only) == 60s);
  CHECK(sw1.in(Reachability::down) == 60s);
  CHECK(sw1.in(Reachability::snmp_only) == 60s);
  CHECK(sw1.changes == 3);
  CHECK(sw1.state == Reachability::snmp_only);
  CHECK(sw1.since == noon + 180s);
}

TEST_CASE("a device counts from its first cycle on") {
  Store store;
  store.add("new", "", "      yn").add("old", "", "yyyyyyyy");
  const auto made = store.report(over(0s, 480s));
  REQUIRE(made.devices.size() == 2);
  CHECK(made.devices[0].device == "new");
  CHECK(made.devices[0].availability.in(Reachability::unknown) == 0s);
  CHECK(made.devices[0].availability.reachable_share() == 0.5);
}

TEST_CASE("devices that were first polled after the window are not in it") {
  Store store;
  store.add("later", "", "   y").add("sw1", "", "y");
  const auto made = store.report(over(0s, 60s));
  REQUIRE(made.devices.size() == 1);
  CHECK(made.devices[0].device == "sw1");
}

Store five_devices() {
  Store store;
  store.add("good", "yyyy", "yyyy").add("filtered", "nnnn", "yyyy").add("agentless", "yyyy", "nnnn");
  store.add("dead", "nnnn", "nnnn").add("back", "nnyy", "nnyy");
  return store;
}

std::string names_by(AvailabilityOrder order) {
  AvailabilityQuery query = over(0s, 240s);
  query.order = order;
  std::string names;
  for (const DeviceAvailability& one : five_devices().report(query).devices) names += one.device + " ";
  return names;
}

TEST_CASE("devices are ordered the worst first") {
  CHECK(names_by(AvailabilityOrder::worst) == "dead back agentless filtered good ");
  CHECK(names_by(AvailabilityOrder::state) == "dead agentless filtered good back ");
  CHECK(names_by(AvailabilityOrder::name) == "agentless back dead filtered good ");
}

TEST_CASE("the table, by name and number") {
  AvailabilityQuery query = over(0s, 240s);
  query.device_pattern = "^(dead|back|filtered)$";
  query.top = 2;
  const auto made = five_devices().report(query);
  CHECK(made.found == 3);
  Table table = availability_for_people(made, 0);
  CHECK(table.notes.back() == "The first 2 of 3 devices.");
  table.notes.clear();
  // Times of day are those of this machine's zone.
  for (auto& row : table.rows) row[2].text = "-";
  CHECK(to_text(table, {}) ==
        "Device  State  Since  Reachable      ICMP      SNMP  Up  ICMP only  SNMP only  Down  Unknown  Changes\n"
        "dead    down   -        0.000 %   0.000 %   0.000 %   0          0          0    4m        0        0\n"
        "back    up     -       50.000 %  50.000 %  50.000 %  2m          0          0    2m        0        1\n");
}

TEST_CASE("JSON says the same in seconds and shares") {
  AvailabilityQuery query = over(0s, 240s);
  query.device_pattern = "back";
  const auto json = availability_json(five_devices().report(query), "x.db");
  CHECK(json["report"] == "availability");
  CHECK(json["devices_found"] == 1);
  const auto& back = json["devices"][0];
  CHECK(back["state"] == "up");
  CHECK(back["since"] == "2026-01-31T12:02:00Z");
  CHECK(back["reachable_share"] == 0.5);
  CHECK(back["icmp_share"] == 0.5);
  CHECK(back["up_seconds"] == 120.0);
  CHECK(back["down_seconds"] == 120.0);
  CHECK(back["unknown_seconds"] == 0.0);
  CHECK(back["changes"] == 1);
}

TEST_CASE("availability queries that make no sense are refused before a store is read") {
  CHECK(check(over(60s, 0s)).error().kind == ErrorKind::usage);
  AvailabilityQuery query = over(0s, 60s);
  query.device_pattern = "[";
  CHECK(check(query).error().message.find("--device") != std::string::npos);
  CHECK(availability_order_from("worst").value() == AvailabilityOrder::worst);
  CHECK_FALSE(availability_order_from("best"));
}

}  // namespace
}  // namespace octopoll::report
