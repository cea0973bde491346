#pragma once
// A keyed hash that nobody without the key can predict.

#include <array>
#include <cstdint>
#include <span>

namespace octopoll::icmp {

using SipKey = std::array<std::uint64_t, 2>;

/// SipHash-2-4. Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012; appendix A has the test
/// vector.
[[nodiscard]] std::uint64_t siphash(const SipKey& key, std::span<const std::uint8_t> message) noexcept;

}  // namespace octopoll::icmp
