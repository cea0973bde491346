#pragma once
// What goes around a PDU to make it a message.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "fleet/ber.hpp"
#include "fleet/request.hpp"

namespace fleet {

/// One answer's envelope. The PDU stands in the middle of a buffer; the envelope is put in front of it (and, where
/// ciphers pad, behind it) without moving it.
class Envelope {
 public:
  virtual ~Envelope() = default;
  /// The largest PDU (its whole element) whose message is of at most `limit` octets; 0 when there is none.
  [[nodiscard]] virtual std::size_t largest_pdu(std::size_t limit) const noexcept = 0;
  /// How many octets it may need in front of the PDU and behind it.
  [[nodiscard]] virtual std::size_t room_before() const noexcept = 0;
  [[nodiscard]] virtual std::size_t room_behind() const noexcept { return 0; }
  /// `pdu` lies in `buffer` with that much room around it. The message lies there too.
  [[nodiscard]] virtual std::span<const std::uint8_t> seal(std::span<std::uint8_t> buffer,
                                                           std::span<std::uint8_t> pdu) = 0;
};

/// The largest content that an element of at most `whole` octets has room for; 0 when not even an empty one fits.
[[nodiscard]] std::size_t largest_content(std::size_t whole) noexcept;

/// Version and community. Source: RFC 1157 section 4, RFC 1901 section 3.
class CommunityEnvelope final : public Envelope {
 public:
  CommunityEnvelope(Version version, std::string_view community) noexcept : version_(version), community_(community) {}
  [[nodiscard]] std::size_t largest_pdu(std::size_t limit) const noexcept override;
  [[nodiscard]] std::size_t room_before() const noexcept override { return community_.size() + 32; }
  [[nodiscard]] std::span<const std::uint8_t> seal(std::span<std::uint8_t> buffer,
                                                   std::span<std::uint8_t> pdu) override;

 private:
  Version version_;
  std::string_view community_;
};

}  // namespace fleet
