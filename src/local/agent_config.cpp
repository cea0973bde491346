#include "local/agent_config.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "octopoll/core/text.hpp"
#include "octopoll/local/private_snmpd.hpp"

namespace octopoll::local {
namespace {

constexpr std::array<std::string_view, 7> visible = {
    "1.3.6.1.2.1.1",           // system
    "1.3.6.1.2.1.2",           // interfaces
    "1.3.6.1.2.1.31",          // ifMIB
    "1.3.6.1.2.1.4.20",        // ipAddrTable
    "1.3.6.1.2.1.4.34",        // ipAddressTable
    "1.3.6.1.6.3.10.2.1",      // snmpEngine
    "1.3.6.1.4.1.8072.1.5.3",  // nsCacheTable
};

}  // namespace

std::string agent_config(std::uint16_t port, const Secret& community, const Secret& write_community) {
  std::string text = fmt::format("agentaddress udp:127.0.0.1:{}\n", port);
  for (const auto oid : visible) text += fmt::format("view shown included .{}\n", oid);
  text += fmt::format("view cache included .{}\n", if_table_cache_timeout_oid);
  text += fmt::format("rocommunity {} 127.0.0.1 -V shown\n", community.reveal());
  text += fmt::format("rwcommunity {} 127.0.0.1 -V cache\n", write_community.reveal());
  // One line for every request would fill the log with our own polls.
  text += "dontLogTCPWrappersConnects yes\n";
  return text;
}

Result<Secret> random_community() {
  std::array<char, 16> octets{};
  // Up to 256 octets come whole or not at all (getrandom(2)).
  if (::getrandom(octets.data(), octets.size(), 0) != static_cast<ssize_t>(octets.size())) {
    return fail(ErrorKind::io, fmt::format("getrandom: {}", std::strerror(errno)));
  }
  return Secret(to_hex({octets.data(), octets.size()}));
}

}  // namespace octopoll::local
