#pragma once
// SNMPv3 with the User-based Security Model, from the agent's side.
// Source: RFC 3412 section 6 and 7 (the message, reports), RFC 3414 section 3.2 (what is checked, in which order).

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fleet/envelope.hpp"
#include "fleet/model.hpp"
#include "fleet/request.hpp"
#include "fleet/usm_crypto.hpp"

namespace fleet {

/// A user with the keys of one engine.
struct LocalUser {
  std::shared_ptr<const UsmUser> user;
  UsmKey auth_key;
  UsmKey priv_key;
};

/// What was counted (RFC 3414 section 5, RFC 3412 section 5); a report says one of them.
struct UsmStats {
  std::uint32_t unsupported_levels = 0;
  std::uint32_t not_in_windows = 0;
  std::uint32_t unknown_users = 0;
  std::uint32_t unknown_engines = 0;
  std::uint32_t wrong_digests = 0;
  std::uint32_t decryption_errors = 0;
  std::uint32_t unknown_contexts = 0;
};

/// The part of a device that speaks version 3. Keys are localised when a user is first asked for.
class UsmEngine {
 public:
  explicit UsmEngine(const std::vector<std::shared_ptr<const UsmUser>>& users);
  /// Null when there is no such user.
  [[nodiscard]] const LocalUser* find(std::string_view name, Octets engine_id);
  /// Never the same twice.
  [[nodiscard]] UsmCrypto::Salt next_salt(std::uint32_t boots) noexcept;
  UsmStats stats;

 private:
  std::vector<LocalUser> users_;
  std::uint32_t salts_ = 0;
};

/// One SNMPv3 message on its way in, and the envelope of what goes back.
///
/// Use: read() says whether it is SNMPv3 at all, accept() what the device that it came to makes of it. Then either
/// report() has the answer, or the request is to be answered in this very envelope.
/// Thread: one at a time. Borrows from the packet and from the device until the answer is sealed.
class UsmMessage final : public Envelope {
 public:
  explicit UsmMessage(UsmCrypto& crypto) noexcept : crypto_(crypto) {}

  /// The fields that are not protected. False when it is malformed.
  [[nodiscard]] bool read(std::span<std::uint8_t> packet);

  enum class Verdict : std::uint8_t {
    request,    ///< answer it
    report,     ///< send report()
    malformed,  ///< silence
    dropped,    ///< silence: an error, and the sender wants no report
  };
  /// Checks it, deciphers it in place and decodes its PDU into `request`.
  [[nodiscard]] Verdict accept(UsmEngine& engine, const EngineFacts& facts, Request& request);
  /// True where the user may do more than this message's level proves, which is what an agent's access control refuses.
  [[nodiscard]] bool is_below_level() const noexcept;
  /// The report that accept() decided upon, as a whole message in `buffer`.
  [[nodiscard]] std::span<const std::uint8_t> report(std::span<std::uint8_t> buffer);

  [[nodiscard]] std::size_t largest_pdu(std::size_t limit) const noexcept override;
  [[nodiscard]] std::size_t room_before() const noexcept override;
  [[nodiscard]] std::size_t room_behind() const noexcept override { return 8; }
  [[nodiscard]] std::span<const std::uint8_t> seal(std::span<std::uint8_t> buffer,
                                                   std::span<std::uint8_t> pdu) override;

 private:
  struct Sizes;
  [[nodiscard]] Verdict refuse(OidView name, std::uint32_t& count, bool with_auth);
  [[nodiscard]] bool is_authentic() const;
  [[nodiscard]] bool decipher();
  [[nodiscard]] Sizes sizes(std::size_t pdu) const noexcept;

  UsmCrypto& crypto_;
  // As they came.
  std::span<std::uint8_t> packet_;
  std::int32_t message_id_ = 0;
  std::int32_t most_size_ = 0;
  std::uint8_t flags_ = 0;
  Octets engine_id_;
  std::uint32_t boots_ = 0;
  std::uint32_t time_ = 0;
  std::string_view user_name_;
  Octets mac_;
  Octets salt_;
  std::span<std::uint8_t> data_;  // the scoped PDU's element, or the content that it is enciphered in
  Octets context_engine_id_;
  std::string_view context_name_;
  std::int32_t request_id_ = 0;
  // The device's.
  UsmEngine* engine_ = nullptr;
  EngineFacts facts_;
  const LocalUser* user_ = nullptr;
  // Of what goes back.
  bool with_auth_ = false;
  bool with_priv_ = false;
  OidView report_name_;  // of what lives for ever
  std::uint32_t report_count_ = 0;
};

}  // namespace fleet
