#include "fleet/ber.hpp"

#include <algorithm>
#include <bit>

namespace fleet {
namespace {

std::uint32_t first_sub_identifier(OidView oid) noexcept { return oid[0] * 40 + oid[1]; }
std::size_t base128_size(std::uint32_t number) noexcept;

}  // namespace

std::optional<Element> Reader::next() noexcept {
  if (rest_.size() < 2) return std::nullopt;
  const std::uint8_t tag = rest_[0];
  if ((tag & 0x1f) == 0x1f) return std::nullopt;  // tag numbers above 30: SNMP has none
  std::size_t length = rest_[1];
  std::size_t start = 2;
  if (length >= 0x80) {
    const std::size_t count = length & 0x7f;
    // 0x80 alone would be the indefinite form, which RFC 3417 section 8 forbids.
    if (count == 0 || count > 4 || rest_.size() < 2 + count) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < count; ++i) length = length << 8 | rest_[2 + i];
    start += count;
  }
  if (rest_.size() - start < length) return std::nullopt;
  const Element element{static_cast<Tag>(tag), rest_.subspan(start, length), rest_.first(start + length)};
  rest_ = rest_.subspan(start + length);
  return element;
}

std::optional<Octets> Reader::next(Tag tag) noexcept {
  const auto element = next();
  if (!element || element->tag != tag) return std::nullopt;
  return element->content;
}

std::optional<std::int64_t> decode_integer(Octets content) noexcept {
  if (content.empty() || content.size() > 8) return std::nullopt;
  std::uint64_t value = (content[0] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const std::uint8_t octet : content) value = value << 8 | octet;
  return std::bit_cast<std::int64_t>(value);
}

std::optional<std::uint64_t> decode_unsigned(Octets content) noexcept {
  if (content.size() == 9 && content[0] == 0) content = content.subspan(1);
  if (content.empty() || content.size() > 8) return std::nullopt;
  std::uint64_t value = 0;
  for (const std::uint8_t octet : content) value = value << 8 | octet;
  return value;
}

std::optional<std::size_t> decode_oid(Octets content, Oid& oid) {
  const std::size_t before = oid.size();
  if (content.empty() || (content.back() & 0x80) != 0) return std::nullopt;
  std::uint64_t number = 0;
  for (const std::uint8_t octet : content) {
    number = number << 7 | (octet & 0x7f);
    // The first number carries two (X.690 section 8.19.4): 2.x may go 80 past 32 bits there and no further here.
    if (number > 0xffff'ffff) return std::nullopt;
    if ((octet & 0x80) != 0) continue;
    const auto whole = static_cast<std::uint32_t>(number);
    if (oid.size() == before) {
      const std::uint32_t root = std::min(whole / 40, std::uint32_t{2});
      oid.push_back(root);
      oid.push_back(whole - root * 40);
    } else {
      oid.push_back(whole);
    }
    number = 0;
  }
  const std::size_t count = oid.size() - before;
  if (count > max_sub_identifiers) return std::nullopt;
  return count;
}

std::size_t oid_size(OidView oid) noexcept {
  std::size_t octets = base128_size(first_sub_identifier(oid));
  for (const std::uint32_t number : oid.subspan(2)) octets += base128_size(number);
  return octets;
}

void Writer::long_length(std::size_t length) {
  const std::size_t count = length_size(length) - 1;
  octet(static_cast<std::uint8_t>(0x80 | count));
  number(length, count);
}

void Writer::object_id(OidView oid) {
  header(Tag::object_id, oid_size(oid));
  const auto number = [&](std::uint32_t value) {
    for (std::size_t i = base128_size(value); i-- > 0;) {
      octet(static_cast<std::uint8_t>((value >> (7 * i) & 0x7f) | (i > 0 ? 0x80U : 0U)));
    }
  };
  number(first_sub_identifier(oid));
  for (const std::uint32_t sub_identifier : oid.subspan(2)) number(sub_identifier);
}

namespace {

std::size_t base128_size(std::uint32_t number) noexcept {
  return std::max<std::size_t>(1, (static_cast<std::size_t>(std::bit_width(number)) + 6) / 7);
}

}  // namespace
}  // namespace fleet
