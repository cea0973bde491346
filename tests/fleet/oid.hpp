#pragma once
// Object identifiers as numbers.

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fleet {

/// Sub-identifiers, 0 to 2^32-1 each, at most 128 of them (RFC 2578 section 3.5).
using Oid = std::vector<std::uint32_t>;
using OidView = std::span<const std::uint32_t>;
inline constexpr std::size_t max_sub_identifiers = 128;

/// Lexicographic order of RFC 3416 section 2.
[[nodiscard]] std::strong_ordering compare(OidView a, OidView b) noexcept;
[[nodiscard]] bool starts_with(OidView oid, OidView prefix) noexcept;

/// "1.3.6.1.2.1" or ".1.3.6.1.2.1"; empty when it is not one: fewer than two numbers, or first ones that BER cannot
/// say.
[[nodiscard]] std::optional<Oid> parse_oid(std::string_view text);
[[nodiscard]] std::string to_string(OidView oid);

}  // namespace fleet
