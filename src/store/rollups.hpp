#pragma once
// Sums of traffic, made as cycles come.
//
// Per device one bin of 5 minutes is open: that of its newest reading. What of a sample falls into it waits in memory,
// an OpenBin an interface; what falls into earlier ones is put into their rows at once. When the device's next bin
// begins, what waited becomes rows. rollup_state keeps which bin is open and with which cycle it began: so that
//
//     the rows of a device are the sums of all its samples, but for what cycles from that one on have in the open bin,
//
// and whoever begins anew (a restart, a transaction that failed) reads that much of the samples, and no more. A clock
// that was set back leads to rows that are there; they are added to, for sums may come in any order.
//
// A delta over many bins, as an outage leaves, goes into the open one at once and into the others later, some thousand
// rows a transaction (rollups_put_off): a day of a thousand interfaces would be 288,000.
//
// Hours are summed from 5 minutes and days from hours when they are over, the devices one after another (rollups_due),
// and summed again where something came late. With them go the histograms of rates of a device (rate_histograms): that
// of an hour is made of the 5 minutes that its sums are made of, that of a day of its hours'. Hours' are taken when
// their day is two days past; what comes later than that takes the day's, too, for it is not whole any more.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "database.hpp"
#include "id_runs.hpp"
#include "octopoll/store/rate_histogram.hpp"
#include "traffic_bin.hpp"
#include "traffic_rows.hpp"
#include "unsealer.hpp"

namespace octopoll::store {

/// Runs inside the caller's transactions. Errors: store.
class Rollups {
 public:
  static constexpr std::int64_t no_bin = std::numeric_limits<std::int64_t>::min();
  /// From `next` up to, and without, `end`.
  struct Bins {
    std::int64_t next, end;
  };
  /// What is known of one device beside the OpenBin of each of its interfaces.
  struct Device {
    using Restored = std::unordered_map<std::int64_t, OpenBin>;
    std::int64_t id = 0;
    std::int64_t open_bin = no_bin;
    /// Of interfaces that no cycle showed since restore(); null where that is none.
    std::unique_ptr<Restored> restored;
    std::int64_t marked_hour = no_bin;  ///< noted in rollups_due, as long as `marked_at` is of now
    std::uint64_t marked_at = 0;
    std::optional<Bins> put_off;  ///< of long samples of the cycle on its way
  };

  [[nodiscard]] static Result<Rollups> create(Database& database);

  /// Sets what is open of a device of which nothing is known in memory.
  [[nodiscard]] Result<> restore(Device& device);

  /// What was open of an interface that a cycle shows for the first time since restore(); mostly nothing.
  [[nodiscard]] static OpenBin take_restored(Device& device, std::int64_t interface_id);

  /// A sample of the device's newest cycle, whose latest reading is in the bin `newest`.
  [[nodiscard]] Result<> add(Device& device, OpenBin& open, std::int64_t interface_id, const TrafficSample& sample,
                             std::int64_t newest);
  /// A sample of a cycle that came after later ones.
  [[nodiscard]] Result<> add_late(Device& device, std::int64_t interface_id, const TrafficSample& sample);
  /// To be called for each interface of a device that moves to the bin `newest`, and then move() once.
  [[nodiscard]] Result<> close(Device& device, OpenBin& open, std::int64_t interface_id, std::int64_t newest);
  [[nodiscard]] Result<> move(Device& device, std::int64_t newest, std::uint64_t poll_number);
  /// To be called after the samples of a cycle.
  [[nodiscard]] Result<> note_put_off(Device& device, std::int64_t poll_id);
  /// As move(), where nothing is open from now on.
  [[nodiscard]] Result<> settle(Device& device);
  /// Devices with a bin open that began before `before`: they are not polled any more.
  [[nodiscard]] Result<std::vector<std::string>> left_open(std::int64_t before);

  /// What was put off, hours and days that are due at `now_s` (unix time), and samples from before there were sums:
  /// some thousand rows at most, as it runs beside the writing.
  [[nodiscard]] Result<> catch_up(std::int64_t now_s);

  /// After a transaction was undone: what was noted in it is not in the file.
  void forget() noexcept {
    ++marks_;
    unsealer_.forget();
  }

 private:
  struct Level {
    TrafficLevel of;
    Statement insert, replace, missing, read_one, read_range, note_time;
    std::int64_t noted = no_bin;  ///< in traffic_times, unix time, as long as `noted_at` is of now
    std::uint64_t noted_at = 0;
  };
  struct Due {
    std::int64_t due_at, device_id, step_s, begins_at;
  };
  struct Statements {
    Statement state, put_state, drop_state, left_open, samples_from, mark_due, next_due, done_due, interface_ids;
    Statement backlog, backlog_samples, move_backlog, drop_backlog;
    Statement put_off, next_put_off, samples_of, move_put_off, drop_put_off;
    Statement put_rates, rates, drop_rates;
  };

  Rollups(std::vector<Level> levels, Statements statements, Unsealer unsealer)
      : levels_(std::move(levels)), statements_(std::move(statements)), unsealer_(std::move(unsealer)) {}

  [[nodiscard]] Result<> put(std::size_t level, std::int64_t number, std::int64_t interface_id,
                             const TrafficBin& samples);
  [[nodiscard]] Result<> put_5m(Device& device, std::int64_t number, std::int64_t interface_id, const TrafficBin& bin);
  [[nodiscard]] Result<> note_time(std::size_t level, std::int64_t number);
  [[nodiscard]] Result<> mark(Device& device, std::int64_t hour);
  [[nodiscard]] Result<> sum_up_due(std::int64_t now_s);
  [[nodiscard]] Result<std::size_t> sum_up(const Due& due, std::int64_t now_s);
  [[nodiscard]] Result<> take_out(const Due& due, std::chrono::seconds part);
  [[nodiscard]] Result<> put_rates(const Due& due);
  [[nodiscard]] Result<> drop_rates(const Due& due);
  [[nodiscard]] Result<bool> gather_rates(const Due& due, const std::vector<std::int64_t>& hours);
  [[nodiscard]] Result<> drop_old_rates(const Due& due);
  [[nodiscard]] static Result<bool> knows_less(Level& level, std::int64_t id, const TrafficBin& bin);
  [[nodiscard]] Result<> read_ids(std::int64_t device_id);
  [[nodiscard]] Result<> replay_backlog();
  [[nodiscard]] Result<> close_restored(Device& device, std::int64_t newest);
  static void put_off(Device& device, const Bins& bins) noexcept;
  [[nodiscard]] Result<bool> catch_up_put_off();

  std::vector<Level> levels_;
  Statements statements_;
  Unsealer unsealer_;
  std::uint64_t marks_ = 1;  ///< counts what makes notes in memory untrue
  std::vector<std::int64_t> ids_;
  std::vector<IdRun> runs_;
  std::vector<TrafficBin> sums_;
  std::vector<RateTally> rates_;  ///< by place in `ids_`, as `sums_`
};

}  // namespace octopoll::store
