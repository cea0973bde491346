#include "snmp/convert.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "snmp/library.hpp"

namespace octopoll::snmp {
namespace {

using namespace std::string_literals;

struct FreePdu {
  void operator()(netsnmp_pdu* pdu) const noexcept { snmp_free_pdu(pdu); }
};
using PduPtr = std::unique_ptr<netsnmp_pdu, FreePdu>;

PduPtr empty_pdu() {
  initialize_library();
  return PduPtr(snmp_pdu_create(SNMP_MSG_RESPONSE));
}

const Oid name{1, 3, 6, 1, 2, 1, 2, 2, 1, 10, 7};

/// A variable as the library holds it after decoding: its type and the octets of its value.
Value converted(u_char type, const void* value, std::size_t length) {
  const PduPtr pdu = empty_pdu();
  std::array<oid, 11> native{};
  std::copy(name.begin(), name.end(), native.begin());
  REQUIRE(snmp_pdu_add_variable(pdu.get(), native.data(), native.size(), type, value, length) != nullptr);
  const auto variables = to_varbinds(pdu->variables);
  REQUIRE(variables.size() == 1);
  CHECK(variables[0].oid == name);
  return variables[0].value;
}

Value converted(u_char type, long number) { return converted(type, &number, sizeof number); }
/// The wrapped ones come out of the decoder alone, in the shape of a Counter64: no function makes them.
Value converted(u_char type, std::uint64_t number) {
  counter64 halves{};
  halves.high = number >> 32U;
  halves.low = number & 0xffffffffU;
  netsnmp_variable_list variable{};
  variable.type = type;
  variable.val.counter64 = &halves;
  variable.val_len = sizeof halves;
  return to_value(variable);
}

Request request(Operation operation) {
  Request made;
  made.operation = operation;
  made.names = {name, Oid{1, 3, 6, 1, 4, 1, 4'294'967'295U}, Oid{2, 999}};
  made.non_repeaters = 1;
  made.max_repetitions = 25;
  return made;
}

TEST_CASE("a request's names are those of the PDU, in order, without values") {
  const auto [operation, version, command] = GENERATE(table<Operation, SnmpVersion, int>({
      {Operation::get, SnmpVersion::v2c, SNMP_MSG_GET},
      {Operation::get_next, SnmpVersion::v2c, SNMP_MSG_GETNEXT},
      {Operation::get_bulk, SnmpVersion::v2c, SNMP_MSG_GETBULK},
      {Operation::get_bulk, SnmpVersion::v3, SNMP_MSG_GETBULK},
      {Operation::get, SnmpVersion::v1, SNMP_MSG_GET},
      {Operation::get_bulk, SnmpVersion::v1, SNMP_MSG_GETNEXT},  // SNMPv1 has no GETBULK
  }));
  initialize_library();
  const Request asked = request(operation);
  const PduPtr pdu(to_pdu(asked, version));
  REQUIRE(pdu);
  CHECK(pdu->command == command);
  if (command == SNMP_MSG_GETBULK) {
    CHECK(pdu->non_repeaters == 1);
    CHECK(pdu->max_repetitions == 25);
  }
  const auto variables = to_varbinds(pdu->variables);
  REQUIRE(variables.size() == asked.names.size());
  for (std::size_t i = 0; i < variables.size(); ++i) {
    CHECK(variables[i].oid == asked.names[i]);
    CHECK(variables[i].value == Value());
  }
}

TEST_CASE("names have up to 128 numbers") {
  initialize_library();
  const std::vector<std::uint32_t> numbers(Oid::max_length, 4'294'967'295U);
  Request asked;
  asked.names = {Oid(numbers)};
  const PduPtr pdu(to_pdu(asked, SnmpVersion::v2c));
  REQUIRE(pdu);
  CHECK(to_varbinds(pdu->variables).at(0).oid == asked.names[0]);
}

TEST_CASE("what is set reads back") {
  initialize_library();
  Request asked;
  asked.operation = Operation::set;
  for (const Value& value :
       {Value(), Value::integer(0), Value::integer(-1), Value::integer(std::numeric_limits<std::int32_t>::min()),
        Value::integer(2'147'483'647), Value::counter32(4'294'967'295U), Value::gauge32(4'294'967'295U),
        Value::time_ticks(4'294'967'295U), Value::octet_string(""), Value::octet_string("a\0b\xff"s),
        Value::octet_string(std::string(1'000, 'x')), Value::ip_address("\xc0\x00\x02\x01"s), Value::oid(name),
        Value::oid(Oid{0, 0})}) {
    asked.values.push_back({name, value});
  }
  const PduPtr pdu(to_pdu(asked, SnmpVersion::v2c));
  REQUIRE(pdu);
  CHECK(pdu->command == SNMP_MSG_SET);
  CHECK(to_varbinds(pdu->variables) == asked.values);
}

TEST_CASE("what a manager has no business setting is not encoded") {
  initialize_library();
  for (const Value& value : {Value::no_such_object(), Value::end_of_mib_view(), Value::opaque_double(1.0)}) {
    Request asked;
    asked.operation = Operation::set;
    asked.values = {{name, Value::integer(1)}, {name, value}};
    CHECK(PduPtr(to_pdu(asked, SnmpVersion::v2c)) == nullptr);
  }
}

TEST_CASE("numbers keep their type, their width and all their bits") {
  CHECK(converted(ASN_INTEGER, -7L) == Value::integer(-7));
  CHECK(converted(ASN_COUNTER, 4'294'967'295L) == Value::counter32(4'294'967'295U));
  CHECK(converted(ASN_GAUGE, 4'294'967'294L) == Value::gauge32(4'294'967'294U));
  CHECK(converted(ASN_UINTEGER, 4'294'967'295L) == Value::gauge32(4'294'967'295U));
  CHECK(converted(ASN_TIMETICKS, 0L) == Value::time_ticks(0));
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{0xffffffffU}, std::uint64_t{0x100000000U},
                                     std::uint64_t{0x8000000080000000U}, std::numeric_limits<std::uint64_t>::max()}) {
    CHECK(converted(ASN_COUNTER64, number) == Value::counter64(number));
    CHECK(converted(ASN_OPAQUE_COUNTER64, number) == Value::counter64(number));
    CHECK(converted(ASN_OPAQUE_U64, number) == Value::counter64(number));
    CHECK(converted(ASN_OPAQUE_I64, number) == Value::integer(static_cast<std::int64_t>(number)));
  }
}

TEST_CASE("a 32-bit number that the library signed is not negative") {
  for (const auto type : {ASN_COUNTER, ASN_GAUGE, ASN_TIMETICKS, ASN_UINTEGER}) {
    const auto number = converted(static_cast<u_char>(type), -1L).as_unsigned();
    CHECK(number == 4'294'967'295U);
  }
}

TEST_CASE("octets stay octets, also where they should be something else") {
  const std::string octets = "a\0\xff"s;
  CHECK(converted(ASN_OCTET_STR, octets.data(), octets.size()) == Value::octet_string(octets));
  CHECK(converted(ASN_OCTET_STR, "", 0) == Value::octet_string(""));
  CHECK(converted(ASN_OPAQUE, octets.data(), octets.size()) == Value::opaque(octets));
  CHECK(converted(ASN_IPADDRESS, "\xc0\x00\x02\x01", 4) == Value::ip_address("\xc0\x00\x02\x01"s));
  CHECK(converted(ASN_BIT_STR, octets.data(), octets.size()) == Value::octet_string(octets));
  CHECK(converted(ASN_NSAP, octets.data(), octets.size()) == Value::octet_string(octets));
}

TEST_CASE("object identifiers, floats and exceptions") {
  const std::array<oid, 3> zero_dot_zero{0, 0, 4'294'967'295U};
  CHECK(converted(ASN_OBJECT_ID, zero_dot_zero.data(), sizeof zero_dot_zero) == Value::oid({0, 0, 4'294'967'295U}));
  const float small = 0.25F;
  const double large = -1e300;
  CHECK(converted(ASN_OPAQUE_FLOAT, &small, sizeof small) == Value::opaque_float(small));
  CHECK(converted(ASN_OPAQUE_DOUBLE, &large, sizeof large) == Value::opaque_double(large));
  CHECK(converted(SNMP_NOSUCHOBJECT, nullptr, 0) == Value::no_such_object());
  CHECK(converted(SNMP_NOSUCHINSTANCE, nullptr, 0) == Value::no_such_instance());
  CHECK(converted(SNMP_ENDOFMIBVIEW, nullptr, 0) == Value::end_of_mib_view());
  CHECK(converted(ASN_NULL, nullptr, 0) == Value());
}

TEST_CASE("no variables are no variables") { CHECK(to_varbinds(nullptr).empty()); }

}  // namespace
}  // namespace octopoll::snmp
