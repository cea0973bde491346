#include "octopoll/ifmib/stack.hpp"

#include "octopoll/snmp/walk.hpp"

namespace octopoll::ifmib {
namespace {

const snmp::Oid& if_stack_status() {
  static const snmp::Oid oid{1, 3, 6, 1, 2, 1, 31, 1, 2, 1, 3};
  return oid;
}

/// Of one device; a router has about two for each subinterface.
constexpr std::size_t most_pairs = 200'000;

class StackReading final : public Reading {
 public:
  using Done = std::function<void(std::optional<std::vector<StackedIndexes>>&&)>;

  StackReading(snmp::Session& session, const ReadLimits& limits, Done done) : done_(std::move(done)) {
    snmp::WalkPlan plan;
    plan.columns = {if_stack_status()};
    plan.max_repetitions = limits.max_repetitions;
    plan.max_message_size = limits.max_message_size;
    plan.max_variables = most_pairs;
    plan.profile = limits.profile.if_table;
    walk_ = snmp::Walk::start(
        session, std::move(plan), [this](std::size_t, snmp::VarBind&& variable) { take(variable); },
        [this](snmp::WalkEnd&& end) {
          const auto callback = std::move(done_);  // may destroy this
          std::optional<std::vector<StackedIndexes>> found;
          if (!end.error) found = std::move(pairs_);
          callback(std::move(found));
        });
  }

 private:
  void take(const snmp::VarBind& variable) {
    constexpr std::uint64_t active = 1;  // RowStatus, RFC 2579
    const std::size_t length = if_stack_status().size();
    if (variable.oid.size() != length + 2 || variable.value.as_unsigned() != active) return;
    const StackedIndexes pair{variable.oid[length], variable.oid[length + 1]};
    if (pair.first != 0 && pair.second != 0) pairs_.push_back(pair);
  }

  Done done_;
  std::vector<StackedIndexes> pairs_;
  std::unique_ptr<snmp::Walk> walk_;
};

}  // namespace

std::unique_ptr<Reading> read_stack(snmp::Session& session, const ReadLimits& limits,
                                    std::function<void(std::optional<std::vector<StackedIndexes>>&&)> done) {
  return std::make_unique<StackReading>(session, limits, std::move(done));
}

}  // namespace octopoll::ifmib
