#include "octopoll/ifmib/row.hpp"

#include <bit>
#include <cstddef>
#include <limits>

#include "octopoll/core/text.hpp"

namespace octopoll::ifmib {
namespace {

constexpr std::uint64_t saturated = std::numeric_limits<std::uint32_t>::max();  // 2^32-1

/// Twice as much each time would leave half of the memory of a table unused.
constexpr std::size_t cells_at_once = 9;

/// The columns of both tables have numbers below 32. A row is looked into a hundred times while its tables are checked.
std::uint64_t bit_of(Column column) noexcept {
  const auto number = static_cast<std::uint16_t>(column) & 0xffU;
  return 1ULL << (number + (table_of(column) == Table::if_table ? 0U : 32U));
}

std::ptrdiff_t place_in(std::uint64_t columns, std::uint64_t bit) noexcept {
  return std::popcount(columns & (bit - 1));
}

std::optional<std::string> text_of(const Row& row, Column column) {
  const std::string* octets = row.octets(column);
  if (octets == nullptr) return std::nullopt;
  return agent_text(*octets);
}

std::optional<std::int64_t> signed_number(const Row& row, Column column) {
  const snmp::Value* value = row.find(column);
  return value == nullptr ? std::nullopt : value->as_signed();
}

}  // namespace

Row::Row(const CellMemory& memory, std::size_t cells) : cells_(CellAllocator<Cells::value_type>(memory)) {
  cells_.reserve(cells);
}

void Row::set(Column column, snmp::Value value) {
  const std::uint64_t bit = bit_of(column);
  const auto place = cells_.begin() + place_in(columns_, bit);
  if ((columns_ & bit) != 0) {
    place->second = std::move(value);
  } else {
    const auto at = place - cells_.begin();
    if (cells_.size() == cells_.capacity()) cells_.reserve(cells_.size() + cells_at_once);
    cells_.emplace(cells_.begin() + at, column, std::move(value));
    columns_ |= bit;
  }
}

const snmp::Value* Row::find(Column column) const noexcept {
  const std::uint64_t bit = bit_of(column);
  return (columns_ & bit) == 0 ? nullptr : &cells_[static_cast<std::size_t>(place_in(columns_, bit))].second;
}

std::optional<std::uint64_t> Row::number(Column column) const noexcept {
  const snmp::Value* value = find(column);
  return value == nullptr ? std::nullopt : value->as_unsigned();
}

const std::string* Row::octets(Column column) const noexcept {
  const snmp::Value* value = find(column);
  return value == nullptr ? nullptr : value->octets();
}

bool Row::in(Table table) const noexcept {
  const std::uint64_t low = 0xffff'ffff;
  return (columns_ & (table == Table::if_table ? low : ~low)) != 0;
}

InterfaceName name_of(const Row& row) {
  if (auto text = text_of(row, Column::if_name); text && !is_blank(*text))
    return {std::move(text), NameSource::if_name};
  if (auto text = text_of(row, Column::if_descr); text && !is_blank(*text)) return {std::move(text), NameSource::descr};
  return {};
}

Speed speed_of(const Row& row) {
  const auto if_speed = row.number(Column::if_speed);
  const auto if_high_speed = row.number(Column::if_high_speed);
  // The wire's type is the agent's choice: as a Counter64 it may be more Mb/s than there are bit/s.
  if (if_high_speed && *if_high_speed <= std::numeric_limits<std::uint64_t>::max() / 1'000'000) {
    const std::uint64_t high = *if_high_speed * 1'000'000;
    const bool pinned = if_speed == saturated;
    const bool silent = *if_high_speed != 0 && (!if_speed || *if_speed == 0);
    const bool cut = high > saturated && (if_speed == saturated - 1 || if_speed == (high & saturated));
    if (pinned || silent || cut) return {high, SpeedSource::if_high_speed};
  }
  if (if_speed) return {if_speed, SpeedSource::if_speed};
  return {};
}

InterfaceFacts facts_of(std::uint32_t index, const Row& row) {
  InterfaceFacts facts;
  facts.if_index = {index};
  facts.if_name = text_of(row, Column::if_name);
  facts.descr = text_of(row, Column::if_descr);
  facts.alias = text_of(row, Column::if_alias);
  facts.type = signed_number(row, Column::if_type);
  facts.mtu = signed_number(row, Column::if_mtu);
  if (const std::string* address = row.octets(Column::if_phys_address)) facts.phys_address = to_hex(*address, ':');
  const Speed speed = speed_of(row);
  facts.speed_bps = speed.bits_per_second;
  facts.speed_source = speed.source;
  return facts;
}

WideZero wide_zero_of(const Rows& rows) {
  bool contradicted = false;
  for (const auto& [index, row] : rows) {
    for (const Counter counter : {Counter::in_octets, Counter::out_octets}) {
      const CounterColumns columns = columns_of(counter);
      const auto wide = row.number(*columns.wide);
      if (!wide || is_stuck(*wide)) continue;
      if (*wide != 0) return WideZero::believed;
      contradicted = contradicted || row.number(columns.narrow).value_or(0) != 0;
    }
  }
  return contradicted ? WideZero::dead : WideZero::believed;
}

std::optional<Column> column_for(const Row& row, Counter counter, WideZero zero) {
  const CounterColumns columns = columns_of(counter);
  const auto narrow = row.number(columns.narrow);
  if (columns.wide) {
    if (const auto wide = row.number(*columns.wide)) {
      const bool dead = *wide == 0 && (narrow.value_or(0) != 0 || (narrow && zero == WideZero::dead));
      if (!dead && !is_stuck(*wide)) return columns.wide;
    }
  }
  if (narrow) return columns.narrow;
  return std::nullopt;
}

}  // namespace octopoll::ifmib
