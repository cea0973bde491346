#include "snmp/usm_shortcut.hpp"

#include <openssl/crypto.h>
#include <sys/random.h>

#include <algorithm>

#include "snmp/ber.hpp"

namespace octopoll::snmp {
namespace {

constexpr std::uint32_t version = 3;
constexpr std::size_t salt_octets = 8;
/// RFC 3412 section 6.4.
constexpr unsigned char auth_flag = 1;
constexpr unsigned char priv_flag = 2;
constexpr unsigned char reportable_flag = 4;
/// Of boots and time (RFC 3414 section 2.4); boots that have reached it are those of an engine that can no longer be
/// trusted (section 2.2.2).
constexpr std::uint32_t latest = 0x7fffffff;

constexpr std::array<char, EVP_MAX_MD_SIZE> zeros{};

std::string_view engine_id(const usmUser& user) noexcept {
  return {reinterpret_cast<const char*>(user.engineID), user.engineIDLen};
}
std::string_view mac_place(AuthProtocol protocol) noexcept { return {zeros.data(), mac_octets(protocol)}; }

unsigned char level_of(const UsmParty& party) noexcept { return party.priv ? auth_flag | priv_flag : auth_flag; }

bool is_certain(const EngineClock& clock, BootTime now) noexcept {
  return clock.known && clock.authenticated && clock.boots < latest && clock.time_at(now) <= latest;
}

bool is_timely(const EngineTime& shown, const EngineClock& clock, BootTime now) noexcept {
  const std::int64_t apart = shown.time - std::int64_t{clock.time_at(now)};
  return shown.boots == std::int64_t{clock.boots} && apart >= -time_window && apart <= time_window;
}

/// RFC 3826 section 3.1.2.1.
KeptCrypto::Iv iv_of(std::uint32_t boots, std::uint32_t time, std::string_view salt) noexcept {
  KeptCrypto::Iv iv{};
  for (std::size_t i = 0; i < 4; ++i) {
    iv[i] = static_cast<unsigned char>(boots >> (24 - 8 * i));
    iv[4 + i] = static_cast<unsigned char>(time >> (24 - 8 * i));
  }
  std::copy(salt.begin(), salt.end(), iv.begin() + 8);
  return iv;
}

/// An INTEGER from 0 to 2147483647.
std::optional<std::uint32_t> take_number(ber::Reader& reader) {
  const auto number = reader.integer();
  if (!number || *number < 0 || *number > latest) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

/// A message taken apart; nothing in it has been believed yet.
struct Parts {
  std::uint32_t id = 0;
  std::uint32_t most = 0;
  std::string_view flags;
  std::uint32_t model = 0;
  std::string_view engine_id;
  std::uint32_t boots = 0;
  std::uint32_t time = 0;
  std::string_view user;
  std::string_view mac;
  std::string_view salt;
  std::string_view data;  ///< scopedPduData: what stands behind the parameters
};

std::optional<Parts> take_apart(std::string_view octets) {
  ber::Reader datagram(octets);
  const auto message = datagram.element(ber::sequence_tag);
  if (!message || !datagram.at_end()) return std::nullopt;
  ber::Reader fields(*message);
  const auto shown_version = fields.integer();
  const auto global_data = fields.element(ber::sequence_tag);
  const auto security = fields.element(ber::octet_string_tag);
  if (shown_version != version || !global_data || !security) return std::nullopt;

  Parts parts;
  parts.data = fields.rest();
  ber::Reader global(*global_data);
  const auto id = take_number(global);
  const auto most = take_number(global);
  const auto flags = global.element(ber::octet_string_tag);
  const auto model = take_number(global);
  if (!id || !most || !flags || !model || !global.at_end()) return std::nullopt;
  parts.id = *id;
  parts.most = *most;
  parts.flags = *flags;
  parts.model = *model;

  ber::Reader wrapped(*security);
  const auto parameters = wrapped.element(ber::sequence_tag);
  if (!parameters || !wrapped.at_end()) return std::nullopt;
  ber::Reader usm(*parameters);
  const auto engine = usm.element(ber::octet_string_tag);
  const auto boots = take_number(usm);
  const auto time = take_number(usm);
  const auto user = usm.element(ber::octet_string_tag);
  const auto mac = usm.element(ber::octet_string_tag);
  const auto salt = usm.element(ber::octet_string_tag);
  if (!engine || !boots || !time || !user || !mac || !salt || !usm.at_end()) return std::nullopt;
  parts.engine_id = *engine;
  parts.boots = *boots;
  parts.time = *time;
  parts.user = *user;
  parts.mac = *mac;
  parts.salt = *salt;
  return parts;
}

/// The PDU, if its ScopedPDU (RFC 3412 section 6.8) is of the party's context.
std::optional<std::string_view> take_pdu(const UsmParty& party, std::string_view octets) {
  ber::Reader reader(octets);
  const auto scoped = reader.element(ber::sequence_tag);
  if (!scoped || !reader.at_end()) return std::nullopt;
  ber::Reader inner(*scoped);
  const auto context_engine_id = inner.element(ber::octet_string_tag);
  const auto context_name = inner.element(ber::octet_string_tag);
  if (context_engine_id != party.context_engine_id || context_name != party.context_name) return std::nullopt;
  return inner.rest();
}

}  // namespace

UsmShortcut::UsmShortcut() {
  // As few octets as these never come short, nor block once the machine has booted (getrandom(2)).
  [[maybe_unused]] const auto got = getrandom(&salt_, sizeof salt_, 0);
}

bool UsmShortcut::write(const UsmParty& party, const EngineClock& clock, BootTime now, std::int64_t message_id,
                        std::uint32_t most, std::string_view pdu, std::string& out) {
  if (!is_certain(clock, now) || message_id < 0 || message_id > latest || most > latest) return false;
  if (party.priv && !KeptCrypto::has(*party.priv)) return false;
  const auto id = static_cast<std::uint32_t>(message_id);
  const std::uint32_t time = clock.time_at(now);
  const std::string_view engine = engine_id(party.user);
  const std::string_view name(party.user.name);
  const std::string_view no_mac = mac_place(party.auth);

  std::array<char, salt_octets> salt{};
  std::string_view shown_salt;
  if (party.priv) {
    ++salt_;
    for (std::size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<char>(salt_ >> (56 - 8 * i));
    shown_salt = {salt.data(), salt.size()};
  }

  using ber::element_octets;
  using ber::integer_octets;
  const std::size_t scoped =
      element_octets(party.context_engine_id.size()) + element_octets(party.context_name.size()) + pdu.size();
  const std::size_t data = party.priv ? element_octets(element_octets(scoped)) : element_octets(scoped);
  const std::size_t global =
      element_octets(integer_octets(id)) + element_octets(integer_octets(most)) + element_octets(1) + element_octets(1);
  const std::size_t parameters = element_octets(engine.size()) + element_octets(integer_octets(clock.boots)) +
                                 element_octets(integer_octets(time)) + element_octets(name.size()) +
                                 element_octets(no_mac.size()) + element_octets(shown_salt.size());
  const std::size_t message =
      element_octets(1) + element_octets(global) + element_octets(element_octets(parameters)) + data;

  out.clear();
  out.reserve(element_octets(message));
  ber::append_header(out, ber::sequence_tag, message);
  ber::append_integer(out, version);
  ber::append_header(out, ber::sequence_tag, global);
  ber::append_integer(out, id);
  ber::append_integer(out, most);
  const char flags = static_cast<char>(level_of(party) | reportable_flag);
  ber::append_octets(out, {&flags, 1});
  ber::append_integer(out, SNMP_SEC_MODEL_USM);
  ber::append_header(out, ber::octet_string_tag, element_octets(parameters));
  ber::append_header(out, ber::sequence_tag, parameters);
  ber::append_octets(out, engine);
  ber::append_integer(out, clock.boots);
  ber::append_integer(out, time);
  ber::append_octets(out, name);
  ber::append_octets(out, no_mac);
  const std::size_t mac_at = out.size() - no_mac.size();
  ber::append_octets(out, shown_salt);
  if (party.priv) ber::append_header(out, ber::octet_string_tag, element_octets(scoped));
  const std::size_t scoped_at = out.size();
  ber::append_header(out, ber::sequence_tag, scoped);
  ber::append_octets(out, party.context_engine_id);
  ber::append_octets(out, party.context_name);
  out += pdu;

  if (party.priv && !crypto_.encrypt(*party.priv, {party.user.privKey, party.user.privKeyLen},
                                     iv_of(clock.boots, time, shown_salt), std::span(out).subspan(scoped_at))) {
    return false;
  }
  KeptCrypto::Mac mac{};
  if (!crypto_.mac(party.auth, {party.user.authKey, party.user.authKeyLen}, {out}, mac)) return false;
  std::copy_n(mac.begin(), no_mac.size(), out.begin() + static_cast<std::ptrdiff_t>(mac_at));
  return true;
}

std::optional<UsmShortcut::Message> UsmShortcut::read(const UsmParty& party, const EngineClock& clock, BootTime now,
                                                      std::string_view octets) {
  if (!is_certain(clock, now) || (party.priv && !KeptCrypto::has(*party.priv))) return std::nullopt;
  const auto parts = take_apart(octets);
  if (!parts || parts->model != SNMP_SEC_MODEL_USM || parts->most < SNMP_MIN_MAX_LEN) return std::nullopt;
  if (parts->engine_id != engine_id(party.user) || parts->user != std::string_view(party.user.name)) {
    return std::nullopt;
  }
  // Nothing but the level that was asked for: not below it, and no report's flags.
  const auto level = static_cast<char>(level_of(party));
  if (parts->flags != std::string_view(&level, 1)) return std::nullopt;
  if (parts->salt.size() != (party.priv ? salt_octets : 0)) return std::nullopt;

  const std::string_view no_mac = mac_place(party.auth);
  if (parts->mac.size() != no_mac.size()) return std::nullopt;
  const auto mac_at = static_cast<std::size_t>(parts->mac.data() - octets.data());
  KeptCrypto::Mac mac{};
  if (!crypto_.mac(party.auth, {party.user.authKey, party.user.authKeyLen},
                   {octets.substr(0, mac_at), no_mac, octets.substr(mac_at + no_mac.size())}, mac)) {
    return std::nullopt;
  }
  if (CRYPTO_memcmp(mac.data(), parts->mac.data(), no_mac.size()) != 0) return std::nullopt;

  const EngineTime time{parts->boots, parts->time};
  if (!is_timely(time, clock, now)) return std::nullopt;

  std::string_view scoped = parts->data;
  if (party.priv) {
    ber::Reader data(parts->data);
    const auto encrypted = data.element(ber::octet_string_tag);
    if (!encrypted || !data.at_end()) return std::nullopt;
    if (scoped_.size() < encrypted->size()) scoped_.resize(encrypted->size());
    if (!crypto_.decrypt(*party.priv, {party.user.privKey, party.user.privKeyLen},
                         iv_of(parts->boots, parts->time, parts->salt), *encrypted, scoped_.data())) {
      return std::nullopt;
    }
    scoped = std::string_view(scoped_).substr(0, encrypted->size());
  }
  const auto pdu = take_pdu(party, scoped);
  if (!pdu) return std::nullopt;
  return Message{parts->id, time, *pdu};
}

}  // namespace octopoll::snmp
