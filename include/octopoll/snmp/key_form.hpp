#pragma once
// The two ways to make long privacy keys.

#include <optional>

#include "octopoll/core/credentials.hpp"

namespace octopoll::snmp {

/// AES-192 and AES-256 are in no RFC: agents lengthen the key after draft-blumenthal-aes-usm-04 or, as Cisco does,
/// after draft-reeder-snmpv3-usm-3desede-00. The protocol of the other way, where that makes another key: where the
/// hash of the authentication is shorter than the key. nullopt for all else.
[[nodiscard]] std::optional<PrivProtocol> other_key_form(const SnmpCredentials& credentials) noexcept;

}  // namespace octopoll::snmp
