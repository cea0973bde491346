#pragma once
// Text that came from somewhere else, and numbers made for reading.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace octopoll {

/// An agent's octets as text that is always valid UTF-8. Trailing NULs are dropped, well-formed UTF-8 stays; every
/// other octet, and every octet of a control character (U+0000-001F but TAB, LF, CR; U+007F; U+0080-009F; those that
/// turn a text's direction: U+061C, U+200E-200F, U+202A-202E, U+2066-2069) becomes `\xNN`, two lower-case hex digits.
/// Nothing is trimmed; a backslash stays as it is.
[[nodiscard]] std::string agent_text(std::string_view octets);

/// True if agent_text() lost something: then `to_hex` of the octets says it all.
[[nodiscard]] bool needs_raw(std::string_view octets);
/// "0a1bff"; `separator` between octets, 0 for none.
[[nodiscard]] std::string to_hex(std::string_view octets, char separator = '\0');

/// Empty, or nothing but white space (ASCII).
[[nodiscard]] bool is_blank(std::string_view text) noexcept;

/// One line for a table cell: TAB, LF and CR become a blank.
[[nodiscard]] std::string one_line(std::string_view text);
/// Columns that a UTF-8 string takes on a terminal (wcwidth; invalid octets count 1).
[[nodiscard]] std::size_t display_width(std::string_view utf8);

/// "1.5 Gb/s", "950 kb/s", "0 b/s": SI steps of 1000, three significant digits.
[[nodiscard]] std::string format_bits_per_second(double bits_per_second);
/// "10G", "2.5G", "100M" for a link's speed.
[[nodiscard]] std::string format_speed(std::uint64_t bits_per_second);
/// "1.23 GB" (SI, octets).
[[nodiscard]] std::string format_octets(std::uint64_t octets);
/// 1234567 as "1,234,567".
[[nodiscard]] std::string format_count(std::uint64_t count);
/// "1 probe", "1,234 probes"; `many` where an s alone does not make the plural.
[[nodiscard]] std::string format_counted(std::uint64_t count, std::string_view one, std::string_view many = {});

/// "did you mean" helper: the candidate within two edits of `word` (one for short words), if any.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> candidates);

}  // namespace octopoll
