// An authenticated SNMPv3 message, read by our shortcut and by Net-SNMP's USM: what the shortcut takes the library must
// take as well, and must find the same within. The other way round, what the shortcut writes the library must read.
//
// No fuzzer guesses a digest, so the input is also looked at with the right one in its place: then all that is behind
// authentication, the time window, decryption and the scoped PDU, is reached too.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "require.hpp"
#include "snmp/ber.hpp"
#include "unit/snmp/library_usm.hpp"

namespace {

using namespace octopoll;
using namespace octopoll::snmp;
using octopoll::snmp::test::LibraryUsm;

constexpr std::uint32_t boots = 1;
constexpr std::uint32_t time = 1000;

EngineClock clock_at(BootTime now) { return {boots, time, now, true, true}; }

/// msgAuthenticationParameters of a message that goes as far.
std::optional<std::string_view> digest_of(std::string_view message) {
  const auto body = ber::Reader(message).element(ber::sequence_tag);
  if (!body) return std::nullopt;
  ber::Reader fields(*body);
  if (!fields.any() || !fields.any()) return std::nullopt;
  const auto security = fields.element(ber::octet_string_tag);
  const auto parameters = security ? ber::Reader(*security).element(ber::sequence_tag) : std::nullopt;
  if (!parameters) return std::nullopt;
  ber::Reader usm(*parameters);
  for (int before = 0; before < 4; ++before) {
    if (!usm.any()) return std::nullopt;
  }
  return usm.element(ber::octet_string_tag);
}

struct Reader {
  Reader(AuthProtocol auth, std::optional<PrivProtocol> priv) : library(auth, priv, "fuzz") {}

  void authenticate(std::string& message) {
    const UsmParty party = library.party();
    const auto digest = digest_of(message);
    if (!digest || digest->size() != mac_octets(party.auth)) return;
    const std::string zeros(digest->size(), '\0');
    const auto at = static_cast<std::size_t>(digest->data() - message.data());
    message.replace(at, zeros.size(), zeros);
    KeptCrypto::Mac mac{};
    require(crypto.mac(party.auth, {party.user.authKey, party.user.authKeyLen}, {message}, mac));
    std::copy_n(mac.begin(), zeros.size(), message.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void read(const std::string& message) {
    const BootTime now = BootClock::now();
    const auto taken = shortcut.read(library.party(), clock_at(now), now, message);
    if (!taken) return;
    const std::string pdu(taken->pdu);
    const auto scoped = library.read(clock_at(now), message);
    // The library looks at the clock a moment later, when the edge of the window may have gone by.
    if (!scoped && taken->time.time < time - 140) return;
    require(scoped.has_value());
    const auto inside = ber::Reader(*scoped).element(ber::sequence_tag);
    require(inside.has_value());
    ber::Reader fields(*inside);
    require(fields.element(ber::octet_string_tag).has_value() && fields.element(ber::octet_string_tag).has_value());
    require(fields.rest() == pdu);
  }

  void write(std::string_view pdu) {
    const BootTime now = BootClock::now();
    std::string message;
    require(shortcut.write(library.party(), clock_at(now), now, 0x01020304, LibraryUsm::most, pdu, message));
    const auto scoped = library.read(clock_at(now), message);
    require(scoped && scoped->size() >= pdu.size() && scoped->substr(scoped->size() - pdu.size()) == pdu);
  }

  LibraryUsm library;
  UsmShortcut shortcut;
  KeptCrypto crypto;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::array<Reader, 2> readers{Reader{AuthProtocol::sha256, PrivProtocol::aes},
                                       Reader{AuthProtocol::sha, std::nullopt}};
  const std::string input(reinterpret_cast<const char*>(data), size);
  for (Reader& reader : readers) {
    reader.read(input);
    std::string authentic = input;
    reader.authenticate(authentic);
    reader.read(authentic);
    if (size <= 60'000) reader.write(input);
  }
  return 0;
}
