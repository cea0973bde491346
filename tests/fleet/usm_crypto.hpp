#pragma once
// Keys, digests and ciphers of the User-based Security Model, over OpenSSL's EVP: none of the poller's code, none of
// Net-SNMP's.
// Source: RFC 3414 (MD5, SHA-1, DES; section 2.6 and appendix A.2 the keys), RFC 7860 (SHA-2), RFC 3826 (AES-128),
//         draft-blumenthal-aes-usm-04 (AES-192, AES-256) and draft-reeder-snmpv3-usm-3desede-00 section 2.1 (the other
//         way to make keys long enough).

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fleet/ber.hpp"

namespace fleet {

enum class AuthProtocol : std::uint8_t { none, md5, sha, sha224, sha256, sha384, sha512 };
enum class PrivProtocol : std::uint8_t { none, des, aes, aes192, aes256, aes192c, aes256c };

/// "SHA256", "AES192C"; the words of octopoll's inventory. Empty where there is no such protocol.
[[nodiscard]] std::optional<AuthProtocol> parse_auth_protocol(std::string_view word) noexcept;
[[nodiscard]] std::optional<PrivProtocol> parse_priv_protocol(std::string_view word) noexcept;

/// How much of a digest goes with a message.
[[nodiscard]] std::size_t mac_size(AuthProtocol protocol) noexcept;

/// Octets of up to 64, which is the longest digest and more than the longest cipher key.
struct UsmKey {
  std::array<std::uint8_t, 64> octets{};
  std::size_t size = 0;
  [[nodiscard]] Octets view() const noexcept { return Octets(octets).first(size); }
};

/// A user as many engines have it. Making one costs two megabytes of hashing; share it.
struct UsmUser {
  /// Errors: std::invalid_argument for passphrases shorter than 8 octets (RFC 3414 section 11.2) and privacy without
  /// authentication.
  UsmUser(std::string user_name, AuthProtocol auth_protocol, std::string_view password, PrivProtocol priv_protocol,
          std::string_view priv_password);

  std::string name;
  AuthProtocol auth;
  PrivProtocol priv;
  UsmKey auth_key;  ///< of no engine yet
  UsmKey priv_key;
};

/// "USER:AUTH-PROTOCOL:PASSPHRASE:PRIV-PROTOCOL:PASSPHRASE", the last two or four may be left out.
/// Errors: std::invalid_argument.
[[nodiscard]] std::shared_ptr<const UsmUser> parse_user(std::string_view text);

/// RFC 3414 section 2.6, Ku to Kul.
[[nodiscard]] UsmKey localized(AuthProtocol protocol, const UsmKey& key, Octets engine_id);
/// As long as the cipher needs it.
[[nodiscard]] UsmKey cipher_key(const UsmUser& user, Octets engine_id);

/// Digests and ciphers with contexts that are kept. Thread: one at a time.
class UsmCrypto {
 public:
  UsmCrypto();
  ~UsmCrypto();
  UsmCrypto(const UsmCrypto&) = delete;
  UsmCrypto& operator=(const UsmCrypto&) = delete;

  /// mac_size() octets into `mac`.
  void sign(AuthProtocol protocol, const UsmKey& key, Octets message, std::uint8_t* mac);

  /// What goes into msgPrivacyParameters.
  using Salt = std::array<std::uint8_t, 8>;
  struct Moment {
    std::uint32_t boots;
    std::uint32_t time;
  };
  /// In place; of DES a multiple of 8 octets. False where the library refuses.
  [[nodiscard]] bool encrypt(PrivProtocol protocol, const UsmKey& key, Moment moment, const Salt& salt,
                             std::span<std::uint8_t> octets);
  [[nodiscard]] bool decrypt(PrivProtocol protocol, const UsmKey& key, Moment moment, const Salt& salt,
                             std::span<std::uint8_t> octets);

 private:
  [[nodiscard]] bool run(bool encrypting, PrivProtocol protocol, const UsmKey& key, Moment moment, const Salt& salt,
                         std::span<std::uint8_t> octets);
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace fleet
