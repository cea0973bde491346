#pragma once
// The few parts of BER that SNMP uses (RFC 3417 section 8), read without trusting a single length, and written.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace octopoll::snmp::ber {

inline constexpr unsigned char integer_tag = 0x02;
inline constexpr unsigned char octet_string_tag = 0x04;
inline constexpr unsigned char oid_tag = 0x06;
inline constexpr unsigned char sequence_tag = 0x30;
inline constexpr unsigned char get_request_tag = 0xa0;
inline constexpr unsigned char response_tag = 0xa2;

/// A cursor over elements of definite length.
class Reader {
 public:
  explicit Reader(std::string_view octets) : rest_(octets) {}

  /// The contents of the next element, if it has this tag and fits.
  std::optional<std::string_view> element(unsigned char tag) {
    if (rest_.empty() || static_cast<unsigned char>(rest_[0]) != tag) return std::nullopt;
    return any();
  }

  /// The contents of the next element of whatever tag.
  std::optional<std::string_view> any() {
    const auto head = header();
    if (!head || head->length > rest_.size() - head->size) return std::nullopt;
    const std::string_view contents = rest_.substr(head->size, head->length);
    rest_.remove_prefix(head->size + head->length);
    return contents;
  }

  /// As much of the contents of the next element as there is, where its length says that there should be more.
  [[nodiscard]] std::optional<std::string_view> beginning() const {
    const auto head = header();
    if (!head) return std::nullopt;
    return rest_.substr(head->size, head->length);
  }

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  /// Of the next element; the reader must not be at its end.
  [[nodiscard]] unsigned char tag() const noexcept { return static_cast<unsigned char>(rest_[0]); }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

  std::optional<std::int64_t> integer() {
    const auto contents = element(0x02);
    if (!contents || contents->empty() || contents->size() > 8) return std::nullopt;
    std::uint64_t value = (static_cast<unsigned char>((*contents)[0]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
    for (const char c : *contents) value = (value << 8U) | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(value);
  }

 private:
  struct Header {
    std::size_t size;    ///< of the header itself
    std::size_t length;  ///< of the contents, as it says
  };
  [[nodiscard]] std::optional<Header> header() const {
    if (rest_.size() < 2) return std::nullopt;
    const auto first = static_cast<unsigned char>(rest_[1]);
    if (first < 0x80) return Header{2, first};
    const std::size_t octets = first & 0x7fU;
    if (octets == 0 || octets > 4 || rest_.size() < 2 + octets) return std::nullopt;
    std::size_t length = 0;
    for (std::size_t i = 0; i < octets; ++i) length = (length << 8U) | static_cast<unsigned char>(rest_[2 + i]);
    return Header{2 + octets, length};
  }

  std::string_view rest_;
};

/// Octets that a length takes.
[[nodiscard]] constexpr std::size_t length_octets(std::size_t length) noexcept {
  return length < 0x80 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 4;
}

/// Tag and length of an element below 16 MB.
inline void append_header(std::string& out, unsigned char tag, std::size_t length) {
  out.push_back(static_cast<char>(tag));
  const std::size_t octets = length_octets(length);
  if (octets > 1) out.push_back(static_cast<char>(0x80U | (octets - 1)));
  for (std::size_t i = octets > 1 ? octets - 1 : 1; i-- > 0;) out.push_back(static_cast<char>(length >> (8 * i)));
}

/// Octets of a whole element with so many octets of contents.
[[nodiscard]] constexpr std::size_t element_octets(std::size_t contents) noexcept {
  return 1 + length_octets(contents) + contents;
}

/// Octets that the contents of an INTEGER from 0 to 2147483647 take.
[[nodiscard]] constexpr std::size_t integer_octets(std::uint32_t number) noexcept {
  return number < 0x80 ? 1 : number < 0x8000 ? 2 : number < 0x800000 ? 3 : 4;
}

inline void append_integer(std::string& out, std::uint32_t number) {
  append_header(out, integer_tag, integer_octets(number));
  for (std::size_t i = integer_octets(number); i-- > 0;) out.push_back(static_cast<char>(number >> (8 * i)));
}

inline void append_octets(std::string& out, std::string_view octets) {
  append_header(out, octet_string_tag, octets.size());
  out += octets;
}

}  // namespace octopoll::snmp::ber
