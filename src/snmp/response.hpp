#pragma once
// What a Response-PDU says besides its variables.

#include <net-snmp/net-snmp-config.h>
// The library's headers need the line above first.
#include <net-snmp/net-snmp-includes.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "snmp/ber.hpp"

namespace octopoll::snmp {

/// A Response-PDU taken apart. Source: RFC 3416 section 3.
struct Response {
  std::int64_t id = 0;
  std::int64_t error_status = 0;
  std::int64_t error_index = 0;
  std::string_view variables;  ///< contents of the VarBindList, unread

  /// As the library hands out one that it has parsed, but for its variables.
  void put_into(netsnmp_pdu& pdu) const noexcept {
    pdu.command = SNMP_MSG_RESPONSE;
    pdu.reqid = static_cast<long>(id);
    pdu.errstat = static_cast<long>(error_status);
    pdu.errindex = static_cast<long>(error_index);
    pdu.flags |= UCD_MSG_FLAG_RESPONSE_PDU;
  }
};

/// nullopt where `octets` do not begin with a sound one.
inline std::optional<Response> read_response(std::string_view octets) {
  const auto response = ber::Reader(octets).element(ber::response_tag);
  if (!response) return std::nullopt;
  ber::Reader reader(*response);
  const auto id = reader.integer();
  const auto error_status = reader.integer();
  const auto error_index = reader.integer();
  const auto list = reader.element(ber::sequence_tag);
  if (!id || !error_status || !error_index || !list) return std::nullopt;
  return Response{*id, *error_status, *error_index, *list};
}

}  // namespace octopoll::snmp
