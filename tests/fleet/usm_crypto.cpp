#include "fleet/usm_crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace fleet {
namespace {

struct AuthFacts {
  std::string_view word;
  const char* digest;
  std::size_t digest_size;
  std::size_t mac_size;
};
constexpr std::array<AuthFacts, 7> auth_facts{{{"", nullptr, 0, 0},
                                               {"MD5", "MD5", 16, 12},
                                               {"SHA", "SHA1", 20, 12},
                                               {"SHA224", "SHA2-224", 28, 16},
                                               {"SHA256", "SHA2-256", 32, 24},
                                               {"SHA384", "SHA2-384", 48, 32},
                                               {"SHA512", "SHA2-512", 64, 48}}};
const AuthFacts& facts(AuthProtocol protocol) noexcept { return auth_facts[static_cast<std::size_t>(protocol)]; }

struct PrivFacts {
  std::string_view word;
  const char* cipher;
  std::size_t key_size;
};
constexpr std::array<PrivFacts, 7> priv_facts{{{"", nullptr, 0},
                                               // Single DES is not in OpenSSL's default provider; three times the same
                                               // key is single DES.
                                               {"DES", "DES-EDE3-CBC", 16},
                                               {"AES", "AES-128-CFB", 16},
                                               {"AES192", "AES-192-CFB", 24},
                                               {"AES256", "AES-256-CFB", 32},
                                               {"AES192C", "AES-192-CFB", 24},
                                               {"AES256C", "AES-256-CFB", 32}}};
const PrivFacts& facts(PrivProtocol protocol) noexcept { return priv_facts[static_cast<std::size_t>(protocol)]; }

[[noreturn]] void refuse_openssl(const char* what) { throw std::runtime_error(std::string("OpenSSL: no ") + what); }

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using Digest = std::unique_ptr<EVP_MD, Freer<EVP_MD_free>>;
using Mac = std::unique_ptr<EVP_MAC, Freer<EVP_MAC_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Freer<EVP_MAC_CTX_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER, Freer<EVP_CIPHER_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX_free>>;

/// One digest over pieces.
class Hash {
 public:
  explicit Hash(AuthProtocol protocol)
      : digest_(EVP_MD_fetch(nullptr, facts(protocol).digest, nullptr)), context_(EVP_MD_CTX_new()) {
    if (!digest_ || !context_ || EVP_DigestInit_ex2(context_.get(), digest_.get(), nullptr) != 1) {
      refuse_openssl(facts(protocol).digest);
    }
  }
  Hash& add(Octets octets) {
    EVP_DigestUpdate(context_.get(), octets.data(), octets.size());
    return *this;
  }
  UsmKey finish() {
    UsmKey key;
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), key.octets.data(), &size);
    key.size = size;
    return key;
  }

 private:
  Digest digest_;
  DigestContext context_;
};

/// RFC 3414 appendix A.2: the digest of a megabyte of repeated passphrase.
UsmKey key_of(AuthProtocol protocol, Octets passphrase) {
  constexpr std::size_t megabyte = 1'048'576;
  std::vector<std::uint8_t> repeated(megabyte);
  for (std::size_t i = 0; i < megabyte; ++i) repeated[i] = passphrase[i % passphrase.size()];
  return Hash(protocol).add(repeated).finish();
}

Octets octets_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void append(UsmKey& key, Octets more, std::size_t wanted) {
  const std::size_t count = std::min(more.size(), wanted - key.size);
  std::copy_n(more.begin(), count, key.octets.begin() + static_cast<std::ptrdiff_t>(key.size));
  key.size += count;
}

void write_32(std::uint8_t* to, std::uint32_t number) noexcept {
  for (int shift = 24; shift >= 0; shift -= 8) *to++ = static_cast<std::uint8_t>(number >> shift & 0xff);
}

}  // namespace

std::optional<AuthProtocol> parse_auth_protocol(std::string_view word) noexcept {
  for (std::size_t i = 1; i < auth_facts.size(); ++i) {
    if (auth_facts[i].word == word) return static_cast<AuthProtocol>(i);
  }
  return std::nullopt;
}

std::optional<PrivProtocol> parse_priv_protocol(std::string_view word) noexcept {
  for (std::size_t i = 1; i < priv_facts.size(); ++i) {
    if (priv_facts[i].word == word) return static_cast<PrivProtocol>(i);
  }
  return std::nullopt;
}

std::size_t mac_size(AuthProtocol protocol) noexcept { return facts(protocol).mac_size; }

UsmUser::UsmUser(std::string user_name, AuthProtocol auth_protocol, std::string_view password,
                 PrivProtocol priv_protocol, std::string_view priv_password)
    : name(std::move(user_name)), auth(auth_protocol), priv(priv_protocol) {
  constexpr std::size_t shortest = 8;
  if (priv != PrivProtocol::none && auth == AuthProtocol::none) {
    throw std::invalid_argument(name + ": there is no privacy without authentication");
  }
  const auto make = [&](std::string_view passphrase) {
    if (passphrase.size() < shortest) throw std::invalid_argument(name + ": a passphrase has at least 8 octets");
    return key_of(auth, octets_of(passphrase));
  };
  if (auth != AuthProtocol::none) auth_key = make(password);
  if (priv != PrivProtocol::none) priv_key = priv_password == password ? auth_key : make(priv_password);
}

std::shared_ptr<const UsmUser> parse_user(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t colon = 0; colon != std::string_view::npos;) {
    colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon != std::string_view::npos) text.remove_prefix(colon + 1);
  }
  const bool right_count = parts.size() == 1 || parts.size() == 3 || parts.size() == 5;
  const auto auth = parts.size() > 1 ? parse_auth_protocol(parts[1]) : AuthProtocol::none;
  const auto priv = parts.size() > 3 ? parse_priv_protocol(parts[3]) : PrivProtocol::none;
  if (!right_count || parts[0].empty() || !auth || !priv) {
    throw std::invalid_argument(
        "a user is USER[:AUTH-PROTOCOL:PASSPHRASE[:PRIV-PROTOCOL:PASSPHRASE]] with MD5, SHA, SHA224, SHA256, SHA384, "
        "SHA512 and DES, AES, AES192, AES256, AES192C, AES256C");
  }
  return std::make_shared<const UsmUser>(std::string(parts[0]), *auth, parts.size() > 2 ? parts[2] : "", *priv,
                                         parts.size() > 4 ? parts[4] : "");
}

UsmKey localized(AuthProtocol protocol, const UsmKey& key, Octets engine_id) {
  return Hash(protocol).add(key.view()).add(engine_id).add(key.view()).finish();
}

UsmKey cipher_key(const UsmUser& user, Octets engine_id) {
  const std::size_t wanted = facts(user.priv).key_size;
  UsmKey last = localized(user.auth, user.priv_key, engine_id);
  UsmKey key;
  append(key, last.view(), wanted);
  const bool reeder = user.priv == PrivProtocol::aes192c || user.priv == PrivProtocol::aes256c;
  while (key.size < wanted) {
    // Blumenthal: the digest of all that there is. Reeder: the localised key is the next passphrase.
    last = reeder ? localized(user.auth, key_of(user.auth, last.view()), engine_id)
                  : Hash(user.auth).add(key.view()).finish();
    append(key, last.view(), wanted);
  }
  return key;
}

struct UsmCrypto::Contexts {
  Mac mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  std::array<MacContext, auth_facts.size()> macs;
  std::array<Cipher, priv_facts.size()> ciphers;
  CipherContext cipher{EVP_CIPHER_CTX_new()};
};

UsmCrypto::UsmCrypto() : contexts_(std::make_unique<Contexts>()) {
  if (!contexts_->mac || !contexts_->cipher) refuse_openssl("HMAC");
}
UsmCrypto::~UsmCrypto() = default;

void UsmCrypto::sign(AuthProtocol protocol, const UsmKey& key, Octets message, std::uint8_t* mac) {
  MacContext& context = contexts_->macs[static_cast<std::size_t>(protocol)];
  if (!context) {
    context.reset(EVP_MAC_CTX_new(contexts_->mac.get()));
    std::string digest = facts(protocol).digest;
    const std::array<OSSL_PARAM, 2> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
    if (!context || EVP_MAC_CTX_set_params(context.get(), parameters.data()) != 1) refuse_openssl("HMAC digest");
  }
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> whole{};
  std::size_t size = 0;
  const bool done = EVP_MAC_init(context.get(), key.octets.data(), key.size, nullptr) == 1 &&
                    EVP_MAC_update(context.get(), message.data(), message.size()) == 1 &&
                    EVP_MAC_final(context.get(), whole.data(), &size, whole.size()) == 1;
  if (!done) refuse_openssl("HMAC");
  std::copy_n(whole.begin(), mac_size(protocol), mac);
}

bool UsmCrypto::encrypt(PrivProtocol protocol, const UsmKey& key, Moment moment, const Salt& salt,
                        std::span<std::uint8_t> octets) {
  return run(true, protocol, key, moment, salt, octets);
}

bool UsmCrypto::decrypt(PrivProtocol protocol, const UsmKey& key, Moment moment, const Salt& salt,
                        std::span<std::uint8_t> octets) {
  return run(false, protocol, key, moment, salt, octets);
}

bool UsmCrypto::run(bool encrypting, PrivProtocol protocol, const UsmKey& key, Moment moment, const Salt& salt,
                    std::span<std::uint8_t> octets) {
  constexpr std::size_t des_block = 8;
  std::array<std::uint8_t, 32> cipher_key = {};
  std::array<std::uint8_t, 16> vector{};
  if (protocol == PrivProtocol::des) {
    // RFC 3414 section 8.1.1.1: the key's second half xor the salt is the initialisation vector.
    if (octets.size() % des_block != 0) return false;
    for (std::size_t i = 0; i < 3; ++i) {
      std::copy_n(key.octets.begin(), des_block, cipher_key.begin() + static_cast<std::ptrdiff_t>(i * des_block));
    }
    for (std::size_t i = 0; i < des_block; ++i) vector[i] = key.octets[des_block + i] ^ salt[i];
  } else {
    // RFC 3826 section 3.1.2.1.
    std::copy_n(key.octets.begin(), key.size, cipher_key.begin());
    write_32(vector.data(), moment.boots);
    write_32(vector.data() + 4, moment.time);
    std::copy(salt.begin(), salt.end(), vector.begin() + 8);
  }
  Cipher& cipher = contexts_->ciphers[static_cast<std::size_t>(protocol)];
  if (!cipher) cipher.reset(EVP_CIPHER_fetch(nullptr, facts(protocol).cipher, nullptr));
  EVP_CIPHER_CTX* context = contexts_->cipher.get();
  if (!cipher ||
      EVP_CipherInit_ex2(context, cipher.get(), cipher_key.data(), vector.data(), encrypting ? 1 : 0, nullptr) != 1) {
    return false;
  }
  EVP_CIPHER_CTX_set_padding(context, 0);
  int size = 0;
  return EVP_CipherUpdate(context, octets.data(), &size, octets.data(), static_cast<int>(octets.size())) == 1 &&
         static_cast<std::size_t>(size) == octets.size();
}

}  // namespace fleet
