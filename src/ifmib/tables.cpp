#include <algorithm>
#include <array>
#include <iterator>

#include "octopoll/ifmib/reader.hpp"
#include "octopoll/snmp/walk.hpp"

namespace octopoll::ifmib {
namespace {

/// More rows than any device has: an agent that invents them must not take the memory of all others.
constexpr std::size_t most_rows = 100'000;

/// Both tables at once, each by its own walk: agents build the rows of one table together, not across two.
class TableReading final : public Reading {
 public:
  TableReading(snmp::Session& session, std::span<const Column> columns, const ReadLimits& limits,
               std::function<void(Rows&&, ReadEnd&&)> done)
      : done_(std::move(done)) {
    for (const Table table : {Table::if_table, Table::if_x_table}) {
      std::vector<Column>& mine = columns_[table == Table::if_table ? 0 : 1];
      std::copy_if(columns.begin(), columns.end(), std::back_inserter(mine),
                   [table](Column c) { return table_of(c) == table; });
      snmp::WalkPlan plan;
      std::transform(mine.begin(), mine.end(), std::back_inserter(plan.columns), oid_of);
      plan.max_repetitions = limits.max_repetitions;
      plan.max_message_size = limits.max_message_size;
      plan.max_variables = mine.size() * most_rows;
      ++under_way_;
      walks_.push_back(snmp::Walk::start(
          session, std::move(plan),
          [this, &mine](std::size_t column, snmp::VarBind&& variable) { take(mine[column], std::move(variable)); },
          [this](snmp::WalkEnd&& end) { finish(std::move(end)); }));
    }
  }

 private:
  void take(Column column, snmp::VarBind&& variable) {
    const std::size_t length = oid_of(column).size();
    if (variable.oid.size() != length + 1) return;
    rows_[variable.oid.back()].set(column, std::move(variable.value));
  }

  void finish(snmp::WalkEnd&& end) {
    if (end.error && !end_.error) end_.error = std::move(end.error);
    std::move(end.notes.begin(), end.notes.end(), std::back_inserter(end_.notes));
    if (--under_way_ > 0) return;
    const auto callback = std::move(done_);  // may destroy this
    Rows rows = std::move(rows_);
    ReadEnd read_end = std::move(end_);
    callback(std::move(rows), std::move(read_end));
  }

  std::array<std::vector<Column>, 2> columns_;
  Rows rows_;
  ReadEnd end_;
  int under_way_ = 0;
  std::function<void(Rows&&, ReadEnd&&)> done_;
  std::vector<std::unique_ptr<snmp::Walk>> walks_;
};

}  // namespace

std::unique_ptr<Reading> read_tables(snmp::Session& session, std::span<const Column> columns, const ReadLimits& limits,
                                     std::function<void(Rows&&, ReadEnd&&)> done) {
  return std::make_unique<TableReading>(session, columns, limits, std::move(done));
}

}  // namespace octopoll::ifmib
