#include "sealed_block.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <new>
#include <utility>

namespace octopoll::store {
namespace {

constexpr std::uint8_t format = 3;
constexpr int effort = 1;  // of zstd: its search for repetitions finds none here, its coding is the same at all levels

// Far beyond what a block with texts has, and little enough for the memory of whoever reads a forged one.
constexpr std::uint64_t most_octets = 256 << 20;

// A key is 63 bits and a sign, 24 of them its interface.
constexpr std::int64_t numbers_end = std::int64_t{1} << 39;

// Beside the prediction: the lane has one plane, and bits in the table's last one; that plane is relative; its numbers
// are counted by significant bits; in steps.
constexpr std::uint8_t as_bits = 16;
constexpr std::uint8_t relative = 32;
constexpr std::uint8_t significant = 64;
constexpr std::uint8_t in_steps = 128;

/// Bits from the lowest of the first octet on; zeros where there are no more.
class Bits {
 public:
  explicit Bits(std::span<const std::uint8_t> octets) noexcept : octets_(octets) {}
  [[nodiscard]] std::uint64_t take(unsigned count) noexcept {
    std::uint64_t number = 0;
    for (unsigned have = 0; have < count;) {
      if (held_ == 0) {
        if (next_ == octets_.size()) {
          exceeded_ = true;
          return number;
        }
        hold_ = octets_[next_++];
        held_ = 8;
      }
      const unsigned here = std::min(held_, count - have);
      number |= std::uint64_t{hold_ & ((1U << here) - 1)} << have;
      hold_ >>= here;
      held_ -= here;
      have += here;
    }
    return number;
  }
  /// All octets, and no more, were asked for.
  [[nodiscard]] bool used_up() const noexcept { return !exceeded_ && next_ == octets_.size(); }

 private:
  std::span<const std::uint8_t> octets_;
  std::size_t next_ = 0;
  unsigned hold_ = 0;
  unsigned held_ = 0;
  bool exceeded_ = false;
};

std::uint64_t number_of(std::uint8_t size, Bits& bits) noexcept {
  if (size < 4) return size;
  const unsigned below = bits_below(size);
  return (std::uint64_t{2U | (size & 1U)} << below) | bits.take(below);
}

void put_varint(std::vector<std::uint8_t>& to, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) to.push_back(static_cast<std::uint8_t>(number | 0x80U));
  to.push_back(static_cast<std::uint8_t>(number));
}

std::uint64_t lane_of(std::int64_t number, int from, int to) noexcept {
  const std::uint64_t above = std::bit_cast<std::uint64_t>(number) >> static_cast<unsigned>(from);
  return to == 64 ? above : above & ((std::uint64_t{1} << static_cast<unsigned>(to - from)) - 1);
}

/// What follows `first` bit of a column's lane.
int end_of(std::span<const int> lanes, std::size_t lane) { return lane + 1 < lanes.size() ? lanes[lane + 1] : 64; }

constexpr std::array<int, 1> whole{0};
std::span<const int> lanes_of(const SealedColumn& column) {
  return column.lanes.empty() ? std::span<const int>(whole) : column.lanes;
}

/// The number beside it in another column, as it was packed.
std::uint64_t other_of(const SealedValues& other, std::size_t row) noexcept {
  return other.absent(row) ? 0 : std::bit_cast<std::uint64_t>(other.number(row));
}

/// Whether the lowest octets of the numbers are all about as frequent: what leans to some, as times do that an agent
/// counts in hundredths of a second, takes less as planes.
bool is_noise(std::span<const std::uint64_t> numbers) {
  std::array<std::uint32_t, 256> counts{};
  for (const std::uint64_t number : numbers) ++counts[number & 0xFFU];
  double squares = 0.0;
  for (const std::uint32_t count : counts) squares += static_cast<double>(count) * count;
  const auto all = static_cast<double>(numbers.size());
  constexpr double room = 1.5;
  return squares <= room * all * (all / 256 + 1);
}

/// Unit: bits, less what all that are of one sum have alike.
double information_in(std::span<const std::uint32_t> counts) {
  double sum = 0.0;
  for (const std::uint32_t count : counts) sum -= count < 2 ? 0.0 : count * std::log2(static_cast<double>(count));
  return sum;
}

/// What a table of so many rows unpacks to at most.
std::uint64_t most_octets_of(std::span<const SealedColumn> columns, std::size_t rows) {
  constexpr std::uint64_t most_of_a_lane = 22;  // in the head: prediction, scale, base, planes
  std::uint64_t sum = 20;                       // rows, last plane
  for (const SealedColumn& column : columns) {
    if (column.kind == SealedColumn::Kind::text) return most_octets;
    const std::uint64_t lanes = lanes_of(column).size();
    // A run takes an octet for each of its rows at most, and a number nine: how large it is, and its bits.
    sum += (9 * lanes + 1) * rows + most_of_a_lane * lanes + 2;
  }
  return sum;
}

/// What a frame of that size unpacks to at most: each of its blocks takes four octets or more.
std::uint64_t most_octets_of(std::size_t frame) { return (frame / 4 + 1) * ZSTD_BLOCKSIZE_MAX; }

}  // namespace

void SealedValues::append_text(std::string_view text) {
  const auto [known, added] = places_.try_emplace(std::string(text), static_cast<std::int64_t>(texts_.size()));
  if (added) texts_.emplace_back(text);
  append(known->second);
}

void SealedValues::append_all(const SealedValues& more) {
  if (absent_.empty() && !more.absent_.empty()) absent_.assign(rows_, 0);
  if (more.absent_.empty()) {
    if (!absent_.empty()) absent_.resize(rows_ + more.rows_, 0);
  } else {
    absent_.insert(absent_.end(), more.absent_.begin(), more.absent_.end());
  }
  if (more.constant_) {
    numbers_.insert(numbers_.end(), more.rows_, more.numbers_.front());
  } else {
    numbers_.insert(numbers_.end(), more.numbers_.begin(), more.numbers_.end());
  }
  rows_ += more.rows_;
}

std::size_t SealedBlock::octets() const noexcept {
  std::size_t sum = sizeof(*this);
  for (const SealedTable* table : {&rows, &exceptions}) {
    for (const SealedValues& column : table->columns) sum += sizeof(column) + column.octets();
  }
  return sum;
}

void SealedCodec::FreePacker::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }
void SealedCodec::FreeUnpacker::operator()(ZSTD_DCtx_s* context) const noexcept { ZSTD_freeDCtx(context); }

SealedCodec::SealedCodec() = default;
SealedCodec::~SealedCodec() = default;
SealedCodec::SealedCodec(SealedCodec&&) noexcept = default;
SealedCodec& SealedCodec::operator=(SealedCodec&&) noexcept = default;

std::vector<std::uint8_t> SealedCodec::pack(const SealedBlock& block, std::span<const SealedColumn> columns,
                                            std::span<const SealedColumn> exception_columns) {
  head_.clear();
  planes_.clear();
  plane_ends_.clear();
  put_varint(head_, std::bit_cast<std::uint64_t>(block.level));
  put_varint(head_, zig_zag(std::bit_cast<std::uint64_t>(block.interface_id)));
  put_varint(head_, zig_zag(std::bit_cast<std::uint64_t>(block.begins_at)));
  put_table(block.rows, columns);
  put_table(block.exceptions, exception_columns);

  if (!packer_) packer_.reset(ZSTD_createCCtx());
  if (!packer_) throw std::bad_alloc();
  ZSTD_CCtx_reset(packer_.get(), ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(packer_.get(), ZSTD_c_compressionLevel, effort);
  ZSTD_CCtx_setParameter(packer_.get(), ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setPledgedSrcSize(packer_.get(), head_.size() + planes_.size());
  constexpr std::size_t most_of_a_plane = 8;  // what zstd puts around a block; more of them where it is large
  std::vector<std::uint8_t> packed(1 + ZSTD_compressBound(head_.size() + planes_.size()) +
                                   most_of_a_plane * (plane_ends_.size() + 4));
  packed[0] = format;
  ZSTD_outBuffer out{packed.data(), packed.size(), 1};
  const auto put = [&](const std::uint8_t* from, std::size_t size, ZSTD_EndDirective how) {
    ZSTD_inBuffer in{from, size, 0};
    for (std::size_t left = 1; left != 0 || in.pos < in.size;) {
      left = ZSTD_compressStream2(packer_.get(), &out, &in, how);
      if (ZSTD_isError(left) != 0) throw std::bad_alloc();  // there is room: what else can fail is its own memory
    }
  };
  put(head_.data(), head_.size(), ZSTD_e_flush);
  std::size_t begin = 0;
  for (const std::size_t end : plane_ends_) {
    put(planes_.data() + begin, end - begin, ZSTD_e_flush);
    begin = end;
  }
  put(nullptr, 0, ZSTD_e_end);
  packed.resize(out.pos);
  packed.shrink_to_fit();
  return packed;
}

void SealedCodec::put_table(const SealedTable& table, std::span<const SealedColumn> columns) {
  put_varint(head_, table.rows);
  if (table.rows == 0) return;
  bits_.clear();
  last_bits_ = 8;
  for (std::size_t place = 0; place < columns.size(); ++place) {
    const SealedValues& values = table.columns[place];
    const auto& absent = values.absent_;
    const bool some = std::find(absent.begin(), absent.end(), 1) != absent.end();
    head_.push_back(some ? 1 : 0);
    if (some) {
      std::uint8_t lacking = 0;
      for (auto run = absent.begin(); run != absent.end(); lacking ^= 1U) {
        const auto end = std::find(run, absent.end(), lacking ^ 1U);
        put_varint(head_, static_cast<std::uint64_t>(end - run));
        run = end;
      }
    }
    if (columns[place].kind == SealedColumn::Kind::text) {
      put_varint(head_, values.texts_.size());
      for (const std::string& text : values.texts_) {
        put_varint(head_, text.size());
        head_.insert(head_.end(), text.begin(), text.end());
      }
    }
    const std::span<const int> lanes = lanes_of(columns[place]);
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      const SealedValues* like =
          columns[place].like.empty() ? nullptr : &table.columns[static_cast<std::size_t>(columns[place].like[lane])];
      put_lane(values, lanes[lane], end_of(lanes, lane), like);
    }
  }
  put_varint(head_, bits_.size());
  if (bits_.empty()) return;
  planes_.insert(planes_.end(), bits_.begin(), bits_.end());
  plane_ends_.push_back(planes_.size());
}

void SealedCodec::put_lane(const SealedValues& values, int from, int to, const SealedValues* like) {
  lane_.clear();
  for (std::size_t row = 0; row < values.rows_; ++row) {
    if (!values.absent(row)) lane_.push_back(lane_of(values.number(row), from, to));
  }
  // The lowest number as SQLite sees it, so that small ones on both sides of 0 stay small.
  std::uint64_t base = lane_.empty() ? 0 : lane_.front();
  for (const std::uint64_t number : lane_) {
    if (std::bit_cast<std::int64_t>(number) < std::bit_cast<std::int64_t>(base)) base = number;
  }
  if (std::all_of(lane_.begin(), lane_.end(), [base](std::uint64_t number) { return number == base; })) {
    head_.push_back(static_cast<std::uint8_t>(Prediction::base));
    put_varint(head_, base);
    head_.push_back(0);
    return;
  }
  const LaneScale scale = LaneScale::of(lane_);
  for (std::uint64_t& number : lane_) number = scale.count_of(number);
  base = scale.count_of(base);
  others_.clear();
  for (std::size_t row = 0; like != nullptr && row < values.rows_; ++row) {
    if (!values.absent(row)) others_.push_back(other_of(*like, row));
  }
  const Prediction best = best_prediction(scale, base);
  if (others_.empty()) others_.assign(lane_.size(), 0);
  if (goes_by_other(best)) base = 0;
  Predictor predictor(best, scale, base);
  std::uint64_t all = 0;
  scales_.clear();
  for (std::size_t place = 0; place < lane_.size(); ++place) {
    const std::uint64_t count = lane_[place];
    const std::uint64_t predicted = predictor.next(others_[place]);
    scales_.push_back(predictor.scale(predicted));
    lane_[place] = predictor.difference(count, predicted);
    predictor.learn(count, others_[place]);
    all |= lane_[place];
  }
  const auto planes = static_cast<std::uint8_t>((std::bit_width(all) + 7) / 8);
  const bool coded = planes > 1 && is_noise(lane_);
  auto how = static_cast<std::uint8_t>(best);
  if (coded) how = static_cast<std::uint8_t>(how | as_bits | (put_bits() ? relative : 0));
  if (scale.significant() != 0) how |= significant;
  if (scale.step() != 1) how |= in_steps;
  head_.push_back(how);
  if (scale.significant() != 0) head_.push_back(scale.significant());
  if (scale.step() != 1) put_varint(head_, scale.step());
  put_varint(head_, base);
  head_.push_back(coded ? 1 : planes);
  if (!coded) put_planes(planes);
}

/// The one that makes the smallest differences of lane_, where others_ may be empty.
Prediction SealedCodec::best_prediction(const LaneScale& scale, std::uint64_t base) const {
  std::array<std::uint64_t, 5> bits{};
  std::uint64_t last = base;
  std::uint64_t step = 0;
  for (const std::uint64_t count : lane_) {
    const std::uint64_t grown = count - last;
    bits[0] += static_cast<std::uint64_t>(std::bit_width(count - base));
    bits[1] += static_cast<std::uint64_t>(std::bit_width(zig_zag(grown)));
    bits[2] += static_cast<std::uint64_t>(std::bit_width(zig_zag(grown - step)));
    last = count;
    step = grown;
  }
  if (others_.empty()) bits[3] = bits[4] = std::numeric_limits<std::uint64_t>::max();
  Predictor other(Prediction::other, scale, 0);
  for (std::size_t place = 0; place < others_.size(); ++place) {
    const std::uint64_t count = lane_[place];
    bits[3] += static_cast<std::uint64_t>(std::bit_width(zig_zag(count - other.next(others_[place]))));
    bits[4] += static_cast<std::uint64_t>(std::bit_width(zig_zag(count - scale.count_of(others_[place]))));
    other.learn(count, others_[place]);
  }
  return static_cast<Prediction>(std::min_element(bits.begin(), bits.end()) - bits.begin());
}

void SealedCodec::put_planes(std::size_t planes) {
  const std::size_t rows = lane_.size();
  const std::size_t begin = planes_.size();
  planes_.resize(begin + planes * rows);
  for (std::size_t plane = 0; plane < planes; ++plane) {
    std::uint8_t* to_plane = planes_.data() + begin + plane * rows;
    for (std::size_t row = 0; row < rows; ++row) to_plane[row] = static_cast<std::uint8_t>(lane_[row] >> (8 * plane));
    plane_ends_.push_back(begin + (plane + 1) * rows);
  }
}

// True where the plane is relative: where numbers are as far off as they are large, that leans more to some values.
bool SealedCodec::put_bits() {
  std::array<std::uint32_t, 256> counts{}, relative_counts{};
  for (std::size_t place = 0; place < lane_.size(); ++place) {
    const std::uint8_t size = size_of(lane_[place]);
    ++counts[size];
    ++relative_counts[static_cast<std::uint8_t>(size - scales_[place])];
  }
  const bool is_relative = information_in(relative_counts) < information_in(counts);
  for (std::size_t place = 0; place < lane_.size(); ++place) {
    std::uint64_t number = lane_[place];
    const std::uint8_t size = size_of(number);
    planes_.push_back(static_cast<std::uint8_t>(is_relative ? size - scales_[place] : size));
    for (unsigned left = bits_below(size); left != 0;) {
      if (last_bits_ == 8) {
        bits_.push_back(0);
        last_bits_ = 0;
      }
      const unsigned here = std::min(8 - last_bits_, left);
      bits_.back() = static_cast<std::uint8_t>(bits_.back() | (number & ((1U << here) - 1)) << last_bits_);
      number >>= here;
      left -= here;
      last_bits_ += here;
    }
  }
  plane_ends_.push_back(planes_.size());
  return is_relative;
}

/// What was unpacked, from its begin on; each read fails where there is too little left.
class SealedCodec::Source {
 public:
  explicit Source(std::span<const std::uint8_t> octets) : left_(octets) {}

  [[nodiscard]] bool octet(std::uint8_t& octet) noexcept {
    if (left_.empty()) return false;
    octet = left_.front();
    left_ = left_.subspan(1);
    return true;
  }
  [[nodiscard]] bool varint(std::uint64_t& number) noexcept {
    number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      std::uint8_t next = 0;
      if (!octet(next)) return false;
      number |= static_cast<std::uint64_t>(next & 0x7FU) << shift;
      if ((next & 0x80U) == 0) return true;
    }
    return false;
  }
  [[nodiscard]] bool take(std::size_t size, std::span<const std::uint8_t>& octets) noexcept {
    if (size > left_.size()) return false;
    octets = left_.first(size);
    left_ = left_.subspan(size);
    return true;
  }
  [[nodiscard]] std::size_t left() const noexcept { return left_.size(); }
  [[nodiscard]] bool empty() const noexcept { return left_.empty(); }

 private:
  std::span<const std::uint8_t> left_;
};

struct SealedCodec::Lane {
  std::size_t column = 0;
  int from = 0;
  std::size_t rows = 0;
  Prediction prediction = Prediction::base;
  std::uint64_t base = 0;
  std::uint8_t planes = 0;
  bool has_bits = false;
  bool is_relative = false;
  LaneScale scale = {};
  int like = -1;  ///< the other column
  std::span<const std::uint8_t> octets = {};
};

tl::expected<SealedBlock, std::string> SealedCodec::unpack(std::span<const std::uint8_t> packed,
                                                           const SealedShape& shape, const SealedIdentity& which) {
  const auto wrong = [](std::string what) { return tl::make_unexpected(std::move(what)); };
  if (packed.empty()) return wrong("it is empty");
  if (packed[0] == 0 || packed[0] > format)
    return wrong("its format is " + std::to_string(packed[0]) + ", this octopoll knows 1 to 3");
  const auto frame = packed.subspan(1);
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  constexpr std::uint64_t most_of_the_key = 30;
  const std::uint64_t most =
      std::min({most_octets, most_octets_of(frame.size()),
                most_of_the_key + most_octets_of(shape.columns, shape.most_rows) +
                    most_octets_of(shape.exception_columns, shape.exception_columns.empty() ? 0 : shape.most_rows)});
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > most)
    return wrong("its begin is damaged");
  if (!unpacker_) unpacker_.reset(ZSTD_createDCtx());
  if (!unpacker_) throw std::bad_alloc();
  unpacked_.resize(static_cast<std::size_t>(size));
  const std::size_t got =
      ZSTD_decompressDCtx(unpacker_.get(), unpacked_.data(), unpacked_.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) != 0) return wrong(std::string("zstd: ") + ZSTD_getErrorName(got));

  Source source{std::span<const std::uint8_t>(unpacked_).first(got)};
  constexpr const char* other_columns = "its columns are not those of its level";
  std::uint64_t level = 0, interface_id = 0, begins_at = 0;
  if (!source.varint(level) || !source.varint(interface_id) || !source.varint(begins_at)) return wrong(other_columns);
  if (SealedIdentity{std::bit_cast<std::int64_t>(level), std::bit_cast<std::int64_t>(un_zig_zag(interface_id)),
                     std::bit_cast<std::int64_t>(un_zig_zag(begins_at))} != which) {
    return wrong("it is another one's");
  }
  SealedBlock block{which.level, which.interface_id, which.begins_at, {}, {}};
  std::vector<Lane> lanes, exception_lanes;
  // Exceptions are of rows that are there.
  std::uint64_t last = 0, last_of_exceptions = 0;
  const bool whole_block = read_head(source, block.rows, shape.columns, shape.most_rows, packed[0], lanes, last) &&
                           read_head(source, block.exceptions, shape.exception_columns, block.rows.rows, packed[0],
                                     exception_lanes, last_of_exceptions) &&
                           read_planes(source, lanes, last, block.rows) &&
                           read_planes(source, exception_lanes, last_of_exceptions, block.exceptions) && source.empty();
  if (!whole_block) return wrong(other_columns);
  if (!is_ordered(block.rows) || !is_ordered(block.exceptions)) return wrong("its rows are out of order");
  return block;
}

bool SealedCodec::is_ordered(const SealedTable& table) {
  if (table.rows == 0) return true;
  const SealedValues& numbers = table.columns[0];
  if (!numbers.absent_.empty() || numbers.number(0) < -numbers_end) return false;
  for (std::size_t row = 1; row < table.rows; ++row) {
    if (numbers.number(row) <= numbers.number(row - 1)) return false;
  }
  return numbers.number(table.rows - 1) < numbers_end;
}

bool SealedCodec::read_head(Source& source, SealedTable& table, std::span<const SealedColumn> columns,
                            std::size_t most_rows, std::uint8_t of_format, std::vector<Lane>& lanes,
                            std::uint64_t& last_plane) {
  std::uint64_t rows = 0;
  if (!source.varint(rows) || rows > most_rows || (rows != 0 && columns.empty())) return false;
  // Numbers that ascend have a plane.
  if (rows > 1 && rows > source.left()) return false;
  table.rows = static_cast<std::size_t>(rows);
  table.columns.resize(columns.size());
  if (rows == 0) return true;
  for (std::size_t place = 0; place < columns.size(); ++place) {
    SealedValues& values = table.columns[place];
    values.rows_ = table.rows;
    std::size_t present = table.rows;
    std::uint8_t some_absent = 0;
    if (!source.octet(some_absent) || some_absent > 1) return false;
    if (some_absent == 1) {
      values.absent_.reserve(table.rows);
      present = 0;
      for (std::uint8_t lacking = 0; values.absent_.size() < table.rows; lacking ^= 1U) {
        std::uint64_t run = 0;
        const bool first = values.absent_.empty() && lacking == 0;
        if (!source.varint(run) || run > table.rows - values.absent_.size() || (run == 0 && !first)) return false;
        values.absent_.insert(values.absent_.end(), static_cast<std::size_t>(run), lacking);
        if (lacking == 0) present += static_cast<std::size_t>(run);
      }
    }
    if (columns[place].kind == SealedColumn::Kind::text) {
      std::uint64_t texts = 0;
      if (!source.varint(texts) || texts > table.rows || (texts == 0 && present != 0)) return false;
      for (std::uint64_t each = 0; each < texts; ++each) {
        std::uint64_t size = 0;
        std::span<const std::uint8_t> octets;
        if (!source.varint(size) || size > source.left() || !source.take(static_cast<std::size_t>(size), octets))
          return false;
        values.texts_.emplace_back(octets.begin(), octets.end());
        if (!values.places_.emplace(values.texts_.back(), each).second) return false;
      }
    }
    const std::span<const int> froms = lanes_of(columns[place]);
    for (std::size_t each = 0; each < froms.size(); ++each) {
      Lane lane;
      lane.column = place;
      lane.from = froms[each];
      lane.rows = present;
      if (!read_manner(source, of_format, lane)) return false;
      if (!columns[place].like.empty()) lane.like = columns[place].like[each];
      if (goes_by_other(lane.prediction) && lane.like < 0) return false;
      if (!source.varint(lane.base) || !source.octet(lane.planes) || lane.planes > 8) return false;
      if (lane.has_bits ? lane.planes != 1 : lane.is_relative) return false;
      lanes.push_back(lane);
    }
  }
  return of_format == 1 || source.varint(last_plane);
}

bool SealedCodec::read_manner(Source& source, std::uint8_t of_format, Lane& lane) {
  std::uint8_t how = 0;
  if (!source.octet(how)) return false;
  lane.has_bits = (how & as_bits) != 0;
  lane.is_relative = (how & relative) != 0;
  const auto prediction = static_cast<std::uint8_t>(how & (as_bits - 1U));
  const Prediction last_of_format = of_format < 3 ? Prediction::other : Prediction::same;
  if (prediction > static_cast<std::uint8_t>(last_of_format)) return false;
  lane.prediction = static_cast<Prediction>(prediction);
  const unsigned scaled = how & (significant | in_steps);
  if (scaled == 0) return true;
  if (of_format < 3) return false;
  if (scaled == significant) {
    std::uint8_t bits = 0;
    if (!source.octet(bits) || bits == 0 || bits > 63) return false;
    lane.scale = LaneScale::of_significant(bits);
    return true;
  }
  std::uint64_t step = 0;
  if (scaled != in_steps || !source.varint(step) || step < 2) return false;
  lane.scale = LaneScale::of_steps(step);
  return true;
}

bool SealedCodec::read_planes(Source& source, std::vector<Lane>& lanes, std::uint64_t last_plane, SealedTable& table) {
  for (Lane& lane : lanes) {
    if (!source.take(lane.planes * lane.rows, lane.octets)) return false;
  }
  std::span<const std::uint8_t> last_octets;
  if (last_plane > source.left() || !source.take(static_cast<std::size_t>(last_plane), last_octets)) return false;
  Bits bits(last_octets);
  std::vector<std::uint64_t> numbers;
  for (std::size_t place = 0; place < lanes.size(); ++place) {
    const Lane& lane = lanes[place];
    SealedValues& values = table.columns[lane.column];
    const std::span<const std::uint8_t> octets = lane.octets;
    const bool only = (place == 0 || lanes[place - 1].column != lane.column) &&
                      (place + 1 == lanes.size() || lanes[place + 1].column != lane.column);
    if (only && lane.planes == 0 && lane.prediction == Prediction::base) {
      values.constant_ = true;
      values.numbers_.assign(1, std::bit_cast<std::int64_t>(lane.scale.number_of(lane.base)));
    } else {
      numbers.assign(lane.rows, 0);
      for (std::size_t plane = 0; !lane.has_bits && plane < lane.planes; ++plane) {
        const std::uint8_t* from = octets.data() + plane * lane.rows;
        for (std::size_t row = 0; row < lane.rows; ++row)
          numbers[row] |= static_cast<std::uint64_t>(from[row]) << (8 * plane);
      }
      const SealedValues* like =
          goes_by_other(lane.prediction) ? &table.columns[static_cast<std::size_t>(lane.like)] : nullptr;
      Predictor predictor(lane.prediction, lane.scale, lane.base);
      values.numbers_.resize(table.rows);
      std::size_t next = 0;
      for (std::size_t row = 0; row < table.rows; ++row) {
        if (values.absent(row)) continue;
        const std::uint64_t other = like == nullptr ? 0 : other_of(*like, row);
        const std::uint64_t predicted = predictor.next(other);
        std::uint64_t& difference = numbers[next];
        if (lane.has_bits) {
          const auto size =
              static_cast<std::uint8_t>(octets[next] + (lane.is_relative ? predictor.scale(predicted) : 0));
          if (size > largest_size) return false;
          difference = number_of(size, bits);
        }
        ++next;
        const std::uint64_t count = predictor.count(difference, predicted);
        predictor.learn(count, other);
        const std::uint64_t part = lane.scale.number_of(count) << static_cast<unsigned>(lane.from);
        values.numbers_[row] = std::bit_cast<std::int64_t>(std::bit_cast<std::uint64_t>(values.numbers_[row]) | part);
      }
    }
    if (values.texts_.empty()) continue;
    const auto texts = static_cast<std::int64_t>(values.texts_.size());
    if (std::any_of(values.numbers_.begin(), values.numbers_.end(),
                    [texts](std::int64_t text) { return text < 0 || text >= texts; })) {
      return false;
    }
  }
  return bits.used_up();
}

}  // namespace octopoll::store
