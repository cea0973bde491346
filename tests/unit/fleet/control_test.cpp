#include "fleet/control.hpp"

#include <catch2/catch.hpp>

#include "client.hpp"

namespace fleet {
namespace {

using namespace std::chrono_literals;

/// Commands against a registry, without sockets.
class Desk {
 public:
  Desk() {
    for (const char* name : {"d1", "d2"}) {
      DeviceSpec spec;
      spec.name = name;
      InterfaceSpec pattern;
      pattern.traffic.in_bps = 8000;
      spec.synthetic.interfaces = make_interfaces(2, pattern);
      registry_.add(spec, now);
    }
    DeviceSpec recorded;
    recorded.name = "old";
    recorded.recording = parse_recording("1.3.6.1.2.1.1.1.0|4|x\n", "old");
    registry_.add(recorded, now);
  }
  Json run(const std::string& command) { return execute(registry_, stats_, Json::parse(command), now); }
  Device& device(const std::string& name) { return *registry_.find(std::string_view(name)); }
  Instant now = 1h;

 private:
  Registry registry_;
  FleetStats stats_;
};

TEST_CASE("faults are set for one device or for all") {
  Desk desk;
  CHECK(desk.run(R"({"device": "d1", "set": {"silent": true}})") == Json{{"ok", true}});
  CHECK(desk.device("d1").faults().silent);
  CHECK_FALSE(desk.device("d2").faults().silent);
  CHECK(desk.run(R"({"device": "*", "kill": true})")["ok"] == true);
  CHECK(desk.device("old").faults().silent);
  CHECK(desk.run(R"({"device": "*", "revive": true})")["ok"] == true);
  CHECK_FALSE(desk.device("d1").faults().silent);
}

TEST_CASE("the truth is told, now or for another instant") {
  Desk desk;
  desk.now += 10s;
  const Json now = desk.run(R"({"device": "d1", "truth": true})")["truth"];
  CHECK(now["sys_uptime"] == 1000);
  CHECK(now["at_ns"] == desk.now.count());
  CHECK(now["interfaces"][0]["name"] == "eth1");
  CHECK(now["interfaces"][1]["counters"]["in_octets"] == 10'000);
  const auto earlier = std::chrono::nanoseconds(desk.now - 4s).count();
  const Json then = desk.run(Json{{"device", "d1"}, {"truth", {{"at_ns", earlier}}}}.dump())["truth"];
  CHECK(then["interfaces"][0]["counters"]["in_octets"] == 6000);
}

TEST_CASE("devices change as told") {
  Desk desk;
  desk.now += 10s;
  CHECK(desk.run(R"({"device": "d1", "interface": "eth1", "change":
      {"oper_status": 2, "name": "renamed", "traffic": {"out_bps": 16000}}})")["ok"] == true);
  CHECK(desk.run(R"({"device": "d1", "add_interface": {"if_index": 9}})")["ok"] == true);
  CHECK(desk.run(R"({"device": "d1", "remove_interface": "eth2"})")["ok"] == true);
  desk.now += 1s;
  const Json truth = desk.run(R"({"device": "d1", "truth": true})")["truth"];
  REQUIRE(truth["interfaces"].size() == 2);
  CHECK(truth["interfaces"][0]["name"] == "renamed");
  CHECK(truth["interfaces"][0]["oper_status"] == 2);
  CHECK(truth["interfaces"][1]["if_index"] == 9);
  CHECK(desk.run(R"({"device": "d1", "reboot": {"renumber": true}})")["ok"] == true);
  CHECK(desk.run(R"({"device": "d1", "truth": true})")["truth"]["engine_boots"] == 2);
}

TEST_CASE("a change of one part of the traffic leaves the others") {
  Desk desk;
  CHECK(desk.run(R"({"device": "d1", "interface": "eth1", "change": {"traffic": {"out_bps": 16000}}})")["ok"] == true);
  desk.now += 1s;
  const Json counters = desk.run(R"({"device": "d1", "truth": true})")["truth"]["interfaces"][0]["counters"];
  CHECK(counters["in_octets"] == 1000);
  CHECK(counters["out_octets"] == 2000);
}

TEST_CASE("lists and counts") {
  Desk desk;
  CHECK(desk.run(R"({"devices": true})")["devices"] == Json{"d1", "d2", "old"});
  CHECK(desk.run(R"({"stats": true})")["stats"]["received"] == 0);
  CHECK(desk.run(R"({"device": "d1", "stats": true})")["stats"]["requests"] == 0);
}

TEST_CASE("mistaken commands are answered with what is wrong") {
  const auto [command, message] = GENERATE(table<std::string, std::string>({
      {R"([])", "command: an object is expected"},
      {R"({})", "command: a device, \"devices\" or \"stats\" is expected"},
      {R"({"device": "d9", "kill": true})", "no device is called \"d9\""},
      {R"({"device": "d1"})", "command: one of set, kill"},
      {R"({"device": "d1", "kil": true})", "command: unknown key \"kil\""},
      {R"({"device": "d1", "set": {"silnt": true}})", "no fault \"silnt\""},
      {R"({"device": "d1", "interface": "eth9", "change": {}})", "d1 has no interface \"eth9\""},
      {R"({"device": "d1", "interface": "eth1", "change": {"speed": 1}})", "change: unknown key \"speed\""},
      {R"({"device": "old", "reboot": true})", "old is a recording: it stands still"},
  }));
  INFO(command);
  Desk desk;
  const Json reply = desk.run(command);
  REQUIRE(reply.contains("error"));
  CHECK_THAT(reply["error"].get<std::string>(), Catch::StartsWith(message));
}

TEST_CASE("a fleet that runs takes commands, and its clock may be the test's") {
  std::atomic<std::int64_t> clock{0};
  FleetOptions options;
  options.clock = [&] { return Instant(clock.load()); };
  Fleet fleet(std::move(options));
  DeviceSpec spec;
  spec.name = "d";
  InterfaceSpec pattern;
  pattern.traffic.in_bps = 8000;
  spec.synthetic.interfaces = make_interfaces(1, pattern);
  fleet.add(spec);
  fleet.start();
  testing::Client client("127.0.0.1", fleet.port());
  testing::Ask ask;
  ask.community = "d";
  ask.names = {testing::sys_uptime, testing::column(testing::if_x_table, 6, 1)};
  clock = 5'000'000'000;
  auto response = client.ask(ask);
  REQUIRE(response);
  CHECK(response->bindings[0].number() == 500);
  CHECK(response->bindings[1].number() == 5000);
  CHECK(fleet.truth("d").interfaces[0].counters[Count::in_octets] == 5000);
  fleet.reboot("d");
  response = client.ask(ask);
  CHECK(response->bindings[1].number() == 0);
  CHECK(fleet.command({{"device", "d"}, {"stats", true}})["stats"]["requests"] == 2);
  CHECK_THROWS_WITH(fleet.set("d", {{"nothing", true}}), Catch::Contains("no fault"));
  CHECK_THROWS_WITH(fleet.set("e", {{"silent", true}}), Catch::Contains("\"e\""));
}

}  // namespace
}  // namespace fleet
