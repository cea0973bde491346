#include "snmp/names_explain.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <net-snmp/net-snmp-config.h>
// The library's headers need the line above first.
#include <net-snmp/net-snmp-includes.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "octopoll/core/text.hpp"

namespace octopoll::snmp {
namespace {

constexpr std::size_t most_suggestions = 3;
constexpr std::size_t longest_label = 64;  // RFC 2578 section 3.1; what is far longer is near to none
constexpr const char* way_to_modules =
    "an OID in numbers always works; for more modules set MIBDIRS=+DIRECTORY and MIBS=+MODULE in the environment";

void collect_labels(const tree* node, std::vector<std::string_view>& labels) {
  for (; node != nullptr; node = node->next_peer) {
    if (node->label != nullptr) labels.emplace_back(node->label);
    collect_labels(node->child_list, labels);
  }
}

bool equal_but_for_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// The same in other letter case, else the nearest by edits, else what begins alike.
std::vector<std::string_view> suggestions(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::vector<std::string_view> found;
  if (word.size() > longest_label) return found;
  const auto add = [&](std::string_view candidate) {
    if (found.size() < most_suggestions && std::find(found.begin(), found.end(), candidate) == found.end())
      found.push_back(candidate);
  };
  for (const std::string_view candidate : candidates)
    if (equal_but_for_case(candidate, word)) add(candidate);
  if (const auto near = nearest(word, candidates)) add(*near);
  constexpr std::size_t shortest_beginning = 3;
  if (word.size() >= shortest_beginning)
    for (const std::string_view candidate : candidates)
      if (candidate.size() > word.size() && equal_but_for_case(candidate.substr(0, word.size()), word)) add(candidate);
  return found;
}

std::string remedy(const std::vector<std::string_view>& meant) {
  if (meant.empty()) return way_to_modules;
  return fmt::format("did you mean {}? Otherwise: {}", fmt::join(meant, ", "), way_to_modules);
}

std::string module_of(const tree& node) {
  std::array<char, 256> name{};
  return module_name(node.modid, name.data());
}

}  // namespace

std::string_view module_prefix(std::string_view text) {
  const auto is_module_letter = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
  };
  const auto end = std::find_if_not(text.begin(), text.end(), is_module_letter);
  const auto length = static_cast<std::size_t>(end - text.begin());
  return end != text.end() && *end == ':' ? text.substr(0, length) : std::string_view();
}

Error explain_unknown_name(const std::string& text, const std::vector<std::string>& own_modules) {
  const std::string shown = agent_text(text);
  const std::string module(module_prefix(text));
  std::string_view label = text;
  if (!module.empty()) label.remove_prefix(std::min(label.find_first_not_of(':', module.size()), label.size()));
  if (label.starts_with('.')) label.remove_prefix(1);
  const std::string first(label.substr(0, label.find('.')));
  const int module_id = module.empty() ? -1 : which_module(module.c_str());

  if (!module.empty() && module_id == -1) {
    const std::vector<std::string_view> known(own_modules.begin(), own_modules.end());
    return {ErrorKind::usage, fmt::format("\"{}\": there is no MIB module {}", shown, agent_text(module)),
            remedy(suggestions(module, known))};
  }
  if (find_tree_node(first.c_str(), module_id) != nullptr)
    return {ErrorKind::usage, fmt::format("\"{}\": {} is known, but not what follows it", shown, first),
            "behind a name stands its index: numbers, or text in double quotes where the MIB has text"};
  if (const tree* elsewhere = find_tree_node(first.c_str(), -1); elsewhere != nullptr) {
    const std::string home = module_of(*elsewhere);
    return {ErrorKind::usage, fmt::format("\"{}\": {} is not in {} but in {}", shown, first, module, home),
            fmt::format("write {}::{}", home, label)};
  }
  std::vector<std::string_view> labels;
  collect_labels(get_tree_head(), labels);
  std::sort(labels.begin(), labels.end());
  return {ErrorKind::usage,
          module.empty() ? fmt::format("\"{}\": no MIB module that was read has this name", shown)
                         : fmt::format("\"{}\": {} has no {}", shown, module, agent_text(first)),
          remedy(suggestions(first, labels))};
}

}  // namespace octopoll::snmp
