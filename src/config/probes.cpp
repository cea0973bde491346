#include "config/probes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "config/values.hpp"
#include "octopoll/core/duration.hpp"

namespace octopoll::config {
namespace {

constexpr std::string_view probe_form =
    "write a host, or {name: NAME, host: HOST, interval: 60s, timeout: 1s, count: 10}";

std::vector<std::string_view> with_echo_keys(std::initializer_list<std::string_view> own) {
  std::vector<std::string_view> keys(own);
  keys.insert(keys.end(), echo_keys().begin(), echo_keys().end());
  return keys;
}

/// One item of `probes`.
class ProbeReader {
 public:
  ProbeReader(const Node& node, Names& names, Problems& problems) : node_(node), names_(names), problems_(problems) {}

  std::optional<Probe> read();

 private:
  void read_key(const Entry& entry);
  void read_host(std::string_view what, const Node& node);

  const Node& node_;
  Names& names_;
  Problems& problems_;
  Probe probe_;
  EchoParts echo_;
  std::optional<std::string_view> host_key_;  // `host` or `address`, whichever was there
  Place name_place_;
  Place interval_place_;
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

EchoParts read_ping(const Node& node, Problems& problems) {
  EchoParts parts;
  if (!expect_map(node, "`ping`", fmt::format("{}; `ping: false` belongs in `defaults`", ping_form), problems)) {
    return parts;
  }
  for (const Entry& entry : node.entries) {
    if (!read_echo(entry, parts, problems)) unknown_key(entry, "`ping`", echo_keys(), problems);
  }
  return parts;
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
  probe_.echo = settings_of(echo_);
  if (good_) {
    good_ = check_echo(echo_, {probe_.host, probe_.family, probe_.interval, {}}, interval_place_, problems_);
  }
  return good_ ? std::optional(probe_) : std::nullopt;
}

void ProbeReader::read_key(const Entry& entry) {
  static const std::vector<std::string_view> probe_keys = with_echo_keys({"name", "host", "address", "interval"});
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
  } else if (std::find(echo_keys().begin(), echo_keys().end(), entry.key) != echo_keys().end()) {
    const std::size_t before = problems_.count();
    (void)read_echo(entry, echo_, problems_);
    good_ = good_ && problems_.count() == before;
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

}  // namespace
}  // namespace octopoll::config
