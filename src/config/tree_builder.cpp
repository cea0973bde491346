#include "config/tree_builder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/quotes.hpp"
#include "config/yaml_syntax.hpp"

namespace octopoll::config {
namespace {

constexpr std::size_t deepest = 64;
constexpr std::size_t most_nodes = 2'000'000;

const std::string untagged = "?";
// Such a bomb is one line long and would keep the reader busy for ever.
const std::string too_many = "lists, maps and values are more than two million, aliases counted where they are used";
const std::string split_it = "split the inventory, or use fewer aliases within aliases";

Place place_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }
Place place_of_missing_item(std::string_view text, const YAML::Mark& mark);

}  // namespace

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  Place place = place_of(mark);
  if (!open_.empty() && open_.back().node->kind == Node::Kind::list) place = place_of_missing_item(text_, mark);
  // yaml-cpp's mark of a missing value is where the next thing begins, lines below.
  if (!open_.empty() && open_.back().has_key) place = open_.back().key_place;
  const Node& node = create(Node::Kind::null, place, untagged);
  if (anchor != 0) anchors_[anchor] = &node;
  place_in_parent(node, place);
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  take_event();
  const Place use = place_of(mark);
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end() || found->second == nullptr) {
    stop(use, "this alias stands within the value that it names, which would never end",
         "name something that ends before it");
  }
  place_in_parent(*found->second, use);
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  Node& node = create(Node::Kind::scalar, place_of(mark), tag);
  node.plain = tag == untagged;
  if (!node.plain) check_quotes(mark);
  if (mark.pos >= 0) offset_ = std::min(static_cast<std::size_t>(mark.pos) + value.size(), text_.size());
  node.text = value;
  if (anchor != 0) anchors_[anchor] = &node;
  place_in_parent(node, node.place);
}

void TreeBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                                  YAML::EmitterStyle::value) {
  open(Node::Kind::list, mark, tag, anchor);
}

void TreeBuilder::OnSequenceEnd() { close(); }

void TreeBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value) {
  open(Node::Kind::map, mark, tag, anchor);
}

void TreeBuilder::OnMapEnd() {
  resolve_merges(open_.back());
  close();
}

std::optional<Place> TreeBuilder::innermost() const {
  if (open_.empty()) return std::nullopt;
  return open_.back().node->place;
}

/// Where the input was cut short the scanner lets go of what it held back, as if the file ended there.
void TreeBuilder::take_event() {
  if (input_.stopped() != BoundedInput::Stopped::no) {
    SyntaxProblem problem = too_much_at_once(text_, input_);
    stop(problem.place, std::move(problem.message), std::move(problem.remedy));
  }
  input_.progress();
}

Node& TreeBuilder::create(Node::Kind kind, Place place, const std::string& tag) {
  take_event();
  if (tree_.nodes->list.size() == most_nodes) stop(place, too_many, split_it);
  // "?" is a plain value and "!" a quoted one; all else was written by hand. The tag is not shown: it may be the
  // beginning of a passphrase that wants quotes.
  if (tag != untagged && tag != "!" && !tag.empty()) {
    problems_.add(place, "a value with a YAML tag (`!`), which an inventory does not use",
                  "text that begins with ! needs quotes");
  }
  Node& node = tree_.nodes->list.emplace_back();
  node.kind = kind;
  node.place = place;
  return node;
}

void TreeBuilder::open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
  if (open_.size() == deepest) {
    stop(place_of(mark), fmt::format("lists and maps are nested more than {} deep", deepest),
         "check the brackets and the indentation: an inventory needs six levels");
  }
  Open entered;
  entered.node = &create(kind, place_of(mark), tag);
  entered.anchor = anchor;
  if (anchor != 0) anchors_[anchor] = nullptr;
  open_.push_back(std::move(entered));
}

void TreeBuilder::close() {
  const Node& node = *open_.back().node;
  if (const auto anchor = open_.back().anchor; anchor != 0) anchors_[anchor] = &node;
  open_.pop_back();
  place_in_parent(node, node.place);
}

/// `use` is where it stands; for an alias that is not where the node was written.
void TreeBuilder::place_in_parent(const Node& node, Place use) {
  if (open_.empty()) {
    tree_.root = &node;
    return;
  }
  Open& parent = open_.back();
  parent.node->nodes += node.nodes;
  parent.node->height = std::max(parent.node->height, node.height + 1);
  if (parent.node->nodes > most_nodes) stop(use, too_many, split_it);
  if (open_.size() + node.height > deepest) {
    stop(use, fmt::format("aliases within aliases are nested more than {} deep", deepest), split_it);
  }
  if (parent.node->kind == Node::Kind::list) {
    parent.node->items.push_back(&node);
  } else if (!parent.has_key) {
    take_key(parent, node, use);
  } else {
    take_value(parent, node);
  }
}

void TreeBuilder::take_key(Open& map, const Node& key, Place use) {
  map.has_key = true;
  map.key = key.kind == Node::Kind::scalar ? &key : nullptr;
  map.key_place = use;
  if (map.key == nullptr) {
    problems_.add(use, key.kind == Node::Kind::null ? "there is no key before this colon" : "a key must be text",
                  "write `key: value`");
  }
}

void TreeBuilder::take_value(Open& map, const Node& value) {
  map.has_key = false;
  if (map.key == nullptr) return;
  const auto [first, is_new] = map.keys.emplace(map.key->text, map.key_place);
  if (!is_new) {
    // A "key" without a value may be a value that lost its key, hence perhaps a secret.
    const std::string name = value.kind == Node::Kind::null ? std::string("this key") : quote(map.key->text);
    problems_.add(map.key_place, fmt::format("{} stands twice in this map; first on line {}", name, first->second.line),
                  "keep one of the two");
    return;
  }
  if (map.key->plain && map.key->text == "<<") return take_merge(map, value);
  map.node->entries.push_back({map.key->text, map.key_place, &value});
}

void TreeBuilder::take_merge(Open& map, const Node& value) {
  const std::string remedy = "write `<<: *NAME` or `<<: [*NAME, *OTHER]`, where each name stands for a map";
  if (value.kind == Node::Kind::map) {
    map.merges.push_back(&value);
  } else if (value.kind == Node::Kind::list) {
    for (const Node* item : value.items) {
      if (item->kind == Node::Kind::map) {
        map.merges.push_back(item);
      } else {
        problems_.add(item->place, fmt::format("`<<` merges maps, and this is {}", describe(item->kind)), remedy);
      }
    }
  } else {
    problems_.add(map.key_place, fmt::format("`<<` merges a map, and this is {}", describe(value.kind)), remedy);
  }
}

/// What is written wins over what is merged, and the earlier map of a list over the later one.
/// Source: YAML "Merge Key Language-Independent Type for YAML Version 1.1".
void TreeBuilder::resolve_merges(Open& map) {
  for (const Node* merged : map.merges) {
    for (const Entry& entry : merged->entries) {
      if (map.keys.emplace(entry.key, entry.place).second) map.node->entries.push_back(entry);
    }
  }
}

/// yaml-cpp takes the end of the file for a closing quote if a line break stands before it.
void TreeBuilder::check_quotes(const YAML::Mark& mark) {
  auto at = static_cast<std::size_t>(std::max(mark.pos, 0));
  while (at < text_.size() && (text_[at] == '&' || text_[at] == '!')) {  // the anchor, where the mark is
    at = text_.find_first_not_of(" \t\r\n", text_.find_first_of(" \t\r\n", at));
  }
  if (at >= text_.size() || (text_[at] != '"' && text_[at] != '\'')) return;
  if (end_of_quotes(text_, at) == std::string_view::npos) {
    stop(place_at(text_, at), "a quoted text begins here and never ends", "add the missing quote");
  }
}

void TreeBuilder::stop(Place place, std::string message, std::string remedy) {
  problems_.add(place, std::move(message), std::move(remedy));
  throw StopParsing{};
}

namespace {

bool is_null_word(std::string_view rest) {
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t\r\n,]}#"));
  return word == "~" || word == "null" || word == "Null" || word == "NULL";
}

/// The dash of an empty list item: yaml-cpp's mark is where the next thing begins, perhaps lines below.
Place place_of_missing_item(std::string_view text, const YAML::Mark& mark) {
  const Place given = place_of(mark);
  if (mark.pos < 0) return given;
  std::size_t end = std::min(static_cast<std::size_t>(mark.pos), text.size());
  const std::string_view at_mark = text.substr(end);
  if (is_null_word(at_mark) || at_mark.starts_with(',') || at_mark.starts_with(']')) return given;
  for (int line = given.line; line >= 1; --line) {
    const std::size_t line_break = end == 0 ? std::string_view::npos : text.rfind('\n', end - 1);
    const std::size_t start = line_break == std::string_view::npos ? 0 : line_break + 1;
    std::string_view content = text.substr(start, end - start);
    content = content.substr(0, content.starts_with('#') ? 0 : content.find(" #"));
    const std::size_t last = content.find_last_not_of(" \t\r");
    if (last != std::string_view::npos) {
      return content[last] == '-' ? Place{line, 1 + static_cast<int>(last)} : given;
    }
    if (start == 0) break;
    end = start - 1;
  }
  return given;
}

}  // namespace
}  // namespace octopoll::config
