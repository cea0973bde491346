#include "config/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "config/values.hpp"
#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::config {
namespace {

constexpr NumberRange retries_range{0, 10};
constexpr NumberRange port_range{1, 65535};
constexpr NumberRange outstanding_range{1, 64, "more at once is no load for a device's management processor"};
constexpr NumberRange rate_range{1, 10000, "without the key there is no bound"};
constexpr NumberRange repetitions_range{1, 1000, "no message holds the answer to more"};
constexpr NumberRange message_range{484, 65507,
                                    "every agent takes 484 octets (RFC 3417 section 3.2), and UDP carries 65507"};

constexpr NumberRange variables_range{1, 1000, "without the key octopoll finds it out"};

constexpr std::array<std::string_view, 16> setting_keys{"auth",
                                                        "interval",
                                                        "timeout",
                                                        "retries",
                                                        "port",
                                                        "max_outstanding",
                                                        "max_requests_per_second",
                                                        "max_repetitions",
                                                        "max_message_size",
                                                        "max_variables",
                                                        "short_request_ids",
                                                        "ping",
                                                        "health",
                                                        "interfaces",
                                                        "counters",
                                                        "tags"};

/// What the inventory calls the counters, both directions together where there are two.
struct CounterKind {
  std::string_view word;
  Counter in, out;
};
constexpr std::array<CounterKind, 7> counter_kinds{
    {{"octets", Counter::in_octets, Counter::out_octets},
     {"unicast", Counter::in_ucast_pkts, Counter::out_ucast_pkts},
     {"multicast", Counter::in_multicast_pkts, Counter::out_multicast_pkts},
     {"broadcast", Counter::in_broadcast_pkts, Counter::out_broadcast_pkts},
     {"errors", Counter::in_errors, Counter::out_errors},
     {"discards", Counter::in_discards, Counter::out_discards},
     {"unknown_protocols", Counter::in_unknown_protos, Counter::in_unknown_protos}}};

template <class T>
void take(std::optional<Setting<T>>& into, const std::optional<T>& value, const Entry& entry, int level) {
  if (value) into = Setting<T>{*value, entry.value->place, level};
}

template <class T, class Member>
void assign(Member& into, const std::optional<Setting<T>>& setting) {
  if (setting) into = setting->value;
}

void check_timeout(const Settings& settings, const Device& device, Problems& problems);

}  // namespace

Settings overlay(const Settings& far, const Settings& near) {
  Settings both = near;
  if (!both.auth) both.auth = far.auth;
  if (!both.interval) {
    both.interval = far.interval;
    both.interval_auto = far.interval_auto;
  }
  if (!both.timeout) both.timeout = far.timeout;
  if (!both.retries) both.retries = far.retries;
  if (!both.port) both.port = far.port;
  if (!both.max_outstanding) both.max_outstanding = far.max_outstanding;
  if (!both.max_requests_per_second) both.max_requests_per_second = far.max_requests_per_second;
  if (!both.max_repetitions) both.max_repetitions = far.max_repetitions;
  if (!both.max_message_size) both.max_message_size = far.max_message_size;
  if (!both.max_variables) both.max_variables = far.max_variables;
  if (!both.short_request_ids) both.short_request_ids = far.short_request_ids;
  if (!both.ping) both.ping = far.ping;
  if (!both.max_errors) both.max_errors = far.max_errors;
  if (!both.max_discards) both.max_discards = far.max_discards;
  both.echo = overlay(far.echo, near.echo);
  if (!both.counters) both.counters = far.counters;
  if (!both.interfaces) both.interfaces = far.interfaces;
  both.tags.insert(far.tags.begin(), far.tags.end());
  both.times_unreadable = near.times_unreadable || far.times_unreadable;
  return both;
}

void apply(const Settings& settings, const Auths& auths, Device& device, Problems& problems) {
  if (settings.auth) {
    device.auth_name = settings.auth->value;
    const auto auth = auths.by_name.find(device.auth_name);
    if (auth != auths.by_name.end() && auth->second) device.auth = *auth->second;
  }
  assign(device.interval, settings.interval);
  device.interval_auto = settings.interval_auto;
  assign(device.timeout, settings.timeout);
  assign(device.retries, settings.retries);
  assign(device.max_outstanding, settings.max_outstanding);
  assign(device.max_requests_per_second, settings.max_requests_per_second);
  assign(device.max_repetitions, settings.max_repetitions);
  assign(device.max_message_size, settings.max_message_size);
  assign(device.max_variables, settings.max_variables);
  assign(device.short_request_ids, settings.short_request_ids);
  assign(device.ping, settings.ping);
  device.echo = settings_of(settings.echo);
  assign(device.counters, settings.counters);
  assign(device.health.errors, settings.max_errors);
  assign(device.health.discards, settings.max_discards);
  if (settings.interfaces) device.interfaces = settings.interfaces;
  device.tags = settings.tags;
  check_timeout(settings, device, problems);
  if (device.ping) {
    const EchoTarget target{device.address.host, device.address.family, device.interval,
                            fmt::format(" of device {}", quote(device.name))};
    (void)check_echo(settings.echo, target, std::nullopt, problems);
  }
}

bool SettingsReader::read(const Entry& entry, int level, Settings& settings) const {
  if (entry.key == "auth") {
    read_auth(entry, level, settings);
  } else if (entry.key == "interval") {
    read_interval(entry, level, settings);
  } else if (entry.key == "timeout") {
    read_time(settings.timeout, entry, timeout_range, level, settings);
  } else if (entry.key == "retries") {
    take(settings.retries, read_number(entry, retries_range, problems_), entry, level);
  } else if (entry.key == "port") {
    take(settings.port, read_number(entry, port_range, problems_), entry, level);
  } else if (entry.key == "max_outstanding") {
    take(settings.max_outstanding, read_number(entry, outstanding_range, problems_), entry, level);
  } else if (entry.key == "max_requests_per_second") {
    take(settings.max_requests_per_second, read_number(entry, rate_range, problems_), entry, level);
  } else if (entry.key == "max_repetitions") {
    take(settings.max_repetitions, read_number(entry, repetitions_range, problems_), entry, level);
  } else if (entry.key == "max_message_size") {
    take(settings.max_message_size, read_number(entry, message_range, problems_), entry, level);
  } else if (entry.key == "max_variables") {
    take(settings.max_variables, read_number(entry, variables_range, problems_), entry, level);
  } else if (entry.key == "short_request_ids") {
    take(settings.short_request_ids, read_flag(entry, problems_), entry, level);
  } else if (entry.key == "ping") {
    read_ping(entry, level, settings);
  } else if (entry.key == "health") {
    read_health(entry, level, settings);
  } else if (entry.key == "interfaces") {
    settings.interfaces = rules_.read(entry);
  } else if (entry.key == "counters") {
    read_counters(entry, level, settings);
  } else if (entry.key == "tags") {
    read_tags(entry, settings);
  } else {
    return false;
  }
  return true;
}

std::span<const std::string_view> SettingsReader::keys() noexcept { return setting_keys; }

void SettingsReader::read_auth(const Entry& entry, int level, Settings& settings) const {
  const auto name = read_text(entry, problems_);
  if (!name) return;
  if (auths_.by_name.find(*name) == auths_.by_name.end()) {
    std::vector<std::string_view> known;
    for (const auto& auth : auths_.by_name) known.emplace_back(auth.first);
    const auto near = nearest(*name, known);
    problems_.add(entry.value->place, fmt::format("`auths` has no {}", quote(*name)),
                  near            ? fmt::format("did you mean `{}`?", *near)
                  : known.empty() ? "add it under `auths` at the top of the file"
                                  : fmt::format("it has {}", enumerate(known)));
    return;
  }
  take(settings.auth, name, entry, level);
}

void SettingsReader::read_time(std::optional<Setting<std::chrono::nanoseconds>>& into, const Entry& entry,
                               DurationRange range, int level, Settings& settings) const {
  take(into, read_duration(entry, range, problems_), entry, level);
  if (!into) settings.times_unreadable = true;
}

void SettingsReader::read_interval(const Entry& entry, int level, Settings& settings) const {
  settings.interval_auto = entry.value->kind == Node::Kind::scalar && entry.value->text == "auto";
  if (settings.interval_auto) {
    take(settings.interval, std::optional(Device{}.interval), entry, level);
  } else {
    read_time(settings.interval, entry, interval_range, level, settings);
  }
}

void SettingsReader::read_ping(const Entry& entry, int level, Settings& settings) const {
  if (entry.value->kind == Node::Kind::map) {
    EchoParts parts;
    for (const Entry& part : entry.value->entries) {
      if (!read_echo(part, parts, problems_)) unknown_key(part, "`ping`", echo_keys(), problems_);
    }
    settings.echo = overlay(settings.echo, parts);
    return take(settings.ping, std::optional(true), entry, level);
  }
  take(settings.ping, read_flag(entry, problems_), entry, level);
}

void SettingsReader::read_health(const Entry& entry, int level, Settings& settings) const {
  static constexpr std::array<std::string_view, 2> keys{"errors", "discards"};
  if (!expect_map(*entry.value, "`health`", "write `health: {errors: 0.01%, discards: 0.1%}`", problems_)) return;
  for (const Entry& limit : entry.value->entries) {
    if (std::find(keys.begin(), keys.end(), limit.key) == keys.end()) {
      unknown_key(limit, "`health`", keys, problems_);
      continue;
    }
    const auto text = read_text(limit, problems_);
    if (!text) continue;
    const auto ratio = parse_ratio(*text);
    if (!ratio) {
      problems_.add(limit.value->place, ratio.error().message, ratio.error().remedy);
      continue;
    }
    take(limit.key == "errors" ? settings.max_errors : settings.max_discards, std::optional(*ratio), limit, level);
  }
}

void SettingsReader::read_counters(const Entry& entry, int level, Settings& settings) const {
  constexpr std::string_view remedy = "write `counters: [unicast, errors, discards]`, or `counters: all`";
  const Node& node = *entry.value;
  if (node.kind == Node::Kind::scalar && node.text == "all")
    return take(settings.counters, std::optional(CounterSet()), entry, level);
  if (!expect_list(node, "`counters`", remedy, problems_)) return;
  CounterSet set = CounterSet::octets();
  bool good = true;
  for (const Node* item : node.items) {
    const auto word = read_text(*item, "a kind of counters", problems_);
    const auto kind = std::find_if(counter_kinds.begin(), counter_kinds.end(),
                                   [&word](const CounterKind& each) { return word == each.word; });
    good = good && kind != counter_kinds.end();
    if (kind != counter_kinds.end()) {
      set.add(kind->in);
      set.add(kind->out);
    } else if (word) {
      std::vector<std::string_view> known;
      for (const CounterKind& each : counter_kinds) known.push_back(each.word);
      const auto near = nearest(*word, known);
      problems_.add(item->place, fmt::format("{} is no kind of counters", quote(*word)),
                    near ? fmt::format("did you mean `{}`?", *near) : fmt::format("there are {}", enumerate(known)));
    }
  }
  if (good) take(settings.counters, std::optional(set), entry, level);
}

void SettingsReader::read_tags(const Entry& entry, Settings& settings) const {
  if (!expect_map(*entry.value, "`tags`", "write `tags: {site: north, role: core}`", problems_)) return;
  for (const Entry& tag : entry.value->entries) {
    if (is_blank(tag.key)) {
      problems_.add(tag.place, "a tag without a name", "write `tags: {site: north}`");
    } else if (const auto value = read_text(tag, problems_)) {
      settings.tags[std::string(tag.key)] = *value;
    }
  }
}

namespace {

/// Where both come from `defaults` this finds the same place for every device, and Problems says it once.
void check_timeout(const Settings& settings, const Device& device, Problems& problems) {
  if (settings.times_unreadable) return;
  const auto shortest = device.interval_auto ? std::chrono::nanoseconds(shortest_auto_interval) : device.interval;
  if (device.timeout < shortest) return;
  const bool timeout_is_nearer =
      settings.timeout && (!settings.interval || settings.timeout->level >= settings.interval->level);
  problems.add(
      timeout_is_nearer ? settings.timeout->place : settings.interval->place,
      fmt::format("the timeout {}{} is not less than the interval {}{}", format_duration(device.timeout),
                  settings.timeout ? "" : " (the default)", format_duration(shortest),
                  device.interval_auto ? ", which `auto` may come to"
                  : settings.interval  ? ""
                                       : " (the default)"),
      "a request must have failed before the next poll is due: set a shorter `timeout` or a longer `interval`");
}

}  // namespace
}  // namespace octopoll::config
