#pragma once
// What an agent says of one object.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "octopoll/core/own_copy.hpp"
#include "octopoll/snmp/oid.hpp"

namespace octopoll::snmp {

/// The types of the wire. Source: RFC 2578 section 7.1, RFC 3416 section 3; the two opaque numbers are Net-SNMP's.
enum class Type : std::uint8_t {
  null,
  integer,
  counter32,
  gauge32,  ///< Unsigned32 too: the wire does not tell them apart
  time_ticks,
  counter64,
  octet_string,
  oid,
  ip_address,
  opaque,
  opaque_float,
  opaque_double,
  no_such_object,
  no_such_instance,
  end_of_mib_view,
};
/// The words of the SMI: "INTEGER", "Counter64", "OCTET STRING", "OBJECT IDENTIFIER", "noSuchInstance".
[[nodiscard]] std::string_view to_string(Type type) noexcept;

/// One value with its type as it came over the wire.
///
/// Shape:  value type of 24 octets, texts and names apart; its type and its contents cannot disagree. Octets are kept
///         as they are, of any length: an IpAddress need not have four of them, since some agents send none.
/// Errors: none. The exceptions noSuchObject, noSuchInstance and endOfMibView are values: "absent", never zero.
/// Thread: any.
class Value {
 public:
  Value() = default;  ///< null
  [[nodiscard]] static Value integer(std::int64_t number) { return {Type::integer, number}; }
  [[nodiscard]] static Value counter32(std::uint64_t number) { return {Type::counter32, number}; }
  [[nodiscard]] static Value gauge32(std::uint64_t number) { return {Type::gauge32, number}; }
  /// Unit: hundredths of a second.
  [[nodiscard]] static Value time_ticks(std::uint64_t number) { return {Type::time_ticks, number}; }
  [[nodiscard]] static Value counter64(std::uint64_t number) { return {Type::counter64, number}; }
  [[nodiscard]] static Value octet_string(std::string octets) { return {Type::octet_string, text(std::move(octets))}; }
  [[nodiscard]] static Value oid(Oid name) { return {Type::oid, OwnCopy<Oid>(std::move(name))}; }
  [[nodiscard]] static Value ip_address(std::string octets) { return {Type::ip_address, text(std::move(octets))}; }
  [[nodiscard]] static Value opaque(std::string octets) { return {Type::opaque, text(std::move(octets))}; }
  [[nodiscard]] static Value opaque_float(float number) { return {Type::opaque_float, number}; }
  [[nodiscard]] static Value opaque_double(double number) { return {Type::opaque_double, number}; }
  [[nodiscard]] static Value no_such_object() { return {Type::no_such_object, std::monostate{}}; }
  [[nodiscard]] static Value no_such_instance() { return {Type::no_such_instance, std::monostate{}}; }
  [[nodiscard]] static Value end_of_mib_view() { return {Type::end_of_mib_view, std::monostate{}}; }

  [[nodiscard]] Type type() const noexcept { return type_; }
  /// One of the three exceptions of RFC 3416 section 3: the agent has no value there.
  [[nodiscard]] bool is_exception() const noexcept { return type_ >= Type::no_such_object; }

  /// The number of any integer type, an INTEGER only where it is not negative. Octets are no number, whatever they
  /// hold.
  [[nodiscard]] std::optional<std::uint64_t> as_unsigned() const noexcept;
  /// The number of any integer type that fits 64 bits with a sign.
  [[nodiscard]] std::optional<std::int64_t> as_signed() const noexcept;
  /// The number of an opaque float or double.
  [[nodiscard]] std::optional<double> as_double() const noexcept;
  /// The octets of an OCTET STRING, IpAddress or raw Opaque; null for all others.
  [[nodiscard]] const std::string* octets() const noexcept {
    const auto* text = std::get_if<OwnCopy<std::string>>(&data_);
    return text == nullptr ? nullptr : text->get();
  }
  /// The contents of an OBJECT IDENTIFIER; null for all others.
  [[nodiscard]] const Oid* as_oid() const noexcept {
    const auto* name = std::get_if<OwnCopy<Oid>>(&data_);
    return name == nullptr ? nullptr : name->get();
  }
  /// 64 for Counter64, 32 for the other integer types, 0 for what is no integer. A counter wraps at 2^bits.
  [[nodiscard]] std::uint8_t bits() const noexcept;

  friend bool operator==(const Value&, const Value&) = default;

 private:
  // Most values of a table are numbers: what is larger has a block of its own.
  using Data =
      std::variant<std::monostate, std::int64_t, std::uint64_t, float, double, OwnCopy<std::string>, OwnCopy<Oid>>;
  [[nodiscard]] static OwnCopy<std::string> text(std::string octets) { return OwnCopy<std::string>(std::move(octets)); }
  Value(Type type, Data data) : data_(std::move(data)), type_(type) {}

  Data data_;
  Type type_ = Type::null;
};

/// One object of a PDU: its name and its value. Source: RFC 3416 section 3.
struct VarBind {
  Oid oid;
  Value value;
  friend bool operator==(const VarBind&, const VarBind&) = default;
};

}  // namespace octopoll::snmp
