#include "octopoll/snmp/key_form.hpp"

namespace octopoll::snmp {

std::optional<PrivProtocol> other_key_form(const SnmpCredentials& credentials) noexcept {
  if (credentials.version != SnmpVersion::v3 || credentials.level != SecurityLevel::auth_priv) return std::nullopt;
  const bool short_of_32_octets = credentials.auth_protocol == AuthProtocol::md5 ||
                                  credentials.auth_protocol == AuthProtocol::sha ||
                                  credentials.auth_protocol == AuthProtocol::sha224;
  const bool short_of_24_octets = short_of_32_octets && credentials.auth_protocol != AuthProtocol::sha224;
  switch (credentials.priv_protocol) {
    case PrivProtocol::aes192:
      return short_of_24_octets ? std::optional(PrivProtocol::aes192c) : std::nullopt;
    case PrivProtocol::aes192c:
      return short_of_24_octets ? std::optional(PrivProtocol::aes192) : std::nullopt;
    case PrivProtocol::aes256:
      return short_of_32_octets ? std::optional(PrivProtocol::aes256c) : std::nullopt;
    case PrivProtocol::aes256c:
      return short_of_32_octets ? std::optional(PrivProtocol::aes256) : std::nullopt;
    case PrivProtocol::des:
    case PrivProtocol::aes:
      break;
  }
  return std::nullopt;
}

}  // namespace octopoll::snmp
