#include "config/probes.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "config/values.hpp"
#include "octopoll/core/duration.hpp"

namespace octopoll::config {
namespace {

constexpr std::array<std::string_view, 6> probe_keys{"name", "host", "address", "interval", "timeout", "count"};
constexpr std::array<std::string_view, 2> ping_keys{"timeout", "count"};
constexpr std::string_view probe_form =
    "write a host, or {name: NAME, host: HOST, interval: 60s, timeout: 1s, count: 10}";

/// One item of `probes`.
class ProbeReader {
 public:
  ProbeReader(const Node& node, Names& names, Problems& problems) : node_(node), names_(names), problems_(problems) {}

  std::optional<Probe> read();

 private:
  void read_key(const Entry& entry);
  void read_host(std::string_view what, const Node& node);
  void check_times();

  const Node& node_;
  Names& names_;
  Problems& problems_;
  Probe probe_;
  std::optional<std::string_view> host_key_;  // `host` or `address`, whichever was there
  Place name_place_;
  Place interval_place_;
  std::optional<Place> timeout_place_;
  std::optional<Place> count_place_;
  bool good_ = true;
};

}  // namespace

std::vector<Probe> read_probes(const Node& node, Names& names, Problems& problems) {
  std::vector<Probe> probes;
  if (!expect_list(node, "`probes`", probe_form, problems)) return probes;
  for (const Node* item : node.items) {
    if (auto probe = ProbeReader(*item, names, problems).read()) probes.push_back(*std::move(probe));
  }
  return probes;
}

PingSettings read_ping_settings(const Node& node, Problems& problems) {
  PingSettings ping;
  if (!expect_map(node, "`ping`", "write `ping: {timeout: 1s, count: 10}`; `ping: false` belongs in `defaults`",
                  problems)) {
    return ping;
  }
  for (const Entry& entry : node.entries) {
    if (entry.key == "timeout") {
      if (const auto timeout = read_duration(entry, timeout_range, problems)) {
        ping.values.timeout = *timeout;
        ping.timeout = entry.value->place;
      }
    } else if (entry.key == "count") {
      if (const auto count = read_number(entry, echo_count_range, problems)) {
        ping.values.count = *count;
        ping.count = entry.value->place;
      }
    } else {
      unknown_key(entry, "`ping`", ping_keys, problems);
    }
  }
  return ping;
}

void check_ping(const PingSettings& ping, const Device& device, Problems& problems) {
  if (!device.ping) return;
  if (ping.timeout && ping.values.timeout >= device.interval) {
    problems.add(
        *ping.timeout,
        fmt::format("the timeout {} of pings is not less than the interval {} of device {}",
                    format_duration(ping.values.timeout), format_duration(device.interval), quote(device.name)),
        "set a shorter `timeout` here, or `ping: false` at that device");
  }
  if (ping.count && device.interval / ping.values.count < least_echo_spacing) {
    problems.add(*ping.count,
                 fmt::format("{} pings do not fit into the interval {} of device {}, {} apart", ping.values.count,
                             format_duration(device.interval), quote(device.name), format_duration(least_echo_spacing)),
                 "set a lower `count` here, or `ping: false` at that device");
  }
}

namespace {

std::optional<Probe> ProbeReader::read() {
  name_place_ = node_.place;
  if (node_.kind == Node::Kind::scalar) {
    read_host("a probe", node_);
  } else if (expect_map(node_, "a probe", probe_form, problems_)) {
    for (const Entry& entry : node_.entries) read_key(entry);
    if (!host_key_) {
      problems_.add(node_.place, "this probe has no `host`", std::string(probe_form));
      good_ = false;
    }
  } else {
    return std::nullopt;
  }
  if (probe_.name.empty()) probe_.name = probe_.host;
  if (!probe_.name.empty() && !names_.claim(probe_.name, "probe", name_place_)) good_ = false;
  if (good_) check_times();
  return good_ ? std::optional(probe_) : std::nullopt;
}

void ProbeReader::read_key(const Entry& entry) {
  const Place place = entry.value->place;
  if (entry.key == "name") {
    const auto name = read_text(entry, problems_);
    good_ = good_ && name;
    probe_.name = name.value_or("");
    name_place_ = place;
  } else if (entry.key == "host" || entry.key == "address") {
    if (host_key_) {
      problems_.add(entry.place, fmt::format("`{}` and `{}` are the same thing", *host_key_, entry.key), "keep one");
      good_ = false;
    }
    host_key_ = entry.key;
    if (read_text(entry, problems_)) {
      read_host(fmt::format("`{}`", entry.key), *entry.value);
    } else {
      good_ = false;
    }
  } else if (entry.key == "interval") {
    const auto interval = read_duration(entry, interval_range, problems_);
    good_ = good_ && interval;
    probe_.interval = interval.value_or(probe_.interval);
    interval_place_ = place;
  } else if (entry.key == "timeout") {
    const auto timeout = read_duration(entry, timeout_range, problems_);
    good_ = good_ && timeout;
    probe_.timeout = timeout.value_or(probe_.timeout);
    timeout_place_ = place;
  } else if (entry.key == "count") {
    const auto count = read_number(entry, echo_count_range, problems_);
    good_ = good_ && count;
    probe_.count = count.value_or(probe_.count);
    count_place_ = place;
  } else {
    const auto meant = unknown_key(entry, "a probe", probe_keys, problems_);
    if (meant == "host" || meant == "address") host_key_ = meant;
    good_ = false;
  }
}

void ProbeReader::read_host(std::string_view what, const Node& node) {
  if (!expect_no_variable(node, problems_)) {
    good_ = false;
    return;
  }
  // Whether there is a port shows by what the default does to the result.
  const auto target = parse_target(node.text, 1);
  if (!target) {
    problems_.add(node.place, fmt::format("{}: {}", what, target.error().message), remedy_of(target.error()));
    good_ = false;
  } else if (target->port != 1 || parse_target(node.text, 2)->port != 2) {
    problems_.add(node.place, fmt::format("{}: {} has a port, and ICMP has none", what, quote(node.text)),
                  "write the host alone");
    good_ = false;
  } else {
    probe_.host = target->host;
    probe_.family = target->family;
  }
}

void ProbeReader::check_times() {
  if (probe_.timeout >= probe_.interval) {
    problems_.add(timeout_place_.value_or(interval_place_),
                  fmt::format("the timeout {}{} is not less than the interval {}", format_duration(probe_.timeout),
                              timeout_place_ ? "" : " (the default)", format_duration(probe_.interval)),
                  "set a shorter `timeout` or a longer `interval`");
    good_ = false;
  }
  if (probe_.interval / probe_.count < least_echo_spacing) {
    problems_.add(count_place_.value_or(interval_place_),
                  fmt::format("{} pings do not fit into the interval {}, {} apart", probe_.count,
                              format_duration(probe_.interval), format_duration(least_echo_spacing)),
                  "set a lower `count` or a longer `interval`");
    good_ = false;
  }
}

}  // namespace
}  // namespace octopoll::config
