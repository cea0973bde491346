#include "config/yaml_tree.hpp"

#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>

#include "config/bounded_input.hpp"
#include "config/tree_builder.hpp"
#include "config/yaml_syntax.hpp"

namespace octopoll::config {
namespace {

/// Takes what follows the first document: there must be nothing.
class NothingMore final : public YAML::EventHandler {
 public:
  NothingMore(std::string_view text, Problems& problems) : text_(text), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    const std::size_t offset = std::min(text_.size(), static_cast<std::size_t>(std::max(mark.pos, 0)));
    const Place place{mark.line + 1, mark.column + 1};
    if (text_.substr(offset).starts_with("---")) {
      problems_.add(place, "a second document begins here", "an inventory is one document: delete the `---`");
    } else {
      problems_.add(place, "something stands behind the end of the document",
                    "check the brackets and the indentation before it");
    }
    throw StopParsing{};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  std::string_view text_;
  Problems& problems_;
};

}  // namespace

std::string_view describe(Node::Kind kind) noexcept {
  switch (kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "text";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return "nothing";
}

std::optional<Tree> parse_yaml(std::string_view text, Problems& problems) {
  BoundedInput input(text);
  std::istream stream(&input);
  TreeBuilder builder(text, input, problems);
  try {
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder)) {
      input.progress();
      NothingMore nothing_more(text, problems);
      parser.HandleNextDocument(nothing_more);
    }
  } catch (const StopParsing&) {
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    const bool cut_short = input.stopped() != BoundedInput::Stopped::no;
    const SyntaxProblem problem =
        cut_short ? too_much_at_once(text, input) : explain(error, text, {builder.offset(), builder.innermost()});
    problems.add(problem.place, problem.message, problem.remedy);
    return std::nullopt;
  }
  Tree tree = builder.take_tree();
  if (tree.root == nullptr || tree.root->kind == Node::Kind::null) {
    problems.add({}, "the file says nothing", "write at least `devices: [192.0.2.1]`");
    return std::nullopt;
  }
  return tree;
}

}  // namespace octopoll::config
