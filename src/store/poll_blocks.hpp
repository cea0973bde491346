#pragma once
// What a sealed poll is: a row of polls as values of a block, and back.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "sealed_levels.hpp"

namespace octopoll::store {

/// Columns of a block that are columns of the table, in its order; what follows are times that exact_ms() cannot say.
inline constexpr std::size_t poll_columns = 17;
/// The column of the table that is not in the block: the block is the device's.
inline constexpr std::size_t device_column = 1;

/// Where some of them stand in a block.
namespace poll_place {
inline constexpr std::size_t id = 0;
inline constexpr std::size_t number = 1;
inline constexpr std::size_t started_at = 3;
}  // namespace poll_place

/// Of a time in ms: whole us << 10, and the ns beyond them; nullopt where that is not the same number, bit by bit.
[[nodiscard]] inline std::optional<std::int64_t> exact_ms(double ms) noexcept {
  constexpr double most = 1e12;  // 31 years
  if (!(ms >= 0 && ms < most)) return std::nullopt;
  const auto ns = static_cast<std::int64_t>(std::llround(ms * 1e6));
  if (std::bit_cast<std::uint64_t>(static_cast<double>(ns) / 1e6) != std::bit_cast<std::uint64_t>(ms))
    return std::nullopt;
  return ns / 1000 << 10 | ns % 1000;
}
/// The time that it says.
[[nodiscard]] inline double ms_of(std::int64_t exact) noexcept {
  const auto number = std::bit_cast<std::uint64_t>(exact);
  return static_cast<double>((number >> 10) * 1000 + (number & 1023)) / 1e6;
}

/// The column of a block that has a time which exact_ms() cannot say, by the column that has it else; 0: it is no time.
[[nodiscard]] constexpr std::size_t real_of(std::size_t column) noexcept {
  std::size_t place = poll_columns;
  for (std::size_t each = 0; each < column; ++each) place += sealed_columns::polls[each].lanes.empty() ? 0 : 1;
  return sealed_columns::polls[column].lanes.empty() || column >= poll_columns ? 0 : place;
}

}  // namespace octopoll::store
