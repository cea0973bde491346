#include "store/sealed_block.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "allocations.hpp"
#include "store/sealed_levels.hpp"
#include "support/temp_dir.hpp"

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

constexpr int manners = 9;

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
    case 6:
      return static_cast<std::int64_t>((random() >> random() % 64) % 2000 * 2500) - 1'000'000;
    case 7:
      return static_cast<std::int64_t>((random() % 4096) << random() % 51);
    default:
      return row % 50 < 25 ? std::nullopt : Cell(-static_cast<std::int64_t>(random() % 100'000));
  }
}

TEST_CASE("rows come out of a block as they went in") {
  std::mt19937_64 random(7);
  for (const std::size_t rows : {0U, 1U, 2U, 3U, 255U, 1440U}) {
    for (int manner = 0; manner < manners; ++manner) {
      for (int other = 0; other < manners; ++other) {
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
    if (!noise.empty()) noise[0] = static_cast<std::uint8_t>(1 + attempt % 3);
    CHECK_FALSE(codec.unpack(noise, shape, which));
  }
  CHECK_FALSE(codec.unpack(packed, {exception_columns, columns, 1440}, which));
}

using Octets = std::vector<std::uint8_t>;
constexpr std::uint8_t newest_format = 3;
constexpr std::uint8_t oldest_format = 1;

Octets contents_of(const Octets& packed) {
  Octets contents(static_cast<std::size_t>(ZSTD_getFrameContentSize(packed.data() + 1, packed.size() - 1)));
  const std::size_t size = ZSTD_decompress(contents.data(), contents.size(), packed.data() + 1, packed.size() - 1);
  REQUIRE(size == contents.size());
  return contents;
}

/// A whole frame with a checksum that is right: what is wrong with the contents is for the codec to find.
Octets framed(const Octets& contents, std::uint8_t format) {
  static const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> packer(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(packer.get(), ZSTD_c_checksumFlag, 1);
  Octets packed(1 + ZSTD_compressBound(contents.size()));
  packed[0] = format;
  const std::size_t size =
      ZSTD_compress2(packer.get(), packed.data() + 1, packed.size() - 1, contents.data(), contents.size());
  REQUIRE(ZSTD_isError(size) == 0);
  packed.resize(1 + size);
  return packed;
}

void put_varint(Octets& to, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) to.push_back(static_cast<std::uint8_t>(number | 0x80U));
  to.push_back(static_cast<std::uint8_t>(number));
}

/// The begin of a block's contents.
Octets head_of(const SealedIdentity& key) {
  Octets head;
  put_varint(head, static_cast<std::uint64_t>(key.level));
  put_varint(head, static_cast<std::uint64_t>(key.interface_id) << 1U);
  put_varint(head, static_cast<std::uint64_t>(key.begins_at) << 1U);
  return head;
}

/// Contents of a block of the oldest format, without NULL and without exceptions: numbers from `first` on, each `step`
/// more, all else 0.
Octets forged(const SealedIdentity& key, const SealedShape& kind, std::size_t rows, std::uint64_t first,
              std::uint8_t step) {
  Octets contents = head_of(key);
  put_varint(contents, rows);
  for (std::size_t column = 0; column < kind.columns.size(); ++column) {
    contents.push_back(0);
    const std::size_t lanes_here = std::max<std::size_t>(1, kind.columns[column].lanes.size());
    for (std::size_t lane = 0; lane < lanes_here; ++lane) {
      contents.push_back(1);
      put_varint(contents, column == 0 ? first : 0);
      contents.push_back(column == 0 ? 1 : 0);
    }
  }
  contents.push_back(0);  // exceptions
  // The first number is the base, each other one `step` (zig-zag) more than the one before.
  contents.push_back(0);
  contents.insert(contents.end(), rows - 1, static_cast<std::uint8_t>(2 * step));
  return contents;
}

/// A block of any kind with whatever its columns may hold.
SealedBlock random_block(const SealedIdentity& key, const SealedShape& kind, std::mt19937_64& random) {
  SealedBlock block{key.level, key.interface_id, key.begins_at, {}, {}};
  const auto fill = [&random](SealedTable& table, std::span<const SealedColumn> kinds, std::size_t rows) {
    table.rows = rows;
    table.columns.resize(kinds.size());
    for (std::size_t column = 0; column < kinds.size(); ++column) {
      const int manner = static_cast<int>(random() % manners);
      for (std::size_t row = 0; row < rows; ++row) {
        const Cell value = column == 0 ? Cell(static_cast<std::int64_t>(row * 3)) : cell(manner, row, random);
        if (!value) {
          table.columns[column].append_absent();
        } else if (kinds[column].kind == Kind::text) {
          table.columns[column].append_text("text " + std::to_string(random() % 5));
        } else {
          table.columns[column].append(*value);
        }
      }
    }
  };
  const std::size_t rows = 1 + random() % 30;
  fill(block.rows, kind.columns, rows);
  if (!kind.exception_columns.empty()) fill(block.exceptions, kind.exception_columns, random() % rows);
  return block;
}

void change(Octets& contents, std::mt19937_64& random) {
  constexpr std::array<std::uint8_t, 6> ends{0, 1, 2, 0x7F, 0x80, 0xFF};
  // Mostly the head, which says how all the rest is to be taken.
  const std::size_t until = random() % 4 == 0 ? contents.size() : std::min<std::size_t>(contents.size(), 150);
  const auto place = contents.begin() + static_cast<std::ptrdiff_t>(random() % until);
  switch (random() % 6) {
    case 0:
      *place = static_cast<std::uint8_t>(*place ^ (1U << random() % 8));
      break;
    case 1:
      *place = static_cast<std::uint8_t>(random());
      break;
    case 2:
      contents.insert(place, static_cast<std::uint8_t>(random()));
      break;
    case 3:
      contents.insert(place, 1 + random() % 9, ends[random() % ends.size()]);
      break;
    case 4:
      if (contents.size() > 1) contents.erase(place);
      break;
    default:
      *place = ends[random() % ends.size()];
  }
}

TEST_CASE("contents that a sound frame brings are refused, or are rows that can be read and packed again") {
  SealedCodec codec;
  int read = 0;
  for (const SealedLevel& level : sealed_levels) {
    const SealedIdentity key{level.level, 17, 20'000 * 64 * day_ms};
    const SealedShape kind{level.columns, level.exception_columns, 1440};
    for (unsigned seed = 0; seed < 2000; ++seed) {
      INFO(level.name << ", seed " << seed);
      std::mt19937_64 random(seed);
      auto contents = contents_of(codec.pack(random_block(key, kind, random), kind.columns, kind.exception_columns));
      for (std::uint64_t changes = random() % 4; changes != 0; --changes) change(contents, random);
      const Octets packed = framed(contents, newest_format);
      std::size_t taken = 0;
      const auto block = [&] {
        const test::Allocations allocations;
        auto unpacked = codec.unpack(packed, kind, key);
        taken = allocations.octets();
        return unpacked;
      }();
      // What the rows have in all columns and, of exceptions, twice: while they are made, and made.
      REQUIRE(taken < 1440 * 10 * 2 * (kind.columns.size() + kind.exception_columns.size()));
      if (!block) continue;
      ++read;
      const Octets again = codec.pack(*block, kind.columns, kind.exception_columns);
      const auto same = codec.unpack(again, kind, key);
      REQUIRE(same);
      check_same(block->rows, same->rows, kind.columns);
      check_same(block->exceptions, same->exceptions, kind.exception_columns);
    }
  }
  CHECK(read > 1000);  // among them the quarter that was not changed
}

TEST_CASE("a block has no more rows than its span, whatever it claims") {
  SealedCodec codec;
  for (const SealedLevel& level : sealed_levels) {
    if (level.level == 0) continue;
    const SealedIdentity key{level.level, 17, 0};
    const auto unpacked = [&](std::size_t rows) {
      return codec.unpack(framed(forged(key, level.shape(), rows, 0, 1), oldest_format), level.shape(), key);
    };
    CHECK(unpacked(2));
    CHECK(unpacked(level.most_rows));
    CHECK_FALSE(unpacked(level.most_rows + 1));
  }
}

TEST_CASE("a small block that claims much takes little memory") {
  SealedCodec codec;
  const SealedShape kind = sealed_levels[0].shape();
  const SealedIdentity key{0, 17, 0};
  const Octets many_rows = framed(forged(key, kind, 1'000'000, 0, 1), oldest_format);
  CHECK(many_rows.size() < 300);
  // A frame of 200 MB in one segment, with a checksum, of which nothing follows.
  const Octets large{1, 0x28, 0xB5, 0x2F, 0xFD, 0xA4, 0x00, 0xC2, 0xEB, 0x0B};
  for (const Octets& packed : {many_rows, large}) {
    const test::Allocations allocations;
    CHECK_FALSE(codec.unpack(packed, kind, key));
    CHECK(allocations.octets() < 4'000'000);
  }
}

TEST_CASE("rows of a table that a kind of block does not have are refused") {
  SealedCodec codec;
  const SealedLevel& level = sealed_levels[1];
  const SealedIdentity key{level.level, 17, 0};
  Octets contents = forged(key, level.shape(), 3, 0, 1);
  REQUIRE(codec.unpack(framed(contents, oldest_format), level.shape(), key));
  contents.end()[-4] = 2;  // its exceptions
  CHECK_FALSE(codec.unpack(framed(contents, oldest_format), level.shape(), key));
}

TEST_CASE("numbers of rows ascend and are such as keys have room for") {
  SealedCodec codec;
  const SealedLevel& level = sealed_levels[1];
  const SealedIdentity key{level.level, 17, 0};
  const auto fault = [&](std::uint64_t first, std::uint8_t step, std::size_t rows = 3) {
    const auto block =
        codec.unpack(framed(forged(key, level.shape(), rows, first, step), oldest_format), level.shape(), key);
    return block ? std::string() : block.error();
  };
  constexpr std::uint64_t end = std::uint64_t{1} << 39U;
  CHECK(fault(0, 0) == "its rows are out of order");
  CHECK(fault(end - 3, 1).empty());
  CHECK(fault(end - 2, 1) == "its rows are out of order");
  CHECK(fault(0 - end, 1).empty());
  CHECK(fault(0 - end - 1, 1) == "its rows are out of order");
  CHECK(fault(end, 1, 1) == "its rows are out of order");
}

TEST_CASE("a block in the place of another one is not taken for it") {
  SealedCodec codec;
  const auto packed = codec.pack(block_of({{1, 2, 3, 4}}, {}), columns, exception_columns);
  REQUIRE(codec.unpack(packed, shape, which));
  for (const SealedIdentity& other :
       {SealedIdentity{3600, which.interface_id, which.begins_at}, SealedIdentity{which.level, 1, which.begins_at},
        SealedIdentity{which.level, which.interface_id, 0}}) {
    const auto unpacked = codec.unpack(packed, shape, other);
    REQUIRE_FALSE(unpacked);
    CHECK(unpacked.error() == "it is another one's");
  }
}

TEST_CASE("texts that are all different take time as their number grows, not as its square") {
  SealedValues values;
  for (int text = 0; text < 200'000; ++text) values.append_text("text " + std::to_string(text));
  CHECK(values.text(199'999) == "text 199999");
}

Octets kept_block(const std::string& name) {
  const std::string digits = test::read_file(OCTOPOLL_TEST_DATA "/store/" + name);
  Octets packed;
  for (std::size_t place = 0; place + 1 < digits.size(); place += 2)
    packed.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(place, 2), nullptr, 16)));
  return packed;
}

TEST_CASE("a block of the first format is read as it was written") {
  std::vector<std::vector<Cell>> rows, exceptions;
  for (std::int64_t row = 0; row < 40; ++row) {
    const Cell packed = row % 5 == 3 ? std::nullopt : Cell(row << 40 | 12345 * row << 7 | row % 100);
    rows.push_back({row * 3, row * row * 1'000'003 - 77, packed, row % 2 == 1 ? std::nullopt : Cell(row % 3)});
    if (row % 5 == 0) exceptions.push_back({row * 3, row * -999'999'937});
  }
  const Octets packed = kept_block("sealed-block-format1.hex");
  REQUIRE(packed.front() == oldest_format);
  SealedCodec codec;
  const auto block = codec.unpack(packed, shape, which);
  REQUIRE(block);
  const SealedBlock expected = block_of(rows, exceptions);
  check_same(expected.rows, block->rows, columns);
  check_same(expected.exceptions, block->exceptions, exception_columns);
}

/// Sums of all sizes by whole numbers alone, so that any library makes the same ones.
SealedBlock sums_by_whole_numbers(const SealedIdentity& key) {
  std::mt19937_64 random(11);
  SealedBlock block{key.level, key.interface_id, key.begins_at, {}, {}};
  block.rows.rows = 90;
  block.rows.columns.resize(sealed_columns::traffic.size());
  for (std::size_t row = 0; row < block.rows.rows; ++row) {
    const auto octets = static_cast<std::int64_t>(random() % 4'000'000'000 + 1'000'000);
    for (std::size_t column = 0; column < block.rows.columns.size(); ++column) {
      SealedValues& values = block.rows.columns[column];
      const auto off = static_cast<std::int64_t>(random() % 100'000);
      if (column == 0) {
        values.append(static_cast<std::int64_t>(3 * row));
      } else if (column > 15 || (column == 9 && row % 20 < 3)) {
        values.append_absent();
      } else if (column == 3 || column == 4) {
        values.append(off % 9000 - 4500);
      } else if (column < 11) {
        values.append(octets / static_cast<std::int64_t>(column) + off * 10);
      } else {
        values.append(off % 7 == 0 ? off : 0);
      }
    }
  }
  return block;
}

TEST_CASE("a block of the second format is read as it was written") {
  const SealedLevel& level = sealed_levels[1];
  const SealedIdentity key{level.level, 17, 5 * level.span_ms};
  const Octets packed = kept_block("sealed-block-format2.hex");
  REQUIRE(packed.front() == 2);
  SealedCodec codec;
  const auto block = codec.unpack(packed, level.shape(), key);
  REQUIRE(block);
  check_same(sums_by_whole_numbers(key).rows, block->rows, level.columns);
}

TEST_CASE("how a lane is counted stands in blocks of the third format, and must make sense") {
  constexpr std::array<SealedColumn, 2> two{{{"number"}, {"value"}}};
  const SealedShape kind{two, {}, 10};
  const SealedIdentity key{300, 1, 0};
  // Two rows, 0 and 1, whose values are counted as `how` says: 3 and 5.
  const auto last_value = [&](std::uint8_t format, const Octets& how) -> std::optional<std::int64_t> {
    Octets contents = head_of(key);
    contents.insert(contents.end(), {2, 0, 1, 0, 1, 0});
    contents.insert(contents.end(), how.begin(), how.end());
    contents.insert(contents.end(), {3, 1, 0, 0, 0, 2, 0, 2});  // base, planes; no last plane, no exceptions; planes
    SealedCodec codec;
    const auto block = codec.unpack(framed(contents, format), kind, key);
    return block ? std::optional(block->rows.columns[1].number(1)) : std::nullopt;
  };
  const std::optional<std::int64_t> refused;
  CHECK(last_value(2, {0}) == 5);
  CHECK(last_value(3, {0}) == 5);
  CHECK(last_value(3, {128, 100}) == 500);
  CHECK(last_value(3, {64, 2}) == 6);  // 0 1 2 3 4 6
  CHECK(last_value(2, {128, 100}) == refused);
  CHECK(last_value(2, {64, 2}) == refused);
  for (const Octets& wrong : {Octets{128, 0}, {128, 1}, {64, 0}, {64, 64}, {192, 2}, {4}, {5}}) {
    CAPTURE(wrong);
    CHECK(last_value(3, wrong) == refused);  // nor is there a column that its values are like
  }
}

TEST_CASE("counts of a lane and its numbers are one to one, and both are defined for any number") {
  std::mt19937_64 random(2);
  for (const unsigned bits : {1U, 2U, 12U, 16U, 53U, 63U}) {
    const LaneScale scale = LaneScale::of_significant(static_cast<std::uint8_t>(bits));
    for (std::uint64_t count = 0; count < 3000; ++count) {
      const std::uint64_t number = scale.number_of(count);
      if (count >> bits < 2) REQUIRE(scale.count_of(number) == count);
    }
    for (int attempt = 0; attempt < 3000; ++attempt) {
      const std::uint64_t any = random() >> random() % 64;
      static_cast<void>(scale.number_of(any));
      const std::uint64_t below = scale.number_of(scale.count_of(any));
      REQUIRE(below <= any);
      REQUIRE(scale.count_of(below) == scale.count_of(any));
      REQUIRE(scale.count_of(below - (below != 0)) < scale.count_of(any) + (below == 0));
    }
  }
  const LaneScale steps = LaneScale::of_steps(1000);
  for (const std::int64_t number : {std::int64_t{-5000}, std::int64_t{0}, std::int64_t{77'000}}) {
    const auto as_stored = std::bit_cast<std::uint64_t>(number);
    CHECK(std::bit_cast<std::int64_t>(steps.count_of(as_stored)) == number / 1000);
    CHECK(steps.number_of(steps.count_of(as_stored)) == as_stored);
  }
}

/// Rows of sums whose peaks and packets go with their octets, of any size, some of them lacking.
SealedBlock traffic_of(const SealedIdentity& key, std::size_t rows, double largest, unsigned seed) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> load(0.0, 0.8), peak(0.0, 0.1);
  SealedBlock block{key.level, key.interface_id, key.begins_at, {}, {}};
  block.rows.rows = rows;
  block.rows.columns.resize(sealed_columns::traffic.size());
  const auto whole = [](double value) {
    return std::bit_cast<std::int64_t>(static_cast<std::uint64_t>(std::min(value, 1.8e19)));
  };
  for (std::size_t row = 0; row < rows; ++row) {
    std::array<double, 2> octets{};
    for (double& way : octets) way = row % 37 == 5 ? 0.0 : largest * load(random) / 10;
    for (std::size_t column = 0; column < block.rows.columns.size(); ++column) {
      SealedValues& values = block.rows.columns[column];
      const double of = octets[(column + 1) % 2];
      if (column == 0) {
        values.append(static_cast<std::int64_t>(row));
      } else if (row % 41 == 7 || column > 15) {
        values.append_absent();
      } else if (column < 3) {
        values.append(whole(of));
      } else if (column < 5) {
        values.append(0);
      } else {
        values.append(whole(of * peak(random) / static_cast<double>(column)));
      }
    }
  }
  return block;
}

TEST_CASE("what goes with another column comes out as it went in, and takes less") {
  const SealedLevel& level = sealed_levels[1];
  const SealedIdentity key{level.level, 17, 0};
  SealedCodec codec;
  for (const double largest : {1.0, 300.0, 1e7, 1e12, 1e19, 1e25}) {
    for (const std::size_t rows : {1U, 2U, 40U, 2304U}) {
      CAPTURE(largest, rows);
      const SealedBlock block = traffic_of(key, rows, largest, 5);
      const auto packed = codec.pack(block, level.columns, level.exception_columns);
      const auto unpacked = codec.unpack(packed, level.shape(), key);
      REQUIRE(unpacked);
      check_same(block.rows, unpacked->rows, level.columns);
    }
  }
  std::vector<SealedColumn> alone(level.columns.begin(), level.columns.end());
  for (SealedColumn& column : alone) column.like = {};
  const SealedBlock block = traffic_of(key, 2304, 1e9, 6);
  CHECK(codec.pack(block, level.columns, {}).size() < codec.pack(block, alone, {}).size() * 95 / 100);
}

TEST_CASE("what both directions have alike takes one of them, and steps take no more than their number") {
  const SealedLevel& level = sealed_levels[1];
  const SealedIdentity key{level.level, 17, 0};
  SealedCodec codec;
  // Octets of a block where times are multiples of `step`, and those of one direction alone where not `both`.
  const auto octets = [&](std::int64_t step, bool both) {
    std::mt19937_64 random(9);
    SealedBlock block{key.level, key.interface_id, key.begins_at, {}, {}};
    block.rows.rows = 2304;
    block.rows.columns.resize(level.columns.size());
    for (std::size_t row = 0; row < block.rows.rows; ++row) {
      const std::int64_t missing = (static_cast<std::int64_t>(random() % 64) - 32) * step;
      for (std::size_t column = 0; column < level.columns.size(); ++column) {
        if (column == 0) {
          block.rows.columns[column].append(static_cast<std::int64_t>(row));
        } else {
          block.rows.columns[column].append(column == 3 || (column == 4 && both) ? missing : 0);
        }
      }
    }
    const auto packed = codec.pack(block, level.columns, {});
    const auto unpacked = codec.unpack(packed, level.shape(), key);
    REQUIRE(unpacked);
    check_same(block.rows, unpacked->rows, level.columns);
    return packed.size();
  };
  CHECK(octets(1, true) < octets(1, false) + 10);
  CHECK(octets(1000, false) < octets(1, false) + 10);
  CHECK(octets(1'000'003, true) < octets(1, false) + 20);
}

TEST_CASE("numbers of so many significant bits take no more than those") {
  const SealedLevel& level = sealed_levels[1];
  SealedCodec codec;
  const auto octets = [&](unsigned bits) {
    SealedBlock block = traffic_of({level.level, 17, 0}, 2304, 1e9, 6);
    for (const std::size_t column : {5U, 6U, 7U, 8U}) {
      SealedValues rounded;
      for (std::size_t row = 0; row < block.rows.rows; ++row) {
        if (block.rows.columns[column].absent(row)) {
          rounded.append_absent();
          continue;
        }
        const auto number = std::bit_cast<std::uint64_t>(block.rows.columns[column].number(row));
        const auto width = static_cast<unsigned>(std::bit_width(number));
        const unsigned off = width > bits ? width - bits : 0;
        rounded.append(std::bit_cast<std::int64_t>(number >> off << off));
      }
      block.rows.columns[column] = rounded;
    }
    const auto packed = codec.pack(block, level.columns, {});
    const auto unpacked = codec.unpack(packed, level.shape(), {level.level, 17, 0});
    REQUIRE(unpacked);
    check_same(block.rows, unpacked->rows, level.columns);
    return packed.size();
  };
  // Numbers of some 27 bits: 11 bits less of four columns, of which half an octet a row is lost to chance.
  CHECK(octets(16) + 2304 * 4 < octets(64));
}

TEST_CASE("a block of a format to come is refused by its number") {
  SealedCodec codec;
  auto packed = codec.pack(block_of({{1, 2, 3, 4}}, {}), columns, exception_columns);
  packed[0] = newest_format + 1;
  const auto unpacked = codec.unpack(packed, shape, which);
  REQUIRE_FALSE(unpacked);
  CHECK(unpacked.error() == "its format is 4, this octopoll knows 1 to 3");
}

}  // namespace
}  // namespace octopoll::store
