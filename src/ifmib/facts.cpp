#include <array>

#include "octopoll/ifmib/reader.hpp"
#include "octopoll/snmp/multi_get.hpp"

namespace octopoll::ifmib {
namespace {

constexpr std::array columns{Column::if_mtu, Column::if_speed, Column::if_phys_address, Column::if_high_speed,
                             Column::if_alias};
constexpr std::size_t expected_octets = 40;

class FactReading final : public Reading {
 public:
  FactReading(snmp::Session& session, std::vector<RowPlace>&& rows, const ReadLimits& limits,
              std::function<void(Rows&&)> done)
      : places_(std::move(rows)), done_(std::move(done)) {
    snmp::MultiGetPlan plan;
    plan.max_message_size = limits.max_message_size;
    plan.profile = limits.gets;
    plan.with_uptime = false;
    plan.known_alive = true;
    for (const RowPlace& place : places_) {
      snmp::GetGroup group;
      for (const Column column : columns) group.names.push_back(cell_oid(column, place.index, place.x_index));
      group.answer_octets = expected_octets;
      plan.groups.push_back(std::move(group));
    }
    get_ = snmp::MultiGet::start(
        session, std::move(plan), [this](snmp::GroupAnswer&& answer) { take(std::move(answer)); },
        [this](snmp::MultiGetEnd&&) {
          const auto callback = std::move(done_);  // may destroy this
          Rows found = std::move(rows_);
          callback(std::move(found));
        });
  }

 private:
  void take(snmp::GroupAnswer&& answer) {
    Row& row = rows_[places_[answer.group].index];
    for (std::size_t i = 0; i < columns.size(); ++i) {
      snmp::Value& value = answer.values[i];
      if (!value.is_exception() && value.type() != snmp::Type::null) row.set(columns[i], std::move(value));
    }
  }

  std::vector<RowPlace> places_;
  std::function<void(Rows&&)> done_;
  Rows rows_;
  std::unique_ptr<snmp::MultiGet> get_;
};

}  // namespace

std::unique_ptr<Reading> read_facts(snmp::Session& session, std::vector<RowPlace> rows, const ReadLimits& limits,
                                    std::function<void(Rows&&)> done) {
  return std::make_unique<FactReading>(session, std::move(rows), limits, std::move(done));
}

InterfaceFacts renewed(InterfaceFacts facts, const Row& row) {
  const InterfaceFacts now = facts_of(facts.if_index.value, row);
  if (row.find(Column::if_mtu) != nullptr) facts.mtu = now.mtu;
  if (row.find(Column::if_phys_address) != nullptr) facts.phys_address = now.phys_address;
  if (row.find(Column::if_alias) != nullptr) facts.alias = now.alias;
  if (row.find(Column::if_speed) != nullptr || row.find(Column::if_high_speed) != nullptr) {
    facts.speed_bps = now.speed_bps;
    facts.speed_source = now.speed_source;
  }
  return facts;
}

}  // namespace octopoll::ifmib
