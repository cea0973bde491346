#pragma once
// One value of the tree as what its key needs, or a problem that says what was expected.

#include <chrono>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/problems.hpp"
#include "config/yaml_tree.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll::config {

// Each reader returns nothing after it has added a problem at the value's place. They quote the value, so secrets are
// not read through them (see auths.cpp).

/// A scalar that says something.
[[nodiscard]] std::optional<std::string> read_text(const Entry& entry, Problems& problems);
/// The same for an item of a list; `what` names it in messages.
[[nodiscard]] std::optional<std::string> read_text(const Node& node, std::string_view what, Problems& problems);

/// true/false, yes/no, on/off, without quotes.
[[nodiscard]] std::optional<bool> read_flag(const Entry& entry, Problems& problems);

struct NumberRange {
  unsigned least;
  unsigned most;
  std::string_view because = {};  ///< why these bounds
};
/// Decimal digits without quotes; leading zeros mean nothing, so `010` is ten.
[[nodiscard]] std::optional<unsigned> read_number(const Entry& entry, NumberRange range, Problems& problems);

struct DurationRange {
  std::chrono::nanoseconds least;
  std::chrono::nanoseconds most;
};
[[nodiscard]] std::optional<std::chrono::nanoseconds> read_duration(const Entry& entry, DurationRange range,
                                                                    Problems& problems);

/// `remedy` shows what to write instead.
[[nodiscard]] bool expect_map(const Node& node, std::string_view what, std::string_view remedy, Problems& problems);
[[nodiscard]] bool expect_list(const Node& node, std::string_view what, std::string_view remedy, Problems& problems);

/// A key that nobody reads here. `what` is the map it stands in ("a device"); `known` are the keys that it has.
/// Returns the one that was probably meant, so that it need not be reported as missing as well.
std::optional<std::string_view> unknown_key(const Entry& entry, std::string_view what,
                                            std::span<const std::string_view> known, Problems& problems);

/// Text that goes to the network or the file system as it stands, so that `${VAR}` in it is a mistake.
[[nodiscard]] bool expect_no_variable(const Node& node, Problems& problems);

/// The remedy of a failed parse_target(), or how addresses are written.
[[nodiscard]] std::string remedy_of(const Error& bad_target);

/// "a, b and c".
[[nodiscard]] std::string enumerate(std::span<const std::string_view> words, std::string_view last_joint = "and");

// Bounds that devices and probes share.
inline constexpr DurationRange interval_range{std::chrono::milliseconds(100), std::chrono::hours(24)};
inline constexpr DurationRange timeout_range{std::chrono::milliseconds(10), std::chrono::seconds(60)};
inline constexpr NumberRange echo_count_range{1, 1000};

}  // namespace octopoll::config
