// What is ours of building and parsing a message: requests that were encoded once, and their answers, read in place.
// Everything else is the library's.

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "snmp/ber.hpp"
#include "snmp/lenient.hpp"
#include "snmp/response.hpp"
#include "snmp/session_impl.hpp"

namespace octopoll::snmp {
namespace {

/// An INTEGER of one octet, zero.
constexpr std::string_view zero{"\x02\x01\x00", 3};

/// Octets of a GetRequest-PDU's contents.
std::size_t get_contents(std::uint32_t id, std::string_view variables) {
  return ber::element_octets(ber::integer_octets(id)) + 2 * zero.size() + ber::element_octets(variables.size());
}

/// A GetRequest-PDU (RFC 3416 section 3).
void append_get(std::string& out, std::uint32_t id, std::string_view variables) {
  ber::append_header(out, ber::get_request_tag, get_contents(id, variables));
  ber::append_integer(out, id);
  out += zero;  // error-status
  out += zero;  // error-index
  ber::append_header(out, ber::sequence_tag, variables.size());
  out += variables;
}

/// For fields of a PDU that the library frees. `size` is at least that of the octets.
template <class T>
T* duplicate(const void* octets, std::size_t length, std::size_t size) {
  auto* copy = static_cast<T*>(std::calloc(1, size + 1));
  if (copy != nullptr && length > 0) std::memcpy(copy, octets, length);
  return copy;
}

std::string_view view(const u_char* octets, std::size_t length) {
  return {reinterpret_cast<const char*>(octets), length};
}

/// What snmpv3_build() takes from the session. False when out of memory.
bool fill_security(netsnmp_pdu& pdu, const netsnmp_session& session) {
  if (pdu.securityName != nullptr) return true;  // the library sends it again, after a notInTimeWindow report
  pdu.securityEngineID =
      duplicate<u_char>(session.securityEngineID, session.securityEngineIDLen, session.securityEngineIDLen);
  pdu.securityEngineIDLen = session.securityEngineIDLen;
  pdu.contextEngineID =
      duplicate<u_char>(session.contextEngineID, session.contextEngineIDLen, session.contextEngineIDLen);
  pdu.contextEngineIDLen = session.contextEngineIDLen;
  pdu.contextName = duplicate<char>(session.contextName, session.contextNameLen, session.contextNameLen);
  pdu.contextNameLen = session.contextNameLen;
  pdu.securityName = duplicate<char>(session.securityName, session.securityNameLen, session.securityNameLen);
  pdu.securityNameLen = session.securityNameLen;
  pdu.securityModel = SNMP_SEC_MODEL_USM;
  pdu.securityLevel = session.securityLevel;
  return pdu.securityEngineID != nullptr && pdu.contextEngineID != nullptr && pdu.contextName != nullptr &&
         pdu.securityName != nullptr;
}

void free_security(netsnmp_pdu& pdu, const snmp_secmod_def& usm) {
  if (pdu.securityStateRef != nullptr && usm.pdu_free_state_ref != nullptr)
    (*usm.pdu_free_state_ref)(pdu.securityStateRef);
  pdu.securityStateRef = nullptr;
  for (u_char** field : {&pdu.securityEngineID, &pdu.contextEngineID}) std::free(std::exchange(*field, nullptr));
  for (char** field : {&pdu.securityName, &pdu.contextName}) std::free(std::exchange(*field, nullptr));
  pdu.securityEngineIDLen = pdu.contextEngineIDLen = pdu.securityNameLen = pdu.contextNameLen = 0;
}

}  // namespace

/// The library's contract for its hook: the message starts at *packet, which may be reallocated.
int Session::Impl::build(netsnmp_pdu& pdu, u_char** packet, std::size_t* capacity, std::size_t* length) {
  const Try* a_try = try_of(pdu.reqid);
  engine.work.building = a_try;
  engine.work.own_message = {};
  if (a_try != nullptr && a_try->encoded) {
    if (a_try->exchange == nullptr) return -1;  // resent by the library, and nobody waits for it any more
    return build_encoded(pdu, a_try->exchange->encoded, packet, capacity, length);
  }
  engine.work.linked->link();
  std::size_t built = 0;
  const int result = snmp_build(packet, capacity, &built, snmp_sess_session(handle), &pdu);
  if (result != 0) return result;
  // It builds backwards from the buffer's end.
  std::memmove(*packet, *packet + *capacity - built, built);
  *length = built;
  return 0;
}

int Session::Impl::build_encoded(netsnmp_pdu& pdu, const std::string& variables, u_char** packet, std::size_t* capacity,
                                 std::size_t* length) {
  netsnmp_session& session = *snmp_sess_session(handle);
  session.s_snmp_errno = 0;
  const auto id = static_cast<std::uint32_t>(pdu.reqid);
  std::string& out = engine.message;
  out.clear();
  if (session.version == SNMP_VERSION_3) {
    append_get(out, id, variables);
    if (!fill_security(pdu, session)) return -1;
    if (build_by_shortcut(pdu, out)) {
      *length = engine.work.own_message.octets.size();
      return 0;
    }
    engine.work.linked->link();
    std::size_t built = 0;
    const int result = snmpv3_packet_realloc_rbuild(packet, capacity, &built, &session, &pdu,
                                                    reinterpret_cast<u_char*>(out.data()), out.size());
    if (result != 0) {
      session.s_snmp_errno = result;
      return result < 0 ? result : -1;
    }
    std::memmove(*packet, *packet + *capacity - built, built);
    *length = built;
    return 0;
  }
  const std::string_view community = view(session.community, session.community_len);
  const std::size_t body = get_contents(id, variables);
  const std::size_t get = 1 + ber::length_octets(body) + body;
  ber::append_header(out, ber::sequence_tag,
                     zero.size() + 1 + ber::length_octets(community.size()) + community.size() + get);
  ber::append_header(out, ber::integer_tag, 1);
  out.push_back(session.version == SNMP_VERSION_1 ? '\0' : '\1');
  ber::append_header(out, ber::octet_string_tag, community.size());
  out += community;
  append_get(out, id, variables);
  engine.work.own_message = {out, pdu.reqid};
  *length = out.size();
  return 0;
}

/// What the shortcut needs to know; nothing where the library has to do it.
std::optional<UsmParty> Session::Impl::party() const {
  const SnmpCredentials& credentials = *options.credentials;
  const netsnmp_session& session = *snmp_sess_session(handle);
  if (user == nullptr || credentials.level == SecurityLevel::no_auth_no_priv) return std::nullopt;
  UsmParty party{*user, credentials.auth_protocol, std::nullopt,
                 view(session.contextEngineID, session.contextEngineIDLen),
                 std::string_view(session.contextName, session.contextNameLen)};
  if (credentials.level == SecurityLevel::auth_priv) party.priv = credentials.priv_protocol;
  return party;
}

/// Not while the library has learned something of the agent's clock that the session does not know yet: it sends again
/// from within a report that told it the time.
bool Session::Impl::build_by_shortcut(const netsnmp_pdu& pdu, std::string_view get) {
  const auto us = engine.work.linked->is_linked() ? std::nullopt : party();
  if (!us) return false;
  // As the library reckons msgMaxSize.
  const auto most =
      std::min(static_cast<std::size_t>(netsnmp_max_send_msg_size()), snmp_sess_session(handle)->rcvMsgMaxSize);
  if (!engine.shortcut.write(*us, clock, BootClock::now(), pdu.msgid, static_cast<std::uint32_t>(most), get,
                             engine.sealed))
    return false;
  engine.work.own_message = {engine.sealed, pdu.msgid};
  return true;
}

/// `octets` have room for what came, and are the library's to change.
int Session::Impl::parse(netsnmp_pdu& pdu, u_char* octets, std::size_t length) {
  const std::string_view incoming = engine.work.incoming;
  bool& took_encoded = engine.work.took_encoded;
  netsnmp_session* session = snmp_sess_session(handle);
  const bool may_be_encoded = std::any_of(tries.begin(), tries.end(), [](const auto& t) { return t->encoded; });
  const bool ours = may_be_encoded && length == incoming.size();
  const bool is_v3 = session->version == SNMP_VERSION_3;
  took_encoded = ours && (is_v3 ? parse_by_shortcut(pdu) : parse_encoded(pdu));
  if (!took_encoded) {
    std::memcpy(octets, incoming.data(), length);
    took_encoded = ours && is_v3 && parse_v3(pdu, octets, &Impl::take_response);
  }
  if (took_encoded) {
    session->s_snmp_errno = 0;
    return SNMP_ERR_NOERROR;
  }
  engine.work.linked->link();
  const int result = snmp_parse(static_cast<session_list*>(handle), session, &pdu, octets, length);
  if (result == SNMP_ERR_NOERROR || length != incoming.size() || !parse_in_part(pdu, octets)) return result;
  session->s_snmp_errno = 0;
  return SNMP_ERR_NOERROR;
}

/// What the library has refused, where that is for some of its variables alone.
bool Session::Impl::parse_in_part(netsnmp_pdu& pdu, u_char* octets) {
  const netsnmp_session& session = *snmp_sess_session(handle);
  const int why = session.s_snmp_errno;
  if (session.version == SNMP_VERSION_3) {
    // All else is USM's verdict.
    snmp_secmod_def* usm = find_sec_mod(SNMP_SEC_MODEL_USM);
    if (usm == nullptr || (why != SNMPERR_ASN_PARSE_ERR && why != SNMPERR_BAD_PARSE)) return false;
    free_security(pdu, *usm);
    std::memcpy(octets, engine.work.incoming.data(), engine.work.incoming.size());
    return parse_v3(pdu, octets, &Impl::take_in_part);
  }
  const auto message = ber::Reader(engine.work.incoming).element(ber::sequence_tag);
  if (!message) return false;
  ber::Reader reader(*message);
  const auto version = reader.integer();
  if (version != session.version || !reader.element(ber::octet_string_tag)) return false;
  if (!take_in_part(pdu, reader.rest())) return false;
  pdu.version = *version;
  return true;
}

bool Session::Impl::take_in_part(netsnmp_pdu& pdu, std::string_view octets) {
  const auto unreadable = parse_leniently(pdu, octets);
  if (!unreadable) return false;
  for (Traffic* counts : {&traffic, &engine.traffic}) counts->unreadable_values += *unreadable;
  return true;
}

/// False where it is anything but a sound answer to an encoded request; then nothing has been changed.
bool Session::Impl::parse_encoded(netsnmp_pdu& pdu) {
  const auto message = ber::Reader(engine.work.incoming).element(ber::sequence_tag);
  if (!message) return false;
  ber::Reader reader(*message);
  const auto version = reader.integer();
  if (!version || *version != snmp_sess_session(handle)->version) return false;
  if (!reader.element(ber::octet_string_tag)) return false;  // the community was looked at before
  if (!take_response(pdu, reader.rest())) return false;
  pdu.version = *version;
  return true;
}

/// A Response-PDU to an encoded request of ours, and nothing behind it.
bool Session::Impl::take_response(netsnmp_pdu& pdu, std::string_view octets) {
  const auto response = read_response(octets);
  if (!response) return false;
  const Try* a_try = try_of(response->id);
  if (a_try == nullptr || !a_try->encoded) return false;
  response->put_into(pdu);
  engine.work.answered_variables = response->variables;
  return true;
}

/// False as in parse_encoded().
bool Session::Impl::parse_by_shortcut(netsnmp_pdu& pdu) {
  const auto us = party();
  const auto message =
      us ? engine.shortcut.read(*us, clock, engine.work.incoming_at, engine.work.incoming) : std::nullopt;
  if (!message || !take_response(pdu, message->pdu)) return false;
  const Try& a_try = *try_of(pdu.reqid);
  if (a_try.went_out_as(message->id) && fill_security(pdu, *snmp_sess_session(handle))) {
    pdu.version = SNMP_VERSION_3;
    pdu.msgid = static_cast<long>(message->id);
    return true;
  }
  engine.work.answered_variables = {};
  pdu.flags &= ~static_cast<u_long>(UCD_MSG_FLAG_RESPONSE_PDU);
  return false;
}

/// The frame of RFC 3412 section 6 is read here, its security is USM's affair. False as in parse_encoded(): what USM
/// has changed in `octets` is put back, and the library looks at the message as if for the first time.
bool Session::Impl::parse_v3(netsnmp_pdu& pdu, u_char* octets, TakePdu take) {
  const std::string_view incoming = engine.work.incoming;
  netsnmp_session& session = *snmp_sess_session(handle);
  engine.work.linked->link();
  snmp_secmod_def* usm = find_sec_mod(SNMP_SEC_MODEL_USM);
  if (usm == nullptr || usm->decode == nullptr) return false;
  const auto message = ber::Reader(incoming).element(ber::sequence_tag);
  if (!message) return false;
  ber::Reader reader(*message);
  const auto version = reader.integer();
  const auto global_data = reader.element(ber::sequence_tag);
  if (version != SNMP_VERSION_3 || !global_data) return false;
  ber::Reader global(*global_data);
  const auto id = global.integer();
  const auto max_size = global.integer();
  const auto flags = global.element(ber::octet_string_tag);
  const auto model = global.integer();
  const char level = session.securityLevel == SNMP_SEC_LEVEL_AUTHPRIV ? SNMP_MSG_FLAG_AUTH_BIT | SNMP_MSG_FLAG_PRIV_BIT
                     : session.securityLevel == SNMP_SEC_LEVEL_AUTHNOPRIV ? SNMP_MSG_FLAG_AUTH_BIT
                                                                          : 0;
  if (!id || !max_size || !flags || flags->size() != 1 || (*flags)[0] != level || model != SNMP_SEC_MODEL_USM)
    return false;
  if (*max_size < SNMP_MIN_MAX_LEN || *max_size > 0x7fffffff) return false;
  const bool ours =
      std::any_of(tries.begin(), tries.end(), [&id](const auto& a_try) { return a_try->went_out_as(*id); });
  if (!ours) return false;

  pdu.msgid = static_cast<long>(*id);
  pdu.msgMaxSize = std::min(static_cast<long>(*max_size), static_cast<long>(session.sndMsgMaxSize));
  pdu.securityModel = SNMP_SEC_MODEL_USM;
  pdu.securityLevel = session.securityLevel;
  pdu.securityEngineID = duplicate<u_char>(nullptr, 0, SNMP_MAX_ENG_SIZE * 2);
  pdu.securityEngineIDLen = SNMP_MAX_ENG_SIZE * 2;
  pdu.securityName = duplicate<char>(nullptr, 0, SNMP_MAX_SEC_NAME_SIZE);
  pdu.securityNameLen = SNMP_MAX_SEC_NAME_SIZE;
  if (engine.scoped_pdu.size() < incoming.size()) engine.scoped_pdu.resize(incoming.size());
  auto* scoped = reinterpret_cast<u_char*>(engine.scoped_pdu.data());
  std::size_t scoped_length = engine.scoped_pdu.size();
  std::size_t most_answered = 0;
  snmp_secmod_incoming_params parameters{};
  parameters.msgProcModel = pdu.msgParseModel;
  parameters.maxMsgSize = static_cast<std::size_t>(pdu.msgMaxSize);
  parameters.secParams = octets + (reader.rest().data() - incoming.data());
  parameters.secModel = SNMP_SEC_MODEL_USM;
  parameters.secLevel = pdu.securityLevel;
  parameters.wholeMsg = octets;
  parameters.wholeMsgLen = incoming.size();
  parameters.secEngineID = pdu.securityEngineID;
  parameters.secEngineIDLen = &pdu.securityEngineIDLen;
  parameters.secName = pdu.securityName;
  parameters.secNameLen = &pdu.securityNameLen;
  parameters.scopedPdu = &scoped;
  parameters.scopedPduLen = &scoped_length;
  parameters.maxSizeResponse = &most_answered;
  parameters.secStateRef = &pdu.securityStateRef;
  parameters.sess = &session;
  parameters.pdu = &pdu;
  parameters.msg_flags = static_cast<u_char>(level);
  const bool decoded =
      pdu.securityEngineID != nullptr && pdu.securityName != nullptr && (*usm->decode)(&parameters) == SNMPERR_SUCCESS;
  // Not encrypted, it lies in the library's copy, which does not live as long as ours.
  std::string_view plain = view(scoped, scoped_length);
  if (decoded && scoped >= octets && scoped < octets + incoming.size())
    plain = incoming.substr(static_cast<std::size_t>(scoped - octets));
  const auto scoped_pdu = decoded ? ber::Reader(plain).element(ber::sequence_tag) : std::nullopt;
  ber::Reader inner(scoped_pdu.value_or(std::string_view()));
  const auto context_engine = inner.element(ber::octet_string_tag);
  const auto context_name = context_engine ? inner.element(ber::octet_string_tag) : std::nullopt;
  if (context_name && (this->*take)(pdu, inner.rest())) {
    pdu.contextEngineID = duplicate<u_char>(context_engine->data(), context_engine->size(), context_engine->size());
    pdu.contextEngineIDLen = context_engine->size();
    pdu.contextName = duplicate<char>(context_name->data(), context_name->size(), context_name->size());
    pdu.contextNameLen = context_name->size();
    pdu.version = SNMP_VERSION_3;
    if (pdu.contextEngineID != nullptr && pdu.contextName != nullptr) return true;
  }
  engine.work.answered_variables = {};
  free_security(pdu, *usm);
  pdu.flags &= ~static_cast<u_long>(UCD_MSG_FLAG_RESPONSE_PDU);
  std::memcpy(octets, incoming.data(), incoming.size());
  return false;
}

}  // namespace octopoll::snmp
