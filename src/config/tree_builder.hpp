#pragma once
// From yaml-cpp's events to the tree.

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/bounded_input.hpp"
#include "config/problems.hpp"
#include "config/yaml_tree.hpp"

namespace octopoll::config {

/// Thrown through yaml-cpp to end a parse; the problem has been added.
struct StopParsing {};

/// Builds the tree. It stands below yaml-cpp's recursion, so its depth limit bounds that as well.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, BoundedInput& input, Problems& problems)
      : text_(text), input_(input), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark&) override { input_.progress(); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override;
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override;

  /// Where the innermost list or map that is still open began.
  [[nodiscard]] std::optional<Place> innermost() const;
  /// Where reading had come to: behind the last scalar.
  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
  /// After the end of the document.
  [[nodiscard]] Tree take_tree() { return std::move(tree_); }

 private:
  /// A list or map whose end has not come yet.
  struct Open {
    Node* node = nullptr;
    YAML::anchor_t anchor = 0;
    bool has_key = false;       ///< the key is there, its value comes next
    const Node* key = nullptr;  ///< null where the key was refused, so that its value goes nowhere
    Place key_place;
    std::vector<const Node*> merges;  ///< what `<<` names, first things first
    std::unordered_map<std::string_view, Place> keys;
  };

  void take_event();
  Node& create(Node::Kind kind, Place place, const std::string& tag);
  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor);
  void close();
  void place_in_parent(const Node& node, Place use);
  void take_key(Open& map, const Node& key, Place use);
  void take_value(Open& map, const Node& value);
  void take_merge(Open& map, const Node& value);
  void resolve_merges(Open& map);
  void check_quotes(const YAML::Mark& mark);
  [[noreturn]] void stop(Place place, std::string message, std::string remedy);

  std::string_view text_;
  BoundedInput& input_;
  Problems& problems_;
  Tree tree_;
  std::vector<Open> open_;
  std::size_t offset_ = 0;
  /// By yaml-cpp's number. Null while the list or map that the anchor names is still open.
  std::unordered_map<YAML::anchor_t, const Node*> anchors_;
};

}  // namespace octopoll::config
