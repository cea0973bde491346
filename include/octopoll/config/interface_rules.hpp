#pragma once
// Which interfaces of a device are kept, and whose speed is known better than the agent knows it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "octopoll/core/interface.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll::config {

/// Speeds of one interface, per direction. Unit: bit/s.
struct SpeedOverride {
  std::uint64_t in_bps = 0;
  std::uint64_t out_bps = 0;
};

/// What a rule looks at. `type` matches the number and the IANA word ("6", "ethernetCsmacd"); a whole number or a whole
/// word means that type alone, so that "6" is not 161 and "ppp" not pppMultilinkBundle.
enum class RuleField : std::uint8_t { name, alias, descr, type };

/// Include, exclude and speed rules. Patterns are RE2 (linear time), compiled once when the file loads, and match
/// anywhere in the text unless anchored. Immutable, shared by devices; Thread: any.
class InterfaceRules {
 public:
  InterfaceRules();
  ~InterfaceRules();
  InterfaceRules(const InterfaceRules&) = delete;
  InterfaceRules& operator=(const InterfaceRules&) = delete;

  /// Errors: ErrorKind::config with RE2's reason.
  [[nodiscard]] Result<> add_include(RuleField field, const std::string& pattern);
  [[nodiscard]] Result<> add_exclude(RuleField field, const std::string& pattern);
  [[nodiscard]] Result<> add_speed(RuleField field, const std::string& pattern, SpeedOverride speed);

  /// Kept: no include rule exists or one matches, and no exclude rule matches.
  [[nodiscard]] bool keeps(const Interface& interface) const;
  /// The first speed rule that matches.
  [[nodiscard]] std::optional<SpeedOverride> speed(const Interface& interface) const;
  [[nodiscard]] bool empty() const noexcept;
  /// One line a rule, for people: "include name ^Gi", "speed alias uplink 100M/20M". In the order of asking.
  [[nodiscard]] std::vector<std::string> describe() const;
  /// "2 include, 1 exclude, 1 speed"; the rule itself where there is one, "all" where there is none.
  [[nodiscard]] std::string summary() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "1Gbit", "100M", "2.5G", "64k", "10Gb/s", "1000000": decimal steps, bits per second.
/// Errors: ErrorKind::config; no number, octets (`B`) instead of bits, 0, part of a bit, more than 10 Tb/s.
[[nodiscard]] Result<std::uint64_t> parse_speed(const std::string& text);

}  // namespace octopoll::config
