#include "config/rules_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "config/values.hpp"

namespace octopoll::config {
namespace {

constexpr std::array<std::string_view, 3> rules_keys{"include", "exclude", "speed"};
constexpr std::array<std::string_view, 4> field_words{"name", "alias", "descr", "type"};
constexpr std::array<std::string_view, 5> speed_keys{"name", "alias", "descr", "type", "speed"};
constexpr std::array<std::string_view, 2> direction_keys{"in", "out"};

constexpr std::string_view rules_form = "write `interfaces: {include: [...], exclude: [...], speed: [...]}`";
constexpr std::string_view filter_form =
    "write a pattern for the name, or one of {name: RE}, {alias: RE}, {descr: RE} "
    "and {type: RE}";
constexpr std::string_view speed_form = "write {name: RE, speed: 1Gbit} or {alias: RE, speed: {in: 100M, out: 20M}}";

std::optional<RuleField> field_of(std::string_view key) {
  const auto found = std::find(field_words.begin(), field_words.end(), key);
  if (found == field_words.end()) return std::nullopt;
  return static_cast<RuleField>(found - field_words.begin());  // in the order of the enum
}

}  // namespace

std::shared_ptr<const InterfaceRules> RulesReader::read(const Entry& entry) {
  const Node& node = *entry.value;
  if (!expect_map(node, "`interfaces`", rules_form, problems_)) return none_;
  std::vector<Rule> rules;
  for (const Entry& part : node.entries) {
    if (part.key == "include") {
      read_list(Action::include, part, rules);
    } else if (part.key == "exclude") {
      read_list(Action::exclude, part, rules);
    } else if (part.key == "speed") {
      read_list(Action::speed, part, rules);
    } else {
      unknown_key(part, "`interfaces`", rules_keys, problems_);
    }
  }
  if (rules.empty()) return none_;

  std::string key;
  for (const Rule& rule : rules) {
    key += fmt::format("{} {} {} {} {}:{}\n", static_cast<int>(rule.action), static_cast<int>(rule.field),
                       rule.speed.in_bps, rule.speed.out_bps, rule.pattern.size(), rule.pattern);
  }
  if (const auto found = compiled_.find(key); found != compiled_.end()) return found->second;
  auto compiled = std::make_shared<InterfaceRules>();
  if (compile(rules, *compiled)) compiled_.emplace(std::move(key), compiled);  // else they are reported again elsewhere
  return compiled;
}

void RulesReader::read_list(Action action, const Entry& entry, std::vector<Rule>& rules) {
  const std::string what = fmt::format("`{}`", entry.key);
  if (!expect_list(*entry.value, what, action == Action::speed ? speed_form : filter_form, problems_)) return;
  for (const Node* item : entry.value->items) {
    if (action == Action::speed) {
      read_speed(*item, rules);
    } else {
      read_filter(action, *item, rules);
    }
  }
}

void RulesReader::read_filter(Action action, const Node& item, std::vector<Rule>& rules) {
  Rule rule;
  rule.action = action;
  if (item.kind != Node::Kind::map) {
    const auto pattern = read_text(item, "an interface rule", problems_);
    if (!pattern) return;
    rule.pattern = *pattern;
    rule.place = item.place;
    rules.push_back(std::move(rule));
    return;
  }
  if (item.entries.size() != 1) {
    problems_.add(item.place,
                  fmt::format("an interface rule looks at one thing, and this has {} keys", item.entries.size()),
                  "a rule with two conditions cannot be written; rules of one list are alternatives");
    return;
  }
  const Entry& entry = item.entries.front();
  if (field_of(entry.key)) {
    read_pattern(std::move(rule), entry, rules);
  } else {
    unknown_key(entry, "an interface rule", field_words, problems_);
  }
}

void RulesReader::read_speed(const Node& item, std::vector<Rule>& rules) {
  if (!expect_map(item, "a speed rule", speed_form, problems_)) return;
  Rule rule;
  rule.action = Action::speed;
  const Entry* match = nullptr;
  const Entry* speed = nullptr;
  for (const Entry& entry : item.entries) {
    if (entry.key == "speed") {
      speed = &entry;
    } else if (!field_of(entry.key)) {
      unknown_key(entry, "a speed rule", speed_keys, problems_);
      return;
    } else if (match != nullptr) {
      problems_.add(entry.place,
                    fmt::format("a speed rule looks at one thing, and `{}` stands here already", match->key),
                    std::string(speed_form));
      return;
    } else {
      match = &entry;
    }
  }
  if (match == nullptr || speed == nullptr) {
    problems_.add(
        item.place,
        match == nullptr ? "this speed rule does not say for which interfaces it is" : "this speed rule has no `speed`",
        std::string(speed_form));
    return;
  }
  if (read_speeds(*speed, rule.speed)) read_pattern(std::move(rule), *match, rules);
}

void RulesReader::read_pattern(Rule rule, const Entry& entry, std::vector<Rule>& rules) {
  auto pattern = read_text(entry, problems_);
  if (!pattern) return;
  rule.field = *field_of(entry.key);
  rule.pattern = *std::move(pattern);
  rule.place = entry.value->place;
  rules.push_back(std::move(rule));
}

bool RulesReader::read_speeds(const Entry& entry, SpeedOverride& speed) {
  const Node& node = *entry.value;
  if (node.kind != Node::Kind::map) {
    if (!read_one_speed(entry, speed.in_bps)) return false;
    speed.out_bps = speed.in_bps;
    return true;
  }
  bool good = true;
  for (const Entry& direction : node.entries) {
    if (direction.key == "in") {
      good = read_one_speed(direction, speed.in_bps) && good;
    } else if (direction.key == "out") {
      good = read_one_speed(direction, speed.out_bps) && good;
    } else {
      unknown_key(direction, "`speed`", direction_keys, problems_);
      good = false;
    }
  }
  if (good && (speed.in_bps == 0 || speed.out_bps == 0)) {
    problems_.add(node.place, "`speed` needs both `in` and `out`", std::string(speed_form));
    good = false;
  }
  return good;
}

bool RulesReader::read_one_speed(const Entry& entry, std::uint64_t& bits_per_second) {
  const auto text = read_text(entry, problems_);
  if (!text) return false;
  const auto parsed = parse_speed(*text);
  if (!parsed) {
    problems_.add(entry.value->place, parsed.error().message, parsed.error().remedy);
    return false;
  }
  bits_per_second = *parsed;
  return true;
}

bool RulesReader::compile(const std::vector<Rule>& rules, InterfaceRules& into) {
  bool good = true;
  for (const Rule& rule : rules) {
    const Result<> added = rule.action == Action::include   ? into.add_include(rule.field, rule.pattern)
                           : rule.action == Action::exclude ? into.add_exclude(rule.field, rule.pattern)
                                                            : into.add_speed(rule.field, rule.pattern, rule.speed);
    if (added) continue;
    problems_.add(rule.place, added.error().message, added.error().remedy);
    good = false;
  }
  return good;
}

}  // namespace octopoll::config
