#pragma once
// Sums of traffic as rows: those of 5 minutes, hours and days are alike.

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "database.hpp"
#include "sealed_block.hpp"
#include "traffic_bin.hpp"

namespace octopoll::store {

/// One of the three levels.
struct TrafficLevel {
  std::string_view table;
  std::chrono::seconds length;
};
inline constexpr std::array<TrafficLevel, 3> traffic_levels{
    {{"traffic_5m", bin_length}, {"traffic_1h", std::chrono::hours(1)}, {"traffic_1d", std::chrono::hours(24)}}};

/// Of a level's table: id, then what write_traffic() binds and read_traffic() reads, in this order.
inline constexpr std::string_view traffic_columns =
    "id, in_octets, out_octets, in_missing_us, out_missing_us, in_bps_max, out_bps_max, in_bps_min, out_bps_min,"
    " in_packets, out_packets, in_errors, out_errors, in_discards, out_discards, speed_mbps, in_utilization,"
    " in_utilization_max, in_utilization_us, out_utilization, out_utilization_max, out_utilization_us";

/// `verb`: "INSERT" or "INSERT OR REPLACE"; `conflict`: what is to follow the values.
[[nodiscard]] std::string traffic_insert_sql(const TrafficLevel& level, std::string_view verb,
                                             std::string_view conflict = {});

[[nodiscard]] Result<> write_traffic(Statement& insert, const TrafficLevel& level, std::int64_t id,
                                     const TrafficBin& bin);
/// Of a row of which `traffic_columns` were selected.
[[nodiscard]] TrafficBin read_traffic(const Statement& row, const TrafficLevel& level);
/// The same of a row of a block, whose columns are the same.
[[nodiscard]] TrafficBin read_traffic(const SealedTable& table, std::size_t row, const TrafficLevel& level);

/// One sample out of the file, as it was when it came.
struct KeptTraffic {
  std::int64_t poll_id = 0;
  std::int64_t device_id = 0;
  std::int64_t interface_id = 0;
  TrafficSample sample;
};
/// Columns and tables of a query that read_kept_traffic() can read; WHERE and ORDER BY may follow: `p` is polls, `s` is
/// sample_rows.
extern const std::string_view kept_traffic_sql;
[[nodiscard]] KeptTraffic read_kept_traffic(const Statement& row);
/// Those that an open bin is made of: of the device ?1, of cycles from poll_number ?2 on. A cycle that came after a
/// later one, which may have failed, went into rows when it came.
[[nodiscard]] std::string open_traffic_sql();
/// What is in no row of the device's open bin yet, by interface: the writer's state, out of the file. `samples`: of
/// open_traffic_sql(); reset when it returns.
[[nodiscard]] Result<std::unordered_map<std::int64_t, OpenBin>> read_open_bin(Statement& samples,
                                                                              std::int64_t device_id,
                                                                              std::int64_t from_poll, std::int64_t bin);

}  // namespace octopoll::store
