#pragma once
// The Basic Encoding Rules as far as SNMP uses them. Source: RFC 3417 section 8 (definite lengths; longer forms than
// needed are legal and are read), RFC 2578 section 7 and RFC 3416 section 3 (the tags).
//
// Written from those texts alone and sharing nothing with the poller under test, so that the two can disagree.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>

#include "fleet/oid.hpp"

namespace fleet {

enum class Tag : std::uint8_t {
  integer = 0x02,
  octet_string = 0x04,
  null = 0x05,
  object_id = 0x06,
  sequence = 0x30,
  ip_address = 0x40,
  counter32 = 0x41,
  gauge32 = 0x42,
  time_ticks = 0x43,
  opaque = 0x44,
  counter64 = 0x46,
  no_such_object = 0x80,
  no_such_instance = 0x81,
  end_of_mib_view = 0x82,
  get_request = 0xa0,
  get_next_request = 0xa1,
  response = 0xa2,
  set_request = 0xa3,
  get_bulk_request = 0xa5,
};

using Octets = std::span<const std::uint8_t>;

/// One tag-length-value: its content, and the whole of it.
struct Element {
  Tag tag{};
  Octets content;
  Octets whole;
};

/// Takes elements off a piece of memory, which must outlive what it returns. Never reads past its end.
class Reader {
 public:
  explicit Reader(Octets octets) noexcept : rest_(octets) {}
  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
  /// Empty when what follows is not a whole element: then the message is malformed.
  [[nodiscard]] std::optional<Element> next() noexcept;
  /// The same, and it must have this tag.
  [[nodiscard]] std::optional<Octets> next(Tag tag) noexcept;

 private:
  Octets rest_;
};

/// Content octets to a value; empty where they are none. Integers: two's complement of 1 to 8 octets.
[[nodiscard]] std::optional<std::int64_t> decode_integer(Octets content) noexcept;
[[nodiscard]] std::optional<std::uint64_t> decode_unsigned(Octets content) noexcept;
/// Appends the sub-identifiers to `oid` and returns how many they were.
[[nodiscard]] std::optional<std::size_t> decode_oid(Octets content, Oid& oid);

// What stands in this header with its code is what an answer of a thousand values goes through a thousand times.

/// How many octets a length, an integer's content or an object identifier's content takes.
[[nodiscard]] inline std::size_t length_size(std::size_t length) noexcept {
  if (length < 0x80) return 1;
  return 1 + (static_cast<std::size_t>(std::bit_width(length)) + 7) / 8;
}
[[nodiscard]] inline std::size_t integer_size(std::int64_t value) noexcept {
  // One bit more than the number has, for the sign.
  const auto magnitude = static_cast<std::uint64_t>(value < 0 ? ~value : value);
  return static_cast<std::size_t>(std::bit_width(magnitude)) / 8 + 1;
}
[[nodiscard]] inline std::size_t unsigned_size(std::uint64_t value) noexcept {
  // A set top bit would read as a minus sign, so it costs one octet more.
  return static_cast<std::size_t>(std::bit_width(value)) / 8 + 1;
}
[[nodiscard]] std::size_t oid_size(OidView oid) noexcept;
/// Tag, length and content together.
[[nodiscard]] inline std::size_t element_size(std::size_t content) noexcept {
  return 1 + length_size(content) + content;
}

/// Writes elements into memory of the caller's, in the shortest form. The caller has computed the sizes: writing past
/// the end throws std::length_error.
class Writer {
 public:
  explicit Writer(std::span<std::uint8_t> space) noexcept : space_(space) {}
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  void header(Tag tag, std::size_t length) {
    require(2);
    space_[size_++] = static_cast<std::uint8_t>(tag);
    if (length < 0x80) {
      space_[size_++] = static_cast<std::uint8_t>(length);
    } else {
      long_length(length);
    }
  }
  void octets(Octets octets) {
    require(octets.size());
    if (!octets.empty()) std::memcpy(space_.data() + size_, octets.data(), octets.size());
    size_ += octets.size();
  }
  void element(Tag tag, Octets content) {
    header(tag, content.size());
    octets(content);
  }
  void integer(Tag tag, std::int64_t value) {
    const std::size_t count = integer_size(value);
    header(tag, count);
    number(std::bit_cast<std::uint64_t>(value), count);
  }
  void unsigned_integer(Tag tag, std::uint64_t value) {
    std::size_t count = unsigned_size(value);
    header(tag, count);
    if (count > sizeof value) {
      octet(0);
      --count;
    }
    number(value, count);
  }
  void object_id(OidView oid);

 private:
  void require(std::size_t octets) const {
    if (space_.size() - size_ < octets) throw std::length_error("BER writer: out of space");
  }
  void long_length(std::size_t length);
  void octet(std::uint8_t value) {
    require(1);
    space_[size_++] = value;
  }
  /// Its last `count` octets, at most 8.
  void number(std::uint64_t value, std::size_t count) {
    require(count);
    for (std::size_t i = count; i-- > 0;) space_[size_++] = static_cast<std::uint8_t>(value >> (8 * i) & 0xff);
  }

  std::span<std::uint8_t> space_;
  std::size_t size_ = 0;
};

}  // namespace fleet
