#pragma once
// One row as an agent gave it, and what it means.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "octopoll/core/interface.hpp"
#include "octopoll/ifmib/cell_memory.hpp"
#include "octopoll/ifmib/columns.hpp"
#include "octopoll/snmp/value.hpp"

namespace octopoll::ifmib {

/// The cells of one ifIndex, of both tables. A cell that the agent does not have is not there.
class Row {
 public:
  using Cells = std::vector<std::pair<Column, snmp::Value>, CellAllocator<std::pair<Column, snmp::Value>>>;

  Row() = default;
  /// With room for so many cells, there.
  Row(const CellMemory& memory, std::size_t cells);
  void set(Column column, snmp::Value value);
  [[nodiscard]] const snmp::Value* find(Column column) const noexcept;
  /// The cell as a number of whatever integer type; nullopt where it is none.
  [[nodiscard]] std::optional<std::uint64_t> number(Column column) const noexcept;
  /// The cell's octets, where it has octets.
  [[nodiscard]] const std::string* octets(Column column) const noexcept;
  [[nodiscard]] bool in(Table table) const noexcept;
  /// In the order of their columns.
  [[nodiscard]] const Cells& cells() const noexcept { return cells_; }

  /// Where ifXTable numbers this interface otherwise: its index there.
  std::optional<std::uint32_t> x_index;

 private:
  Cells cells_;                // in the order of their columns
  std::uint64_t columns_ = 0;  // a bit for each: their number before a column's is its place
};

/// Rows by ifIndex, which is the last number of the instance, whatever the ifIndex column says.
using Rows = std::map<std::uint32_t, Row>;

/// ifName, unless it is missing or blank; then ifDescr, likewise; then nothing (invariant 4).
struct InterfaceName {
  std::optional<std::string> text;
  NameSource source = NameSource::none;
};
[[nodiscard]] InterfaceName name_of(const Row& row);

/// ifSpeed, unless it is absent, 0, saturated (2^32-1, 2^32-2) or ifHighSpeed x 10^6 modulo 2^32 exactly: then
/// ifHighSpeed x 10^6 (RFC 2863 section 3.1.7; invariant 5). Agents that give ifHighSpeed in bit/s or ten times too
/// high are the reason why a plain disagreement does not make it speak. Unit: bit/s.
struct Speed {
  std::optional<std::uint64_t> bits_per_second;
  SpeedSource source = SpeedSource::none;
};
[[nodiscard]] Speed speed_of(const Row& row);

[[nodiscard]] InterfaceFacts facts_of(std::uint32_t index, const Row& row);

/// 2^64-1 is what some agents show for a counter that they cannot read (Huawei OLT), and that no counter ever reaches.
[[nodiscard]] constexpr bool is_stuck(std::uint64_t counter) noexcept { return counter == ~std::uint64_t{0}; }

/// Whether the agent's 64-bit counters may be believed where they are 0.
enum class WideZero : std::uint8_t { believed, dead };

/// `dead` where some row's 64-bit octets stand at 0 while its 32-bit ones count, and no row's move (D-Link).
[[nodiscard]] WideZero wide_zero_of(const Rows& rows);

/// Which column speaks for a counter of this row; nullopt where the row has none that can be true.
/// The 64-bit one where the row has it (each counter by itself), but for those that cannot be true: stuck at 2^64-1,
/// or at 0 while the 32-bit one counts (D-Link); one that is 0 beside a 32-bit 0 is what `zero` says.
[[nodiscard]] std::optional<Column> column_for(const Row& row, Counter counter, WideZero zero = WideZero::believed);

}  // namespace octopoll::ifmib
