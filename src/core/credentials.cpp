#include "octopoll/core/credentials.hpp"

namespace octopoll {

std::string_view to_string(SecurityLevel level) noexcept {
  switch (level) {
    case SecurityLevel::no_auth_no_priv:
      return "noAuthNoPriv";
    case SecurityLevel::auth_no_priv:
      return "authNoPriv";
    case SecurityLevel::auth_priv:
      return "authPriv";
  }
  return "?";
}

std::string_view to_string(AuthProtocol protocol) noexcept {
  switch (protocol) {
    case AuthProtocol::md5:
      return "MD5";
    case AuthProtocol::sha:
      return "SHA";
    case AuthProtocol::sha224:
      return "SHA224";
    case AuthProtocol::sha256:
      return "SHA256";
    case AuthProtocol::sha384:
      return "SHA384";
    case AuthProtocol::sha512:
      return "SHA512";
  }
  return "?";
}

std::string_view to_string(PrivProtocol protocol) noexcept {
  switch (protocol) {
    case PrivProtocol::des:
      return "DES";
    case PrivProtocol::aes:
      return "AES";
    case PrivProtocol::aes192:
      return "AES192";
    case PrivProtocol::aes256:
      return "AES256";
    case PrivProtocol::aes192c:
      return "AES192C";
    case PrivProtocol::aes256c:
      return "AES256C";
  }
  return "?";
}

}  // namespace octopoll
