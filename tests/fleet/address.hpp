#pragma once
// The address that a request came to: what tells apart devices behind one socket.

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

namespace fleet {

/// IPv6, or IPv4 in its mapped form (RFC 4291 section 2.5.5.2), so that both are one kind of key.
struct Address {
  std::array<std::uint8_t, 16> octets{};

  [[nodiscard]] static Address from(const in_addr& v4) noexcept {
    Address address;
    address.octets[10] = 0xff;
    address.octets[11] = 0xff;
    std::memcpy(address.octets.data() + 12, &v4, 4);
    return address;
  }
  [[nodiscard]] static Address from(const in6_addr& v6) noexcept {
    Address address;
    std::memcpy(address.octets.data(), &v6, 16);
    return address;
  }
  [[nodiscard]] static std::optional<Address> parse(const std::string& text) {
    in_addr v4{};
    in6_addr v6{};
    if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return from(v4);
    if (::inet_pton(AF_INET6, text.c_str(), &v6) == 1) return from(v6);
    return std::nullopt;
  }

  [[nodiscard]] bool is_v4() const noexcept {
    return std::all_of(octets.begin(), octets.begin() + 10, [](auto o) { return o == 0; }) && octets[10] == 0xff &&
           octets[11] == 0xff;
  }
  [[nodiscard]] in_addr v4() const noexcept {
    in_addr address{};
    std::memcpy(&address, octets.data() + 12, 4);
    return address;
  }
  [[nodiscard]] in6_addr v6() const noexcept {
    in6_addr address{};
    std::memcpy(&address, octets.data(), 16);
    return address;
  }
  [[nodiscard]] bool is_loopback() const noexcept {
    return is_v4() ? octets[12] == 127 : from(in6addr_loopback) == *this;
  }
  [[nodiscard]] std::string text() const {
    char buffer[INET6_ADDRSTRLEN];
    const in_addr four = v4();
    const in6_addr six = v6();
    return is_v4() ? ::inet_ntop(AF_INET, &four, buffer, sizeof buffer)
                   : ::inet_ntop(AF_INET6, &six, buffer, sizeof buffer);
  }
  friend bool operator==(const Address&, const Address&) = default;
};

}  // namespace fleet
