#pragma once
// The six bits by which routers queue a packet, as people name them.

#include <cstdint>
#include <string_view>

#include "octopoll/core/result.hpp"

namespace octopoll {

/// A number from 0 to 63, or a registered name in any case: CS0 to CS7 (RFC 2474 section 4.2.2), AF11 to AF43
/// (RFC 2597 section 6), EF (RFC 3246), VA (RFC 5865), LE (RFC 8622). Errors: usage, with the forms that are
/// understood.
[[nodiscard]] Result<std::uint8_t> parse_dscp(std::string_view text);

}  // namespace octopoll
