#pragma once
// Echo messages as octets, and the tag in their payload by which an answer is known.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "icmp/siphash.hpp"

namespace octopoll::icmp {

/// Which probe a message belongs to. Slots are used again, a generation is not.
struct ProbeTag {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  std::uint32_t sequence = 0;  ///< within the round
  friend bool operator==(const ProbeTag&, const ProbeTag&) = default;
};

inline constexpr std::size_t header_octets = 8;

/// Puts tags into payloads and takes them out again.
///
/// Format, most significant octet first: 0..7 SipHash of octets 8..23, 8..11 slot, 12..15 generation, 16..19 sequence,
/// 20..23 zero. Whatever follows is filler.
class TagSeal {
 public:
  explicit TagSeal(const SipKey& key) : key_(key) {}
  /// `payload` has at least min_payload octets.
  void write(const ProbeTag& tag, std::span<std::uint8_t> payload) const noexcept;
  /// nullopt where the payload is too short or was not written with this key.
  [[nodiscard]] std::optional<ProbeTag> read(std::span<const std::uint8_t> payload) const noexcept;

 private:
  SipKey key_;
};

/// Echo request and reply have one form in both families (RFC 792, RFC 4443 section 4.1).
struct EchoMessage {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint16_t id = 0;
  std::uint16_t sequence = 0;
  std::span<const std::uint8_t> payload;
};
/// nullopt for less than a header.
[[nodiscard]] std::optional<EchoMessage> parse_echo(std::span<const std::uint8_t> octets) noexcept;

[[nodiscard]] std::uint8_t echo_request_type(int family) noexcept;
[[nodiscard]] std::uint8_t echo_reply_type(int family) noexcept;

/// Writes the header of an echo request in front of the payload that `message` has already. The checksum is made for
/// IPv4 alone: ICMPv6 covers addresses that only the kernel knows (RFC 4443 section 2.3), and the kernel fills it in.
void write_request_header(int family, std::uint16_t id, std::uint16_t sequence,
                          std::span<std::uint8_t> message) noexcept;

/// The Internet checksum over octets whose checksum field is zero. Source: RFC 1071.
[[nodiscard]] std::uint16_t internet_checksum(std::span<const std::uint8_t> octets) noexcept;

/// What follows the IPv4 header; raw IPv4 sockets deliver it in front. Empty where the header is cut short.
[[nodiscard]] std::span<const std::uint8_t> without_ipv4_header(std::span<const std::uint8_t> packet) noexcept;

}  // namespace octopoll::icmp
