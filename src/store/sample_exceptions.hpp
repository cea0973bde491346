#pragma once
// What few samples have, and therefore a table of its own.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "octopoll/core/cycle.hpp"

namespace octopoll::store {

/// A row of sample_exceptions without its id.
struct SampleExceptions {
  std::optional<std::uint64_t> in_speed_bps;  ///< where Mbit/s of both directions cannot say it
  std::optional<std::uint64_t> out_speed_bps;
  std::optional<std::int64_t> in_elapsed_us;  ///< that the octets cover, where it is not what the row covers
  std::optional<std::int64_t> out_elapsed_us;
  std::optional<std::string> admin_status;  ///< a number that the MIB has no word for
  std::optional<std::string> oper_status;
  std::optional<std::string> exceptions;  ///< "in_errors=reset out_errors=wrapped"
  /// That have no room in their packed number, and in_unknown_protos, which has none.
  PerCounter<std::optional<std::uint64_t>> deltas;
  std::optional<std::uint32_t> flapped_at;  ///< sysUpTime
};

/// Deltas of several counters in one number, each in as many bits: one column where a column each costs as much as all
/// the rest of the row. The highest value of a place says "no delta".
struct PackedDeltas {
  Counter first;  ///< and those behind it
  int count;
  int bits;
};
inline constexpr std::array<PackedDeltas, 4> packed_deltas{{{Counter::in_ucast_pkts, 2, 30},
                                                            {Counter::in_multicast_pkts, 2, 30},
                                                            {Counter::in_broadcast_pkts, 2, 30},
                                                            {Counter::in_errors, 4, 15}}};
/// The number; nullopt where none has a delta, or one has no room: then all stand in SampleExceptions.
[[nodiscard]] std::optional<std::int64_t> pack(const RowDeltas& deltas, const PackedDeltas& how) noexcept;

/// The way back: sets those that have a delta.
void unpack(std::uint64_t packed, const PackedDeltas& how, PerCounter<std::optional<std::uint64_t>>& deltas) noexcept;

/// Mbit/s, where that is the whole truth of both directions.
[[nodiscard]] std::optional<std::int64_t> common_mbps(const InterfaceRecord& row) noexcept;
[[nodiscard]] bool has_word(IfStatus status) noexcept;

/// Whether there is anything to say. Asked of each row, so it allocates nothing.
[[nodiscard]] bool has_exceptions(const InterfaceRecord& row) noexcept;
[[nodiscard]] SampleExceptions exceptions_of(const InterfaceRecord& row);

}  // namespace octopoll::store
