#pragma once
// What Net-SNMP's own USM makes of a user's messages: the judge of ours.

#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "octopoll/core/credentials.hpp"
#include "snmp/ber.hpp"
#include "snmp/library.hpp"
#include "snmp/usm.hpp"
#include "snmp/usm_shortcut.hpp"

namespace octopoll::snmp::test {

/// A user of an engine as a session has it after discovery.
class LibraryUsm {
 public:
  explicit LibraryUsm(AuthProtocol auth, std::optional<PrivProtocol> priv = std::nullopt,
                      std::string_view user_name = "alice", std::string_view passphrase = "maplesyrup") {
    initialize_library();
    credentials_.version = SnmpVersion::v3;
    credentials_.username = user_name;
    credentials_.level = priv ? SecurityLevel::auth_priv : SecurityLevel::auth_no_priv;
    credentials_.auth_protocol = auth;
    credentials_.password = Secret(std::string(passphrase));
    if (priv) credentials_.priv_protocol = *priv;
    credentials_.priv_password = credentials_.password;
    snmp_sess_init(&session_);
    session_.version = SNMP_VERSION_3;
    session_.rcvMsgMaxSize = session_.sndMsgMaxSize = most;
    if (!fill_usm(session_, credentials_, keys())) std::abort();
    session_.securityEngineID = reinterpret_cast<u_char*>(engine_id_.data());
    session_.securityEngineIDLen = engine_id_.size();
    user_ = make_usm_user(session_);
    if (user_ == nullptr) std::abort();
  }
  LibraryUsm(const LibraryUsm&) = delete;
  LibraryUsm& operator=(const LibraryUsm&) = delete;

  static constexpr std::uint32_t most = 1500;

  [[nodiscard]] UsmParty party() const {
    UsmParty party{*user_, credentials_.auth_protocol, std::nullopt, engine_id_, context_name};
    if (credentials_.level == SecurityLevel::auth_priv) party.priv = credentials_.priv_protocol;
    return party;
  }

  /// `command` decides on the flags.
  [[nodiscard]] std::string write(EngineClock clock, int command, long id, std::string_view pdu_octets) {
    struct Free {
      void operator()(netsnmp_pdu* pdu) const noexcept { snmp_free_pdu(pdu); }
    };
    const std::unique_ptr<netsnmp_pdu, Free> pdu(snmp_pdu_create(command));
    pdu->version = SNMP_VERSION_3;
    pdu->msgid = id;
    pdu->securityModel = SNMP_SEC_MODEL_USM;
    pdu->securityLevel = session_.securityLevel;
    copy(pdu->securityEngineID, pdu->securityEngineIDLen, engine_id_);
    copy(pdu->contextEngineID, pdu->contextEngineIDLen, engine_id_);
    copy(pdu->contextName, pdu->contextNameLen, context_name);
    copy(pdu->securityName, pdu->securityNameLen, credentials_.username);
    LinkedEngine* current = nullptr;
    LinkedEngine linked(session_, user_.get(), clock, current);
    linked.link();
    auto* packet = static_cast<u_char*>(std::malloc(484));
    std::size_t capacity = 484;
    std::size_t built = 0;
    std::string octets(pdu_octets);
    const int result = snmpv3_packet_realloc_rbuild(&packet, &capacity, &built, &session_, pdu.get(),
                                                    reinterpret_cast<u_char*>(octets.data()), octets.size());
    std::string message;
    if (result == 0) message.assign(reinterpret_cast<const char*>(packet + capacity - built), built);
    std::free(packet);
    return message;
  }

  /// The scoped PDU of a message that the library takes for this user at this level, with what it may have of padding.
  [[nodiscard]] std::optional<std::string> read(EngineClock clock, std::string message) {
    std::optional<std::string> taken;
    const auto whole = ber::Reader(message).element(ber::sequence_tag);
    ber::Reader fields(whole.value_or(std::string_view()));
    if (!fields.integer()) return taken;
    const auto global_data = fields.element(ber::sequence_tag);
    ber::Reader global(global_data.value_or(std::string_view()));
    const auto flags = global.integer() && global.integer() ? global.element(ber::octet_string_tag) : std::nullopt;
    if (!flags || flags->size() != 1) return taken;
    auto* const octets = reinterpret_cast<u_char*>(message.data());
    std::string plain(message.size() + 64, '\0');
    auto* scoped = reinterpret_cast<u_char*>(plain.data());
    std::size_t scoped_length = plain.size();
    std::string engine(SNMP_MAX_ENG_SIZE * 2, '\0');
    std::size_t engine_length = engine.size();
    std::string name(SNMP_MAX_SEC_NAME_SIZE, '\0');
    std::size_t name_length = name.size();
    std::size_t most_answered = 0;
    void* state = nullptr;
    snmp_secmod_incoming_params parameters{};
    parameters.maxMsgSize = most;
    parameters.secParams = octets + (fields.rest().data() - message.data());
    parameters.secModel = SNMP_SEC_MODEL_USM;
    parameters.secLevel = session_.securityLevel;
    parameters.wholeMsg = octets;
    parameters.wholeMsgLen = message.size();
    parameters.secEngineID = reinterpret_cast<u_char*>(engine.data());
    parameters.secEngineIDLen = &engine_length;
    parameters.secName = name.data();
    parameters.secNameLen = &name_length;
    parameters.scopedPdu = &scoped;
    parameters.scopedPduLen = &scoped_length;
    parameters.maxSizeResponse = &most_answered;
    parameters.secStateRef = &state;
    parameters.sess = &session_;
    parameters.msg_flags = static_cast<u_char>((*flags)[0]);
    LinkedEngine* current = nullptr;
    LinkedEngine linked(session_, user_.get(), clock, current);
    linked.link();
    snmp_secmod_def* const usm = find_sec_mod(SNMP_SEC_MODEL_USM);
    if ((*usm->decode)(&parameters) == SNMPERR_SUCCESS) {
      taken.emplace(reinterpret_cast<const char*>(scoped), scoped_length);
    }
    if (state != nullptr) (*usm->pdu_free_state_ref)(state);
    return taken;
  }

  std::string context_name;

 private:
  static KuCache& keys() {
    static KuCache made;
    return made;
  }
  template <class Octet>
  static void copy(Octet*& to, std::size_t& length, std::string_view octets) {
    to = static_cast<Octet*>(std::calloc(1, octets.size() + 1));
    std::memcpy(to, octets.data(), octets.size());
    length = octets.size();
  }

  SnmpCredentials credentials_;
  std::string engine_id_{
      "\x80\x00\x1f\x88\x04"
      "engine",
      11};
  netsnmp_session session_{};
  UsmUserPtr user_;
};

}  // namespace octopoll::snmp::test
