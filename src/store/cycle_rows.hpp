#pragma once
// The rows of a cycle as a table that SQLite reads by itself.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "database.hpp"
#include "octopoll/core/cycle.hpp"

namespace octopoll::store {

/// What `INSERT INTO sample_rows SELECT * FROM cycle_rows` reads: one statement a cycle, where one a row, with its
/// bindings, costs half as much again.
///
/// Shape:  a virtual table of the connection that it was attached to, with the columns of sample_rows in their order;
/// an
///         id that SQLite finds by itself is NULL. It can be read by that statement alone.
///         It stays where it is: SQLite knows its address until the connection closes or attaches another.
/// Thread: the connection's.
class CycleRows {
 public:
  /// Errors: store.
  [[nodiscard]] static Result<std::unique_ptr<CycleRows>> attach(Database& database);
  CycleRows(const CycleRows&) = delete;
  CycleRows& operator=(const CycleRows&) = delete;
  ~CycleRows() = default;

  /// The rows from now on: those of `cycle`, whose interfaces have these ids. Both outlive the statement that reads
  /// them.
  void show(const DeviceCycle& cycle, std::int64_t poll_id, const std::vector<std::int64_t>& interface_ids);

 private:
  friend struct CycleRowsModule;
  CycleRows() = default;

  const DeviceCycle* cycle_ = nullptr;
  const std::vector<std::int64_t>* interface_ids_ = nullptr;
  std::int64_t poll_id_ = 0;
};

/// The key of sample_rows: its rows of a poll are a range.
inline constexpr int interface_bits = 24;
inline constexpr std::int64_t most_interfaces = std::int64_t{1} << interface_bits;
[[nodiscard]] constexpr std::int64_t sample_id(std::int64_t poll_id, std::int64_t interface_id) noexcept {
  return poll_id * most_interfaces + interface_id;
}

/// Out of the column `states`; nullopt where it has a number that is no quality.
[[nodiscard]] std::optional<Quality> in_quality_of(std::int64_t states) noexcept;
[[nodiscard]] std::optional<Quality> out_quality_of(std::int64_t states) noexcept;
/// The delta of in_unknown_protos is 0; else it stands in sample_exceptions, if there is one.
[[nodiscard]] constexpr bool no_unknown_protos(std::int64_t states) noexcept { return states < 0; }

/// When the row was read, after the cycle began: 0 for one without a time of its own, which was never answered.
[[nodiscard]] std::int64_t read_after_ms(const DeviceCycle& cycle, const InterfaceSample& sample);

}  // namespace octopoll::store
