#include "traffic_rows.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "cycle_rows.hpp"
#include "sample_exceptions.hpp"
#include "statements.hpp"

namespace octopoll::store {
namespace {

std::int64_t length_us(const TrafficLevel& level) { return std::chrono::microseconds(level.length).count(); }

std::optional<std::int64_t> if_covered(const TrafficBin::Direction& direction, double bps) {
  return direction.covered_us > 0 ? std::optional(std::llround(bps)) : std::nullopt;
}

struct UtilizationColumns {
  std::optional<double> average, max;
  std::optional<std::int64_t> covered_us;
};
UtilizationColumns columns_of(const TrafficBin& bin, std::size_t way) {
  const UtilizationSum& sum = bin.directions[way].utilization;
  if (bin.speed != TrafficBin::Speed::changing) return {};
  if (sum.covered_us == 0) return {std::nullopt, std::nullopt, 0};
  return {sum.share_us / static_cast<double>(sum.covered_us), sum.max, sum.covered_us};
}

/// A row of a block, read as that of a statement is.
struct SealedRow {
  const SealedTable& table;
  std::size_t row;

  [[nodiscard]] bool is_null(int column) const noexcept { return values(column).absent(row); }
  [[nodiscard]] std::int64_t integer(int column) const noexcept {
    return is_null(column) ? 0 : values(column).number(row);
  }
  [[nodiscard]] double real(int column) const noexcept { return std::bit_cast<double>(integer(column)); }
  [[nodiscard]] std::optional<std::uint64_t> maybe_unsigned(int column) const noexcept {
    return is_null(column) ? std::nullopt : std::optional(std::bit_cast<std::uint64_t>(integer(column)));
  }

 private:
  [[nodiscard]] const SealedValues& values(int column) const noexcept {
    return table.columns[static_cast<std::size_t>(column)];
  }
};

template <class Row>
TrafficBin traffic_from(const Row& row, const TrafficLevel& level) {
  constexpr int speed_mbps = 15;
  constexpr int first_utilization = 16;
  constexpr int utilization_columns = 3;
  TrafficBin bin;
  bin.speed = TrafficBin::Speed::unknown;
  if (const auto mbps = row.maybe_unsigned(speed_mbps)) {
    bin.speed = TrafficBin::Speed::steady;
    bin.speed_mbps = static_cast<std::uint32_t>(*mbps);
  }
  for (int way = 0; way < 2; ++way) {
    TrafficBin::Direction& direction = bin.directions[static_cast<std::size_t>(way)];
    direction.octets = row.maybe_unsigned(1 + way).value_or(0);
    direction.covered_us = length_us(level) - row.integer(3 + way);
    direction.bps_max = static_cast<double>(row.integer(5 + way));
    direction.bps_min = static_cast<double>(row.integer(7 + way));
    direction.packets = row.maybe_unsigned(9 + way);
    direction.errors = row.maybe_unsigned(11 + way);
    direction.discards = row.maybe_unsigned(13 + way);
    const int share = first_utilization + way * utilization_columns;
    if (row.is_null(share + 2)) continue;
    bin.speed = TrafficBin::Speed::changing;
    const std::int64_t covered_us = row.integer(share + 2);
    direction.utilization = {row.real(share) * static_cast<double>(covered_us), covered_us, row.real(share + 1)};
  }
  return bin;
}

/// Both places of a delta: packed with others in its row, or by itself in sample_exceptions.
PerCounter<std::optional<std::uint64_t>> deltas_of(const Statement& row, int first_packed, int first_alone) {
  PerCounter<std::optional<std::uint64_t>> deltas;
  for (std::size_t group = 0; group < packed_deltas.size(); ++group) {
    const int column = first_packed + static_cast<int>(group);
    if (!row.is_null(column)) unpack(row.unsigned_integer(column), packed_deltas[group], deltas);
  }
  constexpr auto first = static_cast<std::size_t>(Counter::in_ucast_pkts);
  constexpr auto last = static_cast<std::size_t>(Counter::out_discards);
  for (std::size_t counter = first; counter <= last; ++counter) {
    auto& delta = deltas.items[counter];
    if (!delta) delta = row.maybe_unsigned(first_alone + static_cast<int>(counter - first));
  }
  return deltas;
}

}  // namespace

std::string traffic_insert_sql(const TrafficLevel& level, std::string_view verb, std::string_view conflict) {
  return fmt::format("{} INTO {} ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) {}",
                     verb, level.table, traffic_columns, conflict);
}

Result<> write_traffic(Statement& insert, const TrafficLevel& level, std::int64_t id, const TrafficBin& bin) {
  const auto& [in, out] = bin.directions;
  const auto octets = [](const TrafficBin::Direction& direction) {
    return direction.covered_us > 0 ? std::optional(direction.octets) : std::nullopt;
  };
  const std::int64_t length = length_us(level);
  const UtilizationColumns in_share = columns_of(bin, 0);
  const UtilizationColumns out_share = columns_of(bin, 1);
  const auto mbps = bin.speed == TrafficBin::Speed::steady ? std::optional(bin.speed_mbps) : std::nullopt;
  return insert.run(id, octets(in), octets(out), length - in.covered_us, length - out.covered_us,
                    if_covered(in, in.bps_max), if_covered(out, out.bps_max), if_covered(in, in.bps_min),
                    if_covered(out, out.bps_min), in.packets, out.packets, in.errors, out.errors, in.discards,
                    out.discards, mbps, in_share.average, in_share.max, in_share.covered_us, out_share.average,
                    out_share.max, out_share.covered_us);
}

TrafficBin read_traffic(const Statement& row, const TrafficLevel& level) { return traffic_from(row, level); }

TrafficBin read_traffic(const SealedTable& table, std::size_t row, const TrafficLevel& level) {
  return traffic_from(SealedRow{table, row}, level);
}

const std::string_view kept_traffic_sql =
    "SELECT p.id, p.device_id, s.id & 16777215, p.started_at + s.read_after_ms, s.elapsed_us, s.states,"
    " s.in_octets, s.out_octets, ifnull(x.in_elapsed_us, s.elapsed_us), ifnull(x.out_elapsed_us, s.elapsed_us),"
    " ifnull(s.speed_mbps * 1000000, x.in_speed_bps), ifnull(s.speed_mbps * 1000000, x.out_speed_bps),"
    " s.ucast_pkts, s.multicast_pkts, s.broadcast_pkts, s.faults, x.in_ucast_pkts, x.out_ucast_pkts,"
    " x.in_multicast_pkts, x.out_multicast_pkts, x.in_broadcast_pkts, x.out_broadcast_pkts, x.in_errors, x.out_errors,"
    " x.in_discards, x.out_discards"
    " FROM main.polls p CROSS JOIN sample_rows s ON s.id BETWEEN p.id << 24 AND p.id << 24 | 16777215"
    " LEFT JOIN sample_exceptions x ON x.id = iif(s.states > 65535, s.id, NULL)";

std::string open_traffic_sql() {
  return fmt::format(
      "{} WHERE p.device_id = ?1 AND p.poll_number >= ?2 AND NOT EXISTS (SELECT 1 FROM main.polls q"
      " WHERE q.device_id = p.device_id AND q.poll_number > p.poll_number AND q.id < p.id) ORDER BY p.id, s.id",
      kept_traffic_sql);
}

KeptTraffic read_kept_traffic(const Statement& row) {
  KeptTraffic kept;
  kept.poll_id = row.integer(0);
  kept.device_id = row.integer(1);
  kept.interface_id = row.integer(2);
  InterfaceRecord record;
  record.elapsed = std::chrono::microseconds(row.integer(4));
  const auto deltas = deltas_of(row, 12, 16);
  for (const Counter counter : all_counters()) record.deltas.set_value(counter, deltas[counter]);
  const std::int64_t states = row.integer(5);
  record.deltas.set(Counter::in_octets, {row.maybe_unsigned(6), in_quality_of(states).value_or(Quality::absent),
                                         std::chrono::microseconds(row.integer(8))});
  record.deltas.set(Counter::out_octets, {row.maybe_unsigned(7), out_quality_of(states).value_or(Quality::absent),
                                          std::chrono::microseconds(row.integer(9))});
  record.in_speed_bps = row.maybe_unsigned(10);
  record.out_speed_bps = row.maybe_unsigned(11);
  kept.sample = traffic_of(record, row.integer(3));
  return kept;
}

Result<std::unordered_map<std::int64_t, OpenBin>> read_open_bin(Statement& samples, std::int64_t device_id,
                                                                std::int64_t from_poll, std::int64_t bin) {
  std::unordered_map<std::int64_t, OpenBin> open;
  const auto add = [&]() -> Result<> {
    const KeptTraffic kept = read_kept_traffic(samples);
    if (kept.sample.first_bin() > bin || kept.sample.last_bin() < bin) return {};
    OpenBin& of = open[kept.interface_id];
    if (of.empty()) of.start(bin);
    const TrafficShare share = share_of(kept.sample, bin);
    if (of.add(share)) return {};
    // What had no room went into the row when it came.
    of.start(bin);
    static_cast<void>(of.add(share));
    return {};
  };
  if (auto read = each_row(samples, add, device_id, from_poll); !read) return tl::make_unexpected(read.error());
  return open;
}

}  // namespace octopoll::store
