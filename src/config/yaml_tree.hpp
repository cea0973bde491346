#pragma once
// A YAML file as a tree of our own: every node has its place, every alias is resolved, nothing is guessed.

#include <deque>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problems.hpp"

namespace octopoll::config {

struct Node;

/// One `key: value` of a map. For a missing value `value->place` is the key's.
struct Entry {
  std::string_view key;
  Place place;  ///< of the key
  const Node* value = nullptr;
};

/// A value as it was written. Scalars stay text: `010` and `yes` mean something only to the reader of a key.
struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };
  Kind kind = Kind::null;
  bool plain = true;  ///< a scalar without quotes
  Place place;
  std::string text;                ///< of a scalar
  std::vector<const Node*> items;  ///< of a list
  std::vector<Entry> entries;      ///< of a map; keys are unique and `<<` is resolved
  std::size_t nodes = 1;           ///< in this tree, aliases counted each time they are used
  std::size_t height = 1;
};

/// "a map", "a list", "text", "nothing".
[[nodiscard]] std::string_view describe(Node::Kind kind) noexcept;

/// The nodes of one file. An aliased node exists once, so walking the tree meets it as often as it is used.
struct Tree {
  /// In memory of their own, that goes back as a whole: thousands of nodes would leave as many gaps among what stays.
  struct Nodes {
    std::pmr::monotonic_buffer_resource memory;
    std::pmr::deque<Node> list{&memory};  // a deque, for entries point into it while it grows
  };
  std::unique_ptr<Nodes> nodes = std::make_unique<Nodes>();
  const Node* root = nullptr;
};

/// Parses the one document of `text`, which check_encoding() has passed.
///
/// Beyond yaml-cpp, these are problems: syntax errors of it (with a place and a remedy), duplicate keys, tags, cyclic
/// aliases, aliases that multiply to more than two million nodes, nesting deeper than 64, an empty file, a second
/// document, keys that are not text. `<<` merges a map or a list of maps: written keys win, then earlier maps.
/// Nothing of the file but map keys is quoted in messages, for any value may be a secret.
/// Returns nothing where the rest of the file could not be made sense of; otherwise problems may still have been added.
[[nodiscard]] std::optional<Tree> parse_yaml(std::string_view text, Problems& problems);

}  // namespace octopoll::config
