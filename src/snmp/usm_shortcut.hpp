#pragma once
// Authenticated SNMPv3 messages, written and read without the library where nothing about them is in doubt.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/credentials.hpp"
#include "snmp/kept_crypto.hpp"
#include "snmp/usm.hpp"

namespace octopoll::snmp {

/// Whose messages they are, as the session has it after discovery. Borrows all.
struct UsmParty {
  const usmUser& user;  ///< engine id, name, and keys that the library has localised
  AuthProtocol auth = AuthProtocol::sha;
  std::optional<PrivProtocol> priv;  ///< authNoPriv without
  std::string_view context_engine_id;
  std::string_view context_name;
};

/// The common case of USM, for less than half of what the library takes for it: a request to an engine whose clock was
/// authenticated, and the answer of its user at the level that was asked for, within the time window.
///
/// Every other message is the library's to judge: discovery, reports, a clock that is not certain, another engine or
/// user, a digest that is wrong, an encoding that is not the expected one, DES, noAuthNoPriv. What is taken here the
/// library would take as well, and for the same reasons in the same order (RFC 3414 section 3.2): engine, user and
/// level, digest, time window, and only then decryption. It counts nothing and reports nothing.
///
/// Errors: none; nullopt or false means "ask the library".
/// Thread: one at a time.
/// Source: RFC 3412 section 6 (frame), RFC 3414 sections 2.4 and 3 (USM), RFC 7860 (SHA-2), RFC 3826 (AES).
class UsmShortcut {
 public:
  UsmShortcut();

  /// The message to ask `pdu` in, reportable, into `out`. `most` is msgMaxSize.
  [[nodiscard]] bool write(const UsmParty& party, const EngineClock& clock, BootTime now, std::int64_t message_id,
                           std::uint32_t most, std::string_view pdu, std::string& out);

  struct Message {
    std::int64_t id = 0;
    EngineTime time;
    std::string_view pdu;  ///< points into the message, or into memory that is good until the next read()
  };
  /// A message that came, if it is authentic, timely, and of the party's level and context.
  [[nodiscard]] std::optional<Message> read(const UsmParty& party, const EngineClock& clock, BootTime now,
                                            std::string_view octets);

 private:
  KeptCrypto crypto_;
  /// RFC 3826 section 3.1.2.1: begins anywhere, changes with each message, so that no two have the same under a key.
  std::uint64_t salt_ = 0;
  std::string scoped_;
};

}  // namespace octopoll::snmp
