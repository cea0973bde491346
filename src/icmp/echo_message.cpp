#include "icmp/echo_message.hpp"

#include <sys/socket.h>

#include "octopoll/icmp/prober.hpp"

namespace octopoll::icmp {
namespace {

constexpr std::size_t cookie_octets = 8;

template <class Integer>
void put(std::span<std::uint8_t> octets, std::size_t at, Integer value) noexcept {
  for (std::size_t i = sizeof value; i-- > 0;) {
    octets[at + i] = static_cast<std::uint8_t>(value & 0xffU);
    value = static_cast<Integer>(value >> 8);
  }
}

template <class Integer>
Integer get(std::span<const std::uint8_t> octets, std::size_t at) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) value = (value << 8) | octets[at + i];
  return static_cast<Integer>(value);
}

}  // namespace

void TagSeal::write(const ProbeTag& tag, std::span<std::uint8_t> payload) const noexcept {
  put(payload, 8, tag.slot);
  put(payload, 12, tag.generation);
  put(payload, 16, tag.sequence);
  put(payload, 20, std::uint32_t{0});
  put(payload, 0, siphash(key_, payload.subspan(cookie_octets, min_payload - cookie_octets)));
}

std::optional<ProbeTag> TagSeal::read(std::span<const std::uint8_t> payload) const noexcept {
  if (payload.size() < min_payload) return std::nullopt;
  const auto sealed = payload.subspan(cookie_octets, min_payload - cookie_octets);
  if (get<std::uint64_t>(payload, 0) != siphash(key_, sealed)) return std::nullopt;
  return ProbeTag{get<std::uint32_t>(payload, 8), get<std::uint32_t>(payload, 12), get<std::uint32_t>(payload, 16)};
}

std::optional<EchoMessage> parse_echo(std::span<const std::uint8_t> octets) noexcept {
  if (octets.size() < header_octets) return std::nullopt;
  return EchoMessage{octets[0], octets[1], get<std::uint16_t>(octets, 4), get<std::uint16_t>(octets, 6),
                     octets.subspan(header_octets)};
}

std::uint8_t echo_request_type(int family) noexcept { return family == AF_INET ? 8 : 128; }
std::uint8_t echo_reply_type(int family) noexcept { return family == AF_INET ? 0 : 129; }

void write_request_header(int family, std::uint16_t id, std::uint16_t sequence,
                          std::span<std::uint8_t> message) noexcept {
  message[0] = echo_request_type(family);
  message[1] = 0;
  put(message, 2, std::uint16_t{0});
  put(message, 4, id);
  put(message, 6, sequence);
  if (family == AF_INET) put(message, 2, internet_checksum(message));
}

std::uint16_t internet_checksum(std::span<const std::uint8_t> octets) noexcept {
  std::uint64_t sum = 0;
  std::size_t i = 0;
  for (; i + 1 < octets.size(); i += 2) sum += get<std::uint16_t>(octets, i);
  if (i < octets.size()) sum += std::uint64_t{octets[i]} << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum & 0xffffU);
}

std::span<const std::uint8_t> without_ipv4_header(std::span<const std::uint8_t> packet) noexcept {
  if (packet.empty()) return {};
  const std::size_t header = std::size_t{packet[0] & 0x0fU} * 4;
  return header <= packet.size() ? packet.subspan(header) : std::span<const std::uint8_t>{};
}

}  // namespace octopoll::icmp
