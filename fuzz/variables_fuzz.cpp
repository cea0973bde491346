// Our reader of a VarBindList against Net-SNMP's: where both take a list they must have read the same, and what ours
// takes for a number in a plainly encoded list the library takes as well.

#include <net-snmp/net-snmp-config.h>
// The library's headers need the line above first.
#include <net-snmp/net-snmp-includes.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "octopoll/snmp/value.hpp"
#include "octopoll/snmp/variables.hpp"
#include "require.hpp"
#include "snmp/ber.hpp"
#include "snmp/convert.hpp"
#include "snmp/library.hpp"

namespace {

using namespace octopoll;

struct FreePdu {
  void operator()(netsnmp_pdu* pdu) const noexcept { snmp_free_pdu(pdu); }
};
using PduPtr = std::unique_ptr<netsnmp_pdu, FreePdu>;

/// A Response of SNMPv2c around the list.
std::string message_with(std::string_view list) {
  std::string pdu("\x02\x04\x11\x22\x33\x44\x02\x01\x00\x02\x01\x00", 12);
  snmp::ber::append_header(pdu, snmp::ber::sequence_tag, list.size());
  pdu += list;
  std::string body("\x02\x01\x01\x04\x00", 5);
  snmp::ber::append_header(body, snmp::ber::response_tag, pdu.size());
  body += pdu;
  std::string message;
  snmp::ber::append_header(message, snmp::ber::sequence_tag, body.size());
  return message + body;
}

/// What the library makes of it; null where it refuses it.
PduPtr library_reads(std::string_view list) {
  netsnmp_session session;
  snmp_sess_init(&session);
  session.version = SNMP_VERSION_2c;
  PduPtr pdu(snmp_pdu_create(SNMP_MSG_RESPONSE));
  require(pdu != nullptr);
  std::string message = message_with(list);
  if (snmp_parse(nullptr, &session, pdu.get(), reinterpret_cast<u_char*>(message.data()), message.size()) != 0) {
    return nullptr;
  }
  return pdu;
}

/// The name as append_variable() would have encoded it.
std::string plainly_encoded(const netsnmp_variable_list& variable) {
  std::string encoded;
  append_variable(encoded, snmp::to_varbinds(&variable)[0].oid);
  snmp::VariableReader reader(encoded);
  snmp::WireVariable name;
  require(reader.next(name));
  return std::string(name.name);
}

void compare(const snmp::WireVariable& ours, const netsnmp_variable_list& theirs) {
  const snmp::Value value = snmp::to_value(theirs);
  // Ours compares the octets of a name, so only the plain encoding of one can be taken for it.
  if (const auto number = ours.number()) {
    require(value.as_unsigned() == number);
    require(value.bits() == ours.bits());
  }
  if (const auto integer = ours.integer()) require(value.as_signed() == integer);
  if (ours.tag == 0x04) require(value.octets() != nullptr && *value.octets() == ours.value);
  require(ours.absent() == (value.is_exception() || value.type() == snmp::Type::null) || ours.number() == std::nullopt);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = [] {
    snmp::initialize_library();
    return true;
  }();
  require(ready);
  const std::string_view list(reinterpret_cast<const char*>(data), size);
  if (size > 60'000) return 0;
  const PduPtr pdu = library_reads(list);
  snmp::VariableReader reader(list);
  snmp::WireVariable ours;
  const netsnmp_variable_list* theirs = pdu ? pdu->variables : nullptr;
  while (reader.next(ours)) {
    if (!pdu) continue;
    require(theirs != nullptr);
    const bool plain = !ours.name.empty() && plainly_encoded(*theirs) == ours.name;
    if (plain) compare(ours, *theirs);
    theirs = theirs->next_variable;
  }
  if (pdu && reader.finished()) require(theirs == nullptr);

  // An answer that names what it was asked for is read as such by both ways to read it.
  snmp::AnswerReader echo(list, list);
  snmp::VariableReader again(list);
  snmp::WireVariable first, second;
  while (again.next(first)) {
    require(echo.next(second));
    require(first.name == second.name && first.tag == second.tag && first.value == second.value);
  }
  require(!echo.next(second));
  return 0;
}
