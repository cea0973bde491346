#pragma once
// `octopoll run` on an inventory of a test's own, and what it left in the store.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::test {

/// An inventory file, its store beside it, in a folder of their own.
class Site {
 public:
  /// `yaml`: all of the file but the line of the store.
  explicit Site(const std::string& yaml);
  void rewrite(const std::string& yaml) const;

  [[nodiscard]] std::filesystem::path inventory() const { return directory_ / "inventory.yaml"; }
  [[nodiscard]] std::filesystem::path store() const { return directory_ / "store.db"; }
  [[nodiscard]] const TempDir& directory() const noexcept { return directory_; }

  /// argv of `octopoll run -c INVENTORY ARGUMENTS...`.
  [[nodiscard]] std::vector<std::string> run(const std::vector<std::string>& arguments = {}) const;

 private:
  TempDir directory_;
};

/// Starts a polling run and returns when its store is open and the polling has begun; fails the test when it ends
/// instead.
[[nodiscard]] Child start_polling(std::vector<std::string> argv, const ChildOptions& options = {});

/// SIGTERM, then the end that a stop must have: exit code 0, soon.
void stop_polling(Child& run);

/// One cycle as stored.
struct StoredCycle {
  std::int64_t poll_number = 0;
  std::int64_t slot = 0;
  std::string outcome;
  std::string error_kind;  ///< empty: none
  std::string error;
  bool rebooted = false;
  std::int64_t requests = 0;
  std::int64_t interfaces = 0;  ///< rows
  double duration_ms = 0;
};
/// All of a device, in their order.
[[nodiscard]] std::vector<StoredCycle> cycles_of(const std::filesystem::path& store, const std::string& device);

/// What one cycle says of an interface's octets. Unit: octets, seconds.
struct StoredDelta {
  std::int64_t poll_number = 0;
  std::string in_quality;
  std::string out_quality;
  std::optional<std::int64_t> in_octets;
  std::optional<std::int64_t> out_octets;
  std::optional<double> in_bps;
  double seconds = 0;
  double time_error = 0;

  [[nodiscard]] bool makes_rate() const { return in_quality == "ok" || in_quality == "wrapped"; }
  /// The answer took so much of the interval that no rate is made of it, as on a busy machine; nothing is suspected of
  /// the agent, whose cache would be said to hold for longer than the interval.
  [[nodiscard]] bool came_slowly() const { return in_quality == "stale" && time_error > 0.1 && time_error < 1; }
};
[[nodiscard]] std::vector<StoredDelta> deltas_of(const std::filesystem::path& store, const std::string& device,
                                                 const std::string& interface);

/// Without those of the beginning, `stale` since nothing is known yet of the agent's cache (rates/cache_learner.hpp).
[[nodiscard]] std::vector<StoredDelta> after_beginning(std::vector<StoredDelta> deltas);

/// ifHCInOctets (or ifInOctets) as last read. Empty where the interface was never read.
[[nodiscard]] std::optional<std::uint64_t> latest_in_octets(const std::filesystem::path& store,
                                                            const std::string& device, const std::string& interface);

/// The latest delta that makes a rate. Empty where none does.
[[nodiscard]] std::optional<StoredDelta> last_rate_of(const std::vector<StoredDelta>& deltas);

/// Octets of the deltas that make a rate, of cycles after `poll_number`.
[[nodiscard]] std::int64_t counted_after(const std::vector<StoredDelta>& deltas, std::int64_t poll_number);

/// Waits until the device has `count` cycles more than it has now; fails the test when they do not come.
void await_cycles(const std::filesystem::path& store, const std::string& device, std::size_t count);
/// Waits until `condition` holds, looking a few times a second; fails the test with `what` when it never does.
void await(const std::string& what, const std::function<bool()>& condition,
           std::chrono::seconds bound = std::chrono::seconds(60));

/// The rate that a delta shows is `true_bps` within its own stated error of time, and what a busy machine adds.
void check_rate(const StoredDelta& delta, double true_bps);

}  // namespace octopoll::test
