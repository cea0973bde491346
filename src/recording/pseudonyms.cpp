#include "recording/pseudonyms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "octopoll/core/text.hpp"

namespace octopoll::recording {
namespace {

std::uint32_t number_of(const std::string& four_octets) {
  std::uint32_t number = 0;
  for (const char octet : four_octets) number = number << 8U | static_cast<unsigned char>(octet);
  return number;
}

/// `number` in the last octets of `octets`, from `from` on; its high part is cut where there is no room.
std::string with_number(std::string octets, std::size_t from, std::uint64_t number) {
  for (std::size_t i = octets.size(); i > from; --i) {
    octets[i - 1] = static_cast<char>(number & 0xffU);
    number >>= 8U;
  }
  return octets;
}

/// The word over the octets that are text; what is no text keeps its place.
std::string laid_over(const std::string& octets, std::string word) {
  const bool mixed = needs_raw(octets);
  const auto is_text = [mixed](char octet) {
    const auto code = static_cast<unsigned char>(octet);
    return !mixed || (code >= 0x20 && code < 0x7f);
  };
  const auto places = static_cast<std::size_t>(std::count_if(octets.begin(), octets.end(), is_text));
  if (word.size() < places) word.resize(places, 'x');
  std::string result;
  std::size_t at = 0;
  std::size_t seen = 0;
  for (const char octet : octets) {
    if (!is_text(octet)) {
      result += octet;
      continue;
    }
    // A word longer than the text goes in whole at the text's last place.
    const std::size_t take = ++seen == places ? word.size() - at : 1;
    result.append(word, at, take);
    at += take;
  }
  return result;
}

}  // namespace

std::string Pseudonyms::text(std::string_view kind, const std::string& octets) {
  if (is_blank(agent_text(octets))) return octets;
  if (const auto known = texts_.find(octets); known != texts_.end()) return known->second;
  const std::uint32_t number = ++texts_of_kind_[std::string(kind)];
  return texts_[octets] = laid_over(octets, fmt::format("{}-{}", kind, number));
}

std::optional<std::string> Pseudonyms::known_text(const std::string& octets) const {
  const auto known = texts_.find(octets);
  return known == texts_.end() ? std::nullopt : std::optional(known->second);
}

std::string Pseudonyms::link_address(const std::string& octets) {
  constexpr std::size_t vendor = 3;
  const bool says_nothing = std::all_of(octets.begin(), octets.end(), [&](char o) { return o == octets.front(); });
  if (octets.size() <= vendor || says_nothing) return octets;
  const auto [place, is_new] = link_addresses_.try_emplace(octets);
  if (is_new) place->second = with_number(octets, vendor, link_addresses_.size());
  return place->second;
}

std::string Pseudonyms::ipv4(const std::string& octets) {
  const std::uint32_t address = number_of(octets);
  const bool loopback = address >> 24U == 127;
  const bool mask = address >> 24U == 255 && std::countl_one(address) + std::countr_zero(address) == 32;
  if (octets.size() != 4 || address == 0 || address == 0xffff'ffffU || loopback || mask) return octets;
  const auto [place, is_new] = ipv4_.try_emplace(octets);
  if (is_new) {
    constexpr std::uint32_t documentation[] = {0xc000'0200U, 0xc633'6400U, 0xcb00'7100U};  // RFC 5737
    constexpr std::uint32_t benchmarks = 0xc612'0000U;                                     // RFC 2544
    constexpr std::uint32_t hosts = 254;
    const auto nth = static_cast<std::uint32_t>(ipv4_.size() - 1);
    const std::uint32_t other =
        nth / hosts < 3 ? documentation[nth / hosts] + 1 + nth % hosts : benchmarks + (nth - 3 * hosts + 1) % 0x2'0000U;
    place->second = with_number(std::string(4, '\0'), 0, other);
  }
  return place->second;
}

std::string Pseudonyms::ipv6(const std::string& octets) {
  if (octets.size() != 16) return octets;
  const std::string front = octets.substr(0, 15);
  const bool unspecified_or_loopback =
      front == std::string(15, '\0') && (octets.back() == '\0' || octets.back() == '\1');
  if (unspecified_or_loopback) return octets;
  const auto [place, is_new] = ipv6_.try_emplace(octets);
  if (is_new) {
    std::string documentation("\x20\x01\x0d\xb8", 4);  // RFC 3849
    documentation.resize(16, '\0');
    place->second = with_number(std::move(documentation), 4, ipv6_.size());
  }
  return place->second;
}

std::string Pseudonyms::engine_id(const std::string& octets) {
  constexpr std::size_t head = 5;  // enterprise, format
  const bool has_format = octets.size() > head && (static_cast<unsigned char>(octets[0]) & 0x80U) != 0;
  if (has_format) {
    const std::string front = octets.substr(0, head);
    const std::string rest = octets.substr(head);
    switch (octets[4]) {
      case 1:
        if (rest.size() == 4) return front + ipv4(rest);
        break;
      case 2:
        if (rest.size() == 16) return front + ipv6(rest);
        break;
      case 3:
        if (rest.size() == 6) return front + link_address(rest);
        break;
      case 4:
        return front + text("engine", rest);
      default:
        break;
    }
  }
  const auto [place, is_new] = others_.try_emplace(octets);
  if (is_new) place->second = with_number(octets, std::min(has_format ? head : 4, octets.size()), others_.size());
  return place->second;
}

}  // namespace octopoll::recording
