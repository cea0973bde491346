#include "config/auths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "config/secret_reference.hpp"
#include "config/values.hpp"
#include "octopoll/core/credential_words.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::config {
namespace {

constexpr std::array<std::string_view, 9> auth_keys{"version",        "community",     "username",
                                                    "security_level", "auth_protocol", "password",
                                                    "priv_protocol",  "priv_password", "context_name"};

constexpr std::string_view version_forms = "1, 2c or 3";
constexpr std::string_view level_forms = "noAuthNoPriv, authNoPriv or authPriv";
constexpr std::string_view auth_forms = "MD5, SHA, SHA224, SHA256, SHA384 or SHA512";
constexpr std::string_view priv_forms = "DES, AES, AES192, AES256, AES192C or AES256C";

constexpr std::size_t shortest_passphrase = 8;  // RFC 3414 section 11.2
constexpr std::size_t longest_user = 32;        // RFC 3414 section 2.4, msgUserName
constexpr std::size_t longest_string = 255;     // RFC 3411, SnmpAdminString; communities in practice

/// One entry of `auths`.
class AuthReader {
 public:
  AuthReader(const Entry& auth, const std::filesystem::path& folder, Auths& auths, Problems& problems)
      : auth_(auth), folder_(folder), auths_(auths), problems_(problems) {}

  std::optional<SnmpCredentials> read();

 private:
  [[nodiscard]] const Entry* find(std::string_view key) const;
  void read_community();
  void read_user();
  void refuse(std::string_view key, const std::string& why, const std::string& remedy);
  const Entry* require(std::string_view key, std::string_view why, std::string_view remedy);
  std::optional<Secret> resolve(const Entry& entry);
  std::optional<Secret> read_secret(const Entry& entry);
  Secret read_passphrase(std::string_view key, std::string_view level);
  std::string read_name(const Entry& entry, std::size_t longest);
  template <class T>
  std::optional<T> read_word(const Entry& entry, std::optional<T> (*parse)(std::string_view), std::string_view forms);
  void add(Place place, std::string message, std::string remedy);

  const Entry& auth_;
  const std::filesystem::path& folder_;
  Auths& auths_;
  Problems& problems_;
  SnmpCredentials credentials_;
  std::vector<std::string_view> meant_;  // keys that are there, but misspelt
  bool good_ = true;
};

}  // namespace

Auths read_auths(const Node& node, const std::filesystem::path& folder, Problems& problems) {
  Auths auths;
  if (!expect_map(node, "`auths`", "write `auths: {NAME: {version: 2c, community: public}}`", problems)) return auths;
  for (const Entry& entry : node.entries) {
    auths.by_name[std::string(entry.key)] = AuthReader(entry, folder, auths, problems).read();
  }
  return auths;
}

namespace {

std::optional<SnmpCredentials> AuthReader::read() {
  const Node& node = *auth_.value;
  if (!expect_map(node, "an auth", "write `NAME: {version: 2c, community: public}`", problems_)) return std::nullopt;
  for (const Entry& entry : node.entries) {
    if (std::find(auth_keys.begin(), auth_keys.end(), entry.key) != auth_keys.end()) continue;
    if (const auto meant = unknown_key(entry, "an auth", auth_keys, problems_)) meant_.push_back(*meant);
    good_ = false;
  }
  if (const Entry* version = find("version")) {
    const auto value = read_word(*version, parse_snmp_version, version_forms);
    if (!value) return std::nullopt;  // which keys fit depends on it
    credentials_.version = *value;
  }
  if (credentials_.version == SnmpVersion::v3) {
    read_user();
  } else {
    read_community();
  }
  if (!good_) return std::nullopt;
  return credentials_;
}

void AuthReader::read_community() {
  const bool v1 = credentials_.version == SnmpVersion::v1;
  const std::string here = find("version") == nullptr ? "an auth without `version` is 2c"
                                                      : fmt::format("this auth is version {}", v1 ? "1" : "2c");
  for (const std::string_view key : std::span(auth_keys).subspan(2)) {
    refuse(key, fmt::format("belongs to version 3, and {}", here), "write `version: 3`, or delete this key");
  }
  const Entry* community = require("community", here, "write `community: public`, or what the device expects");
  if (community == nullptr) return;
  if (auto secret = read_secret(*community)) {
    if (secret->reveal().size() > longest_string) {
      add(community->value->place, fmt::format("`community` is longer than {} octets", longest_string),
          "check what it refers to");
    }
    credentials_.community = std::move(*secret);
  }
}

void AuthReader::read_user() {
  credentials_.community = Secret();
  refuse("community", "belongs to versions 1 and 2c, and this auth is version 3",
         "write `version: 2c`, or delete this key and name a `username`");
  if (const Entry* user = require("username", "this auth is version 3", "write the name of the SNMPv3 user")) {
    credentials_.username = read_name(*user, longest_user);
  }
  if (const Entry* context = find("context_name")) credentials_.context_name = read_name(*context, longest_string);

  const Entry* level = find("security_level");
  if (level != nullptr) {
    const auto value = read_word(*level, parse_security_level, level_forms);
    if (!value) return;  // which keys fit depends on it
    credentials_.level = *value;
  }
  const std::string here = level == nullptr ? "an auth without `security_level` is noAuthNoPriv"
                                            : fmt::format("this auth is {}", to_string(credentials_.level));
  if (credentials_.level == SecurityLevel::no_auth_no_priv) {
    for (const std::string_view key : {"auth_protocol", "password"}) {
      refuse(key, fmt::format("needs authentication, and {}", here),
             "write `security_level: authNoPriv` or `authPriv`, or delete this key");
    }
  } else {
    if (const Entry* protocol = require("auth_protocol", here, fmt::format("write {}", auth_forms))) {
      if (const auto value = read_word(*protocol, parse_auth_protocol, auth_forms)) credentials_.auth_protocol = *value;
    }
    credentials_.password = read_passphrase("password", here);
  }
  if (credentials_.level != SecurityLevel::auth_priv) {
    for (const std::string_view key : {"priv_protocol", "priv_password"}) {
      refuse(key, fmt::format("needs encryption, and {}", here),
             "write `security_level: authPriv`, or delete this key");
    }
  } else {
    if (const Entry* protocol = require("priv_protocol", here, fmt::format("write {}", priv_forms))) {
      if (const auto value = read_word(*protocol, parse_priv_protocol, priv_forms)) credentials_.priv_protocol = *value;
    }
    credentials_.priv_password = read_passphrase("priv_password", here);
  }
}

const Entry* AuthReader::find(std::string_view key) const {
  const auto& entries = auth_.value->entries;
  const auto found = std::find_if(entries.begin(), entries.end(), [key](const Entry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

void AuthReader::refuse(std::string_view key, const std::string& why, const std::string& remedy) {
  if (const Entry* entry = find(key)) add(entry->place, fmt::format("`{}` {}", key, why), remedy);
}

const Entry* AuthReader::require(std::string_view key, std::string_view why, std::string_view remedy) {
  const Entry* entry = find(key);
  if (entry == nullptr && std::find(meant_.begin(), meant_.end(), key) == meant_.end()) {
    add(auth_.place, fmt::format("auth {} has no `{}`, and {}", quote(auth_.key), key, why), std::string(remedy));
  }
  return entry;
}

/// Text that may stand elsewhere.
std::optional<Secret> AuthReader::resolve(const Entry& entry) {
  static const std::string forms = "write it in quotes, or as '${VAR}' or 'file:PATH'";
  const Node& node = *entry.value;
  if (node.kind == Node::Kind::null || (node.kind == Node::Kind::scalar && node.text.empty())) {
    add(node.place, fmt::format("`{}` has no value", entry.key), forms);
    return std::nullopt;
  }
  if (node.kind != Node::Kind::scalar) {
    add(node.place, fmt::format("`{}` is {}, and should be text", entry.key, describe(node.kind)), forms);
    return std::nullopt;
  }
  auto text = resolve_reference(node.text, folder_);
  if (!text) {
    add(node.place, fmt::format("`{}`: {}", entry.key, text.error().message), text.error().remedy);
    return std::nullopt;
  }
  return *std::move(text);
}

std::optional<Secret> AuthReader::read_secret(const Entry& entry) {
  auto secret = resolve(entry);
  const Node& node = *entry.value;
  if (secret && is_literal(node.text) && node.text != "public") {
    if (!auths_.literal_secret || node.place < *auths_.literal_secret) auths_.literal_secret = node.place;
  }
  return secret;
}

Secret AuthReader::read_passphrase(std::string_view key, std::string_view level) {
  const Entry* entry = require(key, level, "write it as '${VAR}' or 'file:PATH'");
  if (entry == nullptr) return {};
  auto secret = read_secret(*entry);
  if (!secret) return {};
  if (secret->reveal().size() < shortest_passphrase) {
    add(entry->value->place, fmt::format("`{}` has fewer than {} characters", key, shortest_passphrase),
        "SNMPv3 refuses shorter passphrases (RFC 3414 section 11.2)");
  }
  return *std::move(secret);
}

std::string AuthReader::read_name(const Entry& entry, std::size_t longest) {
  const auto name = resolve(entry);
  if (!name) return {};
  if (name->reveal().size() > longest) {
    add(entry.value->place, fmt::format("`{}` is longer than {} octets", entry.key, longest), "check its spelling");
  }
  return name->reveal();
}

template <class T>
std::optional<T> AuthReader::read_word(const Entry& entry, std::optional<T> (*parse)(std::string_view),
                                       std::string_view forms) {
  const Node& node = *entry.value;
  if (const auto value = parse(node.text)) return value;
  add(node.place,
      node.kind == Node::Kind::null ? fmt::format("`{}` has no value", entry.key)
                                    : fmt::format("`{}` is none of those that octopoll knows", entry.key),
      fmt::format("write {}", forms));
  return std::nullopt;
}

void AuthReader::add(Place place, std::string message, std::string remedy) {
  good_ = false;
  problems_.add(place, std::move(message), std::move(remedy));
}

}  // namespace
}  // namespace octopoll::config
