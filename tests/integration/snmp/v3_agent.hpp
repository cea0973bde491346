#pragma once
// Sessions of SNMPv3 with a real agent.

#include <string>

#include "bench.hpp"
#include "octopoll/core/credentials.hpp"
#include "support/snmpd.hpp"

namespace octopoll::test {

[[nodiscard]] inline SnmpdUser sealed_user(const std::string& name, const std::string& auth = "correct horse battery",
                                           const std::string& priv = "staple staple staple") {
  return {name, "SHA-256", auth, "AES", priv, "priv", ""};
}

/// For a user of sealed_user(). Patience that a loaded machine does not exhaust: a retry means that something was
/// dropped.
[[nodiscard]] inline snmp::SessionOptions v3(const Endpoint& endpoint, const SnmpdUser& user) {
  snmp::SessionOptions options;
  options.label = user.name;
  options.endpoint = endpoint;
  options.credentials.own().version = SnmpVersion::v3;
  options.credentials.own().username = user.name;
  options.credentials.own().level = SecurityLevel::auth_priv;
  options.credentials.own().auth_protocol = AuthProtocol::sha256;
  options.credentials.own().password = Secret(user.auth_passphrase);
  options.credentials.own().priv_protocol = PrivProtocol::aes;
  options.credentials.own().priv_password = Secret(user.priv_passphrase);
  options.timeout = std::chrono::seconds(10);
  options.retries = 3;
  return options;
}

}  // namespace octopoll::test
