#pragma once
// UDP ports that nobody uses.

#include <cstdint>

namespace octopoll::test {

/// Whether ::1 can be bound here; containers often have no IPv6.
[[nodiscard]] bool has_ipv6_loopback();

/// A random port that is free for UDP on 127.0.0.1, and on ::1 where that exists. It is taken from below the range that
/// the kernel hands out by itself, so that no client socket gets it before the caller binds it.
/// Errors: std::runtime_error when none is found in many tries.
[[nodiscard]] std::uint16_t free_udp_port();

}  // namespace octopoll::test
