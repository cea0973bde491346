#include "octopoll/core/credential_words.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace octopoll {
namespace {

template <class T>
struct Word {
  std::string_view word;
  T value;
};

constexpr std::array<Word<SnmpVersion>, 5> versions{{{"1", SnmpVersion::v1},
                                                     {"2", SnmpVersion::v2c},
                                                     {"2C", SnmpVersion::v2c},
                                                     {"V2C", SnmpVersion::v2c},
                                                     {"3", SnmpVersion::v3}}};
constexpr std::array<Word<SecurityLevel>, 6> levels{{{"NOAUTHNOPRIV", SecurityLevel::no_auth_no_priv},
                                                     {"NANP", SecurityLevel::no_auth_no_priv},
                                                     {"AUTHNOPRIV", SecurityLevel::auth_no_priv},
                                                     {"ANP", SecurityLevel::auth_no_priv},
                                                     {"AUTHPRIV", SecurityLevel::auth_priv},
                                                     {"AP", SecurityLevel::auth_priv}}};
constexpr std::array<Word<AuthProtocol>, 7> auth_protocols{{{"MD5", AuthProtocol::md5},
                                                            {"SHA", AuthProtocol::sha},
                                                            {"SHA1", AuthProtocol::sha},
                                                            {"SHA224", AuthProtocol::sha224},
                                                            {"SHA256", AuthProtocol::sha256},
                                                            {"SHA384", AuthProtocol::sha384},
                                                            {"SHA512", AuthProtocol::sha512}}};
constexpr std::array<Word<PrivProtocol>, 7> priv_protocols{{{"DES", PrivProtocol::des},
                                                            {"AES", PrivProtocol::aes},
                                                            {"AES128", PrivProtocol::aes},
                                                            {"AES192", PrivProtocol::aes192},
                                                            {"AES256", PrivProtocol::aes256},
                                                            {"AES192C", PrivProtocol::aes192c},
                                                            {"AES256C", PrivProtocol::aes256c}}};

template <class T, std::size_t N>
std::optional<T> look_up(const std::array<Word<T>, N>& words, std::string_view text) {
  std::string normal;
  for (const char c : text) {
    if (c != '-') normal += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  const auto found = std::find_if(words.begin(), words.end(), [&normal](const Word<T>& w) { return w.word == normal; });
  return found == words.end() ? std::nullopt : std::optional(found->value);
}

}  // namespace

std::optional<SnmpVersion> parse_snmp_version(std::string_view word) { return look_up(versions, word); }
std::optional<SecurityLevel> parse_security_level(std::string_view word) { return look_up(levels, word); }
std::optional<AuthProtocol> parse_auth_protocol(std::string_view word) { return look_up(auth_protocols, word); }
std::optional<PrivProtocol> parse_priv_protocol(std::string_view word) { return look_up(priv_protocols, word); }

}  // namespace octopoll
