#pragma once
// A network path of the test's own, behind a TUN device: it delays, loses, repeats, forges and refuses as it is told.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/fd.hpp"
#include "support/netns.hpp"

namespace octopoll::test {

/// Skips the rest of a test case with a clear line where there are no TUN devices.
[[nodiscard]] bool skip_without_tun();

/// What the path does to echo requests. Shares are probabilities, drawn for each request on its own.
struct PathScript {
  std::chrono::nanoseconds least_delay{}, most_delay{};  ///< uniform between them, both ways together
  double loss = 0;                                       ///< share without any answer
  double duplicates = 0;  ///< share of the answered that is answered twice, one millisecond apart
  double late = 0;        ///< share of the answered that takes `late_by` on top
  std::chrono::nanoseconds late_by{};
  double forged = 0;         ///< share that, beside its fate, has a forged answer one millisecond after it left
  bool unreachable = false;  ///< the last router says "host unreachable" instead of any answer
  std::uint8_t routers = 0;  ///< on the way: a smaller hop limit ends at one of them, which says so
  unsigned mtu = 65'535;     ///< of the last link: a router says what does not fit
};

/// What became of one request, in order of leaving. Times are CLOCK_REALTIME's.
struct PathEntry {
  Endpoint from, to;
  std::chrono::nanoseconds left{};                        ///< the kernel handed it to the interface
  std::chrono::nanoseconds planned{};                     ///< the script's delay; 0 where it is not answered
  std::chrono::nanoseconds write_began{}, write_ended{};  ///< around the moment when the answer came back
  bool answered = false, duplicated = false, late = false, forged = false, refused = false;
  std::uint8_t hop_limit = 0, traffic_class = 0;
  bool dont_fragment = false;  ///< IPv4's bit
  std::size_t octets = 0;      ///< of the IP packet

  [[nodiscard]] std::chrono::nanoseconds least_round_trip() const noexcept { return write_began - left; }
  [[nodiscard]] std::chrono::nanoseconds most_round_trip() const noexcept { return write_ended - left; }
};

/// Shape:  owns the device's other end, and a thread; made inside the namespace (Netns::call()) that prepare() was
///         called for. Everything in `network4` and `network6` is behind it.
/// Times:  requests are stamped by the kernel as they leave, so a busy machine makes answers come later than planned
/// (as
///         the entry tells), and none earlier.
/// Errors: std::system_error.
class PathSimulator {
 public:
  static constexpr const char* network4 = "10.66.0.0/16";
  static constexpr const char* network6 = "fd66::/64";
  static void prepare(const Netns& space);

  /// The `number`th address behind the path, from 0; and the router that is `hop` hops away, from 1.
  [[nodiscard]] static Endpoint target(int family, unsigned number);
  [[nodiscard]] static Endpoint router(int family, unsigned hop);
  /// Further addresses of this machine; prepare() adds them.
  [[nodiscard]] static Endpoint own_address(int family, unsigned number);

  PathSimulator(const PathScript& script, std::uint32_t seed);
  ~PathSimulator();
  PathSimulator(const PathSimulator&) = delete;
  PathSimulator& operator=(const PathSimulator&) = delete;

  /// Nothing is under way back.
  [[nodiscard]] bool idle() const noexcept { return under_way_ == 0; }
  /// Ends the thread and tells what it did. Errors: what made it give up.
  [[nodiscard]] const std::vector<PathEntry>& stop();

 private:
  struct Packet;
  struct Thread;

  PathScript script_;
  std::uint32_t seed_;
  Fd device_, tap_, wake_;
  std::atomic<std::size_t> under_way_{0};
  std::atomic<bool> stopping_{false};
  std::string failure_;
  std::vector<PathEntry> entries_;
  std::thread thread_;
};

}  // namespace octopoll::test
