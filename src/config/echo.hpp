#pragma once
// How echo requests are sent: the keys that `ping:` at every level and each probe share.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/problems.hpp"
#include "config/yaml_tree.hpp"
#include "octopoll/config/inventory.hpp"

namespace octopoll::config {

/// What was written, and where.
struct EchoParts {
  std::optional<Placed<std::chrono::nanoseconds>> timeout;
  std::optional<Placed<unsigned>> count;
  std::optional<Placed<bool>> burst;
  std::optional<Placed<unsigned>> payload;
  std::optional<Placed<std::uint8_t>> hop_limit;
  std::optional<Placed<std::uint8_t>> dscp;
  std::optional<Placed<bool>> dont_fragment;
  std::optional<Placed<Endpoint>> source;
};

inline constexpr std::string_view ping_form = "write `ping: {timeout: 1s, count: 10}`";

/// Puts one key into `parts`; false where it is none of these. A value with a problem leaves the part as it was.
[[nodiscard]] bool read_echo(const Entry& entry, EchoParts& parts, Problems& problems);
[[nodiscard]] std::span<const std::string_view> echo_keys() noexcept;

/// `near` where it says something, else `far`.
[[nodiscard]] EchoParts overlay(const EchoParts& far, const EchoParts& near);
/// The parts over the defaults.
[[nodiscard]] EchoSettings settings_of(const EchoParts& parts);

/// Who is probed, for what depends on it.
struct EchoTarget {
  std::string host;
  AddressFamily family = AddressFamily::any;
  std::chrono::nanoseconds interval{};
  std::string of;  ///< "of device `a`", or empty
};
/// Whether a round fits into the interval and the source can reach the target. What is left to the defaults is blamed
/// on `otherwise`, and not at all without it. False after a problem.
[[nodiscard]] bool check_echo(const EchoParts& parts, const EchoTarget& target, std::optional<Place> otherwise,
                              Problems& problems);

}  // namespace octopoll::config
