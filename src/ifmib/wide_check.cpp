#include "octopoll/ifmib/reader.hpp"
#include "octopoll/snmp/multi_get.hpp"

namespace octopoll::ifmib {
namespace {

class WideCheck final : public Reading {
 public:
  WideCheck(snmp::Session& session, const std::vector<const RowPlan*>& rows, const ReadLimits& limits,
            std::function<void(bool)> done)
      : done_(std::move(done)) {
    constexpr std::size_t octets_of_both = 2 * (4 + 1);
    snmp::MultiGetPlan plan;
    plan.max_message_size = limits.max_message_size;
    plan.profile = limits.gets;
    plan.with_uptime = false;
    plan.known_alive = true;
    for (const RowPlan* row : rows) {
      for (const Counter counter : {Counter::in_octets, Counter::out_octets}) {
        const CounterColumns columns = columns_of(counter);
        snmp::GetGroup group;
        for (const Column column : {*columns.wide, columns.narrow})
          group.names.push_back(cell_oid(column, row->index, row->x_index()));
        group.answer_octets = octets_of_both;
        plan.groups.push_back(std::move(group));
      }
    }
    get_ = snmp::MultiGet::start(
        session, std::move(plan),
        [this](snmp::GroupAnswer&& answer) {
          if (answer.values[0].as_unsigned() == 0U && answer.values[1].as_unsigned().value_or(0) != 0) dead_ = true;
        },
        [this](snmp::MultiGetEnd&&) {
          const auto callback = std::move(done_);  // may destroy this
          callback(dead_);
        });
  }

 private:
  std::function<void(bool)> done_;
  bool dead_ = false;
  std::unique_ptr<snmp::MultiGet> get_;
};

}  // namespace

std::unique_ptr<Reading> check_wide_octets(snmp::Session& session, const std::vector<const RowPlan*>& rows,
                                           const ReadLimits& limits, std::function<void(bool dead)> done) {
  return std::make_unique<WideCheck>(session, rows, limits, std::move(done));
}

}  // namespace octopoll::ifmib
