#pragma once
// What ICMP errors and failed sends mean, in words.

#include <cstdint>
#include <optional>
#include <string>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll::icmp {

/// An ICMP error about one of our probes.
struct IcmpError {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  Endpoint destination;                ///< where the probe was going
  Endpoint offender;                   ///< who says so; not valid where the kernel does not know
  std::optional<std::uint32_t> mtu{};  ///< octets that the next link takes, where the error is about that and says it
};

/// False for messages that are about the way and not about its end: redirects, and source quench (RFC 6633).
[[nodiscard]] bool concerns_delivery(int family, std::uint8_t type) noexcept;

/// "host unreachable". Source: RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1, RFC 4443 section 3.
[[nodiscard]] std::string icmp_reason(int family, std::uint8_t type, std::uint8_t code);

/// "198.51.100.7: host unreachable, says 192.0.2.1"; "198.51.100.7: fragmentation needed (the next link takes 1400
/// octets), says 192.0.2.1".
[[nodiscard]] Error error_of(const IcmpError& error);

/// The kernel refused to send to `target`, from `source` where the plan names one; `code` is an errno, and `mtu` what
/// the link takes where that is why.
[[nodiscard]] Error send_error(const Endpoint& target, const std::optional<Endpoint>& source, int code,
                               std::optional<std::uint32_t> mtu = {});

}  // namespace octopoll::icmp
