#include "support/ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <random>
#include <stdexcept>

#include "octopoll/core/fd.hpp"

namespace octopoll::test {
namespace {

bool binds_ipv4(std::uint16_t port);
bool binds_ipv6(std::uint16_t port);

}  // namespace

bool has_ipv6_loopback() { return binds_ipv6(0); }

std::uint16_t free_udp_port() {
  std::random_device entropy;
  std::uniform_int_distribution<unsigned> candidates(10'000, 32'000);
  const bool ipv6 = has_ipv6_loopback();
  for (int tries = 0; tries < 1000; ++tries) {
    const auto port = static_cast<std::uint16_t>(candidates(entropy));
    if (binds_ipv4(port) && (!ipv6 || binds_ipv6(port))) return port;
  }
  throw std::runtime_error("no free UDP port found on 127.0.0.1");
}

namespace {

bool binds_ipv4(std::uint16_t port) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return socket && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool binds_ipv6(std::uint16_t port) {
  const Fd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_loopback;
  return socket && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace
}  // namespace octopoll::test
