#pragma once
// Rows of one interface over a span of time, packed column by column. Pure: octets in, rows out.
//
// A block is one octet, the format (3), and one zstd frame with its checksum. In the frame: a head, then planes.
//
//     head      varint   level, zig-zag interface, zig-zag begin, then the two tables: rows, and exceptions
//     a table   varint   number of rows; nothing more where it is 0. Then each of its columns, and
//               varint   how many octets the last of its planes has
//     a column  octet    0: no row lacks it; 1: some do: varint lengths of runs that have it, lack it, have it, ...
//               strings  of a column of text: varint count, each with its varint length. Its numbers are places there.
//               lanes    of what is there: octet prediction, how it counts, varint base, octet planes
//     a lane    the number, or those bits of it that a table packs into one column beside others
//
// A lane's numbers are counted one by one; or, where 128 is added to the prediction, in steps: a varint follows, 2 or
// more, of which all of them are multiples, of both signs. Or, where 64 is added, by significant bits: an octet
// follows, from 1 to 63, and none of them has more bits from its highest to its lowest that is set. Of b such bits a
// number below 2^b is its own count, and the next larger one that the lane can have has the next count: n with c
// bits more than b has (c << (b - 1)) + (n >> c). So what is known to a share of itself is as far off at any size.
//
// The counts become differences of what the prediction says of them, modulo 2^64: from the base (0), from the one
// before (1, zig-zag), from as much more as the one before grew by (2, zig-zag), or from what another column of the row
// says (3, zig-zag): the count of its number times the ratio of the two so far; or the count of its number as it is (4,
// zig-zag), as for what both directions have alike. Whichever makes the smallest ones is taken. The base is a count.
//
// Their lowest octets follow each other as one plane, then the next ones, as many as the largest number has: none where
// all are alike. Or, where 16 is added to the prediction, there is one plane of how large each number is, an octet, and
// what is below its two highest bits stands in the last plane of the table, bit behind bit: noise takes no more than it
// has. Where 32 is added, too, that octet is less, modulo 256, how large what was foreseen is, or (1, 2) the one
// before: traffic is as far off as it is large. Each plane is a zstd block of its own, so that zstd stores noise as it
// is, codes what leans to some values with a table of its own, and a plane of one value costs four octets.
//
//     how large 0 to 3: the number itself; else twice the place of its highest bit (from 0), and 1 more where the bit
//               below is set
//     ratio     a double: 0, after the first row whose other number is not 0 theirs, and then a quarter of the way to
//               each that comes; a product of 2^63 or more counts as 0
//
// Format 2 had no other counts than one by one, and not the last prediction. Format 1 had none by another column,
// either, nor the last plane and its length.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <vector>

#include "sealed_lane.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace octopoll::store {

/// What a column of a table holds.
struct SealedColumn {
  enum class Kind : std::uint8_t { integer, real, text };
  std::string_view name;
  Kind kind = Kind::integer;
  std::span<const int> lanes = {};  ///< first bits of the numbers packed into it; none: it is one number
  std::span<const int> like = {};   ///< by lane: place of a column before it, of one number, that it may go with
};

/// The values of one column, by row.
class SealedValues {
 public:
  void append(std::int64_t number) {
    numbers_.push_back(number);
    if (!absent_.empty()) absent_.push_back(0);
    ++rows_;
  }
  void append_absent() {
    if (absent_.empty()) absent_.assign(rows_, 0);
    absent_.push_back(1);
    numbers_.push_back(0);
    ++rows_;
  }
  void append_text(std::string_view text);
  /// All of another column of the same kind, which is not of texts.
  void append_all(const SealedValues& more);
  void reserve(std::size_t rows) { numbers_.reserve(rows); }

  [[nodiscard]] bool absent(std::size_t row) const noexcept { return !absent_.empty() && absent_[row] != 0; }
  /// Of a real the bits; of a text its place among texts().
  [[nodiscard]] std::int64_t number(std::size_t row) const noexcept { return numbers_[constant_ ? 0 : row]; }
  [[nodiscard]] const std::string& text(std::size_t row) const noexcept {
    return texts_[static_cast<std::size_t>(number(row))];
  }
  [[nodiscard]] std::size_t octets() const noexcept { return 8 * numbers_.capacity() + absent_.capacity(); }

 private:
  friend class SealedCodec;
  std::vector<std::int64_t> numbers_;  // a single one where `constant_`
  std::vector<std::uint8_t> absent_;   // empty where no row lacks it
  std::vector<std::string> texts_;
  std::unordered_map<std::string, std::int64_t> places_;  // of the texts, all of them different
  bool constant_ = false;
  std::size_t rows_ = 0;
};

struct SealedTable {
  std::size_t rows = 0;
  std::vector<SealedValues> columns;  ///< the first: what orders the rows, the key without its interface
};

/// The tables of a kind of block.
struct SealedShape {
  std::span<const SealedColumn> columns;
  std::span<const SealedColumn> exception_columns;  ///< none: it has no exceptions
  std::size_t most_rows = 0;                        ///< that it ever has, so that a forged one takes no more memory
};

/// Which block it is: the key of its row, which it repeats.
struct SealedIdentity {
  std::int64_t level = 0;
  std::int64_t interface_id = 0;
  std::int64_t begins_at = 0;
  friend auto operator<=>(const SealedIdentity&, const SealedIdentity&) = default;
};

struct SealedBlock {
  std::int64_t level = 0;         ///< seconds of a sum; 0: samples; 1: polls
  std::int64_t interface_id = 0;  ///< of polls the device's
  std::int64_t begins_at = 0;     ///< unix ms, of the span
  SealedTable rows;
  SealedTable exceptions;

  [[nodiscard]] std::size_t octets() const noexcept;
};

/// Packs and unpacks, with zstd's working memory. Thread: one at a time.
class SealedCodec {
 public:
  SealedCodec();
  ~SealedCodec();
  SealedCodec(SealedCodec&&) noexcept;
  SealedCodec& operator=(SealedCodec&&) noexcept;

  /// `columns`, `exception_columns`: of the tables, in order. Errors: out of memory (std::bad_alloc).
  [[nodiscard]] std::vector<std::uint8_t> pack(const SealedBlock& block, std::span<const SealedColumn> columns,
                                               std::span<const SealedColumn> exception_columns);
  /// The block that `which` says, its rows in ascending order with numbers that keys have room for. What is wrong with
  /// it, in words, where it is another one or is damaged, whatever the octets. Errors: out of memory (std::bad_alloc).
  [[nodiscard]] tl::expected<SealedBlock, std::string> unpack(std::span<const std::uint8_t> packed,
                                                              const SealedShape& shape, const SealedIdentity& which);

 private:
  struct Head;
  struct Lane;
  class Source;
  void put_table(const SealedTable& table, std::span<const SealedColumn> columns);
  void put_lane(const SealedValues& values, int from, int to, const SealedValues* like);
  [[nodiscard]] Prediction best_prediction(const LaneScale& scale, std::uint64_t base) const;
  void put_planes(std::size_t planes);
  [[nodiscard]] bool put_bits();
  [[nodiscard]] static bool read_head(Source& source, SealedTable& table, std::span<const SealedColumn> columns,
                                      std::size_t most_rows, std::uint8_t of_format, std::vector<Lane>& lanes,
                                      std::uint64_t& last_plane);
  [[nodiscard]] static bool read_manner(Source& source, std::uint8_t of_format, Lane& lane);
  [[nodiscard]] static bool read_planes(Source& source, std::vector<Lane>& lanes, std::uint64_t last_plane,
                                        SealedTable& table);
  [[nodiscard]] static bool is_ordered(const SealedTable& table);

  struct FreePacker {
    void operator()(ZSTD_CCtx_s* context) const noexcept;
  };
  struct FreeUnpacker {
    void operator()(ZSTD_DCtx_s* context) const noexcept;
  };
  std::unique_ptr<ZSTD_CCtx_s, FreePacker> packer_;
  std::unique_ptr<ZSTD_DCtx_s, FreeUnpacker> unpacker_;
  std::vector<std::uint8_t> head_;
  std::vector<std::uint8_t> planes_;
  std::vector<std::size_t> plane_ends_;
  std::vector<std::uint64_t> lane_;
  std::vector<std::uint64_t> others_;  // of the column that the lane may go with
  std::vector<std::uint8_t> scales_;   // how large what is foreseen of each is
  std::vector<std::uint8_t> bits_;     // of a table's last plane
  unsigned last_bits_ = 0;             // of its last octet that are taken
  std::vector<std::uint8_t> unpacked_;
};

}  // namespace octopoll::store
