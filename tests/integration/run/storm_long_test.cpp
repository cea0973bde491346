// Minutes of polling through everything that befalls agents at once: whatever makes a rate is true.

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "fleet/fleet.hpp"
#include "polling.hpp"

using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t megabits = 1'000'000;
const std::vector<std::uint64_t> true_bps{8 * megabits, 40 * megabits, 200 * megabits, 720 * megabits};

/// Far more than any link carries between two polls.
constexpr std::uint64_t leap = 10'000'000'000'000'000;
constexpr std::uint64_t high = 20 * leap;

std::string name_of(std::size_t interface) { return fmt::format("eth{}", interface + 1); }

/// An agent that things happen to, in an order that the seed decides.
class Storm {
 public:
  explicit Storm(std::uint64_t seed) : random_(seed) {
    fleet::DeviceSpec device;
    device.name = "agent";
    device.place.community = "public";
    device.synthetic.sys_uptime = 0xFFFFFFFFU - 2'000;  // wraps after 20 s, unless it restarts before
    device.synthetic.interfaces = fleet::make_interfaces(true_bps.size(), {});
    for (std::size_t i = 0; i < true_bps.size(); ++i) {
      device.synthetic.interfaces[i].traffic.in_bps = true_bps[i];
      device.synthetic.interfaces[i].start[fleet::Count::in_octets] = high;
    }
    agents_.add(std::move(device));
    agents_.start();
  }

  [[nodiscard]] std::string target() const { return agents_.target(); }

  /// One thing more; says what.
  std::string strike() {
    const std::size_t which = pick(true_bps.size());
    switch (pick(9)) {
      case 0:
        return reboot();
      case 1:
        return move_counter(which, false);
      case 2:
        return move_counter(which, true);
      case 3:
        return change(which, "discontinuity", [](fleet::InterfaceChange& made) {
          made.counters = {{fleet::Count::in_octets, high}};
          made.discontinuity = true;
        });
      case 4:
        return change(which, "another ifIndex",
                      [this](fleet::InterfaceChange& made) { made.if_index = ++last_index_; });
      case 5:
        return toggle("silent", true);
      case 6:
        return toggle("drop_rate", 0.3);
      case 7:
        return toggle("frozen_uptime", true);
      default:
        return toggle("delay", {{"fixed_ms", 20}, {"jitter_ms", 150}});
    }
  }
  void calm() {
    for (const char* fault : {"silent", "drop_rate", "frozen_uptime", "delay"}) agents_.set("agent", {{fault, false}});
  }
  [[nodiscard]] std::chrono::milliseconds pause() { return 500ms + std::chrono::milliseconds(pick(3'000)); }

 private:
  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }

  std::string reboot() {
    fleet::RebootOptions options;
    options.renumber = pick(2) == 0;
    if (options.renumber) last_index_ += 100;
    agents_.reboot("agent", options);
    return options.renumber ? "reboot, renumbered" : "reboot";
  }
  template <class Make>
  std::string change(std::size_t which, const char* what, Make make) {
    fleet::InterfaceChange made;
    make(made);
    agents_.change_interface("agent", name_of(which), made);
    return fmt::format("{} of {}", what, name_of(which));
  }
  /// Nothing but the counter says so.
  std::string move_counter(std::size_t which, bool up) {
    std::uint64_t now = 0;
    for (const auto& each : agents_.truth("agent").interfaces) {
      if (each.name == name_of(which)) now = each.counters[fleet::Count::in_octets];
    }
    up = up || now < 2 * leap;
    return change(which, up ? "leap" : "reset", [&](fleet::InterfaceChange& made) {
      made.counters = {{fleet::Count::in_octets, up ? now + leap : now - leap}};
    });
  }
  std::string toggle(const char* fault, const fleet::Json& value) {
    bool& on = on_[fault];
    on = !on;
    agents_.set("agent", {{fault, on ? value : fleet::Json(false)}});
    return fmt::format("{} {}", fault, on ? "on" : "off");
  }

  std::mt19937_64 random_;
  fleet::Fleet agents_;
  std::map<std::string, bool> on_;
  std::uint32_t last_index_ = 1'000;
};

std::chrono::seconds length() {
  const char* const text = std::getenv("OCTOPOLL_STORM_SECONDS");
  return std::chrono::seconds(text == nullptr ? 150 : std::atoi(text));
}

}  // namespace

TEST_CASE("whatever befalls an agent, what makes a rate is true", "[run][long]") {
  const std::uint64_t seed = GENERATE(1U, 2U);
  Storm storm(seed);
  const Site site(fmt::format("devices: [{{name: agent, address: '{}', interval: 1s, timeout: 300ms, ping: false}}]",
                              storm.target()));
  Child run = start_polling(site.run());
  std::string told;
  const auto end = std::chrono::steady_clock::now() + length();
  while (std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(storm.pause());
    told += fmt::format("after poll {}: {}\n", cycles_of(site.store(), "agent").size(), storm.strike());
  }
  storm.calm();
  await_cycles(site.store(), "agent", 4);
  stop_polling(run);

  CAPTURE(seed);
  INFO(told);
  for (std::size_t i = 0; i < true_bps.size(); ++i) {
    const auto deltas = deltas_of(site.store(), "agent", name_of(i));
    CAPTURE(name_of(i));
    const auto rates = std::count_if(deltas.begin(), deltas.end(), [](const auto& d) { return d.makes_rate(); });
    CHECK(rates >= length() / 5s);
    for (const StoredDelta& delta : deltas) {
      if (delta.makes_rate()) {
        check_rate(delta, static_cast<double>(true_bps[i]));
      } else {
        CHECK_FALSE(delta.in_bps);
      }
    }
  }
}
