#pragma once
// A string that cannot be printed by accident.

#include <string>
#include <utility>

#include "octopoll/core/result.hpp"

namespace octopoll {

/// A community or passphrase. Has no printer and no conversion: only `reveal()` gives the text, and it is called at
/// the border to Net-SNMP alone. The memory is overwritten when the value dies.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  /// By value: what was there before dies in `other`, and is overwritten.
  Secret& operator=(Secret other) noexcept {
    text_.swap(other.text_);
    return *this;
  }
  ~Secret();

  [[nodiscard]] const std::string& reveal() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string text_;
};

/// Reads a secret as it may be written in the inventory and on the command line: a literal, `${VAR}` (environment;
/// also inside other text) or `file:PATH` (the contents without one trailing newline). `$${` is a literal `${`.
/// Errors: ErrorKind::config, never with the secret in it: variable not set or empty, file not readable or empty.
[[nodiscard]] Result<Secret> resolve_secret(const std::string& written);

}  // namespace octopoll
