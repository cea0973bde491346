#include "fleet/scenario.hpp"

#include <catch2/catch.hpp>

#include "client.hpp"
#include "support/binaries.hpp"
#include "support/temp_dir.hpp"

namespace fleet {
namespace {

std::vector<DeviceSpec> parse(const std::string& text) { return parse_scenario(Json::parse(text), "."); }

TEST_CASE("a scenario describes devices") {
  const auto devices = parse(R"({"devices": [
    {"name": "edge", "count": 3, "address": "127.1.0.254", "community": "public", "sys_uptime": 4294960000,
     "cache_period_ms": 3000, "interfaces": {"count": 2, "in_bps": 800, "start": {"in_octets": 4294967000}}},
    {"name": "core", "port": 16100, "ifx_table": false, "max_message_size": 484, "faults": {"no_ifx": true},
     "interfaces": [{"name": "Gi0/1", "speed_bps": 2500000000, "if_high_speed": 2500000000}, {"if_index": 9}]}]})");
  REQUIRE(devices.size() == 4);
  CHECK(devices[0].name == "edge-1");
  CHECK(devices[2].name == "edge-3");
  CHECK(devices[2].place.address->text() == "127.1.1.0");
  CHECK(devices[1].synthetic.cache_period == std::chrono::seconds(3));
  CHECK(devices[1].synthetic.interfaces.size() == 2);
  CHECK(devices[1].synthetic.interfaces[1].start[Count::in_octets] == 4294967000);
  CHECK(devices[3].place.port == 16100);
  CHECK(devices[3].max_message_size == 484);
  CHECK(devices[3].synthetic.interfaces[0].if_index == 1);
  CHECK(devices[3].synthetic.interfaces[0].descr == "Gi0/1");
  CHECK(devices[3].synthetic.interfaces[0].if_high_speed == 2500000000U);
  CHECK(devices[3].synthetic.interfaces[1].name == "eth9");
  CHECK(devices[3].faults == Json{{"no_ifx", true}});
}

TEST_CASE("mistakes in a scenario are named") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {R"({})", "scenario.devices: an array is expected"},
      {R"({"devices": [{}]})", "scenario.devices[0]: a name is expected"},
      {R"({"devices": [{"name": "a", "adress": "x"}]})", "scenario.devices[0]: unknown key \"adress\"; known are"},
      {R"({"devices": [{"name": "a", "address": "here"}]})", "scenario.devices[0].address: not an address: here"},
      {R"({"devices": [{"name": "a", "port": 70000}]})", "scenario.devices[0].port: a whole number from 0 to 65535"},
      {R"({"devices": [{"name": "a", "faults": {"x": 1}}]})", "no fault \"x\""},
      {R"({"devices": [{"name": "a", "interfaces": [{"speed": 1}]}]})",
       "scenario.devices[0].interfaces[0]: unknown key \"speed\""},
      {R"({"devices": [{"name": "a", "interfaces": {"packet_octets": 0}}]})",
       "scenario.devices[0].interfaces.packet_octets: more than 0"},
      {R"({"devices": [{"name": "a", "interfaces": {"start": {"octets": 0}}}]})",
       "scenario.devices[0].interfaces.start: unknown key \"octets\""},
  }));
  INFO(text);
  CHECK_THROWS_WITH(parse(text), Catch::StartsWith(message));
}

TEST_CASE("a scenario's file is named in its errors, and recordings lie beside it") {
  const octopoll::test::TempDir dir;
  octopoll::test::write_file(dir / "good.json", R"({"devices": [{"name": "a", "recording": "a.snmprec"}]})");
  octopoll::test::write_file(dir / "a.snmprec", "1.3.6.1.2.1.1.1.0|4|hello\n");
  const auto devices = load_scenario(dir / "good.json");
  REQUIRE(devices.size() == 1);
  CHECK(devices[0].recording->layout->size() == 1);

  octopoll::test::write_file(dir / "bad.json", "{\"devices\": [");
  CHECK_THROWS_WITH(load_scenario(dir / "bad.json"), Catch::Contains("bad.json"));
  octopoll::test::write_file(dir / "lost.json", R"({"devices": [{"name": "a", "recording": "lost.snmprec"}]})");
  CHECK_THROWS_WITH(load_scenario(dir / "lost.json"), Catch::Contains("lost.snmprec"));
  CHECK_THROWS_WITH(load_scenario(dir / "none.json"), Catch::Contains("none.json"));
  CHECK_THROWS_WITH(load_recordings(dir / "nowhere"), Catch::Contains("nowhere"));
}

}  // namespace
}  // namespace fleet
