#pragma once
// `interfaces:` of a device, a group or the defaults.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/problems.hpp"
#include "config/yaml_tree.hpp"
#include "octopoll/config/interface_rules.hpp"

namespace octopoll::config {

/// Compiles rules, equal ones once: a generated inventory repeats the same rules at every device, and ten thousand
/// compiled copies of a pattern are hundreds of megabytes.
class RulesReader {
 public:
  explicit RulesReader(Problems& problems) : problems_(problems) {}

  /// Never null; after a problem the rules may be incomplete.
  [[nodiscard]] std::shared_ptr<const InterfaceRules> read(const Entry& entry);
  /// Everything is kept.
  [[nodiscard]] std::shared_ptr<const InterfaceRules> none() const { return none_; }

 private:
  enum class Action : std::uint8_t { include, exclude, speed };
  struct Rule {
    Action action = Action::include;
    RuleField field = RuleField::name;
    std::string pattern;
    SpeedOverride speed;
    Place place;
  };

  void read_list(Action action, const Entry& entry, std::vector<Rule>& rules);
  void read_filter(Action action, const Node& item, std::vector<Rule>& rules);
  void read_speed(const Node& item, std::vector<Rule>& rules);
  void read_pattern(Rule rule, const Entry& entry, std::vector<Rule>& rules);
  [[nodiscard]] bool read_speeds(const Entry& entry, SpeedOverride& speed);
  [[nodiscard]] bool read_one_speed(const Entry& entry, std::uint64_t& bits_per_second);
  [[nodiscard]] bool compile(const std::vector<Rule>& rules, InterfaceRules& into);

  Problems& problems_;
  std::shared_ptr<const InterfaceRules> none_ = std::make_shared<InterfaceRules>();
  std::unordered_map<std::string, std::shared_ptr<const InterfaceRules>> compiled_;  // by what the rules say
};

}  // namespace octopoll::config
