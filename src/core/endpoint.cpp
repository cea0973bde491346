#include "octopoll/core/endpoint.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netdb.h>

#include <charconv>
#include <cstring>
#include <memory>

namespace octopoll {
namespace {

Result<std::uint16_t> parse_port(std::string_view text, std::string_view whole) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0 || port > 65535) {
    return fail(ErrorKind::usage, fmt::format("\"{}\" in \"{}\" is not a port", text, whole),
                "ports go from 1 to 65535");
  }
  return static_cast<std::uint16_t>(port);
}

bool is_ipv6_literal(const std::string& host) {
  const std::size_t percent = host.find('%');
  if (percent != std::string::npos) {
    // The kernel takes "lo:anything" for lo, but between brackets and colons only an interface's name reads back.
    const std::string scope = host.substr(percent + 1);
    if (scope.empty() || scope.find_first_of(":[]%") != std::string::npos) return false;
  }
  in6_addr address{};
  return inet_pton(AF_INET6, host.substr(0, percent).c_str(), &address) == 1;
}

/// Digits and dots alone: meant as an IPv4 address, and no name of a host either (RFC 1123 section 2.1). inet_aton(3)
/// would take "12" for 0.0.0.12.
bool is_failed_ipv4(const std::string& host) {
  in_addr address{};
  return host.find_first_not_of("0123456789.") == std::string::npos && inet_pton(AF_INET, host.c_str(), &address) != 1;
}

/// Takes "udp:" or "udp6:" off the front; names the transports that octopoll does not speak.
Result<AddressFamily> take_transport(std::string_view& text) {
  static constexpr std::string_view others[] = {"tcp:", "tcp6:", "unix:",    "ipx:",     "dtlsudp:", "tlstcp:",
                                                "ssh:", "std:",  "aal5pvc:", "udpipv6:", "udpv6:",   "tcpipv6:"};
  const std::string_view whole = text;
  if (text.starts_with("udp6:")) {
    text.remove_prefix(5);
    return AddressFamily::ipv6;
  }
  if (text.starts_with("udp:")) {
    text.remove_prefix(4);
    return AddressFamily::ipv4;
  }
  if (text.starts_with("udpipv6:") || text.starts_with("udpv6:")) {  // snmpcmd(1)'s other spellings of udp6
    text.remove_prefix(text.find(':') + 1);
    return AddressFamily::ipv6;
  }
  for (const std::string_view other : others) {
    if (text.starts_with(other)) {
      return fail(ErrorKind::usage, fmt::format("transport \"{}\" of \"{}\" is not supported", other, whole),
                  "octopoll speaks udp: and udp6:");
    }
  }
  return AddressFamily::any;
}

}  // namespace

Result<Target> parse_target(std::string_view text, std::uint16_t default_port) {
  const std::string_view whole = text;
  auto family = take_transport(text);
  if (!family) return tl::make_unexpected(family.error());
  Target target{{}, default_port, *family};
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) {
      return fail(ErrorKind::usage, fmt::format("\"{}\" has no closing ]", whole), "write [2001:db8::1]:161");
    }
    target.host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest[0] != ':') {
      return fail(ErrorKind::usage, fmt::format("\"{}\" has something after ] that is not a port", whole),
                  "write [2001:db8::1]:161");
    }
    if (!rest.empty()) {
      port = rest.substr(1);
      if (port.empty()) return fail(ErrorKind::usage, fmt::format("\"{}\" ends in a colon", whole), "name the port");
    }
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
    target.host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return fail(ErrorKind::usage, fmt::format("\"{}\" ends in a colon", whole), "name the port");
  } else {
    target.host = text;  // no colon, or an IPv6 literal without a port
  }
  if (target.host.empty()) {
    return fail(ErrorKind::usage, fmt::format("\"{}\" names no host", whole), "write HOST, HOST:PORT or [IPV6]:PORT");
  }
  for (const char c : target.host) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) {
      return fail(ErrorKind::usage, fmt::format("\"{}\" has a blank or control character in the host", whole),
                  "write HOST, HOST:PORT or [IPV6]:PORT");
    }
  }
  if (target.host.find(':') != std::string::npos && !is_ipv6_literal(target.host)) {
    return fail(ErrorKind::usage, fmt::format("\"{}\" in \"{}\" is no IPv6 address", target.host, whole),
                "write HOST, HOST:PORT or [IPV6]:PORT");
  }
  if (is_failed_ipv4(target.host)) {
    return fail(ErrorKind::usage, fmt::format("\"{}\" is no IPv4 address, and no name", target.host),
                "an address has four numbers from 0 to 255: 192.0.2.1");
  }
  if (!port.empty()) {
    const auto number = parse_port(port, whole);
    if (!number) return tl::make_unexpected(number.error());
    target.port = *number;
  }
  return target;
}

std::string to_string(const Target& target) {
  const bool literal6 = target.host.find(':') != std::string::npos;
  return literal6 ? fmt::format("[{}]:{}", target.host, target.port) : fmt::format("{}:{}", target.host, target.port);
}

std::optional<Endpoint> Endpoint::from(const sockaddr* address, socklen_t length) {
  Endpoint endpoint;
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    std::memcpy(&endpoint.storage_.v4, address, sizeof(sockaddr_in));
    std::memset(endpoint.storage_.v4.sin_zero, 0, sizeof endpoint.storage_.v4.sin_zero);
  } else if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    std::memcpy(&endpoint.storage_.v6, address, sizeof(sockaddr_in6));
    endpoint.storage_.v6.sin6_flowinfo = 0;
    // RFC 4007 section 6: a global address and the loopback one are in one zone alone, and the kernel gives answers
    // from there without a scope, so that "::1%lo" would match none.
    const in6_addr& host = endpoint.storage_.v6.sin6_addr;
    if (!IN6_IS_ADDR_LINKLOCAL(&host) && !IN6_IS_ADDR_MC_LINKLOCAL(&host)) endpoint.storage_.v6.sin6_scope_id = 0;
  } else {
    return std::nullopt;
  }
  return endpoint;
}

std::optional<Endpoint> Endpoint::literal(std::string_view host, std::uint16_t port) {
  if (host.find('\0') != std::string_view::npos) return std::nullopt;  // inet_pton() would read up to there
  sockaddr_in v4{};
  const std::string text(host);
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  const std::size_t percent = text.find('%');
  if (inet_pton(AF_INET6, text.substr(0, percent).c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (percent != std::string::npos) {
    const std::string scope = text.substr(percent + 1);
    v6.sin6_scope_id = if_nametoindex(scope.c_str());
    if (v6.sin6_scope_id == 0) {
      const auto [end, error] = std::from_chars(scope.data(), scope.data() + scope.size(), v6.sin6_scope_id);
      if (error != std::errc{} || end != scope.data() + scope.size()) return std::nullopt;
    }
  }
  return from(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

socklen_t Endpoint::length() const noexcept {
  return family() == AF_INET ? static_cast<socklen_t>(sizeof(sockaddr_in))
                             : static_cast<socklen_t>(sizeof(sockaddr_in6));
}

std::uint16_t Endpoint::port() const noexcept { return ntohs(storage_.v6.sin6_port); }  // same place in both

Endpoint Endpoint::with_port(std::uint16_t port) const noexcept {
  Endpoint other = *this;
  other.storage_.v6.sin6_port = htons(port);
  return other;
}

std::string Endpoint::host_text() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) return inet_ntop(AF_INET, &storage_.v4.sin_addr, text, sizeof text);
  if (family() != AF_INET6) return {};
  inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text, sizeof text);
  return storage_.v6.sin6_scope_id == 0 ? std::string(text) : fmt::format("{}%{}", text, storage_.v6.sin6_scope_id);
}

std::string Endpoint::text() const {
  if (!valid()) return {};
  return family() == AF_INET6 ? fmt::format("[{}]:{}", host_text(), port()) : fmt::format("{}:{}", host_text(), port());
}

bool operator==(const Endpoint& a, const Endpoint& b) noexcept {
  if (a.family() != b.family()) return false;
  if (a.family() == AF_INET) {
    return a.storage_.v4.sin_port == b.storage_.v4.sin_port &&
           a.storage_.v4.sin_addr.s_addr == b.storage_.v4.sin_addr.s_addr;
  }
  return a.storage_.v6.sin6_port == b.storage_.v6.sin6_port &&
         a.storage_.v6.sin6_scope_id == b.storage_.v6.sin6_scope_id &&
         std::memcmp(&a.storage_.v6.sin6_addr, &b.storage_.v6.sin6_addr, sizeof(in6_addr)) == 0;
}

std::size_t EndpointHash::operator()(const Endpoint& endpoint) const noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U ^ endpoint.port();
  const auto mix = [&hash](std::uint64_t word) { hash = (hash ^ word) * 0x9e3779b97f4a7c15U; };
  if (endpoint.family() == AF_INET) {
    mix(reinterpret_cast<const sockaddr_in*>(endpoint.address())->sin_addr.s_addr);
  } else if (endpoint.family() == AF_INET6) {
    std::uint64_t words[2];
    std::memcpy(words, &reinterpret_cast<const sockaddr_in6*>(endpoint.address())->sin6_addr, sizeof words);
    mix(words[0]);
    mix(words[1]);
  }
  return hash ^ (hash >> 29);
}

Result<std::vector<Endpoint>> resolve_blocking(const Target& target) {
  if (auto literal = Endpoint::literal(target.host, target.port)) {
    const bool fits =
        target.family == AddressFamily::any || (target.family == AddressFamily::ipv4) == (literal->family() == AF_INET);
    if (!fits) {
      return fail(
          ErrorKind::resolve,
          fmt::format("{} is not an {} address", target.host, target.family == AddressFamily::ipv4 ? "IPv4" : "IPv6"),
          "udp: is IPv4, udp6: is IPv6");
    }
    return std::vector<Endpoint>{*literal};
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_family = target.family == AddressFamily::any    ? AF_UNSPEC
                    : target.family == AddressFamily::ipv4 ? AF_INET
                                                           : AF_INET6;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(target.host.c_str(), nullptr, &hints, &found);
  if (code != 0) {
    return fail(ErrorKind::resolve, fmt::format("cannot resolve {}: {}", target.host, gai_strerror(code)),
                "check the name, or use an address");
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  std::vector<Endpoint> endpoints;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (auto endpoint = Endpoint::from(entry->ai_addr, entry->ai_addrlen)) {
      endpoints.push_back(endpoint->with_port(target.port));
    }
  }
  if (endpoints.empty()) return fail(ErrorKind::resolve, fmt::format("{} has no address", target.host), {});
  return endpoints;
}

}  // namespace octopoll
