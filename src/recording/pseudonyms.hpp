#pragma once
// Other names for what must not be told, the same for the same.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace octopoll::recording {

/// Numbered in the order in which they are first asked for, so that nothing of the value is in its pseudonym.
/// Thread: one at a time.
class Pseudonyms {
 public:
  /// Blank texts are themselves. `kind` is the word of a value that is new: "alias".
  std::string text(std::string_view kind, const std::string& octets);
  /// Of a text that was seen before, by whatever kind.
  [[nodiscard]] std::optional<std::string> known_text(const std::string& octets) const;

  /// An address of a link layer, of any length: the first three octets stay. All octets alike: itself.
  std::string link_address(const std::string& octets);
  /// Four octets, in network order.
  std::string ipv4(const std::string& octets);
  /// Sixteen octets.
  std::string ipv6(const std::string& octets);
  /// RFC 3411 section 5, SnmpEngineID: enterprise and format stay, and what the format says is inside is replaced.
  std::string engine_id(const std::string& octets);

 private:
  std::map<std::string, std::string, std::less<>> texts_;
  std::map<std::string, std::uint32_t, std::less<>> texts_of_kind_;
  std::map<std::string, std::string> link_addresses_, ipv4_, ipv6_, others_;
};

}  // namespace octopoll::recording
