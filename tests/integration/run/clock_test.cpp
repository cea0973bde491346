// A wall clock that is set, and a poller that is stopped, while it polls: neither bends a rate.

#include <fmt/format.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "fleet/fleet.hpp"
#include "polling.hpp"
#include "support/sqlite_query.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t true_bps = 80'000'000;

/// An agent with one busy interface, polled every second by a program whose wall clock the test sets.
class Clocked {
 public:
  explicit Clocked(std::int32_t drift_ppm = 0) {
    set_clock(0);
    fleet::DeviceSpec device;
    device.name = "agent";
    device.place.community = "public";
    fleet::SyntheticSpec spec;
    spec.sys_uptime = 360'000;
    spec.clock_drift_ppm = drift_ppm;
    spec.interfaces = fleet::make_interfaces(1, {});
    spec.interfaces[0].traffic.in_bps = true_bps;
    device.synthetic = std::move(spec);
    agents_.add(std::move(device));
    agents_.start();
    site_.rewrite(
        fmt::format("devices: [{{name: agent, address: '{}', interval: 1s, timeout: 400ms, retries: 0, ping: false}}]",
                    agents_.target()));
    const char* const asan = std::getenv("ASAN_OPTIONS");
    ChildOptions options;
    options.env = {{"LD_PRELOAD", OCTOPOLL_CLOCK_STEP_LIBRARY},
                   {"OCTOPOLL_CLOCK_STEP", offset_file().string()},
                   // What is loaded before does not touch memory.
                   {"ASAN_OPTIONS", fmt::format("{}:verify_asan_link_order=0", asan == nullptr ? "" : asan)}};
    run_.emplace(start_polling(site_.run(), options));
  }

  void set_clock(long seconds) const {
    std::fstream file(offset_file(), std::ios::in | std::ios::out | std::ios::binary);
    if (!file) file.open(offset_file(), std::ios::out | std::ios::binary);
    file.write(reinterpret_cast<const char*>(&seconds), sizeof seconds);
  }
  void await_rates(int more) const {
    const auto rates = [this] {
      const auto all = deltas();
      return std::count_if(all.begin(), all.end(), [](const StoredDelta& delta) { return delta.makes_rate(); });
    };
    const auto wanted = rates() + more;
    await("rates", [&] { return rates() >= wanted; });
  }
  [[nodiscard]] Child& run() { return *run_; }
  [[nodiscard]] std::vector<StoredDelta> deltas() const {
    return after_beginning(deltas_of(site_.store(), "agent", "eth1"));
  }
  [[nodiscard]] std::vector<StoredCycle> cycles() const { return cycles_of(site_.store(), "agent"); }
  [[nodiscard]] const Site& site() const { return site_; }

 private:
  [[nodiscard]] std::filesystem::path offset_file() const { return site_.directory() / "offset"; }

  fleet::Fleet agents_;
  Site site_{"devices: []"};
  std::optional<Child> run_;
};

/// Rates alone, after the first reading, and each is the true one.
void check_true(const Clocked& polled) {
  const auto deltas = polled.deltas();
  REQUIRE_FALSE(deltas.empty());
  CHECK(deltas.front().in_quality == "first");
  for (std::size_t i = 1; i < deltas.size(); ++i) check_rate(deltas[i], static_cast<double>(true_bps));
  for (const StoredCycle& cycle : polled.cycles()) CHECK_FALSE(cycle.rebooted);
}

/// Poll numbers go up one by one, and what is stored of them stands in their order.
void check_order(const Clocked& polled) {
  const auto cycles = polled.cycles();
  for (std::size_t i = 0; i < cycles.size(); ++i) CHECK(cycles[i].poll_number == static_cast<std::int64_t>(i) + 1);
  CHECK(sqlite_int(polled.site().store(),
                   "SELECT count(*) FROM polls a JOIN polls b ON b.poll_number = a.poll_number + 1"
                   " WHERE b.id <= a.id") == 0);
}

}  // namespace

TEST_CASE("a wall clock that is set while octopoll polls bends no rate and loses no poll", "[run]") {
  const long step = GENERATE(7'200L, -7'200L);
  CAPTURE(step);
  Clocked polled;
  polled.await_rates(2);
  polled.set_clock(step);
  await("labels of the other time", [&] {
    return sqlite_int(polled.site().store(),
                      fmt::format("SELECT count(*) FROM polls a JOIN polls b ON b.poll_number = a.poll_number + 1"
                                  " WHERE abs(b.started_at - a.started_at - {}) < 2500",
                                  1'000 * (1 + step))) == 1;
  });
  polled.await_rates(3);
  stop_polling(polled.run());
  check_true(polled);
  check_order(polled);
  // Seconds that were not polled would be in a longer delta.
  for (const StoredDelta& delta : polled.deltas()) CHECK(delta.seconds < 60);
}

TEST_CASE("a poller that is stopped for a while makes one longer delta and no wrong rate", "[run]") {
  Clocked polled;
  polled.await_rates(2);
  polled.run().signal(SIGSTOP);
  std::this_thread::sleep_for(2'500ms);
  polled.run().signal(SIGCONT);
  polled.await_rates(3);
  stop_polling(polled.run());
  check_true(polled);
  check_order(polled);
  const auto deltas = polled.deltas();
  CHECK(std::any_of(deltas.begin(), deltas.end(), [](const auto& delta) { return delta.seconds > 2.4; }));
}

TEST_CASE("a sysUpTime that runs slow or fast bends no rate", "[run]") {
  const std::int32_t drift_ppm = GENERATE(-100'000, 20'000);
  CAPTURE(drift_ppm);
  Clocked polled(drift_ppm);
  polled.await_rates(4);
  stop_polling(polled.run());
  check_true(polled);
}
