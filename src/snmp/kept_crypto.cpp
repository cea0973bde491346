#include "snmp/kept_crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <string>
#include <utility>

namespace octopoll::snmp {
namespace {

struct Hash {
  const char* name;
  std::size_t mac_octets;
};

/// By AuthProtocol.
constexpr std::array<Hash, 6> hashes{
    {{"MD5", 12}, {"SHA1", 12}, {"SHA2-224", 16}, {"SHA2-256", 24}, {"SHA2-384", 32}, {"SHA2-512", 48}}};

const Hash& hash_of(AuthProtocol protocol) noexcept { return hashes[static_cast<std::size_t>(protocol)]; }

std::size_t key_octets(PrivProtocol protocol) noexcept {
  switch (protocol) {
    case PrivProtocol::aes:
      return 16;
    case PrivProtocol::aes192:
    case PrivProtocol::aes192c:
      return 24;
    case PrivProtocol::aes256:
    case PrivProtocol::aes256c:
      return 32;
    case PrivProtocol::des:
      break;
  }
  return 0;
}

const unsigned char* unsigned_octets(const char* octets) noexcept {
  return reinterpret_cast<const unsigned char*>(octets);
}
unsigned char* unsigned_octets(char* octets) noexcept { return reinterpret_cast<unsigned char*>(octets); }

}  // namespace

std::size_t mac_octets(AuthProtocol protocol) noexcept { return hash_of(protocol).mac_octets; }

bool KeptCrypto::mac(AuthProtocol protocol, OctetSpan key, std::initializer_list<std::string_view> parts, Mac& result) {
  EVP_MAC_CTX* const context = mac_context(protocol);
  // OpenSSL takes an empty key for "the one before".
  if (context == nullptr || key.empty() || EVP_MAC_init(context, key.data(), key.size(), nullptr) != 1) return false;
  for (const std::string_view part : parts) {
    if (EVP_MAC_update(context, unsigned_octets(part.data()), part.size()) != 1) return false;
  }
  std::size_t length = 0;
  return EVP_MAC_final(context, result.data(), &length, result.size()) == 1 && length >= mac_octets(protocol);
}

bool KeptCrypto::encrypt(PrivProtocol protocol, OctetSpan key, const Iv& iv, std::span<char> octets) {
  const Ciphers* const kept = ciphers(key_octets(protocol));
  if (kept == nullptr || key.size() < key_octets(protocol)) return false;
  EVP_CIPHER_CTX* const context = kept->feedback.get();
  if (EVP_EncryptInit_ex2(context, nullptr, key.data(), iv.data(), nullptr) != 1) return false;
  unsigned char* const at = unsigned_octets(octets.data());
  int length = 0;
  return EVP_EncryptUpdate(context, at, &length, at, static_cast<int>(octets.size())) == 1;
}

bool KeptCrypto::decrypt(PrivProtocol protocol, OctetSpan key, const Iv& iv, std::string_view octets, char* to) {
  const Ciphers* const kept = ciphers(key_octets(protocol));
  if (kept == nullptr || key.size() < key_octets(protocol)) return false;
  // Each block is xored with the one before, encrypted (NIST SP 800-38A section 6.3; the first with the IV). All of
  // those are known, so the processor works on several at a time, where OpenSSL's CFB waits for each: six times as
  // fast.
  EVP_CIPHER_CTX* const context = kept->blocks.get();
  if (EVP_EncryptInit_ex2(context, nullptr, key.data(), nullptr, nullptr) != 1) return false;
  const std::size_t before_last = octets.empty() ? 0 : (octets.size() - 1) / iv.size() * iv.size();
  if (stream_.size() < iv.size() + before_last) stream_.resize(iv.size() + before_last);
  int length = 0;
  if (EVP_EncryptUpdate(context, stream_.data(), &length, iv.data(), static_cast<int>(iv.size())) != 1 ||
      EVP_EncryptUpdate(context, stream_.data() + iv.size(), &length, unsigned_octets(octets.data()),
                        static_cast<int>(before_last)) != 1) {
    return false;
  }
  std::transform(octets.begin(), octets.end(), stream_.begin(), to,
                 [](char octet, unsigned char stream) { return static_cast<char>(octet ^ static_cast<char>(stream)); });
  return true;
}

/// Null where OpenSSL does not have it, as MD5 under a policy that forbids it.
EVP_MAC_CTX* KeptCrypto::mac_context(AuthProtocol protocol) {
  auto& kept = macs_[static_cast<std::size_t>(protocol)];
  if (kept != nullptr) return kept.get();
  EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  if (hmac == nullptr) return nullptr;
  std::unique_ptr<EVP_MAC_CTX, Free> made(EVP_MAC_CTX_new(hmac));
  EVP_MAC_free(hmac);  // the context has its own reference
  std::string hash(hash_of(protocol).name);
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash.data(), hash.size()), OSSL_PARAM_construct_end()};
  if (made == nullptr || EVP_MAC_CTX_set_params(made.get(), parameters.data()) != 1) return nullptr;
  kept = std::move(made);
  return kept.get();
}

KeptCrypto::Ciphers* KeptCrypto::ciphers(std::size_t key_octets) {
  if (key_octets == 0) return nullptr;
  Ciphers& kept = ciphers_[(key_octets - 16) / 8];
  if (kept.feedback != nullptr && kept.blocks != nullptr) return &kept;
  const std::string aes = "AES-" + std::to_string(8 * key_octets);
  kept.feedback = cipher_context(aes + "-CFB");
  kept.blocks = cipher_context(aes + "-ECB");
  return kept.feedback != nullptr && kept.blocks != nullptr ? &kept : nullptr;
}

std::unique_ptr<EVP_CIPHER_CTX, KeptCrypto::Free> KeptCrypto::cipher_context(const std::string& name) {
  EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, name.c_str(), nullptr);
  if (cipher == nullptr) return nullptr;
  std::unique_ptr<EVP_CIPHER_CTX, Free> made(EVP_CIPHER_CTX_new());
  const bool ready = made != nullptr && EVP_EncryptInit_ex2(made.get(), cipher, nullptr, nullptr, nullptr) == 1;
  EVP_CIPHER_free(cipher);  // the context has its own reference
  return ready ? std::move(made) : nullptr;
}

}  // namespace octopoll::snmp
