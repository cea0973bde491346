#include "fleet/oid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace fleet {

std::strong_ordering compare(OidView a, OidView b) noexcept {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}

bool starts_with(OidView oid, OidView prefix) noexcept {
  return oid.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), oid.begin());
}

std::optional<Oid> parse_oid(std::string_view text) {
  if (text.starts_with('.')) text.remove_prefix(1);
  Oid oid;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (;;) {
    std::uint32_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc{}) return std::nullopt;
    oid.push_back(number);
    if (next == end) break;
    if (*next != '.') return std::nullopt;
    at = next + 1;
  }
  const bool encodable = oid.size() >= 2 && oid.size() <= max_sub_identifiers &&
                         (oid[0] < 2 ? oid[1] < 40 : oid[0] == 2 && oid[1] <= 0xffff'ffff - 80);
  if (!encodable) return std::nullopt;
  return oid;
}

std::string to_string(OidView oid) { return fmt::format("{}", fmt::join(oid.begin(), oid.end(), ".")); }

}  // namespace fleet
