#include <algorithm>

#include "octopoll/ifmib/reader.hpp"
#include "octopoll/snmp/multi_get.hpp"

namespace octopoll::ifmib {
namespace {

/// A counter's value takes up to nine octets, most take fewer.
constexpr std::size_t expected_number = 7;

Column name_column(const RowPlan& plan) {
  return plan.name_source == NameSource::if_name ? Column::if_name : Column::if_descr;
}

/// The order in which a row's objects are asked for and taken: one walk over the plan for both.
template <class Visit>
void visit_objects(const RowPlan& plan, Visit&& visit) {
  if (plan.name_source != NameSource::none) visit(name_column(plan));
  if (plan.has_admin_status) visit(Column::if_admin_status);
  if (plan.has_oper_status) visit(Column::if_oper_status);
  if (plan.has_last_change) visit(Column::if_last_change);
  if (plan.has_discontinuity_time) visit(Column::if_counter_discontinuity_time);
  for (const Counter counter : all_counters()) {
    if (plan.counters[counter]) visit(*plan.counters[counter]);
  }
}

std::optional<TimeTicks> ticks_of(const Row& row, Column column) {
  const auto number = row.number(column);
  return number ? std::optional(TimeTicks(static_cast<std::uint32_t>(*number))) : std::nullopt;
}

std::optional<IfStatus> status_of(const Row& row, Column column) {
  const snmp::Value* value = row.find(column);
  const auto number = value == nullptr ? std::nullopt : value->as_signed();
  return number ? std::optional(IfStatus{*number}) : std::nullopt;
}

class CounterReadings final : public Reading {
 public:
  CounterReadings(snmp::Session& session, const std::vector<RowPlan>& plans, const ReadLimits& limits,
                  std::function<void(RowReading&&)> row, std::function<void(ReadEnd&&)> done)
      : plans_(plans), row_(std::move(row)), done_(std::move(done)) {
    snmp::MultiGetPlan plan;
    plan.max_message_size = limits.max_message_size;
    plan.retries = limits.retries;
    plan.known_alive = true;  // the scalars were asked first
    plan.groups.reserve(plans.size());
    for (const RowPlan& row_plan : plans) {
      snmp::GetGroup group;
      visit_objects(row_plan, [&](Column column) {
        const bool x = table_of(column) == Table::if_x_table;
        group.names.push_back(oid_of(column).child(x ? row_plan.x_index : row_plan.index));
        group.answer_octets += expected_number;
      });
      group.answer_octets += row_plan.name_octets ? row_plan.name_octets->size() : 0;
      plan.groups.push_back(std::move(group));
    }
    get_ = snmp::MultiGet::start(
        session, std::move(plan), [this](snmp::GroupAnswer&& answer) { take(std::move(answer)); },
        [this](snmp::MultiGetEnd&& end) {
          const auto callback = std::move(done_);
          callback({std::move(end.error), end.outcome, {}, end.message_size});
        });
  }

 private:
  void take(snmp::GroupAnswer&& answer) {
    const RowPlan& plan = plans_[answer.group];
    Row cells;
    std::size_t at = 0;
    visit_objects(plan, [&](Column column) {
      snmp::Value& value = answer.values[at++];
      if (!value.is_exception() && value.type() != snmp::Type::null) cells.set(column, std::move(value));
    });
    RowReading reading;
    reading.plan = &plan;
    reading.vanished = at > 0 && cells.cells().empty();
    if (plan.name_source != NameSource::none && !reading.vanished) {
      const std::string* name = cells.octets(name_column(plan));
      reading.renamed = name == nullptr || *name != plan.name_octets;
    }
    InterfaceSample& sample = reading.sample;
    sample.name = plan.name;
    sample.facts = plan.facts;
    sample.admin_status = status_of(cells, Column::if_admin_status);
    sample.oper_status = status_of(cells, Column::if_oper_status);
    sample.last_change = ticks_of(cells, Column::if_last_change);
    sample.discontinuity_time = ticks_of(cells, Column::if_counter_discontinuity_time);
    for (const Counter counter : all_counters()) {
      if (!plan.counters[counter]) continue;
      const snmp::Value* value = cells.find(*plan.counters[counter]);
      const auto number = value == nullptr ? std::nullopt : value->as_unsigned();
      // The width is that of the wire: a Counter32 in a 64-bit column wraps at 2^32.
      if (number) sample.counters[counter] = {*number, value->bits()};
    }
    sample.time.received = answer.received;
    sample.time.round_trip = answer.round_trip;
    sample.time.age_bound = answer.spread;
    if (answer.sys_uptime) sample.time.sys_uptime = TimeTicks(*answer.sys_uptime);
    row_(std::move(reading));
  }

  const std::vector<RowPlan>& plans_;
  std::function<void(RowReading&&)> row_;
  std::function<void(ReadEnd&&)> done_;
  std::unique_ptr<snmp::MultiGet> get_;
};

}  // namespace

RowPlan plan_row(std::uint32_t index, std::string name, const Row& row) {
  RowPlan plan;
  plan.index = index;
  plan.x_index = row.x_index.value_or(index);
  plan.name = std::move(name);
  plan.facts = facts_of(index, row);
  plan.name_source = name_of(row).source;
  if (plan.name_source != NameSource::none) plan.name_octets = *row.octets(name_column(plan));
  for (const Counter counter : all_counters()) plan.counters[counter] = column_for(row, counter);
  plan.has_admin_status = row.find(Column::if_admin_status) != nullptr;
  plan.has_oper_status = row.find(Column::if_oper_status) != nullptr;
  plan.has_last_change = row.find(Column::if_last_change) != nullptr;
  plan.has_discontinuity_time = row.find(Column::if_counter_discontinuity_time) != nullptr;
  return plan;
}

std::unique_ptr<Reading> read_counters(snmp::Session& session, const std::vector<RowPlan>& plans,
                                       const ReadLimits& limits, std::function<void(RowReading&&)> row,
                                       std::function<void(ReadEnd&&)> done) {
  return std::make_unique<CounterReadings>(session, plans, limits, std::move(row), std::move(done));
}

}  // namespace octopoll::ifmib
