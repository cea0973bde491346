#include "octopoll/snmp/value.hpp"

#include <limits>

namespace octopoll::snmp {

std::string_view to_string(Type type) noexcept {
  switch (type) {
    case Type::null:
      return "NULL";
    case Type::integer:
      return "INTEGER";
    case Type::counter32:
      return "Counter32";
    case Type::gauge32:
      return "Gauge32";
    case Type::time_ticks:
      return "TimeTicks";
    case Type::counter64:
      return "Counter64";
    case Type::octet_string:
      return "OCTET STRING";
    case Type::oid:
      return "OBJECT IDENTIFIER";
    case Type::ip_address:
      return "IpAddress";
    case Type::opaque:
      return "Opaque";
    case Type::opaque_float:
      return "Opaque Float";
    case Type::opaque_double:
      return "Opaque Double";
    case Type::no_such_object:
      return "noSuchObject";
    case Type::no_such_instance:
      return "noSuchInstance";
    case Type::end_of_mib_view:
      return "endOfMibView";
  }
  return "unknown";
}

std::optional<std::uint64_t> Value::as_unsigned() const noexcept {
  if (const auto* number = std::get_if<std::uint64_t>(&data_)) return *number;
  const auto* number = std::get_if<std::int64_t>(&data_);
  if (number == nullptr || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::optional<std::int64_t> Value::as_signed() const noexcept {
  if (const auto* number = std::get_if<std::int64_t>(&data_)) return *number;
  const auto* number = std::get_if<std::uint64_t>(&data_);
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  if (number == nullptr || *number > static_cast<std::uint64_t>(largest)) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<double> Value::as_double() const noexcept {
  if (const auto* number = std::get_if<double>(&data_)) return *number;
  if (const auto* number = std::get_if<float>(&data_)) return static_cast<double>(*number);
  return std::nullopt;
}

std::uint8_t Value::bits() const noexcept {
  switch (type_) {
    case Type::counter64:
      return 64;
    case Type::integer:
    case Type::counter32:
    case Type::gauge32:
    case Type::time_ticks:
      return 32;
    default:
      return 0;
  }
}

}  // namespace octopoll::snmp
