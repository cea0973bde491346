// Names with more than one address.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>

#include "fleet/fleet.hpp"
#include "integration/run/own_file.hpp"
#include "integration/run/polling.hpp"
#include "support/netns.hpp"

using namespace octopoll::test;

namespace {

fleet::Fleet& started(fleet::Fleet& agents, const fleet::Json& faults) {
  for (const char* address : {"127.1.0.1", "127.1.0.2"}) {
    fleet::DeviceSpec spec;
    spec.name = address;
    spec.place = {"public", fleet::Address::parse(address), 0};
    spec.synthetic.interfaces = fleet::make_interfaces(2, {});
    spec.faults = faults;
    agents.add(spec);
  }
  agents.start();
  return agents;
}

}  // namespace

TEST_CASE("a dead device of two addresses costs one request a cycle, and is found at either", "[agents][address]") {
  if (skip_without_netns()) return;
  fleet::Fleet agents;
  started(agents, {{"silent", true}});
  const Site site(
      fmt::format("devices: [{{name: twofold, address: 'twofold.example:{}', interval: 1s, timeout: 100ms,"
                  " retries: 0, ping: false}}]",
                  agents.port()));
  write_file(site.directory() / "hosts", "127.1.0.1 twofold.example\n127.1.0.2 twofold.example\n");
  Child run = start_polling(with_own_file(site.directory() / "hosts", "/etc/hosts", site.run()));
  await_cycles(site.store(), "twofold", 4);
  const auto silent = cycles_of(site.store(), "twofold");
  CHECK(silent[0].requests == 2);
  for (std::size_t i = 1; i < silent.size(); ++i) {
    CAPTURE(i);
    CHECK(silent[i].requests == 1);
  }
  CHECK(agents.stats("127.1.0.1").requests >= 2);
  CHECK(agents.stats("127.1.0.2").requests >= 2);
  agents.set("127.1.0.2", {{"silent", false}});
  await("the device is found", [&] { return cycles_of(site.store(), "twofold").back().outcome == "complete"; });
  stop_polling(run);
}
