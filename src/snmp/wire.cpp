#include "snmp/wire.hpp"

namespace octopoll::snmp {
namespace {

/// A cursor over BER (X.690, definite lengths as RFC 3417 section 8 demands).
class Reader {
 public:
  explicit Reader(std::string_view octets) : rest_(octets) {}

  /// The contents of the next element, if it has this tag and fits.
  std::optional<std::string_view> element(unsigned char tag) {
    if (rest_.empty() || static_cast<unsigned char>(rest_[0]) != tag) return std::nullopt;
    return any();
  }

  std::optional<std::string_view> any() {
    if (rest_.size() < 2) return std::nullopt;
    const auto first = static_cast<unsigned char>(rest_[1]);
    std::size_t header = 2;
    std::size_t length = first;
    if (first >= 0x80) {
      const std::size_t octets = first & 0x7fU;
      if (octets == 0 || octets > 4 || rest_.size() < 2 + octets) return std::nullopt;
      length = 0;
      for (std::size_t i = 0; i < octets; ++i) length = (length << 8U) | static_cast<unsigned char>(rest_[2 + i]);
      header += octets;
    }
    if (length > rest_.size() - header) return std::nullopt;
    const std::string_view contents = rest_.substr(header, length);
    rest_.remove_prefix(header + length);
    return contents;
  }

  std::optional<std::int64_t> integer() {
    const auto contents = element(0x02);
    if (!contents || contents->empty() || contents->size() > 8) return std::nullopt;
    std::uint64_t value = (static_cast<unsigned char>((*contents)[0]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
    for (const char c : *contents) value = (value << 8U) | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(value);
  }

 private:
  std::string_view rest_;
};

/// UsmSecurityParameters, which follow the global data (RFC 3414 section 2.4).
std::optional<EngineTime> read_engine_time(Reader message) {
  const auto octets = message.element(0x04);
  const auto parameters = octets ? Reader(*octets).element(0x30) : std::nullopt;
  if (!parameters) return std::nullopt;
  Reader reader(*parameters);
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
  const auto message = Reader(datagram).element(0x30);
  if (!message) return std::nullopt;
  Reader reader(*message);
  const auto version = reader.integer();
  if (!version) return std::nullopt;
  if (*version == 3) {
    const auto global_data = reader.element(0x30);
    if (!global_data) return std::nullopt;
    const auto id = Reader(*global_data).integer();
    if (!id) return std::nullopt;
    return MessageHead{*version, {}, *id, read_engine_time(reader)};
  }
  const auto community = reader.element(0x04);
  if (!community) return std::nullopt;
  const auto pdu = reader.any();
  if (!pdu) return std::nullopt;
  const auto id = Reader(*pdu).integer();
  if (!id) return std::nullopt;
  return MessageHead{*version, *community, *id, std::nullopt};
}

}  // namespace octopoll::snmp
