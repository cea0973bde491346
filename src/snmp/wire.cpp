#include "snmp/wire.hpp"

#include "snmp/ber.hpp"

namespace octopoll::snmp {
namespace {

/// UsmSecurityParameters, which follow the global data (RFC 3414 section 2.4).
std::optional<EngineTime> read_engine_time(ber::Reader message) {
  const auto octets = message.element(0x04);
  const auto parameters = octets ? ber::Reader(*octets).element(0x30) : std::nullopt;
  if (!parameters) return std::nullopt;
  ber::Reader reader(*parameters);
  if (!reader.element(0x04)) return std::nullopt;  // msgAuthoritativeEngineID
  const auto boots = reader.integer();
  const auto time = reader.integer();
  // Both are 0..2147483647; callers reckon with them.
  const auto fits = [](const std::optional<std::int64_t>& number) {
    return number && *number >= 0 && *number <= 0x7fffffff;
  };
  if (!fits(boots) || !fits(time)) return std::nullopt;
  return EngineTime{*boots, *time};
}

}  // namespace

std::optional<MessageHead> read_head(std::string_view datagram) {
  const auto message = ber::Reader(datagram).element(0x30);
  if (!message) return std::nullopt;
  ber::Reader reader(*message);
  const auto version = reader.integer();
  if (!version) return std::nullopt;
  if (*version == 3) {
    const auto global_data = reader.element(0x30);
    if (!global_data) return std::nullopt;
    const auto id = ber::Reader(*global_data).integer();
    if (!id) return std::nullopt;
    return MessageHead{*version, {}, *id, read_engine_time(reader)};
  }
  const auto community = reader.element(0x04);
  if (!community) return std::nullopt;
  const unsigned char tag = reader.at_end() ? 0 : reader.tag();
  const auto pdu = reader.any();
  if (!pdu) return std::nullopt;
  const auto id = ber::Reader(*pdu).integer();
  if (!id) return std::nullopt;
  return MessageHead{*version, *community, *id, std::nullopt, tag};
}

std::optional<MessageHead> read_cut_head(std::string_view datagram) {
  // RFC 3417 section 8 (1) forbids the indefinite form; of what is said before its end the head can be told all the
  // same.
  const bool indefinite = datagram.size() > 2 && static_cast<unsigned char>(datagram[1]) == 0x80;
  const auto message = indefinite ? std::optional(datagram.substr(2)) : ber::Reader(datagram).beginning();
  if (!message || static_cast<unsigned char>(datagram[0]) != ber::sequence_tag) return std::nullopt;
  ber::Reader reader(*message);
  const auto version = reader.integer();
  if (version != 0 && version != 1) return std::nullopt;
  const auto community = reader.element(ber::octet_string_tag);
  const auto pdu = community ? reader.beginning() : std::nullopt;
  const unsigned char tag = pdu ? reader.tag() : 0;
  const auto id = pdu ? ber::Reader(*pdu).integer() : std::nullopt;
  if (!id) return std::nullopt;
  return MessageHead{*version, *community, *id, std::nullopt, tag, indefinite};
}

}  // namespace octopoll::snmp
