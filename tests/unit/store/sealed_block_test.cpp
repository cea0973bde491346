#include "store/sealed_block.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace octopoll::store {
namespace {

using Kind = SealedColumn::Kind;
constexpr std::array<int, 3> lanes{0, 7, 40};
constexpr std::array<SealedColumn, 4> columns{
    {{"number"}, {"value"}, {"packed", Kind::integer, lanes}, {"text", Kind::text}}};
constexpr std::array<SealedColumn, 2> exception_columns{{{"number"}, {"real", Kind::real}}};

constexpr SealedShape shape{columns, exception_columns, 1440};
constexpr SealedIdentity which{300, 16'777'215, -86'400'000};

using Cell = std::optional<std::int64_t>;

SealedTable table_of(const std::vector<std::vector<Cell>>& rows, std::size_t width) {
  SealedTable table;
  table.rows = rows.size();
  table.columns.resize(width);
  for (const auto& row : rows) {
    for (std::size_t column = 0; column < width; ++column) {
      if (!row[column]) {
        table.columns[column].append_absent();
      } else if (width == 4 && column == 3) {
        table.columns[column].append_text("text " + std::to_string(*row[column]));
      } else {
        table.columns[column].append(*row[column]);
      }
    }
  }
  return table;
}

void check_same(const SealedTable& one, const SealedTable& other, std::span<const SealedColumn> kinds) {
  REQUIRE(one.rows == other.rows);
  for (std::size_t column = 0; one.rows != 0 && column < kinds.size(); ++column) {
    for (std::size_t row = 0; row < one.rows; ++row) {
      const SealedValues& left = one.columns[column];
      const SealedValues& right = other.columns[column];
      REQUIRE(left.absent(row) == right.absent(row));
      if (left.absent(row)) continue;
      if (kinds[column].kind == Kind::text) {
        REQUIRE(left.text(row) == right.text(row));
      } else {
        REQUIRE(left.number(row) == right.number(row));
      }
    }
  }
}

SealedBlock block_of(const std::vector<std::vector<Cell>>& rows, const std::vector<std::vector<Cell>>& exceptions) {
  SealedBlock block;
  block.level = which.level;
  block.interface_id = which.interface_id;
  block.begins_at = which.begins_at;
  block.rows = table_of(rows, columns.size());
  block.exceptions = table_of(exceptions, exception_columns.size());
  return block;
}

void check_packs(const SealedBlock& block) {
  SealedCodec codec;
  const auto packed = codec.pack(block, columns, exception_columns);
  const auto unpacked = codec.unpack(packed, shape, which);
  REQUIRE(unpacked);
  CHECK(unpacked->level == block.level);
  CHECK(unpacked->interface_id == block.interface_id);
  CHECK(unpacked->begins_at == block.begins_at);
  check_same(block.rows, unpacked->rows, columns);
  check_same(block.exceptions, unpacked->exceptions, exception_columns);
  CHECK(codec.pack(block, columns, exception_columns) == packed);
}

/// Columns of one manner each: what a packer could stumble over.
Cell cell(int manner, std::size_t row, std::mt19937_64& random) {
  constexpr std::array<std::int64_t, 6> ends{
      std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), 0, -1, 1, 255};
  switch (manner) {
    case 0:
      return 7;
    case 1:
      return static_cast<std::int64_t>(row) * 300 + 5;
    case 2:
      return static_cast<std::int64_t>(random());
    case 3:
      return ends[random() % ends.size()];
    case 4:
      return random() % 3 == 0 ? std::nullopt : Cell(static_cast<std::int64_t>(random() % 1000));
    case 5:
      return std::nullopt;
    default:
      return row % 50 < 25 ? std::nullopt : Cell(-static_cast<std::int64_t>(random() % 100'000));
  }
}

TEST_CASE("rows come out of a block as they went in") {
  std::mt19937_64 random(7);
  for (const std::size_t rows : {0U, 1U, 2U, 3U, 255U, 1440U}) {
    for (int manner = 0; manner < 7; ++manner) {
      for (int other = 0; other < 7; ++other) {
        std::vector<std::vector<Cell>> made, exceptions;
        for (std::size_t row = 0; row < rows; ++row) {
          const auto number = static_cast<std::int64_t>(row * 3);
          const Cell text = cell(other, row, random) ? Cell(static_cast<std::int64_t>(random() % 5)) : std::nullopt;
          made.push_back({number, cell(manner, row, random), cell(other, row, random), text});
          if (row % 7 == 0) exceptions.push_back({number, cell(other, row, random)});
        }
        check_packs(block_of(made, exceptions));
      }
    }
  }
}

TEST_CASE("columns that do not change take nothing") {
  std::vector<std::vector<Cell>> rows;
  for (std::int64_t row = 0; row < 2000; ++row) rows.push_back({row, 1000, 0, std::nullopt});
  SealedCodec codec;
  CHECK(codec.pack(block_of(rows, {}), columns, exception_columns).size() < 80);
}

TEST_CASE("a block that is cut short or changed is never taken for another one") {
  std::mt19937_64 random(3);
  std::vector<std::vector<Cell>> rows;
  for (std::size_t row = 0; row < 200; ++row)
    rows.push_back({static_cast<std::int64_t>(row), cell(4, row, random), cell(2, row, random), 1});
  const SealedBlock block = block_of(rows, {{3, 4}});
  SealedCodec codec;
  const auto packed = codec.pack(block, columns, exception_columns);
  for (std::size_t size = 0; size < packed.size(); ++size) {
    const auto unpacked = codec.unpack(std::span(packed).first(size), shape, which);
    REQUIRE_FALSE(unpacked);
    CHECK_FALSE(unpacked.error().empty());
  }
  int harmless = 0;
  for (std::size_t place = 0; place < packed.size(); ++place) {
    auto changed = packed;
    changed[place] = static_cast<std::uint8_t>(changed[place] ^ (1U << random() % 8));
    const auto unpacked = codec.unpack(changed, shape, which);
    if (!unpacked) continue;
    check_same(block.rows, unpacked->rows, columns);
    ++harmless;
  }
  CHECK(harmless <= 8);  // bits of the frame's own head that mean nothing, or only how much memory it may take
  for (int attempt = 0; attempt < 2000; ++attempt) {
    std::vector<std::uint8_t> noise(random() % 60);
    for (auto& octet : noise) octet = static_cast<std::uint8_t>(random());
    if (!noise.empty()) noise[0] = 1;
    CHECK_FALSE(codec.unpack(noise, shape, which));
  }
  CHECK_FALSE(codec.unpack(packed, {exception_columns, columns, 1440}, which));
}

TEST_CASE("a block of a format to come is refused by its number") {
  SealedCodec codec;
  auto packed = codec.pack(block_of({{1, 2, 3, 4}}, {}), columns, exception_columns);
  packed[0] = 2;
  const auto unpacked = codec.unpack(packed, shape, which);
  REQUIRE_FALSE(unpacked);
  CHECK(unpacked.error() == "its format is 2, this octopoll knows 1");
}

}  // namespace
}  // namespace octopoll::store
