#include "snmp/names_print.hpp"

#include <net-snmp/net-snmp-config.h>
// The library's headers need the line above first.
#include <net-snmp/net-snmp-includes.h>

#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace octopoll::snmp {
namespace {

/// A DISPLAY-HINT such as "2d-1d-1d" makes the library read whole groups without asking whether the value has that many
/// octets; so there are always this many zeros behind it.
constexpr std::size_t slack = 1024;

std::vector<::oid> library_oid(const Oid& oid) { return {oid.begin(), oid.end()}; }

/// A variable in the library's form. The library only reads it, so it may point into this.
class LibraryVariable {
 public:
  explicit LibraryVariable(const Value& value) {
    switch (value.type()) {
      case Type::null:
        variable_.type = ASN_NULL;
        break;
      case Type::integer:
        set_number(ASN_INTEGER, static_cast<long>(value.as_signed().value_or(0)));
        break;
      case Type::counter32:
        set_number(ASN_COUNTER, unsigned_as_long(value));
        break;
      case Type::gauge32:
        set_number(ASN_GAUGE, unsigned_as_long(value));
        break;
      case Type::time_ticks:
        set_number(ASN_TIMETICKS, unsigned_as_long(value));
        break;
      case Type::counter64:
        set_counter64(value.as_unsigned().value_or(0));
        break;
      case Type::octet_string:
        set_octets(ASN_OCTET_STR, *value.octets());
        break;
      case Type::oid:
        set_oid(*value.as_oid());
        break;
      case Type::ip_address:
        // The printer takes four octets on trust. Any other number of them is shown for what it is.
        set_octets(value.octets()->size() == 4 ? ASN_IPADDRESS : ASN_OCTET_STR, *value.octets());
        break;
      case Type::opaque:
        set_octets(ASN_OPAQUE, *value.octets());
        break;
      case Type::opaque_float:
        set_float(static_cast<float>(value.as_double().value_or(0)));
        break;
      case Type::opaque_double:
        set_double(value.as_double().value_or(0));
        break;
      case Type::no_such_object:
        variable_.type = SNMP_NOSUCHOBJECT;
        break;
      case Type::no_such_instance:
        variable_.type = SNMP_NOSUCHINSTANCE;
        break;
      case Type::end_of_mib_view:
        variable_.type = SNMP_ENDOFMIBVIEW;
        break;
    }
  }
  LibraryVariable(const LibraryVariable&) = delete;
  LibraryVariable& operator=(const LibraryVariable&) = delete;

  [[nodiscard]] const netsnmp_variable_list* get() const noexcept { return &variable_; }

 private:
  static long unsigned_as_long(const Value& value) { return static_cast<long>(value.as_unsigned().value_or(0)); }
  void set_number(u_char type, long number) {
    number_ = number;
    variable_.type = type;
    variable_.val.integer = &number_;
    variable_.val_len = sizeof number_;
  }
  void set_counter64(std::uint64_t number) {
    counter64_ = {static_cast<u_long>(number >> 32U), static_cast<u_long>(number & 0xffffffffU)};
    variable_.type = ASN_COUNTER64;
    variable_.val.counter64 = &counter64_;
    variable_.val_len = sizeof counter64_;
  }
  void set_octets(u_char type, const std::string& octets) {
    octets_.reserve(octets.size() + slack);
    octets_.assign(octets.begin(), octets.end());
    octets_.resize(octets.size() + slack);
    variable_.type = type;
    variable_.val.string = octets_.data();
    variable_.val_len = octets.size();
  }
  void set_oid(const Oid& name) {
    oid_ = library_oid(name);
    const std::size_t octets = oid_.size() * sizeof(::oid);
    if (oid_.empty()) oid_.push_back(0);
    variable_.type = ASN_OBJECT_ID;
    variable_.val.objid = oid_.data();
    variable_.val_len = octets;
  }
  void set_float(float number) {
    float_ = number;
    variable_.type = ASN_OPAQUE_FLOAT;
    variable_.val.floatVal = &float_;
    variable_.val_len = sizeof float_;
  }
  void set_double(double number) {
    double_ = number;
    variable_.type = ASN_OPAQUE_DOUBLE;
    variable_.val.doubleVal = &double_;
    variable_.val_len = sizeof double_;
  }

  netsnmp_variable_list variable_{};
  long number_ = 0;
  counter64 counter64_{};
  float float_ = 0;
  double double_ = 0;
  std::vector<u_char> octets_;
  std::vector<::oid> oid_;
};

/// The -O letters in force while it lives. The library keeps them process-wide.
class OutputLetters {
 public:
  explicit OutputLetters(std::string letters) { snmp_out_toggle_options(letters.data()); }
  ~OutputLetters() {
    for (const int flag :
         {NETSNMP_DS_LIB_2DIGIT_HEX_OUTPUT, NETSNMP_DS_LIB_DONT_BREAKDOWN_OIDS, NETSNMP_DS_LIB_PRINT_NUMERIC_ENUM,
          NETSNMP_DS_LIB_ESCAPE_QUOTES, NETSNMP_DS_LIB_QUICK_PRINT, NETSNMP_DS_LIB_QUICKE_PRINT,
          NETSNMP_DS_LIB_NUMERIC_TIMETICKS, NETSNMP_DS_LIB_PRINT_HEX_TEXT, NETSNMP_DS_LIB_DONT_PRINT_UNITS,
          NETSNMP_DS_LIB_PRINT_BARE_VALUE, NETSNMP_DS_LIB_EXTENDED_INDEX})
      netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, flag, 0);
    netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_STRING_OUTPUT_FORMAT, NETSNMP_STRING_OUTPUT_GUESS);
    netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_OID_OUTPUT_FORMAT, NETSNMP_OID_OUTPUT_MODULE);
  }
  OutputLetters(const OutputLetters&) = delete;
  OutputLetters& operator=(const OutputLetters&) = delete;
};

/// What one of the library's sprint_realloc functions makes; `print` gets buffer, capacity and length.
template <class Print>
std::string printed(Print print) {
  std::size_t capacity = 256;
  std::size_t length = 0;
  auto* buffer = static_cast<u_char*>(std::calloc(capacity, 1));
  if (buffer != nullptr) print(&buffer, &capacity, &length);
  const std::unique_ptr<u_char, decltype(&std::free)> owned(buffer, &std::free);
  return buffer == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(buffer), length);
}

}  // namespace

std::string print_name(const Oid& oid) {
  const OutputLetters letters("S");
  const std::vector<::oid> name = library_oid(oid);
  return printed([&](u_char** buffer, std::size_t* capacity, std::size_t* length) {
    sprint_realloc_objid(buffer, capacity, length, 1, name.data(), name.size());
  });
}

std::string print_variable(const VarBind& variable, const std::string& letters) {
  const OutputLetters in_force("S" + letters);
  const std::vector<::oid> name = library_oid(variable.oid);
  const LibraryVariable value(variable.value);
  return printed([&](u_char** buffer, std::size_t* capacity, std::size_t* length) {
    sprint_realloc_variable(buffer, capacity, length, 1, name.data(), name.size(), value.get());
  });
}

std::string print_value(const VarBind& variable) { return print_variable(variable, "qvtUe"); }

}  // namespace octopoll::snmp
