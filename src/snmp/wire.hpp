#pragma once
// As much of a message as is needed to know whose it is, read without trusting a single length.

#include <cstdint>
#include <optional>
#include <string_view>

namespace octopoll::snmp {

/// msgAuthoritativeEngineBoots and msgAuthoritativeEngineTime (RFC 3414 section 2.4), as they came: unauthenticated.
struct EngineTime {
  std::int64_t boots = 0;
  std::int64_t time = 0;
};

/// The head of an SNMP message. Source: RFC 3416 section 3 (v1, v2c after RFC 1157), RFC 3412 section 6 (v3).
struct MessageHead {
  std::int64_t version = 0;                 ///< 0 is v1, 1 is v2c, 3 is v3
  std::string_view community;               ///< v1 and v2c
  std::int64_t id = 0;                      ///< request-id (v1, v2c) or msgID (v3)
  std::optional<EngineTime> engine_time{};  ///< v3, where its security parameters are those of USM
  unsigned char pdu_tag = 0;                ///< v1 and v2c
  bool indefinite = false;                  ///< its length is not told: of a cut head alone
};

/// nullopt where the octets are no SNMP message as far as its head goes. The view points into `datagram`.
[[nodiscard]] std::optional<MessageHead> read_head(std::string_view datagram);
/// The same of a v1 or v2c message that is longer by its own word than what came of it, or does not say how long it is:
/// cut on its way, or built wrong.
[[nodiscard]] std::optional<MessageHead> read_cut_head(std::string_view datagram);

}  // namespace octopoll::snmp
