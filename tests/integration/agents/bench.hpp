#pragma once
// An odd agent beside an honest one, both polled in one loop.

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "octopoll/core/log.hpp"
#include "unit/poll/bench.hpp"

namespace octopoll::test {

inline constexpr std::size_t odd_rows = 20;
inline constexpr double odd_bps = 80'000'000;
/// More than 32 bits hold, so that the width of a counter shows.
inline constexpr std::uint64_t odd_start = 5'000'000'000;

/// "odd" at 127.1.0.1 with the fault, "neighbour" at 127.1.0.2 without any.
class Pair {
 public:
  Pair(const fleet::Json& faults, std::size_t rows) {
    fleet::DeviceSpec odd;
    odd.name = "odd";
    odd.place = {"public", fleet::Address::parse("127.1.0.1"), 0};
    fleet::InterfaceSpec pattern;
    pattern.traffic.in_bps = static_cast<std::uint64_t>(odd_bps);
    pattern.start[fleet::Count::in_octets] = odd_start;
    pattern.start[fleet::Count::out_octets] = odd_start;
    odd.synthetic.interfaces = fleet::make_interfaces(rows, pattern);
    if (!faults.is_null()) odd.faults = faults;
    odd.users.push_back(fleet::parse_user("octo:SHA256:correct horse:AES:battery staple"));
    fleet::DeviceSpec neighbour;
    neighbour.name = "neighbour";
    neighbour.place = {"public", fleet::Address::parse("127.1.0.2"), 0};
    neighbour.synthetic.interfaces = fleet::make_interfaces(3, pattern);
    agents_.add(odd);
    agents_.add(neighbour);
    agents_.start();
    odd_ = device_at(agents_, 1);
    odd_.name = "odd";
    odd_.timeout = std::chrono::milliseconds(400);
    odd_.retries = 1;
    neighbour_ = device_at(agents_, 2);
    neighbour_.name = "neighbour";
  }

  [[nodiscard]] fleet::Fleet& agents() { return agents_; }
  [[nodiscard]] Bench& bench() { return bench_; }
  /// Settings of the odd one; from the first cycle on.
  [[nodiscard]] config::Device& settings() { return odd_; }
  /// Polls the odd one by this version.
  void set_version(SnmpVersion version) {
    odd_.auth.own().version = version;
    odd_.auth.own().username = "octo";
    odd_.auth.own().level = SecurityLevel::auth_priv;
    odd_.auth.own().auth_protocol = AuthProtocol::sha256;
    odd_.auth.own().password = Secret(std::string("correct horse"));
    odd_.auth.own().priv_protocol = PrivProtocol::aes;
    odd_.auth.own().priv_password = Secret(std::string("battery staple"));
  }
  [[nodiscard]] poll::DevicePoller& poller() {
    if (!odd_poller_) odd_poller_ = std::make_unique<poll::DevicePoller>(bench_.shared(), odd_, 0);
    return *odd_poller_;
  }

  /// One cycle of the odd one. While it lasts the neighbour is polled over and over, and must be whole each time.
  DeviceCycle cycle(const poll::CycleRequest& request = {}) {
    if (!neighbour_poller_) neighbour_poller_ = std::make_unique<poll::DevicePoller>(bench_.shared(), neighbour_, 0);
    Polled odd;
    odd.start(poller(), request);
    do {
      Polled neighbour;
      neighbour.start(*neighbour_poller_);
      bench_.run_until([&] { return neighbour.calls > 0; });
      CAPTURE(neighbour.cycle.error ? neighbour.cycle.error->text() : "");
      CHECK(neighbour.cycle.outcome == CycleOutcome::complete);
      CHECK(neighbour.cycle.interfaces.size() == 3);
      ++neighbours_cycles_;
      bench_.run_for(std::chrono::milliseconds(20));
    } while (odd.calls == 0);
    CHECK(odd.calls == 1);
    return odd.cycle;
  }
  [[nodiscard]] int neighbours_cycles() const { return neighbours_cycles_; }

 private:
  fleet::Fleet agents_;
  Bench bench_;
  config::Device odd_, neighbour_;
  std::unique_ptr<poll::DevicePoller> odd_poller_, neighbour_poller_;
  int neighbours_cycles_ = 0;
};

/// The first octets' counter as the rows should have it.
struct Expected {
  std::size_t rows = odd_rows;
  std::uint8_t bits = 64;
  std::set<std::uint32_t> other_bits{};  ///< rows whose counter has the other width
};

/// All rows, each by its own name, with counters of the right width and rates that are true or absent.
inline void check_rows(const DeviceCycle& cycle, const Expected& expected) {
  CAPTURE(cycle.poll_number, cycle.error ? cycle.error->text() : "");
  CHECK(cycle.outcome == CycleOutcome::complete);
  CHECK(cycle.interfaces.size() == expected.rows);
  std::set<std::string> names;
  for (const InterfaceRecord& row : cycle.interfaces) {
    const std::uint32_t index = row.sample.interface.if_index().value;
    CAPTURE(index, row.sample.interface.name(), to_string(row.quality()));
    names.emplace(row.sample.interface.name());
    const auto& in = row.sample.counters[Counter::in_octets];
    REQUIRE(in.present());
    const int bits = expected.other_bits.contains(index) ? 96 - expected.bits : expected.bits;
    CHECK(in.bits == bits);
    const std::uint64_t start = bits == 64 ? odd_start : odd_start & 0xffff'ffff;
    CHECK(in.value >= start);
    CHECK(in.value < start + 2'500'000'000);  // some minutes of its traffic
    CHECK(row.sample.admin_status == status_up);
    CHECK(row.sample.oper_status == status_up);
    CHECK(row.sample.interface.speed_bps() == 1'000'000'000U);
    if (cycle.poll_number == 1) {
      CHECK(row.quality() == Quality::first);
    } else {
      // `stale` is what a busy machine makes of two polls close together.
      CHECK((row.quality() == Quality::ok || row.quality() == Quality::stale));
      if (const auto rate = row.in_rate()) {
        CHECK(std::abs(rate->value - odd_bps) <= odd_bps * (row.time_error + 0.2));
      }
    }
  }
  CHECK(names.size() == expected.rows);
}

}  // namespace octopoll::test
