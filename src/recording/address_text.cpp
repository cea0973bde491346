#include "recording/address_text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

namespace octopoll::recording {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_capital(char c) noexcept { return c >= 'A' && c <= 'Z'; }
bool is_word(char c) noexcept { return is_digit(c) || is_capital(c) || (c >= 'a' && c <= 'z'); }
int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
bool is_hex(char c) noexcept { return hex_value(c) >= 0; }

/// What was found at the beginning of a text: so many characters, to be replaced by these.
struct Match {
  std::size_t length;
  std::string other;
};

/// The hex digits of `written` by those of `octets`, everything else as it was.
std::string spelled_as(std::string_view written, const std::string& octets) {
  std::string result(written);
  const bool capitals = std::any_of(written.begin(), written.end(), is_capital);
  const std::string_view digits = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
  std::size_t nibble = 0;
  for (char& c : result) {
    if (!is_hex(c)) continue;
    const auto octet = static_cast<unsigned char>(octets[nibble / 2]);
    c = digits[nibble % 2 == 0 ? octet >> 4U : octet & 0x0fU];
    ++nibble;
  }
  return result;
}

/// Twelve hex digits, in groups of `group` with `separator` between them.
std::optional<Match> match_link_address(std::string_view text, std::size_t group, char separator,
                                        Pseudonyms& pseudonyms) {
  const std::size_t length = 12 + 12 / group - 1;
  if (text.size() < length) return std::nullopt;
  std::string octets(6, '\0');
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < length; ++i) {
    if (i % (group + 1) == group) {
      if (text[i] != separator) return std::nullopt;
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return std::nullopt;
    octets[nibble / 2] = static_cast<char>(static_cast<unsigned char>(octets[nibble / 2]) << 4U | value);
    ++nibble;
  }
  if (text.size() > length && (is_word(text[length]) || text[length] == separator)) return std::nullopt;
  return Match{length, spelled_as(text.substr(0, length), pseudonyms.link_address(octets))};
}

/// The longest piece of these characters, without a full stop or colon that ends a sentence.
template <class Predicate>
std::string_view leading(std::string_view text, Predicate predicate) {
  std::string_view piece =
      text.substr(0, static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), predicate) - text.begin()));
  while (piece.ends_with('.')) piece.remove_suffix(1);
  return piece;
}

template <int Family, std::size_t Size>
std::optional<std::string> parse_address(std::string_view text) {
  std::string octets(Size, '\0');
  if (::inet_pton(Family, std::string(text).c_str(), octets.data()) != 1) return std::nullopt;
  return octets;
}

template <int Family>
std::string address_text(const std::string& octets) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  return ::inet_ntop(Family, octets.data(), buffer.data(), buffer.size());
}

std::optional<Match> match_ipv4(std::string_view text, Pseudonyms& pseudonyms) {
  const std::string_view piece = leading(text, [](char c) { return is_digit(c) || c == '.'; });
  if (text.size() > piece.size() && is_word(text[piece.size()])) return std::nullopt;
  const auto octets = parse_address<AF_INET, 4>(piece);
  if (!octets) return std::nullopt;
  return Match{piece.size(), address_text<AF_INET>(pseudonyms.ipv4(*octets))};
}

std::optional<Match> match_ipv6(std::string_view text, Pseudonyms& pseudonyms) {
  const std::string_view piece = leading(text, [](char c) { return is_hex(c) || c == ':' || c == '.'; });
  // "12::30" is a port or a time more often than an address.
  if (std::count(piece.begin(), piece.end(), ':') < 3) return std::nullopt;
  if (text.size() > piece.size() && is_word(text[piece.size()])) return std::nullopt;
  const auto octets = parse_address<AF_INET6, 16>(piece);
  if (!octets) return std::nullopt;
  return Match{piece.size(), address_text<AF_INET6>(pseudonyms.ipv6(*octets))};
}

/// Whether `before` ends with one of `words`, whatever punctuation follows it.
template <std::size_t N>
bool ends_with_word(std::string_view before, const std::array<std::string_view, N>& words) {
  while (!before.empty() && std::string_view(" :#=.,([").find(before.back()) != std::string_view::npos)
    before.remove_suffix(1);
  std::string lower(before.substr(before.size() - std::min<std::size_t>(before.size(), 20)));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return is_capital(c) ? static_cast<char>(c + 32) : c; });
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return lower.ends_with(word) && (lower.size() == word.size() || !is_word(lower[lower.size() - word.size() - 1]));
  });
}

constexpr std::array<std::string_view, 6> version_words{"version", "ver", "v", "release", "rel", "firmware"};
constexpr std::array<std::string_view, 6> serial_words{"s/n", "sn", "serial", "serial number", "serial no", "serialno"};

}  // namespace

std::string replace_addresses(std::string_view text, Pseudonyms& pseudonyms) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const char before = i == 0 ? ' ' : text[i - 1];
    const bool may_begin = (is_hex(text[i]) || text[i] == ':') && !is_word(before) && before != '.';
    std::optional<Match> match;
    if (may_begin) {
      const std::string_view rest = text.substr(i);
      match = match_link_address(rest, 2, ':', pseudonyms);
      if (!match) match = match_link_address(rest, 2, '-', pseudonyms);
      if (!match) match = match_link_address(rest, 4, '.', pseudonyms);
      if (!match) match = match_ipv6(rest, pseudonyms);
      if (!match && !ends_with_word(text.substr(0, i), version_words)) match = match_ipv4(rest, pseudonyms);
    }
    if (match) {
      result += match->other;
      i += match->length;
    } else {
      result += text[i++];
    }
  }
  return result;
}

std::string replace_serials(std::string_view text, Pseudonyms& pseudonyms) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = static_cast<std::size_t>(
        std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(), is_word) - text.begin());
    if (end == i) {
      result += text[i++];
      continue;
    }
    const std::string word(text.substr(i, end - i));
    const auto digits = std::count_if(word.begin(), word.end(), is_digit);
    const auto capitals = std::count_if(word.begin(), word.end(), is_capital);
    const bool looks_so = word.size() >= 8 && digits >= 4 && capitals >= 2 &&
                          digits + capitals == static_cast<std::ptrdiff_t>(word.size());
    const bool said_so = word.size() >= 5 && digits >= 1 && ends_with_word(text.substr(0, i), serial_words);
    result += looks_so || said_so ? pseudonyms.text("serial", word) : word;
    i = end;
  }
  return result;
}

std::string replace_word(std::string_view text, std::string_view word, std::string_view other) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = i + word.size();
    const bool stands_alone = text.substr(i).starts_with(word) && (i == 0 || !is_word(text[i - 1])) &&
                              (end >= text.size() || !is_word(text[end]));
    if (stands_alone) {
      result += other;
      i = end;
    } else {
      result += text[i++];
    }
  }
  return result;
}

}  // namespace octopoll::recording
