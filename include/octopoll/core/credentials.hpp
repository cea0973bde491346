#pragma once
// How to talk to an agent: the words of snmp_exporter's `auths`.

#include <cstdint>
#include <string>
#include <string_view>

#include "octopoll/core/secret.hpp"

namespace octopoll {

enum class SnmpVersion : std::uint8_t { v1, v2c, v3 };
/// RFC 3411 section 3.4.3.
enum class SecurityLevel : std::uint8_t { no_auth_no_priv, auth_no_priv, auth_priv };
/// RFC 3414 (MD5, SHA-1), RFC 7860 (SHA-2).
enum class AuthProtocol : std::uint8_t { md5, sha, sha224, sha256, sha384, sha512 };
/// RFC 3414 (DES), RFC 3826 (AES-128); AES-192/256 after draft-blumenthal, the `c` forms with the key extension of
/// draft-reeder that Cisco uses.
enum class PrivProtocol : std::uint8_t { des, aes, aes192, aes256, aes192c, aes256c };

/// The words of messages and tables: "SHA256", "AES192C", "authPriv". All of them are words that the inventory takes.
[[nodiscard]] std::string_view to_string(SecurityLevel level) noexcept;
[[nodiscard]] std::string_view to_string(AuthProtocol protocol) noexcept;
[[nodiscard]] std::string_view to_string(PrivProtocol protocol) noexcept;

/// One set of credentials. Copies freely; equal credentials compare equal.
struct SnmpCredentials {
  SnmpVersion version = SnmpVersion::v2c;
  Secret community{std::string{"public"}};  ///< v1 and v2c
  std::string username;                     ///< v3, and all that follow
  SecurityLevel level = SecurityLevel::no_auth_no_priv;
  AuthProtocol auth_protocol = AuthProtocol::md5;
  Secret password;
  PrivProtocol priv_protocol = PrivProtocol::des;
  Secret priv_password;
  std::string context_name;
  friend bool operator==(const SnmpCredentials&, const SnmpCredentials&) = default;
};

}  // namespace octopoll
