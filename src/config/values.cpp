#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::config {
namespace {

struct Home {
  std::string_view key;
  std::string_view home;
};
/// Keys that are known, but elsewhere: the usual slips of a first inventory.
constexpr std::array<Home, 23> homes{{
    {"community", "an entry of `auths`"},
    {"username", "an entry of `auths`"},
    {"version", "an entry of `auths`"},
    {"security_level", "an entry of `auths`"},
    {"auth_protocol", "an entry of `auths`"},
    {"password", "an entry of `auths`"},
    {"priv_protocol", "an entry of `auths`"},
    {"priv_password", "an entry of `auths`"},
    {"context_name", "an entry of `auths`"},
    {"include", "`interfaces`"},
    {"exclude", "`interfaces`"},
    {"count", "`ping`, or a probe"},
    {"burst", "`ping`, or a probe"},
    {"payload", "`ping`, or a probe"},
    {"hop_limit", "`ping`, or a probe"},
    {"dscp", "`ping`, or a probe"},
    {"dont_fragment", "`ping`, or a probe"},
    {"source", "`ping`, or a probe"},
    {"address", "a device"},
    {"answers_from", "a device"},
    {"interval", "`defaults`, a group, a device or a probe"},
    {"timeout", "`defaults`, a group, a device or a probe"},
    {"auth", "`defaults`, a group or a device"},
}};

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The scalar behind a key, or a problem.
const Node* expect_scalar(const Entry& entry, std::string_view wanted, Problems& problems) {
  const Node& node = *entry.value;
  if (node.kind == Node::Kind::scalar) return &node;
  if (node.kind == Node::Kind::null) {
    problems.add(node.place, fmt::format("`{}` has no value", entry.key),
                 fmt::format("write {} behind the colon, or delete the key", wanted));
  } else {
    problems.add(node.place, fmt::format("`{}` is {}, and should be {}", entry.key, describe(node.kind), wanted),
                 "a value that begins with [ or { needs quotes");
  }
  return nullptr;
}

std::string should_be(std::string_view wanted, const Node& node, std::string_view what) {
  if (node.kind == Node::Kind::null) return fmt::format("{} is empty, and should be {}", what, wanted);
  return fmt::format("{} should be {}, and is {}", what, wanted, describe(node.kind));
}

std::string range_of(NumberRange range) {
  return fmt::format("a whole number from {} to {}{}{}", range.least, range.most, range.because.empty() ? "" : ": ",
                     range.because);
}

}  // namespace

std::optional<std::string> read_text(const Entry& entry, Problems& problems) {
  const Node* node = expect_scalar(entry, "text", problems);
  if (node == nullptr) return std::nullopt;
  if (is_blank(node->text)) {
    problems.add(node->place, fmt::format("`{}` is empty", entry.key), "write a value, or delete the key");
    return std::nullopt;
  }
  return node->text;
}

std::optional<std::string> read_text(const Node& node, std::string_view what, Problems& problems) {
  if (node.kind == Node::Kind::scalar && !is_blank(node.text)) return node.text;
  if (node.kind == Node::Kind::scalar || node.kind == Node::Kind::null) {
    problems.add(node.place, fmt::format("{} is empty", what), "write its text, or delete the line");
  } else {
    problems.add(node.place, fmt::format("{} is {}, and should be text", what, describe(node.kind)),
                 "text that begins with [ or { needs quotes");
  }
  return std::nullopt;
}

std::optional<bool> read_flag(const Entry& entry, Problems& problems) {
  static const std::string forms = "true, yes, on, false, no or off, without quotes";
  const Node* node = expect_scalar(entry, forms, problems);
  if (node == nullptr) return std::nullopt;
  if (node->plain) {
    std::string word = node->text;
    std::transform(word.begin(), word.end(), word.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (word == "true" || word == "yes" || word == "on") return true;
    if (word == "false" || word == "no" || word == "off") return false;
  }
  problems.add(node->place,
               fmt::format("`{}` is either on or off, and not the {} {}", entry.key,
                           node->plain ? "word" : "quoted text", quote(node->text)),
               "write " + forms);
  return std::nullopt;
}

std::optional<unsigned> read_number(const Entry& entry, NumberRange range, Problems& problems) {
  const Node* node = expect_scalar(entry, "a number", problems);
  if (node == nullptr) return std::nullopt;
  if (!node->plain || !all_digits(node->text)) {
    problems.add(node->place,
                 fmt::format("`{}` is not a decimal number but {}{}", entry.key, node->plain ? "" : "the quoted text ",
                             quote(node->text)),
                 fmt::format("write {}", range_of(range)));
    return std::nullopt;
  }
  unsigned number = 0;
  const char* const end = node->text.data() + node->text.size();
  const auto [stopped, error] = std::from_chars(node->text.data(), end, number);
  if (error != std::errc{} || stopped != end || number < range.least || number > range.most) {
    problems.add(node->place, fmt::format("`{}` is out of range: {}", entry.key, quote(node->text)),
                 fmt::format("write {}", range_of(range)));
    return std::nullopt;
  }
  return number;
}

std::optional<std::chrono::nanoseconds> read_duration(const Entry& entry, DurationRange range, Problems& problems) {
  const Node* node = expect_scalar(entry, "a duration such as 30s", problems);
  if (node == nullptr) return std::nullopt;
  if (all_digits(node->text)) {
    problems.add(node->place, fmt::format("`{}: {}` has no unit", entry.key, node->text),
                 fmt::format("write {0}s for seconds, {0}ms for milliseconds or {0}m for minutes", node->text));
    return std::nullopt;
  }
  const auto duration = parse_duration(node->text);
  if (!duration) {
    problems.add(node->place, fmt::format("`{}`: {}", entry.key, duration.error().message), duration.error().remedy);
    return std::nullopt;
  }
  if (*duration < range.least || *duration > range.most) {
    problems.add(
        node->place, fmt::format("`{}` is out of range: {}", entry.key, quote(node->text)),
        fmt::format("write a duration from {} to {}", format_duration(range.least), format_duration(range.most)));
    return std::nullopt;
  }
  return *duration;
}

bool expect_map(const Node& node, std::string_view what, std::string_view remedy, Problems& problems) {
  if (node.kind == Node::Kind::map) return true;
  problems.add(node.place, should_be("a map", node, what), std::string(remedy));
  return false;
}

bool expect_list(const Node& node, std::string_view what, std::string_view remedy, Problems& problems) {
  if (node.kind == Node::Kind::list) return true;
  problems.add(node.place, should_be("a list", node, what), std::string(remedy));
  return false;
}

std::optional<std::string_view> unknown_key(const Entry& entry, std::string_view what,
                                            std::span<const std::string_view> known, Problems& problems) {
  // A "key" without a value may be a value that lost its key, hence perhaps a secret.
  const bool lone = entry.value->kind == Node::Kind::null;
  const std::string message = lone ? fmt::format("{} has no such key, and it has no value", what)
                                   : fmt::format("{} has no key {}", what, quote(entry.key));
  const auto home = std::find_if(homes.begin(), homes.end(), [&entry](const Home& h) { return h.key == entry.key; });
  const auto near = nearest(entry.key, known);
  std::string remedy = fmt::format("it has {}", enumerate(known));
  if (near) {
    remedy = fmt::format("did you mean `{}`?", *near);
  } else if (home != homes.end()) {
    remedy = fmt::format("`{}` belongs in {}", home->key, home->home);
  } else if (lone) {
    remedy = "write `key: value` with a blank behind the colon; text with a colon in it needs quotes";
  }
  problems.add(entry.place, message, remedy);
  return near;
}

bool expect_no_variable(const Node& node, Problems& problems) {
  if (node.text.find("${") == std::string::npos) return true;
  problems.add(node.place,
               fmt::format("{} is taken as it stands: variables are replaced in `auths` alone", quote(node.text)),
               "write the value itself");
  return false;
}

std::string remedy_of(const Error& bad_target) {
  return bad_target.remedy.empty() ? "write a name, an IPv4 or an IPv6 address" : bad_target.remedy;
}

std::string enumerate(std::span<const std::string_view> words, std::string_view last_joint) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) out += i + 1 == words.size() ? fmt::format(" {} ", last_joint) : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace octopoll::config
