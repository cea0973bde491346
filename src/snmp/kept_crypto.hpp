#pragma once
// The hashes and ciphers of USM over OpenSSL contexts that are kept.

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/credentials.hpp"

namespace octopoll::snmp {

using OctetSpan = std::span<const unsigned char>;

/// Octets of msgAuthenticationParameters. Source: RFC 3414 sections 6.3.1 and 7.3.1, RFC 7860 section 4.
[[nodiscard]] std::size_t mac_octets(AuthProtocol protocol) noexcept;

/// HMAC and AES-CFB, as Net-SNMP's sc_generate_keyed_hash(), sc_encrypt() and sc_decrypt() compute them.
///
/// Why: those look their algorithm up in OpenSSL's tables and make a new context for each message, which costs more
/// than the work itself. Here one context an algorithm is kept and takes another key for each message, so that ten
/// thousand agents need no memory for it.
///
/// Errors: false where OpenSSL does not have the algorithm, or the key is too short; then nothing has been computed.
/// The last key stays in a context until the next one takes its place or the context is freed, which clears it.
/// Thread: one at a time.
/// Source: RFC 3414 section 6 and RFC 7860 (HMAC), RFC 3826 (AES in CFB mode with 128 bits of feedback).
class KeptCrypto {
 public:
  using Mac = std::array<unsigned char, EVP_MAX_MD_SIZE>;
  /// RFC 3826 section 3.1.2.1: engine boots, engine time, salt.
  using Iv = std::array<unsigned char, 16>;

  /// DES, which hardly anybody uses any more, is not here: its salts are 32 bits of which the library gives out each
  /// one once (RFC 3414 section 8.1.1.1), and a second source of them would repeat some.
  [[nodiscard]] static bool has(PrivProtocol protocol) noexcept { return protocol != PrivProtocol::des; }

  /// Of the parts as if they were one. The first mac_octets() of the result are what a message carries.
  [[nodiscard]] bool mac(AuthProtocol protocol, OctetSpan key, std::initializer_list<std::string_view> parts,
                         Mac& result);
  /// `octets` in place.
  [[nodiscard]] bool encrypt(PrivProtocol protocol, OctetSpan key, const Iv& iv, std::span<char> octets);
  /// `to` has room for as many octets as there are in `octets`.
  [[nodiscard]] bool decrypt(PrivProtocol protocol, OctetSpan key, const Iv& iv, std::string_view octets, char* to);

 private:
  struct Free {
    void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
  };
  struct Ciphers {
    std::unique_ptr<EVP_CIPHER_CTX, Free> feedback;
    std::unique_ptr<EVP_CIPHER_CTX, Free> blocks;
  };
  [[nodiscard]] static std::unique_ptr<EVP_CIPHER_CTX, Free> cipher_context(const std::string& name);
  [[nodiscard]] EVP_MAC_CTX* mac_context(AuthProtocol protocol);
  [[nodiscard]] Ciphers* ciphers(std::size_t key_octets);

  std::array<std::unique_ptr<EVP_MAC_CTX, Free>, 6> macs_;
  std::array<Ciphers, 3> ciphers_;  // of 16, 24 and 32 octets of key
  std::vector<unsigned char> stream_;
};

}  // namespace octopoll::snmp
