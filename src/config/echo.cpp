#include "config/echo.hpp"

#include <fmt/format.h>

#include <array>

#include "config/values.hpp"
#include "octopoll/core/dscp.hpp"
#include "octopoll/core/duration.hpp"

namespace octopoll::config {
namespace {

constexpr NumberRange payload_range{24, 65507, "24 octets tell an answer from all others, and IPv4 carries 65507"};
constexpr NumberRange hop_limit_range{1, 255, "each router on the way takes one"};

constexpr std::array<std::string_view, 8> keys{"timeout",   "count", "burst",         "payload",
                                               "hop_limit", "dscp",  "dont_fragment", "source"};

template <class T, class U>
void take(std::optional<Placed<T>>& into, const std::optional<U>& value, const Entry& entry) {
  if (value) into = Placed<T>{static_cast<T>(*value), entry.value->place};
}

template <class T, class Member>
void assign(Member& into, const std::optional<Placed<T>>& part) {
  if (part) into = part->value;
}

std::optional<std::uint8_t> read_dscp(const Entry& entry, Problems& problems);
std::optional<Endpoint> read_source(const Entry& entry, Problems& problems);
bool check_timeout(const EchoParts& parts, const EchoTarget& target, std::optional<Place> otherwise,
                   Problems& problems);
bool check_count(const EchoParts& parts, const EchoTarget& target, std::optional<Place> otherwise, Problems& problems);
bool check_source(const EchoParts& parts, const EchoTarget& target, Problems& problems);

}  // namespace

bool read_echo(const Entry& entry, EchoParts& parts, Problems& problems) {
  if (entry.key == "timeout") {
    take(parts.timeout, read_duration(entry, timeout_range, problems), entry);
  } else if (entry.key == "count") {
    take(parts.count, read_number(entry, echo_count_range, problems), entry);
  } else if (entry.key == "burst") {
    take(parts.burst, read_flag(entry, problems), entry);
  } else if (entry.key == "payload") {
    take(parts.payload, read_number(entry, payload_range, problems), entry);
  } else if (entry.key == "hop_limit") {
    take(parts.hop_limit, read_number(entry, hop_limit_range, problems), entry);
  } else if (entry.key == "dscp") {
    take(parts.dscp, read_dscp(entry, problems), entry);
  } else if (entry.key == "dont_fragment") {
    take(parts.dont_fragment, read_flag(entry, problems), entry);
  } else if (entry.key == "source") {
    take(parts.source, read_source(entry, problems), entry);
  } else {
    return false;
  }
  return true;
}

std::span<const std::string_view> echo_keys() noexcept { return keys; }

EchoParts overlay(const EchoParts& far, const EchoParts& near) {
  EchoParts both = near;
  if (!both.timeout) both.timeout = far.timeout;
  if (!both.count) both.count = far.count;
  if (!both.burst) both.burst = far.burst;
  if (!both.payload) both.payload = far.payload;
  if (!both.hop_limit) both.hop_limit = far.hop_limit;
  if (!both.dscp) both.dscp = far.dscp;
  if (!both.dont_fragment) both.dont_fragment = far.dont_fragment;
  if (!both.source) both.source = far.source;
  return both;
}

EchoSettings settings_of(const EchoParts& parts) {
  EchoSettings settings;
  assign(settings.timeout, parts.timeout);
  assign(settings.count, parts.count);
  assign(settings.burst, parts.burst);
  assign(settings.payload, parts.payload);
  assign(settings.hop_limit, parts.hop_limit);
  assign(settings.dscp, parts.dscp);
  assign(settings.dont_fragment, parts.dont_fragment);
  assign(settings.source, parts.source);
  return settings;
}

bool check_echo(const EchoParts& parts, const EchoTarget& target, std::optional<Place> otherwise, Problems& problems) {
  const bool timeout = check_timeout(parts, target, otherwise, problems);
  const bool count = check_count(parts, target, otherwise, problems);
  const bool source = check_source(parts, target, problems);
  return timeout && count && source;
}

namespace {

std::optional<std::uint8_t> read_dscp(const Entry& entry, Problems& problems) {
  const auto text = read_text(entry, problems);
  if (!text) return std::nullopt;
  const auto dscp = parse_dscp(*text);
  if (dscp) return *dscp;
  problems.add(entry.value->place, fmt::format("`dscp`: {} is none", quote(*text)), dscp.error().remedy);
  return std::nullopt;
}

/// A literal: a name may lead to an address that is not this machine's.
std::optional<Endpoint> read_source(const Entry& entry, Problems& problems) {
  const auto text = read_text(entry, problems);
  if (!text || !expect_no_variable(*entry.value, problems)) return std::nullopt;
  if (const auto endpoint = Endpoint::literal(*text, 0)) return endpoint;
  problems.add(entry.value->place, fmt::format("`source`: {} is no address", quote(*text)),
               "write an address of this machine, as `ip address` shows them, without a port");
  return std::nullopt;
}

bool check_timeout(const EchoParts& parts, const EchoTarget& target, std::optional<Place> otherwise,
                   Problems& problems) {
  const auto timeout = settings_of(parts).timeout;
  const auto place = parts.timeout ? std::optional(parts.timeout->place) : otherwise;
  if (timeout < target.interval || !place) return true;
  problems.add(*place,
               fmt::format("the timeout {}{} is not less than the interval {}{}", format_duration(timeout),
                           !parts.timeout      ? " (the default)"
                           : target.of.empty() ? ""
                                               : " of pings",
                           format_duration(target.interval), target.of),
               target.of.empty() ? "set a shorter `timeout` or a longer `interval`"
                                 : "set a shorter `timeout` here, or `ping: false` at that device");
  return false;
}

bool check_count(const EchoParts& parts, const EchoTarget& target, std::optional<Place> otherwise, Problems& problems) {
  const EchoSettings settings = settings_of(parts);
  const std::chrono::nanoseconds apart = settings.burst ? burst_spacing : least_echo_spacing;
  const auto place = parts.count   ? std::optional(parts.count->place)
                     : parts.burst ? std::optional(parts.burst->place)
                                   : otherwise;
  if (target.interval / settings.count >= apart || !place) return true;
  problems.add(*place,
               fmt::format("{} pings do not fit into the interval {}{}, {} apart{}", settings.count,
                           format_duration(target.interval), target.of, format_duration(apart),
                           settings.burst ? " as a burst is" : ""),
               target.of.empty() ? "set a lower `count` or a longer `interval`"
                                 : "set a lower `count` here, or `ping: false` at that device");
  return false;
}

/// Of a name it is not known before it is looked up which family it has.
bool check_source(const EchoParts& parts, const EchoTarget& target, Problems& problems) {
  if (!parts.source) return true;
  const auto literal = Endpoint::literal(target.host, 0);
  const bool v4 = literal ? literal->family() == AF_INET : target.family == AddressFamily::ipv4;
  const bool v6 = literal ? literal->family() == AF_INET6 : target.family == AddressFamily::ipv6;
  const bool from_v4 = parts.source->value.family() == AF_INET;
  if (!(from_v4 ? v6 : v4)) return true;
  problems.add(parts.source->place,
               fmt::format("`source` is an {} address, and {} is probed by {}", from_v4 ? "IPv4" : "IPv6",
                           quote(target.host), v4 ? "IPv4" : "IPv6"),
               "write an address of the same family");
  return false;
}

}  // namespace
}  // namespace octopoll::config
