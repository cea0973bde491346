// Durations and targets as people write them.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/endpoint.hpp"
#include "require.hpp"

namespace {

using octopoll::Endpoint;
using octopoll::ErrorKind;

void try_duration(std::string_view text) {
  const auto duration = octopoll::parse_duration(text);
  if (!duration) {
    require(duration.error().kind == ErrorKind::usage && !duration.error().message.empty());
    require(!duration.error().remedy.empty());
    return;
  }
  require(duration->count() >= 0);
  const auto again = octopoll::parse_duration(octopoll::format_duration(*duration));
  require(again && *again == *duration);
}

void try_target(std::string_view text) {
  const auto target = octopoll::parse_target(text);
  if (!target) {
    require(target.error().kind == ErrorKind::usage && !target.error().message.empty());
    require(!target.error().remedy.empty());
    return;
  }
  require(!target->host.empty() && target->port != 0);
  for (const char c : target->host) require(static_cast<unsigned char>(c) > 0x20 && c != 0x7f);
  const auto endpoint = Endpoint::literal(target->host, target->port);
  // A host with a colon is an IPv6 address, but its scope may be that of another machine.
  if (target->host.find(':') != std::string_view::npos && target->host.find('%') == std::string_view::npos) {
    require(endpoint && endpoint->family() == AF_INET6);
  }
  if (!endpoint) return;
  require(endpoint->valid() && endpoint->port() == target->port);
  const auto again = octopoll::parse_target(endpoint->text());
  require(again && Endpoint::literal(again->host, again->port) == endpoint);
  require(octopoll::parse_target(to_string(*target))->host == target->host);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_duration(text);
  try_target(text);
  return 0;
}
