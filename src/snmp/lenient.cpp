#include "snmp/lenient.hpp"

#include <string>
#include <utility>

#include "octopoll/snmp/variables.hpp"
#include "snmp/ber.hpp"
#include "snmp/response.hpp"

namespace octopoll::snmp {
namespace {

/// A Response-PDU of no request, with one variable.
void make_response(std::string& out, const WireVariable& variable, unsigned char tag, std::string_view value) {
  constexpr std::string_view three_zeros{"\x02\x01\x00\x02\x01\x00\x02\x01\x00", 9};
  using ber::element_octets;
  const std::size_t varbind = element_octets(variable.name.size()) + element_octets(value.size());
  out.clear();
  ber::append_header(out, ber::response_tag, three_zeros.size() + element_octets(element_octets(varbind)));
  out += three_zeros;
  ber::append_header(out, ber::sequence_tag, element_octets(varbind));
  ber::append_header(out, ber::sequence_tag, varbind);
  ber::append_header(out, ber::oid_tag, variable.name.size());
  out += variable.name;
  ber::append_header(out, tag, value.size());
  out += value;
}

/// What the library reads of a PDU with one variable; null where that is nothing. The caller's to free.
netsnmp_variable_list* read_one(std::string& response) {
  netsnmp_pdu* pdu = snmp_pdu_create(SNMP_MSG_RESPONSE);
  if (pdu == nullptr) return nullptr;
  std::size_t length = response.size();
  netsnmp_variable_list* variable = nullptr;
  if (snmp_pdu_parse(pdu, reinterpret_cast<u_char*>(response.data()), &length) == 0)
    variable = std::exchange(pdu->variables, nullptr);
  snmp_free_pdu(pdu);
  return variable;
}

}  // namespace

std::optional<std::size_t> parse_leniently(netsnmp_pdu& pdu, std::string_view octets) {
  constexpr unsigned char null_tag = 0x05;
  snmp_free_varbind(std::exchange(pdu.variables, nullptr));
  const auto response = read_response(octets);
  if (!response) return std::nullopt;

  std::size_t unreadable = 0;
  std::string one;
  VariableReader variables(response->variables);
  WireVariable variable;
  netsnmp_variable_list** end = &pdu.variables;
  while (variables.next(variable)) {
    make_response(one, variable, variable.tag, variable.value);
    *end = read_one(one);
    if (*end == nullptr) {
      ++unreadable;
      make_response(one, variable, null_tag, {});
      *end = read_one(one);
    }
    if (*end != nullptr) end = &(*end)->next_variable;
  }
  if (!variables.finished()) ++unreadable;
  if (pdu.variables == nullptr) return std::nullopt;
  response->put_into(pdu);
  return unreadable;
}

}  // namespace octopoll::snmp
