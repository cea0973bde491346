#include "fleet/envelope.hpp"

#include <algorithm>

namespace fleet {

std::size_t largest_content(std::size_t whole) noexcept {
  // A longer length field may cost the very octet that made it necessary, so the shortest that works is taken.
  for (std::size_t header = 2; header <= 6 && header <= whole; ++header) {
    if (element_size(whole - header) <= whole) return whole - header;
  }
  return 0;
}

std::size_t CommunityEnvelope::largest_pdu(std::size_t limit) const noexcept {
  const std::size_t others = element_size(1) + element_size(community_.size());
  const std::size_t content = largest_content(limit);
  return content > others ? content - others : 0;
}

std::span<const std::uint8_t> CommunityEnvelope::seal(std::span<std::uint8_t> buffer, std::span<std::uint8_t> pdu) {
  const std::size_t content = element_size(1) + element_size(community_.size()) + pdu.size();
  const std::size_t size = element_size(content);
  const auto pdu_at = static_cast<std::size_t>(pdu.data() - buffer.data());
  const std::size_t start = pdu_at + pdu.size() - size;
  Writer writer(buffer.subspan(start, size - pdu.size()));
  writer.header(Tag::sequence, content);
  writer.integer(Tag::integer, static_cast<int>(version_));
  writer.element(Tag::octet_string, {reinterpret_cast<const std::uint8_t*>(community_.data()), community_.size()});
  return buffer.subspan(start, size);
}

}  // namespace fleet
