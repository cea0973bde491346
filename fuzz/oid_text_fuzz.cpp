// OIDs as text: what is read is printed so that it reads back, all else is an error that can be shown.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "octopoll/snmp/oid.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using octopoll::snmp::Oid;
  const auto oid = Oid::parse({reinterpret_cast<const char*>(data), size});
  if (!oid) {
    require(oid.error().kind == octopoll::ErrorKind::usage);
    require(!oid.error().message.empty() && !oid.error().remedy.empty());
    return 0;
  }
  require(!oid->empty() && oid->size() <= Oid::max_length);
  const auto again = Oid::parse(oid->to_string());
  require(again && *again == *oid);
  require(oid->starts_with(*oid) && oid->after(oid->size()).empty());
  return 0;
}
