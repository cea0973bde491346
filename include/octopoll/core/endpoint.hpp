#pragma once
// Where something is: as a person writes it (Target) and as the kernel wants it (Endpoint).

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/result.hpp"

namespace octopoll {

enum class AddressFamily : std::uint8_t { any, ipv4, ipv6 };

/// TARGET as written: `[udp:|udp6:]host[:port]`. IPv6 literals stand in brackets when a port follows; a scope
/// (`fe80::1%eth0`) is kept. Nothing is resolved here.
struct Target {
  std::string host;
  std::uint16_t port = 161;
  AddressFamily family = AddressFamily::any;
  friend bool operator==(const Target&, const Target&) = default;
};

/// Errors: empty host, port out of 1..65535, other transports than UDP (named, with what is possible).
[[nodiscard]] Result<Target> parse_target(std::string_view text, std::uint16_t default_port = 161);
[[nodiscard]] std::string to_string(const Target& target);

/// A socket address, IPv4 or IPv6. Value type, comparable, 28 octets of meaning.
class Endpoint {
 public:
  Endpoint() = default;
  [[nodiscard]] static std::optional<Endpoint> from(const sockaddr* address, socklen_t length);
  /// A literal address; no name look-up. A scope of a link-local address may be a name or a number.
  [[nodiscard]] static std::optional<Endpoint> literal(std::string_view host, std::uint16_t port);

  [[nodiscard]] const sockaddr* address() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t length() const noexcept;
  [[nodiscard]] int family() const noexcept { return storage_.v6.sin6_family; }
  [[nodiscard]] bool valid() const noexcept { return family() != AF_UNSPEC; }
  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] Endpoint with_port(std::uint16_t port) const noexcept;
  /// "192.0.2.1", "2001:db8::1", "fe80::1%2"; no port.
  [[nodiscard]] std::string host_text() const;
  /// "192.0.2.1:161", "[2001:db8::1]:161".
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Endpoint& a, const Endpoint& b) noexcept;

 private:
  union Storage {
    sockaddr_in6 v6;
    sockaddr_in v4;
  } storage_{};
};

/// For hashed containers keyed by address and port.
struct EndpointHash {
  [[nodiscard]] std::size_t operator()(const Endpoint& endpoint) const noexcept;
};

/// Resolves a target's name; BLOCKS (getaddrinfo), so never called on the loop's thread once it runs.
[[nodiscard]] Result<std::vector<Endpoint>> resolve_blocking(const Target& target);

}  // namespace octopoll
