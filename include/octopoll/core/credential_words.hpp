#pragma once
// The words of credentials, as the command line and the inventory take them.

#include <optional>
#include <string_view>

#include "octopoll/core/credentials.hpp"

namespace octopoll {

// Case and dashes play no part: SHA-256, sha256. Nothing where the word is none of those known.

/// "1", "2c", "2", "3".
[[nodiscard]] std::optional<SnmpVersion> parse_snmp_version(std::string_view word);
/// "noAuthNoPriv", "authNoPriv", "authPriv"; also snmpwalk's "nanp", "anp", "ap".
[[nodiscard]] std::optional<SecurityLevel> parse_security_level(std::string_view word);
/// "MD5", "SHA" (or "SHA1"), "SHA224" to "SHA512".
[[nodiscard]] std::optional<AuthProtocol> parse_auth_protocol(std::string_view word);
/// "DES", "AES" (or "AES128"), "AES192", "AES256", "AES192C", "AES256C".
[[nodiscard]] std::optional<PrivProtocol> parse_priv_protocol(std::string_view word);

}  // namespace octopoll
