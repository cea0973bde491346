#include "snmp/convert.hpp"

#include <algorithm>
#include <array>

namespace octopoll::snmp {
namespace {

struct NativeOid {
  std::array<oid, Oid::max_length> numbers{};
  std::size_t length = 0;
  explicit NativeOid(const Oid& name) : length(name.size()) { std::copy(name.begin(), name.end(), numbers.begin()); }
};

Oid to_oid(const oid* numbers, std::size_t length) {
  std::array<std::uint32_t, Oid::max_length> narrow{};
  length = std::min(length, narrow.size());
  std::transform(numbers, numbers + length, narrow.begin(),
                 [](oid number) { return static_cast<std::uint32_t>(number); });
  return Oid(std::span<const std::uint32_t>(narrow.data(), length));
}

bool add_value(netsnmp_pdu& pdu, const VarBind& variable) {
  const NativeOid name(variable.oid);
  const auto add = [&](u_char type, const void* value, std::size_t length) {
    return snmp_pdu_add_variable(&pdu, name.numbers.data(), name.length, type, value, length) != nullptr;
  };
  const Value& value = variable.value;
  switch (value.type()) {
    case Type::null:
      return add(ASN_NULL, nullptr, 0);
    case Type::integer: {
      const long number = static_cast<long>(value.as_signed().value_or(0));
      return add(ASN_INTEGER, &number, sizeof number);
    }
    case Type::counter32:
    case Type::gauge32:
    case Type::time_ticks: {
      const u_long number = value.as_unsigned().value_or(0);
      const u_char type = value.type() == Type::counter32 ? ASN_COUNTER
                          : value.type() == Type::gauge32 ? ASN_GAUGE
                                                          : ASN_TIMETICKS;
      return add(type, &number, sizeof number);
    }
    case Type::octet_string:
      return add(ASN_OCTET_STR, value.octets()->data(), value.octets()->size());
    case Type::ip_address:
      return add(ASN_IPADDRESS, value.octets()->data(), value.octets()->size());
    case Type::oid: {
      const NativeOid target(*value.as_oid());
      return add(ASN_OBJECT_ID, target.numbers.data(), target.length * sizeof(oid));
    }
    default:
      return false;
  }
}

}  // namespace

netsnmp_pdu* to_pdu(const Request& request, SnmpVersion version) {
  const bool bulk = request.operation == Operation::get_bulk && version != SnmpVersion::v1;
  netsnmp_pdu* pdu = snmp_pdu_create(bulk                                  ? SNMP_MSG_GETBULK
                                     : request.operation == Operation::get ? SNMP_MSG_GET
                                     : request.operation == Operation::set ? SNMP_MSG_SET
                                                                           : SNMP_MSG_GETNEXT);
  if (pdu == nullptr) return nullptr;
  if (bulk) {
    pdu->non_repeaters = static_cast<long>(request.non_repeaters);
    pdu->max_repetitions = static_cast<long>(request.max_repetitions);
  }
  for (const Oid& name : request.names) add_name(*pdu, name);
  for (const VarBind& variable : request.values) {
    if (!add_value(*pdu, variable)) {
      snmp_free_pdu(pdu);
      return nullptr;
    }
  }
  return pdu;
}

void add_name(netsnmp_pdu& pdu, const Oid& name) {
  const NativeOid native(name);
  snmp_add_null_var(&pdu, native.numbers.data(), native.length);
}

std::vector<VarBind> to_varbinds(const netsnmp_variable_list* variables) {
  std::size_t count = 0;
  for (const auto* variable = variables; variable != nullptr; variable = variable->next_variable) ++count;
  std::vector<VarBind> all;
  all.reserve(count);
  for (const auto* variable = variables; variable != nullptr; variable = variable->next_variable) {
    all.push_back({to_oid(variable->name, variable->name_length), to_value(*variable)});
  }
  return all;
}

Value to_value(const netsnmp_variable_list& variable) {
  // The library keeps unsigned 32-bit numbers in a long, sign-extended by some of its paths.
  const auto unsigned32 = [&variable] {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(*variable.val.integer));
  };
  const auto octets = [&variable] {
    return variable.val.string == nullptr
               ? std::string()
               : std::string(reinterpret_cast<const char*>(variable.val.string), variable.val_len);
  };
  switch (variable.type) {
    case ASN_INTEGER:
      return Value::integer(*variable.val.integer);
    case ASN_COUNTER:
      return Value::counter32(unsigned32());
    case ASN_GAUGE:
      return Value::gauge32(unsigned32());
    case ASN_UINTEGER:
      return Value::gauge32(unsigned32());
    case ASN_TIMETICKS:
      return Value::time_ticks(unsigned32());
    case ASN_COUNTER64:
    case ASN_OPAQUE_COUNTER64:
    case ASN_OPAQUE_U64:
      return Value::counter64((static_cast<std::uint64_t>(variable.val.counter64->high) << 32U) |
                              static_cast<std::uint32_t>(variable.val.counter64->low));
    case ASN_OPAQUE_I64:
      return Value::integer(
          static_cast<std::int64_t>((static_cast<std::uint64_t>(variable.val.counter64->high) << 32U) |
                                    static_cast<std::uint32_t>(variable.val.counter64->low)));
    case ASN_OCTET_STR:
    case ASN_BIT_STR:
    case ASN_NSAP:
      return Value::octet_string(octets());
    case ASN_IPADDRESS:
      return Value::ip_address(octets());
    case ASN_OBJECT_ID:
      return Value::oid(to_oid(variable.val.objid, variable.val_len / sizeof(oid)));
    case ASN_OPAQUE:
      return Value::opaque(octets());
    case ASN_OPAQUE_FLOAT:
      return Value::opaque_float(*variable.val.floatVal);
    case ASN_OPAQUE_DOUBLE:
      return Value::opaque_double(*variable.val.doubleVal);
    case SNMP_NOSUCHOBJECT:
      return Value::no_such_object();
    case SNMP_NOSUCHINSTANCE:
      return Value::no_such_instance();
    case SNMP_ENDOFMIBVIEW:
      return Value::end_of_mib_view();
    default:
      return {};
  }
}

}  // namespace octopoll::snmp
