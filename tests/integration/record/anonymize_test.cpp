// `octopoll record --anonymize`: nothing of what is somebody's may be in the file, and the device plays all the same.

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "fleet/fleet.hpp"
#include "record_command.hpp"
#include "support/temp_dir.hpp"

using namespace octopoll::test;

namespace {

const char* const secret_device =
    "1.3.6.1.2.1.1.1.0|4|Linux gate7.example.org 6.1.0 version 12.2.50.5 at 10.20.30.40, S/N FOC1234X0AB\n"
    "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.1.516\n"
    "1.3.6.1.2.1.1.3.0|67|12345\n"
    "1.3.6.1.2.1.1.4.0|4|alice@example.org\n"
    "1.3.6.1.2.1.1.5.0|4|gate7.example.org\n"
    "1.3.6.1.2.1.1.6.0|4|Bunker 4\n"
    "1.3.6.1.2.1.2.1.0|2|3\n"
    "1.3.6.1.2.1.2.2.1.2.1|4|eth0\n"
    "1.3.6.1.2.1.2.2.1.2.2|4|eth1\n"
    "1.3.6.1.2.1.2.2.1.2.3|4|lo\n"
    "1.3.6.1.2.1.2.2.1.6.1|4x|0050c2a1b2c3\n"
    "1.3.6.1.2.1.2.2.1.6.2|4x|0050c2a1b2c4\n"
    "1.3.6.1.2.1.2.2.1.6.3|4x|000000000000\n"
    "1.3.6.1.2.1.2.2.1.10.1|65|4242\n"
    "1.3.6.1.2.1.4.20.1.1.10.20.30.40|64|10.20.30.40\n"
    "1.3.6.1.2.1.31.1.1.1.1.1|4|eth0\n"
    "1.3.6.1.2.1.31.1.1.1.18.1|4|to customer Miller\n"
    "1.3.6.1.2.1.31.1.1.1.18.2|4|to customer Miller\n"
    "1.3.6.1.2.1.31.1.1.1.18.3|4|\n"
    "1.3.6.1.2.1.47.1.1.1.1.11.1|4|FOC1234X0AB\n"
    "1.3.6.1.2.1.99.1|64|10.20.30.40\n"
    "1.3.6.1.2.1.99.2|4|peer 00:50:C2:A1:B2:C3 via 10.20.30.40 and fe80::250:c2ff:fea1:b2c3\n"
    "1.3.6.1.6.3.10.2.1.1.0|4x|80001f88030050c2a1b2c3\n"
    "1.3.6.1.6.3.18.1.1.1.2.1|4|private-community\n";

}  // namespace

TEST_CASE("an anonymous recording has other names and addresses, the same for the same", "[record]") {
  fleet::Fleet agents;
  fleet::DeviceSpec device;
  device.name = "secret";
  device.recording = fleet::parse_recording(secret_device, "secret");
  agents.add(device);
  agents.start();
  const TempDir folder;
  const auto file = folder / "anonymous.snmprec";
  const CommandResult result = record({agents.target(), "-c", "secret", "--all", "--anonymize", "-o", file.string()});
  INFO(result.describe());
  REQUIRE(result.exit_code() == 0);
  CHECK_THAT(result.err, Catch::Contains("look through the file"));
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0600U) == 0600U);
  CHECK(read_file(file) ==
        "1.3.6.1.2.1.1.1.0|4|Linux device-1xxxxxxxxx 6.1.0 version 12.2.50.5 at 192.0.2.1, S/N serial-1xxx\n"
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.1.516\n"
        "1.3.6.1.2.1.1.3.0|67|12345\n"
        "1.3.6.1.2.1.1.4.0|4|contact-1xxxxxxxx\n"
        "1.3.6.1.2.1.1.5.0|4|device-1xxxxxxxxx\n"
        "1.3.6.1.2.1.1.6.0|4|location-1\n"
        "1.3.6.1.2.1.2.1.0|2|3\n"
        "1.3.6.1.2.1.2.2.1.2.1|4|eth0\n"
        "1.3.6.1.2.1.2.2.1.2.2|4|eth1\n"
        "1.3.6.1.2.1.2.2.1.2.3|4|lo\n"
        "1.3.6.1.2.1.2.2.1.6.1|4x|0050c2000001\n"
        "1.3.6.1.2.1.2.2.1.6.2|4x|0050c2000002\n"
        "1.3.6.1.2.1.2.2.1.6.3|4x|000000000000\n"
        "1.3.6.1.2.1.2.2.1.10.1|65|4242\n"
        "1.3.6.1.2.1.31.1.1.1.1.1|4|eth0\n"
        "1.3.6.1.2.1.31.1.1.1.18.1|4|alias-1xxxxxxxxxxx\n"
        "1.3.6.1.2.1.31.1.1.1.18.2|4|alias-1xxxxxxxxxxx\n"
        "1.3.6.1.2.1.31.1.1.1.18.3|4|\n"
        "1.3.6.1.2.1.47.1.1.1.1.11.1|4|serial-1xxx\n"
        "1.3.6.1.2.1.99.1|64|192.0.2.1\n"
        "1.3.6.1.2.1.99.2|4|peer 00:50:C2:00:00:01 via 192.0.2.1 and 2001:db8::1\n"
        "1.3.6.1.6.3.10.2.1.1.0|4x|80001f88030050c2000001\n");

  fleet::Fleet again;
  again.add(fleet::load_recordings(folder.path()));
  again.start();
  const CommandResult walk = run_command({octopoll_binary().string(), "walk", again.target(), "-c", "anonymous", "-t",
                                          "5", "-r", "5", "--format", "json"});
  REQUIRE(walk.exit_code() == 0);
  CHECK(nlohmann::json::parse(walk.out)["interfaces"].size() == 3);
}
