#pragma once
// The words of ifType.

#include <cstdint>
#include <span>
#include <string_view>

namespace octopoll::config {

struct IfTypeWord {
  std::int64_t number;
  std::string_view word;
};

/// The registry's entries by number. Source: IANAifType-MIB (https://www.iana.org/assignments/ianaiftype-mib), to 290.
[[nodiscard]] std::span<const IfTypeWord> if_type_words() noexcept;

/// "ethernetCsmacd" for 6; empty for a number that is not in the table: the registry is open (RFC 8892).
[[nodiscard]] std::string_view if_type_word(std::int64_t number) noexcept;

}  // namespace octopoll::config
