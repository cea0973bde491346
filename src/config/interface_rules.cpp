#include "octopoll/config/interface_rules.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "config/if_type.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::config {
namespace {

/// One compiled pattern and what it looks at.
struct Matcher {
  RuleField field = RuleField::name;
  std::string pattern;
  std::optional<std::int64_t> type;  ///< that very ifType, instead of the pattern
  std::unique_ptr<const re2::RE2> regex;

  [[nodiscard]] bool matches(const Interface& interface) const;
  [[nodiscard]] bool matches(std::optional<std::string_view> text) const;
  [[nodiscard]] bool matches_type(std::int64_t number) const;
  [[nodiscard]] std::string text() const;
};

struct SpeedRule {
  Matcher matcher;
  SpeedOverride speed;
};

Result<Matcher> compile(RuleField field, const std::string& pattern);
std::optional<std::int64_t> whole_type(std::string_view pattern);
std::string_view word_of(RuleField field) noexcept;

}  // namespace

struct InterfaceRules::Impl {
  std::vector<Matcher> include;
  std::vector<Matcher> exclude;
  std::vector<SpeedRule> speeds;
};

InterfaceRules::InterfaceRules() : impl_(std::make_unique<Impl>()) {}
InterfaceRules::~InterfaceRules() = default;

Result<> InterfaceRules::add_include(RuleField field, const std::string& pattern) {
  auto matcher = compile(field, pattern);
  if (!matcher) return tl::make_unexpected(std::move(matcher.error()));
  impl_->include.push_back(*std::move(matcher));
  return {};
}

Result<> InterfaceRules::add_exclude(RuleField field, const std::string& pattern) {
  auto matcher = compile(field, pattern);
  if (!matcher) return tl::make_unexpected(std::move(matcher.error()));
  impl_->exclude.push_back(*std::move(matcher));
  return {};
}

Result<> InterfaceRules::add_speed(RuleField field, const std::string& pattern, SpeedOverride speed) {
  auto matcher = compile(field, pattern);
  if (!matcher) return tl::make_unexpected(std::move(matcher.error()));
  impl_->speeds.push_back({*std::move(matcher), speed});
  return {};
}

bool InterfaceRules::keeps(const Interface& interface) const {
  const auto matches = [&](const Matcher& matcher) { return matcher.matches(interface); };
  if (!impl_->include.empty() && std::none_of(impl_->include.begin(), impl_->include.end(), matches)) return false;
  return std::none_of(impl_->exclude.begin(), impl_->exclude.end(), matches);
}

std::optional<SpeedOverride> InterfaceRules::speed(const Interface& interface) const {
  for (const SpeedRule& rule : impl_->speeds) {
    if (rule.matcher.matches(interface)) return rule.speed;
  }
  return std::nullopt;
}

bool InterfaceRules::empty() const noexcept {
  return impl_->include.empty() && impl_->exclude.empty() && impl_->speeds.empty();
}

std::vector<std::string> InterfaceRules::describe() const {
  std::vector<std::string> lines;
  for (const Matcher& matcher : impl_->include) lines.push_back("include " + matcher.text());
  for (const Matcher& matcher : impl_->exclude) lines.push_back("exclude " + matcher.text());
  for (const SpeedRule& rule : impl_->speeds) {
    const auto [in, out] = rule.speed;
    lines.push_back(fmt::format("speed {} {}", rule.matcher.text(),
                                in == out ? format_speed(in) : format_speed(in) + "/" + format_speed(out)));
  }
  return lines;
}

std::string InterfaceRules::summary() const {
  const std::vector<std::string> rules = describe();
  if (rules.empty()) return "all";
  if (rules.size() == 1) return rules.front();
  std::vector<std::string> parts;
  const auto count = [&parts](std::size_t number, std::string_view what) {
    if (number != 0) parts.push_back(fmt::format("{} {}", number, what));
  };
  count(impl_->include.size(), "include");
  count(impl_->exclude.size(), "exclude");
  count(impl_->speeds.size(), "speed");
  return fmt::format("{}", fmt::join(parts, ", "));
}

namespace {

bool Matcher::matches(const Interface& interface) const {
  switch (field) {
    case RuleField::name:
      return matches(interface.name());
    case RuleField::alias:
      return matches(interface.alias());
    case RuleField::descr:
      return matches(interface.descr());
    case RuleField::type:
      return interface.type() && matches_type(*interface.type());
  }
  return false;
}

bool Matcher::matches(std::optional<std::string_view> text) const {
  return text && re2::RE2::PartialMatch(re2::StringPiece(text->data(), text->size()), *regex);
}

bool Matcher::matches_type(std::int64_t number) const {
  if (type) return number == *type;
  const std::string_view word = if_type_word(number);
  return re2::RE2::PartialMatch(std::to_string(number), *regex) ||
         (!word.empty() && re2::RE2::PartialMatch(re2::StringPiece(word.data(), word.size()), *regex));
}

std::string Matcher::text() const { return fmt::format("{} {}", word_of(field), pattern); }

Result<Matcher> compile(RuleField field, const std::string& pattern) {
  if (pattern.empty()) {
    return fail(ErrorKind::config, "an empty pattern matches everything",
                "write `.` for everything, or delete the rule");
  }
  Matcher matcher{field, pattern, field == RuleField::type ? whole_type(pattern) : std::nullopt, nullptr};
  if (matcher.type) return matcher;
  re2::RE2::Options options;
  options.set_log_errors(false);
  matcher.regex = std::make_unique<const re2::RE2>(pattern, options);
  if (!matcher.regex->ok()) {
    return fail(ErrorKind::config, fmt::format("bad pattern `{}`: {}", pattern, matcher.regex->error()),
                "patterns are RE2 (github.com/google/re2/wiki/Syntax): no look-around, no back-references");
  }
  if (field == RuleField::type) {
    const auto words = if_type_words();
    if (std::none_of(words.begin(), words.end(),
                     [&matcher](const IfTypeWord& known) { return matcher.matches_type(known.number); })) {
      return fail(ErrorKind::config, fmt::format("`{}` matches no interface type", pattern),
                  "write a number or a word of IANAifType, such as 6 or ethernetCsmacd; case matters");
    }
  }
  return matcher;
}

/// The number that `pattern` is, or stands for as a whole word.
std::optional<std::int64_t> whole_type(std::string_view pattern) {
  std::int64_t number = 0;
  const char* const end = pattern.data() + pattern.size();
  if (pattern[0] >= '0' && pattern[0] <= '9') {
    const auto [stopped, error] = std::from_chars(pattern.data(), end, number);
    if (error == std::errc{} && stopped == end) return number;
  }
  for (const IfTypeWord& known : if_type_words()) {
    if (known.word == pattern) return known.number;
  }
  return std::nullopt;
}

std::string_view word_of(RuleField field) noexcept {
  switch (field) {
    case RuleField::name:
      return "name";
    case RuleField::alias:
      return "alias";
    case RuleField::descr:
      return "descr";
    case RuleField::type:
      return "type";
  }
  return "name";
}

}  // namespace
}  // namespace octopoll::config
