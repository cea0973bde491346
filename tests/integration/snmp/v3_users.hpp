#pragma once
// Users of every pair of protocols that USM has here, for an agent and for a session alike.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench.hpp"
#include "octopoll/core/credentials.hpp"
#include "support/snmpd.hpp"

namespace octopoll::test {

inline constexpr AuthProtocol all_auth_protocols[] = {AuthProtocol::md5,    AuthProtocol::sha,    AuthProtocol::sha224,
                                                      AuthProtocol::sha256, AuthProtocol::sha384, AuthProtocol::sha512};
inline constexpr PrivProtocol all_priv_protocols[] = {PrivProtocol::des,     PrivProtocol::aes,
                                                      PrivProtocol::aes192,  PrivProtocol::aes256,
                                                      PrivProtocol::aes192c, PrivProtocol::aes256c};

/// What one user authenticates and encrypts with. Encryption needs authentication (RFC 3411 section 3.4.3).
struct UsmPair {
  std::optional<AuthProtocol> auth;
  std::optional<PrivProtocol> priv;

  /// "SHA256-AES192C", "MD5", "none".
  [[nodiscard]] std::string name() const {
    if (!auth) return "none";
    const std::string word(to_string(*auth));
    return priv ? word + "-" + std::string(to_string(*priv)) : word;
  }
};

/// One without keys, each authentication alone, and each with each privacy.
[[nodiscard]] inline std::vector<UsmPair> all_usm_pairs() {
  std::vector<UsmPair> pairs{{std::nullopt, std::nullopt}};
  for (const AuthProtocol auth : all_auth_protocols) {
    pairs.push_back({auth, std::nullopt});
    for (const PrivProtocol priv : all_priv_protocols) pairs.push_back({auth, priv});
  }
  return pairs;
}

inline const std::string auth_passphrase = "correct horse battery";
inline const std::string priv_passphrase = "staple staple staple";

/// The user of that name for snmpd.conf, which spells protocols its own way.
[[nodiscard]] inline SnmpdUser agent_user(const UsmPair& pair) {
  const auto auth_word = [](AuthProtocol protocol) -> std::string {
    switch (protocol) {
      case AuthProtocol::md5:
        return "MD5";
      case AuthProtocol::sha:
        return "SHA";
      case AuthProtocol::sha224:
        return "SHA-224";
      case AuthProtocol::sha256:
        return "SHA-256";
      case AuthProtocol::sha384:
        return "SHA-384";
      case AuthProtocol::sha512:
        return "SHA-512";
    }
    return {};
  };
  SnmpdUser user{pair.name(), "", "", "", "", "noauth", ""};
  if (pair.auth) {
    user.auth_protocol = auth_word(*pair.auth);
    user.auth_passphrase = auth_passphrase;
    user.level = "auth";
  }
  if (pair.priv) {
    user.priv_protocol = to_string(*pair.priv);
    user.priv_passphrase = priv_passphrase;
    user.level = "priv";
  }
  return user;
}

/// A session of that user. Patience that a loaded machine does not exhaust: a retry means that something was dropped.
[[nodiscard]] inline snmp::SessionOptions session_of(const Endpoint& endpoint, const UsmPair& pair) {
  snmp::SessionOptions options;
  options.label = pair.name();
  options.endpoint = endpoint;
  options.credentials.own().version = SnmpVersion::v3;
  options.credentials.own().username = pair.name();
  if (pair.auth) {
    options.credentials.own().level = SecurityLevel::auth_no_priv;
    options.credentials.own().auth_protocol = *pair.auth;
    options.credentials.own().password = Secret(auth_passphrase);
  }
  if (pair.priv) {
    options.credentials.own().level = SecurityLevel::auth_priv;
    options.credentials.own().priv_protocol = *pair.priv;
    options.credentials.own().priv_password = Secret(priv_passphrase);
  }
  options.timeout = std::chrono::seconds(10);
  options.retries = 3;
  return options;
}

/// For a session whose requests will meet silence: a wait of three seconds in all, and of as much for what is answered.
inline void shorten_patience(snmp::SessionOptions& options) {
  options.timeout = std::chrono::seconds(1);
  options.retries = 1;
}

}  // namespace octopoll::test
