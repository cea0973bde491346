#pragma once
// Addresses and serial numbers inside texts.

#include <string>
#include <string_view>

#include "recording/pseudonyms.hpp"

namespace octopoll::recording {

/// MAC addresses (aa:bb:.., aa-bb-.., aabb.ccdd.eeff), IPv4 and IPv6 addresses are replaced in the spelling in which
/// they stand. Four numbers after a word for "version" are none.
[[nodiscard]] std::string replace_addresses(std::string_view text, Pseudonyms& pseudonyms);

/// Words that look like serial numbers: eight or more capitals and digits with at least two of the one and four of the
/// other, and what follows "S/N" or "serial number".
[[nodiscard]] std::string replace_serials(std::string_view text, Pseudonyms& pseudonyms);

/// Every place where `word` stands by itself.
[[nodiscard]] std::string replace_word(std::string_view text, std::string_view word, std::string_view other);

}  // namespace octopoll::recording
