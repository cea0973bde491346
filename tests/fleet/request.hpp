#pragma once
// A request as it came in.

#include <cstdint>
#include <string_view>
#include <vector>

#include "fleet/ber.hpp"

namespace fleet {

enum class Version : std::uint8_t { v1 = 0, v2c = 1, v3 = 3 };

/// Why a packet was not understood. RFC 3418 counts them as snmpInASNParseErrs and snmpInBadVersions.
enum class DecodeError : std::uint8_t { none, malformed, bad_version };

/// One decoded request. It borrows from the packet, which must outlive it. Reuse one object for all packets: after the
/// first few it allocates nothing. Decoded in two steps, since the second can be left out where the same bindings have
/// been answered before.
/// Source: RFC 1157 section 4 and RFC 1901 section 3 (the message), RFC 3416 section 3 (the PDU).
class Request {
 public:
  /// All but the bindings.
  [[nodiscard]] DecodeError decode(Octets packet);
  /// The same for the PDU of an SNMPv3 message; there is no community.
  [[nodiscard]] DecodeError decode_scoped(const Element& pdu);
  /// The names in `bindings`; false when they are malformed.
  [[nodiscard]] bool decode_bindings();

  Version version = Version::v1;
  std::string_view community;
  Tag type{};
  std::int32_t request_id = 0;
  std::int32_t non_repeaters = 0;    ///< error-status in all but GETBULK
  std::int32_t max_repetitions = 0;  ///< error-index in all but GETBULK
  Octets bindings;                   ///< content of the VarBindList, as sent

  [[nodiscard]] std::size_t binding_count() const noexcept { return names_.size(); }
  [[nodiscard]] OidView name(std::size_t binding) const noexcept {
    return OidView(numbers_).subspan(names_[binding].start, names_[binding].count);
  }
  /// The name's whole element, to be copied where an answer repeats it.
  [[nodiscard]] Octets encoded_name(std::size_t binding) const noexcept { return names_[binding].encoded; }

 private:
  struct Name {
    std::size_t start;
    std::size_t count;
    Octets encoded;
  };
  [[nodiscard]] bool decode_pdu(Octets content);

  std::vector<Name> names_;
  Oid numbers_;
};

}  // namespace fleet
