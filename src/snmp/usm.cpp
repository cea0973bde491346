#include "snmp/usm.hpp"

#include <fmt/format.h>
// Not part of the umbrella header.
#include <net-snmp/library/lcd_time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace octopoll::snmp {
namespace {

std::span<const oid> oid_of(AuthProtocol protocol) {
  switch (protocol) {
    case AuthProtocol::md5:
      return usmHMACMD5AuthProtocol;
    case AuthProtocol::sha:
      return usmHMACSHA1AuthProtocol;
    case AuthProtocol::sha224:
      return usmHMAC128SHA224AuthProtocol;
    case AuthProtocol::sha256:
      return usmHMAC192SHA256AuthProtocol;
    case AuthProtocol::sha384:
      return usmHMAC256SHA384AuthProtocol;
    case AuthProtocol::sha512:
      return usmHMAC384SHA512AuthProtocol;
  }
  return usmNoAuthProtocol;
}

std::span<const oid> oid_of(PrivProtocol protocol) {
  switch (protocol) {
    case PrivProtocol::des:
      return usmDESPrivProtocol;
    case PrivProtocol::aes:
      return usmAESPrivProtocol;
    case PrivProtocol::aes192:
      return usmAES192PrivProtocol;
    case PrivProtocol::aes256:
      return usmAES256PrivProtocol;
    case PrivProtocol::aes192c:
      return usmAES192CiscoPrivProtocol;
    case PrivProtocol::aes256c:
      return usmAES256CiscoPrivProtocol;
  }
  return usmNoPrivProtocol;
}

}  // namespace

Result<KuCache::Ku> KuCache::get(AuthProtocol protocol, const Secret& passphrase) {
  const std::pair key(protocol, passphrase.reveal());
  if (const auto found = made_.find(key); found != made_.end()) return found->second;
  const auto hash = oid_of(protocol);
  Ku ku;
  ku.length = ku.octets.size();
  const int status = generate_Ku(hash.data(), static_cast<u_int>(hash.size()),
                                 reinterpret_cast<const u_char*>(passphrase.reveal().data()),
                                 passphrase.reveal().size(), ku.octets.data(), &ku.length);
  if (status != SNMPERR_SUCCESS) {
    return fail(ErrorKind::config, "Net-SNMP makes no key of this passphrase",
                passphrase.reveal().size() < USM_LENGTH_P_MIN
                    ? "passphrases have at least 8 characters (RFC 3414 section 11.2)"
                    : "this build of Net-SNMP may lack the protocol");
  }
  return made_.emplace(key, ku).first->second;
}

Result<> fill_usm(netsnmp_session& session, const SnmpCredentials& credentials, KuCache& keys) {
  session.securityModel = SNMP_SEC_MODEL_USM;
  session.securityName = const_cast<char*>(credentials.username.c_str());
  session.securityNameLen = credentials.username.size();
  session.contextName = const_cast<char*>(credentials.context_name.c_str());
  session.contextNameLen = credentials.context_name.size();
  session.securityLevel = credentials.level == SecurityLevel::auth_priv      ? SNMP_SEC_LEVEL_AUTHPRIV
                          : credentials.level == SecurityLevel::auth_no_priv ? SNMP_SEC_LEVEL_AUTHNOPRIV
                                                                             : SNMP_SEC_LEVEL_NOAUTH;
  const auto set_oid = [](oid*& target, std::size_t& length, std::span<const oid> value) {
    target = const_cast<oid*>(value.data());
    length = value.size();
  };
  set_oid(session.securityAuthProto, session.securityAuthProtoLen, usmNoAuthProtocol);
  set_oid(session.securityPrivProto, session.securityPrivProtoLen, usmNoPrivProtocol);
  if (credentials.level == SecurityLevel::no_auth_no_priv) return {};

  set_oid(session.securityAuthProto, session.securityAuthProtoLen, oid_of(credentials.auth_protocol));
  const auto auth = keys.get(credentials.auth_protocol, credentials.password);
  if (!auth) return tl::make_unexpected(auth.error());
  std::copy_n(auth->octets.data(), auth->length, session.securityAuthKey);
  session.securityAuthKeyLen = auth->length;
  if (credentials.level == SecurityLevel::auth_no_priv) return {};

  set_oid(session.securityPrivProto, session.securityPrivProtoLen, oid_of(credentials.priv_protocol));
  const auto priv = keys.get(credentials.auth_protocol, credentials.priv_password);
  if (!priv) return tl::make_unexpected(priv.error());
  std::copy_n(priv->octets.data(), priv->length, session.securityPrivKey);
  session.securityPrivKeyLen = priv->length;
  return {};
}

UsmUserPtr make_usm_user(netsnmp_session& session) {
  session.flags &= ~static_cast<u_long>(SNMP_FLAGS_USER_CREATED);
  if (usm_create_user_from_session(&session) != SNMPERR_SUCCESS) return nullptr;
  usmUser* user = usm_get_user(session.securityEngineID, session.securityEngineIDLen, session.securityName);
  if (user == nullptr) return nullptr;
  usm_remove_user(user);
  user->next = user->prev = nullptr;
  return UsmUserPtr(user);
}

std::uint32_t EngineClock::time_at(BootTime now) const noexcept {
  return time + static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now - at).count());
}

void EngineClock::follow(const EngineTime& shown, BootTime now) noexcept {
  const auto shown_boots = static_cast<std::uint32_t>(shown.boots);
  const auto shown_time = static_cast<std::uint32_t>(shown.time);
  if (shown_boots < boots || (shown_boots == boots && shown_time <= time)) return;
  *this = {shown_boots, shown_time, now, true, true};
}

void LinkedEngine::link() noexcept {
  if (session_.version != SNMP_VERSION_3 || std::exchange(is_linked_, true)) return;
  if (user_ != nullptr) usm_add_user(user_);
  if (clock_.known) {
    set_enginetime(session_.securityEngineID, static_cast<u_int>(session_.securityEngineIDLen), clock_.boots,
                   clock_.time_at(BootClock::now()), clock_.authenticated ? 1 : 0);
  }
}

LinkedEngine::~LinkedEngine() {
  current_ = before_;
  if (!is_linked_) return;
  if (user_ != nullptr) {
    usm_remove_user(user_);
    user_->next = user_->prev = nullptr;
  }
  free_etimelist();
}

void LinkedEngine::learn() noexcept {
  if (!is_linked_) return;
  const auto* engine = session_.securityEngineID;
  const auto length = static_cast<u_int>(session_.securityEngineIDLen);
  const BootTime now = BootClock::now();
  EngineClock read{0, 0, now, true, false};
  if (get_enginetime(engine, length, &read.boots, &read.time, 0) != SNMPERR_SUCCESS) return;
  u_int boots = 0;
  u_int time = 0;
  // Asked for an authenticated clock the library answers zeros where it has none.
  read.authenticated = get_enginetime(engine, length, &boots, &time, 1) == SNMPERR_SUCCESS && (boots != 0 || time != 0);
  // Only what the library has learned is taken over: whole seconds there and back would cost a fraction each time.
  const std::uint32_t expected = clock_.time_at(now);
  const bool same = clock_.known && clock_.boots == read.boots && clock_.authenticated == read.authenticated &&
                    read.time <= expected + 1 && expected <= read.time + 1;
  if (!same) clock_ = read;
}

std::uint32_t count_strangers() noexcept {
  return snmp_get_statistic(STAT_USMSTATSUNKNOWNENGINEIDS) + snmp_get_statistic(STAT_USMSTATSUNKNOWNUSERNAMES);
}

netsnmp_pdu* make_discovery_pdu() {
  // USM looks up the nameless user even for a message without security; the library makes it for its own (blocking)
  // probe only. It stays in the list: it is one for the whole process.
  if (usm_get_user(nullptr, 0, "") == nullptr) {
    usmUser* nobody = usm_create_user();
    if (nobody == nullptr) return nullptr;
    nobody->name = strdup("");
    nobody->secName = strdup("");
    usm_add_user(nobody);
  }
  netsnmp_pdu* pdu = snmp_pdu_create(SNMP_MSG_GET);
  if (pdu == nullptr) return nullptr;
  pdu->version = SNMP_VERSION_3;
  pdu->securityName = strdup("");
  pdu->securityNameLen = 0;
  pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
  pdu->securityModel = SNMP_SEC_MODEL_USM;
  return pdu;
}

}  // namespace octopoll::snmp
