#pragma once
// Everything that polling needs, put together: loop, engine, prober, store, poller. What `run` and `local` share.

#include <filesystem>
#include <memory>
#include <optional>

#include "cli/cycle_table.hpp"
#include "octopoll/config/inventory.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/icmp/prober.hpp"
#include "octopoll/poll/poller.hpp"
#include "octopoll/snmp/engine.hpp"
#include "octopoll/store/writer.hpp"

namespace octopoll::cli {

struct HouseOptions {
  std::optional<std::filesystem::path> db;  ///< --db
  bool keep_latest = false;                 ///< records are kept for a table at the end
  poll::PollerOptions poller;               ///< what it takes from the store is filled in
};

class PollingHouse {
 public:
  /// Opens the store (its path is said on stderr) and the sockets; polls nothing yet. The calling thread is blocked for
  /// SIGINT, SIGTERM, SIGHUP, SIGUSR1 from here on, so that the store's thread inherits that.
  /// Errors: of the store. Without ICMP sockets it goes on, with one warning.
  [[nodiscard]] static Result<std::unique_ptr<PollingHouse>> open(config::Inventory inventory, HouseOptions options);

  [[nodiscard]] EventLoop& loop() noexcept { return *loop_; }
  [[nodiscard]] snmp::Engine& engine() noexcept { return *engine_; }
  [[nodiscard]] poll::Poller& poller() noexcept { return *poller_; }
  [[nodiscard]] LatestRecords& latest() noexcept { return latest_; }
  [[nodiscard]] std::size_t probes() const noexcept { return probes_; }
  [[nodiscard]] const std::filesystem::path& store_path() const noexcept { return store_path_; }

  /// Runs the loop until stop() has done its work.
  void run();
  /// Ends the polling in good order; from a callback. A second call changes nothing.
  void stop();
  /// How long the store keeps what it has, from now on.
  void keep(const Retention& retention) { writer_->keep(retention); }
  /// Says on stderr what was done so far, and how punctually (SIGUSR1).
  void say_figures();
  /// Flushes the store and says the last line. False where something was lost.
  [[nodiscard]] bool close();

 private:
  PollingHouse() = default;
  void tidy_in_a_while();

  std::filesystem::path store_path_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<snmp::Engine> engine_;
  std::unique_ptr<icmp::Prober> prober_;
  Error no_prober_;  // why there is none
  std::unique_ptr<poll::Resolver> resolver_;
  std::unique_ptr<store::Writer> writer_;
  LatestRecords latest_;
  std::unique_ptr<poll::Poller> poller_;
  std::size_t probes_ = 0;
  bool stopping_ = false;
};

}  // namespace octopoll::cli
