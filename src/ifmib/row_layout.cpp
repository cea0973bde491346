#include "octopoll/ifmib/row_layout.hpp"

#include <algorithm>
#include <map>

#include "octopoll/core/guarded.hpp"

namespace octopoll::ifmib {
namespace {

RowLayout::Object object_of(Column column) {
  switch (column) {
    case Column::if_name:
    case Column::if_descr:
      return {column, Role::name};
    case Column::if_admin_status:
      return {column, Role::admin_status};
    case Column::if_oper_status:
      return {column, Role::oper_status};
    case Column::if_last_change:
      return {column, Role::last_change};
    case Column::if_counter_discontinuity_time:
      return {column, Role::discontinuity_time};
    default:
      break;
  }
  for (const Counter counter : all_counters()) {
    const CounterColumns columns = columns_of(counter);
    if (columns.wide == column || columns.narrow == column) return {column, Role::counter, counter};
  }
  std::abort();  // no reading is made of any other column
}

std::vector<snmp::RowNames::Column> encodings_of(const std::vector<Column>& columns) {
  std::vector<snmp::RowNames::Column> encodings;
  encodings.reserve(columns.size());
  for (const Column column : columns) encodings.push_back({oid_of(column), table_of(column) == Table::if_x_table});
  return encodings;
}

using Known = std::map<std::vector<Column>, std::weak_ptr<const RowLayout>>;

}  // namespace

RowLayout::RowLayout(const std::vector<Column>& columns) : names_(encodings_of(columns)) {
  objects_.reserve(columns.size());
  for (const Column column : columns) objects_.push_back(object_of(column));
}

std::optional<Column> RowLayout::column_of(Counter counter) const noexcept {
  const auto of_counter = [counter](const Object& object) {
    return object.role == Role::counter && object.counter == counter;
  };
  const auto found = std::find_if(objects_.begin(), objects_.end(), of_counter);
  return found == objects_.end() ? std::nullopt : std::optional(found->column);
}

std::shared_ptr<const RowLayout> RowLayout::of(const std::vector<Column>& columns) {
  static Guarded<Known> known;
  return known.with([&columns](Known& all) {
    auto& place = all[columns];
    auto layout = place.lock();
    if (layout != nullptr) return layout;
    // Rare, and then what nobody uses any more goes: agents that change their columns take no memory for ever.
    std::erase_if(all, [&columns](const auto& each) { return each.second.expired() && each.first != columns; });
    layout = std::shared_ptr<const RowLayout>(new RowLayout(columns));
    place = layout;
    return layout;
  });
}

}  // namespace octopoll::ifmib
