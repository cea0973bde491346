#pragma once
// Many SNMP agents in one process: the test agent as a library.
//
//   fleet::Fleet agents;
//   agents.add(fleet::load_recordings(test_data() / "recordings"));
//   agents.start();
//   ... poll 127.0.0.1:agents.port() with the recording's name as community ...
//   agents.set("router-huawei-s5720", {{"silent", true}});

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fleet/scenario.hpp"
#include "fleet/server.hpp"

namespace fleet {

struct FleetOptions {
  Listen listen{};
  /// Of everything that is left to chance (drop_rate, jitter, garbage).
  std::uint64_t seed = 1;
  /// Empty: CLOCK_BOOTTIME. Counters and uptimes follow it; the delay of answers is always real time.
  /// Called on the fleet's thread.
  std::function<Instant()> clock;
};

/// Serves on a thread of its own between start() and stop(); the destructor stops it.
///
/// Thread: any one at a time; calls wait until the fleet's thread has done what they ask.
/// Errors: std::invalid_argument and std::runtime_error, as the parts say.
class Fleet {
 public:
  explicit Fleet(FleetOptions options = {});
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;
  ~Fleet();

  /// Devices with a port or an address beyond 127.0.0.1 and ::1 must be there before start().
  void add(DeviceSpec device);
  void add(std::vector<DeviceSpec> devices);
  /// Opens the sockets in the calling thread's network namespace, then serves them.
  void start();
  void stop();

  [[nodiscard]] std::uint16_t port() const noexcept { return server_.port(); }
  [[nodiscard]] bool has_ipv6() const noexcept { return server_.has_ipv6(); }
  /// "127.0.0.1:PORT".
  [[nodiscard]] std::string target() const;

  /// Any command of control.hpp.
  [[nodiscard]] Json command(const Json& command);
  void set(const std::string& device, const Json& faults);
  [[nodiscard]] Truth truth(const std::string& device);
  [[nodiscard]] Truth truth(const std::string& device, Instant at);
  void reboot(const std::string& device, const RebootOptions& options = {});
  void add_interface(const std::string& device, const InterfaceSpec& interface);
  void remove_interface(const std::string& device, const std::string& interface);
  void change_interface(const std::string& device, const std::string& interface, const InterfaceChange& change);
  [[nodiscard]] DeviceStats stats(const std::string& device);
  [[nodiscard]] FleetStats stats();
  [[nodiscard]] Instant now() const { return clock_(); }

 private:
  void call(const std::function<void()>& work);
  void run_calls();
  [[nodiscard]] Device& device(const std::string& name);
  [[nodiscard]] SyntheticModel& synthetic(const std::string& name);

  std::function<Instant()> clock_;
  Listen listen_;
  Registry registry_;
  Server server_;
  std::mutex mutex_;
  std::vector<std::function<void()>> calls_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace fleet
