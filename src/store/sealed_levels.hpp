#pragma once
// Which rows are sealed: the tables, their columns, the spans of their blocks. What the writer, the readers and the
// loadable extension agree on.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "octopoll/core/result.hpp"
#include "sealed_block.hpp"

namespace octopoll::store {

/// One kind of rows: those of `table`, whose key `id` is `number << 24 | interface_id`; of polls the number.
struct SealedLevel {
  std::int64_t level;     ///< seconds of a sum; 0: samples; 1: polls. As in sealed_rows
  std::string_view name;  ///< in messages: "samples"
  std::string_view table;
  std::string_view unit;    ///< hidden column of the united table: what of the row's key is not its interface
  std::int64_t unit_scale;  ///< `unit` is the number times this
  std::int64_t span_ms;     ///< of a block, counted from 1970
  std::int64_t step_ms;     ///< sealed at once; a part of a span, which grows by it
  std::int64_t plain_ms;    ///< what ended later stays plain rows
  std::span<const SealedColumn> columns;            ///< the first is the number
  std::span<const SealedColumn> exception_columns;  ///< the same of `exception_table`, which few rows have
  std::string_view exception_table;
  std::size_t most_rows;  ///< of a block

  [[nodiscard]] constexpr SealedShape shape() const noexcept { return {columns, exception_columns, most_rows}; }
};

namespace sealed_columns {

using Kind = SealedColumn::Kind;

inline constexpr std::array<int, 2> two_of_30_bits{0, 30};
inline constexpr std::array<int, 4> four_of_15_bits{0, 15, 30, 45};

// Places of in_octets and out_octets.
inline constexpr std::array<int, 2> octets_of_a_sample{6, 7};
inline constexpr std::array<int, 1> in_octets_of_a_sample{6};
inline constexpr std::array<int, 1> in_octets{1};
inline constexpr std::array<int, 1> out_octets{2};
inline constexpr std::array<int, 1> in_missing_us{3};

inline constexpr std::array<SealedColumn, 12> samples{
    {{"id"},
     {"read_after_ms"},
     {"elapsed_us"},
     {"time_error_ppb"},
     {"states"},
     {"speed_mbps"},
     {"in_octets"},
     {"out_octets", Kind::integer, {}, in_octets_of_a_sample},
     {"ucast_pkts", Kind::integer, two_of_30_bits, octets_of_a_sample},
     {"multicast_pkts", Kind::integer, two_of_30_bits},
     {"broadcast_pkts", Kind::integer, two_of_30_bits},
     {"faults", Kind::integer, four_of_15_bits}}};

inline constexpr std::array<SealedColumn, 20> exceptions{{{"id"},
                                                          {"in_speed_bps"},
                                                          {"out_speed_bps"},
                                                          {"in_elapsed_us"},
                                                          {"out_elapsed_us"},
                                                          {"admin_status", Kind::text},
                                                          {"oper_status", Kind::text},
                                                          {"exceptions", Kind::text},
                                                          {"in_ucast_pkts"},
                                                          {"out_ucast_pkts"},
                                                          {"in_multicast_pkts"},
                                                          {"out_multicast_pkts"},
                                                          {"in_broadcast_pkts"},
                                                          {"out_broadcast_pkts"},
                                                          {"in_errors"},
                                                          {"out_errors"},
                                                          {"in_discards"},
                                                          {"out_discards"},
                                                          {"flapped_at"},
                                                          {"in_unknown_protos"}}};

/// A time in ms as whole us << 10, and the ns beyond them: `exact_ms` in poll_blocks.hpp.
inline constexpr std::array<int, 2> rest_and_us{0, 10};

// As in the table, but for the device, which the block is of. Last, what of the three times is no whole number of ns.
inline constexpr std::array<SealedColumn, 20> polls{{{"id"},
                                                     {"poll_number"},
                                                     {"slot"},
                                                     {"started_at"},
                                                     {"duration_ms", Kind::integer, rest_and_us},
                                                     {"interval_ms", Kind::integer, rest_and_us},
                                                     {"outcome", Kind::text},
                                                     {"error_kind", Kind::text},
                                                     {"error", Kind::text},
                                                     {"rebooted"},
                                                     {"sys_uptime"},
                                                     {"cache_period_ms", Kind::integer, rest_and_us},
                                                     {"requests"},
                                                     {"responses"},
                                                     {"retries"},
                                                     {"octets_sent"},
                                                     {"octets_received"},
                                                     {"duration_ms", Kind::real},
                                                     {"interval_ms", Kind::real},
                                                     {"cache_period_ms", Kind::real}}};

inline constexpr std::array<SealedColumn, 22> traffic{{{"id"},
                                                       {"in_octets"},
                                                       {"out_octets", Kind::integer, {}, in_octets},
                                                       {"in_missing_us"},
                                                       {"out_missing_us", Kind::integer, {}, in_missing_us},
                                                       {"in_bps_max", Kind::integer, {}, in_octets},
                                                       {"out_bps_max", Kind::integer, {}, out_octets},
                                                       {"in_bps_min", Kind::integer, {}, in_octets},
                                                       {"out_bps_min", Kind::integer, {}, out_octets},
                                                       {"in_packets", Kind::integer, {}, in_octets},
                                                       {"out_packets", Kind::integer, {}, out_octets},
                                                       {"in_errors"},
                                                       {"out_errors"},
                                                       {"in_discards"},
                                                       {"out_discards"},
                                                       {"speed_mbps"},
                                                       {"in_utilization", Kind::real},
                                                       {"in_utilization_max", Kind::real},
                                                       {"in_utilization_us"},
                                                       {"out_utilization", Kind::real},
                                                       {"out_utilization_max", Kind::real},
                                                       {"out_utilization_us"}}};

}  // namespace sealed_columns

inline constexpr std::int64_t hour_ms = 3'600'000;
inline constexpr std::int64_t day_ms = 24 * hour_ms;
inline constexpr std::size_t samples_of_a_day = day_ms / 100;  // 100 ms: the shortest interval that is accepted

/// Spans of some two thousand rows: shorter ones pack worse, and of longer ones more is unpacked that nobody asked for.
/// Sums of a span are sealed in parts, so that few wait for its end as plain rows.
inline constexpr std::array<SealedLevel, 3> sealed_levels{
    {{0, "samples", "sample_rows", "poll_id", 1, day_ms, day_ms / 2, day_ms / 4, sealed_columns::samples,
      sealed_columns::exceptions, "sample_exceptions", samples_of_a_day},
     {300,
      "sums of 5 minutes",
      "traffic_5m",
      "begins_at",
      300'000,
      8 * day_ms,
      2 * day_ms,
      day_ms,
      sealed_columns::traffic,
      {},
      {},
      8 * day_ms / 300'000},
     {3600,
      "sums of hours",
      "traffic_1h",
      "begins_at",
      hour_ms,
      64 * day_ms,
      8 * day_ms,
      day_ms,
      sealed_columns::traffic,
      {},
      {},
      64 * day_ms / hour_ms}}};

/// Polls are no rows of an interface: their blocks are a device's, by its id, and stand in a table of their own. Two
/// days of them, for they are sealed once, when samples of that time have gone.
inline constexpr SealedLevel sealed_polls{
    1, "polls", "polls", "id", 1, 2 * day_ms, 2 * day_ms, day_ms, sealed_columns::polls, {}, {}, 2 * samples_of_a_day};

/// Where blocks lie.
struct BlockTable {
  std::string_view name;
  std::string_view level;       ///< SQL for the block's level
  std::string_view owner;       ///< column: of whom the rows are
  std::string_view exceptions;  ///< SQL for how many there are
};
inline constexpr BlockTable blocks_of_interfaces{"sealed_rows", "level", "interface_id", "exception_count"};
inline constexpr BlockTable blocks_of_polls{"sealed_polls", "1", "device_id", "0"};
inline constexpr std::array<BlockTable, 2> block_tables{blocks_of_interfaces, blocks_of_polls};

/// Which of them has the blocks of that level.
[[nodiscard]] constexpr const BlockTable& block_table(std::int64_t level) noexcept {
  return level == sealed_polls.level ? blocks_of_polls : blocks_of_interfaces;
}
/// SQL: it is the block of level ?1 that begins at ?2, of owner ?3.
[[nodiscard]] std::string is_block_sql(const BlockTable& table);
/// Deletes it.
[[nodiscard]] std::string take_block_sql(const BlockTable& table);

/// The begin of the part of length `length` that holds `at`.
[[nodiscard]] constexpr std::int64_t begin_of(std::int64_t at, std::int64_t length) noexcept {
  const std::int64_t past = at % length;
  return at - (past < 0 ? past + length : past);
}

/// The key of a row of any of these tables, and its parts.
inline constexpr std::int64_t interfaces_of_a_number = std::int64_t{1} << 24;
[[nodiscard]] constexpr std::int64_t key_of(std::int64_t number, std::int64_t interface_id) noexcept {
  return number * interfaces_of_a_number + interface_id;
}
[[nodiscard]] constexpr std::int64_t number_of(std::int64_t key) noexcept { return key >> 24; }
[[nodiscard]] constexpr std::int64_t interface_of(std::int64_t key) noexcept {
  return key & (interfaces_of_a_number - 1);
}

/// "id, in_octets, …": what is selected and inserted, in the order of `columns`.
[[nodiscard]] std::string names_of(std::span<const SealedColumn> columns);
/// The place of the first row whose number is not below `number`.
[[nodiscard]] std::size_t place_of(const SealedTable& table, std::int64_t number) noexcept;
/// For where a block asks for more memory than there is.
[[nodiscard]] tl::unexpected<Error> out_of_memory(const SealedLevel& level, std::int64_t interface_id,
                                                  std::int64_t begins_at);
/// Of UTC: "2026-01-31"
[[nodiscard]] std::string date_of(std::int64_t unix_ms);
/// The level of that number; it is one.
[[nodiscard]] const SealedLevel& sealed_level(std::int64_t level) noexcept;

/// Adds the row to the end of `to`.
void copy_row(const SealedTable& from, std::size_t row, std::span<const SealedColumn> columns, SealedTable& to);
/// Whether no row of `more` has the number of one of `block`, and all of them are not more than `most`.
[[nodiscard]] bool can_merge(const SealedTable& block, const SealedTable& more, std::size_t most);
/// Adds the rows of `more` to `block`, in the order of their numbers.
void merge_rows(SealedTable& block, const SealedTable& more, std::span<const SealedColumn> columns);

}  // namespace octopoll::store
