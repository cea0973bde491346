// What reports ask of the sums of traffic.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "cycle_rows.hpp"
#include "id_runs.hpp"
#include "octopoll/store/reader.hpp"
#include "reader_impl.hpp"
#include "traffic_rows.hpp"

namespace octopoll::store {
namespace {

constexpr std::int64_t bin_ms = std::chrono::milliseconds(bin_length).count();

/// Reports of a longer window read sums, even where its samples are there: a fifth of the rows or less.
constexpr std::chrono::hours long_window{24};

StoredTraffic::Direction direction_of(const TrafficBin& bin, std::size_t way) {
  const TrafficBin::Direction& from = bin.directions[way];
  StoredTraffic::Direction to;
  to.octets = from.octets;
  to.covered = std::chrono::microseconds(from.covered_us);
  to.bps_max = from.bps_max;
  to.packets = from.packets;
  to.errors = from.errors;
  to.discards = from.discards;
  if (const auto sum = bin.utilization(way)) {
    to.utilization_covered = std::chrono::microseconds(sum->covered_us);
    to.utilization = sum->share_us / static_cast<double>(sum->covered_us);
    to.utilization_max = sum->max;
  }
  return to;
}

StoredTraffic traffic_of(std::int64_t number, std::int64_t interface_id, const TrafficBin& bin) {
  return {interface_id, wall_time(number * bin_ms), bin_length, direction_of(bin, 0), direction_of(bin, 1)};
}

/// The bin of the device that is not in rows yet, and from which of its cycles on.
struct OpenBinOf {
  std::int64_t number, from_poll;
};
Result<std::optional<OpenBinOf>> open_bin_of(Database& database, std::int64_t device_id) {
  auto state = database.prepare("SELECT open_bin, from_poll FROM rollup_state WHERE device_id = ?");
  if (!state) return tl::make_unexpected(state.error());
  const auto found = state->first(device_id);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) return std::nullopt;
  return OpenBinOf{state->integer(0), state->integer(1)};
}

/// What is in no row of it, in the order of the interfaces.
Result<std::map<std::int64_t, TrafficBin>> read_open(Database& database, const SampleQuery& query,
                                                     const OpenBinOf& open) {
  auto samples = database.prepare(open_traffic_sql());
  if (!samples) return tl::make_unexpected(samples.error());
  const auto open_bins = read_open_bin(*samples, query.device_id, open.from_poll, open.number);
  if (!open_bins) return tl::make_unexpected(open_bins.error());
  std::map<std::int64_t, TrafficBin> bins;
  for (const auto& [id, bin] : *open_bins) {
    if (id >= query.first_interface && id <= query.last_interface) bins.emplace(id, bin.whole());
  }
  return bins;
}

/// The blocks of so many interfaces are unpacked together; of more they would not be kept from one time to the next.
constexpr std::int64_t most_ids_at_once = 256;

/// Ids of the query, in runs no longer than that.
Result<std::vector<IdRun>> runs_of(Database& database, const SampleQuery& query) {
  auto ids = database.prepare("SELECT id FROM interfaces WHERE device_id = ? AND id BETWEEN ? AND ? ORDER BY id");
  if (!ids) return tl::make_unexpected(ids.error());
  std::vector<IdRun> runs;
  for (auto row = ids->first(query.device_id, query.first_interface, query.last_interface);; row = ids->next()) {
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return runs;
    const std::int64_t id = ids->integer(0);
    if (!runs.empty() && id - runs.back().first >= most_ids_at_once) {
      runs.push_back({id, id});
    } else {
      add_id(runs, id);
    }
  }
}

}  // namespace

Result<bool> Reader::prefers_sums(WallTime since, WallTime until, std::chrono::seconds step) {
  Database& database = impl_->database;
  const auto backlog = database.integer("SELECT count(*) FROM rollup_backlog");
  if (!backlog) return tl::make_unexpected(backlog.error());
  if (*backlog != 0) return false;
  const auto put_off = database.integer("SELECT count(*) FROM rollups_put_off");
  if (!put_off) return tl::make_unexpected(put_off.error());
  const auto gone_before = database.integer("SELECT ifnull(max(begins_at), -1) FROM kept_from WHERE what = 'samples'");
  if (!gone_before) return tl::make_unexpected(gone_before.error());
  if (unix_ms(since) < *gone_before) return true;
  if (*put_off != 0) return false;
  return step % bin_length == std::chrono::seconds(0) && until - since > long_window;
}

Result<> Reader::for_each_traffic(const SampleQuery& query, const std::function<void(const StoredTraffic&)>& callback) {
  Database& database = impl_->database;
  const auto runs = runs_of(database, query);
  if (!runs) return tl::make_unexpected(runs.error());
  auto times = database.prepare(
      "SELECT begins_at FROM traffic_times WHERE step_s = ? AND begins_at > ? AND begins_at < ? ORDER BY begins_at");
  if (!times) return tl::make_unexpected(times.error());
  auto rows = database.prepare(
      fmt::format("SELECT {} FROM {} WHERE id BETWEEN ? AND ?", traffic_columns, traffic_levels[0].table));
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<std::int64_t> numbers;
  for (auto time = times->first(bin_length.count(), unix_ms(query.since) - bin_ms, unix_ms(query.until));;
       time = times->next()) {
    if (!time) return tl::make_unexpected(time.error());
    if (!*time) break;
    numbers.push_back(times->integer(0) / bin_ms);
  }
  for (const IdRun& run : *runs) {
    for (const std::int64_t number : numbers) {
      for (auto row = rows->first(sample_id(number, run.first), sample_id(number, run.last));; row = rows->next()) {
        if (!row) return tl::make_unexpected(row.error());
        if (!*row) break;
        callback(traffic_of(number, rows->integer(0) & (most_interfaces - 1), read_traffic(*rows, traffic_levels[0])));
      }
    }
  }
  const auto open = open_bin_of(database, query.device_id);
  if (!open) return tl::make_unexpected(open.error());
  if (!*open) return {};
  const WallTime begin = wall_time((*open)->number * bin_ms);
  if (begin >= query.until || begin + bin_length <= query.since) return {};
  const auto bins = read_open(database, query, **open);
  if (!bins) return tl::make_unexpected(bins.error());
  for (const auto& [interface_id, bin] : *bins) {
    if (!bin.empty()) callback(traffic_of((*open)->number, interface_id, bin));
  }
  return {};
}

}  // namespace octopoll::store
